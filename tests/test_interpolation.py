"""Weights between the pretrained and the trained ones."""

import pytest
import torch
from conftest import ROOT, TARGET_IDS, learnable_rows

from govstance.actors.finder import MentionFinder
from govstance.config import CalibrationConfig, ModelConfig, TrainingConfig
from govstance.errors import GovstanceError
from govstance.models.backbones import load_backbone
from govstance.training.fitting import fit_stance_model
from govstance.training.interpolation import interpolate, mean_weights, pretrained_weights
from govstance.training.starting import build_model


def test_a_share_of_the_change_is_kept_and_the_head_is_left(tiny_backbone):
    model = build_model(load_backbone(str(tiny_backbone)), ModelConfig(kind="transformer", name="tiny"), TARGET_IDS)
    before = pretrained_weights(model)
    head = model.head.weight.detach().clone()
    words = model.encoder.get_input_embeddings().weight.detach().clone()
    with torch.no_grad():
        for name, weight in model.encoder.named_parameters():
            if name in before:
                weight.add_(1.0)
    interpolate(model, before, 0.75)
    after = dict(model.encoder.named_parameters())
    assert all(torch.allclose(after[name], weight + 0.75) for name, weight in before.items())
    assert torch.equal(model.head.weight, head)
    assert torch.equal(model.encoder.get_input_embeddings().weight, words)


def _fitted(backbone, tmp_path, starts=(), **settings):
    plain = {"epochs": 1, "texts_per_batch": 4, "learning_rate": 1e-2, "frozen_layers": 0}
    training = TrainingConfig(**(plain | settings))
    predictor, _ = fit_stance_model(
        learnable_rows(6),
        learnable_rows(4, seed=1),
        TARGET_IDS,
        model_config=ModelConfig(kind="transformer", name="tiny", backbone=str(backbone)),
        training=training,
        calibration=CalibrationConfig(),
        seed=0,
        cache_folder=None,
        work_folder=tmp_path,
        finder=MentionFinder(ROOT / "data" / "actors"),
        starts=starts,
    )
    return predictor.model


def test_training_ends_between_the_backbone_and_what_it_would_end_at(tiny_backbone, tmp_path):
    start = load_backbone(str(tiny_backbone)).encoder.state_dict()
    whole = _fitted(tiny_backbone, tmp_path).encoder.state_dict()
    part = _fitted(tiny_backbone, tmp_path, interpolation=0.5).encoder.state_dict()
    moved = [name for name in start if not torch.allclose(start[name], whole[name], atol=1e-4)]
    assert moved
    for name in moved:
        assert torch.allclose(part[name], (start[name] + whole[name]) / 2, atol=1e-5), name


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"interpolation": 1.5}, r"training\.interpolation: expected a share between 0 and 1; found 1\.5"),
        ({"interpolation": 0.5, "train_word_embeddings": True}, "exclude each other: no second copy of the word"),
    ],
)
def test_settings_that_can_not_be_are_refused(settings, message, tiny_backbone, tmp_path):
    with pytest.raises(GovstanceError, match=message):
        _fitted(tiny_backbone, tmp_path, **settings)


def test_without_an_epoch_a_trained_model_is_only_interpolated_and_calibrated(tiny_backbone, tmp_path):
    trained = _fitted(tiny_backbone, tmp_path)
    start = load_backbone(str(tiny_backbone)).encoder.state_dict()
    ending = trained.encoder.state_dict()
    model = _fitted(tiny_backbone, tmp_path, starts=[trained], interpolation=0.5, epochs=0, frozen_layers=1)
    for name, weight in model.encoder.state_dict().items():
        assert torch.allclose(weight, (start[name] + ending[name]) / 2, atol=1e-6), name
    assert torch.equal(model.head.weight, trained.head.weight)


def test_the_mean_of_models_is_started_from(tiny_backbone, tmp_path):
    one, two = _fitted(tiny_backbone, tmp_path), _fitted(tiny_backbone, tmp_path, head_learning_rate=1e-2)
    assert not torch.allclose(one.head.weight, two.head.weight)
    mean = _fitted(tiny_backbone, tmp_path, starts=[one, two], epochs=0)
    for name, weight in mean.state_dict().items():
        assert torch.allclose(weight, (one.state_dict()[name] + two.state_dict()[name]) / 2, atol=1e-6), name


def test_models_of_different_layouts_have_no_mean(tiny_backbone):
    backbone = load_backbone(str(tiny_backbone))
    packed, branched = (
        build_model(backbone, ModelConfig(kind="transformer", name="x", layout=layout, shared_layers=1), TARGET_IDS)
        for layout in ("packed", "branched")
    )
    with pytest.raises(GovstanceError, match=r"the same weights, to take their mean; only some have .*marker"):
        mean_weights([packed, branched])


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ({"epochs": 1, "interpolation": 0.5}, True),
        ({"epochs": 1, "interpolation": 1.0}, False),
        ({"epochs": 0, "interpolation": 0.5}, False),
    ],
)
def test_a_step_back_of_a_trained_start_is_said(settings, warned, tiny_backbone, tmp_path, caplog):
    trained = _fitted(tiny_backbone, tmp_path)
    caplog.clear()
    _fitted(tiny_backbone, tmp_path, starts=[trained], **settings)
    assert any("also steps back from what model.start_from had learnt" in line for line in caplog.messages) == warned
