"""Finds and reads the folders of finished runs; says of a folder that is not whole what is wrong with it.

An evaluation belongs to the system of the training run whose model it scored, which is looked up.
"""

import glob
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from govstance.errors import GovstanceError
from govstance.evaluation.alignment import Answer
from govstance.files import numbered_json_lines, path_from_here, read_json
from govstance.jobs.command_line import RESOLVED_CONFIG_FILE
from govstance.jobs.evaluate import METRICS_FILE, METRICS_SCHEMA_VERSION, PREDICTIONS_FILE
from govstance.jobs.places import BUILTIN
from govstance.jobs.run_status import SKIPPED, status_of
from govstance.schema import STANCES
from govstance.training.run_folder import PROVENANCE_FILE

# Settings that say who and where, not what: they do not make another system.
NOT_OF_THE_SYSTEM = ("name", "seed", "paths")
# provenance.json is the last of them that train and evaluate write.
FILES = (METRICS_FILE, PREDICTIONS_FILE, RESOLVED_CONFIG_FILE, PROVENANCE_FILE)
REQUIRED_FIELDS = ("id", "target", "group", "government", "gold", "predicted")


@dataclass(frozen=True)
class FinishedRun:
    """What a run folder holds.

    Attributes:
        folder: The folder.
        name: Of the training run.
        seed: Of the training run; None where it is not known.
        settings: Flat settings of the training run, seed and places apart, with a fingerprint of its data: what makes
            the system. Where they are not known, what was scored.
        settings_known: Whether the training run was found.
        model: The trained folder, or what else was scored.
        commit: Of the code that trained it, or None.
        metrics: metrics.json.
        training: What training cost, from the training run's metrics.json; None where it is not known.
        answers: predictions.jsonl.
        remarks: What a reader of the comparison should know of this run.
    """

    folder: Path
    name: str
    seed: int | None
    settings: dict[str, Any]
    settings_known: bool
    model: str
    commit: str | None
    metrics: dict[str, Any]
    training: dict[str, Any] | None
    answers: list[Answer]
    remarks: list[str]


def find_run_folders(patterns: Sequence[str]) -> list[Path]:
    """Folders of runs, finished or not, in the order of the patterns and without repeats.

    Args:
        patterns: Run folders, folders below which they lie (the ones inside run folders are not taken), or globs of
            both.

    Raises:
        GovstanceError: There is no pattern, or one leads to no run.
    """
    if not patterns:
        raise GovstanceError("runs is empty: expected run folders or globs, such as runs=[outputs/a,outputs/b].")
    found: dict[Path, Path] = {}
    for pattern in patterns:
        folders = [Path(item) for item in sorted(glob.glob(pattern, recursive=True))] or [Path(pattern)]
        matches = [run for folder in folders if folder.is_dir() for run in _runs_below(folder)]
        if not matches:
            raise GovstanceError(
                f"runs: no run folder at {pattern!r}: expected folders with {METRICS_FILE} and {PREDICTIONS_FILE}, as "
                f"train and evaluate leave them (looked from {Path.cwd()})."
            )
        for match in matches:
            found.setdefault(match.resolve(), match)  # outputs/latest is another name of a run
    return [path_from_here(path.absolute()) for path in found.values()]


def _runs_below(folder: Path) -> Iterator[Path]:
    status = status_of(folder)
    if status is not None and status.state == SKIPPED and status.same_as:
        yield Path(status.same_as)  # a cell of a sweep that was not run, since this run is the same
        return
    if _is_run(folder):
        yield folder
        return
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.is_symlink() and not child.name.startswith("."):
            yield from _runs_below(child)


def _is_run(folder: Path) -> bool:
    """Whether train or evaluate began to write here; their configs name a model and rows."""
    if (folder / PREDICTIONS_FILE).is_file():
        return True
    if (folder / METRICS_FILE).is_file():
        return not _only_speeches(folder / METRICS_FILE)
    config = folder / RESOLVED_CONFIG_FILE
    if not config.is_file():
        return False
    try:
        value = yaml.safe_load(config.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    return isinstance(value, dict) and {"model", "corpus"} <= set(value) and "search" not in value  # not of tune


def _only_speeches(path: Path) -> bool:
    """Whether metrics are those of an external validation without labelled rows: nothing that runs are compared on."""
    try:
        return set(read_json(path)) == {"schema_version", "validity"}
    except GovstanceError:
        return False


def read_run(folder: Path) -> FinishedRun:
    """Reads a run folder.

    Raises:
        GovstanceError: A file is missing or damaged, the metrics have another schema version, or the predictions do not
            belong to them.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise GovstanceError(
            f"{folder}: expected a finished run, found no {' and no '.join(missing)}: it was stopped or is "
            "still running."
        )
    metrics = _metrics_of(folder)
    answers = _read_answers(folder / PREDICTIONS_FILE)
    _check_that_they_belong(folder, metrics, answers)
    config = _read_config(folder)
    trained, model, remarks = _trained_folder(folder, config)
    if trained is None:
        settings: dict[str, Any] = {"model": model}
        provenance = read_json(folder / PROVENANCE_FILE)
        if model == BUILTIN:
            settings["commit"] = provenance.get("commit")
        return FinishedRun(
            folder=folder,
            name=Path(model).name,
            seed=None,
            settings=settings,
            settings_known=False,
            model=model,
            commit=provenance.get("commit"),
            metrics=metrics,
            training=None,
            answers=answers,
            remarks=remarks,
        )
    trained_config, provenance = _read_config(trained), read_json(trained / PROVENANCE_FILE)
    if provenance.get("uncommitted_changes"):
        remarks.append(f"{trained}: was trained with changes that are in no commit")
    return FinishedRun(
        folder=folder,
        name=str(trained_config["name"]),
        seed=trained_config["seed"],
        settings=_settings(trained_config) | {"data (sha256)": _fingerprint(provenance)},
        settings_known=True,
        model=model,
        commit=provenance.get("commit"),
        metrics=metrics,
        training=(metrics if trained == folder else _metrics_of(trained)).get("training"),
        answers=answers,
        remarks=remarks,
    )


def _trained_folder(folder: Path, config: Mapping[str, Any]) -> tuple[Path | None, str, list[str]]:
    """(training run, or None where it cannot be told; name of the model; remarks)."""
    if "training" in config:
        return folder, str(folder.resolve()), []
    recorded = read_json(folder / PROVENANCE_FILE).get("model")
    model = str(recorded or config["model"])
    if model == BUILTIN:
        return None, BUILTIN, []
    if recorded is None and any(path.is_symlink() for path in (Path(model), *Path(model).parents)):
        why = "is a link, and where it led then is not recorded"
        return None, f"{model} ({folder})", [f"{folder}: its model {model} {why}: a system of its own, seed unknown"]
    for candidate in (Path(model), Path(model).parent):
        whole = all((candidate / name).is_file() for name in FILES)
        if whole and {"training", "seed", "name"} <= set(_read_config(candidate)):
            return candidate, str(candidate.resolve()), []
    remark = f"{folder}: its model {model} lies in no training run: a system of its own, seed and settings unknown"
    return None, model, [remark]


def _metrics_of(folder: Path) -> dict[str, Any]:
    path = folder / METRICS_FILE
    metrics = read_json(path)
    version = metrics.get("schema_version") if isinstance(metrics, dict) else None
    if version != METRICS_SCHEMA_VERSION:
        raise GovstanceError(
            f"{path}: expected schema_version {METRICS_SCHEMA_VERSION}, found {version}: another version of govstance "
            "made it; score its model again with scripts/evaluate.py."
        )
    return metrics


def _read_answers(path: Path) -> list[Answer]:
    answers: dict[tuple[str, str], Answer] = {}
    with path.open("rb") as stream:
        for number, value, problem in numbered_json_lines(stream):
            problem = problem or _answer_problem(value)
            if problem is None and (value["id"], value["target"]) in answers:
                problem = f"expected each id and target once, found {value['id']!r}, {value['target']!r} again"
            if problem:
                raise GovstanceError(f"{path}:{number}: {problem}.")
            fields = {name: value[name] for name in REQUIRED_FIELDS}
            answers[value["id"], value["target"]] = Answer(**fields, lang=value.get("lang"), role=value.get("role"))
    return list(answers.values())


def _answer_problem(value: Any) -> str | None:
    missing = [name for name in REQUIRED_FIELDS if not isinstance(value, dict) or name not in value]
    if missing:
        return f"expected the fields {', '.join(REQUIRED_FIELDS)}; found no {', '.join(missing)}"
    for name in ("gold", "predicted"):
        if value[name] not in STANCES and not (name == "gold" and value[name] is None):
            return f'field "{name}": expected one of {", ".join(STANCES)}; found {value[name]!r}'
    return None


def _check_that_they_belong(folder: Path, metrics: Mapping[str, Any], answers: Sequence[Answer]) -> None:
    """Half of an old run beside half of a new one must not be compared."""
    scores = next(iter(metrics["systems"].values()))["targets"]
    for target, of_target in scores.items():
        chosen = [answer for answer in answers if answer.target == target and answer.gold is not None]
        right = sum(answer.gold == answer.predicted for answer in chosen)
        if len(chosen) != of_target["support"] or right != round(of_target["accuracy"] * of_target["support"]):
            raise GovstanceError(
                f"{folder}: {METRICS_FILE} and {PREDICTIONS_FILE} are not of one run: for {target} expected "
                f"{of_target['support']} labelled rows, {of_target['accuracy']:.4f} of them right; found {len(chosen)} "
                f"and {right}. Score the model again with scripts/evaluate.py."
            )


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / RESOLVED_CONFIG_FILE
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise GovstanceError(f"{path}: expected YAML, found {error}") from None
    if not isinstance(value, dict) or "model" not in value:
        raise GovstanceError(f"{path}: expected the config of train or evaluate, found no key `model`.")
    return value


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    paths = config.get("paths") or {}
    flat: dict[str, Any] = {}

    def flatten(prefix: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for key, inner in value.items():
                flatten(f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = _without_places(value, paths)

    flatten("", {key: value for key, value in config.items() if key not in NOT_OF_THE_SYSTEM})
    return flat


def _without_places(value: Any, paths: Mapping[str, Any]) -> Any:
    """The same file below two checkouts is one setting."""
    if isinstance(value, list):
        return [_without_places(item, paths) for item in value]
    for name in ("data", "outputs"):
        folder = paths.get(name)
        if folder and isinstance(value, str) and value.startswith(f"{folder}{os.sep}"):
            return f"<{name}>{value[len(str(folder)) :]}"
    return value


def _fingerprint(provenance: Mapping[str, Any]) -> str | None:
    """Of what was trained on: the same settings with other rows are another system."""
    hashes = sorted(item["sha256"] for item in provenance.get("data", []))
    return hashlib.sha256("".join(hashes).encode()).hexdigest()[:12] if hashes else None
