"""report.html: one run as one file that needs nothing else, on a screen, a phone or paper.

Every score on it stands in metrics.json too; texts of rows stand here alone.
"""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from govstance.actors.names import government_name
from govstance.reporting import plots
from govstance.reporting.comparison_tables import number
from govstance.reporting.pages import WIDTHS, drawn, page_environment
from govstance.reporting.report_plots import interval_bar, reliability_plot, risk_plot, systems_plot
from govstance.reporting.validity_page import validity_values
from govstance.reporting.validity_tables import COMMAND, WHAT_IT_DOES
from govstance.schema import STANCES

# What the page is made of; metrics.json of older versions lack some.
REQUIRED = (
    *("data", "notes", "targets", "systems", "reliability", "selective", "slices", "probes"),
    *("worst_errors", "label_doubts", "training"),
)
BASELINES = ("majority", "country_prior", "tfidf")
# Slices of a kind that stand open, the others are folded; labels in doubt on the page, metrics.json names the others.
SLICES_SHOWN = 12
DOUBTS_SHOWN = 50
FEW_ROWS = 20
UNKNOWN = "unknown"
PROBE_NAMES = {
    "as_written": "as written",
    "masked": "a name that no text holds",
    "swapped": "the name of a random other government",
}


def report_page(
    metrics: Mapping[str, Any],
    *,
    texts: Mapping[str, str] | None,
    provenance: Mapping[str, Any],
    config: str,
    world: Mapping[str, Any] | None = None,
) -> str:
    """The page as HTML.

    Args:
        metrics: As metrics.json holds them, with all of REQUIRED.
        texts: Row id -> text, of at least the rows that the page shows; None: they are not at hand.
        provenance: As provenance.json holds it.
        config: config.yaml.
        world: As data/world/world.json holds it; needed where the metrics have an external validation.
    """
    systems = metrics["systems"]
    name = next(iter(systems))
    doubted = {(doubt["id"], doubt["target"]) for doubt in metrics["label_doubts"] or ()}
    # An older version did not record the memory of training.
    training = {"peak_memory_mib": None} | metrics["training"] if metrics["training"] else None
    validity = metrics.get("validity")
    losses = [("", [training["loss"]])] if training else []
    return (
        page_environment()
        .get_template("report.html")
        .render(
            metrics=metrics,
            model=name,
            stances=STANCES,
            data_name=data_name([item["path"] for item in metrics["data"]["files"]]),
            headline=_headline(metrics),
            notes=_notes(metrics, provenance, has_texts=texts is not None),
            systems_plot=[(kind, systems_plot(systems, width)) for kind, width in WIDTHS],
            sections=[_target_section(target, metrics) for target in metrics["targets"]],
            slices=[_slice_table(kind, items, systems[name]) for kind, items in metrics["slices"].items()],
            slices_shown=SLICES_SHOWN,
            probe_names=PROBE_NAMES,
            interval_bar=interval_bar,
            errors=[_error(error, texts, doubted) for error in metrics["worst_errors"]],
            doubts=[_doubt(doubt, texts) for doubt in (metrics["label_doubts"] or ())[:DOUBTS_SHOWN]],
            training=training,
            loss=drawn([(kind, plots.curves_plot(losses, width)) for kind, width in WIDTHS]),
            loss_by_epoch=_loss_by_epoch(training["loss"]) if training else [],
            **(validity_values(validity, world) if validity and world else {"validity": None}),
            how_to_measure=(COMMAND, WHAT_IT_DOES),
            provenance=provenance,
            command=shlex.join(provenance["command"]),
            config=config,
        )
    )


def data_name(paths: Sequence[str]) -> str:
    """The scored files in few words: the file, or the folder with their number.

    Example:
        >>> data_name(["data/corpus/ar.jsonl", "data/corpus/az.jsonl"])
        'data/corpus (2 files)'
    """
    if len(paths) == 1:
        return PurePath(paths[0]).name
    folders = list(dict.fromkeys(PurePath(path).parent for path in paths))
    shown = ", ".join("/".join(folder.parts[-2:]).lstrip("/") for folder in folders[:3])
    return f"{shown}{' and others' if len(folders) > 3 else ''} ({len(paths)} files)"


def _headline(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The best baseline, if there is one, and the stance that is read worst."""
    name, *others = metrics["systems"]
    scores = {other: metrics["systems"][other] for other in others}
    best = max(scores, key=lambda other: scores[other]["mean"]["macro_f1"]) if scores else None
    stances = [
        {"target": target, "stance": stance} | figures
        for target, of_target in metrics["systems"][name]["targets"].items()
        for stance, figures in of_target["per_stance"].items()
        if figures["support"] >= FEW_ROWS
    ]
    weakest = min(stances, key=lambda item: item["f1"]) if stances else None
    return {"scores": metrics["systems"][name], "best": best, "best_scores": scores.get(best or ""), "weakest": weakest}


def _notes(metrics: Mapping[str, Any], provenance: Mapping[str, Any], *, has_texts: bool) -> list[str]:
    """What a reader must know to believe the rest: every gap is said."""
    name, *others = metrics["systems"]
    notes = [f"{note[:1].upper()}{note[1:]}." for note in metrics["notes"]]
    missing = [kind for kind in BASELINES if kind != name and kind not in others]
    if missing:
        notes.append(f"Not scored, since the model does not carry them: {', '.join(missing)}.")
    unlabelled = [target["id"] for target in metrics["targets"] if target["id"] not in metrics["reliability"]]
    if unlabelled:
        notes.append(f"No row has a label for: {', '.join(unlabelled)}.")
    few = [
        f"{stance} on {target} ({figures['support']})"
        for target, scores in metrics["systems"][name]["targets"].items()
        for stance, figures in scores["per_stance"].items()
        if figures["support"] < FEW_ROWS
    ]
    if few:
        notes.append(f"Under {FEW_ROWS} gold rows, so that their scores say little: {', '.join(few)}.")
    if not has_texts:
        notes.append("The rows are not where they were scored, or have changed: errors stand here without their texts.")
    if provenance["uncommitted_changes"]:
        notes.append("The code had changes that are in no commit.")
    return notes


def _target_section(target: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """One target: its scores by system, and its plots; `scores` is null where no row is labelled for it."""
    name = next(iter(metrics["systems"]))
    scores = metrics["systems"][name]["targets"].get(target["id"])
    section = {"target": target, "scores": scores}
    if scores is None:
        return section
    reliability, selective = metrics["reliability"][target["id"]], metrics["selective"][target["id"]]
    return section | {
        "systems": {system: of_system["targets"][target["id"]] for system, of_system in metrics["systems"].items()},
        "confusion": [
            {"stance": stance, "cells": [(count, count / sum(counts) if sum(counts) else None) for count in counts]}
            for stance, counts in zip(STANCES, scores["confusion"], strict=True)
        ],
        "reliability": reliability,
        "reliability_plot": reliability_plot(reliability["reliability"]),
        "selective": selective,
        "risk_plot": risk_plot(selective["curve"], metrics["selective"]["pooled"]["curve"]),
    }


def _slice_table(kind: str, items: Sequence[Mapping[str, Any]], scores: Mapping[str, Any]) -> dict[str, Any]:
    """Slices of one kind with their bars, or why there are none."""
    gap = None
    if not items:
        gap = "no labelled row is in any slice."
    elif [item["slice"] for item in items] == [UNKNOWN]:
        gap = "not known for these rows."
    lines = [
        dict(item)
        | {
            "name": f"{government_name(item['slice'])} ({item['slice']})" if kind == "government" else item["slice"],
            "bar": interval_bar(item["macro_f1_interval_95"][0], item["macro_f1"], item["macro_f1_interval_95"][1]),
        }
        for item in items
    ]
    return {
        "kind": kind,
        "gap": gap,
        "lines": [] if gap else lines,
        "all": interval_bar(0, scores["mean"]["macro_f1"], 1),
    }


def _error(error: Mapping[str, Any], texts: Mapping[str, str] | None, doubted: set[tuple[str, str]]) -> dict[str, Any]:
    evidence = error["evidence"] or []
    return dict(error) | {
        "name": government_name(error["government"]),
        "label": "doubted" if (error["id"], error["target"]) in doubted else "not doubted",
        "parts": None if texts is None else _parts(texts[error["id"]], evidence),
    }


def _doubt(doubt: Mapping[str, Any], texts: Mapping[str, str] | None) -> dict[str, Any]:
    return dict(doubt) | {
        "name": government_name(doubt["government"]),
        "parts": None if texts is None else _parts(texts[doubt["id"]], []),
    }


def _parts(text: str, evidence: Sequence[Mapping[str, Any]]) -> list[tuple[str, float | None]]:
    """A text cut into what is evidence (with its probability) and what is not; sentences never overlap."""
    parts: list[tuple[str, float | None]] = []
    done = 0
    for item in sorted(evidence, key=lambda item: item["start"]):
        parts += [(text[done : item["start"]], None), (text[item["start"] : item["end"]], item["probability"])]
        done = item["end"]
    return [(part, probability) for part, probability in [*parts, (text[done:], None)] if part]


def _loss_by_epoch(loss: Sequence[Mapping[str, float]]) -> list[tuple[int, str]]:
    """Mean of the logged losses of each epoch; epoch 1 holds what is logged at 0 to 1."""
    by_epoch: dict[int, list[float]] = {}
    for point in loss:
        by_epoch.setdefault(max(1, -int(-point["epoch"] // 1)), []).append(point["loss"])
    return [(epoch, number(sum(values) / len(values))) for epoch, values in sorted(by_epoch.items())]
