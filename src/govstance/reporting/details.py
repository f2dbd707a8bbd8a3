"""What report.md says beyond the scores: reliability, risk and coverage, slices."""

from collections.abc import Mapping, Sequence
from typing import Any

from govstance.reporting.markdown import markdown_table, number

# Slices of one kind that the report shows; metrics.json has them all.
SLICES_SHOWN = 12


def reliability_section(reliability: Mapping[str, Any]) -> list[str]:
    """The calibration error of each target with its uncertainty, and the reliability diagrams as a table.

    Args:
        reliability: As metrics.json holds it.
    """
    errors = []
    bins = []
    for target, scores in reliability.items():
        low, high = scores["expected_calibration_error_interval_95"]
        errors.append(
            [
                target,
                number(scores["expected_calibration_error"]),
                f"{low:.3f} to {high:.3f}",
                number(scores["expected_calibration_error_by_chance"]),
            ]
        )
        bins += [
            [
                f"{target}, {item['from']:.2f} to {item['to']:.2f}",
                number(item["confidence"]),
                number(item["accuracy"]),
                str(item["rows"]),
            ]
            for item in scores["reliability"]
        ]
    return [
        "## Do the probabilities mean what they say?",
        "",
        "Expected calibration error: the mean gap between the probability of the answer and how often it is right, in "
        "15 bins. It is never negative, so it leans upwards, and its interval (bootstrap over documents) with it; the "
        "last column is what perfect probabilities would show on as many rows.",
        "",
        markdown_table(["target", "error", "95 % interval", "by chance alone"], errors),
        "",
        markdown_table(["probability of the answer", "mean", "share right", "rows"], bins),
        "",
    ]


def selective_section(selective: Mapping[str, Any]) -> list[str]:
    """The area under the risk-coverage curve, the curve, and what the thresholds of the model keep.

    Args:
        selective: As metrics.json holds it.
    """
    coverages = [point["coverage"] for point in selective["pooled"]["curve"]]
    header = ["risk where this share is answered", "area", *[f"{coverage:.0%}" for coverage in coverages]]
    curves = [
        [name, number(scores["aurc"]), *[number(point["risk"]) for point in scores["curve"]]]
        for name, scores in selective.items()
    ]
    kept = [
        [
            f"{name}, {wanted}",
            "never" if scores["threshold"] is None else number(scores["threshold"]),
            f"{scores['coverage']:.1%}",
            *[number(scores[key]) for key in ("risk", "risk_of_positions", "macro_f1")],
        ]
        for name, of_target in selective.items()
        for wanted, scores in of_target.get("at_thresholds", {}).items()
    ]
    parts = [
        "## What if it may abstain?",
        "",
        "Answers are kept from the surest down. Risk: the share of wrong ones among those kept; area: its mean over "
        "all coverages (AURC), lower is better.",
        "",
        markdown_table(header, curves),
        "",
    ]
    if kept:
        parts += [
            "The thresholds were fitted on dev rows for the wanted risk, over all answers; most are `none`, and easy. "
            "Risk of positions: among the kept answers that state one.",
            "",
            markdown_table(
                ["target, wanted risk", "threshold", "answered", "risk", "risk of positions", "macro-F1 of kept"], kept
            ),
            "",
        ]
    return parts


def slices_section(slices: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    """One table of all kinds of slices, the largest of each.

    Args:
        slices: As metrics.json holds them.
    """
    lines = []
    for kind, of_kind in slices.items():
        for item in of_kind[:SLICES_SHOWN]:
            low, high = item["macro_f1_interval_95"]
            lines.append(
                [
                    f"{kind}: {item['slice']}",
                    f"{item['n_rows']}{' (!)' if item['few_rows'] else ''}",
                    number(item["macro_f1"]),
                    f"{low:.3f} to {high:.3f}" if item["n_documents"] > 1 else "one document",
                    number(item["accuracy"]),
                ]
            )
        left_out = len(of_kind) - SLICES_SHOWN
        if left_out > 0:
            lines.append([f"{kind}: {left_out} smaller ones in metrics.json", "", "", "", ""])
    return [
        "## On which rows?",
        "",
        "A stance that a slice does not hold counts as 0 in its macro-F1, so compare slices of like size, and look at "
        "the accuracy. (!): under 20 rows, too few to say much.",
        "",
        markdown_table(["slice", "rows", "macro-F1", "95 % interval", "accuracy"], lines),
        "",
    ]
