"""The maps on the page of a table: which pattern each government has on each target, and what it links to.

Geometry is `world_map`'s; templates/stance_maps.html draws it. A stance is told by its pattern first and its colour
second, so a map can be read in black and white and by those who see no difference of colour.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from govstance.actors.names import government_name
from govstance.inference.table import CONFLICTING, TableRow
from govstance.reporting.stance_tables import interval_text
from govstance.reporting.world_map import CLOSE_RIGHT, FALLING_LEFT, FALLING_RIGHT, MapClass, world_outlines
from govstance.schema import UNCERTAIN
from govstance.targets import Target

# x, y, width, height in the pixels of the world map: Europe to the Caspian, where countries are small.
EUROPE = (420, 22, 175, 137)

# Favor is dark, against light: they differ in a grey copy too small to show which way lines fall.
CLASSES: Mapping[str, MapClass] = {
    item.id: item
    for item in (
        MapClass("favor", "favor", 0, "#0072b2", "#00314d", CLOSE_RIGHT),
        MapClass("against", "against", 0, "#f8c9a6", "#b84a00", FALLING_LEFT),
        MapClass("neutral", "neutral", 0, "#f2f2f2", "#000", "M-1 1H9M-1 5H9"),
        MapClass(CONFLICTING, "conflicting", 0, "#fff", "#7a3b78", FALLING_RIGHT + FALLING_LEFT),
        MapClass(UNCERTAIN, "uncertain", 0, "#fff", "#444", "M1 0V3M5 4V7"),
        MapClass("none", "named, no position", 0, "#fff", "#777", "M1 2H2.5M5 6H6.5"),
        MapClass("unread", "no answer", 0, "#ebebeb", "#000", ""),
    )
}


def stance_maps(
    overall: Sequence[TableRow], targets: Sequence[Target], world: Mapping[str, Any], with_section: set[str]
) -> dict[str, Any]:
    """Outlines, and for each target the classes, texts and links of the governments.

    Args:
        overall: One row a government and target.
        targets: In the order of the maps.
        world: As data/world/world.json holds it.
        with_section: Governments that the page has a section of.
    """
    outlines = world_outlines(world)
    codes = [shape["code"] for shape in (*outlines["shapes"], *outlines["points"])]
    maps = {}
    for target in targets:
        rows = {row.government: row for row in overall if row.target == target.id}
        drawn = {code: rows[code].stance if code in rows else "unread" for code in codes}
        counted = Counter(row.stance for row in rows.values())
        maps[target.id] = {
            "places": {
                code: {
                    "class": CLASSES[drawn[code]],
                    "title": f"{government_name(code)}: {_told(rows.get(code))}",
                    "link": _link(rows.get(code), with_section),
                }
                for code in codes
            },
            "key": [(item, counted[name]) for name, item in CLASSES.items() if counted[name] or name == "unread"],
            "off_the_map": sorted(government_name(code) for code in set(rows) - set(codes)),
        }
    return {"outlines": outlines, "of_target": maps, "europe": EUROPE}


def _link(row: TableRow | None, with_section: set[str]) -> str | None:
    if row is None or row.government not in with_section:
        return None
    return row.government if row.stance == "none" else f"{row.government}-{row.target}"


def _told(row: TableRow | None) -> str:
    if row is None:
        return "no answer"
    leaning = f", rather {row.leaning}" if row.stance == CONFLICTING else ""
    certainty = "" if row.probability is None else f" {row.probability:.2f}"
    interval = f" ({interval_text(row)})" if row.interval else ""
    return (
        f"{row.stance}{leaning}{certainty}{interval}; {row.n_stating} of {row.n_documents} documents state a position"
    )
