"""validity.html, validity.csv and the maps: what governments say, as a model reads it, beside what they did."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from govstance.actors.names import government_name
from govstance.reporting.comparison_tables import number
from govstance.reporting.pages import page_environment
from govstance.reporting.world_map import world_map

SYSTEM_NAMES = {"naming": "how often it speaks of it", "country_prior": "country prior", "tfidf": "TF-IDF"}
SET_NAMES = {"all_speeches": "all speeches", "without_training_rows": "speeches without a training row"}
POPULATION_NAMES = {"all_governments": "all that spoke", "with_position": "with a position only"}
STATISTIC_NAMES = {"auc": "AUC", "ordinal": "ordinal AUC", "spearman": "Spearman", "kendall": "Kendall"}
GOVERNMENT_COLUMNS = ("score", "stance", "n_passages", "n_speeches")
FACT_COLUMNS = ("value", "source", "status", "verification")


def validity_csv(section: Mapping[str, Any]) -> str:
    """One line a criterion and government that spoke; without a value where there is no fact."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["criterion", "target", "government", "name", *GOVERNMENT_COLUMNS, *FACT_COLUMNS])
    for line in _lines(section):
        writer.writerow(
            [line["criterion"], line["target"], line["government"], line["name"]]
            + [f"{line['score']:.4f}", *(line[name] for name in GOVERNMENT_COLUMNS[1:])]
            + [line[name] for name in FACT_COLUMNS]
        )
    return stream.getvalue()


def print_validity(console: Console, section: Mapping[str, Any]) -> None:
    """Prints the figures over all governments that spoke, one line a criterion, set of speeches and system."""
    table = Table(title="What governments say and what they did", title_justify="left")
    table.add_column("criterion", overflow="fold")
    for name in ("n", *STATISTIC_NAMES.values()):
        table.add_column(name, justify="right", no_wrap=True)
    for criterion in section["criteria"]:
        for set_name, populations in criterion["figures"].items():
            for system, found in populations["all_governments"].items():
                figures = [number(found[name]["value"] if found[name] else None) for name in STATISTIC_NAMES]
                name = SYSTEM_NAMES.get(system, system)
                table.add_row(f"{criterion['id']}, {SET_NAMES[set_name]}: {name}", str(found["n"]), *figures)
    console.print(table)


def _lines(section: Mapping[str, Any]) -> list[dict[str, Any]]:
    said = {target["id"]: target["governments"] for target in section["targets"]}
    nothing = dict.fromkeys(FACT_COLUMNS, "")
    return [
        {"criterion": criterion["id"], "target": criterion["target"], "government": code, "name": government_name(code)}
        | position
        | criterion["facts"].get(code, nothing)
        for criterion in section["criteria"]
        for code, position in said[criterion["target"]].items()
    ]


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
