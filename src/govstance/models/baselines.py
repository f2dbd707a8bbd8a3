"""Baselines that every model has to beat, fitted on the same rows by the same script.

- `majority`: the most frequent stance of the target.
- `country_prior`: the most frequent stance of that government, else of the target. What one knows
  without reading the text.
- `tfidf`: TF-IDF of words and character n-grams plus the government, logistic regression.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from scipy import sparse
from scipy.special import softmax

from govstance.errors import GovstanceError
from govstance.files import read_json, write_json
from govstance.schema import STANCES, Row

if TYPE_CHECKING:  # scikit-learn takes a second and 100 MB, and only TF-IDF needs it
    from sklearn.feature_extraction.text import TfidfVectorizer

FILE_NAME = "baseline.json"
ARRAYS_FILE_NAME = "arrays.npz"


class StancePredictor(Protocol):
    """Whatever gives stances to rows: the stance model and each baseline."""

    target_ids: tuple[str, ...]

    def predict_probabilities(self, rows: Sequence[Row]) -> np.ndarray:
        """Probabilities, shape (n_rows, n_targets, n_stances)."""
        ...


class FrequencyBaseline:
    """Stance shares of the target, or of the target and the government.

    Args:
        target_ids: Targets.
        shares: Target -> government -> share per stance; "" is the whole target.
    """

    def __init__(self, target_ids: Sequence[str], shares: dict[str, dict[str, list[float]]]):
        self.target_ids = tuple(target_ids)
        self._shares = shares

    @classmethod
    def fit(cls, rows: Sequence[Row], target_ids: Sequence[str], *, by_government: bool) -> "FrequencyBaseline":
        """Counts stances in rows."""
        counts: dict[str, dict[str, Counter[str]]] = {target: defaultdict(Counter) for target in target_ids}
        for row in rows:
            for target in target_ids:
                stance = row.labels.get(target)
                if stance is not None:
                    for key in ("", row.government) if by_government else ("",):
                        counts[target][key][stance] += 1
        shares = {
            target: {key: _shares(counter) for key, counter in by_key.items()} for target, by_key in counts.items()
        }
        return cls(target_ids, shares)

    def predict_probabilities(self, rows: Sequence[Row]) -> np.ndarray:
        """As `StancePredictor`."""
        uniform = [1.0 / len(STANCES)] * len(STANCES)
        return np.array(
            [
                [
                    self._shares[target].get(row.government) or self._shares[target].get("") or uniform
                    for target in self.target_ids
                ]
                for row in rows
            ]
        )

    def save(self, folder: Path) -> None:
        """Writes the shares as JSON."""
        write_json(folder / FILE_NAME, {"target_ids": list(self.target_ids), "shares": self._shares})

    @classmethod
    def load(cls, folder: Path) -> "FrequencyBaseline":
        """Reads what `save` wrote."""
        value = read_json(folder / FILE_NAME)
        return cls(value["target_ids"], value["shares"])


@dataclass(frozen=True)
class LinearClassifier:
    """A fitted logistic regression, reduced to its numbers.

    Attributes:
        stances: (n_classes,) indices into STANCES.
        weights: (n_features, n_classes).
        intercepts: (n_classes,).
    """

    stances: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray

    @classmethod
    def fit(cls, features: sparse.csr_matrix, labels: Sequence[str]) -> "LinearClassifier":
        """Fits; labels that are all alike give a classifier that always says so."""
        from sklearn.linear_model import LogisticRegression

        present = [stance for stance in STANCES if stance in labels]
        stances = np.array([STANCES.index(stance) for stance in present])
        if len(present) == 1:
            return cls(stances, np.zeros((features.shape[1], 1)), np.zeros(1))
        codes = np.array([present.index(label) for label in labels])
        fitted = LogisticRegression(C=5.0, class_weight="balanced", max_iter=300, tol=1e-3).fit(features, codes)
        weights, intercepts = fitted.coef_, fitted.intercept_
        if len(present) == 2:  # scikit-learn keeps one column for two classes
            weights, intercepts = np.vstack([0 * weights, weights]), np.append(0.0, intercepts)
        return cls(stances, weights.T.astype(np.float32), intercepts.astype(np.float32))

    def probabilities(self, features: sparse.csr_matrix) -> np.ndarray:
        """(n_rows, n_stances); a stance that training lacked has probability 0."""
        result = np.zeros((features.shape[0], len(STANCES)))
        result[:, self.stances] = softmax(features @ self.weights + self.intercepts, axis=1)
        return result


class TfidfBaseline:
    """TF-IDF and one logistic regression per target.

    Args:
        target_ids: Targets.
        vectorizers: Fitted on the training texts, one for words and one for characters.
        classifiers: Target -> fitted classifier.
    """

    def __init__(
        self,
        target_ids: Sequence[str],
        vectorizers: Sequence["TfidfVectorizer"],
        classifiers: Mapping[str, LinearClassifier],
    ):
        self.target_ids = tuple(target_ids)
        self._vectorizers = vectorizers
        self._classifiers = classifiers

    @classmethod
    def fit(cls, rows: Sequence[Row], target_ids: Sequence[str]) -> "TfidfBaseline":
        """Fits features on all rows, classifiers on the rows with a label.

        Raises:
            GovstanceError: A target has no label at all.
        """
        check_every_target_is_labelled(rows, target_ids)
        documents = _documents(rows)
        vectorizers = [_vectorizer(**settings) for settings in _VECTORIZERS]
        features = sparse.csr_matrix(sparse.hstack([vectorizer.fit_transform(documents) for vectorizer in vectorizers]))
        classifiers = {}
        for target in target_ids:
            known = [index for index, row in enumerate(rows) if row.labels.get(target) is not None]
            labels = [str(rows[index].labels[target]) for index in known]
            classifiers[target] = LinearClassifier.fit(features[known], labels)
        return cls(target_ids, vectorizers, classifiers)

    def predict_probabilities(self, rows: Sequence[Row]) -> np.ndarray:
        """As `StancePredictor`."""
        documents = _documents(rows)
        features = sparse.csr_matrix(
            sparse.hstack([vectorizer.transform(documents) for vectorizer in self._vectorizers])
        )
        return np.stack([self._classifiers[target].probabilities(features) for target in self.target_ids], axis=1)

    def save(self, folder: Path) -> None:
        """Writes the vocabularies as JSON and the numbers as a NumPy archive; neither can run code when read."""
        vocabularies = [vectorizer.get_feature_names_out().tolist() for vectorizer in self._vectorizers]
        write_json(folder / FILE_NAME, {"target_ids": list(self.target_ids), "vocabularies": vocabularies})
        arrays = {f"idf/{index}": vectorizer.idf_ for index, vectorizer in enumerate(self._vectorizers)}
        for target, classifier in self._classifiers.items():
            for name in ("stances", "weights", "intercepts"):
                arrays[f"{name}/{target}"] = getattr(classifier, name)
        np.savez(folder / ARRAYS_FILE_NAME, **arrays)

    @classmethod
    def load(cls, folder: Path) -> "TfidfBaseline":
        """Reads what `save` wrote."""
        value = read_json(folder / FILE_NAME)
        with np.load(folder / ARRAYS_FILE_NAME, allow_pickle=False) as arrays:
            vectorizers = []
            for index, (vocabulary, settings) in enumerate(zip(value["vocabularies"], _VECTORIZERS, strict=True)):
                vectorizer = _vectorizer(**settings, vocabulary=vocabulary)
                vectorizer.idf_ = arrays[f"idf/{index}"]
                vectorizers.append(vectorizer)
            classifiers = {
                target: LinearClassifier(*(arrays[f"{name}/{target}"] for name in ("stances", "weights", "intercepts")))
                for target in value["target_ids"]
            }
        return cls(value["target_ids"], vectorizers, classifiers)


# Words and pairs of words; characters within words, so that inflected languages and those without spaces share
# features. More features than these change no score by a point and take minutes to fit.
_VECTORIZERS: tuple[dict[str, Any], ...] = (
    {"ngram_range": (1, 2), "min_df": 2, "max_features": 20_000},
    {"analyzer": "char_wb", "ngram_range": (2, 4), "min_df": 3, "max_features": 40_000},
)


def _vectorizer(**settings: Any) -> "TfidfVectorizer":
    from sklearn.feature_extraction.text import TfidfVectorizer

    if "vocabulary" in settings:
        settings = {name: value for name, value in settings.items() if name not in ("min_df", "max_features")}
    return TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **settings)


BASELINES = ("majority", "country_prior", "tfidf")
Baseline = FrequencyBaseline | TfidfBaseline


def check_every_target_is_labelled(rows: Iterable[Row], target_ids: Sequence[str]) -> None:
    """Checks that there is something to learn of each target.

    Raises:
        GovstanceError: A target has no label at all.
    """
    labelled = {target for row in rows for target in target_ids if row.labels.get(target) is not None}
    for target in target_ids:
        if target not in labelled:
            raise GovstanceError(f"no training row has a label for the target {target}: expected at least one.")


def fit_baseline(kind: str, rows: Sequence[Row], target_ids: Sequence[str]) -> Baseline:
    """Fits one of `BASELINES`."""
    if kind == "tfidf":
        return TfidfBaseline.fit(rows, target_ids)
    return FrequencyBaseline.fit(rows, target_ids, by_government=kind == "country_prior")


def load_baseline(kind: str, folder: Path) -> Baseline:
    """Loads what `save` wrote."""
    return TfidfBaseline.load(folder) if kind == "tfidf" else FrequencyBaseline.load(folder)


def _documents(rows: Iterable[Row]) -> list[str]:
    """The text with one artificial word for the government and its role, which ties words to governments."""
    return [f"GOVERNMENT_{row.government} ROLE_{row.role} {row.text}" for row in rows]


def _shares(counter: Counter[str]) -> list[float]:
    total = sum(counter.values())
    return [counter[stance] / total for stance in STANCES]
