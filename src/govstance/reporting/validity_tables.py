"""What governments say beside what they did, as tables: validity.csv, on the terminal, in report.md."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from govstance.actors.names import government_name
from govstance.reporting.markdown import markdown_table, number

SYSTEM_NAMES = {"naming": "how often it speaks of it", "country_prior": "country prior", "tfidf": "TF-IDF"}
SET_NAMES = {"all_speeches": "all speeches", "without_training_rows": "speeches without a training row"}
POPULATION_NAMES = {"all_governments": "all that spoke", "with_position": "with a position only"}
STATISTIC_NAMES = {"auc": "AUC", "ordinal": "ordinal AUC", "spearman": "Spearman", "kendall": "Kendall"}
# For a report without the section.
COMMAND = (
    "scripts/evaluate.py model=<folder of the run> corpus.files=[<rows>] validity=true "
    "speeches.folder=<folder of the UN General Debate Corpus>"
)
WHAT_IT_DOES = (
    "reads official speeches with the model, holds them against votes, sanctions and memberships, and leaves a report "
    "with this section."
)
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


def validity_section(section: Mapping[str, Any] | None) -> list[str]:
    """The section of report.md: the figures over all governments that spoke, and who disagrees most.

    Args:
        section: As metrics.json holds it; None: no speeches were read.
    """
    title = ["## What governments say and what they did", ""]
    if section is None:
        return [*title, f"Not measured for this run. `{COMMAND}` {WHAT_IT_DOES}", ""]
    figures = [
        [
            f"{criterion['id']}, {SET_NAMES[set_name]}: {SYSTEM_NAMES.get(system, system)}",
            *(str(found[name]) for name in ("n", "n_lowest", "n_highest")),
            *(_with_interval(found[name]) for name in STATISTIC_NAMES),
        ]
        for criterion in section["criteria"]
        for set_name, populations in criterion["figures"].items()
        for system, found in populations["all_governments"].items()
    ]
    cases = [
        [
            f"{criterion['id']}: {case['name']}",
            *(case["value"], f"{case['score']:+.3f}", case["leans_to"], f"{100 * case['share']:.0f} %"),
        ]
        for criterion in section["criteria"]
        for case in criterion["disagreements"]
    ]
    speeches = section["speeches"]
    parts = [
        *title,
        f"{speeches['n_speeches']:,} speeches of {speeches['n_governments']} governments, read by "
        f"{section['model']}. AUC: how often, of two governments, the one with the highest value has the higher score "
        "than the one with the lowest; 0.5 is chance. Intervals: 95 %, bootstrap over governments. How the score is "
        "made, all figures and the sentences: validity.html.",
        "",
        markdown_table(["criterion, speeches: system", "n", "lowest", "highest", *STATISTIC_NAMES.values()], figures),
        "",
    ]
    if cases:
        parts += [
            "Governments that disagree most; share: of those with another value, how many its score puts it on the "
            "wrong side of.",
            "",
            markdown_table(["criterion: government", "did", "score", "leans to", "share"], cases),
            "",
        ]
    return parts


def _with_interval(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "-"
    ends = found["interval_95"]
    return number(found["value"]) + (f" ({ends[0]:.3f} to {ends[1]:.3f})" if ends else "")
