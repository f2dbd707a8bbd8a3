"""The name probe: the name changes, in text and question, and nothing else does."""

from dataclasses import replace

from conftest import GOOD_ROW, ROOT, learnable_rows

from govstance.actors.finder import MentionFinder
from govstance.evaluation.probes import NAMELESS, name_probe, renamed

FINDER = MentionFinder(ROOT / "data" / "actors")


def test_every_mention_is_renamed_and_the_labels_stay():
    row = GOOD_ROW
    new = renamed(row, [(0, 10)], "FRA")
    assert new.text == "France does not recognise the annexation."
    assert (new.government, new.labels, new.id) == ("FRA", row.labels, row.id)


def test_the_probe_draws_the_same_rows_each_time_and_renames_all_of_them():
    rows = learnable_rows(30)
    probe = name_probe(rows, FINDER, n_rows=20)
    again = name_probe(rows, FINDER, n_rows=20)
    assert (probe.as_written, probe.swapped) == (again.as_written, again.swapped)
    assert len(probe.as_written) == len(probe.masked) == len(probe.swapped) == 20
    assert all(row in rows for row in probe.as_written)
    for old, masked, swapped in zip(probe.as_written, probe.masked, probe.swapped, strict=True):
        assert masked.government == NAMELESS
        assert "Bouvet Island" in masked.text
        assert swapped.government not in (old.government, NAMELESS)
        assert old.labels == masked.labels == swapped.labels
        assert [mention.government for mention in FINDER.find(masked.text, "en", None)].count(old.government) == 0


def test_russia_and_ukraine_keep_their_names():
    rows = [GOOD_ROW, replace(GOOD_ROW, government="RUS"), replace(GOOD_ROW, government="UKR")]
    assert name_probe(rows, FINDER, n_rows=5).as_written == [GOOD_ROW]
