import pytest

from govstance.errors import BackboneUnavailableError
from govstance.models.backbones import load_backbone


def test_a_local_folder_is_loaded(tiny_backbone):
    backbone = load_backbone(str(tiny_backbone), dropout=0.3)
    assert backbone.encoder.config.hidden_size == 32
    assert backbone.encoder.config.hidden_dropout_prob == 0.3
    assert backbone.position_offset == 0


def test_no_hub_in_reach_is_said_with_the_way_out(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(BackboneUnavailableError) as error:
        load_backbone("intfloat/no-such-model-anywhere", revision="0" * 40)
    message = str(error.value)
    assert "no model hub in reach" in message
    assert "model=e5_small_embedded" in message
