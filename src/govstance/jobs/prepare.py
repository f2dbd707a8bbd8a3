"""Makes labelled rows from raw data, passes them through the quality gate and writes what they hold."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govstance.config import PrepareConfig, QualityConfig
from govstance.corpus.agreement import Agreement, agreement_of_annotators, read_annotations
from govstance.corpus.composed import annotation_records, read_composed, to_rows
from govstance.corpus.counts import Table, corpus_tables
from govstance.corpus.forms import CHECK_ONLY, COMPOSED, read_form
from govstance.corpus.quality import QualityFindings, check_quality
from govstance.corpus.reader import read_rows
from govstance.corpus.splits import with_splits
from govstance.errors import GovstanceError
from govstance.files import expand_patterns, sha256_of_file, write_json, write_jsonl, write_text
from govstance.jobs.places import targets_of_corpus
from govstance.schema import Row
from govstance.targets import Target

logger = logging.getLogger(__name__)

MANIFEST_FILE = "manifest.json"
REPORT_FILE = "report.md"
DUPLICATE_RULES = ("error", "warning")


@dataclass(frozen=True)
class Preparation:
    """What was made and found.

    Attributes:
        written: File of rows -> number of rows; empty where rows were only checked.
        tables: What the corpus holds.
        agreement: (target, language or "all") -> agreement of the two annotators; empty without annotations.
        warnings: What the gate let through.
        n_doubtful: Entries of the review queue; None where none was asked for.
    """

    written: dict[str, int]
    tables: list[Table]
    agreement: dict[tuple[str, str], Agreement]
    warnings: list[str]
    n_doubtful: int | None


def run_preparation(config: PrepareConfig, run_folder: Path) -> Preparation:
    """Converts, checks and counts; rows are written only when all of them are good.

    Raises:
        BadRowsError: A line of the input breaks its form.
        GovstanceError: The rows fail the quality gate, or a setting is wrong.
    """
    targets = targets_of_corpus(config.paths, config.corpus)
    target_ids = [target.id for target in targets]
    written = {}
    if config.corpus.form == CHECK_ONLY:
        files = expand_patterns(config.corpus.files, option="corpus.files")
        rows = with_splits(read_rows(files, target_ids))
        findings = pass_gate(rows, config.quality)
    else:
        by_file, annotations = _converted(config, targets)
        rows = [row for of_file in by_file.values() for row in of_file]
        findings = pass_gate(rows, config.quality)
        for path, of_file in by_file.items():
            written[str(path)] = write_jsonl(path, (row.to_json() for row in of_file))
        if annotations and config.annotations:
            write_jsonl(Path(config.annotations), annotations)
        files = list(by_file)
    agreement = {}
    if config.annotations:
        agreement = agreement_of_annotators(read_annotations(Path(config.annotations)), target_ids)
    n_doubtful = _write_review_queue(rows, target_ids, config)
    result = Preparation(written, corpus_tables(rows, target_ids), agreement, findings.warnings(), n_doubtful)
    _write_report(Path(config.report or run_folder), files, result)
    return result


def pass_gate(rows: list[Row], quality: QualityConfig) -> QualityFindings:
    """The quality gate as configured; training passes its rows through it too.

    Raises:
        GovstanceError: As `check_quality`, or the rule is unknown.
    """
    rule = quality.duplicates_across_splits
    if rule not in DUPLICATE_RULES:
        raise GovstanceError(
            f"quality.duplicates_across_splits: expected one of {', '.join(DUPLICATE_RULES)}; found {rule!r}."
        )
    findings = check_quality(
        rows,
        near_duplicate_similarity=quality.near_duplicate_similarity,
        across_splits_allowed=rule == "warning",
    )
    for warning in findings.warnings():
        logger.warning("%s", warning)
    return findings


def _converted(
    config: PrepareConfig, targets: tuple[Target, ...]
) -> tuple[dict[Path, list[Row]], list[dict[str, Any]]]:
    corpus = config.corpus
    if corpus.output is None:
        raise GovstanceError("corpus.output: expected where the rows are to be written, found null.")
    output = Path(corpus.output)
    if corpus.form != COMPOSED:
        path = Path(corpus.path) if corpus.path else None
        return {output: read_form(corpus.form, path, corpus.options, targets)}, []
    if corpus.path is None:
        raise GovstanceError("corpus.path: expected a file or glob of composed texts, found null.")
    texts = read_composed(expand_patterns([corpus.path], option="corpus.path"), len(targets))
    by_file: dict[Path, list[Row]] = {}
    for row in to_rows(texts, targets):
        by_file.setdefault(output / f"{row.lang}.jsonl", []).append(row)
    return by_file, annotation_records(texts, targets)


def _write_review_queue(rows: list[Row], target_ids: list[str], config: PrepareConfig) -> int | None:
    if config.review_queue is None:
        return None
    from govstance.corpus.label_errors import cross_validated, read_predictions, review_queue

    if config.review_predictions:
        probabilities = read_predictions(Path(config.review_predictions), target_ids)
    else:
        logger.info("cross-validating a classifier to find doubtful labels")
        probabilities = cross_validated(rows, target_ids)
    return write_jsonl(Path(config.review_queue), review_queue(rows, probabilities))


def _write_report(folder: Path, files: list[Path], result: Preparation) -> None:
    manifest = {
        "files": [{"file": path.name, "sha256": sha256_of_file(path)} for path in files],
        "tables": [
            {"title": table.title, "columns": list(table.columns), "lines": [list(line) for line in table.lines]}
            for table in result.tables
        ],
        "warnings": result.warnings,
    }
    write_json(folder / MANIFEST_FILE, manifest)
    parts = ["# What the corpus holds", *(table.markdown() for table in result.tables)]
    if result.agreement:
        parts.append(agreement_table(result.agreement).markdown())
    parts.append(
        "**Warnings of the quality gate**\n\n" + ("\n".join(f"- {line}" for line in result.warnings) or "none")
    )
    write_text(folder / REPORT_FILE, "\n\n".join(parts) + "\n")


def agreement_table(agreement: dict[tuple[str, str], Agreement]) -> Table:
    """Agreement of the two annotators as a table: targets side by side, one line a language."""
    targets = list(dict.fromkeys(target for target, _ in agreement))
    languages = sorted({lang for _, lang in agreement}, key=lambda lang: (lang != "all", lang))
    lines = []
    for lang in languages:
        cells = []
        for target in targets:
            found = agreement.get((target, lang))
            cells.append(f"{found.share:.1%}, {found.kappa:.2f}, {found.n_rows:,}" if found else "-")
        lines.append((lang, *cells))
    return Table("Agreement of two annotators: share alike, Cohen's kappa, rows", ("language", *targets), lines)
