"""comparison.html: a comparison as one file that needs nothing else, on a screen, a phone or paper."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from govstance.reporting import plots
from govstance.reporting.comparison_tables import describe_rows, number, sentence_of_pair
from govstance.reporting.pages import WIDTHS, drawn, page_environment

# Slices of a kind that the page shows; comparison.json has all.
SLICES_SHOWN = 12
# Cost -> word, heading and axis.
TRADE_OFFS = {
    "seconds": ("time", "Training time", "seconds of training"),
    "rows_per_second": ("speed", "Speed of training", "rows learnt a second"),
    "peak_memory_mib": ("memory", "Peak memory of training", "MiB"),
}


def comparison_page(
    comparison: Mapping[str, Any], curves: Sequence[tuple[str, Sequence[Sequence[dict[str, float]]]]]
) -> str:
    """The page as HTML.

    Args:
        comparison: As comparison.json holds it.
        curves: Label of each system and the training losses of its runs, [{"epoch", "loss"}] each.
    """
    environment = page_environment()
    environment.filters["setting"] = _setting_text
    systems = comparison["systems"]
    return environment.get_template("comparison.html").render(
        comparison=comparison,
        rows_in_words=describe_rows(comparison["rows"]),
        sentences=[sentence_of_pair(pair, systems) for pair in comparison["pairs"]],
        baselines=_baseline_ranges(systems),
        slices_shown=SLICES_SHOWN,
        leaderboard=[(name, plots.leaderboard_plot(systems, width)) for name, width in WIDTHS],
        curves=drawn([(name, plots.curves_plot(curves, width)) for name, width in WIDTHS]),
        trade_offs=[_trade_off(systems, cost, heading, axis) for cost, (_, heading, axis) in TRADE_OFFS.items()],
        best_for={system["label"]: _best_for(system["non_dominated"]) for system in systems},
    )


def _trade_off(systems: Sequence[dict[str, Any]], cost: str, heading: str, axis: str) -> dict[str, Any]:
    """One plot of score against cost, and of which systems the cost is not known."""
    return {
        "heading": heading,
        "plot": plots.trade_off_plot(systems, cost, axis),
        "unknown": [system["label"] for system in systems if system["training"][cost] is None],
    }


def _best_for(non_dominated: Mapping[str, bool | None]) -> str:
    """The costs at which no other system scores as well for less."""
    return ", ".join(word for cost, (word, _, _) in TRADE_OFFS.items() if non_dominated[cost]) or "-"


def _setting_text(value: Any) -> str:
    """A setting in words; a list with one item a line."""
    if isinstance(value, list):
        return "\n".join(map(_setting_text, value)) or "none"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _baseline_ranges(systems: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each baseline's lowest and highest score over the systems, whose training rows it was fitted on."""
    found: dict[str, list[float]] = {}
    for system in systems:
        for name, score in (system["baselines"] or {}).items():
            found.setdefault(name, []).append(score)
    texts = []
    for name, scores in found.items():
        low, high = number(min(scores)), number(max(scores))
        texts.append(f"{name.replace('_', ' ')} {low}" + (f" to {high}" if high != low else ""))
    return texts
