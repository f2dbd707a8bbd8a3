"""The pipeline of transformers: one pair, many pairs, the classifier's own probabilities, errors with their remedy."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import GOOD_ROW, ROOT, TARGET_IDS, learnable_rows
from transformers import pipeline

from govstance import StanceClassifier
from govstance.actors.finder import MentionFinder
from govstance.config import ModelConfig
from govstance.errors import GovstanceError
from govstance.inference.pipeline import TASK, _ModelOfFolder
from govstance.models.backbones import load_backbone
from govstance.models.baselines import FrequencyBaseline
from govstance.models.calibration import Calibration
from govstance.models.folder import save_model
from govstance.models.predictor import TransformerPredictor, encoder_for
from govstance.schema import STANCES
from govstance.targets import load_targets
from govstance.training.starting import build_model

TARGETS = load_targets(ROOT / "data" / "targets.yaml")
ROWS = [replace(row, role=("mentioned", "speaker")[number % 2]) for number, row in enumerate(learnable_rows(4))]
CALIBRATION = Calibration(
    temperature=dict.fromkeys(TARGET_IDS, 0.5),
    bias={target: [0.3, 0.0, -0.3, 0.0] for target in TARGET_IDS},
    none_shift=dict.fromkeys(TARGET_IDS, 0.4),
)


@pytest.fixture(scope="module", params=["whole", "difference"])
def folder(request, tiny_backbone, tmp_path_factory):
    """A tiny model with a calibration that shows, with all its weights or as its difference from the backbone."""
    backbone = load_backbone(str(tiny_backbone))
    torch.manual_seed(0)
    model = build_model(backbone, ModelConfig(kind="transformer", name="tiny"), TARGET_IDS)
    finder = MentionFinder(ROOT / "data" / "actors")
    path = tmp_path_factory.mktemp("tiny_model")
    save_model(
        path,
        kind="transformer",
        name="tiny",
        predictor=TransformerPredictor(model, encoder_for(model, backbone.tokenizer, finder), CALIBRATION),
        targets=TARGETS,
        baselines={},
        training_data=[],
        delta_from=str(tiny_backbone) if request.param == "difference" else None,
    )
    return path


def record_of(row):
    return {name: getattr(row, name) for name in ("text", "government", "role", "lang", "date")}


def test_its_probabilities_are_those_of_the_classifier(folder):
    read = pipeline(TASK, model=str(folder))
    expected = StanceClassifier.from_pretrained(folder).probabilities(ROWS)
    for batch_size in (1, 3):
        answers = read([record_of(row) for row in ROWS], batch_size=batch_size)
        found = [[list(answer["probabilities"].values()) for answer in of_row] for of_row in answers]
        assert np.array(found) == pytest.approx(expected, abs=1e-5)
    assert [answer["target"] for answer in answers[0]] == list(TARGET_IDS)
    for answer in answers[0]:
        assert list(answer["probabilities"]) == list(STANCES)
        assert answer["probability"] == max(answer["probabilities"].values())
        assert answer["probabilities"][answer["stance"]] == answer["probability"]
    alone = read(ROWS[0].text, government=ROWS[0].government, role=ROWS[0].role, lang="en", date=ROWS[0].date)
    assert [answer["stance"] for answer in alone] == [answer["stance"] for answer in answers[0]]
    lazily = read(record_of(row) for row in ROWS[:2])
    assert [len(of_row) for of_row in lazily] == [3, 3]
    not_asked = [answer["target"] for answer in read(GOOD_ROW.text, government="RUS")]
    assert not_asked == [target.id for target in TARGETS if "RUS" not in target.not_asked_of]


def test_an_input_it_cannot_read_is_an_error_with_its_remedy(folder, tmp_path):
    read = pipeline(TASK, model=str(folder))
    with pytest.raises(GovstanceError, match='field "government": expected an ISO 3166-1 alpha-3 code, found none'):
        read("No government.")
    with pytest.raises(GovstanceError, match=r'field "role": expected one of speaker, mentioned or null, found'):
        read([{"text": "A text.", "government": "KAZ", "role": "chair"}])
    with pytest.raises(GovstanceError, match=r"expected the fields text, .*date; found country too"):
        read({"text": "A text.", "government": "KAZ", "country": "KAZ"})
    with pytest.raises(GovstanceError, match=r"government-stance: expected government, .*; found top_k"):
        read("A text.", government="KAZ", top_k=2)
    majority = FrequencyBaseline.fit(ROWS, TARGET_IDS, by_government=False)
    save_model(tmp_path, kind="majority", name="m", predictor=majority, targets=TARGETS, baselines={}, training_data=[])
    with pytest.raises(GovstanceError, match="needs a transformer run by torch; found one of the kind majority"):
        _ModelOfFolder.from_pretrained(str(tmp_path))
