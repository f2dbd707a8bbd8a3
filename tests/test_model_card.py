"""The model card of an export."""

import pytest
from conftest import ROOT
from huggingface_hub import ModelCard

from govstance.actors.gazetteer import gazetteer_version
from govstance.reporting.model_card import model_card
from govstance.targets import load_targets

SCORES = {"mean": {"macro_f1": 0.6321}, "macro_f1_interval_95": [0.568, 0.673]}
DATA = {"n_rows": 12, "n_documents": 5, "split": "test", "languages": ["de", "en"]}


@pytest.mark.parametrize("metrics", [{"data": DATA, "systems": {"tiny": SCORES}}, None])
def test_a_card_says_what_it_learnt_from_how_good_it_is_and_which_names_it_knows(metrics):
    version = gazetteer_version(ROOT / "data" / "actors")
    text = model_card(
        name="tiny",
        engine="torch",
        backbone="embedded:multilingual-e5-small",
        targets=load_targets(ROOT / "data" / "targets.yaml"),
        training_data=[{"path": "data/corpus/en.jsonl", "sha256": "ab" * 32}],
        metrics=metrics,
        gazetteer=version,
        version="0.1.0",
    )
    card = ModelCard(text)
    assert (card.data.license, card.data.library_name) == ("apache-2.0", "govstance")
    for title in ("What it answers", "Training data", "How good it is", "Limits", "Licence"):
        assert f"\n## {title}\n" in card.text
    for said in (
        version,
        "`sanctions_support`",
        "| data/corpus/en.jsonl | `abababababababab` |",
        "multilingual-e5-small",
    ):
        assert said in card.text
    if metrics is None:
        assert "Not measured: no metrics.json" in card.text
    else:
        assert "12 rows of 5 documents, split `test`, languages de, en" in card.text
        assert "| tiny | 0.632 | 0.568 to 0.673 |" in card.text


def test_the_version_of_the_gazetteer_tells_a_changed_line(tmp_path):
    (tmp_path / "en.yaml").write_text("KAZ: {names: [Kazakhstan]}")
    before = gazetteer_version(tmp_path)
    (tmp_path / "en.yaml").write_text("KAZ: {names: [Kazakstan]}")
    assert before.startswith("1 files, sha256 ")
    assert gazetteer_version(tmp_path) != before
