"""Cheap training steps on a CPU: they must learn what the plain ones learn."""

import pytest
import torch
from conftest import ROOT, TARGET_IDS, learnable_rows
from torch import nn

from govstance.actors.finder import MentionFinder
from govstance.config import ModelConfig, TrainingConfig
from govstance.errors import GovstanceError
from govstance.models.backbones import load_backbone
from govstance.models.predictor import encoder_for
from govstance.models.stance_model import tensors_of
from govstance.training.batching import LENGTH_STEP, Batcher, lower_states
from govstance.training.processor import ByteDropout, fast_steps, precision_of
from govstance.training.starting import build_model


@pytest.fixture(params=["packed", "branched", "pair"])
def model_and_encoder(request, tiny_backbone):
    torch.manual_seed(0)
    backbone = load_backbone(str(tiny_backbone), dropout=0.2)
    config = ModelConfig(kind="transformer", name="tiny", layout=request.param, shared_layers=1)
    model = build_model(backbone, config, TARGET_IDS)
    return model, encoder_for(model, backbone.tokenizer, MentionFinder(ROOT / "data" / "actors"))


@pytest.mark.parametrize(("has_hardware", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
@pytest.mark.parametrize("name", ["amx_bf16", "avx512_bf16"])
def test_auto_takes_16_bits_where_the_processor_has_hardware_for_them(name, has_hardware, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {name: has_hardware})
    assert precision_of("auto") is expected
    assert precision_of("float32") is torch.float32
    assert precision_of("bfloat16") is torch.bfloat16


def test_a_processor_that_tells_nothing_multiplies_in_32_bits(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", dict)
    assert precision_of("auto") is torch.float32


def test_an_unknown_precision_is_an_error():
    with pytest.raises(GovstanceError, match=r"training\.precision: expected one of auto, .*; found 'float16'"):
        precision_of("float16")


def _gradients(model, batch):
    model.zero_grad()
    model(**batch).loss.backward()
    return torch.cat([weight.grad.flatten() for weight in model.parameters() if weight.grad is not None])


@pytest.mark.skipif(torch.cuda.is_available(), reason="only a CPU is given other steps")
def test_fast_steps_have_the_gradient_of_plain_ones_and_leave_the_model_as_it_was(model_and_encoder):
    model, encoder = model_and_encoder
    batch = tensors_of(encoder.collate(encoder.encode(learnable_rows(4))))
    model.eval()  # no dropout, which is drawn otherwise
    attention = model.encoder.config._attn_implementation
    plain = _gradients(model, batch)
    with fast_steps(model, torch.bfloat16):
        assert model.encoder.config._attn_implementation == "eager"
        assert any(isinstance(module, ByteDropout) for module in model.modules())
        fast = _gradients(model, batch)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            short = _gradients(model, batch)
    assert torch.allclose(fast, plain, atol=1e-6)
    assert torch.nn.functional.cosine_similarity(short, plain, dim=0) > 0.999
    assert model.encoder.config._attn_implementation == attention
    assert not any(module.training for module in model.modules())
    assert not any(isinstance(module, ByteDropout) for module in model.modules())
    assert any(type(module) is nn.Dropout and module.p == 0.2 for module in model.modules())


@pytest.mark.skipif(torch.cuda.is_available(), reason="only a CPU is given other steps")
def test_an_error_within_fast_steps_leaves_the_model_as_it_was(model_and_encoder):
    model, _ = model_and_encoder
    with pytest.raises(KeyboardInterrupt), fast_steps(model, torch.float32):
        raise KeyboardInterrupt
    assert not any(isinstance(module, ByteDropout) for module in model.modules())


def test_byte_dropout_drops_its_share_and_keeps_the_mean():
    dropout = ByteDropout(0.25)
    torch.manual_seed(0)
    states = torch.ones(100, 1003, requires_grad=True)
    result = dropout(states)
    assert (result == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert result.mean().item() == pytest.approx(1.0, abs=0.01)
    result.sum().backward()
    assert torch.equal(states.grad, result.detach())  # of ones: what is kept passes on as much as it got
    torch.manual_seed(0)
    assert torch.equal(dropout(states), result)
    assert not torch.equal(dropout(states), result)


def test_byte_dropout_changes_nothing_when_it_reads_or_has_no_share():
    states = torch.ones(3, 5)
    assert ByteDropout(0.25).eval()(states) is states
    assert ByteDropout(0.0)(states) is states


def test_batches_are_padded_to_whole_steps_and_say_the_same(model_and_encoder):
    model, encoder = model_and_encoder
    items = encoder.encode(learnable_rows(3))
    model.eval()
    features = [vars(item) | {"index": index} for index, item in enumerate(items)]
    padded = Batcher(encoder, None, 0)(features)
    assert padded["input_ids"].shape[1] % LENGTH_STEP == 0
    assert padded["input_ids"].shape[1] > max(item.length for item in items)
    plain = model(**tensors_of(encoder.collate(items))).logits
    assert torch.allclose(model(**padded).logits, plain, atol=1e-5)


def test_states_of_frozen_layers_are_padded_like_the_batch(model_and_encoder):
    model, encoder = model_and_encoder
    items = encoder.encode(learnable_rows(3))
    model.eval()
    training = TrainingConfig(epochs=1, texts_per_batch=2, learning_rate=1e-4, frozen_layers=1, precision="float32")
    states = lower_states(model, encoder, items, training)
    features = [vars(item) | {"index": index} for index, item in enumerate(items)]
    cached = model(**Batcher(encoder, states, 1)(features)).logits
    assert torch.allclose(cached, model(**tensors_of(encoder.collate(items))).logits, atol=1e-2)


def test_no_states_where_no_layer_is_frozen(model_and_encoder):
    model, encoder = model_and_encoder
    training = TrainingConfig(epochs=1, texts_per_batch=2, learning_rate=1e-4, frozen_layers=0)
    assert lower_states(model, encoder, [], training) is None
