"""What governments say against what they did, from made-up speeches and facts to the page."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, KeywordPredictor, learnable_rows
from scipy import stats
from sklearn.metrics import roc_auc_score
from test_report import Page, SurePredictor
from test_scripts import run

from govstance.apply_config import EvaluateConfig, ReportConfig, SpeechesConfig
from govstance.config import CorpusConfig, PathsConfig
from govstance.errors import GovstanceError
from govstance.evaluation.external import rank_agreement
from govstance.facts import load_facts
from govstance.files import read_json, write_json, write_jsonl, write_text
from govstance.inference.speeches import positions, read_speeches
from govstance.jobs import evaluate, validity
from govstance.jobs.report import run_report
from govstance.models.baselines import FrequencyBaseline
from govstance.models.folder import LoadedModel
from govstance.reporting.comparison_tables import number
from govstance.reporting.validity_tables import POPULATION_NAMES, SET_NAMES, STATISTIC_NAMES, SYSTEM_NAMES
from govstance.reporting.world_map import SCORE_CLASSES, class_of, equal_earth, world_map
from govstance.targets import load_targets

TARGETS = load_targets(ROOT / "data" / "targets.yaml")
CRITERIA = """
subject: {governments: [RUS, UKR, BLR], words: [annex*]}
members: {table: votes.csv, lines: R1}
criteria:
  - {id: vote, name: Vote on R1, target: annexation_recognition, table: votes.csv, lines: R1,
     values: {"yes": -1, abstain: 0, "no": 1}, apart: [absent], naming_means: -1}
  - {id: club, name: Member of the club, target: russia_alliance, table: clubs.csv, lines: CLUB,
     values: {not a member: 0, member: 1}, rest: not a member, naming_means: -1}
"""
HEADER = "what,date,government,value,source,status,verification\n"
VOTES = [("FRA", "yes"), ("KAZ", "abstain"), ("BRA", "no"), ("IND", "abstain"), ("CHN", "absent"), ("TUR", "")]
# Each passage is one sentence; a name, then the words the predictor knows. KAZ speaks of the weather only.
SPEECHES = {
    "A/FRA_77_2022.txt": "On Ukraine, France rejects. The weather is fine in France.",
    "B/FRA_78_2023.txt": "On Ukraine, France sleeps.",
    "A/BRA_77_2022.txt": "On Ukraine, Brazil recognises and embraces.",
    "A/KAZ_77_2022.txt": "Kazakhstan rejects bad weather.",
    "A/IND_77_2022.txt": "We speak of annexation.",
    "A/EU_77_2022.txt": "On Ukraine, the Union rejects.",
    "A/TUR_77_2022.txt": " ",
    "A/notes.txt": "No speech.",
}


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    write_text(folder / "facts" / "criteria.yaml", CRITERIA)
    lines = "".join(f"R1,2022-10-12,{code},{value},page 1,verified,one page\n" for code, value in VOTES)
    write_text(folder / "facts" / "votes.csv", HEADER + lines)
    write_text(folder / "facts" / "clubs.csv", HEADER + "CLUB,,BRA,member,page 2,verified,two pages\n")
    write_text(folder / "world" / "world.json", (ROOT / "data" / "world" / "world.json").read_text())
    (folder / "actors").symlink_to(ROOT / "data" / "actors")
    return folder


@pytest.fixture
def speeches(tmp_path) -> Path:
    for name, text in SPEECHES.items():
        write_text(tmp_path / "speeches" / name, text)
    return tmp_path / "speeches"


@pytest.fixture
def config(data, speeches, tmp_path) -> EvaluateConfig:
    header = ("file", "start", "end", "sha256", "lang", "date", "split", "government", "role")
    line = ("A/BRA_77_2022.txt", "0", "9", "x", "en", "", "train", "BRA", "speaker")
    annotations = tmp_path / "made_up.tsv"
    write_text(annotations, "\t".join(header) + "\n" + "\t".join(line) + "\n")
    config = EvaluateConfig(model="any", validity=True, paths=PathsConfig(data=str(data)))
    config.speeches = SpeechesConfig(str(speeches), [2022, 2023], str(annotations), n_disagreements=10)
    config.reading.sentences_per_passage = config.reading.stride = 1
    return config


@pytest.fixture
def known_model(monkeypatch):
    shares = {target.id: {"": [0.1, 0.2, 0.0, 0.7], "FRA": [0.0, 0.9, 0.0, 0.1]} for target in TARGETS}
    same = {target.id: {"": [0.1, 0.2, 0.0, 0.7]} for target in TARGETS}
    ids = [target.id for target in TARGETS]
    baselines = {"country_prior": FrequencyBaseline(ids, shares), "majority": FrequencyBaseline(ids, same)}
    model = LoadedModel(
        folder=Path("any"),
        kind="transformer",
        name="keywords",
        predictor=SurePredictor(),
        targets=TARGETS,
        baselines=baselines,
        training_data=[{"path": "outputs/corpora/made_up.jsonl", "sha256": "0"}],
    )
    for job in (validity, evaluate):
        monkeypatch.setattr(job, "model_of", lambda *_: model)


@pytest.fixture
def section(config, tmp_path, known_model) -> dict:
    return validity.run_validity(config, tmp_path / "run")


def test_what_is_said_is_pooled_and_what_is_left_out_is_counted(section):
    speeches = section["speeches"]
    assert speeches["n_by_year"] == {"2022": 4, "2023": 1}
    assert (speeches["n_passages"], speeches["n_passages_left_out"]) == (4, 2)
    assert speeches["n_speeches_on_the_subject"] == 4
    assert speeches["unread"] == {
        "A/EU_77_2022.txt": "EU is no ISO 3166-1 alpha-3 code of a government",
        "A/TUR_77_2022.txt": "the file is empty",
        "A/notes.txt": "the name is not like KAZ_77_2022.txt",
    }
    annexation = section["targets"][0]
    said = annexation["governments"]
    # France: 0.85 against in one passage, 0.85 none in the other; weights 0.95 ** 2 and 0.15 ** 2, by hand:
    # (0.9025 * (0.05 - 0.85) / 0.95 + 0) / (0.9025 + 0.0225) * 0.95
    assert said["FRA"]["score"] == pytest.approx(-0.7805405, abs=1e-6)
    assert said["FRA"] | {"score": 0} == {"score": 0, "stance": "against", "n_passages": 2, "n_speeches": 2}
    assert said["BRA"]["score"] == pytest.approx(0.8)
    assert said["KAZ"] == {"score": 0.0, "stance": "none", "n_passages": 0, "n_speeches": 1}
    assert said["IND"]["score"] == pytest.approx(0.0)
    assert annexation["n_silent"] == 1
    assert annexation["n_by_stance"] == {"favor": 1, "against": 1, "neutral": 0, "none": 1}


def test_it_is_held_against_what_they_did(section):
    vote = section["criteria"][0]
    assert vote["counts"] == {"yes": 1, "abstain": 2, "no": 1}
    assert vote["silent"] == {"yes": [], "abstain": ["KAZ"], "no": []}
    figures = vote["figures"]["all_speeches"]["all_governments"]
    assert list(figures) == ["keywords", "country_prior", "naming"]  # majority answers all alike
    assert figures["keywords"]["n"] == 4
    for name in ("auc", "ordinal", "spearman", "kendall"):
        assert figures["keywords"][name]["value"] == pytest.approx(1.0)
    # Passages on the subject per speech, the other way round: FRA -1, BRA -1, KAZ 0, IND -1.
    assert figures["naming"]["auc"]["value"] == 0.5
    assert figures["naming"]["ordinal"]["value"] == pytest.approx(0.5)
    assert vote["figures"]["all_speeches"]["with_position"]["keywords"]["n"] == 2
    # Brazil's speech holds a train row: without it nobody voted no, and the highest value is an abstention.
    untrained = vote["figures"]["without_training_rows"]["all_governments"]["keywords"]
    assert (untrained["n"], untrained["n_lowest"], untrained["n_highest"]) == (3, 1, 2)
    assert section["speeches"]["n_with_training_rows"] == 1
    assert section["speeches"]["model_trained_on_them"] is True


def test_gaps_are_stated(section):
    vote, club = section["criteria"]
    assert vote["apart"] == {}  # China was absent and gave no speech
    assert vote["without_value"] == []  # Turkey has no value and an empty speech
    assert vote["without_speech"] == []
    assert club["without_speech"] == ["CHN", "TUR"]
    assert club["facts"]["FRA"] == {
        "value": "not a member",
        "source": "",
        "status": "inferred",
        "verification": "not among the 1 governments that clubs.csv has for it",
    }
    assert club["facts"]["BRA"]["verification"] == "two pages"


def test_who_disagrees_is_shown_with_the_sentence(data, config, tmp_path, known_model):
    table = data / "facts" / "votes.csv"
    table.write_text(table.read_text().replace("FRA,yes", "FRA,no").replace("BRA,no", "BRA,yes"))
    section = validity.run_validity(config, tmp_path / "run")
    vote = section["criteria"][0]
    assert vote["figures"]["all_speeches"]["all_governments"]["keywords"]["auc"]["value"] == 0.0
    first, second = vote["disagreements"]  # India and Kazakhstan state no position
    assert (first["government"], first["share"], first["leans_to"]) == ("BRA", 1.0, "favor")
    assert [item["text"] for item in first["sentences"]] == ["On Ukraine, Brazil recognises and embraces."]
    assert first["sentences"][0] | {"probability": 0} == {
        "text": "On Ukraine, Brazil recognises and embraces.",
        "file": "A/BRA_77_2022.txt",
        "year": 2022,
        "start": 0,
        "probability": 0,
    }
    assert (second["government"], second["sentences"][0]["text"]) == ("FRA", "On Ukraine, France rejects.")
    page = (tmp_path / "run" / "validity.html").read_text()
    assert "<strong>Brazil</strong>: did: yes; says: +0.800, leans to favor; share 100 %" in page
    assert "On Ukraine, Brazil recognises and embraces." in page


def test_the_run_folder_holds_section_table_page_and_maps(section, tmp_path):
    folder = tmp_path / "run"
    metrics = read_json(folder / "metrics.json")
    assert metrics["validity"] == json.loads(json.dumps(section))
    with (folder / "validity.csv").open() as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 2 * 4
    assert lines[1] | {"score": ""} == {
        "criterion": "vote",
        "target": "annexation_recognition",
        "government": "FRA",
        "name": "France",
        "score": "",
        "stance": "against",
        "n_passages": "2",
        "n_speeches": "2",
        "value": "yes",
        "source": "page 1",
        "status": "verified",
        "verification": "one page",
    }
    page = (folder / "validity.html").read_text()
    assert "A government's vote and its speech are different things." in page
    assert "Crimea is drawn as part of Ukraine" in page
    assert "EU is no ISO 3166-1 alpha-3 code" in page
    assert "http" not in page.replace("http://www.w3.org", "")  # needs nothing from elsewhere
    drawing = (folder / "map_russia_alliance.svg").read_text()
    assert 'fill="url(#russia_alliance-favor)"><title>Brazil; +0.80 (passages: 1, speeches: 1); club: member' in drawing
    assert any(item["path"].endswith("votes.csv") for item in read_json(folder / "provenance.json")["data"])


VALUES = {"vote": {"yes": -1, "abstain": 0, "no": 1}, "club": {"not a member": 0, "member": 1}}
MEMBERS = {"vote": dict(VOTES), "club": {"BRA": "member"}}
TARGET_OF = {"vote": "annexation_recognition", "club": "russia_alliance"}


@pytest.fixture
def reported(config, tmp_path, known_model) -> Path:
    """A run that scored labelled rows and speeches; none of its names is in the speeches' facts by chance."""
    write_jsonl(tmp_path / "rows.jsonl", [row.to_json() for row in learnable_rows(20)])
    config.corpus = CorpusConfig(files=[str(tmp_path / "rows.jsonl")])
    folder = tmp_path / "run"
    write_text(folder / "config.yaml", f"name: evaluate\npaths: {{data: {config.paths.data}}}\n")
    evaluate.run_evaluation(config, folder)
    validity.run_validity(config, folder)
    return folder


def pooled_score(passages):
    """P(favor) - P(against) of passages [favor, against, neutral, none], by the words of the page, and the stance."""
    if not passages:
        return 0.0, "none"
    stating = np.array([1 - values[3] for values in passages])
    which = np.array([np.array(values[:3]) / (1 - values[3]) for values in passages])
    pooled = stating.max() * (stating**2 @ which) / (stating**2).sum()
    stance = "none" if 1 - stating.max() > pooled.max() else ("favor", "against", "neutral")[int(pooled.argmax())]
    return float(pooled[0] - pooled[1]), stance


def said_and_did(folder, criterion, system, set_name):
    """Government -> (score, stance, value), from speeches.jsonl and the facts alone."""
    speeches = [json.loads(line) for line in (folder / "speeches.jsonl").read_text().splitlines()]
    if set_name == "without_training_rows":
        speeches = [speech for speech in speeches if not speech["has_training_rows"]]
    found = {}
    for code in sorted({speech["government"] for speech in speeches}):
        own = [speech for speech in speeches if speech["government"] == code]
        passages = [passage["probabilities"] for speech in own for passage in speech["passages"]]
        score, stance = pooled_score([item["keywords"][TARGET_OF[criterion]] for item in passages])
        if system == "naming":
            score = -len(passages) / len(own)
        elif system != "keywords":
            score, _ = pooled_score([item[system][TARGET_OF[criterion]] for item in passages])
        did = MEMBERS[criterion].get(code, "not a member" if criterion == "club" else "")
        if did in VALUES[criterion]:
            found[code] = (score, stance, VALUES[criterion][did])
    return found


def figures_again(found, name):
    """One figure as the page has it, its value by scipy or scikit-learn."""
    if not found:
        return "-"
    said, did = (np.array(part) for part in zip(*((score, value) for score, _, value in found.values()), strict=True))
    whole = rank_agreement(said, did)[name]
    if whole is None:
        return "-"
    ends = (did == did.min()) | (did == did.max())
    found_pairs = list(zip(said, did, strict=True))
    by_others = {
        "auc": lambda: roc_auc_score(did[ends] == did.max(), said[ends]),
        "ordinal": lambda: np.mean(
            [(a < b) + (a == b) / 2 for a, low in found_pairs for b, high in found_pairs if low < high]
        ),
        "spearman": lambda: stats.spearmanr(said, did).statistic,
        "kendall": lambda: stats.kendalltau(said, did).statistic,
    }
    value = float(by_others[name]())
    interval = whole["interval_95"]
    return number(value) + (f"{number(interval[0])} to {number(interval[1])}" if interval else "")


def test_every_figure_of_the_report_is_found_again(reported):
    page = Page(reported / "report.html")
    names = SYSTEM_NAMES | {"keywords": "the model"}
    systems = ["keywords", "country_prior", "naming"]
    n_tables = 0
    for table in page.root.find("table", table="validity-figures"):
        criterion, set_name, population = (
            table.attributes[f"data-{key}"] for key in ("criterion", "set", "population")
        )
        lines = [[cell.text for cell in line.find("td")] for line in list(table.find("tr"))[1:]]
        assert [line[0] for line in lines] == [names[system] for system in systems]
        stances = {
            code: stance for code, (_, stance, _) in said_and_did(reported, criterion, "keywords", set_name).items()
        }
        for system, (_, n, ends, *figures) in zip(systems, lines, strict=True):
            found = said_and_did(reported, criterion, system, set_name)
            if population == "with_position":
                found = {code: of_code for code, of_code in found.items() if stances[code] != "none"}
            values = [value for _, _, value in found.values()]
            assert n == str(len(found))
            assert ends == ", ".join(str(values.count(end(values, default=0))) for end in (min, max))
            assert [cell.replace(" ", "") for cell in figures] == [
                figures_again(found, name).replace(" ", "") for name in STATISTIC_NAMES
            ]
        n_tables += 1
    assert n_tables == 2 * len(SET_NAMES) * len(POPULATION_NAMES)


def test_the_headline_and_the_cases_are_found_again(reported):
    page = Page(reported / "report.html")
    names = {"Vote on R1": "vote", "Member of the club": "club"}
    for name, n, ends, *figures in page.table("validity-auc"):
        found = said_and_did(reported, names[name], "keywords", "all_speeches")
        values = [value for _, _, value in found.values()]
        assert n == str(len(found))
        assert ends.split()[0] == str(values.count(max(values)))
        expected = [
            figures_again(said_and_did(reported, names[name], system, set_name), "auc")
            for set_name in SET_NAMES
            for system in ("keywords", "country_prior", "naming")
        ]
        assert [cell.replace(" ", "") for cell in figures] == [cell.replace(" ", "") for cell in expected]
    of_set = {name: key for key, name in SET_NAMES.items()}
    for name, set_name, n, *figures in page.table("validity-ranks"):
        found = said_and_did(reported, names[name], "keywords", of_set[set_name])
        assert n == str(len(found))
        expected = [figures_again(found, statistic) for statistic in ("ordinal", "spearman", "kendall")]
        assert [cell.replace(" ", "") for cell in figures] == [cell.replace(" ", "") for cell in expected]
    report = (reported / "report.md").read_text()
    for criterion in MEMBERS:
        found = said_and_did(reported, criterion, "keywords", "all_speeches")
        line = next(line for line in report.splitlines() if line.startswith(f"| {criterion}, all speeches: keywords |"))
        assert f"| {len(found)} |" in line
        assert line.split(" | ")[4].split(" ")[0] == figures_again(found, "auc")[:5]


def test_who_disagrees_and_the_maps_are_found_again(reported, data, config):
    table = data / "facts" / "votes.csv"
    table.write_text(table.read_text().replace("FRA,yes", "FRA,no").replace("BRA,no", "BRA,yes"))
    validity.run_validity(config, reported)
    page = Page(reported / "report.html")
    scores = said_and_did(reported, "vote", "keywords", "all_speeches")
    cases = [case for case in page.root.find("div") if "data-case" in case.attributes]
    assert [case.attributes["data-case"] for case in cases] == ["vote BRA", "vote FRA"]
    predictor = KeywordPredictor()
    for case, code, stance in zip(cases, ("BRA", "FRA"), ("favor", "against"), strict=True):
        assert f"says: {scores[code][0]:+.3f}, leans to {stance}; share 100 %" in case.text
        sentence = next(iter(case.find("blockquote"))).text
        row = next(row for row in learnable_rows(1))
        text = SPEECHES[f"A/{code}_77_2022.txt"].split(". ")[0].removesuffix(".") + "."
        alone = replace(row, text=text, government=code)
        probability = predictor.predict_probabilities([alone])[0, 0, ("favor", "against").index(stance)]
        assert sentence.startswith(f"{probability:.2f} {text}")
    maps = [node for node in page.root.find("svg") if "World map" in node.attributes.get("aria-label", "")]
    assert len(maps) == len(TARGETS)
    titles = [title.text for title in maps[0].find("title")]
    for code, name in (("BRA", "Brazil"), ("FRA", "France")):
        assert any(title.startswith(f"{name}; {scores[code][0]:+.2f} (passages: ") for title in titles)


def test_the_report_is_one_file_and_says_where_the_rest_is(reported):
    page = (reported / "report.html").read_text()
    assert not re.search(r"https?://|<link|<img|<iframe|@import|\ssrc=|href=\"[^#]", page)
    assert set(re.findall(r"url\((.)", page)) == {"#"}  # patterns of the maps
    assert "validity-governments" not in page
    assert "A table of all governments with their scores and facts" in page
    assert "A government's vote and its speech are different things." in page
    report = ReportConfig(run=str(reported))
    config = "model: any\n" + (reported / "config.yaml").read_text()
    write_text(reported / "config.yaml", config)
    before, markdown = (reported / "report.html").read_text(), (reported / "report.md").read_text()
    run_report(report)
    assert (reported / "report.html").read_text() == before.replace("name: evaluate", "model: any\nname: evaluate", 1)
    assert (reported / "report.md").read_text() == markdown


def test_scores_on_labelled_rows_stay_in_the_metrics(config, tmp_path, known_model):
    write_json(tmp_path / "run" / "metrics.json", {"schema_version": 1, "systems": {"a": 1}})
    validity.run_validity(config, tmp_path / "run")
    assert read_json(tmp_path / "run" / "metrics.json")["systems"] == {"a": 1}


@pytest.mark.usefixtures("known_model")
def test_what_is_missing_is_explained(config, speeches, tmp_path):
    config.speeches.years = [2022, 2031]
    with pytest.raises(GovstanceError, match=r"found none of 2031. The folder has the years 2022, 2023"):
        validity.run_validity(config, tmp_path / "run")
    config.speeches.folder = str(tmp_path / "nowhere")
    with pytest.raises(
        GovstanceError, match=r"expected a folder with files such as 'Session 77 - 2022/KAZ_77_2022.txt'"
    ):
        validity.run_validity(config, tmp_path / "run")
    config.speeches.folder = None
    with pytest.raises(GovstanceError, match=r"speeches.folder is not set: validity=true expects"):
        validity.run_validity(config, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_script_says_what_is_missing(tmp_path):
    result = run("evaluate", "model=builtin", "validity=true", f"hydra.run.dir={tmp_path}")
    assert result.returncode == 2
    assert "speeches.folder is not set" in result.stdout + result.stderr
    result = run("evaluate", "model=builtin", f"hydra.run.dir={tmp_path}")
    assert result.returncode == 2
    assert "corpus.files is empty" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "old", "new", "expected"),
    [
        (
            "votes.csv",
            "FRA,yes",
            "FRA,maybe",
            "value: expected one of yes, abstain, no, absent, or nothing; found 'maybe'",
        ),
        ("votes.csv", "FRA,yes", "XXX,yes", "expected an ISO 3166-1 alpha-3 code, found 'XXX'"),
        ("votes.csv", "FRA,yes", "KAZ,yes", "KAZ has two lines of 'R1'"),
        ("votes.csv", "verification", "checked", "expected the columns verification too"),
        (
            "criteria.yaml",
            "lines: CLUB",
            "lines: PUB",
            "expected lines of 'PUB', as criteria.yaml names them; found CLUB",
        ),
        ("criteria.yaml", '"yes": -1', "yes: -1", '"yes" and "no" in quotes'),
        (
            "criteria.yaml",
            "rest: not a member",
            "rest: guest",
            "rest: expected one of not a member, member; found 'guest'",
        ),
        ("criteria.yaml", "rest: not a member", "counts: {member: 2}", r"expected the counts {'member': 2}"),
        (
            "criteria.yaml",
            "naming_means: -1}\n  - {id: club",
            "nam: -1}\n  - {id: club",
            "criterion 1: expected id, name",
        ),
        ("criteria.yaml", "subject:", "subjects:", "expected subject (governments, words)"),
    ],
)
def test_bad_facts_are_explained(data, name, old, new, expected):
    path = data / "facts" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(GovstanceError) as error:
        load_facts(data / "facts", [target.id for target in TARGETS])
    assert expected in str(error.value)


def test_a_model_of_other_targets_has_no_criterion(data):
    with pytest.raises(GovstanceError, match="expected a criterion for a target of the model"):
        load_facts(data / "facts", ["climate"])


def test_the_facts_of_the_project_are_whole():
    facts = load_facts(ROOT / "data" / "facts", [target.id for target in TARGETS])
    es_11_4, crimea, sanctions, csto, eaeu = facts.criteria
    assert len(es_11_4.facts) + len(es_11_4.apart) == 193
    assert es_11_4.facts["FRA"].status == "inferred"
    assert es_11_4.facts["KAZ"].value == "abstain"
    assert len(crimea.facts) + len(crimea.apart) == 193
    assert sanctions.facts["POL"].value == "listed"
    assert sanctions.facts["BRA"].value == "not listed"
    assert {code for code, fact in csto.facts.items() if fact.value == "member"} > {"BLR", "KAZ", "TJK"}
    assert eaeu.facts["TJK"].value == "not a member"


def test_governments_count_only_with_the_speeches_asked_for(speeches):
    found = read_speeches(speeches, [2023])
    assert [speech.government for speech in found.speeches] == ["FRA"]
    assert positions([], np.zeros((0, 4)), found.speeches)["FRA"].n_passages == 0


def test_the_map_has_every_state_and_crimea_with_ukraine():
    world = read_json(ROOT / "data" / "world" / "world.json")
    assert (ROOT / "data" / "world" / "world.json").stat().st_size < 150_000
    for code, has_crimea in (("UKR", True), ("RUS", False)):
        points = [point for ring in world["shapes"][code] for point in ring]
        assert any(33 < x < 36 and 44 < y < 45 for x, y in points) == has_crimea
    drawn = world_map(world, {"UKR": (-0.9, 3)}, name="m", titles={"UKR": "Ukraine"})
    (ukraine,) = (shape for shape in drawn["shapes"] if shape["title"] == "Ukraine")
    assert ukraine["class"].id == "against"
    codes = set(world["shapes"]) | set(world["points"])
    assert {"TUV", "SGP", "XKX", "TWN", "LIE"} <= codes
    # Different patterns, or one pattern and none: to be told apart without colour.
    assert len({item.pattern for item in drawn["classes"]}) == len(drawn["classes"]) - 1


def test_classes_and_projection():
    assert class_of(None, 0).id == "unread"
    assert class_of(0.0, 0).id == "silent"
    assert [class_of(score, 1).id for score in (0.6, 0.3, 0.0, -0.3, -1.0)] == [item.id for item in SCORE_CLASSES]
    # Šavrič et al. 2018: the half width and half height of the globe of radius 1.
    assert equal_earth(191.0, 0.0)[0] == pytest.approx(2.7066, abs=1e-4)
    assert equal_earth(11.0, 90.0)[1] == pytest.approx(1.3173, abs=1e-4)
