from dataclasses import replace

import pytest
import torch
from conftest import ROOT, TARGET_IDS, learnable_rows
from transformers import AutoModel

from govstance.actors.finder import MentionFinder
from govstance.config import ModelConfig, PathsConfig, TrainingConfig
from govstance.errors import GovstanceError
from govstance.jobs.places import starts_of
from govstance.models import stance_model
from govstance.models.backbones import load_backbone
from govstance.models.baselines import fit_baseline
from govstance.models.encoding import IGNORED_LABEL
from govstance.models.folder import save_model
from govstance.models.predictor import TransformerPredictor, encoder_for
from govstance.models.stance_model import masked_loss, pooled, tensors_of
from govstance.schema import STANCES
from govstance.targets import load_targets
from govstance.training.batching import with_fewer_silent_pairs
from govstance.training.calibrating import neutral_calibration
from govstance.training.optimizer import optimizer_for
from govstance.training.starting import build_model, freeze, set_class_weights, start_from


@pytest.fixture(params=["packed", "branched"])
def model_and_encoder(request, tiny_backbone):
    torch.manual_seed(0)
    backbone = load_backbone(str(tiny_backbone))
    config = ModelConfig(kind="transformer", name="tiny", layout=request.param, shared_layers=1)
    model = build_model(backbone, config, TARGET_IDS).eval()
    return model, encoder_for(model, backbone.tokenizer, MentionFinder(ROOT / "data" / "actors"))


def test_cached_lower_states_give_the_logits_of_the_whole_pass(model_and_encoder):
    model, encoder = model_and_encoder
    batch = tensors_of(encoder.collate(encoder.encode(learnable_rows(4))))
    whole = model(**batch)
    states = model.lower_states(batch, 1)
    rest = {name: tensor for name, tensor in batch.items() if name not in ("input_ids", "position_ids")}
    upper = model(**rest, lower_states=states, n_lower_layers=1)
    assert torch.allclose(whole.logits, upper.logits, atol=1e-5)
    assert torch.allclose(whole.loss, upper.loss, atol=1e-5)


def test_pooling_takes_the_first_and_the_mean_state():
    states = torch.tensor([[[1.0], [2.0], [6.0]], [[10.0], [20.0], [30.0]]])
    mask = torch.tensor([[False, True, True], [True, True, False]])
    result = pooled(states, torch.tensor([0, 1]), torch.tensor([1, 0]), [mask])
    assert result.tolist() == [[2.0, 4.0], [10.0, 15.0]]


def test_loss_leaves_out_what_is_not_annotated():
    logits = torch.zeros(2, 2, 4)
    logits[0, 0, 1] = 5.0
    labels = torch.tensor([[1, IGNORED_LABEL], [IGNORED_LABEL, IGNORED_LABEL]])
    expected = -torch.log_softmax(logits[0, 0], dim=-1)[1]
    assert torch.isclose(masked_loss(logits, labels, torch.ones(2, 4)), expected)


def test_a_batch_without_labels_has_a_loss_of_zero_with_a_gradient():
    logits = torch.ones(1, 1, 4, requires_grad=True)
    loss = masked_loss(logits, torch.tensor([[IGNORED_LABEL]]), torch.ones(1, 4))
    loss.backward()
    assert loss.item() == 0.0


@pytest.mark.parametrize("weighted", [True, False])
def test_processes_that_share_a_batch_have_the_gradient_of_one(weighted, monkeypatch):
    """Shares of unlike size, a target that one of them has no label of: their mean is still that of the whole batch."""
    torch.manual_seed(0)
    labels = torch.randint(0, 4, (7, 3))
    labels[torch.rand(7, 3) < 0.3] = IGNORED_LABEL
    labels[:5, 2] = IGNORED_LABEL
    weights = torch.rand(3, 4) + 0.5 if weighted else None
    logits = torch.randn(7, 3, 4, requires_grad=True)
    masked_loss(logits, labels, weights).backward()
    whole, logits.grad = logits.grad, None
    known = labels != IGNORED_LABEL
    of_stances = torch.ones(3, 4) if weights is None else weights
    totals = torch.stack([of_stances[target][labels[known[:, target], target]].sum() for target in range(3)])
    monkeypatch.setattr(stance_model, "summed_over_processes", lambda values: (totals, 2))
    losses = [masked_loss(logits[part], labels[part], weights) for part in (slice(0, 5), slice(5, 7))]
    torch.stack(losses).mean().backward()
    assert torch.allclose(logits.grad, whole, atol=1e-7)
    assert torch.stack(losses).mean().item() == pytest.approx(masked_loss(logits, labels, weights).item() / 2)


def test_transformers_loads_the_saved_model(model_and_encoder, tmp_path):
    model, encoder = model_and_encoder
    model.save_pretrained(tmp_path)
    again = AutoModel.from_pretrained(tmp_path).eval()
    batch = tensors_of(encoder.collate(encoder.encode(learnable_rows(3))))
    assert torch.allclose(model(**batch).logits, again(**batch).logits, atol=1e-6)
    assert again.config.target_ids == list(TARGET_IDS)


def test_frozen_layers_have_no_gradient(model_and_encoder):
    model, _ = model_and_encoder
    freeze(model, 1, train_word_embeddings=False)
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    assert not any(name.startswith(("encoder.embeddings", "encoder.encoder.layer.0.")) for name in trained)
    assert any(name.startswith("encoder.encoder.layer.1.") for name in trained)


@pytest.mark.parametrize(
    ("n_layers", "train_embeddings", "message"),
    [
        (3, False, r"training\.frozen_layers=3: the encoder bert has 2; expected a number of layers it has"),
        (1, True, "exclude each other"),
    ],
)
def test_contradictory_settings_are_explained(model_and_encoder, n_layers, train_embeddings, message):
    with pytest.raises(GovstanceError, match=message):
        freeze(model_and_encoder[0], n_layers, train_word_embeddings=train_embeddings)


def test_class_weights_are_the_power_of_the_inverse_share(model_and_encoder):
    model, _ = model_and_encoder
    set_class_weights(model, [[1, 4, 4, 7]] * 3, power=0.5)
    assert model.class_weights[0].tolist() == pytest.approx([2.0, 1.0, 1.0, (4 / 7) ** 0.5])


def test_an_encoder_without_absolute_positions_needs_the_pair_layout(tiny_backbone, monkeypatch):
    backbone = load_backbone(str(tiny_backbone))
    monkeypatch.setattr(backbone.encoder.config, "model_type", "modernbert")
    with pytest.raises(GovstanceError, match=r"of type 'modernbert': set model\.layout=pair"):
        build_model(backbone, ModelConfig(kind="transformer", name="x"), TARGET_IDS)


def test_an_unknown_layout_lists_the_valid_ones(tiny_backbone):
    with pytest.raises(GovstanceError, match="expected one of packed, branched, pair; found 'triple'"):
        build_model(load_backbone(str(tiny_backbone)), ModelConfig(kind="t", name="x", layout="triple"), TARGET_IDS)


def test_branches_need_layers_on_both_sides(tiny_backbone):
    config = ModelConfig(kind="transformer", name="x", layout="branched", shared_layers=2)
    with pytest.raises(GovstanceError, match=r"model\.shared_layers: .* expected a number from 1 to 1.* found 2"):
        build_model(load_backbone(str(tiny_backbone)), config, TARGET_IDS)


def test_no_layer_above_the_branches_is_frozen(tiny_backbone):
    config = ModelConfig(kind="transformer", name="x", layout="branched", shared_layers=1)
    model = build_model(load_backbone(str(tiny_backbone)), config, TARGET_IDS)
    with pytest.raises(GovstanceError, match=r"training\.frozen_layers=2: .* at most model\.shared_layers=1"):
        freeze(model, 2, train_word_embeddings=False)


def test_a_layer_nearer_to_the_input_learns_slower(model_and_encoder):
    model, _ = model_and_encoder
    training = TrainingConfig(epochs=1, texts_per_batch=1, learning_rate=1e-3, frozen_layers=0, layer_decay=0.5)
    freeze(model, 0, train_word_embeddings=False)
    rates = {
        id(weight): group["lr"] for group in optimizer_for(model, training).param_groups for weight in group["params"]
    }
    lower, upper = model.encoder.encoder.layer
    assert {rates[id(weight)] for weight in upper.parameters()} == {1e-3}
    assert {rates[id(weight)] for weight in lower.parameters()} == {5e-4}
    assert rates[id(model.encoder.embeddings.position_embeddings.weight)] == 2.5e-4
    assert rates[id(model.head.weight)] == training.head_learning_rate
    assert len(rates) == sum(weight.requires_grad for weight in model.parameters())


def test_only_pairs_without_a_stance_are_left_out(model_and_encoder):
    model, encoder = model_and_encoder
    rows = learnable_rows(6)
    silent = [replace(row, labels=dict.fromkeys(TARGET_IDS, "none")) for row in rows[::2]]
    batch = tensors_of(encoder.collate(encoder.encode([*silent, *rows[1::2]])))
    fewer = with_fewer_silent_pairs(batch, 0.0)
    none = STANCES.index("none")
    stating = (batch["labels"] != none).any(dim=1)
    assert 0 < stating.sum() < len(stating)
    assert fewer["labels"].equal(batch["labels"][stating])
    assert fewer["input_ids"].equal(batch["input_ids"])
    assert torch.allclose(model(**fewer).logits, model(**batch).logits[stating], atol=1e-5)
    assert with_fewer_silent_pairs(batch, 1.0)["labels"].equal(batch["labels"])
    all_silent = tensors_of(encoder.collate(encoder.encode(silent)))
    assert len(with_fewer_silent_pairs(all_silent, 0.0)["labels"]) == len(silent)


def test_training_may_start_from_a_model_of_another_layout(model_and_encoder, tiny_backbone):
    model, _ = model_and_encoder
    torch.manual_seed(1)
    config = ModelConfig(kind="transformer", name="x", layout="packed")
    start = build_model(load_backbone(str(tiny_backbone)), config, TARGET_IDS)
    assert not model.head.weight.equal(start.head.weight)
    start_from(model, [start])
    weights = model.state_dict()
    assert all(weights[name].equal(weight) for name, weight in start.state_dict().items())


def test_a_start_of_another_shape_is_refused(model_and_encoder, tiny_backbone):
    model, _ = model_and_encoder
    config = ModelConfig(kind="transformer", name="x", pool_mentions=False)
    start = build_model(load_backbone(str(tiny_backbone)), config, TARGET_IDS)
    with pytest.raises(GovstanceError, match=r"model\.start_from: its weight 'head\.weight' has shape \(12, 64\)"):
        start_from(model, [start])


def _saved(folder, kind, predictor):
    save_model(
        folder,
        kind=kind,
        name=kind,
        predictor=predictor,
        targets=load_targets(ROOT / "data" / "targets.yaml"),
        baselines={},
        training_data=[],
    )


def test_others_may_read_the_weights(model_and_encoder, tmp_path):
    _saved(tmp_path, "transformer", TransformerPredictor(*model_and_encoder, neutral_calibration(TARGET_IDS)))
    (weights,) = tmp_path.glob("*.safetensors")
    assert weights.stat().st_mode & 0o777 == 0o644


def test_a_start_is_a_trained_transformer(model_and_encoder, tmp_path):
    model, encoder = model_and_encoder
    calibrated = TransformerPredictor(model, encoder, neutral_calibration(TARGET_IDS))
    baseline = fit_baseline("majority", learnable_rows(4), TARGET_IDS)
    paths = PathsConfig(data=str(ROOT / "data"), outputs=str(tmp_path))
    starts = {}
    for kind, predictor in (("transformer", calibrated), ("majority", baseline)):
        _saved(tmp_path / kind, kind, predictor)
        starts[kind] = ModelConfig(kind="transformer", name="x", start_from=str(tmp_path / kind))
    (start,) = starts_of(starts["transformer"], paths)
    assert start.head.weight.equal(model.head.weight.half().float())  # a model folder holds 16-bit floats
    assert starts_of(ModelConfig(kind="transformer", name="x"), paths) == []
    name = str(tmp_path / "transformer")
    assert len(starts_of(ModelConfig(kind="transformer", name="x", start_from=[name, name]), paths)) == 2
    with pytest.raises(GovstanceError, match=r"model\.start_from=.*: expected a trained transformer, found majority"):
        starts_of(starts["majority"], paths)
    with pytest.raises(GovstanceError, match=r"model\.start_from: expected a run or model folder, .* found 3\."):
        starts_of(ModelConfig(kind="transformer", name="x", start_from=3), paths)
