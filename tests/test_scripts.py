"""The scripts as a user runs them: train, evaluate, predict, and what they say of bad input."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, learnable_rows

from govstance.files import read_json, write_jsonl

# The artificial rows are few words in few orders, so some texts are in two splits.
REPEATS = "quality.duplicates_across_splits=warning"
ARTICLE = "Kazakhstan rejects condemns embraces . France sleeps imposes blames ."


def run(script: str, *overrides: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, f"scripts/{script}.py", *overrides],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "140"},
        timeout=300,
    )


@pytest.fixture(scope="session")
def rows_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_jsonl(path, [row.to_json() for row in learnable_rows(240)])
    return path


@pytest.fixture(scope="session")
def outputs(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("outputs")


def train_overrides(rows_file: Path, outputs: Path, backbone: Path, *more: str) -> list[str]:
    return [
        f"corpus.files=[{rows_file}]",
        f"paths.outputs={outputs}",
        f"model.backbone={backbone}",
        "training.frozen_layers=1",
        "training.epochs=80",
        "training.texts_per_batch=8",
        "training.learning_rate=3e-3",
        "calibration=as_trained",
        REPEATS,
        *more,
    ]


@pytest.fixture(scope="session")
def trained(rows_file, outputs, tiny_backbone) -> Path:
    """The run folder of a small model that learnt the artificial rows."""
    result = run("train", *train_overrides(rows_file, outputs, tiny_backbone))
    assert result.returncode == 0, result.stderr
    assert "Scores on the test split, 120 rows from 60 documents in 1 language" in result.stdout
    assert "report:" in result.stdout
    return (outputs / "latest").resolve()


def test_a_run_folder_holds_everything(trained, rows_file):
    for name in ("config.yaml", "provenance.json", "train.log", "metrics.json", "predictions.jsonl", "report.md"):
        assert (trained / name).is_file(), name
    assert "Learning curve" in (trained / "report.html").read_text()
    for name in ("model.safetensors", "config.json", "tokenizer.json", "govstance.json"):
        assert (trained / "model" / name).is_file(), name
    provenance = read_json(trained / "provenance.json")
    assert provenance["seed"] == 0
    assert provenance["data"][0]["path"] == str(rows_file)
    assert provenance["command"][0] == "train.py"
    assert provenance["versions"]["torch"]
    assert yaml.safe_load((trained / "config.yaml").read_text())["training"]["epochs"] == 80
    assert "rows from 1 files: train 240, dev 120, test 120" in (trained / "train.log").read_text()


def test_the_model_learns_and_beats_what_cannot_read(trained):
    systems = read_json(trained / "metrics.json")["systems"]
    assert list(systems) == ["e5_small_embedded", "majority", "country_prior", "tfidf"]
    model, *others = (scores["mean"]["macro_f1"] for scores in systems.values())
    assert model > max(others) + 0.1


def test_what_the_name_gives_is_probed(trained):
    probe = read_json(trained / "metrics.json")["probes"]["name"]
    assert probe["n_rows"] == 120
    as_written = probe["as_written"]["mean"]["macro_f1"]
    # This model learnt three names by heart: under another one it reads little.
    assert probe["masked"]["mean"]["macro_f1"] < as_written
    report = (trained / "report.md").read_text()
    assert "## Does the name decide?" in report
    assert f"| as written | {as_written:.3f} |" in report


def test_predictions_give_the_scores_of_the_metrics(trained):
    metrics = read_json(trained / "metrics.json")["systems"]["e5_small_embedded"]["targets"]
    records = [json.loads(line) for line in (trained / "predictions.jsonl").read_text().splitlines()]
    assert len(records) == 120 * 3
    for target, scores in metrics.items():
        of_target = [record for record in records if record["target"] == target]
        right = sum(record["gold"] == record["predicted"] for record in of_target)
        assert right / len(of_target) == pytest.approx(scores["accuracy"])
        for record in of_target:
            assert sum(record["probabilities"].values()) == pytest.approx(1.0, abs=1e-4)
            assert max(record["probabilities"], key=record["probabilities"].get) == record["predicted"]


def test_evaluate_gives_the_score_that_train_gave(trained, rows_file, outputs, tmp_path):
    folder = tmp_path / "evaluation"
    result = run("evaluate", f"model={trained}", f"corpus.files=[{rows_file}]", "split=test", f"hydra.run.dir={folder}")
    assert result.returncode == 0, result.stderr
    ours, theirs = read_json(folder / "metrics.json"), read_json(trained / "metrics.json")
    assert ours["systems"] == theirs["systems"]
    assert (folder / "predictions.jsonl").read_text() == (trained / "predictions.jsonl").read_text()
    assert (folder / "report.md").is_file()
    assert f"report: {folder / 'report.html'}" in result.stdout
    assert "Nothing was trained here" in (folder / "report.html").read_text()
    assert "add split=test" not in result.stdout + result.stderr
    assert (outputs / "latest").resolve() == trained


def test_compare_tells_which_of_two_runs_is_better(trained, rows_file, tmp_path):
    baseline = run("train", "model=majority", f"corpus.files=[{rows_file}]", f"paths.outputs={tmp_path}", REPEATS)
    assert baseline.returncode == 0, baseline.stderr
    folder = tmp_path / "comparison"
    result = run("compare", f"runs=[{trained},{tmp_path / 'latest'}]", f"hydra.run.dir={folder}")
    assert result.returncode == 0, result.stderr
    assert "A is better than B" in result.stdout
    assert f"page: {folder / 'comparison.html'}" in result.stdout
    model, majority = read_json(folder / "comparison.json")["systems"]
    scores = read_json(trained / "metrics.json")["systems"]
    assert model["macro_f1"]["mean"] == pytest.approx(scores["e5_small_embedded"]["mean"]["macro_f1"])
    assert majority["macro_f1"]["mean"] == pytest.approx(scores["majority"]["mean"]["macro_f1"])
    assert model["training"]["seconds"] > 0
    bad = run("compare", f"runs={tmp_path}/none*", f"hydra.run.dir={folder}")
    assert bad.returncode == 2
    assert "runs: no run folder at" in bad.stdout + bad.stderr


def test_scoring_rows_that_were_trained_on_is_said(trained, rows_file, tmp_path):
    result = run("evaluate", f"model={trained}", f"corpus.files=[{rows_file}]", f"hydra.run.dir={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert "the model was trained on the train rows of 1 of these files" in result.stdout + result.stderr
    assert "Scores on the 480 rows" in result.stdout


def test_predict_prints_the_matrix_and_its_evidence(trained, tmp_path):
    path = tmp_path / "article.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    result = run("predict", f"model={trained}", f"input={path}")
    assert result.returncode == 0, result.stderr
    assert not (ROOT / "predict.log").exists()
    assert "Kazakhstan (KAZ)" in result.stdout
    assert "annexation_recognition" in result.stdout


def test_predict_abstains_where_it_is_not_sure_enough(trained, tmp_path):
    path = tmp_path / "article.txt"
    path.write_text(ARTICLE, encoding="utf-8")
    thresholds = read_json(trained / "model" / "govstance.json")["calibration"]["thresholds"]["sanctions_support"]
    output = tmp_path / "answers.jsonl"
    result = run("predict", f"model={trained}", f"input={path}", f"output={output}", "abstain=0.1")
    assert result.returncode == 0, result.stderr
    for answer in json.loads(output.read_text())["stances"]:
        if answer["target"] == "sanctions_support":
            sure = thresholds["0.1"] is not None and max(answer["probabilities"].values()) >= thresholds["0.1"]
            assert (answer["stance"] != "uncertain") == sure
    result = run("predict", f"model={trained}", f"input={path}", "abstain=0.07")
    assert result.returncode == 2
    assert "abstain: the model has thresholds for 0.02, 0.05, 0.1, 0.2; found 0.07." in result.stdout + result.stderr


def test_the_report_says_more_than_a_score(trained):
    metrics = read_json(trained / "metrics.json")
    assert set(metrics["reliability"]) == set(metrics["systems"]["e5_small_embedded"]["targets"])
    assert set(metrics["selective"]) == {"pooled", *metrics["reliability"]}
    assert {item["slice"] for item in metrics["slices"]["government"]} == {"KAZ", "FRA", "BRA"}
    report = (trained / "report.md").read_text()
    for title in ("Do the probabilities mean what they say?", "What if it may abstain?", "On which rows?"):
        assert f"## {title}" in report


def test_the_page_is_made_anew_without_scoring(trained):
    before = (trained / "report.html").read_text()
    (trained / "report.html").unlink()
    result = run("report", f"run={trained}")
    assert result.returncode == 0, result.stderr
    assert f"report: {trained / 'report.html'}" in result.stdout
    assert (trained / "report.html").read_text() == before
    bad = run("report", f"run={trained / 'model'}")
    assert bad.returncode == 2
    assert "expected a finished run, found no metrics.json" in bad.stdout + bad.stderr


def test_a_held_out_government_is_scored_apart(rows_file, tmp_path):
    arguments = ["model=majority", f"corpus.files=[{rows_file}]", f"paths.outputs={tmp_path}", REPEATS]
    result = run("train", *arguments, "corpus.held_out.governments=[BRA]")
    assert result.returncode == 0, result.stderr
    run_folder = tmp_path / "latest"
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    of_brazil = {row["id"] for row in rows if row["government"] == "BRA" and row["split"] in ("train", "dev")}
    records = map(json.loads, (run_folder / "held_out" / "predictions.jsonl").read_text().splitlines())
    assert {record["id"] for record in records} == of_brazil
    metrics = read_json(run_folder / "held_out" / "metrics.json")
    assert metrics["data"]["split"] == "held_out"
    assert "Split held out" in (run_folder / "held_out" / "report.html").read_text()
    assert metrics["data"]["n_rows"] == len(of_brazil)
    assert read_json(run_folder / "metrics.json")["data"]["n_rows"] == 120
    many = run("train", "-m", *arguments, "corpus.held_out.governments=[KAZ],[FRA]")
    assert many.returncode == 0, many.stderr
    assert len(list(tmp_path.glob("*/*_default/[01]/held_out/metrics.json"))) == 2


def test_predict_writes_json_lines_from_standard_input(trained, tmp_path):
    output = tmp_path / "answers.jsonl"
    document = json.dumps({"id": "a", "text": ARTICLE, "lang": "en"})
    result = run("predict", f"model={trained}", "input=-", f"output={output}", stdin=document)
    assert result.returncode == 0, result.stderr
    value = json.loads(output.read_text())
    assert {stance["government"] for stance in value["stances"]} == {"KAZ", "FRA"}
    again = run("predict", f"model={trained}", "input=-", f"output={output}", stdin=document)
    assert again.returncode == 2
    assert "exists; choose another name or add overwrite=true" in again.stderr + again.stdout


def test_predict_pools_a_folder_in_a_table_and_a_page(trained, tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    for month in (1, 2):
        (folder / f"a_2022-0{month}-05.txt").write_text(ARTICLE, encoding="utf-8")
    (folder / "empty.txt").write_text("")
    table, report = tmp_path / "stances.csv", tmp_path / "report.html"
    arguments = [f"model={trained}", f"input={folder}", f"table={table}", f"report={report}", "period=month"]
    result = run("predict", *arguments)
    assert result.returncode == 0, result.stderr
    assert f"not read: {folder / 'empty.txt'}: expected a text, found nothing but white space." in result.stderr
    assert "2 documents from 2 of 3 files" in result.stderr
    with table.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {(row["government"], row["period"]) for row in rows} == {
        (government, f"2022-0{month}") for government in ("KAZ", "FRA") for month in (1, 2)
    }
    assert "<title>What " in report.read_text(encoding="utf-8")
    again = run("predict", *arguments)
    assert again.returncode == 2
    assert "table: " in again.stderr + again.stdout
    assert "exists; choose another name or add overwrite=true" in again.stderr + again.stdout
    bad = run("predict", f"model={trained}", f"input={folder}", "period=week")
    assert bad.returncode == 2
    assert "period: expected one of day, month, year, all; found week." in bad.stderr + bad.stdout


def test_an_exported_model_is_small_and_scores_the_same(trained, rows_file, tiny_backbone, tmp_path):
    folder = tmp_path / "exported"
    arguments = [f"model={trained}", f"output={folder}", f"delta_from={tiny_backbone}"]
    result = run("export", *arguments)
    assert result.returncode == 0, result.stderr
    assert f"MB: {folder}" in result.stdout
    assert not (folder / "model.safetensors").exists()
    again = run("export", *arguments)
    assert again.returncode == 2
    assert "holds a model; choose another folder or add overwrite=true" in again.stdout + again.stderr
    scored = tmp_path / "evaluation"
    result = run("evaluate", f"model={folder}", f"corpus.files=[{rows_file}]", "split=test", f"hydra.run.dir={scored}")
    assert result.returncode == 0, result.stderr
    ours, theirs = read_json(scored / "metrics.json")["systems"], read_json(trained / "metrics.json")["systems"]
    assert list(ours) == ["e5_small_embedded", "majority", "country_prior"]
    for name, scores in ours.items():
        assert scores["mean"]["macro_f1"] == pytest.approx(theirs[name]["mean"]["macro_f1"], abs=0.01)


def test_a_baseline_has_no_backbone_to_differ_from(rows_file, tmp_path):
    result = run("train", "model=majority", f"corpus.files=[{rows_file}]", f"paths.outputs={tmp_path}", REPEATS)
    assert result.returncode == 0, result.stderr
    result = run("export", f"model={tmp_path / 'latest'}", f"output={tmp_path / 'exported'}", "baselines=[]")
    assert result.returncode == 2
    assert "expected a transformer, found a majority: a baseline has no backbone" in result.stdout + result.stderr
    result = run("export", f"model={tmp_path / 'latest'}", f"output={tmp_path / 'exported'}", "baselines=[majority]")
    assert "baselines: expected some of country_prior, tfidf; found majority" in result.stdout + result.stderr


@pytest.mark.parametrize("model", ["majority", "country_prior", "tfidf"])
def test_each_baseline_is_trained_and_evaluated_by_the_same_scripts(model, rows_file, tmp_path):
    outputs = tmp_path / "outputs"
    result = run("train", f"model={model}", f"corpus.files=[{rows_file}]", f"paths.outputs={outputs}", REPEATS)
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "evaluation"
    again = run(
        "evaluate",
        f"model={outputs / 'latest'}",
        f"corpus.files=[{rows_file}]",
        "split=test",
        f"hydra.run.dir={folder}",
    )
    assert again.returncode == 0, again.stderr
    systems = read_json(folder / "metrics.json")["systems"]
    assert next(iter(systems)) == model
    assert len(systems) == 3
    assert systems == read_json(outputs / "latest" / "metrics.json")["systems"]


def test_bad_rows_end_with_status_2_and_leave_latest_alone(trained, outputs, tiny_backbone, write_rows):
    bad = learnable_rows(1)[0].to_json() | {"lang": "english"}
    result = run("train", *train_overrides(write_rows(bad), outputs, tiny_backbone))
    assert result.returncode == 2
    assert "rows.jsonl:1: row" in result.stdout + result.stderr
    assert "Traceback" not in result.stdout + result.stderr
    assert (outputs / "latest").resolve() == trained


def test_a_stopped_training_does_not_become_latest(trained, rows_file, outputs, tiny_backbone):
    before = (outputs / "latest").resolve()
    process = subprocess.Popen(
        [
            sys.executable,
            "scripts/train.py",
            *train_overrides(rows_file, outputs, tiny_backbone, "training.epochs=5000"),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if b"training:" in line:
            break
    process.kill()
    process.wait(timeout=60)
    assert (outputs / "latest").resolve() == before


def test_a_folder_without_a_model_is_explained(tmp_path):
    result = run(
        "evaluate", f"model={tmp_path}", "corpus.files=[data/corpus/en.jsonl]", f"hydra.run.dir={tmp_path / 'run'}"
    )
    assert result.returncode == 2
    assert "expected a run folder or a model folder with govstance.json" in result.stdout + result.stderr


def test_a_forgotten_model_is_explained(tmp_path):
    result = run("evaluate", "corpus.files=[data/corpus/en.jsonl]", f"hydra.run.dir={tmp_path}")
    assert result.returncode == 2
    assert "model is not set: expected model=<value> on the command line" in result.stdout + result.stderr


def test_a_hub_backbone_without_a_hub_names_the_embedded_one(rows_file, tmp_path):
    result = run("train", "model=xlmr_base", f"corpus.files=[{rows_file}]", f"paths.outputs={tmp_path}", REPEATS)
    assert result.returncode == 2
    assert "model=e5_small_embedded" in result.stdout + result.stderr


def test_a_misspelt_key_ends_with_hydras_error():
    result = run("train", "training.epoch=3")
    assert result.returncode != 0
    assert "epoch" in result.stderr


def test_a_new_target_trains_without_a_code_change(tiny_backbone, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "actors").symlink_to(ROOT / "data" / "actors")
    shipped = yaml.safe_load((ROOT / "data" / "targets.yaml").read_text())
    (data / "targets.yaml").write_text(yaml.safe_dump([*shipped, shipped[0] | {"id": "arms_deliveries"}]))
    rows = [row.to_json() for row in learnable_rows(80)]
    for row in rows:
        row["labels"]["arms_deliveries"] = row["labels"]["sanctions_support"]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    overrides = train_overrides(tmp_path / "rows.jsonl", tmp_path / "outputs", tiny_backbone)
    result = run("train", *overrides, f"paths.data={data}", "training.epochs=1")
    assert result.returncode == 0, result.stderr
    metrics = read_json(tmp_path / "outputs" / "latest" / "metrics.json")
    assert list(metrics["systems"]["e5_small_embedded"]["targets"])[-1] == "arms_deliveries"


def test_training_refuses_rows_that_leak_between_splits(rows_file, tmp_path):
    result = run("train", "model=majority", f"corpus.files=[{rows_file}]", f"paths.outputs={tmp_path}")
    assert result.returncode == 2
    assert "pairs of documents in two splits have the same text" in result.stdout + result.stderr
