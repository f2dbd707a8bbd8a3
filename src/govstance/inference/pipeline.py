"""The task "government-stance" of `transformers.pipeline`, registered when this module is imported.

Owns the form of its inputs and answers. Models are read by `models.folder`, so a run's folder, an export and the model
of the package all do; pairs only: whole articles are `StanceClassifier`'s business.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from huggingface_hub import snapshot_download
from transformers import Pipeline
from transformers.pipelines import PIPELINE_REGISTRY

from govstance.actors.finder import MentionFinder
from govstance.config import PathsConfig
from govstance.errors import GovstanceError
from govstance.inference.documents import document_from_record, record_problems
from govstance.models.folder import BUILTIN_FOLDER, LoadedModel, load_model
from govstance.models.predictor import TransformerPredictor
from govstance.models.stance_model import StanceModel
from govstance.schema import STANCES, Row

TASK = "government-stance"
FIELDS = ("text", "government", "role", "lang", "date")
Answer = dict[str, Any]


class GovernmentStancePipeline(Pipeline):
    """A passage and a government in, its stance on each target out.

    An input is a text with `government=` (and `role=`, `lang=`, `date=`), or a mapping with these fields; or a list of
    either. `lang` is detected where it is missing. Of an input the answer is a list of mappings, one a target that is
    asked of the government: `target`, `stance`, `probability`, and `probabilities` by stance, those that
    `StanceClassifier.probabilities` gives.
    """

    # The tokenizer comes with the model. The library types these as None, and its own pipelines set True or False.
    _load_tokenizer = False  # type: ignore[assignment]
    _load_feature_extractor = _load_image_processor = _load_processor = False  # type: ignore[assignment]

    def __init__(self, model: StanceModel, **kwargs: Any):
        super().__init__(model, **kwargs)
        self._loaded: LoadedModel = model.loaded_from  # type: ignore[assignment]

    def _sanitize_parameters(self, **parameters: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        unknown = set(parameters) - set(FIELDS[1:])
        if unknown:
            raise GovstanceError(f"{TASK}: expected {', '.join(FIELDS[1:])}; found {', '.join(sorted(unknown))}.")
        return parameters, {}, {}

    def preprocess(self, input_: str | Mapping[str, Any], **parameters: Any) -> dict[str, Any]:
        """One input as the rows of a batch of one.

        Raises:
            GovstanceError: A field is missing, unknown or holds something else than it should.
        """
        given = {"text": input_} if isinstance(input_, str) else dict(input_)
        record = {"id": TASK, **parameters, **given}
        problems = record_problems(record)
        if not record.get("government"):
            problems.append('field "government": expected an ISO 3166-1 alpha-3 code, found none')
        if unknown := set(given) - set(FIELDS):
            problems.append(f"expected the fields {', '.join(FIELDS)}; found {', '.join(sorted(unknown))} too")
        if problems:
            raise GovstanceError(f"{TASK}: {'; '.join(problems)}.")
        document = document_from_record(record, TASK)
        row = Row(
            TASK, document.text, document.lang, document.date, TASK, TASK, record["government"], document.role, {}
        )
        return {"rows": [row]}

    def _forward(self, input_tensors: dict[str, Any], **_: Any) -> Any:
        rows: Sequence[Row] = input_tensors["rows"]
        return {"rows": rows, "probabilities": self._loaded.predictor.predict_probabilities(rows)}

    def postprocess(self, model_outputs: Mapping[str, Any], **_: Any) -> list[Answer]:
        """The answers of a batch of one."""
        return self._answers(model_outputs["rows"][0], model_outputs["probabilities"][0])

    def get_iterator(
        self,
        inputs: Iterable[Any],
        num_workers: int,
        batch_size: int,
        preprocess_params: Mapping[str, Any],
        forward_params: Mapping[str, Any],
        postprocess_params: Mapping[str, Any],
    ) -> Iterator[list[Answer]]:
        """Batches of `batch_size` rows; rows of one text share a pass, which collating tensors would undo."""
        remaining = iter(inputs)
        while some := list(itertools.islice(remaining, batch_size)):
            rows = [self.preprocess(item, **preprocess_params)["rows"][0] for item in some]
            outputs = self.forward({"rows": rows}, **forward_params)
            yield from map(self._answers, rows, outputs["probabilities"])

    def _answers(self, row: Row, probabilities: np.ndarray) -> list[Answer]:
        return [
            {
                "target": target.id,
                "stance": STANCES[int(values.argmax())],
                "probability": float(values.max()),
                "probabilities": dict(zip(STANCES, map(float, values), strict=True)),
            }
            for target, values in zip(self._loaded.targets, probabilities, strict=True)
            if row.government not in target.not_asked_of
        ]


class _ModelOfFolder:
    """Reads a model with its calibration, where `transformers.pipeline` would have an AutoModel read its weights."""

    @classmethod
    def from_pretrained(
        cls,
        name: str,
        *,
        revision: str | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        **_: Any,
    ) -> StanceModel:
        folder = Path(name)
        if not folder.is_dir():
            folder = Path(snapshot_download(name, revision=revision, token=token, local_files_only=local_files_only))
        loaded = load_model(folder, MentionFinder(Path(PathsConfig().data) / "actors"))
        if not isinstance(loaded.predictor, TransformerPredictor):
            found = f"one of the kind {loaded.kind} for the engine {loaded.engine}"
            raise GovstanceError(f"{name}: {TASK} needs a transformer run by torch; found {found}.")
        model = loaded.predictor.model
        object.__setattr__(model, "loaded_from", loaded)  # past torch, which would take it for a part of the model
        return model


PIPELINE_REGISTRY.register_pipeline(
    TASK,
    pipeline_class=GovernmentStancePipeline,
    pt_model=_ModelOfFolder,
    default={"model": (str(BUILTIN_FOLDER), "main")},
    type="text",
)
