"""report.html: every score on it is found again in predictions.jsonl, and what bad or thin input is told."""

import json
import re
import shutil
import zlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import jinja2.meta
import numpy as np
import pytest
import yaml
from conftest import ROOT, TARGET_IDS, KeywordPredictor, learnable_rows

from govstance.apply_config import ReportConfig
from govstance.config import PathsConfig
from govstance.corpus.label_errors import read_predictions, review_queue
from govstance.errors import GovstanceError
from govstance.evaluation.reliability import reliability_scores
from govstance.evaluation.slices import DRAWS, KINDS
from govstance.evaluation.uncertainty import mean_macro_f1_interval
from govstance.files import read_json, sha256_of_file, write_json, write_jsonl, write_text
from govstance.jobs.evaluate import score_model
from govstance.jobs.pages import write_page
from govstance.jobs.places import mention_finder
from govstance.jobs.report import run_report
from govstance.models.baselines import BASELINES, fit_baseline
from govstance.models.folder import LoadedModel
from govstance.reporting.comparison_tables import number
from govstance.reporting.pages import page_environment
from govstance.reporting.report_page import data_name
from govstance.reporting.report_plots import interval_bar, reliability_plot, risk_plot
from govstance.schema import STANCES
from govstance.targets import load_targets

TARGETS = load_targets(ROOT / "data" / "targets.yaml")
FINDER = mention_finder(PathsConfig())
INJECTED = "<script>alert('x')</script> & "
VOID = {"meta", "link", "img", "br", "input"}
THRESHOLDS = {target: {"0.05": None, "0.2": 0.75} for target in TARGET_IDS}


class WaveringPredictor(KeywordPredictor):
    """The keyword predictor, now more and now less sure; probabilities of six digits, as in predictions.jsonl."""

    calibration = SimpleNamespace(thresholds=THRESHOLDS)

    def _of(self, row, target):
        sure = 0.34 + zlib.crc32(f"{row.id} {target}".encode()) % 600_000 / 1_000_000
        best = int(np.argmax(super()._of(row, target)))
        rest = round((1.0 - sure) / 3, 6)
        values = [rest] * len(STANCES)
        values[best] = round(1.0 - 3 * rest, 6)
        return values


class SurePredictor(KeywordPredictor):
    """The keyword predictor, as a model without thresholds."""

    calibration = SimpleNamespace(thresholds=None)


def hard_rows(n_texts=60):
    """Rows of several languages, years and genres, a third of the labels another stance than the text says."""
    generator = np.random.default_rng(1)
    rows = []
    for index, row in enumerate(learnable_rows(n_texts)):
        labels = {
            target: str(generator.choice(STANCES)) if generator.random() < 0.33 else stance
            for target, stance in row.labels.items()
        }
        labels["sanctions_support"] = None if index % 7 == 0 else labels["sanctions_support"]
        rows.append(
            replace(
                row,
                id=f"{row.id}:<b>",
                text=INJECTED + row.text,
                lang=("en", "de", "ar")[index % 3 if index < 100 else 0],
                date=None if index % 5 == 0 else f"20{20 + index % 3}-05-01",
                genre=("news", "speech")[index % 2],
                phenomena=(("negation",), ("negation", "balance"), ())[index % 3],
                labels=labels,
            )
        )
    return rows


def write_run(folder, rows, *, predictor=None, targets=TARGETS, training=None, baselines=BASELINES):
    """What evaluate leaves behind, scored with a predictor that needs no training."""
    rows_file = folder / "rows.jsonl"
    write_jsonl(rows_file, [row.to_json() for row in rows])
    target_ids = [target.id for target in targets]
    labelled = [row for row in learnable_rows(40, seed=5) if row.split == "train"]
    model = LoadedModel(
        folder=folder,
        kind="transformer",
        name="wavering",
        predictor=predictor or WaveringPredictor(),
        targets=targets,
        baselines={kind: fit_baseline(kind, labelled, target_ids) for kind in baselines},
        training_data=[],
    )
    data = [{"path": str(rows_file), "sha256": sha256_of_file(rows_file)}]
    metrics = score_model(model, rows, data=data, split=None, run_folder=folder, finder=FINDER, training=training)
    write_text(
        folder / "config.yaml", yaml.safe_dump({"name": "evaluate", "model": "builtin", "corpus": {"files": []}})
    )
    provenance = {
        "command": ["evaluate.py", "model=builtin", "corpus.files=[a b.jsonl]"],
        "started": "2026-11-26T20:35:14+00:00",
        "finished": "2026-11-26T20:36:50+00:00",
        "seed": None,
        "model": "builtin",
        "commit": "0123456789abcdef",
        "uncommitted_changes": False,
        "data": data,
        "versions": {"python": "3.11.7"},
        "machine": {"processor": "x86_64", "cores": 2, "system": "Linux"},
        "peak_memory_mib": 1937,
    }
    write_json(folder / "provenance.json", provenance)
    write_page(folder, metrics, rows, run_folder=folder)
    return folder


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    rows = hard_rows()
    return write_run(tmp_path_factory.mktemp("scored"), rows), rows


@dataclass
class Node:
    tag: str
    attributes: dict
    children: list = field(default_factory=list)

    def find(self, tag, **wanted):
        """Nodes of a tag whose data-* attributes are as wanted, in the order of the page."""
        for child in self.children:
            if isinstance(child, Node):
                as_wanted = all(child.attributes.get(f"data-{name}") == value for name, value in wanted.items())
                if child.tag == tag and as_wanted:
                    yield child
                yield from child.find(tag, **wanted)

    @property
    def text(self):
        return " ".join("".join(child if isinstance(child, str) else child.text for child in self.children).split())


class Page(HTMLParser):
    """A page as a tree."""

    def __init__(self, path):
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        node = Node(tag, dict(attrs))
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag, attrs):
        self._open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop().tag == tag, "tags are closed in the order in which they were opened"

    def handle_data(self, data):
        self._open[-1].children.append(data)

    def table(self, name, **wanted):
        """Texts of the cells of all tables so named, without their headers."""
        tables = self.root.find("table", table=name, **wanted)
        lines = [line for table in tables for line in list(table.find("tr"))[1:]]
        return [[cell.text for cell in line.children if isinstance(cell, Node)] for line in lines]


def records_of(folder):
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


def labelled(records, target=None):
    return [item for item in records if item["gold"] is not None and target in (None, item["target"])]


def stance_figures(pairs):
    """Stance -> (precision, recall, F1, support), from (gold, predicted) and nothing else."""
    figures = {}
    for stance in STANCES:
        right = sum(gold == predicted == stance for gold, predicted in pairs)
        of_gold, of_predicted = (sum(pair[side] == stance for pair in pairs) for side in (0, 1))
        f1 = 2 * right / (of_gold + of_predicted) if of_gold + of_predicted else 0.0
        precision, recall = right / of_predicted if of_predicted else 0.0, right / of_gold if of_gold else 0.0
        figures[stance] = (precision, recall, f1, of_gold)
    return figures


def macro_f1(pairs, least=0):
    values = [f1 for _, _, f1, support in stance_figures(pairs).values() if support >= least]
    return float(np.mean(values))


def accuracy(pairs):
    return float(np.mean([gold == predicted for gold, predicted in pairs]))


def answers(records, system):
    """(record, answer) of the model or of what else was asked."""
    return [
        (item, item["predicted"] if system == "wavering" else item["others"][system])
        for item in labelled(records)
        if system == "wavering" or system in item["others"]
    ]


def by_target(records, system):
    pairs = defaultdict(list)
    for item, predicted in answers(records, system):
        pairs[item["target"]].append((item["gold"], predicted))
    return pairs


def interval(chosen, **settings):
    """The bootstrap's interval from (record, answer)."""
    ids = list(dict.fromkeys(item["id"] for item, _ in chosen))
    targets = list(dict.fromkeys(item["target"] for item, _ in chosen))
    gold, predicted = np.full((2, len(ids), len(targets)), -1)
    groups = dict.fromkeys(ids)
    for item, answer in chosen:
        place = ids.index(item["id"]), targets.index(item["target"])
        gold[place], predicted[place] = STANCES.index(item["gold"]), STANCES.index(answer)
        groups[item["id"]] = item["group"]
    low, high = mean_macro_f1_interval(gold, predicted, list(groups.values()), n_stances=4, **settings)
    return f"{low:.3f} to {high:.3f}"


def test_the_headline_is_found_again(scored):
    folder, _ = scored
    records = records_of(folder)
    lines = {line[0]: line[1:] for line in Page(folder / "report.html").table("systems")}
    assert list(lines) == ["wavering", "majority", "country_prior", "tfidf"]
    for system, found in lines.items():
        pairs = by_target(records, system).values()
        f_avg = [np.mean([stance_figures(of_target)[stance][2] for stance in STANCES[:2]]) for of_target in pairs]
        means = [
            np.mean([macro_f1(of_target) for of_target in pairs]),
            np.mean([macro_f1(of_target, least=5) for of_target in pairs]),
            np.mean(f_avg),
            np.mean([accuracy(of_target) for of_target in pairs]),
        ]
        first, *others = map(number, means)
        assert found == [first, interval(answers(records, system)), *others]
    lead = next(node for node in Page(folder / "report.html").root.find("p") if node.attributes.get("class") == "lead")
    assert f"macro-F1 is {lines['wavering'][0]} (95 % interval {lines['wavering'][1]})" in lead.text
    best = max(list(lines)[1:], key=lambda name: lines[name][0])
    assert f"{best}, {lines[best][0]} ({lines[best][1]})" in lead.text
    assert "120 rows from 60 documents in 3 languages (ar, de, en)" in lead.text


def test_report_md_says_the_same(scored):
    folder, _ = scored
    report = (folder / "report.md").read_text()
    page = Page(folder / "report.html")
    for system, *found in page.table("systems"):
        assert f"| {system} | {' | '.join(found)} |" in report
    for target in TARGET_IDS:
        _, score, ends, right = page.table("target-systems", target=target)[0]
        assert f"macro-F1 {score} ({ends}), accuracy {right}" in report
        for line in page.table("stances", target=target):
            assert f"| {' | '.join(cell.removesuffix(' !') for cell in line)} |" in report


@pytest.mark.parametrize("target", TARGET_IDS)
def test_the_scores_of_a_target_are_found_again(target, scored):
    folder, _ = scored
    records, page = records_of(folder), Page(folder / "report.html")
    pairs = by_target(records, "wavering")[target]
    for system, *found in page.table("target-systems", target=target):
        chosen = [(item, answer) for item, answer in answers(records, system) if item["target"] == target]
        of_system = by_target(records, system)[target]
        assert found == [number(macro_f1(of_system)), interval(chosen), number(accuracy(of_system))]
    figures = stance_figures(pairs)
    expected = [[stance, *map(number, values[:3]), str(values[3])] for stance, values in figures.items()]
    assert [[cell.removesuffix(" !") for cell in line] for line in page.table("stances", target=target)] == expected
    for stance, *cells in page.table("confusion", target=target):
        counts = [sum(pair == (stance, predicted) for pair in pairs) for predicted in STANCES]
        assert cells == [f"{count}{100 * count / sum(counts):.0f} %" for count in counts]


@pytest.mark.parametrize("target", TARGET_IDS)
def test_reliability_is_found_again(target, scored):
    folder, _ = scored
    records, page = labelled(records_of(folder), target), Page(folder / "report.html")
    bins = defaultdict(list)
    for item in records:
        confidence = max(item["probabilities"].values())
        bins[int(confidence * 15)].append((confidence, item["gold"] == item["predicted"]))
    means = {index: tuple(np.mean(members, axis=0)) for index, members in sorted(bins.items())}
    assert page.table("reliability", target=target) == [
        [f"{index / 15:.2f} to {(index + 1) / 15:.2f}", *map(number, means[index]), str(len(bins[index]))]
        for index in means
    ]
    error = sum(len(bins[index]) * abs(sure - right) for index, (sure, right) in means.items()) / len(records)
    probabilities = np.array([list(item["probabilities"].values()) for item in records])
    scores = reliability_scores(
        probabilities,
        np.array([STANCES.index(item["gold"]) for item in records]),
        [item["group"] for item in records],
    )
    (shown,) = page.root.find("p", figure="calibration", target=target)
    low, high = scores["expected_calibration_error_interval_95"]
    by_chance = scores["expected_calibration_error_by_chance"]
    assert [node.text for node in shown.find("b")] == [number(error), f"{low:.3f} to {high:.3f}", number(by_chance)]


def test_risk_and_coverage_are_found_again(scored):
    folder, _ = scored
    records, page = records_of(folder), Page(folder / "report.html")
    lines = page.table("risk")
    assert [line[0] for line in lines] == ["all targets together", *(name.replace("_", " ") for name in TARGET_IDS)]
    for target, (_, area, *risks) in zip((None, *TARGET_IDS), lines, strict=True):
        chosen = labelled(records, target)
        sure = sorted({max(item["probabilities"].values()) for item in chosen}, reverse=True)
        kept = [[item for item in chosen if max(item["probabilities"].values()) >= least] for least in sure]
        risk = [np.mean([item["gold"] != item["predicted"] for item in items]) for items in kept]
        coverage = [len(items) / len(chosen) for items in kept]
        steps = np.diff([0.0, *coverage])
        assert area == number(float(risk @ steps))
        wanted = [
            next(at for at, share in zip(risk, coverage, strict=True) if share >= step / 10) for step in range(1, 11)
        ]
        assert risks == list(map(number, wanted))
        for shown in page.root.find("span", figure="aurc", target=target):
            assert shown.text == area
    for name, wanted, threshold, *found in page.table("thresholds"):
        target = name.replace(" ", "_")
        least = THRESHOLDS[target][wanted]
        chosen = labelled(records, target)
        kept = [item for item in chosen if least and max(item["probabilities"].values()) >= least]
        pairs = [(item["gold"], item["predicted"]) for item in kept]
        positions = [pair for pair in pairs if pair[1] != "none"]
        assert threshold == (number(least) if least else "never")
        assert found == [
            f"{100 * len(kept) / len(chosen):.1f} %",
            *(number(1 - accuracy(items)) if items else "-" for items in (pairs, positions)),
            number(macro_f1(pairs)) if pairs else "-",
        ]


def test_slices_are_found_again(scored):
    folder, rows = scored
    page, records = Page(folder / "report.html"), records_of(folder)
    by_id = {row.id: row for row in rows}
    n_seen = 0
    for kind, values_of in KINDS.items():
        members = defaultdict(list)
        for item, answer in answers(records, "wavering"):
            for value in values_of(by_id[item["id"]]):
                members[value].append((item, answer))
        gaps = list(page.root.find("p", gap=kind))
        if list(members) == ["unknown"]:
            assert gaps[0].text == f"By {kind}: not known for these rows."
        shown = [line for table in page.root.find("table", kind=kind) for line in list(table.find("tr"))[1:]]
        assert {line.attributes["data-slice"] for line in shown} == (set() if gaps else set(members))
        for line in shown:
            chosen = members[line.attributes["data-slice"]]
            n_rows = len({item["id"] for item, _ in chosen})
            of_target = defaultdict(list)
            for item, answer in chosen:
                of_target[item["target"]].append((item["gold"], answer))
            _, count, score, ends, _, right = (cell.text for cell in line.find("td"))
            assert count == f"{n_rows}{' !' if n_rows < 20 else ''}"
            assert score == number(float(np.mean(list(map(macro_f1, of_target.values())))))
            n_documents = len({item["group"] for item, _ in chosen})
            assert ends == (interval(chosen, draws=DRAWS) if n_documents > 1 else "one document")
            assert right == number(accuracy([pair for pairs in of_target.values() for pair in pairs]))
            n_seen += 1
    assert n_seen > 15
    assert "slices" in {table.attributes["data-table"] for table in page.root.find("table")}


def test_the_name_probe_is_found_again(scored):
    folder, _ = scored
    records, page = records_of(folder), Page(folder / "report.html")
    asked = [item for item in records if "name_masked" in item["others"]]
    assert len({item["id"] for item in asked}) == 120
    lines = page.table("probe")
    for (_, score, ends, _), system in zip(lines, ("wavering", "name_masked", "name_swapped"), strict=True):
        assert score == number(float(np.mean(list(map(macro_f1, by_target(asked, system).values())))))
        assert ends == interval(answers(asked, system))


def test_the_worst_errors_are_found_again_with_their_texts(scored):
    folder, rows = scored
    page = Page(folder / "report.html")
    wrong = [item for item in labelled(records_of(folder)) if item["gold"] != item["predicted"]]
    worst = sorted(wrong, key=lambda item: item["probabilities"][item["gold"]])[:50]
    shown = list(page.root.find("article", label="doubted")) + list(page.root.find("article", label="not doubted"))
    shown.sort(key=lambda article: int(next(article.find("h3")).text.split(".")[0]))
    assert len(shown) == 50
    texts = {row.id: row.text for row in rows}
    n_evidence = 0
    for article, item in zip(shown, worst, strict=True):
        assert {name: article.attributes[f"data-{name}"] for name in ("id", "target", "gold", "predicted", "lang")} == {
            name: item[name] for name in ("id", "target", "gold", "predicted", "lang")
        }
        odds = [node.text for node in article.find("li")]
        for line, (stance, value) in zip(odds, item["probabilities"].items(), strict=True):
            assert line.startswith(f"{stance}{value:.3f}")
            assert line.endswith(")") == (stance in (item["gold"], item["predicted"]))
        (text,) = (node for node in article.find("p") if node.attributes.get("class") == "text")
        marks = list(text.find("mark"))
        for mark in marks:
            probability = next(mark.find("sub"))
            mark.children.remove(probability)
            assert re.fullmatch(r"\d\.\d\d", probability.text)
        assert text.text == " ".join(texts[item["id"]].split())
        assert not (marks and item["predicted"] == "none")
        n_evidence += len(marks)
    assert n_evidence > 5


def test_labels_in_doubt_stand_apart_and_are_marked_among_the_errors(scored):
    folder, rows = scored
    page = Page(folder / "report.html")
    queue = review_queue(rows, read_predictions(folder / "predictions.jsonl", TARGET_IDS))
    expected = {
        (entry["id"], entry["target"]): (
            f"labelled {entry['given']} ({entry['probability_of_given']:.3f}), "
            f"rather {entry['suggested']} ({entry['probability_of_suggested']:.3f})"
        )
        for entry in queue
    }
    doubts = [article for article in page.root.find("article") if "data-doubt" in article.attributes]
    assert len(doubts) == min(50, len(queue)) > 0
    for article in doubts:
        key = article.attributes["data-doubt"], article.attributes["data-target"]
        assert next(article.find("h3")).text.endswith(expected[key])
    for article in page.root.find("article", label="doubted"):
        assert (article.attributes["data-id"], article.attributes["data-target"]) in expected


def test_no_table_of_the_page_is_unchecked(scored):
    page = Page(scored[0] / "report.html")
    checked = {
        "systems",
        "target-systems",
        "stances",
        "confusion",
        "reliability",
        "risk",
        "thresholds",
        "slices",
        "probe",
    }
    assert {table.attributes["data-table"] for table in page.root.find("table")} == checked


def test_the_page_needs_nothing_else_and_no_text_becomes_markup(scored):
    page = (scored[0] / "report.html").read_text()
    assert not re.search(r"https?://|<link|<img|<iframe|url\(|@import|\ssrc=", page)
    assert page.count("<script>") == 1
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; " in page
    assert ":<b>" not in page
    assert len(list(Page(scored[0] / "report.html").root.find("script"))) == 1


def test_the_run_is_described(scored):
    folder, _ = scored
    page = (folder / "report.html").read_text()
    text = Page(folder / "report.html").root.text
    assert "evaluate.py model=builtin 'corpus.files=[a b.jsonl]'" in text
    assert sha256_of_file(folder / "rows.jsonl") in page
    for said in ("0123456789abcdef", "python 3.11.7", "1,937 MiB", "2 cores", "name: evaluate"):
        assert said in text
    assert "Nothing was trained here" in text
    assert (
        "Not measured for this run. scripts/evaluate.py model=<folder of the run> corpus.files=[<rows>] validity=true"
        in text
    )
    assert "## What governments say and what they did\n\nNot measured" in (folder / "report.md").read_text()


def test_a_training_run_shows_its_learning_curve(tmp_path):
    loss = [{"step": 10 * step, "epoch": step / 4, "loss": 2.0 - step / 10} for step in range(1, 9)]
    training = {"seconds": 61.0, "rows_per_second": 12.5, "n_texts": 30, "n_rows": 1200, "n_truncated": 2}
    folder = write_run(tmp_path, hard_rows(30), training=training | {"n_trained_weights": 5_000_000, "loss": loss})
    page = Page(folder / "report.html")
    (curve, _) = (node for node in page.root.find("svg") if "Training loss" in node.attributes.get("aria-label", ""))
    assert len(next(curve.find("polyline")).attributes["points"].split()) == len(loss)
    assert "Mean by epoch: 1: 1.750, 2: 1.350." in page.root.text
    assert "1,200 in 30 texts, 2 of them cut to the length limit" in page.root.text
    assert "61 s, 12.5 rows/s" in page.root.text


def test_empty_slices_and_thin_data_are_said(tmp_path):
    rows = [
        replace(row, date=None, genre=None, phenomena=(), labels=row.labels | {"russia_alliance": None})
        for row in hard_rows(10)
    ]
    text = Page(write_run(tmp_path, rows, baselines=("majority",)) / "report.html").root
    for kind in ("genre", "year", "phenomenon"):
        (gap,) = text.find("p", gap=kind)
        assert gap.text == f"By {kind}: not known for these rows."
    assert "No row has a label for russia_alliance: nothing to score." in text.text
    assert "No row has a label for: russia_alliance." in text.text
    assert "Not scored, since the model does not carry them: country_prior, tfidf." in text.text
    assert "Under 20 gold rows, so that their scores say little: favor on annexation_recognition" in text.text


def test_a_slice_without_any_row_is_said(scored, tmp_path):
    folder, rows = scored
    metrics = read_json(folder / "metrics.json")
    metrics["slices"]["role"] = []
    metrics["probes"]["name"] = None
    write_page(tmp_path, metrics, rows, run_folder=folder)
    page = Page(tmp_path / "report.html").root
    assert next(page.find("p", gap="role")).text == "By role: no labelled row is in any slice."
    assert "Not probed: no labelled row is of a government other than Russia and Ukraine." in page.text


def test_a_model_without_errors_and_one_that_does_not_read(tmp_path):
    rows = learnable_rows(20)
    page = Page(write_run(tmp_path / "right", rows, predictor=SurePredictor()) / "report.html")
    assert "No answer is wrong." in page.root.text
    majority = fit_baseline("majority", rows, TARGET_IDS)
    page = Page(write_run(tmp_path / "majority", rows, predictor=majority) / "report.html")
    assert "This model does not read the text, so there is no evidence." in page.root.text
    assert "Not looked for: this model does not read the text" in page.root.text
    assert "The model carries no thresholds of abstaining." in page.root.text
    assert not list(page.root.find("mark"))


def test_the_page_of_a_finished_run_is_made_anew(scored, tmp_path):
    folder = Path(shutil.copytree(scored[0], tmp_path / "run"))
    before = (folder / "report.html").read_text()
    (folder / "report.html").unlink()
    assert run_report(ReportConfig(run=str(folder))) == folder / "report.html"
    assert (folder / "report.html").read_text() == before


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_rows_that_are_no_longer_there_are_said(how, tmp_path, caplog):
    folder = write_run(tmp_path / "run", hard_rows(20))
    if how == "gone":
        (folder / "rows.jsonl").unlink()
    else:
        write_text(folder / "rows.jsonl", "{}\n")
    run_report(ReportConfig(run=str(folder)))
    assert "the page shows no texts" in caplog.text
    text = Page(folder / "report.html").root.text
    assert "have changed: errors stand here without their texts" in text
    assert "The text is not at hand." in text
    assert "alert" not in text


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda run: (run / "provenance.json").unlink(), r"run: expected a finished run, found no provenance\.json"),
        (lambda run: (run / "metrics.json").unlink(), r"found no metrics\.json: it was stopped or is still running"),
        (lambda run: write_text(run / "metrics.json", '{"schema_'), r"metrics\.json: expected JSON, found"),
        (
            lambda run: write_text(run / "predictions.jsonl", '{"id": "a", "target"'),
            r"predictions\.jsonl:1: expected one JSON object a line",
        ),
        (
            lambda run: write_jsonl(run / "predictions.jsonl", records_of(run)[:-4]),
            r"metrics\.json and predictions\.jsonl are not of one run",
        ),
        (
            lambda run: write_json(
                run / "metrics.json",
                {name: value for name, value in read_json(run / "metrics.json").items() if name != "worst_errors"},
            ),
            r"metrics\.json: expected all that the page shows, found no worst_errors: an older version",
        ),
    ],
)
def test_a_run_folder_half_written_is_explained(damage, said, scored, tmp_path):
    folder = Path(shutil.copytree(scored[0], tmp_path / "run"))
    (folder / "report.html").unlink()
    damage(folder)
    with pytest.raises(GovstanceError, match=said):
        run_report(ReportConfig(run=str(folder)))
    assert not (folder / "report.html").exists()


def test_no_folder_is_explained(tmp_path):
    with pytest.raises(GovstanceError, match="run: expected the folder of a run, found nothing at"):
        run_report(ReportConfig(run=str(tmp_path / "nowhere")))


def test_every_template_is_part_of_a_page():
    environment = page_environment()
    reached, queue = set(), ["report.html", "comparison.html", "validity.html", "stances.html", "map.svg"]
    while queue:
        name = queue.pop()
        reached.add(name)
        source, _, _ = environment.loader.get_source(environment, name)
        queue += [other for other in jinja2.meta.find_referenced_templates(environment.parse(source)) if other]
    assert set(environment.list_templates()) == reached
    assert {path.name for path in (ROOT / "src/govstance/reporting/templates").iterdir()} == reached


def test_marks_lie_where_their_values_are():
    bins = [{"from": 0.4, "to": 0.467, "confidence": 0.45, "accuracy": 0.5, "rows": 5}]
    plot = reliability_plot(bins)
    (point,) = plot["points"]
    share = (point["x"] - plot["left"]) / (plot["right"] - plot["left"])
    assert share == pytest.approx(0.45, abs=0.001)
    assert (plot["bottom"] - point["y"]) / (plot["bottom"] - plot["top"]) == pytest.approx(0.5, abs=0.001)
    curve = [{"coverage": 0.5, "risk": 0.0}, {"coverage": 1.0, "risk": 0.2}]
    first, last = risk_plot(curve, curve)["dots"]
    assert first["y"] > last["y"]
    assert last["x"] == risk_plot(curve, curve)["right"]
    assert interval_bar(0.0, 0.5, 1.0) == {"low": 3, "value": 75, "high": 147}


def test_data_is_named_in_few_words():
    assert data_name(["a/b/news.jsonl"]) == "news.jsonl"
    assert data_name([f"/x/data/corpus/{lang}.jsonl" for lang in "abc"]) == "data/corpus (3 files)"
    assert data_name([str(Path(name) / "a.jsonl") for name in "abcd"]) == "a, b, c and others (4 files)"
