"""The forms in which raw data comes, by the name that a corpus config gives: each becomes labelled rows here.

A new form is one reader and one line in FORMS.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from govstance.corpus.benchmarks import BenchmarkOptions, read_table_benchmark, read_tweeteval
from govstance.corpus.standoff import cut_out
from govstance.errors import GovstanceError
from govstance.schema import Row
from govstance.targets import Target

logger = logging.getLogger(__name__)

CHECK_ONLY = "rows"
COMPOSED = "composed"
PLACES_SHOWN = 10

FormReader = Callable[[Path | None, Mapping[str, Any], Sequence[Target]], list[Row]]


def read_form(form: str, path: Path | None, options: Mapping[str, Any], targets: Sequence[Target]) -> list[Row]:
    """Reads raw data of a form.

    Args:
        form: A key of FORMS.
        path: The raw data; None where the form can do without.
        options: Settings of the form.
        targets: What the rows are labelled for.

    Raises:
        GovstanceError: The form is unknown, an option is wrong, or the data is.
    """
    if form not in FORMS:
        raise GovstanceError(
            f"corpus.form: expected one of {', '.join((CHECK_ONLY, COMPOSED, *FORMS))}; found {form!r}."
        )
    return FORMS[form](path, options, targets)


def _standoff(path: Path | None, options: Mapping[str, Any], targets: Sequence[Target]) -> list[Row]:
    if path is None:
        raise GovstanceError("corpus.path: expected the folder of the source texts, found null.")
    if set(options) != {"annotations", "source"}:
        raise GovstanceError(f"corpus.options: expected annotations and source; found {', '.join(sorted(options))}.")
    found = cut_out(
        Path(options["annotations"]),
        path,
        source=options["source"],
        targets={target.id: target.not_asked_of for target in targets},
    )
    for what, files in (("missing", found.missing), ("changed", found.changed)):
        if files:
            shown = ", ".join(f"{name} ({count})" for name, count in list(files.items())[:PLACES_SHOWN])
            more = f" and {len(files) - PLACES_SHOWN} more" if len(files) > PLACES_SHOWN else ""
            logger.warning(
                "%d annotations left out: %d files are %s in %s: %s%s",
                sum(files.values()), len(files), what, path, shown, more,
            )  # fmt: skip
    return found.rows


def _benchmark(read: Callable[[Path | None, BenchmarkOptions, Sequence[str]], list[Row]]) -> FormReader:
    def read_form_of(path: Path | None, options: Mapping[str, Any], targets: Sequence[Target]) -> list[Row]:
        try:
            checked = BenchmarkOptions(**options)
        except TypeError as error:
            raise GovstanceError(f"corpus.options: {error}.") from None
        return read(path, checked, [target.id for target in targets])

    return read_form_of


FORMS: Mapping[str, FormReader] = {
    "standoff": _standoff,
    "table": _benchmark(read_table_benchmark),
    "tweeteval": _benchmark(read_tweeteval),
}
