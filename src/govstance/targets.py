"""What is asked of each text: the targets, read from data/targets.yaml.

A new target is one more entry in that file plus rows with its labels; no code names a target.
"""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from govstance.errors import GovstanceError


@dataclass(frozen=True, slots=True)
class Target:
    """One question, and what each stance on it means.

    Attributes:
        id: Name in rows and tables, such as `sanctions_support`.
        name: Title for people.
        favor, against, neutral, none: What the stance means for this target, one sentence each.
    """

    id: str
    name: str
    favor: str
    against: str
    neutral: str
    none: str

    def to_json(self) -> dict[str, str]:
        """The target as a JSON object, which `targets_from_json` reads back."""
        return asdict(self)


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
    names = [item.name for item in fields(Target)]
    if not isinstance(entries, list) or not entries:
        raise GovstanceError(f"{place}: expected a list of targets with the fields {', '.join(names)}.")
    targets: list[Target] = []
    for number, entry in enumerate(entries, start=1):
        found = sorted(entry) if isinstance(entry, dict) else [repr(entry)]
        if found != sorted(names) or not all(isinstance(entry[name], str) and entry[name] for name in names):
            raise GovstanceError(
                f"{place}: target {number}: expected a text in each of the fields {', '.join(names)}; "
                f"found the fields {', '.join(found)}."
            )
        if entry["id"] in {target.id for target in targets}:
            raise GovstanceError(f"{place}: target {number}: the id {entry['id']!r} is used twice.")
        targets.append(Target(**entry))
    return tuple(targets)
