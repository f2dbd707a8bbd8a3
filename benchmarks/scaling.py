"""How reading scales: rows a second by number of rows, length of the passage, and governments a passage.

Rows are dev rows, repeated; each copy has its number behind the text, since equal texts would share one pass. Passages
of a fixed length are corpus texts joined and cut; the governments asked about are those first in the alphabet.
"""

import argparse
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.common import (
    machine,
    one_of_each_language,
    parser_of,
    peak_rss_mib,
    rows_in,
    run_main,
    seconds_of,
    train_config,
    write_report,
)
from benchmarks.inference import loaded
from govstance.errors import GovstanceError
from govstance.jobs.places import BUILTIN
from govstance.models.baselines import StancePredictor
from govstance.models.encoding import Encoder
from govstance.models.folder import LoadedModel
from govstance.schema import Row, government_codes
from govstance.threads import use_threads

NAME = "scaling"
ROW_COUNTS = (1_000, 10_000, 100_000)
LENGTHS = (32, 64, 128, 192, 256)
GOVERNMENT_COUNTS = (1, 2, 4, 8, 12)
FIXED_LENGTH = 128  # tokens, near the mean of the corpus
FIXED_GOVERNMENTS = 2


def repeated(rows: Sequence[Row], n_rows: int) -> list[Row]:
    """The first `n_rows` of the rows again and again, each copy with texts of its own."""
    copies = -(-n_rows // len(rows))
    return [replace(row, text=f"{row.text} {copy}") for copy in range(copies) for row in rows][:n_rows]


def passages(rows: Sequence[Row], encoder: Encoder, *, n_passages: int, n_tokens: int) -> list[Row]:
    """Passages of one length.

    Args:
        rows: Texts to cut from, joined in their order and begun again at their end.
        encoder: Of the model.
        n_passages: How many; each from another place.
        n_tokens: Tokens of each as the model reads it, special tokens and the backbone's prefix included; two are left
            free, since a cut within a word can make more of it.

    Raises:
        GovstanceError: All texts together are shorter.
    """
    texts = list(dict.fromkeys(row.text for row in rows))
    joined = " ".join(texts)
    offsets: list[tuple[int, int]] = []
    shift = 0
    for text, of_text in zip(
        texts, encoder.tokenizer(texts, return_offsets_mapping=True)["offset_mapping"], strict=True
    ):
        offsets += [(shift + start, shift + end) for start, end in of_text if end > start]  # no special ones
        shift += len(text) + 1
    n_cut = n_tokens - len(encoder.tokenizer([encoder.passage_prefix])["input_ids"][0]) - 2
    if not 0 < n_cut <= len(offsets):
        raise GovstanceError(f"--lengths: expected a passage to have 8 to {len(offsets)} tokens, found {n_tokens}.")
    starts = [number * 37 % (len(offsets) - n_cut + 1) for number in range(n_passages)]  # 37: no passage twice
    return [
        replace(rows[0], id=f"p{start}", text=joined[offsets[start][0] : offsets[start + n_cut - 1][1]])
        for start in starts
    ]


def asked_about(texts: Sequence[Row], n_governments: int) -> list[Row]:
    """Each text with the same number of governments."""
    codes = sorted(government_codes())[:n_governments]
    return [replace(row, government=code) for row in texts for code in codes]


def point(predictor: StancePredictor, rows: Sequence[Row], repetitions: int) -> dict[str, Any]:
    """Rows a second on some rows, the median of several passes."""
    answers: list[int] = []
    read: Callable[[], None] = lambda: answers.append(len(predictor.predict_probabilities(rows)))  # noqa: E731
    seconds = [seconds_of(read) for _ in range(repetitions)]
    return {
        "n_rows": len(rows),
        "n_answers": answers[0],
        "seconds": seconds,
        "rows_per_second": len(rows) / statistics.median(seconds),
        "peak_rss_mib_so_far": peak_rss_mib(),
    }


def measure(model: LoadedModel, rows: Sequence[Row], arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """All points: axis -> value -> figures. Counts of rows rise, so that the peak of memory belongs to the last."""
    predictor, encoder = model.predictor, getattr(model.predictor, "encoder", None)
    if encoder is None:
        raise GovstanceError(f"{model.folder}: expected a model with a tokenizer, found a {model.kind}.")
    english = [row for row in rows if row.lang == "en"]
    predictor.predict_probabilities(one_of_each_language(rows))
    axes: dict[str, dict[str, Any]] = {"rows": {}, "tokens": {}, "governments": {}}
    for length in arguments.lengths:
        texts = passages(english, encoder, n_passages=arguments.passages, n_tokens=length)
        axes["tokens"][str(length)] = point(predictor, asked_about(texts, FIXED_GOVERNMENTS), arguments.repetitions)
    fixed = min(FIXED_LENGTH, max(arguments.lengths))
    texts = passages(english, encoder, n_passages=arguments.passages, n_tokens=fixed)
    for count in arguments.governments:
        axes["governments"][str(count)] = point(predictor, asked_about(texts, count), arguments.repetitions)
    for n_rows in arguments.row_counts[: -1 if arguments.quick else None]:
        axes["rows"][str(n_rows)] = point(predictor, repeated(rows, n_rows), 1)
    return axes


def main(argv: Sequence[str] | None = None) -> None:
    """Runs the benchmark in this process."""
    parser = parser_of(NAME, __doc__)
    parser.add_argument("--model", default=BUILTIN, help="a run folder, a model folder or builtin")
    parser.add_argument("--quick", action="store_true", help="leave the largest number of rows out")
    parser.add_argument("--row-counts", nargs="+", type=int, default=ROW_COUNTS)
    parser.add_argument("--lengths", nargs="+", type=int, default=LENGTHS, help="tokens of a passage")
    parser.add_argument("--governments", nargs="+", type=int, default=GOVERNMENT_COUNTS, help="of a passage")
    parser.add_argument("--passages", type=int, default=64, help="for a point of length or governments")
    parser.add_argument("--repetitions", type=int, default=3, help="for a point of length or governments")
    arguments = parser.parse_intermixed_args(argv)
    before = machine(arguments.threads)
    config = train_config(arguments.overrides)
    use_threads(arguments.threads)
    axes = measure(loaded(arguments.model, config), rows_in(config, "dev"), arguments)
    table = Table("axis", "value", "rows", "rows/s")
    for axis, points in axes.items():
        for value, figures in points.items():
            table.add_row(axis, value, str(figures["n_rows"]), f"{figures['rows_per_second']:.1f}")
    Console().print(table)
    content = {"model": arguments.model, "fixed_tokens": FIXED_LENGTH, "fixed_governments": FIXED_GOVERNMENTS}
    write_report(arguments.output, NAME, machine=before, content=content | {"axes": axes})


if __name__ == "__main__":
    run_main(main)
