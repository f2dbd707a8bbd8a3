"""How far two annotators agree, target by target and language by language."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.metrics import cohen_kappa_score

from govstance.errors import BadRowsError, GovstanceError
from govstance.files import numbered_json_lines
from govstance.schema import STANCES

ALL_LANGUAGES = "all"


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement on one target.

    Attributes:
        n_rows: Rows that both annotators labelled.
        share: Of rows with the same label, in [0, 1].
        kappa: Cohen's kappa (Cohen 1960); nan where both gave one and the same label throughout.
    """

    n_rows: int
    share: float
    kappa: float


def read_annotations(path: Path) -> list[dict[str, Any]]:
    """Reads two annotators' labels: {"id", "lang", "first": {target: stance}, "second": {target: stance}} a line.

    Raises:
        BadRowsError: A line has another form.
        GovstanceError: The file is missing.
    """
    values, problems = [], []
    try:
        with path.open("rb") as stream:
            for number, value, parse_problem in numbered_json_lines(stream):
                if parse_problem:
                    problems.append(f"{number}: {parse_problem}")
                elif not isinstance(value, dict) or {"id", "lang", "first", "second"} - set(value):
                    problems.append(f"{number}: expected the fields id, lang, first and second")
                else:
                    values.append(value)
    except FileNotFoundError:
        raise GovstanceError(f"{path}: no such file; expected the labels of two annotators.") from None
    if problems:
        raise BadRowsError(str(path), problems)
    return values


def agreement_of_annotators(
    annotations: Iterable[Mapping[str, Any]], target_ids: Sequence[str]
) -> dict[tuple[str, str], Agreement]:
    """Agreement over the rows that both annotators labelled.

    Args:
        annotations: As `read_annotations` returns them; a null label was not given.
        target_ids: Targets to compare.

    Returns:
        (target, language or "all") -> agreement, where there is a row that both labelled.
    """
    pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for value in annotations:
        for target in target_ids:
            first, second = (value[name].get(target) for name in ("first", "second"))
            if first is not None and second is not None:
                for lang in (ALL_LANGUAGES, value["lang"]):
                    pairs.setdefault((target, lang), []).append((first, second))
    return {key: _agreement(found) for key, found in pairs.items()}


def _agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    first, second = zip(*pairs, strict=True)
    varied = len({*first, *second}) > 1
    return Agreement(
        n_rows=len(pairs),
        share=sum(one == other for one, other in pairs) / len(pairs),
        kappa=float(cohen_kappa_score(first, second, labels=list(STANCES))) if varied else float("nan"),
    )
