"""Reading texts from Python: what `predict` does with files, for texts in memory.

Owns the signature only: documents are made, read and answered by what `predict` calls, so the answers are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from govstance.config import PathsConfig
from govstance.errors import GovstanceError
from govstance.inference.aggregate import StanceAnswer
from govstance.inference.documents import Document, document_from_record, record_problems
from govstance.inference.reader import ArticleReader
from govstance.jobs.places import BUILTIN, mention_finder, model_of
from govstance.models.folder import LoadedModel
from govstance.schema import Row
from govstance.targets import Target
from govstance.threads import use_threads

SOURCE = "texts"


@dataclass(frozen=True, slots=True)
class DocumentAnswers:
    """A text and what it says.

    Attributes:
        document: As it was read, with the language and the date, given or detected.
        answers: One for each government named (or asked about) and target, in this order.
    """

    document: Document
    answers: tuple[StanceAnswer, ...]


class StanceClassifier:
    """A trained model with the gazetteer: texts in, stances with evidence out.

    Args:
        model: See `from_pretrained`, which is the usual way.
        reader: Of articles, with the same model.

    Example:
        >>> from govstance import StanceClassifier
        >>> classifier = StanceClassifier.from_pretrained()
        >>> (read,) = classifier.classify("Kazakhstan will not recognise the annexation of Crimea.", lang="en")
        >>> next(answer.stance for answer in read.answers if answer.government == "KAZ")
        'against'
    """

    def __init__(self, model: LoadedModel, reader: ArticleReader):
        self._model = model
        self._reader = reader

    @classmethod
    def from_pretrained(cls, model: str | Path = BUILTIN, *, threads: int | None = None) -> "StanceClassifier":
        """Loads a model; one that was exported with engine=onnx is run without torch.

        Args:
            model: A run folder, a model folder, or "builtin": the one that the package carries.
            threads: Of the matrix library, for the whole process; None: its own choice.

        Raises:
            GovstanceError: There is no whole model, or its engine is not installed.
        """
        use_threads(threads)
        paths = PathsConfig()
        finder = mention_finder(paths)
        loaded = model_of(str(model), paths, finder)
        return cls(loaded, ArticleReader(loaded.predictor, loaded.targets, finder))

    @property
    def targets(self) -> tuple[Target, ...]:
        """What is answered, in the order of the probabilities."""
        return self._model.targets

    @property
    def engine(self) -> str:
        """What runs the model: "torch" or "onnx"."""
        return self._model.engine

    def classify(
        self,
        texts: str | Sequence[str],
        *,
        lang: str | None = None,
        date: str | None = None,
        speaker: str | None = None,
        government: str | None = None,
        role: str | None = None,
    ) -> list[DocumentAnswers]:
        """Answers one text or several, each a document of its own.

        Args:
            texts: Articles or statements of any length. What else is given holds for all of them.
            lang: ISO 639-1 code; None: detected.
            date: Day as YYYY-MM-DD; None: looked for at the head of the text.
            speaker: The government whose own statement this is, ISO 3166-1 alpha-3.
            government: The only government to ask about; the text is then one passage. None: all that are named.
            role: With `government`: "speaker" or "mentioned"; None: "mentioned".

        Returns:
            One a text, in their order.

        Raises:
            GovstanceError: A text is empty, or a code or a day is none.
        """
        shared = {"lang": lang, "date": date, "speaker": speaker, "government": government, "role": role}
        records = [
            {"id": f"{SOURCE}[{number}]", "text": text, **shared}
            for number, text in enumerate([texts] if isinstance(texts, str) else texts)
        ]
        for record in records:
            if problems := record_problems(record):
                raise GovstanceError(f"{record['id']}: {'; '.join(problems)}.")
        documents = [document_from_record(record, SOURCE) for record in records]
        return [DocumentAnswers(document, tuple(answers)) for document, answers in self._reader.read(documents)]

    def probabilities(self, rows: Sequence[Row]) -> np.ndarray:
        """What the model gives for single pairs of a passage and a government, unpooled.

        Args:
            rows: Any number; their labels are not looked at.

        Returns:
            Calibrated, (n_rows, n_targets, n_stances); stances in the order of `govstance.schema.STANCES`.
        """
        return self._model.predictor.predict_probabilities(list(rows))
