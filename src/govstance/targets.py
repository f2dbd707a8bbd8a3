"""What is asked of each text: the targets, read from data/targets.yaml.

A new target is one more entry in that file plus rows with its labels; no code names a target.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from govstance.errors import GovstanceError
from govstance.schema import government_codes

TEXT_FIELDS = ("id", "name", "favor", "against", "neutral", "none")


@dataclass(frozen=True, slots=True)
class Target:
    """One question, and what each stance on it means.

    Attributes:
        id: Name in rows and tables, such as `sanctions_support`.
        name: Title for people.
        favor, against, neutral, none: What the stance means for this target, one sentence each.
        not_asked_of: Governments the question makes no sense for, ISO 3166-1 alpha-3.
    """

    id: str
    name: str
    favor: str
    against: str
    neutral: str
    none: str
    not_asked_of: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The target as a JSON object, which `targets_from_json` reads back."""
        return asdict(self) | {"not_asked_of": list(self.not_asked_of)}


def load_targets(path: Path) -> tuple[Target, ...]:
    """Reads the targets in the order of the file.

    Raises:
        GovstanceError: The file is missing or an entry is incomplete, names a field that targets
            don't have, or repeats an id.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise GovstanceError(f"{path}: no such file; expected the list of targets.") from None
    except yaml.YAMLError as error:
        raise GovstanceError(f"{path}: expected YAML, found {error}") from None
    return targets_from_json(entries, str(path))


def targets_from_json(entries: Any, place: str) -> tuple[Target, ...]:
    """Builds targets from parsed YAML or JSON.

    Args:
        entries: A list of mappings.
        place: The file, for errors.

    Raises:
        GovstanceError: As `load_targets`.
    """
    if not isinstance(entries, list) or not entries:
        raise GovstanceError(f"{place}: expected a list of targets with the fields {', '.join(TEXT_FIELDS)}.")
    targets: list[Target] = []
    for number, entry in enumerate(entries, start=1):
        found = set(entry) - {"not_asked_of"} if isinstance(entry, dict) else {repr(entry)}
        if found != set(TEXT_FIELDS) or not all(isinstance(entry[name], str) and entry[name] for name in TEXT_FIELDS):
            raise GovstanceError(
                f"{place}: target {number}: expected a text in each of the fields {', '.join(TEXT_FIELDS)}; "
                f"found the fields {', '.join(sorted(found))}."
            )
        not_asked_of = entry.get("not_asked_of", [])
        if not isinstance(not_asked_of, list) or not set(not_asked_of) <= set(government_codes()):
            raise GovstanceError(
                f"{place}: target {number}: not_asked_of: expected a list of ISO 3166-1 alpha-3 codes; "
                f"found {not_asked_of!r}."
            )
        if entry["id"] in {target.id for target in targets}:
            raise GovstanceError(f"{place}: target {number}: the id {entry['id']!r} is used twice.")
        targets.append(Target(**(entry | {"not_asked_of": tuple(not_asked_of)})))
    return tuple(targets)
