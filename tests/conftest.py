"""Fixtures: rows, a tiny encoder that needs no download, and the places of data that may be absent."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from govstance.schema import STANCES, Row

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
TARGET_IDS = ("annexation_recognition", "sanctions_support", "russia_alliance")

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared, which is not in the repository")

GOOD_ROW = Row(
    id="t1:KAZ",
    text="Kazakhstan does not recognise the annexation.",
    lang="en",
    date="2022-04-03",
    source="test",
    group="t1",
    government="KAZ",
    role="mentioned",
    labels={"annexation_recognition": "against", "sanctions_support": "none", "russia_alliance": None},
)

# Words whose presence decides a label, so that a tiny model can learn them in seconds.
STANCE_WORDS = {
    "annexation_recognition": {"favor": "recognises", "against": "rejects", "neutral": "abstains", "none": "sleeps"},
    "sanctions_support": {"favor": "imposes", "against": "condemns", "neutral": "weighs", "none": "waits"},
    "russia_alliance": {"favor": "embraces", "against": "blames", "neutral": "mediates", "none": "rests"},
}
GOVERNMENTS = {"KAZ": "Kazakhstan", "FRA": "France", "BRA": "Brazil"}


@pytest.fixture
def good_row() -> Row:
    return GOOD_ROW


@pytest.fixture
def write_rows(tmp_path: Path) -> Callable[..., Path]:
    """Writes JSON objects (or raw lines) as a JSON Lines file."""

    def write(*values: object, name: str = "rows.jsonl") -> Path:
        path = tmp_path / name
        lines = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def learnable_rows(n_texts: int, seed: int = 0) -> list[Row]:
    """Texts about two governments each, whose words give away the labels."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(n_texts):
        first, second = generator.choice(sorted(GOVERNMENTS), size=2, replace=False)
        parts, labels = [], {}
        for government in (first, second):
            labels[government] = {target: str(generator.choice(STANCES)) for target in TARGET_IDS}
            words = [STANCE_WORDS[target][stance] for target, stance in labels[government].items()]
            parts.append(f"{GOVERNMENTS[government]} {' '.join(words)} .")
        split = ("test", "dev", "train", "train")[number % 4]
        for government in (first, second):
            rows.append(
                replace(
                    GOOD_ROW,
                    id=f"t{number}:{government}",
                    text=" ".join(parts),
                    group=f"t{number}",
                    government=str(government),
                    labels=labels[government],
                    split=split,
                )
            )
    return rows


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A two-layer BERT of random weights with a word tokenizer, as a local checkpoint folder."""
    words = sorted({word for stances in STANCE_WORDS.values() for word in stances.values()} | set(GOVERNMENTS.values()))
    vocabulary = ["<s>", "<pad>", "</s>", "<unk>", ".", ":", "speaker", *words]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(vocabulary)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    folder = tmp_path_factory.mktemp("tiny_backbone")
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        model_max_length=64,
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=1,
    )
    torch.manual_seed(0)  # without it some starts learn far slower, and what is trained from them fails by chance
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@dataclass
class KeywordPredictor:
    """A predictor whose answer is known: it looks for stance words after the government's name in a text."""

    target_ids: tuple[str, ...] = TARGET_IDS

    def predict_probabilities(self, rows: list[Row]) -> np.ndarray:
        return np.array([[self._of(row, target) for target in self.target_ids] for row in rows])

    def _of(self, row: Row, target: str) -> list[float]:
        _, found, after = row.text.partition(GOVERNMENTS.get(row.government, row.government))
        clause = after.partition(".")[0] if found else ""
        said = [stance for stance, word in STANCE_WORDS[target].items() if word in clause and stance != "none"]
        stance = said[0] if said else "none"
        return [0.85 if stance == candidate else 0.05 for candidate in STANCES]


@pytest.fixture
def keyword_predictor() -> KeywordPredictor:
    return KeywordPredictor()
