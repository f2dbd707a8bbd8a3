"""World maps of a score: where each government's shape lies, in pixels; templates/maps.html draws it as SVG.

A class is told by its pattern first and its colour second, so a map can be read in black and white.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH = 1000
CENTRAL_MERIDIAN = 11.0  # the edge lies in the Bering Strait, as in data/world
SOUTHERN_EDGE = -56.0
POINT_RADIUS = 4.0
# Of the polynomial of the projection: Šavrič, Patterson and Jenny 2018, The Equal Earth map projection.
_A1, _A2, _A3, _A4 = 1.340264, -0.081106, 0.000893, 0.003796


@dataclass(frozen=True, slots=True)
class MapClass:
    """A class of scores.

    Attributes:
        id: Names its pattern in the SVG.
        text: For the legend.
        above: Scores above this; the first class that fits is taken.
        ground, line: Colours of the ground and of the pattern on it.
        pattern: SVG path in a tile of 8 by 8 pixels; empty: plain.
    """

    id: str
    text: str
    above: float
    ground: str
    line: str
    pattern: str


# Lines that fall to the right are favor, those that fall to the left against; the closer, the clearer.
FALLING_RIGHT, FALLING_LEFT = "M-1 -1L9 9M-1 7L1 9M7 -1L9 1", "M9 -1L-1 9M1 -1L-1 1M9 7L7 9"
CLOSE_RIGHT, CLOSE_LEFT = FALLING_RIGHT + "M-1 3L5 9M3 -1L9 5", FALLING_LEFT + "M9 3L3 9M5 -1L-1 5"
SCORE_CLASSES = (
    MapClass("favor", "favor: 0.5 to 1", 0.5, "#56b4e9", "#003a5c", CLOSE_RIGHT),
    MapClass("leans-favor", "leans to favor: 0.1 to 0.5", 0.1, "#c9e6f8", "#0072b2", FALLING_RIGHT),
    MapClass("between", "between: -0.1 to 0.1", -0.1, "#e2e2e2", "#000", ""),
    MapClass("leans-against", "leans to against: -0.5 to -0.1", -0.5, "#fbd9c4", "#d55e00", FALLING_LEFT),
    MapClass("against", "against: -1 to -0.5", -math.inf, "#e8905a", "#5c2600", CLOSE_LEFT),
)
SILENT = MapClass("silent", "nothing on the subject", 0.0, "#fff", "#888", "M2 2h1.5v1.5h-1.5zM6 6h1.5v1.5h-1.5z")
UNREAD = MapClass("unread", "no speech read, or not asked", 0.0, "#fff", "#000", "")


def equal_earth(longitude: float, latitude: float) -> tuple[float, float]:
    """Degrees to the plane of the Equal Earth projection, y upwards; areas stay true.

    Source: Šavrič, Patterson and Jenny 2018, International Journal of Geographical Information Science 33(3).

    Example:
        >>> equal_earth(11.0, 0.0)
        (0.0, 0.0)
    """
    angle = math.asin(math.sqrt(3) / 2 * math.sin(math.radians(latitude)))
    square = angle * angle
    slope = 9 * _A4 * square**4 + 7 * _A3 * square**3 + 3 * _A2 * square + _A1
    x = 2 * math.sqrt(3) * math.radians(longitude - CENTRAL_MERIDIAN) * math.cos(angle) / (3 * slope)
    return x, angle * (_A4 * square**4 + _A3 * square**3 + _A2 * square + _A1)


def class_of(score: float | None, n_passages: int) -> MapClass:
    """The class of a government; None: it was not read."""
    if score is None:
        return UNREAD
    if n_passages == 0:
        return SILENT
    return next(item for item in SCORE_CLASSES if score > item.above)


def world_map(
    world: Mapping[str, Any], governments: Mapping[str, tuple[float, int]], *, name: str, titles: Mapping[str, str]
) -> dict[str, Any]:
    """Paths and points with the class of each government.

    Args:
        world: As data/world/world.json holds it.
        governments: Government -> score and number of passages read.
        name: Of the map, unique on its page and fit for an id.
        titles: Government -> what is said of it when pointed at.
    """
    outlines = world_outlines(world)

    def marked(shape: Mapping[str, Any]) -> dict[str, Any]:
        score, n_passages = governments.get(shape["code"], (None, 0))
        return {**shape, "class": class_of(score, n_passages), "title": titles.get(shape["code"], shape["code"])}

    return {
        **outlines,
        "name": name,
        "shapes": [marked(shape) for shape in outlines["shapes"]],
        "points": [marked(point) for point in outlines["points"]],
        "classes": [*SCORE_CLASSES, SILENT, UNREAD],
    }


def world_outlines(world: Mapping[str, Any]) -> dict[str, Any]:
    """Where each government's shape or point lies, whatever it is filled with.

    Args:
        world: As data/world/world.json holds it.
    """
    half_width, top = equal_earth(CENTRAL_MERIDIAN + 180, 0)[0], equal_earth(0, 84)[1]
    scale = WIDTH / (2 * half_width)

    def place(point: Sequence[float]) -> tuple[float, float]:
        x, y = equal_earth(*point)
        return round((x + half_width) * scale, 1), round((top - y) * scale, 1)

    return {
        "width": WIDTH,
        "height": round((top - equal_earth(0, SOUTHERN_EDGE)[1]) * scale),
        "radius": POINT_RADIUS,
        "shapes": [
            {"code": code, "path": "".join(_path([place(point) for point in ring]) for ring in rings)}
            for code, rings in world["shapes"].items()
        ],
        "points": [
            {"code": code, **dict(zip(("x", "y"), place(point), strict=True))}
            for code, point in world["points"].items()
        ],
    }


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + "Z"
