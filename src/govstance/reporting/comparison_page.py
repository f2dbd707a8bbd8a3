"""comparison.html: a comparison as one file that needs nothing else, on a screen, a phone or paper."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from govstance.reporting import plots
from govstance.reporting.comparison_tables import describe_rows, number, sentence_of_pair
from govstance.reporting.pages import WIDTHS, drawn, page_environment

# Slices of a kind that the page shows; comparison.json has all.
SLICES_SHOWN = 12


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
        sentences=[sentence_of_pair(pair) for pair in comparison["pairs"]],
        baselines=_baseline_ranges(systems),
        slices_shown=SLICES_SHOWN,
        leaderboard=[(name, plots.leaderboard_plot(systems, width)) for name, width in WIDTHS],
        curves=drawn([(name, plots.curves_plot(curves, width)) for name, width in WIDTHS]),
        time=drawn([(name, plots.time_plot(systems, width)) for name, width in WIDTHS]),
    )


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
