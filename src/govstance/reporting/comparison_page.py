"""comparison.html: a comparison as one file that needs nothing else, on a screen, a phone or paper."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from govstance.reporting import plots
from govstance.reporting.comparison_tables import describe_rows, mean_with_deviation, number, p_text, sentence_of_pair

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
    environment = Environment(
        loader=PackageLoader("govstance", "reporting/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "signed": lambda value: number(value, signed=True),
        "p": p_text,
        "mean": mean_with_deviation,
        "setting": _setting_text,
    }
    widths = (("wide", plots.WIDE), ("narrow", plots.NARROW))
    systems = comparison["systems"]
    return environment.get_template("comparison.html").render(
        comparison=comparison,
        rows_in_words=describe_rows(comparison["rows"]),
        sentences=[sentence_of_pair(pair) for pair in comparison["pairs"]],
        baselines=_baseline_ranges(systems),
        slices_shown=SLICES_SHOWN,
        leaderboard=[(name, plots.leaderboard_plot(systems, width)) for name, width in widths],
        curves=_drawn([(name, plots.curves_plot(curves, width)) for name, width in widths]),
        time=_drawn([(name, plots.time_plot(systems, width)) for name, width in widths]),
    )


def _drawn(drawings: list[tuple[str, dict[str, Any] | None]]) -> list[tuple[str, dict[str, Any]]]:
    return [(name, plot) for name, plot in drawings if plot is not None]


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
