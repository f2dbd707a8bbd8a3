"""From finished run folders to a comparison: which system is better, by how much, how surely, and where."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from govstance.apply_config import CompareConfig
from govstance.errors import GovstanceError
from govstance.evaluation.alignment import CommonRows, common_rows
from govstance.evaluation.comparison import (
    PAIR_CHOICES,
    RunGroup,
    compare_pairs,
    flipped_rows,
    non_dominated,
    run_scores,
    system_summaries,
)
from govstance.evaluation.costs import COSTS
from govstance.evaluation.uncertainty import DRAWS
from govstance.files import write_json, write_jsonl, write_text
from govstance.jobs.finished_runs import FinishedRun, find_run_folders, read_run
from govstance.reporting.comparison_page import comparison_page
from govstance.reporting.comparison_tables import comparison_csv, comparison_tex

logger = logging.getLogger(__name__)

COMPARISON_SCHEMA_VERSION = 1
PAGE_FILE = "comparison.html"
SETS_SHOWN = 6


def run_comparison(config: CompareConfig, run_folder: Path) -> dict[str, Any]:
    """Compares `config.runs` and writes comparison.json, .csv, .tex, .html and flipped.jsonl.

    Returns:
        The comparison, as comparison.json holds it.

    Raises:
        GovstanceError: A setting is wrong, a folder is not whole, or the runs have no row in common.
    """
    if config.pairs not in PAIR_CHOICES:
        raise GovstanceError(f"pairs: expected one of {', '.join(PAIR_CHOICES)}; found {config.pairs!r}.")
    patterns = [config.runs] if isinstance(config.runs, str) else config.runs
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise GovstanceError(f"runs: expected a path, a glob or a list of them; found {config.runs!r}.")
    runs, skipped = _read_runs(find_run_folders(patterns), skip_broken=config.skip_broken)
    runs, rows, repeats = _without_repeats(runs)
    groups, members = _systems(runs, rows)
    pairs = compare_pairs(rows, groups, pairs=config.pairs, seed=config.seed)
    for pair in pairs:
        for name in ("run_of_first", "run_of_second"):
            pair["mcnemar"][name] = str(runs[pair["mcnemar"][name]].folder)
    systems = [
        _system_facts(group, members_of, rows, runs) | summary
        for group, members_of, summary in zip(
            groups, members, system_summaries(rows, groups, seed=config.seed), strict=True
        )
    ]
    for system, best in zip(systems, _non_dominated(systems), strict=True):
        system["non_dominated"] = best
    notes = [*_notes(runs, rows, groups), *repeats]
    for note in notes:
        logger.warning("%s", note)
    comparison = {
        "schema_version": COMPARISON_SCHEMA_VERSION,
        "bootstrap": {"draws": DRAWS, "seed": config.seed},
        "rows": _row_facts(rows),
        "systems": systems,
        "settings_that_differ": _settings_that_differ(groups, members),
        "settings_unknown": [
            group.label for group, of_group in zip(groups, members, strict=True) if not of_group[0].settings_known
        ],
        "pairs": pairs,
        "unknown_slices": [
            name for name, values in (("language", rows.languages), ("role", rows.roles)) if values is None
        ],
        "notes": notes,
        "skipped": skipped,
    }
    by_label = {group.label: group for group in groups}
    flipped = [row for pair in pairs for row in flipped_rows(rows, by_label[pair["first"]], by_label[pair["second"]])]
    curves = [
        (group.label, [run.training["loss"] for run in of_group if run.training])
        for group, of_group in zip(groups, members, strict=True)
    ]
    write_jsonl(run_folder / "flipped.jsonl", flipped)
    write_text(run_folder / "comparison.csv", comparison_csv(comparison))
    write_text(run_folder / "comparison.tex", comparison_tex(comparison))
    write_text(run_folder / PAGE_FILE, comparison_page(comparison, curves))
    write_json(run_folder / "comparison.json", comparison)
    return comparison


def _read_runs(folders: Sequence[Path], *, skip_broken: bool) -> tuple[list[FinishedRun], list[dict[str, str]]]:
    runs, skipped = [], []
    for folder in folders:
        try:
            runs.append(read_run(folder))
        except GovstanceError as error:
            skipped.append({"folder": str(folder), "problem": str(error)})
    if skipped and not (skip_broken and runs):
        listed = "\n".join(f"  {item['problem']}" for item in skipped)
        remedy = "No run is left." if skip_broken else "Add skip_broken=true to leave them out."
        raise GovstanceError(f"{len(skipped)} of {len(folders)} run folders cannot be compared:\n{listed}\n{remedy}")
    for item in skipped:
        logger.warning("left out: %s", item["problem"])
    return runs, skipped


def _without_repeats(runs: list[FinishedRun]) -> tuple[list[FinishedRun], CommonRows, list[str]]:
    """The runs without those that score a model again with the same answers, which would make its system look surer."""
    rows = common_rows([run.answers for run in runs])
    if not rows.n_pairs:
        raise GovstanceError(_no_common_row(runs, rows))
    first_of: dict[tuple[str, bytes], FinishedRun] = {}
    repeats = []
    for run, predicted in zip(runs, rows.predicted, strict=True):
        first = first_of.setdefault((run.model, predicted.tobytes()), run)
        if first is not run:
            repeats.append(f"{run.folder} is left out: the same model with the same answers as {first.folder}")
    kept = list(first_of.values())
    return kept, common_rows([run.answers for run in kept]) if repeats else rows, repeats


def _no_common_row(runs: Sequence[FinishedRun], rows: CommonRows) -> str:
    if rows.n_pairs_changed:
        return (
            f"the {len(runs)} runs have {rows.n_pairs_changed} labelled (id, target) pairs in common, and each has "
            "another gold stance, document or government in one of them: score the models again on the same rows."
        )
    sets: dict[frozenset[str], list[FinishedRun]] = {}
    for run in runs:
        sets.setdefault(frozenset(answer.id for answer in run.answers), []).append(run)
    lines = [
        f"  {len(ids)} rows: {', '.join(str(run.folder) for run in members[:SETS_SHOWN])}"
        + (f" and {len(members) - SETS_SHOWN} more" if len(members) > SETS_SHOWN else "")
        for ids, members in list(sets.items())[:SETS_SHOWN]
    ]
    return (
        f"the {len(runs)} runs have no labelled row in common; expected runs scored on the same rows, found "
        f"{len(sets)} sets of rows:\n" + "\n".join(lines) + "\nName the runs of one set in runs=[...]."
    )


def _systems(runs: Sequence[FinishedRun], rows: CommonRows) -> tuple[list[RunGroup], list[list[FinishedRun]]]:
    """Runs with the same settings, the best mean score first; position i of both lists is one system."""
    by_settings: dict[str, list[int]] = {}
    for index, run in enumerate(runs):
        by_settings.setdefault(repr(sorted(run.settings.items())), []).append(index)
    scores = [scores["macro_f1"] for scores in run_scores(rows)]
    ordered = sorted(by_settings.values(), key=lambda chosen: -np.mean([scores[index] for index in chosen]))
    groups = [
        RunGroup(_letters(number), chosen, [runs[index].seed for index in chosen])
        for number, chosen in enumerate(ordered)
    ]
    return groups, [[runs[index] for index in chosen] for chosen in ordered]


def _letters(number: int) -> str:
    """A, B, ... Z, AA, AB, ..."""
    before, position = divmod(number, 26)
    return (_letters(before - 1) if before else "") + chr(ord("A") + position)


def _system_facts(
    group: RunGroup, members: Sequence[FinishedRun], rows: CommonRows, runs: Sequence[FinishedRun]
) -> dict[str, Any]:
    scores = run_scores(rows)
    costs = [run.training for run in members if run.training]
    whole = all(rows.n_pairs_of_runs[index] == rows.n_pairs for index in group.run_indices)
    return {
        "label": group.label,
        "name": Counter(run.name for run in members).most_common(1)[0][0],
        "runs": [
            {
                "folder": str(runs[index].folder),
                "seed": runs[index].seed,
                "macro_f1": scores[index]["macro_f1"],
                "macro_f1_supported": scores[index]["macro_f1_supported"],
            }
            for index in group.run_indices
        ],
        "training": {name: _mean_of_known([cost.get(name) for cost in costs]) for name in COSTS},
        # Their answers are not kept, so on a part of the rows their scores are not known.
        "baselines": _baselines(members) if whole else None,
    }


def _mean_of_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _non_dominated(systems: Sequence[dict[str, Any]]) -> list[dict[str, bool | None]]:
    """Of each system: cost -> whether no other one scores as well for less."""
    scores = [system["macro_f1"]["mean"] for system in systems]
    by_cost = {
        name: non_dominated(scores, [system["training"][name] for system in systems], better=better)
        for name, better in COSTS.items()
    }
    return [{name: found[place] for name, found in by_cost.items()} for place in range(len(systems))]


def _baselines(members: Sequence[FinishedRun]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for run in members:
        for name, scores in list(run.metrics["systems"].items())[1:]:
            found.setdefault(name, []).append(scores["mean"]["macro_f1"])
    return {name: float(np.mean(values)) for name, values in found.items()}


def _row_facts(rows: CommonRows) -> dict[str, Any]:
    return {
        "n_rows": len(rows.ids),
        "n_documents": len(set(rows.groups)),
        "n_pairs": rows.n_pairs,
        "n_pairs_of_any": rows.n_pairs_of_any,
        "n_pairs_changed": rows.n_pairs_changed,
        "targets": rows.target_ids,
    }


def _settings_that_differ(groups: Sequence[RunGroup], members: Sequence[Sequence[FinishedRun]]) -> dict[str, Any]:
    """Setting -> label -> value, only where systems differ; a system without the setting has no entry.

    Systems whose settings are not known are left out: they would seem to differ in every one.
    """
    settings = {
        group.label: of_group[0].settings
        | {"code (commit)": sorted({(run.commit or "unknown")[:7] for run in of_group})}
        for group, of_group in zip(groups, members, strict=True)
        if of_group[0].settings_known
    }
    names = sorted({name for of_system in settings.values() for name in of_system})
    differing = {}
    for name in names:
        values = {label: of_system[name] for label, of_system in settings.items() if name in of_system}
        if len(values) < len(settings) or len({repr(value) for value in values.values()}) > 1:
            differing[name] = values
    return differing


def _notes(runs: Sequence[FinishedRun], rows: CommonRows, groups: Sequence[RunGroup]) -> list[str]:
    """What a reader must know to believe the rest; most comparisons need none."""
    notes = []
    if rows.n_pairs < rows.n_pairs_of_any:
        notes.append(
            f"The runs were not scored on the same rows: {rows.n_pairs:,} labelled (id, target) pairs are common to "
            f"all, of {rows.n_pairs_of_any:,} that at least one run has; {rows.n_pairs_changed:,} were left out since "
            "their gold stance, document or government differs."
        )
    if len({repr(sorted(item["sha256"] for item in run.metrics["data"]["files"])) for run in runs}) > 1:
        notes.append("The scored files differ (sha256): a text may have changed though its id and labels are the same.")
    for group in groups:
        known = [seed for seed in group.seeds if seed is not None]
        if len(known) > len(set(known)):
            notes.append(f"System {group.label} has a seed more than once: its deviation is over runs, not seeds.")
        if len(group.run_indices) > 1 and len({rows.predicted[index].tobytes() for index in group.run_indices}) == 1:
            notes.append(
                f"The {len(group.run_indices)} runs of system {group.label} gave the same answers to every row: the "
                "seed changes nothing there, so they say no more than one run, and its deviation of 0 is no merit."
            )
        commits = {runs[index].commit for index in group.run_indices}
        if len(commits) > 1:
            notes.append(f"The runs of system {group.label} were trained by {len(commits)} versions of the code.")
    return notes + list(dict.fromkeys(remark for run in runs for remark in run.remarks))
