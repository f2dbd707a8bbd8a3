"""Searches the settings of train with Optuna: a trial trains on the train rows and is scored on the dev rows only.

The study is a SQLite file in the outputs folder, so a search goes on where it was stopped, and several processes may
search at once. Whatever ends a trial early is kept with it and shown.
"""

import json
import logging
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console
from rich.table import Table

from govstance.config import to_dataclass
from govstance.corpus.reader import read_rows
from govstance.corpus.splits import hold_out, in_split, with_splits, without_sources
from govstance.errors import GovstanceError
from govstance.evaluation.results import gold_indices, system_scores
from govstance.files import expand_patterns, sha256_of_file, write_json
from govstance.jobs.places import cache_folder, marks_of, mention_finder, starts_of, targets_of_corpus
from govstance.jobs.prepare import pass_gate
from govstance.models.baselines import fit_baseline
from govstance.models.folder import KINDS, TRANSFORMER
from govstance.models.predictor import TransformerPredictor
from govstance.schema import Row
from govstance.sweep_config import SearchedSetting, TuneConfig
from govstance.threads import use_threads
from govstance.training.fitting import fit_stance_model
from govstance.training.run_folder import beginning, data_fingerprints, write_provenance

logger = logging.getLogger(__name__)

STUDY_FILE = "tune.db"
TRIALS_FILE = "trials.json"
# What does not change the rows: they are read and checked once for all trials.
SEARCHABLE = ("model.", "training.", "calibration.", "seed")
HEARTBEAT_SECONDS = 60  # after two of them without a sign, a trial that was killed counts as failed


def run_search(config: TuneConfig, run_folder: Path) -> list[dict[str, Any]]:
    """Adds trials to the study and writes trials.json.

    Returns:
        All trials of the study, the best first: {"number", "state", "dev_macro_f1", "settings", "seconds", "error"}.

    Raises:
        GovstanceError: Optuna is not installed, the space or rows are not usable, or the study asks another question.
    """
    optuna = _optuna()
    use_threads(config.training.threads)
    if config.model.kind not in KINDS:
        raise GovstanceError(f"model.kind: expected one of {', '.join(KINDS)}; found {config.model.kind!r}.")
    check_space(config)
    targets = [target.id for target in targets_of_corpus(config.paths, config.corpus)]
    files = expand_patterns(config.corpus.files, option="corpus.files")
    rows = with_splits(read_rows(files, targets))
    pass_gate(rows, config.quality)
    seen, _ = hold_out(rows, config.corpus.held_out.languages, config.corpus.held_out.governments)
    study = _open_study(config, question=_question(config, files))

    def objective(trial: Any) -> float:
        chosen = {setting.name: suggested(trial, setting) for setting in config.search.space}
        same = _finished_with(study, trial.params)
        if same is not None:
            logger.info("trial %d has the settings of trial %d: not run again", trial.number, same.number)
            return same.value
        logger.info("trial %d: %s", trial.number, " ".join(f"{name}={value}" for name, value in chosen.items()))

        def after_epoch(epoch: int, score: Callable[[], float]) -> None:
            if len(study.get_trials(deepcopy=False)) > config.search.trials_before_pruning:
                trial.report(score(), epoch)
                if trial.should_prune():
                    raise optuna.TrialPruned

        try:
            return dev_score(_with_settings(config, chosen), seen, targets, after_epoch)
        except optuna.TrialPruned:
            raise
        except Exception as error:
            mendable = isinstance(error, GovstanceError)
            trial.set_user_attr("error", str(error) if mendable else f"{type(error).__name__}: {error}")
            if not mendable:
                logger.exception("a defect, not your settings")
            raise

    started = beginning()
    study.optimize(objective, n_trials=config.search.trials, catch=(Exception,), callbacks=[_tell])
    trials = _records(study)
    write_json(run_folder / TRIALS_FILE, trials)
    write_provenance(run_folder, seed=config.seed, data=data_fingerprints(files), started=started)
    return trials


def check_space(config: TuneConfig) -> None:
    """Checks the space before a trial depends on it.

    Raises:
        GovstanceError: It is empty, a range is none, or a name is no setting that can be searched.
    """
    if not config.search.space:
        raise GovstanceError("search.space is empty: expected settings of train, as in configs/search/default.yaml.")
    for setting in config.search.space:
        by_values = bool(setting.values) and setting.low is None and setting.high is None
        numbers = all(isinstance(bound, int | float) for bound in (setting.low, setting.high))
        if not by_values and not (setting.values is None and numbers and setting.low <= setting.high):
            raise GovstanceError(
                f"search.space, {setting.name}: expected values: [...], or low and high with log or step, low not "
                f"above high; found values={setting.values}, low={setting.low}, high={setting.high}."
            )
        if not setting.name.startswith(SEARCHABLE):
            raise GovstanceError(
                f"search.space: expected settings of {', '.join(SEARCHABLE)}; found {setting.name!r}. The rows are the "
                "same for all trials."
            )
        for value in setting.values or [setting.low]:
            _with_settings(config, {setting.name: value})


def suggested(trial: Any, setting: SearchedSetting) -> Any:
    """The value that Optuna suggests for one setting.

    Args:
        trial: Of Optuna.
        setting: Checked.
    """
    if setting.values:
        return trial.suggest_categorical(setting.name, setting.values)
    if isinstance(setting.low, int) and isinstance(setting.high, int):
        return trial.suggest_int(setting.name, setting.low, setting.high, step=setting.step or 1, log=setting.log)
    low, high = float(setting.low), float(setting.high)
    return trial.suggest_float(setting.name, low, high, step=setting.step, log=setting.log)


def dev_score(
    config: TuneConfig,
    rows: Sequence[Row],
    target_ids: Sequence[str],
    after_epoch: Callable[[int, Callable[[], float]], None],
) -> float:
    """macro-F1 on dev, mean over the targets, of a model fitted on train.

    The calibration is fitted on the same dev rows, for each trial alike: the score is for choosing, not for reporting.

    Args:
        config: Of the trial.
        rows: With splits; train and dev are used.
        target_ids: Targets in the order of the heads.
        after_epoch: Gets each epoch's number and a function that scores the model as it is then.
    """
    used = without_sources(rows, config.corpus.not_trained_on)
    train, dev = in_split(used, "train"), in_split(used, "dev")
    gold, groups = gold_indices(dev, target_ids), [row.group for row in dev]

    def score(probabilities: np.ndarray) -> float:
        return float(system_scores(gold, probabilities, groups, target_ids)["mean"]["macro_f1"])

    if config.model.kind != TRANSFORMER:
        return score(fit_baseline(config.model.kind, train, target_ids).predict_probabilities(dev))

    def between(epoch: int, predictor: TransformerPredictor) -> None:
        after_epoch(epoch, lambda: score(predictor.predict_probabilities(dev)))

    unfamiliar = [row for row in rows if row.split == "dev" and row.source in config.corpus.not_trained_on]
    with tempfile.TemporaryDirectory() as work_folder:
        predictor, _ = fit_stance_model(
            train,
            dev,
            target_ids,
            model_config=config.model,
            training=config.training,
            calibration=config.calibration,
            seed=config.seed,
            cache_folder=cache_folder(config.paths),
            work_folder=Path(work_folder),
            finder=mention_finder(config.paths),
            unfamiliar_rows=unfamiliar if config.calibration.sure_on_all_sources else (),
            starts=starts_of(config.model, config.paths),
            marks=marks_of(config, target_ids),
            after_epoch=between,
        )
    return score(predictor.predict_probabilities(dev))


def _optuna() -> Any:
    try:
        import optuna
    except ModuleNotFoundError:
        raise GovstanceError(
            "scripts/tune.py needs the package optuna, which is not installed: "
            "pip install -c constraints.txt -e '.[sweeps]'."
        ) from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # `_tell` says the same in our words
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)  # of heartbeat_interval
    return optuna


def _open_study(config: TuneConfig, *, question: str) -> Any:
    optuna = _optuna()
    path = Path(config.paths.outputs) / STUDY_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=config.search.study,
        storage=optuna.storages.RDBStorage(f"sqlite:///{path}", heartbeat_interval=HEARTBEAT_SECONDS),
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=config.search.trials_before_pruning),
    )
    n_trials = len(study.get_trials(deepcopy=False))
    # A sampler that began with the same seed again would suggest what it suggested before.
    study.sampler = optuna.samplers.TPESampler(seed=config.seed + n_trials)
    asked = study.user_attrs.get("question", question)
    if asked != question:
        raise GovstanceError(
            f"search.study={config.search.study} in {path} was made with other rows, settings or another space: its "
            "trials can't be compared with new ones. Give this search a name of its own: search.study=<name>."
        )
    study.set_user_attr("question", question)
    if n_trials:
        logger.info("the study %s goes on after %d trials", config.search.study, n_trials)
    return study


def _question(config: TuneConfig, files: Sequence[Path]) -> str:
    """What all trials of a study have in common, as text: settings that are not searched, the space, the rows."""
    apart = ("name", "paths", "search", "tracking", "rerun_finished")
    settings = {name: value for name, value in asdict(config).items() if name not in apart}
    settings["corpus"] = {name: settings["corpus"][name] for name in ("not_trained_on", "held_out")}
    for setting in config.search.space:
        group, _, key = setting.name.partition(".")
        if key and "." not in key:
            settings[group].pop(key)
    rows = [sha256_of_file(path) for path in files]
    return json.dumps(
        {"settings": settings, "space": [asdict(setting) for setting in config.search.space], "rows": rows},
        sort_keys=True,
    )


def _with_settings(config: TuneConfig, chosen: Mapping[str, Any]) -> TuneConfig:
    composed = OmegaConf.structured(config)
    for name, value in chosen.items():
        try:
            OmegaConf.update(composed, name, value)
        except OmegaConfBaseException as error:
            problem = str(error).splitlines()[0]
            raise GovstanceError(
                f"search.space, {name}: expected a setting of train and a value it takes: {problem}"
            ) from None
    return to_dataclass(composed, TuneConfig)


def _finished_with(study: Any, settings: Mapping[str, Any]) -> Any | None:
    for trial in study.get_trials(deepcopy=False):
        if trial.state.name == "COMPLETE" and trial.params == settings:
            return trial
    return None


def _tell(study: Any, trial: Any) -> None:
    """Says at once how a trial ended."""
    record = _record(trial)
    if trial.state.name == "COMPLETE":
        logger.info("trial %d: macro-F1 on dev %.4f; best so far %.4f", trial.number, trial.value, study.best_value)
    elif trial.state.name == "PRUNED":
        logger.info("trial %d: stopped early, worse than the median at its epoch", trial.number)
    else:
        logger.error("trial %d failed, the others go on: %s", trial.number, record["error"])


def _records(study: Any) -> list[dict[str, Any]]:
    records = [_record(trial) for trial in study.get_trials(deepcopy=False)]
    order = {"complete": 0, "pruned": 1}

    def rank(record: dict[str, Any]) -> tuple[int, float, int]:
        return order.get(record["state"], 2), -(record["dev_macro_f1"] or 0.0), record["number"]

    return sorted(records, key=rank)


def _record(trial: Any) -> dict[str, Any]:
    complete = trial.state.name == "COMPLETE"
    return {
        "number": trial.number,
        "state": {"FAIL": "failed"}.get(trial.state.name, trial.state.name.lower()),
        # Of a pruned trial, its last score: nobody should take it for a final one.
        "dev_macro_f1": trial.value if complete else None,
        "settings": dict(trial.params),
        "seconds": round(trial.duration.total_seconds(), 1) if trial.duration else None,
        "error": trial.user_attrs.get("error"),
    }


def show_trials(console: Console, trials: Sequence[Mapping[str, Any]]) -> None:
    """Prints the trials, the best first, and the command that trains with the best settings.

    Raises:
        GovstanceError: No trial came to its end.
    """
    names = sorted({name for trial in trials for name in trial["settings"]})
    table = Table("trial", "state", "dev macro-F1", *(name.rpartition(".")[2] for name in names), "seconds")
    for trial in trials:
        score = trial["dev_macro_f1"]
        values = [_short(trial["settings"].get(name, "-")) for name in names]
        seconds = "-" if trial["seconds"] is None else f"{trial['seconds']:.0f}"
        table.add_row(str(trial["number"]), trial["state"], "-" if score is None else f"{score:.4f}", *values, seconds)
    console.print(table)
    for trial in trials:
        if trial["error"]:
            console.print(f"trial {trial['number']} failed: {trial['error']}", markup=False, soft_wrap=True)
    if not trials or trials[0]["state"] != "complete":
        raise GovstanceError(f"none of the {len(trials)} trials came to its end: what ended each is above.")
    best = " ".join(f"{name}={value}" for name, value in trials[0]["settings"].items())
    console.print(f"train with the best: python scripts/train.py {best}", markup=False, highlight=False, soft_wrap=True)


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
