"""The one reader of labelled rows: every row that training or evaluation sees has passed here.

Lists all that is wrong with a file in one go; nothing is repaired or skipped in silence.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from govstance.errors import BadRowsError, GovstanceError
from govstance.files import numbered_json_lines
from govstance.schema import Row, row_from_json, row_problems, unknown_fields

logger = logging.getLogger(__name__)


def read_rows(paths: Sequence[Path], target_ids: Sequence[str]) -> list[Row]:
    """Reads and checks labelled rows from JSON Lines files.

    Args:
        paths: The files, in the order in which their rows are returned.
        target_ids: The targets that labels may name; a row says nothing about one it leaves out.

    Returns:
        At least one row; ids are unique over all files.

    Raises:
        BadRowsError: A file holds rows that break the format, or an id that came before.
        GovstanceError: The files hold no row at all.
    """
    rows: list[Row] = []
    places: dict[str, str] = {}
    for path in paths:
        rows += _read_file(path, target_ids, places)
    if not rows:
        raise GovstanceError(f"{', '.join(map(str, paths))}: expected at least one labelled row, found none.")
    return rows


def _read_file(path: Path, target_ids: Sequence[str], places: dict[str, str]) -> list[Row]:
    rows: list[Row] = []
    problems: list[str] = []
    ignored: Counter[str] = Counter()
    with path.open("rb") as stream:
        for number, value, parse_problem in numbered_json_lines(stream):
            found = [parse_problem] if parse_problem else row_problems(value, target_ids)
            row_id = value.get("id") if isinstance(value, dict) else None
            if isinstance(row_id, str) and row_id in places:
                found.append(f'field "id": expected one that no other row has, found it also at {places[row_id]}')
            problems += [f"{number}: {_named(row_id)}{problem}" for problem in found]
            if found:
                continue
            places[value["id"]] = f"{path}:{number}"
            ignored.update(unknown_fields(value))
            rows.append(row_from_json(value, target_ids))
    if problems:
        raise BadRowsError(str(path), problems)
    for name, count in ignored.items():
        logger.warning('%s: left out the field "%s" of %d rows: the row format has no such field', path, name, count)
    return rows


def _named(row_id: object) -> str:
    return f"row {row_id!r}: " if isinstance(row_id, str) else ""
