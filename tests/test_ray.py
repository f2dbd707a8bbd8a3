"""engine=ray: the answers of the local engine, and what it says without Ray."""

import builtins
import importlib.util
import io
import json

import pytest
from rich.console import Console
from test_streaming import articles, killed_after, model, predict  # noqa: F401, fixtures

from govstance.apply_config import PredictConfig, RayConfig
from govstance.errors import GovstanceError
from govstance.jobs.predict import run_prediction
from govstance.jobs.ray_engine import actor_count

needs_ray = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray, not installed")


@pytest.mark.slow
@needs_ray
def test_ray_answers_as_the_local_engine_and_goes_on_with_its_run(model, articles, tmp_path, monkeypatch):  # noqa: F811
    whole, output = tmp_path / "whole.jsonl", tmp_path / "answers.jsonl"
    predict(model, articles, whole)
    killed_after(2, monkeypatch, model, articles, output)
    pool = RayConfig(actors=2)
    assert predict(model, articles, output, engine="ray", ray=pool) == 150
    assert output.read_bytes() == whole.read_bytes()
    assert (tmp_path / "answers.jsonl.notes.jsonl").read_text() == (tmp_path / "whole.jsonl.notes.jsonl").read_text()


class FourCores:
    """Ray, as far as counting actors goes."""

    @staticmethod
    def cluster_resources():
        return {"CPU": 4.0, "memory": 1e9}


@pytest.mark.parametrize(
    ("settings", "count"),
    [
        (RayConfig(), 3),
        (RayConfig(threads=2), 1),
        (RayConfig(actors=4), 4),
        (RayConfig(actors=40, address="auto"), 40),  # a cluster may grow
    ],
)
def test_actors_leave_a_core_unless_asked_for(settings, count):
    assert actor_count(FourCores, settings) == count


def test_actors_that_could_never_start_are_refused():
    with pytest.raises(GovstanceError, match=r"at most the 4 cores of this machine; found 3 x 2\. Lower one"):
        actor_count(FourCores, RayConfig(actors=3, threads=2))


def test_without_ray_it_is_said_how_to_install_it(model, articles, tmp_path, monkeypatch):  # noqa: F811
    imported = builtins.__import__

    def without_ray(name, *arguments, **named):
        if name.split(".")[0] == "ray":
            raise ModuleNotFoundError(name)
        return imported(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without_ray)
    with pytest.raises(GovstanceError, match=r"engine=ray needs the package ray.*'\.\[ray\]'"):
        predict(model, articles, tmp_path / "answers.jsonl", engine="ray")


def test_ray_takes_files_and_writes_one(model, articles, tmp_path, monkeypatch):  # noqa: F811
    console = Console(file=io.StringIO())
    with pytest.raises(GovstanceError, match=r"engine=ray: expected output=<file>\.jsonl or \.parquet, found none"):
        run_prediction(PredictConfig(model=str(model), input=str(articles), engine="ray"), console)
    line = json.dumps({"id": "a", "text": "Hello there, said the minister."}).encode()
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": io.BytesIO(line)}))
    with pytest.raises(GovstanceError, match="engine=ray: expected files as input, found standard input"):
        predict(model, "-", tmp_path / "answers.jsonl", engine="ray")
