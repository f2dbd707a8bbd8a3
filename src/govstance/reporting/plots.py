"""Where the marks of a plot lie, in pixels; templates/plots.html draws them as SVG.

Systems are told apart by letter and dash first, by colour second, so a plot can be read in black and white.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from govstance.evaluation.costs import COSTS

# Named in templates/base.html, once for light and once for dark screens. Okabe and Ito 2008: colours that people with
# any colour vision can tell apart; yellow is left out (too pale).
COLOURS = tuple(f"var(--series-{number})" for number in range(1, 8))
DASHES = ("", "8 4", "2 3", "12 3 2 3", "5 2", "1 5", "14 6")
# A plot is drawn twice, and the page shows the one that fits the screen: text keeps its size.
WIDE, NARROW = 1020, 340
PANEL_HEIGHT = 300
# Costs that lie further apart than this stand on a logarithmic axis.
LOGARITHMIC_FROM = 10
LETTER_HEIGHT = 16
# Of logged losses, each the mean of ten steps: the line shows the trend, not the batch.
SMOOTHING = 15


@dataclass(frozen=True)
class Axis:
    """An axis: values `low` to `high` on pixels `start` to `end`, with round tick values."""

    low: float
    high: float
    start: float
    end: float
    ticks: list[float]
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Pixel of a value, to a tenth."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        share = (value - low) / (high - low)
        return round(self.start + share * (self.end - self.start), 1)


def axis(values: Sequence[float], start: float, end: float, *, n_ticks: int = 5) -> Axis:
    """An axis that holds all values, with a margin, and about `n_ticks` round ticks."""
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    low, high = low - margin, high + margin
    rough = (high - low) / n_ticks
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((factor * power for factor in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / rough)))
    first, last = math.ceil(low / step), math.floor(high / step)
    return Axis(low, high, start, end, [round(number * step, 10) for number in range(first, last + 1)])


def cost_axis(values: Sequence[float], start: float, end: float) -> Axis:
    """From 0, or logarithmic with powers of ten as ticks where the values lie far apart."""
    low, high = min(values), max(values)
    if low <= 0 or high < LOGARITHMIC_FROM * low:
        return axis([0.0, *values], start, end, n_ticks=4)
    margin = (high / low) ** 0.08
    low, high = low / margin, high * margin
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    return Axis(low, high, start, end, [10.0**power for power in powers], logarithmic=True)


def style(position: int) -> dict[str, str]:
    """Colour and dash of the system at this place of the leaderboard."""
    return {"colour": COLOURS[position % len(COLOURS)], "dash": DASHES[position % len(DASHES)]}


def leaderboard_plot(systems: Sequence[dict[str, Any]], width: int) -> dict[str, Any]:
    """A dot and whisker for each system, a small ring for each of its runs."""
    ends = [value for system in systems for value in system["macro_f1_interval_95"]]
    dots = [run["macro_f1"] for system in systems for run in system["runs"]]
    scale = axis([*ends, *dots], 12, width - 12, n_ticks=6 if width > 500 else 4)
    row_height = 46
    rows = []
    for position, system in enumerate(systems):
        low, high = system["macro_f1_interval_95"]
        rows.append(
            style(position)
            | {
                "label": system["label"],
                "name": system["name"],
                "text": f"{system['macro_f1']['mean']:.3f} ({low:.3f} to {high:.3f})",
                "y": 34 + position * row_height,
                "low": scale.place(low),
                "high": scale.place(high),
                "mean": scale.place(system["macro_f1"]["mean"]),
                "runs": [scale.place(run["macro_f1"]) for run in system["runs"]] if len(system["runs"]) > 1 else [],
            }
        )
    bottom = 34 + len(systems) * row_height - 20
    ticks = [{"x": scale.place(value), "text": f"{value:g}"} for value in scale.ticks]
    return {"width": width, "height": bottom + 36, "bottom": bottom, "rows": rows, "ticks": ticks}


def curves_plot(
    curves: Sequence[tuple[str, Sequence[Sequence[dict[str, float]]]]], width: int
) -> dict[str, Any] | None:
    """The training loss of each run over epochs; None where no run tells its loss.

    Args:
        curves: Label of each system and the losses of its runs, [{"epoch", "loss"}] each.
        width: In pixels.
    """
    smooth = [
        (position, label, [(point["epoch"], value) for point, value in zip(run, _running_mean(run), strict=True)])
        for position, (label, runs) in enumerate(curves)
        for run in runs
        if run
    ]
    if not smooth:
        return None
    height = 320
    points = [point for _, _, run in smooth for point in run]
    across = axis([0.0, *(epoch for epoch, _ in points)], 44, width - 28, n_ticks=5 if width > 500 else 4)
    up = axis([loss for _, loss in points], height - 40, 24)
    lines: list[dict[str, Any]] = [
        style(position)
        | {"label": label, "end": across.place(run[-1][0]), "y": up.place(run[-1][1])}
        | {"points": " ".join(f"{across.place(epoch)},{up.place(loss)}" for epoch, loss in run)}
        for position, label, run in smooth
    ]
    # One letter a system, at the end of its first run; letters that would cover each other move up.
    ends = {line["label"]: line for line in reversed(lines)}
    labels, last = [], math.inf
    for line in sorted(ends.values(), key=lambda line: -line["y"]):
        last = min(line["y"], last - LETTER_HEIGHT)
        labels.append({"text": line["label"], "x": line["end"] + 7, "y": last, "colour": line["colour"]})
    return frame(width, height, across, up) | {"lines": lines, "labels": labels}


def trade_off_plot(systems: Sequence[dict[str, Any]], cost: str, name: str) -> dict[str, Any] | None:
    """Score against one cost of training; None where it is known of fewer than two systems.

    Args:
        systems: As comparison.json holds them.
        cost: Key of `training` and of `non_dominated`.
        name: Of the cost, for the axis.
    """
    known = [(position, system) for position, system in enumerate(systems) if system["training"][cost] is not None]
    if len(known) < 2:
        return None
    across = cost_axis([system["training"][cost] for _, system in known], 44, NARROW - 16)
    ends = [value for _, system in known for value in system["macro_f1_interval_95"]]
    up = axis(ends, PANEL_HEIGHT - 40, 24)
    points: list[dict[str, Any]] = [
        style(position)
        | {
            "label": system["label"],
            "x": across.place(system["training"][cost]),
            "y": up.place(system["macro_f1"]["mean"]),
            "low": up.place(system["macro_f1_interval_95"][0]),
            "high": up.place(system["macro_f1_interval_95"][1]),
            "best": system["non_dominated"][cost],
        }
        for position, system in known
    ]
    front = sorted((point["x"], point["y"]) for point in points if point["best"])
    return frame(NARROW, PANEL_HEIGHT, across, up) | {
        "points": points,
        "front": _stairs(front, less_is_better=COSTS[cost] == "less"),
        "name": f"{name}{', log scale' if across.logarithmic else ''}",
    }


def _stairs(front: Sequence[tuple[float, float]], *, less_is_better: bool) -> str:
    """The best score that can be had at each cost: on to the next system's cost first, or to its score first."""
    corners = []
    for here, following in pairwise(front):
        corners += [here, (following[0], here[1]) if less_is_better else (here[0], following[1])]
    return " ".join(f"{x},{y}" for x, y in [*corners, *front[-1:]])


def frame(width: int, height: int, across: Axis, up: Axis) -> dict[str, Any]:
    """Size, axes and ticks of a plot, as the macro `frame` of plots.html draws them."""
    return {
        "width": width,
        "height": height,
        "left": across.start,
        "right": across.end,
        "bottom": up.start,
        "across": [{"x": across.place(value), "text": f"{value:g}"} for value in across.ticks if value >= 0],
        "up": [{"y": up.place(value), "text": f"{value:g}"} for value in up.ticks],
    }


def _running_mean(run: Sequence[dict[str, float]]) -> list[float]:
    losses = np.array([point["loss"] for point in run])
    half = SMOOTHING // 2
    return [float(losses[max(0, index - half) : index + half + 1].mean()) for index in range(len(losses))]
