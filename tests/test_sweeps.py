"""Sweeps and trainings of several processes, as a user starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, learnable_rows
from hydra import compose, initialize_config_dir
from hydra.core.utils import JobStatus
from hydra.errors import HydraException

from govstance.config import register_schemas
from govstance.files import read_json, write_jsonl
from hydra_plugins.govstance_ray_launcher import RayLauncher, cell_result

REPEATS = "quality.duplicates_across_splits=warning"


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "200", "OMP_NUM_THREADS": "1"},
        timeout=600,
    )


@pytest.fixture(scope="module")
def rows_file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    write_jsonl(path, [row.to_json() for row in learnable_rows(120)])
    return path


def states(outputs: Path) -> list[str]:
    return sorted(json.loads(path.read_text())["state"] for path in outputs.glob("*/*/*/status.json"))


def test_a_sweep_outlives_a_failed_cell_and_skips_finished_ones(rows_file, tmp_path):
    sweep = ["-m", "model.kind=majority,nonsense,tfidf", f"corpus.files=[{rows_file}]", f"paths.outputs={tmp_path}"]
    first = run("scripts/train.py", *sweep, REPEATS)
    assert first.returncode == 1, first.stderr
    assert states(tmp_path) == ["failed", "finished", "finished"]
    assert "this cell failed, the others go on; its log:" in first.stdout
    summary = first.stdout[first.stdout.index("started\tscript") :]
    assert "2 finished, 1 failed" in summary
    assert "model.kind: expected one of" in summary.split("failed: model.kind=nonsense")[1]
    again = run("scripts/train.py", *sweep[:1], "model.kind=majority,tfidf", *sweep[2:], REPEATS)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("not run again, since") == 2
    assert "2 skipped" in again.stdout
    assert len({path.parent.parent for path in tmp_path.glob("*/*/*/status.json")}) == 2
    assert not (ROOT / "multirun").exists()


PACKAGES = {
    "joblib": "hydra_plugins.hydra_joblib_launcher",
    "submitit_local": "hydra_plugins.hydra_submitit_launcher",
    "submitit_slurm": "hydra_plugins.hydra_submitit_launcher",
    "ray": "ray",
}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["joblib", "submitit_local", "ray"])
def test_cells_run_in_other_processes(launcher, rows_file, tmp_path):
    pytest.importorskip(PACKAGES[launcher])
    result = run(
        "scripts/train.py",
        "-m",
        f"hydra/launcher={launcher}",
        "model.kind=majority,nonsense,country_prior",
        f"corpus.files=[{rows_file}]",
        f"paths.outputs={tmp_path}",
        REPEATS,
    )
    assert result.returncode == 1, result.stderr
    assert states(tmp_path) == ["failed", "finished", "finished"]
    assert "2 finished, 1 failed" in result.stdout
    statuses = [json.loads(path.read_text()) for path in tmp_path.glob("*/*/*/status.json")]
    assert {status["script"] for status in statuses} == {"train"}
    assert len({path.parent.parent for path in tmp_path.glob("*/*/*/status.json")}) == 1


@pytest.mark.slow
def test_submitit_trains_a_model_to_its_end(rows_file, tiny_backbone, tmp_path):
    pytest.importorskip("hydra_plugins.hydra_submitit_launcher")
    result = run(
        "scripts/train.py",
        "-m",
        "hydra/launcher=submitit_local",
        "seed=0,1",
        f"corpus.files=[{rows_file}]",
        f"paths.outputs={tmp_path}",
        f"model.backbone={tiny_backbone}",
        "training.frozen_layers=1",
        "training.epochs=2",
        REPEATS,
    )
    assert result.returncode == 0, result.stderr
    assert "2 finished" in result.stdout
    for number in (0, 1):
        (folder,) = tmp_path.glob(f"*/*/{number}")
        assert (folder / "model" / "model.safetensors").is_file()
        assert (folder / "report.html").is_file()
        training = read_json(folder / "metrics.json")["training"]
        assert training["seconds"] > 0
        assert training["peak_memory_mib"] is None or training["peak_memory_mib"] > 100


@pytest.mark.parametrize(
    ("launcher", "kind"),
    [
        ("joblib", "JoblibLauncher"),
        ("submitit_local", "LocalLauncher"),
        ("submitit_slurm", "SlurmLauncher"),
        ("ray", "RayLauncher"),
    ],
)
def test_launchers_compose(launcher, kind):
    if launcher != "ray":  # it needs Ray only once it launches
        pytest.importorskip(PACKAGES[launcher])
    register_schemas()
    overrides = [f"hydra/launcher={launcher}"]
    if launcher == "submitit_slurm":
        overrides += [
            "hydra.launcher.timeout_min=120",
            "hydra.launcher.partition=gpu",
            "hydra.launcher.gpus_per_node=1",
        ]
    with initialize_config_dir(str(ROOT / "configs"), version_base="1.3"):
        config = compose("train", overrides=overrides, return_hydra_config=True)
    assert config.hydra.launcher._target_.endswith(f".{kind}")
    if launcher == "submitit_slurm":
        chosen = config.hydra.launcher
        assert (chosen.timeout_min, chosen.partition, chosen.gpus_per_node) == (120, "gpu", 1)


@pytest.mark.slow
def test_two_processes_train_what_one_trains(rows_file, tiny_backbone, tmp_path):
    """Without dropout, and with texts that fill the last batch, the steps are the same up to the noise of floats."""
    probabilities, losses = [], []
    for count in (1, 2):
        outputs = tmp_path / str(count)
        launcher = ["-m", "torch.distributed.run", f"--nproc_per_node={count}", "--standalone"] if count > 1 else []
        result = run(
            *launcher,
            "scripts/train.py",
            f"corpus.files=[{rows_file}]",
            f"paths.outputs={outputs}",
            f"model.backbone={tiny_backbone}",
            "training.frozen_layers=1",
            "training.epochs=10",
            "training.max_texts=56",
            "training.learning_rate=3e-3",
            "training.class_weight_power=0.5",
            "training.precision=float32",  # in 16 bits each part of a batch is rounded on its own
            "model.dropout=0",
            "calibration=as_trained",
            REPEATS,
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("Scores on the test split") == 1
        (metrics,) = outputs.glob("*/*/metrics.json")
        assert len(list(outputs.glob("20*/*"))) == 1  # not below outputs/latest
        losses.append(read_json(metrics)["training"]["loss"])
        records = map(json.loads, (metrics.parent / "predictions.jsonl").read_text().splitlines())
        probabilities.append([value for record in records for value in record["probabilities"].values()])
    assert [point["step"] for point in losses[0]] == [point["step"] for point in losses[1]] == list(range(10, 71, 10))
    assert losses[0][-1]["loss"] < losses[0][0]["loss"] - 0.1
    for one, two in zip(*losses, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], abs=1e-4)
    assert probabilities[1] == pytest.approx(probabilities[0], abs=1e-3)


class NoRay:
    """Ray, as far as a worker that died goes."""

    class exceptions:  # noqa: N801 - Ray's name
        RayError = RuntimeError

    @staticmethod
    def get(cell):
        if cell == "died":
            raise RuntimeError("worker died")
        return cell


def test_a_cell_of_ray_whose_process_died_has_failed():
    result = cell_result("died", NoRay)
    assert result.status is JobStatus.FAILED
    with pytest.raises(RuntimeError, match="worker died"):
        _ = result.return_value
    assert cell_result("done", NoRay) == "done"


def test_without_ray_its_launcher_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(HydraException, match=r"hydra/launcher=ray needs the package ray: pip install .*'\.\[ray\]'"):
        RayLauncher(None, 1, 0.0).launch([["seed=0"]], 0)
