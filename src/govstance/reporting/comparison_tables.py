"""A comparison as tables: on the terminal with rich, as CSV, and in LaTeX with booktabs."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from govstance.evaluation.costs import COSTS

SIGNIFICANT = 0.05


def number(value: float | None, *, signed: bool = False) -> str:
    """Three decimals, a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:+.3f}" if signed else f"{value:.3f}"


def whole(value: float | None) -> str:
    """A time or a size: no decimals from 10 on, a dash where it is not known."""
    return "-" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def p_text(value: float) -> str:
    """A p-value as people read it."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def mean_with_deviation(summary: Mapping[str, float | None], *, sign: str = "±") -> str:
    """Mean, and the standard deviation over runs where there are several."""
    deviation = summary["standard_deviation"]
    return number(summary["mean"]) + (f" {sign} {number(deviation)}" if deviation is not None else "")


def sentence_of_pair(pair: Mapping[str, Any], systems: Sequence[Mapping[str, Any]]) -> str:
    """One pair in words."""
    first, second = (
        f"{system['label']} {system['name']}"
        for label in (pair["first"], pair["second"])
        for system in systems
        if system["label"] == label
    )
    low, high = pair["interval_95"]
    shown = pair["p_value_holm"] < SIGNIFICANT
    verdict = f"{pair['first']} is better than {pair['second']}" if shown else "no difference is shown"
    return (
        f"{first} against {second}: {number(pair['difference'], signed=True)} "
        f"({low:+.3f} to {high:+.3f}), p {p_text(pair['p_value_holm'])}: {verdict}"
    )


def describe_rows(rows: Mapping[str, Any]) -> str:
    """The rows behind a comparison in one phrase."""
    part = "" if rows["n_pairs"] == rows["n_pairs_of_any"] else f" of {rows['n_pairs_of_any']:,}"
    return (
        f"{rows['n_rows']:,} rows from {rows['n_documents']:,} documents; {rows['n_pairs']:,}{part} labelled "
        "(id, target) pairs"
    )


def print_comparison(console: Console, comparison: Mapping[str, Any]) -> None:
    """Prints the leaderboard and one line a pair."""
    table = Table(title=f"macro-F1 on {describe_rows(comparison['rows'])}", title_justify="left")
    table.add_column("system", overflow="fold")
    for name in ("runs", "macro-F1", "95 % interval", "(5+)", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for system in comparison["systems"]:
        low, high = system["macro_f1_interval_95"]
        table.add_row(
            f"{system['label']} {system['name']}",
            str(len(system["runs"])),
            mean_with_deviation(system["macro_f1"]),
            f"{low:.3f} to {high:.3f}",
            number(system["macro_f1_supported"]["mean"]),
            whole(system["training"]["seconds"]),
        )
    console.print(table)
    for pair in comparison["pairs"]:
        console.print(Text(sentence_of_pair(pair, comparison["systems"])))
    if not comparison["pairs"]:
        console.print("One system only: nothing to compare it with.")


def comparison_csv(comparison: Mapping[str, Any]) -> str:
    """One line a system, figures unrounded; empty where there is none."""
    targets: Sequence[str] = comparison["rows"]["targets"]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["label", "name", "n_runs", "seeds", "n_rows", "n_documents", "macro_f1", "macro_f1_standard_deviation"]
        + ["macro_f1_low", "macro_f1_high", "macro_f1_supported"]
        + [f"macro_f1_{target}" for target in targets]
        + ["training_seconds", "rows_per_second", "peak_memory_mib"]
        + [f"non_dominated_{name}" for name in COSTS]
    )
    for system in comparison["systems"]:
        training, best = system["training"], system["non_dominated"]
        seeds = " ".join(str(run["seed"]) for run in system["runs"] if run["seed"] is not None)
        writer.writerow(
            [system["label"], system["name"], len(system["runs"]), seeds]
            + [comparison["rows"]["n_rows"], comparison["rows"]["n_documents"]]
            + [system["macro_f1"]["mean"], system["macro_f1"]["standard_deviation"], *system["macro_f1_interval_95"]]
            + [system["macro_f1_supported"]["mean"]]
            + [system["targets"][target]["mean"] for target in targets]
            + [training[name] for name in COSTS]
            + [best[name] for name in COSTS]
        )
    return stream.getvalue()


_TEX_ESCAPES = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}
)


def comparison_tex(comparison: Mapping[str, Any]) -> str:
    r"""A table for a paper; it needs \usepackage{booktabs}."""
    targets: Sequence[str] = comparison["rows"]["targets"]
    header = ["System", "Runs", "macro-F1", "95\\,\\% interval", "(5+)", *(_tex(name) for name in targets), "Seconds"]
    lines = []
    for system in comparison["systems"]:
        low, high = system["macro_f1_interval_95"]
        cells = [
            _tex(f"{system['label']} {system['name']}"),
            str(len(system["runs"])),
            mean_with_deviation(system["macro_f1"], sign="$\\pm$"),
            f"[{low:.3f}, {high:.3f}]",
            number(system["macro_f1_supported"]["mean"]),
            *(number(system["targets"][target]["mean"]) for target in targets),
            whole(system["training"]["seconds"]),
        ]
        lines.append("  " + " & ".join(cells) + r" \\")
    draws = comparison["bootstrap"]["draws"]
    return "\n".join(
        [
            f"% {describe_rows(comparison['rows'])}; mean $\\pm$ standard deviation over runs;",
            f"% interval: bootstrap over documents, {draws:,} draws, seed {comparison['bootstrap']['seed']};",
            "% (5+): only stances with at least 5 rows.",
            r"\begin{tabular}{l" + "r" * (len(header) - 1) + "}",
            r"  \toprule",
            "  " + " & ".join(header) + r" \\",
            r"  \midrule",
            *lines,
            r"  \bottomrule",
            r"\end{tabular}",
            "",
        ]
    )


def _tex(text: str) -> str:
    return text.translate(_TEX_ESCAPES)
