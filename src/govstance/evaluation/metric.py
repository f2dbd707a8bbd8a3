"""The scores as a metric of the `evaluate` library that needs no hub.

`evaluate.load("f1")` fetches its code from a hub; this module is the code.

Example:
    >>> metric = StanceMetric()
    >>> result = metric.compute(predictions=["favor", "none"], references=["favor", "against"])
    >>> result["accuracy"]
    0.5
"""

from typing import Any

import datasets
import evaluate

from govstance.evaluation.scores import stance_scores

CITATION = """@inproceedings{mohammad-etal-2016-semeval, title={SemEval-2016 Task 6: Detecting Stance in Tweets},
author={Mohammad, Saif and Kiritchenko, Svetlana and Sobhani, Parinaz and Zhu, Xiaodan and Cherry, Colin},
booktitle={Proceedings of SemEval-2016}, year={2016}}"""


class StanceMetric(evaluate.Metric):
    """macro-F1 over the four stances, F_avg, accuracy and support of one target."""

    def __init__(self, **kwargs: Any):
        # In memory: a metric that leaves Arrow files in a cache folder is a surprise.
        super().__init__(keep_in_memory=True, **kwargs)

    def _info(self) -> evaluate.MetricInfo:
        text = datasets.Value("string")
        return evaluate.MetricInfo(
            description="Scores of predicted stances on one target.",
            citation=CITATION,
            inputs_description="predictions, references: stances of the same rows, in the same order.",
            features=datasets.Features({"predictions": text, "references": text}),
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, Any]:
        return stance_scores(references, predictions)
