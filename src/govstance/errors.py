"""The errors that govstance raises on purpose.

Every message says what was expected, what was found, where, and how to mend it. Scripts turn a
`GovstanceError` into one printed message and exit status 2; any other exception is a defect of ours
and keeps its traceback.
"""

from collections.abc import Sequence

EXIT_STATUS_BAD_INPUT = 2
PROBLEMS_SHOWN = 20  # enough to see a pattern, few enough to read; the count says how many there are


class GovstanceError(Exception):
    """Something that the user can mend: input, configuration or a missing file."""


class BadRowsError(GovstanceError):
    """A file holds rows (or documents) that break the format; lists the first 20 and the count.

    Args:
        path: The file that was read.
        problems: One line a problem, each with line number, field, expected and found.
    """

    def __init__(self, path: str, problems: Sequence[str]):
        self.path = path
        self.problems = list(problems)
        shown = "\n".join(f"  {path}:{problem}" for problem in self.problems[:PROBLEMS_SHOWN])
        rest = len(self.problems) - PROBLEMS_SHOWN
        more = f"\n  ... and {rest} more" if rest > 0 else ""
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(f"{path}: {count} {noun}, nothing was written.\n{shown}{more}")


class BackboneUnavailableError(GovstanceError):
    """A pretrained encoder can't be loaded: no model hub in reach, or a file is missing or damaged."""


class ModelFolderError(GovstanceError):
    """A folder that should hold a trained govstance model does not."""
