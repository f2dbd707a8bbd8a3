"""Lists past runs, newest first: which state they are in, what they were, how they scored and where they lie."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from govstance.errors import GovstanceError
from govstance.files import path_from_here, read_json
from govstance.jobs.command_line import RESOLVED_CONFIG_FILE
from govstance.jobs.evaluate import METRICS_FILE
from govstance.jobs.run_status import FINISHED, SKIPPED, STATES, STATUS_FILE, STOPPED, RunStatus, status_of
from govstance.sweep_config import RunsConfig
from govstance.training.run_folder import PROVENANCE_FILE

COLUMNS = ("started", "script", "state", "name", "model", "seed", "macro-F1", "on", "minutes", "folder")
NOTHING = "-"


@dataclass(frozen=True)
class RunRecord:
    """One line of the list, all as text.

    Attributes:
        started: Local date and time.
        script, state, name, model, seed: Of the run; for a skipped cell, of the run that stands for it.
        macro_f1: Mean over the targets.
        scored_on: The split.
        minutes: That it took.
        folder: From the working folder where it lies below it.
    """

    started: str
    script: str
    state: str
    name: str
    model: str
    seed: str
    macro_f1: str
    scored_on: str
    minutes: str
    folder: str

    def cells(self) -> tuple[str, ...]:
        """In the order of COLUMNS."""
        values = (self.started, self.script, self.state, self.name, self.model, self.seed, self.macro_f1)
        return (*values, self.scored_on, self.minutes, self.folder)


def list_runs(config: RunsConfig) -> list[RunRecord]:
    """The runs in the outputs folder, newest first.

    Raises:
        GovstanceError: The state is none, or there is no outputs folder.
    """
    if config.state is not None and config.state not in STATES:
        raise GovstanceError(f"state: expected one of {', '.join(STATES)} or null; found {config.state!r}.")
    outputs = Path(config.paths.outputs)
    if not outputs.is_dir():
        raise GovstanceError(f"paths.outputs: expected the folder of the runs, found none at {outputs}.")
    chosen = [
        record
        for record in run_records(_folders_below(outputs))
        if config.state in (None, record.state) and config.script in (None, record.script)
    ]
    return sorted(chosen, key=lambda record: record.started, reverse=True)[: config.limit]


def _folders_below(outputs: Path) -> Iterator[Path]:
    """Run folders lie two below it, cells of a sweep three."""
    found = {
        path.parent
        for name in (STATUS_FILE, PROVENANCE_FILE, RESOLVED_CONFIG_FILE)
        for depth in ("*/*", "*/*/*")
        for path in outputs.glob(f"{depth}/{name}")
    }
    yield from (folder for folder in found if ".hydra" not in folder.parts)


def run_records(folders: Iterable[Path]) -> list[RunRecord]:
    """A record a folder, in the order given; runs of older versions, which have no status.json, too."""
    return [_record(folder) for folder in folders]


def _record(folder: Path) -> RunRecord:
    status = status_of(folder)
    source = Path(status.same_as) if status is not None and status.state == SKIPPED and status.same_as else folder
    config = _yaml(source / RESOLVED_CONFIG_FILE)
    provenance = read_json(source / PROVENANCE_FILE) if (source / PROVENANCE_FILE).is_file() else {}
    metrics = read_json(source / METRICS_FILE) if (source / METRICS_FILE).is_file() else {}
    started = status.started if status else provenance.get("started")
    finished = status.finished if status else provenance.get("finished")
    systems = metrics.get("systems") or {}
    score = next(iter(systems.values()))["mean"]["macro_f1"] if systems else None
    model = config.get("model")
    return RunRecord(
        started=_local(started) if started else NOTHING,
        script=_script(status, provenance),
        state=status.state if status else (FINISHED if provenance else STOPPED),
        name=str(config.get("name", NOTHING)),
        model=str(model.get("name", NOTHING) if isinstance(model, dict) else model or NOTHING),
        seed=str(config.get("seed", NOTHING)),
        macro_f1=NOTHING if score is None else f"{score:.3f}",
        scored_on=str((metrics.get("data") or {}).get("split") or ("all rows" if metrics else NOTHING)),
        minutes=f"{_seconds(started, finished) / 60:.1f}" if started and finished else NOTHING,
        folder=str(path_from_here(folder.absolute())),
    )


def headline_scores(metrics: dict[str, Any]) -> dict[str, float]:
    """Name such as test/macro_f1 or test/tfidf/macro_f1 -> score, from what metrics.json holds."""
    split = metrics["data"]["split"] or "all_rows"
    scores = {}
    for position, (system, of_system) in enumerate(metrics["systems"].items()):
        prefix = split if position == 0 else f"{split}/{system}"
        scores[f"{prefix}/macro_f1"] = of_system["mean"]["macro_f1"]
        for target, of_target in of_system["targets"].items():
            scores[f"{prefix}/{target}/macro_f1"] = of_target["macro_f1"]
    return scores


def _script(status: RunStatus | None, provenance: dict[str, Any]) -> str:
    return status.script if status else Path(provenance.get("command", [NOTHING])[0]).stem


def _yaml(path: Path) -> dict[str, Any]:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (yaml.YAMLError, UnicodeDecodeError):
        value = None  # a list of runs must not end at a damaged one
    return value if isinstance(value, dict) else {}


def _local(moment: str) -> str:
    return datetime.datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _seconds(started: str, finished: str) -> float:
    return (datetime.datetime.fromisoformat(finished) - datetime.datetime.fromisoformat(started)).total_seconds()


def show_runs(console: Console, records: list[RunRecord]) -> None:
    """A table on a terminal; lines of tab-separated values where the output goes elsewhere."""
    if not console.is_terminal:
        for line in (COLUMNS, *(record.cells() for record in records)):
            print("\t".join(line), file=console.file)  # rich would make spaces of the tabs
        return
    table = Table()
    for column in COLUMNS:
        number = column in ("seed", "macro-F1", "minutes")
        table.add_column(column, overflow="fold", justify="right" if number else "left")
    for record in records:
        table.add_row(*record.cells(), style="red" if record.state == "failed" else "")
    console.print(table)
