"""The model as it is served: records in, documents with their answers out, and what it says of itself.

Answers are those of predict, by the same reader. Knows nothing of HTTP.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from govstance import __version__
from govstance.actors.names import government_name
from govstance.files import sha256_of_file
from govstance.inference.aggregate import StanceAnswer, abstaining
from govstance.inference.documents import Document, document_from_record
from govstance.inference.reader import ArticleReader
from govstance.inference.table import PERIODS, stance_table
from govstance.models.calibration import risk_name
from govstance.models.folder import LoadedModel
from govstance.reporting.answers import answers_to_json
from govstance.reporting.stance_tables import row_to_json
from govstance.schema import STANCES, UNCERTAIN

# The source that documents have in the answer, where predict writes the name of a file.
SOURCE = "request"
VERSION_LENGTH = 12
# Of the draws of documents for the table's intervals, as predict has it by default.
SEED = 0

Answers = tuple[Document, list[StanceAnswer]]


@dataclass(frozen=True)
class ServedModel:
    """A loaded model with its reader.

    Attributes:
        model: As loaded.
        reader: Of articles, with that model.
        languages: In which governments are known by more than their names.
        version: Tells two models of one name apart, see `version_of`.
    """

    model: LoadedModel
    reader: ArticleReader
    languages: tuple[str, ...]
    version: str

    @property
    def risks(self) -> tuple[float, ...]:
        """The shares of wrong answers that there are thresholds of abstaining for."""
        thresholds = self.model.thresholds
        return tuple(float(name) for name in next(iter(thresholds.values()))) if thresholds else ()

    def read(self, records: Sequence[Mapping[str, Any]]) -> list[Answers]:
        """Answers checked records, each as if it came alone but for the last digits of a probability."""
        return list(self.reader.read([document_from_record(dict(record), SOURCE) for record in records]))

    def answer(self, answered: Sequence[Answers], *, abstain: float | None, period: str | None) -> dict[str, Any]:
        """The answer to a request.

        Args:
            answered: Its documents.
            abstain: One of `risks`, or None.
            period: Of the table; None: no table.
        """
        if abstain is not None and self.model.thresholds is not None:
            limits = {target: of_target[risk_name(abstain)] for target, of_target in self.model.thresholds.items()}
            answered = [(document, abstaining(answers, limits)) for document, answers in answered]
        governments = sorted({answer.government for _, answers in answered for answer in answers})
        value = {
            "model": self.card(),
            "targets": [target.to_json() for target in self.model.targets],
            "stances": list(STANCES),
            "government_names": {government: government_name(government) for government in governments},
            "documents": [answers_to_json(document, answers) for document, answers in answered],
        }
        if period is not None:
            rows = stance_table(answered, period=period, max_sentences=self.reader.max_evidence, seed=SEED)
            value["table"] = [row_to_json(row, abstains=abstain is not None) for row in rows]
        return value

    def card(self) -> dict[str, str]:
        """Which model answers."""
        return {"name": self.model.name, "version": self.version, "engine": self.model.engine}

    def description(self) -> dict[str, Any]:
        """What the model answers and what it knows."""
        return {
            "model": self.card(),
            "package_version": __version__,
            "targets": [target.to_json() for target in self.model.targets],
            "stances": list(STANCES),
            "abstain": list(self.risks),
            "abstained_stance": UNCERTAIN,
            "periods": list(PERIODS),
            "languages": list(self.languages),
        }


def version_of(folder: Path) -> str:
    """The first digits of the SHA-256 over the names and contents of a model's files, its README apart."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.is_file() and path.suffix != ".md"):
        digest.update(f"{path.name} {sha256_of_file(path)}\n".encode())
    return digest.hexdigest()[:VERSION_LENGTH]
