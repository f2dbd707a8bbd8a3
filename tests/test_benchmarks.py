"""Public benchmarks: all labels mapped, none dropped, faults named with file and line."""

import json

import pytest
from conftest import ROOT, SHARED, needs_shared
from hydra import compose, initialize_config_dir

from govstance.config import PrepareConfig, register_schemas, to_dataclass
from govstance.corpus.forms import read_form
from govstance.errors import BadRowsError, GovstanceError
from govstance.jobs.places import targets_of_corpus

# Config -> (folder of the local copy, rows, all splits there).
LOCAL = {
    "semeval2016_tweeteval": ("semeval2016_tweeteval", 4163),
    "cic_ca": ("cic", 10048),
    "mawqif": ("mawqif", 3502),
    "ruw": ("ruw", 6000),
}


def corpus(name):
    register_schemas()
    with initialize_config_dir(str(ROOT / "configs"), version_base="1.3"):
        config = to_dataclass(compose("prepare", overrides=[f"corpus={name}"]), PrepareConfig)
    return config.corpus, targets_of_corpus(config.paths, config.corpus)


def read(name, path, **changes):
    config, targets = corpus(name)
    return read_form(config.form, path, config.options | changes, targets)


@pytest.fixture
def raw(tmp_path):
    def write(name, text):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_columns_become_rows(raw):
    folder = raw("Mawqif_AllTargets_Train.csv", "ID,text,target,stance\n7,نص,Covid Vaccine,Against\n")
    (row,) = read("mawqif", folder)
    assert row.id == "mawqif:train-2-7"
    assert row.labels == {"women_empowerment": None, "covid_vaccine": "against", "digital_transformation": None}
    assert (row.government, row.role, row.lang, row.split) == ("ZZZ", "speaker", "ar", "train")


def test_two_targets_a_line(raw):
    head = "Tweet,Target 1,Stance 1,Target 2,Stance 2\n"
    folder = raw("raw_train_Russia_Ukraine.csv", head + "hm,Russia,AGAINST,Ukraine,NONE\n")
    (row,) = read("ruw", folder, files={"train": "raw_train_Russia_Ukraine.csv"})
    assert row.labels == {"russia": "against", "ukraine": "none"}


def test_a_topic_stands_before_the_text(raw):
    line = {"id": 1, "question": "Mehr Velowege?", "comment": "Ja.", "language": "de", "label": "FAVOR"}
    folder = raw("train.jsonl", json.dumps(line) + "\n")
    (row,) = read("xstance", folder, files={"train": "train.jsonl"})
    assert (row.text, row.lang, row.labels) == ("Mehr Velowege?\nJa.", "de", {"question": "favor"})


def test_semeval_in_its_first_form(raw):
    text = 'ID\tTarget\tTweet\tStance\n1\tAtheism\tHe "said" so\tNONE\n'
    folder = raw("trainingdata-all-annotations.txt", text)
    (row,) = read("semeval2016", folder, files={"train": "trainingdata-all-annotations.txt"})
    assert row.labels["atheism"] == "none"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7,x,Covid Vaccine,Maybe", "2: stance: expected one of Favor, Against, None; found 'Maybe'"),
        ("7,x,Football,Favor", "2: target: expected one of Women empowerment, .*; found 'Football'"),
        ("7, ,Covid Vaccine,Favor", '2: field "text": expected a text that is not empty'),
    ],
)
def test_what_the_maps_do_not_name_is_an_error(raw, line, message):
    folder = raw("Mawqif_AllTargets_Train.csv", f"ID,text,target,stance\n{line}\n")
    with pytest.raises(BadRowsError, match=message):
        read("mawqif", folder)


def test_missing_files_columns_and_lines_are_named(raw, tmp_path):
    with pytest.raises(GovstanceError, match=r"Mawqif_AllTargets_Train.csv: no such file; corpus.path is the folder"):
        read("mawqif", tmp_path)
    folder = raw("Mawqif_AllTargets_Train.csv", "ID,text,stance\n7,x,Favor\n")
    with pytest.raises(GovstanceError, match=r"expected the columns ID, text, target, stance; found ID, text, stance"):
        read("mawqif", folder)
    (tmp_path / "abortion").mkdir()
    (tmp_path / "abortion" / "train_text.txt").write_text("one\ntwo\n", encoding="utf-8")
    (tmp_path / "abortion" / "train_labels.txt").write_text("0\n", encoding="utf-8")
    with pytest.raises(GovstanceError, match=r"expected one label for each of the 2 lines of .*, found 1"):
        read("semeval2016_tweeteval", tmp_path)


def test_no_path_and_no_hub_is_an_error():
    with pytest.raises(GovstanceError, match=r"expected the folder of vast's files, found null"):
        read("vast", None)
    with pytest.raises(GovstanceError, match=r"corpus.options: .*colour"):
        read("vast", None, colour="blue")


@needs_shared
@pytest.mark.parametrize("name", LOCAL)
def test_local_copies_are_read_whole(name):
    folder, n_rows = LOCAL[name]
    rows = read(name, SHARED / "data" / "benchmarks" / folder)
    assert len(rows) == n_rows
    assert all(any(row.labels.values()) for row in rows)
