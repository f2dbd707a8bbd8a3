"""Run folders that nobody shares, the state of runs, cells that are not run again, and the list of runs."""

import io
import threading
from dataclasses import replace

import pytest
from conftest import ROOT
from rich.console import Console

from govstance.config import CorpusConfig, ModelConfig, PathsConfig, TrainConfig, TrainingConfig
from govstance.errors import GovstanceError
from govstance.files import read_json, write_json, write_text
from govstance.jobs import run_status
from govstance.jobs.cells import fingerprint, finished_twin
from govstance.jobs.command_line import new_folder
from govstance.jobs.finished_runs import find_run_folders
from govstance.jobs.run_status import begin_run, end_run, log_tail, status_of
from govstance.jobs.runs import COLUMNS, list_runs, run_records, show_runs
from govstance.jobs.sweep import summarise_sweep
from govstance.sweep_config import RunsConfig


def begin(folder, **more):
    begin_run(folder, **({"script": "train", "overrides": ["corpus.files=[/a.jsonl]"]} | more))
    return folder


def plain_console() -> Console:
    return Console(file=io.StringIO(), width=200, soft_wrap=True)


def test_two_launches_in_one_second_never_share_a_folder(tmp_path):
    wanted = str(tmp_path / "2026-11-26" / "12-00-00_default")
    folders: list[str] = []
    threads = [threading.Thread(target=lambda: folders.append(new_folder(wanted))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(folders) == [wanted, *(f"{wanted}-{number}" for number in range(2, 9))]


def test_only_the_first_of_several_processes_has_a_run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    folder = new_folder(str(tmp_path / "runs" / "12-00-00_default"))
    assert "govstance-rank1-" in folder
    assert not (tmp_path / "runs").exists()


def test_a_run_ends_as_it_ended(tmp_path):
    begin(tmp_path)
    assert status_of(tmp_path).state == "running"
    end_run(tmp_path, "failed", error="no rows")
    assert (status_of(tmp_path).state, status_of(tmp_path).error) == ("failed", "no rows")
    end_run(tmp_path, "finished")  # it has ended: nothing ends it again
    assert status_of(tmp_path).state == "failed"


def test_a_run_whose_process_is_gone_was_stopped(tmp_path, monkeypatch):
    begin(tmp_path)
    monkeypatch.setattr(run_status, "_alive", lambda process: False)
    assert status_of(tmp_path).state == "stopped"


def test_a_status_that_is_not_ours_is_left_alone_and_explained(tmp_path):
    write_json(tmp_path / "status.json", {"state": "fine"})
    end_run(tmp_path, "finished")
    assert read_json(tmp_path / "status.json") == {"state": "fine"}
    with pytest.raises(GovstanceError, match=r"status\.json: expected the state of a run, found .* delete the file"):
        status_of(tmp_path)


@pytest.fixture
def config(write_rows, good_row, tmp_path) -> TrainConfig:
    return TrainConfig(
        paths=PathsConfig(data=str(ROOT / "data"), outputs=str(tmp_path / "outputs")),
        corpus=CorpusConfig(files=[str(write_rows(good_row.to_json()))]),
        model=ModelConfig(kind="majority", name="majority"),
        training=TrainingConfig(epochs=1, texts_per_batch=8, learning_rate=1e-3, frozen_layers=0),
    )


def test_a_cell_is_the_same_where_settings_and_data_are(config, tmp_path, write_rows, good_row):
    same = fingerprint(config)
    assert fingerprint(replace(config, name="other")) == same
    moved = write_rows(good_row.to_json(), name="moved.jsonl")
    assert fingerprint(replace(config, corpus=CorpusConfig(files=[str(moved)]))) == same
    assert fingerprint(replace(config, seed=1)) != same
    assert fingerprint(replace(config, training=replace(config.training, epochs=2))) != same
    write_rows(good_row.to_json(), good_row.to_json() | {"id": "other"})
    assert fingerprint(config) != same


def test_a_finished_cell_is_found_and_one_that_is_not_whole_is_not(tmp_path):
    cell = begin(tmp_path / "2026-11-26" / "12-00-00_default" / "0", fingerprint="abc")
    assert finished_twin(tmp_path, "abc") is None
    end_run(cell, "finished")
    assert finished_twin(tmp_path, "abc") is None
    write_json(cell / "provenance.json", {})
    assert finished_twin(tmp_path, "abc") == cell
    assert finished_twin(tmp_path, "abd") is None


def test_a_comparison_takes_the_run_that_stands_for_a_skipped_cell(tmp_path):
    whole = tmp_path / "a"
    write_json(whole / "metrics.json", {})
    begin(tmp_path / "sweep" / "0")
    end_run(tmp_path / "sweep" / "0", "skipped", same_as=whole)
    assert find_run_folders([str(tmp_path / "sweep")]) == [whole]


@pytest.fixture
def outputs(tmp_path):
    """An old run without a status, a failed one and the newest, which is finished."""
    old = tmp_path / "2026-11-01" / "08-00-00_old"
    stamps = {"started": "2026-11-01T08:00:00+00:00", "finished": "2026-11-01T08:03:00+00:00"}
    write_json(old / "provenance.json", {"command": ["evaluate.py"], **stamps})
    write_text(old / "config.yaml", "name: old\nmodel: outputs/x\n")
    for number, state in enumerate(("failed", "finished")):
        folder = begin(tmp_path / "2026-11-02" / f"09-00-0{number}_new")
        write_text(folder / "config.yaml", f"name: new\nseed: {number}\nmodel: {{name: tfidf}}\n")
        write_text(folder / "train.log", "first\nlast words\n")
        end_run(folder, state, error="no rows" if state == "failed" else None)
        status = read_json(folder / "status.json")
        write_json(folder / "status.json", status | {"started": f"2026-11-02T09:00:0{number}+00:00"})
    scores = {"systems": {"tfidf": {"mean": {"macro_f1": 0.5}}}, "data": {"split": "test"}}
    write_json(tmp_path / "2026-11-02" / "09-00-01_new" / "metrics.json", scores)
    return tmp_path


def test_runs_are_listed_newest_first(outputs):
    records = list_runs(RunsConfig(paths=PathsConfig(outputs=str(outputs))))
    assert [record.state for record in records] == ["finished", "failed", "finished"]
    newest, failed, old = records
    assert (newest.script, newest.model, newest.seed, newest.macro_f1) == ("train", "tfidf", "1", "0.500")
    assert (failed.macro_f1, failed.seed) == ("-", "0")
    assert (old.script, old.name, old.minutes) == ("evaluate", "old", "3.0")
    only = list_runs(RunsConfig(state="failed", limit=1, paths=PathsConfig(outputs=str(outputs))))
    assert only == [failed]


def test_a_state_that_is_none_is_explained(outputs):
    with pytest.raises(GovstanceError, match=r"state: expected one of running, finished, failed.* found 'broken'"):
        list_runs(RunsConfig(state="broken", paths=PathsConfig(outputs=str(outputs))))
    with pytest.raises(GovstanceError, match=r"paths\.outputs: expected the folder of the runs"):
        list_runs(RunsConfig(paths=PathsConfig(outputs=str(outputs / "nowhere"))))


def test_a_list_that_is_piped_is_lines(outputs):
    console = plain_console()
    show_runs(console, list_runs(RunsConfig(paths=PathsConfig(outputs=str(outputs)))))
    lines = console.file.getvalue().splitlines()
    assert lines[0].split("\t") == list(COLUMNS)
    assert lines[1].split("\t")[2:7] == ["finished", "new", "tfidf", "1", "0.500"]


def test_the_end_of_a_sweep_shows_each_failed_cell_with_its_log(outputs):
    folders = sorted((outputs / "2026-11-02").iterdir())
    console = plain_console()
    assert not summarise_sweep(folders, console)
    text = console.file.getvalue()
    assert "1 finished, 1 failed" in text
    assert "failed: corpus.files=[/a.jsonl]\nlog: " in text
    assert "  last words" in text
    assert summarise_sweep(folders[1:], plain_console())


def test_a_skipped_cell_shows_the_scores_of_the_run_that_stands_for_it(outputs):
    cell = begin(outputs / "2026-11-03" / "10-00-00_new" / "0")
    end_run(cell, "skipped", same_as=outputs / "2026-11-02" / "09-00-01_new")
    (record,) = run_records([cell])
    assert (record.state, record.macro_f1, record.seed) == ("skipped", "0.500", "1")


def test_the_tail_of_a_log_is_short(tmp_path):
    assert log_tail(tmp_path) == []
    write_text(tmp_path / "train.log", "\n".join(map(str, range(100))))
    assert log_tail(tmp_path)[-1] == "99"
    assert len(log_tail(tmp_path)) == run_status.TAIL_LINES
