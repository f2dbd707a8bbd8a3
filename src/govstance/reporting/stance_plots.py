"""Where the marks of a timeline of stances lie, in pixels; templates/stances.html draws them.

A stance is told by the shape of its mark and its height first, by its colour second.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from govstance.inference.table import TableRow
from govstance.schema import STANCES

LANE_HEIGHT, TITLE_HEIGHT = 84, 36
FAVOR, AGAINST = STANCES.index("favor"), STANCES.index("against")
LEFT = 74
# A year has 12 names and a narrow plot room for 5 of them.
PIXELS_PER_TICK = 78


def timeline_plot(of_target: Mapping[str, Sequence[TableRow]], width: int) -> dict[str, Any] | None:
    """One lane a target: a mark each period, high for favor and low for against.

    Args:
        of_target: Target id -> rows of one government with dated periods, in order.
        width: In pixels.

    Returns:
        None where there are fewer than two periods with a position.
    """
    shown = {target: [row for row in rows if row.stance != "none"] for target, rows in of_target.items()}
    lanes_with_rows = {target: rows for target, rows in shown.items() if rows}
    periods = sorted({row.period for rows in lanes_with_rows.values() for row in rows})
    if len(periods) < 2:
        return None
    first, last = _middle(periods[0]), _middle(periods[-1])
    right = width - 26

    def across(period: str) -> float:
        return round(LEFT + 14 + (_middle(period) - first) / (last - first) * (right - LEFT - 14), 1)

    lanes = []
    for number, (target, rows) in enumerate(lanes_with_rows.items()):
        top = number * (LANE_HEIGHT + TITLE_HEIGHT) + TITLE_HEIGHT
        lanes.append(
            {
                "target": target,
                "top": top,
                "middle": top + LANE_HEIGHT / 2,
                "bottom": top + LANE_HEIGHT,
                "marks": [_mark(row, across(row.period), top) for row in rows],
            }
        )
    bottom = len(lanes) * (LANE_HEIGHT + TITLE_HEIGHT)
    room = max(2, int((right - LEFT) / PIXELS_PER_TICK))
    ticks, last_x = [], -1000.0
    for period in periods:
        x = across(period)
        if x - last_x >= (right - LEFT) / room:
            ticks.append({"x": x, "text": period})
            last_x = x
    return {
        "width": width,
        "height": bottom + 26,
        "left": LEFT,
        "right": right,
        "bottom": bottom,
        "lanes": lanes,
        "ticks": ticks,
    }


def _mark(row: TableRow, x: float, top: float) -> dict[str, Any]:
    score = row.probabilities[FAVOR] - row.probabilities[AGAINST] if row.probabilities else 0.0
    # Marks keep clear of the lane's edges.
    y = round(top + LANE_HEIGHT / 2 - score * (LANE_HEIGHT / 2 - 10), 1)
    certainty = "" if row.probability is None else f" {row.probability:.2f}"
    documents = f"{row.n_stating} of {row.n_documents} document{'s' if row.n_documents > 1 else ''}"
    return {"x": x, "y": y, "stance": row.stance, "text": f"{row.period}: {row.stance}{certainty}, {documents}"}


def _middle(period: str) -> float:
    """A day in the middle of a period, as a number."""
    missing = {"2022": "-07-01", "2022-04": "-15", "2022-04-05": ""}
    day = period + next(rest for form, rest in missing.items() if len(form) == len(period))
    return float(datetime.date.fromisoformat(day).toordinal())
