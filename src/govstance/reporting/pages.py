"""The templates of all pages: one environment, one style (templates/base.html)."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from govstance.reporting import plots
from govstance.reporting.comparison_tables import mean_with_deviation, number, p_text, whole

# Of each plot that fills the page: class of the SVG and width in pixels.
WIDTHS = (("wide", plots.WIDE), ("narrow", plots.NARROW))


def page_environment() -> Environment:
    """Templates with what is put in escaped, and an error for a value that is not there."""
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
        "whole": whole,
        "p": p_text,
        "mean": mean_with_deviation,
        "interval": _interval,
    }
    return environment


def drawn(drawings: list[tuple[str, dict[str, Any] | None]]) -> list[tuple[str, dict[str, Any]]]:
    """The plots that there was something to draw for."""
    return [(name, plot) for name, plot in drawings if plot is not None]


def _interval(ends: tuple[float, float]) -> str:
    return f"{number(ends[0])} to {number(ends[1])}"
