"""Marks of what stances rest on: read and checked, cut out of training texts, held against the model's evidence."""

import json
from dataclasses import replace

import numpy as np
import pytest
from conftest import GOOD_ROW, ROOT, TARGET_IDS

from benchmarks.common import train_config
from benchmarks.evidence import Given, bearing_sentences, scores_of, sentence_at
from govstance.actors.finder import MentionFinder
from govstance.config import ModelConfig, TrainingConfig
from govstance.corpus.evidence import MarkedText, read_evidence, sha256_of_text
from govstance.corpus.reader import read_rows
from govstance.errors import BadRowsError, GovstanceError
from govstance.jobs.cells import fingerprint
from govstance.jobs.places import marks_of
from govstance.models.backbones import load_backbone
from govstance.models.predictor import encoder_for
from govstance.targets import load_targets
from govstance.text.sentences import Span, split_sentences
from govstance.training.augmentation import augmented
from govstance.training.cutting import cut_passage, partial_passages
from govstance.training.fitting import items_to_learn
from govstance.training.starting import build_model

FINDER = MentionFinder(ROOT / "data" / "actors")
TEXT = "France met Japan. France backs sanctions. Japan rejects them.\nFrance recognises nothing."
SENTENCES = split_sentences(TEXT, "en")
ANNEXATION, SANCTIONS, ALLIANCE = TARGET_IDS
MARKED = MarkedText(
    SENTENCES,
    {
        ("FRA", SANCTIONS): frozenset({1}),
        ("FRA", ANNEXATION): frozenset({1, 3}),
        ("FRA", ALLIANCE): frozenset(),
        ("JPN", SANCTIONS): frozenset({2}),
    },
)


def row(government, stances, **changes):
    labels = dict(zip(TARGET_IDS, stances, strict=True))
    changes = {"role": "mentioned", "id": f"t:{government}", **changes}
    return replace(GOOD_ROW, text=TEXT, lang="en", government=government, labels=labels, **changes)


PASSAGE = [row("FRA", ("against", "favor", "against")), row("JPN", ("none", "against", None))]


def test_what_is_left_keeps_loses_or_leaves_open_each_label():
    france, japan = cut_passage(PASSAGE, MARKED, {1}, FINDER)
    assert france.text == japan.text == "France met Japan. Japan rejects them.\nFrance recognises nothing."
    # Sanctions rested on the lost sentence alone, the annexation on another too, the alliance on nobody knows what.
    assert list(france.labels.values()) == [None, "none", None]
    assert list(japan.labels.values()) == ["none", "against", None]
    assert france.id == "t:FRA-1"
    assert france.group == PASSAGE[0].group


def test_a_government_that_is_named_no_more_has_no_row_unless_it_speaks():
    gone = {0, 1, 3}
    assert [line.government for line in cut_passage(PASSAGE, MARKED, gone, FINDER)] == ["JPN"]
    speaking = [replace(PASSAGE[0], role="speaker"), PASSAGE[1]]
    assert [line.government for line in cut_passage(speaking, MARKED, gone, FINDER)] == ["FRA", "JPN"]
    assert cut_passage(PASSAGE, MARKED, range(4), FINDER) == []


def test_a_share_of_the_marked_passages_comes_a_second_time():
    marks = {sha256_of_text(TEXT): MARKED}
    others = [replace(PASSAGE[0], text="Chile said nothing.", government="CHL", id="o:CHL")]
    settings = {"renamed_share": 0.0, "joined_share": 0.0, "seed": 0, "marks": marks}
    rows = augmented([*PASSAGE, *others], FINDER, cut_share=1.0, **settings)
    assert rows[:3] == [*PASSAGE, *others]
    assert rows[3:]
    assert all(line.text != TEXT and line.id.startswith("t:") for line in rows[3:])
    assert rows == augmented([*PASSAGE, *others], FINDER, cut_share=1.0, **settings)
    assert augmented([*PASSAGE, *others], FINDER, cut_share=0.0, **settings) == [*PASSAGE, *others]


def test_what_one_stance_rests_on_is_kept_alone():
    marks = {sha256_of_text(TEXT): MARKED}
    texts = {
        "France backs sanctions.": {"FRA": [None, "favor", None]},
        "France backs sanctions. France recognises nothing.": {"FRA": ["against", "favor", None]},
        "Japan rejects them.": {"JPN": ["none", "against", None]},
    }
    seen = set()
    for seed in range(20):
        generator = np.random.default_rng(seed)
        (kept,) = partial_passages([PASSAGE], marks, FINDER, generator, share=1.0, part="kept")
        seen.add(kept[0].text)
        assert {line.government: list(line.labels.values()) for line in kept} == texts[kept[0].text]
    assert seen == set(texts)


def test_nothing_is_kept_of_a_passage_that_is_all_evidence():
    text = "France backs sanctions."
    marked = MarkedText([Span(0, len(text))], {("FRA", SANCTIONS): frozenset({0})})
    passage = [replace(PASSAGE[0], text=text)]
    generator = np.random.default_rng(0)
    marks = {sha256_of_text(text): marked}
    assert partial_passages([passage], marks, FINDER, generator, share=1.0, part="kept") == []


@pytest.mark.parametrize("setting", ["cut_texts", "kept_texts"])
def test_a_training_learns_from_parts_of_texts_too(setting, tiny_backbone):
    backbone = load_backbone(str(tiny_backbone))
    model = build_model(backbone, ModelConfig(kind="transformer", name="tiny"), TARGET_IDS)
    encoder = encoder_for(model, backbone.tokenizer, FINDER)
    marks = {sha256_of_text(TEXT): MARKED}
    counts = []
    for share in (0.0, 1.0):
        training = TrainingConfig(epochs=1, texts_per_batch=2, learning_rate=1e-3, frozen_layers=0, **{setting: share})
        counts.append(len(items_to_learn(PASSAGE, encoder, training, seed=0, finder=FINDER, marks=marks)))
    assert counts == [1, 2]


@pytest.mark.parametrize("part", ["cut", "kept"])
def test_a_share_of_texts_without_marks_is_refused(part):
    with pytest.raises(GovstanceError, match=rf"training\.{part}_texts=0\.5: expected texts .* none of the 1 training"):
        partial_passages([PASSAGE], {}, FINDER, np.random.default_rng(0), share=0.5, part=part)


def line(**changes):
    spans = [[span.start, span.end] for span in SENTENCES]
    good = {"sha256": sha256_of_text(TEXT), "sentences": spans, "evidence": {"FRA": {SANCTIONS: [1]}}}
    return good | changes


def test_marks_are_read_by_the_hash_of_their_text(tmp_path):
    path = tmp_path / "marks.jsonl"
    path.write_text(json.dumps(line()), encoding="utf-8")
    (marked,) = read_evidence(path, TARGET_IDS).values()
    assert marked == MarkedText(SENTENCES, {("FRA", SANCTIONS): frozenset({1})})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([], 'expected an object with "sha256", "sentences" and "evidence"'),
        (line(sha256="x"), "expected 64 hexadecimal digits; found 'x'"),
        (line(sentences=[[3, 9], [1, 2]]), r'field "sentences": expected \[start, end\] of each'),
        (line(evidence={"FRA": {"peace": [1]}}), 'field "evidence", FRA, peace: expected one of the targets'),
        (line(sentences=None), r'field "sentences": expected \[start, end\] of each'),
        (line(evidence={"FRA": [1]}), r'field "evidence": expected {government: {target id: \[index, ...\]}}'),
        (
            line(evidence={"FRA": {SANCTIONS: [4]}}),
            rf"FRA, {SANCTIONS}: expected a list of indices from 0 to 3; found \[4\]",
        ),
        (line(evidence={"FRA": {SANCTIONS: 1}}), f"FRA, {SANCTIONS}: expected a list of indices from 0 to 3; found 1"),
        (line(), "expected a text once, found .* again"),
    ],
)
def test_a_line_that_is_no_mark_is_named(wrong, message, tmp_path):
    path = tmp_path / "marks.jsonl"
    path.write_text(f"{json.dumps(line())}\n{json.dumps(wrong)}\n", encoding="utf-8")
    with pytest.raises(BadRowsError, match=f"2: .*{message}"):
        read_evidence(path, TARGET_IDS)


@pytest.mark.parametrize("setting", ["cut_texts", "kept_texts"])
def test_a_training_reads_marks_if_it_takes_texts_apart_and_is_another_one_with_other_marks(setting, tmp_path):
    path, rows = tmp_path / "marks.jsonl", tmp_path / "rows.jsonl"
    path.write_text(json.dumps(line()), encoding="utf-8")
    rows.write_text(json.dumps(PASSAGE[0].to_json()), encoding="utf-8")
    settings = [f"corpus.evidence={path}", f"corpus.files=[{rows}]"]
    plain, cutting = train_config(settings), train_config([*settings, f"training.{setting}=1"])
    assert marks_of(plain, TARGET_IDS) == {}
    assert set(marks_of(cutting, TARGET_IDS)) == {sha256_of_text(TEXT)}
    before = fingerprint(plain), fingerprint(cutting)
    path.write_text(json.dumps(line(evidence={})), encoding="utf-8")
    assert fingerprint(plain) == before[0]
    assert fingerprint(cutting) != before[1]


def test_a_missing_file_of_marks_is_named_before_anything_is_made_of_it(tmp_path):
    path, rows = tmp_path / "none.jsonl", tmp_path / "rows.jsonl"
    with pytest.raises(GovstanceError, match=r"none\.jsonl: expected .* found no such file\."):
        read_evidence(path, TARGET_IDS)
    rows.write_text(json.dumps(PASSAGE[0].to_json()), encoding="utf-8")
    config = train_config([f"corpus.evidence={path}", f"corpus.files=[{rows}]", "training.cut_texts=1"])
    for reading in (fingerprint, lambda config: marks_of(config, TARGET_IDS)):
        with pytest.raises(GovstanceError, match=r"corpus\.evidence.*none\.jsonl"):
            reading(config)


def test_the_marks_of_the_corpus_are_of_its_texts_and_of_labels_that_state_a_position():
    marks = read_evidence(ROOT / "data" / "annotations" / "evidence.jsonl", TARGET_IDS)
    rows = read_rows(sorted((ROOT / "data" / "corpus").glob("*.jsonl")), TARGET_IDS)
    n_found = 0
    for found in rows:
        marked = marks.get(sha256_of_text(found.text))
        if marked is None:
            continue
        n_found += 1
        assert found.split in ("train", "dev")
        assert marked.sentences[-1].end <= len(found.text)
        stated = {target for target, stance in found.labels.items() if stance not in (None, "none")}
        assert {target for government, target in marked.evidence if government == found.government} == stated, found.id
    assert n_found > 4000


def test_the_shares_and_their_intervals():
    items = [Given("a", frozenset({0, 1}), [1, 2]), Given("b", frozenset({0}), [])]
    scores = scores_of(items)
    assert {name: of_name["value"] for name, of_name in scores.items()} == {
        "first": 0.5,
        "precision": 0.5,
        "recall": pytest.approx(1 / 3),
        "answered": 0.5,
    }
    assert scores["first"]["interval_95"] == [0.0, 1.0]  # one document of two is drawn twice in half of the draws
    assert scores["precision"]["interval_95"] == [0.5, 0.5]


def test_baselines_of_evidence_know_who_is_named():
    targets = load_targets(ROOT / "data" / "targets.yaml")
    assert bearing_sentences(PASSAGE[1], MARKED, FINDER, targets) == [0, 2]
    assert bearing_sentences(replace(PASSAGE[1], role="speaker"), MARKED, FINDER, targets) == [0, 1, 2, 3]
    assert [sentence_at(SENTENCES, place) for place in (0, 17, 18, 62, 99)] == [0, 1, 1, 3, 3]
    assert sentence_at([Span(2, 5)], 0) == 0
