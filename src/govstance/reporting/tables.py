"""Tables of scores and of stances: on the terminal with rich, in report.md as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from govstance.reporting.details import reliability_section, selective_section, slices_section
from govstance.reporting.markdown import markdown_table, number
from govstance.schema import STANCES

# After macro-F1 and its interval; the terminal has room for 80 characters.
REPORT_COLUMNS = (("macro-F1 (5+)", "macro_f1_supported"), ("F_avg", "f_avg"), ("accuracy", "accuracy"))
TERMINAL_COLUMNS = REPORT_COLUMNS[1:]
EXPLANATION = (
    "Means over the targets. macro-F1 runs over the four stances, its interval is a bootstrap over documents "
    "(1,000 draws); (5+): only stances with at least 5 rows. F_avg: mean F1 of favor and against. The baselines were "
    "fitted on the same training rows."
)


def headline_rows(metrics: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> tuple[list[str], list[list[str]]]:
    """Header and rows of the table that compares systems: the model first, then the baselines.

    Args:
        metrics: As metrics.json holds them.
        columns: (title, name of a mean) after macro-F1 and its interval.
    """
    header = ["system", "macro-F1", "95 % interval", *[title for title, _ in columns]]
    rows = []
    for name, scores in metrics["systems"].items():
        low, high = scores["macro_f1_interval_95"]
        figures = [number(scores["mean"][key]) for _, key in columns]
        rows.append([name, number(scores["mean"]["macro_f1"]), f"{low:.3f} to {high:.3f}", *figures])
    return header, rows


def print_headline(console: Console, title: str, metrics: Mapping[str, Any]) -> None:
    """Prints the headline table."""
    header, rows = headline_rows(metrics, TERMINAL_COLUMNS)
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def report_markdown(metrics: Mapping[str, Any], *, title: str, facts: Sequence[tuple[str, str]]) -> str:
    """report.md: data, headline, per target the scores of each stance and the confusion counts, and the details.

    Args:
        metrics: As metrics.json holds them.
        title: First heading.
        facts: Label and value of what the reader must know: data, rows, command.
    """
    header, rows = headline_rows(metrics, REPORT_COLUMNS)
    parts = [f"# {title}", "", *[f"- {label}: {value}" for label, value in facts], "", "## Scores", ""]
    parts += [EXPLANATION, "", markdown_table(header, rows), ""]
    parts += _name_probe_section(metrics["probes"]["name"])
    model_name = next(iter(metrics["systems"]))
    for target, scores in metrics["systems"][model_name]["targets"].items():
        parts += _target_section(target, scores)
    parts += reliability_section(metrics["reliability"])
    parts += selective_section(metrics["selective"])
    parts += slices_section(metrics["slices"])
    doubts = metrics["label_doubts"]
    in_doubt = "" if doubts is None else f" and the labels in doubt ({len(doubts)})"
    parts += ["## To read", "", f"The worst errors{in_doubt}, with plots and texts, are in report.html.", ""]
    return "\n".join(parts)


def _name_probe_section(probe: Mapping[str, Any] | None) -> list[str]:
    if probe is None:
        return []
    labels = {
        "as_written": "as written",
        "masked": "under a name that no training text holds",
        "swapped": "under the name of a random other government",
    }
    rows = []
    for key, label in labels.items():
        low, high = probe[key]["macro_f1_interval_95"]
        rows.append([label, number(probe[key]["mean"]["macro_f1"]), f"{low:.3f} to {high:.3f}"])
    return [
        "## Does the name decide?",
        "",
        f"The same {probe['n_rows']} rows (none of Russia or Ukraine), the government renamed in text and question. "
        "What is lost is what the name alone gave, and a little grammar: the new name is not inflected.",
        "",
        markdown_table(["rows", "macro-F1", "95 % interval"], rows),
        "",
    ]


def _target_section(target: str, scores: Mapping[str, Any]) -> list[str]:
    per_stance = [
        [stance, *[number(values[key]) for key in ("precision", "recall", "f1")], str(values["support"])]
        for stance, values in scores["per_stance"].items()
    ]
    confusion = [
        [f"gold {stance}", *map(str, counts)] for stance, counts in zip(STANCES, scores["confusion"], strict=True)
    ]
    low, high = scores["macro_f1_interval_95"]
    return [
        f"## {target}",
        "",
        f"macro-F1 {number(scores['macro_f1'])} ({low:.3f} to {high:.3f}), accuracy {number(scores['accuracy'])}, "
        f"expected calibration error {number(scores['expected_calibration_error'])}, {scores['support']} rows.",
        "",
        markdown_table(["stance", "precision", "recall", "F1", "rows"], per_stance),
        "",
        markdown_table(["", *[f"predicted {stance}" for stance in STANCES]], confusion),
        "",
    ]
