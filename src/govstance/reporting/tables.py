"""Tables of scores and of stances: on the terminal with rich, in report.md as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from govstance.reporting.details import reliability_section, selective_section, slices_section
from govstance.reporting.markdown import markdown_table, number
from govstance.reporting.validity_tables import validity_section
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


def describe_data(metrics: Mapping[str, Any]) -> str:
    """The rows behind a score in one phrase."""
    data = metrics["data"]
    split = f"{data['split']} split, " if data["split"] else ""
    n_languages = len(data["languages"])
    languages = f"{n_languages} language{'s' if n_languages > 1 else ''}"
    return f"{split}{data['n_rows']} rows from {data['n_documents']} documents in {languages}"


def report_markdown(metrics: Mapping[str, Any]) -> str:
    """report.md: data, headline, per target the scores of each stance and the confusion counts, and the details.

    Args:
        metrics: As metrics.json holds them.
    """
    header, rows = headline_rows(metrics, REPORT_COLUMNS)
    title = f"{next(iter(metrics['systems']))}: scores"
    parts = [f"# {title}", "", *[f"- {label}: {value}" for label, value in _facts(metrics)], "", "## Scores", ""]
    parts += [EXPLANATION, "", markdown_table(header, rows), ""]
    parts += _name_probe_section(metrics["probes"]["name"])
    model_name = next(iter(metrics["systems"]))
    for target, scores in metrics["systems"][model_name]["targets"].items():
        parts += _target_section(target, scores)
    parts += reliability_section(metrics["reliability"])
    parts += selective_section(metrics["selective"])
    parts += slices_section(metrics["slices"])
    parts += validity_section(metrics.get("validity"))
    doubts = metrics["label_doubts"]
    in_doubt = "" if doubts is None else f" and the labels in doubt ({len(doubts)})"
    parts += ["## To read", "", f"The worst errors{in_doubt}, with plots and texts, are in report.html.", ""]
    return "\n".join(parts)


def _facts(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and value of what the reader must know first."""
    data = metrics["data"]
    shown = [f"`{item['path']}` ({item['sha256'][:12]})" for item in data["files"][:3]]
    more = f" and {len(data['files']) - 3} more (provenance.json)" if len(data["files"]) > 3 else ""
    facts = [("Rows", describe_data(metrics)), ("Files (sha256)", ", ".join(shown) + more)]
    training = metrics["training"]
    if training:
        parts = [
            f"{training['n_rows']} rows in {training['n_texts']} texts, {training['seconds']:.0f} s, "
            f"{training['rows_per_second']:.1f} rows/s"
        ]
        if training["n_trained_weights"] is not None:
            parts.append(f"{training['n_trained_weights']:,} trained weights")
        if training.get("peak_memory_mib") is not None:
            parts.append(f"{training['peak_memory_mib']:,} MiB of memory at the peak")
        facts.append(("Training", ", ".join(parts)))
    return facts


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
