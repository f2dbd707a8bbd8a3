"""One answer from several passages, and which sentences it rests on.

A passage counts by how sure it is that it holds a position at all: a `none` of one passage does not
contradict the position that another one states.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from govstance.schema import STANCES, UNCERTAIN

NONE_INDEX = STANCES.index("none")
# Log-odds at which a document's direction is cut off when documents are pooled: 0.95. A model can't be surer of a
# government's position from one document than a reader would be.
LOG_ODDS_CAP = 3.0
OPPOSITE = {"favor": "against", "against": "favor"}
# How much the sentences read alone count beside the passages: for which position is stated, and for whether one is
# (docs/LOG.md, experiment 38).
DIRECTION_WEIGHT, STATED_WEIGHT = 0.5, 0.2
SMALLEST_SHARE = 1e-3  # no sentence rules anything out


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that an answer rests on.

    Attributes:
        start, end: Character offsets into the document, end exclusive.
        text: The sentence.
        stance: What it says.
        probability: Of that stance, read from the sentence alone.
    """

    start: int
    end: int
    text: str
    stance: str
    probability: float


@dataclass(frozen=True, slots=True)
class StanceAnswer:
    """What a document says of one government's position on one target.

    Attributes:
        government: ISO 3166-1 alpha-3 code.
        target: Target id.
        stance: The most probable one; "uncertain" where the reader abstains.
        probability: Of the most probable stance.
        probabilities: (n_stances,), in the order of STANCES.
        evidence: Sentences that bear on the government and say so, strongest first; empty for `none`, and where only
            passages as a whole say so.
        counter_evidence: Sentences that say the opposite sooner than anything else, strongest first.
        n_passages: The passages it was asked about in.
    """

    government: str
    target: str
    stance: str
    probability: float
    probabilities: tuple[float, ...]
    evidence: tuple[Evidence, ...] = ()
    counter_evidence: tuple[Evidence, ...] = ()
    n_passages: int = 1


def pool_passages(probabilities: np.ndarray) -> np.ndarray:
    """Pools the passages of one document.

    That a position is stated is as probable as in the passage surest of it; which one it is, is the mean
    over passages, each weighted by the square of its probability of stating one, so that many lukewarm
    passages do not outvote a clear one.

    Args:
        probabilities: (n_passages, n_stances), calibrated; at least one passage.

    Returns:
        (n_stances,), sums to 1.

    Example:
        >>> pool_passages(np.array([[0.0, 0.8, 0.0, 0.2], [0.0, 0.0, 0.0, 1.0]])).round(2).tolist()
        [0.0, 0.8, 0.0, 0.2]
    """
    stated = 1.0 - probabilities[:, NONE_INDEX]
    weights = np.square(stated)
    directions = np.delete(probabilities, NONE_INDEX, axis=1)
    # Dividing by `stated` makes each passage's directions sum to 1 before they are weighted.
    normalised = directions / np.maximum(stated, np.finfo(float).tiny)[:, None]
    total = weights.sum()
    mixture = weights @ normalised / total if total > 0 else np.full(directions.shape[1], 1.0 / directions.shape[1])
    return np.insert(mixture * stated.max(), NONE_INDEX, 1.0 - stated.max())


def weighed_with_sentences(probabilities: np.ndarray, sentences: np.ndarray) -> np.ndarray:
    """An answer of passages, weighed with what their sentences say when read alone.

    A passage that holds two positions can tip an unsure answer to the one that no sentence of it states, and one that
    only touches the topic can seem to state a position that no sentence does. Whether a position is stated is the mean
    of the log-odds of both; for which one it is, sentences count the more, the surer they are to state one.

    Args:
        probabilities: (n_stances,), pooled from passages.
        sentences: (n_sentences, n_stances), each read alone; none of them was a passage itself.

    Returns:
        (n_stances,), sums to 1.

    Example:
        >>> unsure = np.array([0.41, 0.43, 0.0, 0.16])
        >>> weighed_with_sentences(unsure, np.array([[0.85, 0.05, 0.0, 0.1]])).round(2).tolist()
        [0.64, 0.21, 0.0, 0.15]
    """
    if not len(sentences):
        return probabilities
    pooled = pool_passages(sentences)
    stated, stated_alone = (1.0 - values[NONE_INDEX] for values in (probabilities, pooled))
    log_odds = (1.0 - STATED_WEIGHT) * _log_odds(stated) + STATED_WEIGHT * _log_odds(stated_alone)
    both = 1.0 / (1.0 + np.exp(-log_odds))
    directions = np.delete(pooled, NONE_INDEX) / max(stated_alone, SMALLEST_SHARE)
    weight = DIRECTION_WEIGHT * stated_alone**2
    mixture = np.maximum(np.delete(probabilities, NONE_INDEX), SMALLEST_SHARE**2)
    mixture *= np.maximum(directions, SMALLEST_SHARE) ** weight
    return np.insert(mixture / mixture.sum() * both, NONE_INDEX, 1.0 - both)


def _log_odds(probability: float) -> float:
    certain = min(max(probability, SMALLEST_SHARE), 1.0 - SMALLEST_SHARE)
    return float(np.log(certain / (1.0 - certain)))


def pool_documents(probabilities: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
    """Pools the documents of one government, target and period.

    That a position is stated is as probable as in the document surest of it. Which one it is, is the mean of the
    documents' log-odds, cut off at `LOG_ODDS_CAP`, each weighted by the square of its probability of stating one: long
    and short documents count alike, and a hundred that repeat each other make the answer no surer than one.

    Args:
        probabilities: (n_documents, n_stances), pooled from each one's passages.
        counts: (n_draws, n_documents), how often each document was drawn; None: each once.

    Returns:
        (n_stances,), or (n_draws, n_stances) with `counts`; sums to 1. One document alone keeps its probabilities.

    Source:
        Logarithmic opinion pool: Genest and Zidek 1986, Statistical Science 1(1).

    Example:
        >>> pool_documents(np.array([[0.0, 0.8, 0.0, 0.2], [0.0, 0.0, 0.0, 1.0]])).round(2).tolist()
        [0.04, 0.73, 0.04, 0.2]
    """
    if counts is None:
        if len(probabilities) == 1:
            return probabilities[0]
        return pool_documents(probabilities, np.ones((1, len(probabilities))))[0]
    stated = 1.0 - probabilities[:, NONE_INDEX]
    directions = np.delete(probabilities, NONE_INDEX, axis=1) / np.maximum(stated, np.finfo(float).tiny)[:, None]
    certain = 1.0 / (1.0 + np.exp(-LOG_ODDS_CAP))
    directions = np.clip(directions, 1.0 - certain, certain)
    weights = counts * np.square(stated)
    total = np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    # The probabilities of one document are a softmax, whose log-odds differ from the logarithms by a constant only.
    mixture = np.exp(weights @ np.log(directions) / total)
    mixture /= mixture.sum(axis=1, keepdims=True)
    surest = np.where(counts > 0, stated, 0.0).max(axis=1, keepdims=True)
    return np.insert(mixture * surest, NONE_INDEX, 1.0 - surest[:, 0], axis=1)


def abstaining(answers: Sequence[StanceAnswer], thresholds: Mapping[str, float | None]) -> list[StanceAnswer]:
    """The answers, `uncertain` where they are less sure than their threshold; evidence and probabilities stay.

    The thresholds were fitted on answers to single passages. An answer pooled from several may be wrong more or less
    often than they promise.

    Args:
        answers: Of one document.
        thresholds: Target id -> lowest confidence of a stance; None: no answer is sure enough.
    """
    result = []
    for answer in answers:
        threshold = thresholds[answer.target]
        sure = threshold is not None and answer.probability >= threshold
        result.append(answer if sure else replace(answer, stance=UNCERTAIN))
    return result


def strongest(scores: Sequence[float], limit: int) -> list[int]:
    """Positions of the highest scores, highest first; earlier ones win ties.

    Args:
        scores: Any numbers.
        limit: At most this many.
    """
    return sorted(range(len(scores)), key=lambda position: (-scores[position], position))[:limit]
