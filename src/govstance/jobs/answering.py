"""A model with all that turns documents into answers: predict has one, and each of Ray's actors."""

import logging
from collections.abc import Iterable, Iterator

from govstance.apply_config import PredictConfig
from govstance.errors import GovstanceError
from govstance.files import json_line, path_from_here
from govstance.inference.aggregate import StanceAnswer, abstaining
from govstance.inference.documents import Document
from govstance.inference.reader import ArticleReader
from govstance.inference.sources import Detected
from govstance.inference.stream import Chunk
from govstance.jobs.journal import AnsweredChunk
from govstance.jobs.places import mention_finder, model_of
from govstance.models.calibration import risk_name
from govstance.models.folder import LoadedModel
from govstance.reporting.answers import answers_to_json

logger = logging.getLogger(__name__)


class Answerer:
    """Answers documents as the settings of predict say.

    Args:
        config: Of predict.

    Raises:
        GovstanceError: There is no whole model, or it can't abstain as wanted.
    """

    def __init__(self, config: PredictConfig):
        finder = mention_finder(config.paths)
        self.model = model_of(config.model, config.paths, finder)
        self._thresholds = None if config.abstain is None else _thresholds(self.model, config.abstain)
        self._reader = ArticleReader(
            predictor=self.model.predictor,
            targets=self.model.targets,
            finder=finder,
            sentences_per_passage=config.reading.sentences_per_passage,
            stride=config.reading.stride,
            max_characters=config.reading.max_characters,
            max_evidence=config.reading.max_evidence,
        )

    def read(self, documents: Iterable[Document]) -> Iterator[tuple[Document, list[StanceAnswer]]]:
        """Answers in the order of the documents."""
        for document, answers in self._reader.read(documents):
            yield document, self._abstaining(answers)

    def answer(self, chunk: Chunk) -> AnsweredChunk:
        """What is written of a chunk."""
        together = self._reader.read_together(chunk.documents) if chunk.documents else []
        lines = [
            json_line(answers_to_json(document, self._abstaining(answers)))
            for document, answers in zip(chunk.documents, together, strict=True)
        ]
        return AnsweredChunk(lines, chunk.told, Detected.of(chunk.documents), chunk.position, chunk.n_records)

    def _abstaining(self, answers: list[StanceAnswer]) -> list[StanceAnswer]:
        return answers if self._thresholds is None else abstaining(answers, self._thresholds)


def _thresholds(model: LoadedModel, wanted_risk: float) -> dict[str, float | None]:
    """The threshold of each target for a wanted risk.

    Raises:
        GovstanceError: The model has no thresholds, or none for that risk.
    """
    if model.thresholds is None:
        raise GovstanceError(
            f"abstain={wanted_risk:g}: the model in {path_from_here(model.folder)} has no thresholds: expected a "
            "transformer that was trained since there are any. Train one with `make train`, or leave abstain out."
        )
    name = risk_name(wanted_risk)
    fitted = next(iter(model.thresholds.values()))
    if name not in fitted:
        raise GovstanceError(f"abstain: the model has thresholds for {', '.join(fitted)}; found {name}.")
    thresholds = {target: of_target[name] for target, of_target in model.thresholds.items()}
    never = [target for target, threshold in thresholds.items() if threshold is None]
    if never:
        logger.warning(
            "abstain=%s: on the dev rows no threshold reached that risk for %s: all its answers are uncertain",
            name,
            ", ".join(never),
        )
    return thresholds
