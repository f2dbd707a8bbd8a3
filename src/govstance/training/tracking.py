"""Writes the course of a training and its scores where users look: TensorBoard's files, an MLflow store, Trackio.

All of it lies in the outputs folder, nothing in the working folder. The run folder stays the record; what is written
here is a copy to look at.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from govstance.config import TrackingConfig
from govstance.errors import GovstanceError
from govstance.threads import process_rank

LONGEST_PARAMETER = 500  # MLflow's limit is 6,000; a list of files longer than this is read nowhere


@dataclass(frozen=True)
class Tracker:
    """What a training hands its news to.

    Attributes:
        callbacks: For the Trainer: losses and rates while it runs.
        log_scores: Takes name -> score at the end.
    """

    callbacks: list[TrainerCallback] = field(default_factory=list)
    log_scores: Callable[[Mapping[str, float]], None] = lambda scores: None


@contextlib.contextmanager
def tracked(config: TrackingConfig, *, run_folder: Path, settings: Mapping[str, Any]) -> Iterator[Tracker]:
    """Opens the place that `config.kind` names and closes it, as failed where an error comes through.

    Args:
        config: Of the group tracking.
        run_folder: Named after its place and linked to it.
        settings: Of the run, nested.

    Raises:
        GovstanceError: There is no such place, or its package is not installed.
    """
    if config.kind not in TRACKERS:
        raise GovstanceError(f"tracking.kind: expected one of {', '.join(TRACKERS)}; found {config.kind!r}.")
    kind = config.kind if process_rank() == 0 else "none"
    with contextlib.ExitStack() as stack:
        try:
            tracker = stack.enter_context(TRACKERS[kind](config, run_folder, _flat(settings)))
        except ModuleNotFoundError as error:
            raise GovstanceError(
                f"tracking={kind} needs the package {error.name}, which is not installed: "
                "pip install -c constraints.txt -e '.[tracking]', or leave tracking=none."
            ) from None
        yield tracker


def run_name(run_folder: Path) -> str:
    """Date and name of the run folder, and for a cell of a sweep its number."""
    parts = run_folder.resolve().parts[-3:]
    return "_".join(parts if run_folder.name.isdigit() else parts[-2:])


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = str(value)[:LONGEST_PARAMETER]
    return flat


@contextlib.contextmanager
def _tensorboard(config: TrackingConfig, run_folder: Path, settings: Mapping[str, str]) -> Iterator[Tracker]:
    from torch.utils.tensorboard import SummaryWriter  # of the extra
    from transformers.integrations import TensorBoardCallback

    folder = str(Path(_store(config)) / run_name(run_folder))

    def log_scores(scores: Mapping[str, float]) -> None:
        for name, score in scores.items():
            writer.add_scalar(name, score, 0)

    with SummaryWriter(folder) as writer:
        writer.add_text("run folder", str(run_folder))
        writer.add_text("settings", "\n".join(f"    {name}: {value}" for name, value in settings.items()))
        # The callback closes its writer when training ends, before there are scores: it gets one of its own.
        yield Tracker([TensorBoardCallback(SummaryWriter(folder))], log_scores)


@contextlib.contextmanager
def _mlflow(config: TrackingConfig, run_folder: Path, settings: Mapping[str, str]) -> Iterator[Tracker]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # it would report to its makers over the network
    os.environ.setdefault("MLFLOW_FLATTEN_PARAMS", "TRUE")  # else the callback warns of each nested setting
    import mlflow  # of the extra
    from transformers.integrations import MLflowCallback

    store = _store(config)
    local = store.removeprefix("sqlite:///") if store.startswith("sqlite:///") else None
    if local is not None:
        Path(local).parent.mkdir(parents=True, exist_ok=True)
    mlflow.set_tracking_uri(store)
    experiment = mlflow.get_experiment_by_name(config.project)
    if experiment is None:
        # Without a place of its own MLflow would keep artifacts in ./mlruns or ./mlartifacts.
        place = None if local is None else Path(local).with_suffix("").resolve().as_uri()
        experiment_id = mlflow.create_experiment(config.project, artifact_location=place)
    else:
        experiment_id = experiment.experiment_id
    with mlflow.start_run(experiment_id=experiment_id, run_name=run_name(run_folder)):
        mlflow.set_tag("run_folder", str(run_folder))
        # The callback writes the Trainer's arguments under their bare names, `seed` and others are in both.
        mlflow.log_params({f"govstance.{name}": value for name, value in settings.items()})

        def log_scores(scores: Mapping[str, float]) -> None:
            mlflow.log_metrics(dict(scores))

        yield Tracker([MLflowCallback()], log_scores)


@contextlib.contextmanager
def _trackio(config: TrackingConfig, run_folder: Path, settings: Mapping[str, str]) -> Iterator[Tracker]:
    os.environ["TRACKIO_DIR"] = _store(config)  # read when it is imported
    import trackio  # not in the extra: see configs/tracking/trackio.yaml

    trackio.init(project=config.project, name=run_name(run_folder), config=dict(settings))
    try:
        yield Tracker([_LossToTrackio(trackio.log)], lambda scores: trackio.log(dict(scores)))
    finally:
        trackio.finish()


class _LossToTrackio(TrainerCallback):
    """The library's own callback starts a run of its own, under its own project."""

    def __init__(self, log: Callable[..., None]):
        self._log = log

    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        """Passes numbers on."""
        self._log({name: value for name, value in (logs or {}).items() if isinstance(value, int | float)})


def _store(config: TrackingConfig) -> str:
    if not config.store:
        raise GovstanceError(
            f"tracking.store: expected where {config.kind} writes, found none; tracking={config.kind} sets it."
        )
    return config.store


@contextlib.contextmanager
def _none(config: TrackingConfig, run_folder: Path, settings: Mapping[str, str]) -> Iterator[Tracker]:
    yield Tracker()


TRACKERS: dict[str, Callable[[TrackingConfig, Path, Mapping[str, str]], AbstractContextManager[Tracker]]] = {
    "none": _none,
    "tensorboard": _tensorboard,
    "mlflow": _mlflow,
    "trackio": _trackio,
}
