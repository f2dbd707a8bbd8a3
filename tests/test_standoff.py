"""Labels that point into texts: cut out, checked, and nothing left out in silence."""

import hashlib
import logging

import pytest
from conftest import ROOT, SHARED, TARGET_IDS, needs_shared

from govstance.corpus.forms import read_form
from govstance.corpus.reader import read_rows
from govstance.corpus.splits import with_splits
from govstance.corpus.standoff import FIXED_COLUMNS, cut_out
from govstance.errors import BadRowsError, GovstanceError
from govstance.targets import load_targets

TARGETS = load_targets(ROOT / "data" / "targets.yaml")
ASKED = {target.id: target.not_asked_of for target in TARGETS}
SPEECH = "Mr. President. Łódź greets you. We do\n\tnot recognise the annexation. Thank you."
START, END = SPEECH.index("We do"), SPEECH.index(" Thank")
HEADER = "\t".join((*FIXED_COLUMNS, *TARGET_IDS))


def annotation(file="a/KAZ_77_2022.txt", start=START, end=END, text=SPEECH, government="KAZ", label="against"):
    sha = hashlib.sha256(text[START:END].encode()).hexdigest()
    fields = (file, start, end, sha, "en", "", "train", government, "speaker", label, "none", "none")
    return "\t".join(map(str, fields))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "texts" / "a").mkdir(parents=True)
    (tmp_path / "texts" / "a" / "KAZ_77_2022.txt").write_text(SPEECH, encoding="utf-8")
    return tmp_path / "texts"


@pytest.fixture
def table(tmp_path):
    def write(*lines, header=HEADER):
        path = tmp_path / "annotations.tsv"
        path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
        return path

    return write


def test_a_passage_becomes_a_row(folder, table):
    (found,) = cut_out(table(annotation()), folder, source="un", targets=ASKED).rows
    assert found.text == "We do not recognise the annexation."
    assert found.id == f"un:KAZ_77_2022:{START}-{END}:KAZ"
    assert found.group == "un:KAZ_77_2022"
    assert (found.split, found.date, found.role) == ("train", None, "speaker")
    assert found.labels["annexation_recognition"] == "against"


def test_a_file_of_several_documents_says_which_one(folder, table):
    lines = [annotation() + "\tfirst", annotation(government="FRA") + "\tsecond"]
    rows = cut_out(table(*lines, header=HEADER + "\tdocument"), folder, source="un", targets=ASKED).rows
    assert [row.group for row in rows] == ["un:first", "un:second"]
    assert rows[0].id == f"un:first:{START}-{END}:KAZ"


def test_a_target_that_is_not_asked_of_a_government_stays_null(folder, table):
    (found,) = cut_out(table(annotation(government="RUS")), folder, source="un", targets=ASKED).rows
    assert found.labels["russia_alliance"] is None


def test_missing_and_changed_files_are_named_and_counted(folder, table, caplog):
    (folder / "a" / "POL_77_2022.txt").write_text("Something else altogether, and long enough. " * 3, encoding="utf-8")
    path = table(
        annotation(), annotation(file="a/FRA_77_2022.txt"), annotation(file="a/FRA_77_2022.txt", government="DEU"),
        annotation(file="a/POL_77_2022.txt"),
    )  # fmt: skip
    found = cut_out(path, folder, source="un", targets=ASKED)
    assert len(found.rows) == 1
    assert found.missing == {"a/FRA_77_2022.txt": 2}
    assert found.changed == {"a/POL_77_2022.txt": 1}
    with caplog.at_level(logging.WARNING):
        read_form("standoff", folder, {"annotations": str(path), "source": "un"}, TARGETS)
    assert "2 annotations left out: 1 files are missing" in caplog.text
    assert "a/FRA_77_2022.txt (2)" in caplog.text
    assert "1 annotations left out: 1 files are changed" in caplog.text


def test_a_folder_with_none_of_the_files_is_an_error(tmp_path, table):
    (tmp_path / "empty").mkdir()
    with pytest.raises(GovstanceError, match=r"not one passage of .* was found: 1 files are missing"):
        cut_out(table(annotation()), tmp_path / "empty", source="un", targets=ASKED)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (annotation(label="maybe"), r"2: field \"labels.annexation_recognition\": expected one of favor"),
        (annotation(government="XXX"), r"2: field \"government\": expected an ISO 3166-1"),
        (annotation(start="x"), "2: start and end: expected character positions, found 'x'"),
    ],
)
def test_a_wrong_annotation_is_named_with_its_line(folder, table, line, message):
    with pytest.raises(BadRowsError, match=message):
        cut_out(table(line), folder, source="un", targets=ASKED)


def test_columns_and_fields_must_be_all_there(folder, table):
    with pytest.raises(GovstanceError, match=r":1: expected the columns sha256 too"):
        cut_out(table(annotation(), header=HEADER.replace("sha256", "sum")), folder, source="un", targets=ASKED)
    with pytest.raises(GovstanceError, match=r":2: expected 12 tab-separated fields"):
        cut_out(table("only\tthree\tfields"), folder, source="un", targets=ASKED)


def test_the_folder_must_be_given(table):
    options = {"annotations": str(table(annotation())), "source": "un"}
    with pytest.raises(GovstanceError, match=r"expected the folder of the source texts, found null"):
        read_form("standoff", None, options, TARGETS)
    with pytest.raises(GovstanceError, match=r"form: expected one of rows, composed, standoff, table, tweeteval"):
        read_form("stand-off", None, options, TARGETS)


@needs_shared
@pytest.mark.parametrize(
    ("source", "folder", "n_rows"),
    [
        ("ungdc", "ungdc", 6736),
        ("ungd_original", "raw/ungd2024_original", 150),
        ("whitehouse", "raw/whitehouse", 1913),
        ("zelensky", "raw/zelensky", 1898),
    ],
)
def test_the_shipped_annotations_fit_the_real_texts(source, folder, n_rows):
    options = {"annotations": str(ROOT / "data" / "annotations" / f"{source}.tsv"), "source": source}
    rows = with_splits(read_form("standoff", SHARED / "data" / folder, options, TARGETS))
    assert len(rows) == n_rows
    assert len({row.id for row in rows}) == n_rows


@needs_shared
def test_the_dev_speeches_are_those_that_choices_are_made_on():
    options = {"annotations": str(ROOT / "data" / "annotations" / "ungdc.tsv"), "source": "ungdc"}
    rows = read_form("standoff", SHARED / "data" / "ungdc", options, TARGETS)
    real = {(row.text, row.government): row for row in read_rows([SHARED / "data/real/dev/ungdc.jsonl"], TARGET_IDS)}
    dev = [row for row in rows if row.split == "dev"]
    assert len(dev) == 604
    assert all(row.labels == real[row.text, row.government].labels for row in dev)


@needs_shared
def test_no_stand_off_passage_repeats_the_real_rows_that_choices_are_made_on():
    real = {" ".join(row.text.split()) for row in read_rows([SHARED / "data/real/dev/news.jsonl"], TARGET_IDS)}
    for source, folder in (("whitehouse", "raw/whitehouse"), ("zelensky", "raw/zelensky"), ("ungdc", "ungdc")):
        options = {"annotations": str(ROOT / "data" / "annotations" / f"{source}.tsv"), "source": source}
        rows = read_form("standoff", SHARED / "data" / folder, options, TARGETS)
        assert not {row.text for row in rows} & real, source
