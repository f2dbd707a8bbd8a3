"""validity.html and the maps: what governments say, as a model reads it, beside what they did."""

from collections.abc import Mapping
from typing import Any

from govstance.actors.names import government_name
from govstance.reporting.pages import page_environment
from govstance.reporting.validity_tables import POPULATION_NAMES, SET_NAMES, STATISTIC_NAMES, SYSTEM_NAMES
from govstance.reporting.world_map import world_map


def map_svg(section: Mapping[str, Any], target: Mapping[str, Any], world: Mapping[str, Any]) -> str:
    """One map as a file of its own, with its legend."""
    return page_environment().get_template("map.svg").render(map=_map(section, target, world), title=target["name"])


def validity_page(section: Mapping[str, Any], world: Mapping[str, Any]) -> str:
    """The page as HTML; its body is the partial template _validity.html.

    Args:
        section: As metrics.json holds it under `validity`.
        world: As data/world/world.json holds it.
    """
    return page_environment().get_template("validity.html").render(**validity_values(section, world))


def validity_values(section: Mapping[str, Any], world: Mapping[str, Any]) -> dict[str, Any]:
    """What _validity.html needs, for a page that includes it."""
    return {
        "validity": section,
        "maps": {target["id"]: _map(section, target, world) for target in section["targets"]},
        "validity_names": SYSTEM_NAMES | SET_NAMES | POPULATION_NAMES,
        "validity_statistics": STATISTIC_NAMES,
        "government_rows": _government_rows(section),
        "government_name": government_name,
    }


def _map(section: Mapping[str, Any], target: Mapping[str, Any], world: Mapping[str, Any]) -> dict[str, Any]:
    governments = target["governments"]
    of_target = [criterion for criterion in section["criteria"] if criterion["target"] == target["id"]]
    titles = {}
    for code in (*world["shapes"], *world["points"]):
        parts = [government_name(code)]
        if code in governments:
            said = governments[code]
            parts.append(f"{said['score']:+.2f} (passages: {said['n_passages']}, speeches: {said['n_speeches']})")
        parts += [f"{item['id']}: {item['facts'][code]['value']}" for item in of_target if code in item["facts"]]
        titles[code] = "; ".join(parts)
    return world_map(
        world,
        {code: (said["score"], said["n_passages"]) for code, said in governments.items()},
        name=target["id"],
        titles=titles,
    )


def _government_rows(section: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a government: its score on each target, and its value for each criterion."""
    targets, criteria = section["targets"], section["criteria"]
    codes = {code for target in targets for code in target["governments"]}
    return [
        {
            "code": code,
            "name": government_name(code),
            "said": [target["governments"].get(code) for target in targets],
            "did": [criterion["facts"].get(code) for criterion in criteria],
        }
        for code in sorted(codes, key=government_name)
    ]
