"""Articles of a given length for benchmarks/inference.py, made of corpus texts, and the time that reading one takes."""

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.common import seconds_of
from govstance.actors.finder import MentionFinder
from govstance.apply_config import ReadingConfig
from govstance.errors import GovstanceError
from govstance.inference.documents import Document
from govstance.inference.reader import ArticleReader
from govstance.models.folder import LoadedModel
from govstance.schema import Row

LANGUAGE = "en"


def articles_of(rows: Sequence[Row], n_articles: int, *, n_words: int, seed: int) -> list[Document]:
    """Articles of exactly `n_words` words, each of English corpus texts drawn at random and joined.

    Raises:
        GovstanceError: All English texts together have too few words.
    """
    texts = list(dict.fromkeys(row.text for row in rows if row.lang == LANGUAGE))
    found = sum(len(text.split()) for text in texts)
    if found < n_words:
        raise GovstanceError(f"expected {n_words} words of language {LANGUAGE} in the dev rows, found {found}.")
    generator = np.random.default_rng(seed)
    articles = []
    for number in range(n_articles):
        words = " ".join(texts[index] for index in generator.permutation(len(texts))).split()
        articles.append(Document(f"article{number}", " ".join(words[:n_words]), LANGUAGE))
    return articles


def reader_of(model: LoadedModel, finder: MentionFinder) -> ArticleReader:
    """The reader of articles with the settings that `predict` starts from."""
    reading = ReadingConfig()
    return ArticleReader(
        predictor=model.predictor,
        targets=model.targets,
        finder=finder,
        sentences_per_passage=reading.sentences_per_passage,
        stride=reading.stride,
        max_characters=reading.max_characters,
        max_evidence=reading.max_evidence,
    )


def latencies(reader: ArticleReader, documents: Sequence[Document], *, n_warm_up: int) -> dict[str, Any]:
    """Reads articles one at a time.

    Returns:
        Of all but the first `n_warm_up`: seconds of each, governments and answers per article.
    """
    n_answers: list[int] = []
    governments: list[int] = []

    def read(document: Document) -> None:
        ((_, answers),) = reader.read([document])
        n_answers.append(len(answers))
        governments.append(len({answer.government for answer in answers}))

    seconds = [seconds_of(lambda document=document: read(document)) for document in documents]  # type: ignore[misc]
    return {
        "seconds": seconds[n_warm_up:],
        "governments_per_article": statistics.mean(governments[n_warm_up:]),
        "answers_per_article": statistics.mean(n_answers[n_warm_up:]),
    }
