import shutil

import numpy as np
import pytest
from conftest import ROOT, TARGET_IDS, learnable_rows
from transformers import AutoConfig, AutoModel

from govstance.actors.finder import MentionFinder
from govstance.config import ModelConfig
from govstance.errors import BackboneUnavailableError
from govstance.models.backbones import load_backbone
from govstance.models.predictor import TransformerPredictor, encoder_for
from govstance.training.calibrating import neutral_calibration
from govstance.training.starting import build_model


def test_a_local_folder_is_loaded(tiny_backbone):
    backbone = load_backbone(str(tiny_backbone), dropout=0.3)
    assert backbone.encoder.config.hidden_size == 32
    assert backbone.encoder.config.hidden_dropout_prob == 0.3
    assert backbone.position_offset == 0


def test_a_backbone_that_no_hub_gives_is_said_with_the_way_out():
    with pytest.raises(BackboneUnavailableError) as error:
        load_backbone("intfloat/no-such-model-anywhere", revision="0" * 40)
    message = str(error.value)
    assert "no model hub in reach" in message
    assert "model=e5_small_embedded" in message


def tiny(model_type: str, **settings):
    """A random encoder of another architecture, as a hub would give it."""
    sizes = {"vocab_size": 40, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    sizes |= {"intermediate_size": 64, "max_position_embeddings": 80, "pad_token_id": 1}
    return AutoModel.from_config(AutoConfig.for_model(model_type, **(sizes | settings)))


@pytest.mark.parametrize(
    ("model_type", "layout", "settings"),
    [
        ("xlm-roberta", "packed", {}),
        (
            "deberta-v2",
            "pair",
            {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_biased_input": False},
        ),
        ("modernbert", "pair", {"bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2}),
    ],
)
def test_the_encoders_of_the_other_configs_fit_their_layout(model_type, layout, settings, tiny_backbone, tmp_path):
    """The answer for a pair is the same alone and in company, whatever the architecture's positions are."""
    tiny(model_type, **settings).save_pretrained(tmp_path)
    for path in tiny_backbone.glob("tokenizer*"):
        shutil.copy(path, tmp_path)
    backbone = load_backbone(str(tmp_path))
    model = build_model(backbone, ModelConfig(kind="transformer", name="tiny", layout=layout), TARGET_IDS).eval()
    finder = MentionFinder(ROOT / "data" / "actors")
    predictor = TransformerPredictor(
        model, encoder_for(model, backbone.tokenizer, finder), neutral_calibration(TARGET_IDS)
    )
    rows = learnable_rows(3)
    together = predictor.predict_logits(rows)
    alone = [predictor.predict_logits([row])[0] for row in rows]
    assert together == pytest.approx(np.array(alone), abs=1e-4)
    assert np.abs(together[0] - together[1]).max() > 1e-4
