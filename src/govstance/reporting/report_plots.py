"""Where the marks of the plots of report.html lie, in pixels; templates/plots.html draws them as SVG."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from govstance.reporting.plots import Axis, axis, frame, leaderboard_plot

# One size for a phone and for two beside each other on a screen.
PANEL_WIDTH, PANEL_HEIGHT = 340, 300
LEFT, RIGHT, TOP, BOTTOM = 40, 12, 22, 40
# The bars of rows take this share of the height.
BARS_SHARE = 0.22
INTERVAL_WIDTH, INTERVAL_HEIGHT = 150, 14
SHARES = [0.0, 0.25, 0.5, 0.75, 1.0]


def systems_plot(systems: Mapping[str, Mapping[str, Any]], width: int) -> dict[str, Any]:
    """A dot and whisker for each system.

    Args:
        systems: As metrics.json holds them.
        width: In pixels.
    """
    as_compared = [
        {
            "label": "",
            "name": name,
            "macro_f1": {"mean": scores["mean"]["macro_f1"]},
            "macro_f1_interval_95": scores["macro_f1_interval_95"],
            "runs": [],
        }
        for name, scores in systems.items()
    ]
    return leaderboard_plot(as_compared, width)


def reliability_plot(bins: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Accuracy against confidence by bin, with the rows of each bin as bars at the bottom.

    Args:
        bins: `reliability` of one target, as metrics.json holds it.
    """
    across, up = _share_axis(LEFT, PANEL_WIDTH - RIGHT), _share_axis(PANEL_HEIGHT - BOTTOM, TOP)
    most = max(item["rows"] for item in bins)
    full = (up.start - up.end) * BARS_SHARE
    points = [
        {
            "x": across.place(item["confidence"]),
            "y": up.place(item["accuracy"]),
            # The area of a dot grows with its rows; the smallest can still be seen.
            "radius": round(2.5 + 4.5 * math.sqrt(item["rows"] / most), 1),
            "bar_x": across.place(item["from"]),
            "bar_width": round(across.place(item["to"]) - across.place(item["from"]) - 1, 1),
            "bar_height": round(full * item["rows"] / most, 1),
            "text": f"{item['rows']} rows: mean probability {item['confidence']:.3f}, right {item['accuracy']:.3f}",
        }
        for item in bins
    ]
    return frame(PANEL_WIDTH, PANEL_HEIGHT, across, up) | {
        "points": points,
        "line": " ".join(f"{point['x']},{point['y']}" for point in points),
        "top": up.end,
    }


def risk_plot(curve: Sequence[Mapping[str, float]], pooled: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """Risk against coverage: one target, and all answers together for comparison.

    Args:
        curve, pooled: `curve` of a target and of the pooled answers, as metrics.json holds them.
    """
    across = _share_axis(LEFT, PANEL_WIDTH - RIGHT)
    up = axis([0.0, *(point["risk"] for point in [*curve, *pooled]), 0.05], PANEL_HEIGHT - BOTTOM, TOP)

    def line(points: Sequence[Mapping[str, float]]) -> str:
        return " ".join(f"{across.place(point['coverage'])},{up.place(point['risk'])}" for point in points)

    dots = [
        {
            "x": across.place(point["coverage"]),
            "y": up.place(point["risk"]),
            "text": f"{point['coverage']:.0%} answered: {point['risk']:.3f} of them wrong",
        }
        for point in curve
    ]
    return frame(PANEL_WIDTH, PANEL_HEIGHT, across, up) | {"line": line(curve), "pooled": line(pooled), "dots": dots}


def interval_bar(low: float, value: float, high: float) -> dict[str, float]:
    """Places of an interval on a line from 0 to 1, for a cell of a table."""
    scale = Axis(0.0, 1.0, 3, INTERVAL_WIDTH - 3, [])
    return {"low": scale.place(low), "value": scale.place(value), "high": scale.place(high)}


def _share_axis(start: float, end: float) -> Axis:
    return Axis(0.0, 1.0, start, end, SHARES)
