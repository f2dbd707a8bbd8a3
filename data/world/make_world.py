"""Makes world.json from Natural Earth, as the npm package world-atlas carries it (public domain; package: ISC).

npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
python data/world/make_world.py package > data/world/world.json

Shapes are those of 1:110 million, in tenths of a degree; a state too small for them is a point, the middle of its
largest part at 1:50 million. Antarctica is left out. Longitudes run from -169 to 191, so that the edge of a map lies in
the Bering Strait and cuts no state. Natural Earth draws Crimea with Russia; here it is joined to Ukraine, whose
territory it is (resolution 68/262).
"""

import json
import sys
from pathlib import Path

import pycountry
import yaml

STATES = Path(__file__).parents[1] / "actors" / "states.yaml"
ANTARCTICA = "ATA"
# Not even in the shapes of 1:50 million.
TUVALU = [179.2, -8.5]
WESTERN_EDGE = -169
# Shapes without an ISO code, and whose colour they have.
OWNERS = {"N. Cyprus": "CYP", "Somaliland": "SOM", "Kosovo": "XKX"}
# The line that Crimea shares with Ukraine, and its coast, as numbers of arcs in countries-110m.json.
CRIMEA_BORDER, CRIMEA_COAST = 163, 164


def main(folder: Path) -> None:
    """Writes the JSON to standard output."""
    coarse = json.loads((folder / "countries-110m.json").read_text())
    by_name = {shape["properties"]["name"]: shape for shape in coarse["objects"]["countries"]["geometries"]}
    russia, ukraine = by_name["Russia"], by_name["Ukraine"]
    russia["arcs"].remove([[CRIMEA_BORDER, CRIMEA_COAST]])
    (ring,) = ukraine["arcs"]
    ring[ring.index(~CRIMEA_BORDER)] = CRIMEA_COAST
    shapes: dict[str, list[list[list[float]]]] = {}
    for code, rings in rings_by_code(coarse):
        if code != ANTARCTICA:
            shapes.setdefault(code, []).extend(rings)
    states = yaml.safe_load(STATES.read_text())
    points = {"TUV": TUVALU}
    for code, rings in rings_by_code(json.loads((folder / "countries-50m.json").read_text())):
        if code in states and code not in shapes:
            points[code] = middle(max(rings, key=len))
    json.dump({"shapes": shapes, "points": points}, sys.stdout, separators=(",", ":"), sort_keys=True)
    print()


def rings_by_code(atlas: dict) -> list[tuple[str, list[list[list[float]]]]]:
    """ISO 3166-1 alpha-3 -> rings of longitude and latitude, each closed by its last point."""
    found = []
    for shape in atlas["objects"]["countries"]["geometries"]:
        country = pycountry.countries.get(numeric=shape["id"]) if "id" in shape else None
        code = country.alpha_3 if country else OWNERS.get(shape["properties"]["name"])
        if code is not None:
            polygons = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
            found.append((code, [ring_points(atlas, ring) for polygon in polygons for ring in polygon]))
    return found


def ring_points(atlas: dict, ring: list[int]) -> list[list[float]]:
    """TopoJSON's arcs, each a chain of differences and read backwards where its number is negative."""
    (step_x, step_y), (left, bottom) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    points: list[list[float]] = []
    for number in ring:
        x = y = 0
        chain = []
        for difference_x, difference_y in atlas["arcs"][max(number, ~number)]:
            x, y = x + difference_x, y + difference_y
            chain.append([round(x * step_x + left, 1), round(y * step_y + bottom, 1)])
        for point in chain if number >= 0 else chain[::-1]:
            if not points or points[-1] != point:
                points.append(point)
    longitudes = [longitude for longitude, _ in points]
    beyond_the_edge = max(longitudes) - min(longitudes) > 180 or max(longitudes) < WESTERN_EDGE
    if not beyond_the_edge:
        return points
    return [[round(longitude + 360 * (longitude < WESTERN_EDGE), 1), latitude] for longitude, latitude in points]


def middle(ring: list[list[float]]) -> list[float]:
    """The middle of the box round a ring."""
    return [round((min(values) + max(values)) / 2, 1) for values in zip(*ring, strict=True)]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
