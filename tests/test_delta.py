"""A model as its difference from the backbone: small, read back alike, refused where it can't be."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel

from govstance.config import ModelConfig
from govstance.errors import ModelFolderError
from govstance.models.backbones import load_backbone
from govstance.models.delta import DELTA_FILE, load_delta, quantised, save_delta
from govstance.training.starting import build_model

TARGET_IDS = ("annexation_recognition", "sanctions_support")


@pytest.fixture
def tuned(tiny_backbone):
    """A model whose second layer and head moved away from the backbone."""
    model = build_model(load_backbone(str(tiny_backbone)), ModelConfig(kind="transformer", name="tiny"), TARGET_IDS)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in [*model.lower_layers(2)[1].parameters(), *model.head.parameters()]:
            weight += 0.1 * torch.randn(weight.shape, generator=generator)
    return model


def test_a_matrix_in_8_bits_is_within_half_a_scale():
    matrix = torch.tensor([[1.27, -0.5, 0.004], [0.0, 0.0, 0.0]])
    codes, scales = quantised(matrix)
    assert codes.tolist() == [[127, -50, 0], [0, 0, 0]]
    assert scales[0] == pytest.approx(0.01)
    assert ((codes * scales[:, None] - matrix).abs() <= scales[:, None] / 2 + 1e-7).all()


def test_the_model_comes_back_and_only_what_changed_is_kept(tuned, tiny_backbone, tmp_path):
    size = save_delta(tmp_path, tuned, str(tiny_backbone))
    assert size == (tmp_path / DELTA_FILE).stat().st_size
    names = {name.rpartition(".")[0] for name in load_file(tmp_path / DELTA_FILE)}
    assert all(name.startswith(("encoder.encoder.layer.1.", "head.")) for name in names)
    back, tokenizer = load_delta(tmp_path, str(tiny_backbone))
    assert tokenizer.pad_token == "<pad>"
    ours, theirs = back.state_dict(), tuned.state_dict()
    assert ours.keys() == theirs.keys()
    for name, weight in theirs.items():
        assert torch.allclose(ours[name], weight, atol=0.003), name
    frozen = [name for name in theirs if "layer.0." in name or "embeddings" in name]
    assert frozen
    for name in frozen:
        assert torch.equal(ours[name], theirs[name])


def test_a_model_of_another_backbone_is_refused(tuned, tiny_backbone, tmp_path):
    other = AutoModel.from_pretrained(tiny_backbone, intermediate_size=32, ignore_mismatched_sizes=True)
    other.save_pretrained(tmp_path / "other")
    load_backbone(str(tiny_backbone)).tokenizer.save_pretrained(tmp_path / "other")
    with pytest.raises(ModelFolderError, match=r"only a model trained from that backbone can be written"):
        save_delta(tmp_path, tuned, str(tmp_path / "other"))


def test_a_weight_that_the_backbone_lacks_is_named(tuned, tiny_backbone, tmp_path):
    save_delta(tmp_path, tuned, str(tiny_backbone))
    save_file({"encoder.encoder.layer.7.output.dense.bias.plain": torch.zeros(32)}, tmp_path / DELTA_FILE)
    with pytest.raises(
        ModelFolderError, match=r"weight 'encoder\.encoder\.layer\.7\.output\.dense\.bias' is not one of"
    ):
        load_delta(tmp_path, str(tiny_backbone))
