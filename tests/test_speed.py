"""The speed benchmarks run, answer every row, and write the figures that README.md of benchmarks names."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT, TARGET_IDS, learnable_rows
from test_scripts import run

from benchmarks import inference, profile, scaling, serving, training
from benchmarks.common import fresh_process, interleaved, train_config, whole_texts
from benchmarks.inference import articles_of
from benchmarks.profile import group_of
from benchmarks.reference import Reference
from benchmarks.scaling import repeated
from govstance.actors.finder import MentionFinder
from govstance.errors import GovstanceError
from govstance.files import read_json, write_jsonl
from govstance.jobs.places import targets_of_corpus
from govstance.models.encoding import Encoder
from govstance.models.folder import load_model
from govstance.schema import STANCES

MACHINE = {"processor", "cores", "torch", "threads", "load_average_before"}


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("speed") / "rows.jsonl"
    write_jsonl(path, [row.to_json() for row in learnable_rows(60)])
    return path


@pytest.fixture(scope="module")
def overrides(rows_file, tiny_backbone) -> list[str]:
    return [
        f"corpus.files=[{rows_file}]",
        f"model.backbone={tiny_backbone}",
        "model.max_length_tokens=60",
        "training.frozen_layers=1",
        "training.epochs=1",
    ]


@pytest.fixture(scope="module")
def tiny_model(overrides, tmp_path_factory) -> Path:
    outputs = tmp_path_factory.mktemp("outputs")
    repeats = "quality.duplicates_across_splits=warning"
    result = run("train", *overrides, f"paths.outputs={outputs}", "calibration=as_trained", repeats)
    assert result.returncode == 0, result.stderr
    return outputs / "latest"


@pytest.fixture(autouse=True)
def threads_as_before():
    count = torch.get_num_threads()
    yield
    torch.set_num_threads(count)


@pytest.fixture
def in_this_process(monkeypatch):
    """Measures here what a user's run measures in processes of their own, which take seconds each to start."""

    def instead(module, arguments, *, threads):
        path = Path(arguments[arguments.index("--output") + 1]).with_name("part.json")
        with contextlib.redirect_stdout(io.StringIO()):
            {"benchmarks.training": training, "benchmarks.inference": inference}[module].main(
                [*arguments, "--result", str(path)]
            )
        return read_json(path)

    for benchmark in (training, inference):
        monkeypatch.setattr(benchmark, "fresh_process", instead)


def test_training_measures_and_scores_every_contender(overrides, tmp_path, in_this_process):
    output = tmp_path / "training.json"
    given = ["--threads", "1", "--output", str(output), *overrides]
    training.main(["--rows", "8", "--warm-up-rows", "4", "--repetitions", "1", *given])
    report = read_json(output)
    assert report["machine"].keys() >= MACHINE
    assert report["rows_per_second"].keys() == report["peak_rss_mib"].keys() == set(training.CONTENDERS)
    assert report["ours_is_times_as_fast"].keys() == set(training.REFERENCES)
    assert all(len(runs) == 1 for runs in report["runs"].values())
    assert {run["n_rows"] for runs in report["runs"].values() for run in runs} == {8}

    contenders = ["--contenders", "ours", "reference_longest"]
    training.main(["--score", "--rows", "8", *contenders, *given])
    for (scored,) in read_json(output)["runs"].values():
        assert scored["n_answers"] == 30  # the dev rows of 15 texts
        assert scored["scores"]["targets"].keys() == set(TARGET_IDS)


def test_inference_measures_every_part(overrides, tiny_model, tmp_path, in_this_process):
    output = tmp_path / "inference.json"
    sizes = [
        "--rows",
        "8",
        "--articles",
        "2",
        "--memory-articles",
        "2",
        "--words",
        "60",
        "--repetitions",
        "1",
        "--threads",
        "1",
    ]
    parts = ["--parts", "throughput", "article", "memory"]
    inference.main([*sizes, *parts, "--models", str(tiny_model), "--output", str(output), *overrides])
    report = read_json(output)
    throughput = report["throughput"]
    assert throughput["rows_per_second"].keys() == {"reference", str(tiny_model)}
    assert throughput["times_as_fast_as_reference"][str(tiny_model)] > 0
    assert {run["n_answers"] for runs in throughput["runs"].values() for run in runs} == {8}
    assert report["article"][str(tiny_model)].keys() == {"median_seconds", "p95_seconds"}
    assert report["article"]["runs"][str(tiny_model)][0]["governments_per_article"] >= 2
    assert report["memory"]["peak_rss_mib"][str(tiny_model)] > 0


def test_a_fresh_process_loads_a_model(tiny_model, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = fresh_process("benchmarks.load", [str(tiny_model), str(ROOT / "data" / "actors")], threads=1)
    assert result["seconds"] == pytest.approx(result["import_seconds"] + result["load_seconds"])
    assert result["peak_rss_mib"] > 0


def test_the_benchmark_of_reading_brings_no_torch_of_its_own():
    code = "import sys, benchmarks.inference; print('torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.stdout.strip() == "False", result.stderr


def test_a_fresh_process_that_fails_is_an_error(monkeypatch):
    monkeypatch.chdir(ROOT)
    with pytest.raises(GovstanceError, match="found exit status 2"):
        fresh_process("benchmarks.load", [], threads=1)


def test_scaling_has_a_point_for_each_value(overrides, tiny_model, tmp_path):
    output = tmp_path / "scaling.json"
    sizes = ["--row-counts", "10", "40", "80", "--lengths", "8", "16", "--governments", "1", "3", "--passages", "4"]
    model = ["--model", str(tiny_model)]
    scaling.main([*sizes, *model, "--quick", "--threads", "1", "--output", str(output), *overrides])
    axes = read_json(output)["axes"]
    assert {axis: [int(value) for value in points] for axis, points in axes.items()} == {
        "rows": [10, 40],
        "tokens": [8, 16],
        "governments": [1, 3],
    }
    assert all(point["n_answers"] == point["n_rows"] for points in axes.values() for point in points.values())
    assert axes["governments"]["3"]["n_rows"] == 12


def test_copies_of_a_row_do_not_share_a_pass(tiny_model):
    rows = learnable_rows(2)
    encoder: Encoder = load_model(tiny_model, MentionFinder(ROOT / "data" / "actors")).predictor.encoder
    assert len(encoder.encode(repeated(rows, 20))) == 10


def test_profile_gives_a_share_to_each_group(overrides, tmp_path):
    output = tmp_path / "profile.json"
    profile.main(["--rows", "8", "--steps", "2", "--threads", "1", "--output", str(output), *overrides])
    report = read_json(output)
    groups = {"matrix products", "attention", "activation", "norm", "data", "other", "outside"}
    assert report["inference_batch"]["seconds_by_group"].keys() == groups
    assert report["training_step"]["seconds_by_group"].keys() == groups | {"optimiser"}
    for part in ("inference_batch", "training_step"):
        assert report[part]["gemm_peak_gflops"] == max(report[part]["gemm_gflops"].values())
        assert sum(report[part]["seconds_by_group"].values()) == pytest.approx(report[part]["seconds_profiled"])
        assert report[part]["gflop_of_matrix_products"] > 0


class _Event:
    def __init__(self, name, cpu_parent=None):
        self.name = name
        self.cpu_parent = cpu_parent


@pytest.mark.parametrize(
    ("event", "group"),
    [
        (_Event("aten::addmm"), "matrix products"),
        (_Event("aten::mul_", _Event("Optimizer.step#AdamW.step")), "optimiser"),
        (_Event("aten::_scaled_dot_product_flash_attention_for_cpu_backward"), "attention"),
        (_Event("aten::native_layer_norm"), "norm"),
        (_Event("aten::mul_", _Event("aten::clip")), "other"),
    ],
)
def test_an_operator_belongs_to_the_range_around_it_else_to_its_name(event, group):
    assert group_of(event) == group


def test_the_reference_answers_as_the_trained_order_of_stances(overrides):
    config = train_config(overrides)
    targets = targets_of_corpus(config.paths, config.corpus)
    reference = Reference.from_backbone(config.model, targets, cache_folder=None, seed=0)
    reference.model.classifier.weight.data.zero_()
    reference.model.classifier.bias.data = 10.0 * torch.eye(4)[STANCES.index("neutral")]
    rows = learnable_rows(2)
    probabilities = reference.predict_probabilities(rows)
    assert probabilities.shape == (len(rows), len(TARGET_IDS), len(STANCES))
    assert probabilities.argmax(axis=-1).tolist() == [[STANCES.index("neutral")] * 3] * len(rows)


def test_rows_are_drawn_by_whole_texts():
    rows = learnable_rows(20)
    drawn = whole_texts(rows, 7, seed=0)
    assert len(drawn) == 8
    assert all(sum(row.text == other.text for other in drawn) == 2 for row in drawn)
    with pytest.raises(GovstanceError, match="expected at least 50 rows to draw from, found 40"):
        whole_texts(rows, 50, seed=0)


def test_articles_have_the_words_asked_for():
    articles = articles_of(learnable_rows(20), 3, n_words=50, seed=0)
    assert [len(article.text.split()) for article in articles] == [50] * 3
    assert len({article.text for article in articles}) == 3
    with pytest.raises(GovstanceError, match="expected 50000 words of language en"):
        articles_of(learnable_rows(20), 1, n_words=50000, seed=0)


def test_every_other_round_runs_backwards():
    order = []
    interleaved(lambda name: order.append(name) or {}, ["a", "b"], 3)
    assert order == ["a", "b", "b", "a", "a", "b"]


def test_each_number_of_connections_loads_the_server_alike(overrides, tmp_path, monkeypatch):
    given = []

    def loaded(module, arguments, *, threads):
        given.append(arguments[arguments.index("--connections") :])
        return {"seconds": 2.0, "outcomes": {"200": 3, "503": 1}, "latencies": [0.1, 0.2, 0.3]}

    class Reply:
        def json(self):
            return {"model": "a model"}

    @contextlib.contextmanager
    def server(arguments):
        yield "http://127.0.0.1:1", None

    monkeypatch.setattr(serving, "server", server)
    monkeypatch.setattr(serving, "memory_of", lambda process: contextlib.nullcontext([(0.0, 500.0)]))
    monkeypatch.setattr(serving, "fresh_process", loaded)
    monkeypatch.setattr(serving.httpx2, "post", lambda *_, **__: None)
    monkeypatch.setattr(serving.httpx2, "get", lambda *_, **__: Reply())
    report = tmp_path / "serving.json"
    options = ["--connections", "1", "8", "--minutes", "0.1", "--words", "60"]
    serving.main([*options, "--output", str(report), *overrides])
    assert given == [["--connections", count, "--seconds", "3.0"] for count in ("1", "8")]
    of_eight = read_json(report)["connections"]["8"]
    assert of_eight["documents_per_second"] == 1.5
    assert of_eight["errors"] == {"503": 1}
