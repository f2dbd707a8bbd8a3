"""Augmentation: names change and passages join; labels stay with the government they belong to."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import GOOD_ROW, ROOT, learnable_rows

from govstance.actors.finder import MentionFinder
from govstance.corpus.renaming import with_names
from govstance.errors import GovstanceError
from govstance.training.augmentation import augmented, joined_passage, renamed_passage

FINDER = MentionFinder(ROOT / "data" / "actors")


def row(text, government, stances, **changes):
    labels = dict(zip(("annexation_recognition", "sanctions_support", "russia_alliance"), stances, strict=True))
    changes = {"role": "mentioned", "id": f"{text[:9]}:{government}", **changes}
    return replace(GOOD_ROW, text=text, government=government, labels=labels, **changes)


def test_names_are_put_into_their_places_in_the_language_of_the_text():
    assert with_names("Paris and Rome agree.", "de", [(0, 5, "DEU"), (10, 14, "POL")]) == "Deutschland and Polen agree."


def test_a_renamed_passage_keeps_labels_russia_and_who_is_who():
    text = "France and Russia met; Paris said nothing. Japan did."
    passage = [row(text, code, ("none", "favor", "none")) for code in ("FRA", "RUS", "JPN")]
    new = renamed_passage(passage, FINDER, ["BRA", "CHL", "FRA", "JPN"], np.random.default_rng(0))
    assert {new[0].government, new[2].government} == {"BRA", "CHL"}
    assert new[1].government == "RUS"
    first, second = ("Brazil", "Chile") if new[0].government == "BRA" else ("Chile", "Brazil")
    assert {line.text for line in new} == {f"{first} and Russia met; {first} said nothing. {second} did."}
    assert [line.labels for line in new] == [line.labels for line in passage]


def test_too_few_other_names_leave_the_passage_as_it_is():
    passage = [row("France spoke.", "FRA", ("none", "favor", "none"))]
    assert renamed_passage(passage, FINDER, ["FRA"], np.random.default_rng(0)) == passage


def test_in_a_joined_passage_the_half_about_a_government_decides():
    first = [
        row("France backs sanctions, as Chile knows.", "FRA", ("none", "favor", "none")),
        row("France backs sanctions, as Chile knows.", "CHL", ("none", "none", "none")),
    ]
    second = [
        row("Japan is neutral. Chile will not join, Brazil was told.", "JPN", ("none", "none", "neutral")),
        row("Japan is neutral. Chile will not join, Brazil was told.", "CHL", ("none", "against", None)),
    ]
    joined = {line.government: line for line in joined_passage(first, second, FINDER)}
    assert set(joined) == {"FRA", "CHL", "JPN"}
    assert {line.text for line in joined.values()} == {f"{first[0].text}\n\n{second[0].text}"}
    assert list(joined["FRA"].labels.values()) == ["none", "favor", "none"]
    assert list(joined["CHL"].labels.values()) == ["none", "against", None]
    assert list(joined["JPN"].labels.values()) == ["none", "none", "neutral"]


def test_stances_that_contradict_each_other_are_not_annotated():
    first = [row("France backs sanctions.", "FRA", ("none", "favor", "neutral"))]
    second = [row("France opposes sanctions.", "FRA", ("none", "against", "neutral"))]
    (line,) = joined_passage(first, second, FINDER)
    assert list(line.labels.values()) == ["none", None, "neutral"]


def test_a_government_that_the_other_half_names_without_a_row_is_left_out():
    first = [row("France backs sanctions.", "FRA", ("none", "favor", "none"))]
    second = [row("Japan heard it from Paris.", "JPN", ("none", "none", "none"))]
    assert [line.government for line in joined_passage(first, second, FINDER)] == ["JPN"]


def test_shares_are_kept_and_draws_repeat():
    rows = [replace(line, role="mentioned") for line in learnable_rows(40)]
    # A long passage, so that two of the others together are not longer than the longest; its governments are the names.
    rows += [
        row("Nothing happened at all. " * 40, code, ("none", "none", "none")) for code in ("JPN", "CHL", "IND", "PER")
    ]
    settings = {"renamed_share": 0.5, "joined_share": 0.25, "seed": 3}
    result = augmented(rows, FINDER, **settings)
    assert result == augmented(rows, FINDER, **settings)
    texts = {line.text for line in rows}
    n_joined = len({line.text for line in result if "+" in line.id})
    assert n_joined in (9, 10)  # a quarter of the 41, less the long one if it is drawn: it has no room for another
    changed = {line.text for line in result if "+" not in line.id} - texts
    assert 0.3 * len(texts) < len(changed) <= 0.5 * len(texts)
    assert augmented(rows, FINDER, renamed_share=0.0, joined_share=0.0, seed=3) == rows


def test_of_passages_with_a_speaker_a_share_no_longer_says_so():
    rows = [
        replace(line, role="mentioned" if number % 2 else "speaker") for number, line in enumerate(learnable_rows(12))
    ]
    silent = row("France stays silent.", "FRA", ("none", "none", "none"))
    result = augmented([*rows, silent], FINDER, renamed_share=0.0, joined_share=0.0, unsaid_share=0.5, seed=3)
    assert result[-1] == silent
    assert [replace(line, role=said.role) for line, said in zip(result[:-1], rows, strict=True)] == rows
    spoken = {line.text for line in rows}
    still_said = {line.text for line in result if line.role == "speaker"}
    assert len(spoken) == 12
    assert len(still_said) == 6


def test_a_share_beyond_all_texts_is_refused():
    with pytest.raises(GovstanceError, match=r"training\.joined_texts: expected a share between 0 and 1; found 30\."):
        augmented(learnable_rows(4), FINDER, renamed_share=0.3, joined_share=30, seed=0)
