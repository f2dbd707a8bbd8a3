"""Tracking writes what users look at, in the outputs folder and nowhere else."""

import sqlite3
import sys

import pytest
from transformers import TrainerControl, TrainerState, TrainingArguments

from govstance.config import TrackingConfig
from govstance.errors import GovstanceError
from govstance.training.tracking import run_name, tracked

SETTINGS = {"seed": 0, "model": {"name": "tfidf"}}


def train_a_little(tracker, folder):
    """What the Trainer tells its callbacks."""
    arguments, state, control = (
        TrainingArguments(output_dir=str(folder), use_cpu=True),
        TrainerState(),
        TrainerControl(),
    )
    for callback in tracker.callbacks:
        callback.on_train_begin(arguments, state, control)
        state.global_step = 10
        callback.on_log(arguments, state, control, logs={"loss": 0.75})
        callback.on_train_end(arguments, state, control)
    tracker.log_scores({"test/macro_f1": 0.5})


def test_nothing_is_written_by_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tracked(TrackingConfig(), run_folder=tmp_path / "run", settings=SETTINGS) as tracker:
        train_a_little(tracker, tmp_path)
    assert tracker.callbacks == []
    assert list(tmp_path.iterdir()) == []


def test_tensorboard_reads_losses_and_scores(tmp_path, monkeypatch):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    monkeypatch.chdir(tmp_path)
    run_folder = tmp_path / "outputs" / "2026-11-26" / "12-00-00_default"
    config = TrackingConfig(kind="tensorboard", store=str(tmp_path / "outputs" / "tensorboard"))
    with tracked(config, run_folder=run_folder, settings=SETTINGS) as tracker:
        train_a_little(tracker, run_folder)
    events = accumulator.EventAccumulator(str(tmp_path / "outputs" / "tensorboard" / run_name(run_folder))).Reload()
    assert [(item.step, item.value) for item in events.Scalars("train/loss")] == [(10, 0.75)]
    assert events.Scalars("test/macro_f1")[0].value == 0.5
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]


def test_mlflow_keeps_one_file_in_outputs_and_no_mlruns(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    run_folder = tmp_path / "outputs" / "2026-11-26" / "12-00-00_default" / "3"
    store = tmp_path / "outputs" / "mlflow.db"
    config = TrackingConfig(kind="mlflow", store=f"sqlite:///{store}", project="test")
    with tracked(config, run_folder=run_folder, settings=SETTINGS) as tracker:
        train_a_little(tracker, run_folder)
    with pytest.raises(KeyError), tracked(config, run_folder=run_folder, settings=SETTINGS):
        raise KeyError
    assert mlflow.active_run() is None
    with sqlite3.connect(store) as connection:
        metrics = dict(connection.execute("select key, value from metrics"))
        names = connection.execute("select name, status from runs order by start_time").fetchall()
        parameters = dict(connection.execute("select key, value from params"))
        (artifacts,) = connection.execute("select artifact_location from experiments where name = 'test'").fetchone()
    assert metrics == {"loss": 0.75, "test/macro_f1": 0.5}
    assert names == [("2026-11-26_12-00-00_default_3", "FINISHED"), ("2026-11-26_12-00-00_default_3", "FAILED")]
    assert parameters["govstance.model.name"] == "tfidf"
    assert artifacts == (tmp_path / "outputs" / "mlflow").as_uri()
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    config = TrackingConfig(kind="mlflow", store=f"sqlite:///{tmp_path}/mlflow.db")
    with (
        pytest.raises(GovstanceError, match=r"tracking=mlflow needs the package mlflow, .* pip install .*tracking"),
        tracked(config, run_folder=tmp_path, settings=SETTINGS),
    ):
        pass


def test_a_place_that_is_none_is_explained(tmp_path):
    with (
        pytest.raises(GovstanceError, match="kind: expected one of none, tensorboard, mlflow, trackio; found 'w'"),
        tracked(TrackingConfig(kind="w"), run_folder=tmp_path, settings=SETTINGS),
    ):
        pass
    pytest.importorskip("tensorboard")
    with (
        pytest.raises(GovstanceError, match="store: expected where tensorboard writes, found none"),
        tracked(TrackingConfig(kind="tensorboard"), run_folder=tmp_path, settings=SETTINGS),
    ):
        pass
