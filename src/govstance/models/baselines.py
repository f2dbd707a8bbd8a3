"""Baselines that every model has to beat, fitted on the same rows by the same script.

- `majority`: the most frequent stance of the target.
- `country_prior`: the most frequent stance of that government, else of the target. What one knows
  without reading the text.
- `tfidf`: TF-IDF of words and character n-grams plus the government, logistic regression.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import skops.io
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from govstance.errors import ModelFolderError
from govstance.files import read_json, write_json
from govstance.schema import STANCES, Row

FILE_NAME = "baseline.json"
TFIDF_FILE_NAME = "tfidf.skops"


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


class TfidfBaseline:
    """TF-IDF and one logistic regression per target.

    Args:
        target_ids: Targets.
        features: Fitted on the training texts.
        classifiers: Target -> fitted classifier, or None where training has fewer than two stances.
    """

    def __init__(
        self, target_ids: Sequence[str], features: FeatureUnion, classifiers: dict[str, LogisticRegression | None]
    ):
        self.target_ids = tuple(target_ids)
        self._features = features
        self._classifiers = classifiers

    @classmethod
    def fit(cls, rows: Sequence[Row], target_ids: Sequence[str]) -> "TfidfBaseline":
        """Fits features on all rows, classifiers on the rows with a label."""
        features = FeatureUnion(
            [
                ("words", TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, dtype=np.float32)),
                # Within words, so that inflected languages and those without spaces share features.
                (
                    "characters",
                    TfidfVectorizer(
                        analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=3, dtype=np.float32
                    ),
                ),
            ]
        )
        matrix = sparse.csr_matrix(features.fit_transform(_documents(rows)))
        classifiers: dict[str, LogisticRegression | None] = {}
        for target in target_ids:
            known = [index for index, row in enumerate(rows) if row.labels.get(target) is not None]
            labels = [rows[index].labels[target] for index in known]
            classifiers[target] = None
            if len(set(labels)) > 1:
                classifier = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300)
                classifiers[target] = classifier.fit(matrix[known], labels)
        return cls(target_ids, features, classifiers)

    def predict_probabilities(self, rows: Sequence[Row]) -> np.ndarray:
        """As `StancePredictor`."""
        matrix = sparse.csr_matrix(self._features.transform(_documents(rows)))
        probabilities = np.zeros((len(rows), len(self.target_ids), len(STANCES)))
        for index, target in enumerate(self.target_ids):
            classifier = self._classifiers[target]
            if classifier is None:
                probabilities[:, index, STANCES.index("none")] = 1.0
                continue
            columns = [STANCES.index(stance) for stance in classifier.classes_]
            probabilities[:, index, columns] = classifier.predict_proba(matrix)
        return probabilities

    def save(self, folder: Path) -> None:
        """Writes a skops file: unlike a pickle it can't run code when it is read."""
        folder.mkdir(parents=True, exist_ok=True)
        state = {"target_ids": list(self.target_ids), "features": self._features, "classifiers": self._classifiers}
        skops.io.dump(state, folder / TFIDF_FILE_NAME)

    @classmethod
    def load(cls, folder: Path) -> "TfidfBaseline":
        """Reads what `save` wrote."""
        path = folder / TFIDF_FILE_NAME
        if not path.is_file():
            raise ModelFolderError(f"{path}: no such file; expected a saved TF-IDF baseline.")
        state: dict[str, Any] = skops.io.load(path)
        return cls(state["target_ids"], state["features"], state["classifiers"])


BASELINES = ("majority", "country_prior", "tfidf")
Baseline = FrequencyBaseline | TfidfBaseline


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
