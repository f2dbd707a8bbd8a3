from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import GOOD_ROW, ROOT, TARGET_IDS, learnable_rows

from govstance.actors.finder import MentionFinder
from govstance.config import ModelConfig
from govstance.models.backbones import load_backbone
from govstance.models.encoding import IGNORED_LABEL, batches_by_length, government_query, label_counts
from govstance.models.predictor import encoder_for
from govstance.models.stance_model import tensors_of
from govstance.training.starting import build_model


@pytest.fixture(scope="module", params=["packed", "branched", "pair"])
def model_and_encoder(request, tiny_backbone):
    torch.manual_seed(0)
    backbone = load_backbone(str(tiny_backbone))
    config = ModelConfig(kind="transformer", name="tiny", layout=request.param, shared_layers=1, max_length_tokens=24)
    model = build_model(backbone, config, TARGET_IDS).eval()
    return model, encoder_for(model, backbone.tokenizer, MentionFinder(ROOT / "data" / "actors"))


def logits_of(model, encoder, rows):
    items = encoder.encode(rows)
    batch = tensors_of(encoder.collate(items))
    del batch["labels"]
    with torch.inference_mode():
        logits = model(**batch).logits
    order = [position for item in items for position in item.rows]
    return logits[torch.tensor(order).argsort()]


def test_every_row_is_encoded_exactly_once(model_and_encoder):
    _, encoder = model_and_encoder
    rows = learnable_rows(6)
    items = encoder.encode(rows)
    assert sorted(position for item in items for position in item.rows) == list(range(len(rows)))
    assert len(items) == (12 if encoder.layout == "pair" else 6)


def test_an_answer_does_not_depend_on_what_else_is_asked(model_and_encoder):
    model, encoder = model_and_encoder
    rows = learnable_rows(5)
    together = logits_of(model, encoder, rows)
    for position, row in enumerate(rows):
        alone = logits_of(model, encoder, [row])
        assert torch.allclose(together[position], alone[0], atol=1e-5)


def test_the_words_of_texts_of_other_days_name_whom_they_named_then(model_and_encoder):
    _, encoder = model_and_encoder
    text = "Boris Johnson rejects ."
    in_office, before = (
        replace(GOOD_ROW, text=text, government="GBR", date=day) for day in ("2022-01-01", "2010-01-01")
    )
    together = encoder.encode([before, in_office])
    alone = [encoder.encode([row])[0] for row in (before, in_office)]
    assert [item.mentions for item in together] == [item.mentions for item in alone]
    assert together[0].mentions != together[1].mentions


def test_the_government_and_its_role_change_the_answer(model_and_encoder):
    model, encoder = model_and_encoder
    row = learnable_rows(1)[0]
    other = replace(row, government="FRA" if row.government != "FRA" else "KAZ")
    speaker = replace(row, role="speaker")
    logits = logits_of(model, encoder, [row, other, speaker])
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)
    assert not torch.allclose(logits[0], logits[2], atol=1e-3)


def test_long_passages_are_cut_and_marked(model_and_encoder):
    _, encoder = model_and_encoder
    item = encoder.encode([replace(GOOD_ROW, text="Kazakhstan " * 60)])[0]
    assert item.truncated
    assert len(item.passage) == 24
    assert item.passage[-1] == encoder.tokenizer.sep_token_id


def test_the_words_that_name_a_government_are_marked(model_and_encoder):
    _, encoder = model_and_encoder
    row = replace(GOOD_ROW, text="France rests . Kazakhstan rejects . Kazakhstan sleeps .")
    unnamed = replace(row, government="BRA")
    batch = encoder.collate(encoder.encode([row, unnamed]))
    tokens = batch["input_ids"][batch["pair_item"]]
    if encoder.layout == "branched":
        tokens = np.take_along_axis(tokens, batch["branch_tokens"], axis=1)
    named = tokens[0, batch["mention_mask"][0]].tolist()
    assert named == [encoder.tokenizer.convert_tokens_to_ids("Kazakhstan")] * 2
    assert (batch["mention_mask"][1] == batch["pair_mask"][1]).all()


@pytest.mark.parametrize("model_and_encoder", ["branched"], indirect=True)
def test_a_branch_holds_the_passage_and_its_own_government(model_and_encoder):
    _, encoder = model_and_encoder
    rows = [replace(GOOD_ROW, government=government) for government in ("KAZ", "FRA")]
    item = encoder.encode(rows)[0]
    batch = encoder.collate([item])
    for pair, query in enumerate(item.queries):
        tokens = batch["input_ids"][0, batch["branch_tokens"][pair]][batch["branch_mask"][pair]]
        assert tokens.tolist() == item.passage + query
        assert batch["pair_first"][pair] == len(item.passage)


def test_labels_not_annotated_are_ignored(model_and_encoder):
    _, encoder = model_and_encoder
    assert encoder.encode([GOOD_ROW])[0].labels == [[1, 3, IGNORED_LABEL]]
    assert label_counts(encoder.encode([GOOD_ROW]), 3) == [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]


def test_the_government_is_named_in_the_language_of_the_text():
    assert government_query(replace(GOOD_ROW, lang="ru")) == "Казахстан"
    assert government_query(replace(GOOD_ROW, role="speaker")) == "speaker: Kazakhstan"


def test_batches_hold_every_item_within_the_budget(model_and_encoder):
    _, encoder = model_and_encoder
    items = encoder.encode(learnable_rows(20))
    batches = list(batches_by_length(items, tokens_per_batch=64))
    assert sorted(position for batch in batches for position in batch) == list(range(len(items)))
    assert all(len(batch) == 1 or len(batch) * max(items[i].length for i in batch) <= 64 for batch in batches)
