"""The search of settings: what a space may hold, and a study that goes on, fails and chooses on dev."""

import io

import pytest
from conftest import ROOT, learnable_rows
from rich.console import Console

from govstance.config import CorpusConfig, ModelConfig, PathsConfig, QualityConfig, TrainingConfig
from govstance.errors import GovstanceError
from govstance.files import read_json, write_jsonl
from govstance.jobs import tune
from govstance.jobs.tune import check_space, run_search, show_trials, suggested
from govstance.sweep_config import SearchConfig, SearchedSetting, TuneConfig

optuna = pytest.importorskip("optuna")


@pytest.fixture
def config(tmp_path) -> TuneConfig:
    write_jsonl(tmp_path / "rows.jsonl", [row.to_json() for row in learnable_rows(60)])
    return TuneConfig(
        paths=PathsConfig(data=str(ROOT / "data"), outputs=str(tmp_path / "outputs")),
        corpus=CorpusConfig(files=[str(tmp_path / "rows.jsonl")]),
        quality=QualityConfig(duplicates_across_splits="warning"),
        model=ModelConfig(kind="majority", name="majority"),
        training=TrainingConfig(epochs=1, texts_per_batch=8, learning_rate=1e-3, frozen_layers=0),
        search=SearchConfig(study="small", trials=3, space=[SearchedSetting("training.epochs", low=1, high=500)]),
    )


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"name": "training.epochs", "low": 3, "high": 2}, "above high; found values=None, low=3, high=2"),
        ({"name": "training.epochs"}, r"search\.space, training\.epochs: expected values: \[...\], or low and high"),
        ({"name": "training.epoch", "low": 1, "high": 2}, "training.epoch: expected a setting of train and a value"),
        ({"name": "training.epochs", "values": ["many"]}, "training.epochs: expected a setting of train and a value"),
        ({"name": "corpus.files", "values": ["a"]}, "The rows are the same for all trials"),
    ],
)
def test_a_space_that_is_none_is_explained(config, setting, message):
    config.search.space = [SearchedSetting(**setting)]
    with pytest.raises(GovstanceError, match=message):
        check_space(config)
    config.search.space = []
    with pytest.raises(GovstanceError, match=r"search\.space is empty: expected settings of train"):
        check_space(config)


def test_whole_numbers_stay_whole():
    trial = optuna.trial.FixedTrial({"a": 3, "b": 0.5, "c": "x"})
    assert suggested(trial, SearchedSetting("a", low=1, high=5)) == 3
    assert suggested(trial, SearchedSetting("b", low=0.1, high=1, log=True)) == 0.5
    assert suggested(trial, SearchedSetting("c", values=["x", "y"])) == "x"


def test_a_study_goes_on_and_answers_one_question(config, tmp_path):
    first = run_search(config, tmp_path / "first")
    assert [trial["state"] for trial in first] == ["complete"] * 3
    assert read_json(tmp_path / "first" / "trials.json") == first
    second = run_search(config, tmp_path / "second")
    assert len(second) == 6
    assert len({trial["settings"]["training.epochs"] for trial in second}) > 3
    config.training.learning_rate = 2e-3
    with pytest.raises(GovstanceError, match="was made with other rows, settings or another space"):
        run_search(config, tmp_path / "third")


def test_a_trial_that_fails_is_shown_and_the_others_go_on(config, tmp_path, monkeypatch):
    def score(chosen, rows, target_ids, after_epoch):
        if chosen.training.epochs > 1:
            raise ValueError("too long")
        return 0.25

    monkeypatch.setattr(tune, "dev_score", score)
    config.search.space = [SearchedSetting("training.epochs", values=[1, 2])]
    config.search.trials = 8
    trials = run_search(config, tmp_path)
    assert trials[0]["state"] == "complete"
    assert trials[-1]["state"] == "failed"
    assert trials[-1]["error"] == "ValueError: too long"
    console = Console(file=io.StringIO(), width=160)
    show_trials(console, trials)
    text = console.file.getvalue()
    assert f"trial {trials[-1]['number']} failed: ValueError: too long" in text
    assert "train with the best: python scripts/train.py training.epochs=1" in text


def test_a_trial_worse_than_the_median_is_stopped_early(config, tmp_path, monkeypatch):
    def score(chosen, rows, target_ids, after_epoch):
        value = 1.0 / chosen.training.epochs
        after_epoch(1, lambda: value)
        return value

    monkeypatch.setattr(tune, "dev_score", score)
    config.search.trials, config.search.trials_before_pruning = 12, 1
    states = {trial["state"] for trial in run_search(config, tmp_path)}
    assert states == {"complete", "pruned"}


def test_only_dev_rows_are_scored(config, tmp_path):
    rows = [row.to_json() for row in learnable_rows(60) if row.split != "test"]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    assert run_search(config, tmp_path)[0]["state"] == "complete"
    write_jsonl(tmp_path / "rows.jsonl", [row for row in rows if row["split"] != "dev"])
    config.search.study = "no dev"
    trials = run_search(config, tmp_path)
    assert {trial["error"].split(":")[0] for trial in trials} == {"the split 'dev' has no rows"}
    with pytest.raises(GovstanceError, match="none of the 3 trials came to its end"):
        show_trials(Console(file=io.StringIO()), trials)
