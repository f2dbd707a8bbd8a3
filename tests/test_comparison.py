"""From run folders to a comparison: grouping, common rows, tests, what is written, and what bad input is told."""

import csv
import json
import re

import numpy as np
import pytest
import yaml
from conftest import TARGET_IDS, learnable_rows

from govstance.apply_config import CompareConfig
from govstance.errors import GovstanceError
from govstance.evaluation.alignment import Answer, common_rows
from govstance.evaluation.comparison import (
    RunGroup,
    compare_pairs,
    flipped_rows,
    non_dominated,
    system_summaries,
)
from govstance.evaluation.results import gold_indices, prediction_records, system_scores
from govstance.files import read_json, write_json, write_jsonl, write_text
from govstance.jobs.compare import run_comparison
from govstance.jobs.finished_runs import find_run_folders
from govstance.reporting.comparison_tables import comparison_tex
from govstance.reporting.plots import axis, cost_axis, curves_plot, trade_off_plot
from govstance.schema import STANCES

ROWS = learnable_rows(40)


def write_run(folder, *, seed=0, accuracy=0.7, rows=ROWS, old=False, draw=0, data="a", cost=None, **settings):
    """A training run whose answers are right with the chance `accuracy`; an old one does not tell its memory."""
    generator = np.random.default_rng([seed, draw])
    gold = gold_indices(rows, TARGET_IDS)
    wrong = generator.random(gold.shape) > accuracy
    predicted = np.where(wrong, (gold + generator.integers(1, 4, size=gold.shape)) % 4, gold)
    probabilities = np.eye(4)[predicted]
    scores = system_scores(gold, probabilities, [row.group for row in rows], TARGET_IDS)
    loss = [{"step": step, "epoch": step / 10, "loss": 1.4 / step} for step in range(1, 21)]
    files = [{"path": "rows.jsonl", "sha256": data}]
    metrics = {
        "schema_version": 1,
        "data": {"files": files, "split": "test", "n_rows": len(rows), "n_documents": 40, "languages": ["en"]},
        "systems": {"model": scores, "majority": scores},
        "training": {"seconds": 60.0 + seed, "rows_per_second": 10.0, "loss": loss}
        | ({} if old else {"peak_memory_mib": 2000 + 10 * seed})
        | (cost or {}),
    }
    records = prediction_records(rows, probabilities, TARGET_IDS)
    if old:
        records = [{key: value for key, value in item.items() if key not in ("lang", "role")} for item in records]
    paths = {"data": f"/home/{folder.name}/data", "outputs": "outputs", "cache": None}
    files_setting = {"files": [f"{paths['data']}/corpus/*.jsonl"]}
    config = {
        "name": "default",
        "seed": seed,
        "paths": paths,
        "corpus": files_setting,
        "model": {"kind": "transformer"},
    }
    write_text(folder / "config.yaml", yaml.safe_dump(config | {"training": {"epochs": 4} | settings}))
    write_json(folder / "metrics.json", metrics)
    write_jsonl(folder / "predictions.jsonl", records)
    write_json(folder / "provenance.json", {"commit": "c", "uncommitted_changes": False, "data": files, "model": None})
    return folder


def compare(tmp_path, *runs, **settings):
    return run_comparison(CompareConfig(runs=[str(run) for run in runs], **settings), tmp_path / "out")


@pytest.fixture
def three(tmp_path):
    """Two seeds of one system, and a worse one."""
    runs = tmp_path / "runs"
    write_run(runs / "a0", seed=0, accuracy=0.85)
    write_run(runs / "a1", seed=1, accuracy=0.85)
    write_run(runs / "b0", seed=0, draw=1, accuracy=0.5, epochs=1)
    return runs


def test_runs_that_differ_in_seed_and_place_are_one_system(three, tmp_path):
    comparison = compare(tmp_path, three)
    first, second = comparison["systems"]
    assert [run["seed"] for run in first["runs"]] == [0, 1]
    scores = [read_json(three / name / "metrics.json")["systems"]["model"] for name in ("a0", "a1")]
    values = [item["mean"]["macro_f1"] for item in scores]
    assert first["macro_f1"]["mean"] == pytest.approx(np.mean(values))
    assert first["macro_f1"]["standard_deviation"] == pytest.approx(abs(values[0] - values[1]) / np.sqrt(2))
    assert first["targets"][TARGET_IDS[0]]["mean"] == pytest.approx(
        np.mean([item["targets"][TARGET_IDS[0]]["macro_f1"] for item in scores])
    )
    assert first["training"] == {"seconds": 60.5, "rows_per_second": 10.0, "peak_memory_mib": 2005.0}
    assert comparison["settings_that_differ"] == {"training.epochs": {"A": 4, "B": 1}}
    only = read_json(three / "b0" / "metrics.json")["systems"]["model"]
    assert second["macro_f1"] == {"mean": pytest.approx(only["mean"]["macro_f1"]), "standard_deviation": None}
    # One run: the same draws of the same documents as when it was scored.
    assert second["macro_f1_interval_95"] == pytest.approx(only["macro_f1_interval_95"])
    assert comparison["notes"] == []


def test_the_same_settings_with_other_training_rows_are_another_system(tmp_path):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b", seed=1, data="b")
    comparison = compare(tmp_path, first, second)
    assert len(comparison["systems"]) == 2
    assert list(comparison["settings_that_differ"]) == ["data (sha256)"]
    assert "scored files differ (sha256)" in comparison["notes"][0]


def test_a_clear_difference_is_found_and_flips_add_up(three, tmp_path):
    (pair,) = compare(tmp_path, three)["pairs"]
    assert pair["p_value_holm"] == pair["p_value"] < 0.01
    assert 0 < pair["interval_95"][0] < pair["difference"] < pair["interval_95"][1]
    test = pair["mcnemar"]
    assert (test["run_of_first"], test["run_of_second"]) == (str(three / "a0"), str(three / "b0"))
    flipped = [json.loads(line) for line in (tmp_path / "out" / "flipped.jsonl").read_text().splitlines()]
    assert len(flipped) == test["wrong_to_right"] + test["right_to_wrong"]
    for row in flipped:
        right = row["to_predicted"] if row["flip"] == "wrong_to_right" else row["from_predicted"]
        assert right == row["gold"]
    right = {
        name: read_json(three / name / "metrics.json")["systems"]["model"]["mean"]["accuracy"] for name in ("a0", "b0")
    }
    gained = (right["a0"] - right["b0"]) * len(ROWS) * 3
    assert test["wrong_to_right"] - test["right_to_wrong"] == pytest.approx(gained)


def test_all_pairs_are_corrected_together(three, tmp_path):
    write_run(three / "c0", draw=2, accuracy=0.5, epochs=2)
    assert len(compare(tmp_path, three)["pairs"]) == 2
    pairs = compare(tmp_path, three, pairs="all")["pairs"]
    assert [(pair["first"], pair["second"]) for pair in pairs] == [("A", "B"), ("A", "C"), ("B", "C")]
    smallest = min(pair["p_value"] for pair in pairs)
    assert min(pair["p_value_holm"] for pair in pairs) == pytest.approx(3 * smallest)


def test_slices_have_their_rows_and_few_are_marked(three, tmp_path):
    (pair,) = compare(tmp_path, three)["pairs"]
    assert list(pair["slices"]) == ["language", "role", "government"]
    (english,) = pair["slices"]["language"]
    assert (english["n_rows"], english["n_documents"], english["few_rows"]) == (80, 40, False)
    # A slice of all rows is the whole.
    assert english["difference"] == pytest.approx(pair["difference"])
    assert english["interval_95"] == pytest.approx(pair["interval_95"])
    governments = {item["slice"]: item for item in pair["slices"]["government"]}
    for code, item in governments.items():
        assert item["n_rows"] == sum(row.government == code for row in ROWS)
        assert item["few_rows"] == (item["n_rows"] < 20)


def test_old_predictions_are_read_and_their_missing_slices_are_said(tmp_path):
    old = [write_run(tmp_path / f"old{seed}", seed=seed, old=True, epochs=seed) for seed in (1, 2)]
    comparison = compare(tmp_path, *old)
    assert comparison["unknown_slices"] == ["language", "role"]
    assert list(comparison["pairs"][0]["slices"]) == ["government"]
    assert "By language: not known" in (tmp_path / "out" / "comparison.html").read_text()
    # One new run tells the language of the rows for all.
    new = write_run(tmp_path / "new", epochs=3)
    assert compare(tmp_path, *old, new)["unknown_slices"] == []


def test_only_common_rows_count_and_it_is_said(tmp_path):
    first, second = write_run(tmp_path / "a"), write_run(tmp_path / "b", rows=ROWS[:60], epochs=1)
    comparison = compare(tmp_path, first, second)
    assert comparison["rows"]["n_pairs"] == 180
    assert (
        "180 labelled (id, target) pairs are common to all, of 240 that at least one run has" in comparison["notes"][0]
    )
    assert comparison["notes"][0] in (tmp_path / "out" / "comparison.html").read_text()
    by_name = {len(system["baselines"] or {}): system for system in comparison["systems"]}
    assert set(by_name) == {0, 1}  # not known on a part of a run's rows


def test_pairs_with_another_gold_are_left_out():
    def answer(row_id, gold):
        return Answer(row_id, "t", "d", "KAZ", gold, "none")

    rows = common_rows(
        [[answer("a", "none"), answer("b", "none"), answer("c", None)], [answer("a", "favor"), answer("b", "none")]]
    )
    assert (rows.ids, rows.n_pairs, rows.n_pairs_changed, rows.n_pairs_of_any) == (["b"], 1, 1, 2)


def test_mcnemar_takes_a_seed_that_both_have_and_never_the_better_run():
    answers = [[Answer("a", "t", "d", "KAZ", "favor", predicted)] for predicted in ("none", "favor", "none", "favor")]
    rows = common_rows(answers)
    first, second = RunGroup("A", [0, 1], [0, 1]), RunGroup("B", [2, 3], [2, 1])
    (pair,) = compare_pairs(rows, [first, second], pairs="best", seed=0)
    assert (pair["mcnemar"]["run_of_first"], pair["mcnemar"]["run_of_second"]) == (1, 3)
    assert flipped_rows(rows, first, second) == []
    assert system_summaries(rows, [first], seed=0)[0]["macro_f1"]["mean"] == pytest.approx((0 + 1) / 2 / len(STANCES))


def test_an_evaluation_belongs_to_the_training_run_of_its_model(three, tmp_path):
    def evaluation(name, model, recorded):
        folder = write_run(tmp_path / name, draw=9)
        write_text(folder / "config.yaml", yaml.safe_dump({"name": "evaluate", "model": str(model), "corpus": {}}))
        write_json(folder / "provenance.json", {"commit": "c", "data": [], "model": recorded})
        return folder

    latest = tmp_path / "latest"
    latest.symlink_to(three / "b0")
    found = evaluation("found", three / "b0" / "model", None)
    recorded = evaluation("recorded", latest, str(three / "b0"))
    comparison = compare(tmp_path, found, three / "b0")
    assert [system["name"] for system in comparison["systems"]] == ["default"]
    assert len(comparison["systems"][0]["runs"]) == 2
    comparison = compare(tmp_path, found, recorded)
    assert "the same model with the same answers" in comparison["notes"][0]
    moved = evaluation("moved", latest, None)
    comparison = compare(tmp_path, three / "b0", moved)
    assert len(comparison["systems"]) == 2
    assert "is a link, and where it led then is not recorded" in comparison["notes"][0]
    assert len(comparison["settings_unknown"]) == 1
    assert comparison["settings_that_differ"] == {}


def test_what_is_written(three, tmp_path):
    comparison = compare(tmp_path, three)
    out = tmp_path / "out"
    assert read_json(out / "comparison.json") == json.loads(json.dumps(comparison))
    lines = list(csv.DictReader((out / "comparison.csv").open()))
    assert [line["label"] for line in lines] == ["A", "B"]
    assert float(lines[0]["macro_f1"]) == comparison["systems"][0]["macro_f1"]["mean"]
    assert lines[0]["seeds"] == "0 1"
    tex = (out / "comparison.tex").read_text()
    assert r"annexation\_recognition" in tex
    assert tex.count(r"\toprule") == tex.count(r"\bottomrule") == 1
    page = (out / "comparison.html").read_text()
    assert page.count("<svg") == page.count("</svg>") > 6
    assert f"{comparison['systems'][0]['macro_f1']['mean']:.3f}" in page
    # Nothing is fetched: no address, no script, no file beside it.
    assert not re.search(r"https?://|<script|<link|<img|url\(", page)


def test_no_other_system_beats_those_that_are_non_dominated():
    scores, costs = [0.6, 0.5, 0.5, 0.4, 0.7], [20.0, 5.0, 9.0, 5.0, None]
    assert non_dominated(scores, costs, better="less") == [True, True, False, False, None]
    assert non_dominated(scores, costs, better="more") == [True, False, False, False, None]
    # Two that are alike in both do not beat each other.
    assert non_dominated([0.5, 0.5], [3.0, 3.0], better="less") == [True, True]


def test_what_a_score_costs_is_drawn_marked_and_written(tmp_path):
    runs = [
        write_run(tmp_path / "a", accuracy=0.9),
        write_run(tmp_path / "b", accuracy=0.7, epochs=2, cost={"seconds": 2.0, "peak_memory_mib": 3000}),
        write_run(tmp_path / "c", accuracy=0.5, epochs=1, old=True, cost={"seconds": 3.0}),
    ]
    comparison = compare(tmp_path, *runs)
    assert [system["non_dominated"] for system in comparison["systems"]] == [
        {"seconds": True, "rows_per_second": True, "peak_memory_mib": True},
        {"seconds": True, "rows_per_second": False, "peak_memory_mib": False},
        {"seconds": False, "rows_per_second": False, "peak_memory_mib": None},
    ]
    lines = list(csv.DictReader((tmp_path / "out" / "comparison.csv").open()))
    assert [line["peak_memory_mib"] for line in lines] == ["2000.0", "3000.0", ""]
    assert [line["non_dominated_seconds"] for line in lines] == ["True", "True", "False"]
    assert lines[2]["non_dominated_peak_memory_mib"] == ""
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert page.count("Score of each system against") == 3
    assert "seconds of training, log scale" in page
    assert "Not recorded for C." in page
    time = trade_off_plot(comparison["systems"], "seconds", "s")
    assert [point["best"] for point in time["points"]] == [True, True, False]
    (first, corner, last) = (tuple(map(float, place.split(","))) for place in time["front"].split())
    a, b, _ = time["points"]
    # From the cheap one the line stays at its score until the dear one can be had.
    assert (first, corner, last) == ((b["x"], b["y"]), (a["x"], b["y"]), (a["x"], a["y"]))
    one = compare(tmp_path, *(write_run(tmp_path / name, old=True, epochs=n) for name, n in (("d", 5), ("e", 6))))
    assert trade_off_plot(one["systems"], "peak_memory_mib", "MiB") is None
    assert "Not recorded for A, B: nothing to draw." in (tmp_path / "out" / "comparison.html").read_text()


def test_runs_that_a_seed_does_not_change_are_said(tmp_path):
    same = [write_run(tmp_path / f"a{seed}", seed=0) for seed in (0, 1)]
    config = yaml.safe_load((same[1] / "config.yaml").read_text())
    write_text(same[1] / "config.yaml", yaml.safe_dump(config | {"seed": 1}))
    comparison = compare(tmp_path, *same)
    assert comparison["systems"][0]["macro_f1"]["standard_deviation"] == 0
    assert (
        "The 2 runs of system A gave the same answers to every row: the seed changes nothing" in comparison["notes"][0]
    )
    assert comparison["notes"][0] in (tmp_path / "out" / "comparison.html").read_text()


def test_names_are_escaped(three, tmp_path):
    for name in ("a0", "a1", "b0"):
        config = yaml.safe_load((three / name / "config.yaml").read_text())
        write_text(three / name / "config.yaml", yaml.safe_dump(config | {"name": "<b>50%_&"}))
    comparison = compare(tmp_path, three)
    assert "<b>" not in (tmp_path / "out" / "comparison.html").read_text()
    assert r"<b>50\%\_\&" in comparison_tex(comparison)


def test_one_system_is_a_leaderboard_without_pairs(tmp_path):
    comparison = compare(tmp_path, write_run(tmp_path / "a"))
    assert comparison["pairs"] == []
    assert "there is nothing to compare it with" in (tmp_path / "out" / "comparison.html").read_text()


def test_folders_are_found_by_name_glob_and_place(three, tmp_path):
    (three / "latest").symlink_to(three / "a0")
    write_run(three / "a0" / "real_news")
    names = ["a0", "a1", "b0"]
    assert [path.name for path in find_run_folders([str(three)])] == names
    assert [path.name for path in find_run_folders([f"{three}/*"])] == names
    assert [path.name for path in find_run_folders([f"{three.parent}/run*"])] == names
    assert len(find_run_folders([f"{three}/**"])) == 4
    with pytest.raises(GovstanceError, match=r"runs: no run folder at '.*nowhere'"):
        find_run_folders([str(tmp_path / "nowhere")])
    with pytest.raises(GovstanceError, match="runs is empty"):
        find_run_folders([])


def test_a_folder_with_speeches_only_is_no_run_to_compare(three, tmp_path):
    names = [path.name for path in find_run_folders([str(three)])]
    write_json(three / "speeches" / "metrics.json", {"schema_version": 1, "validity": {}})
    assert [path.name for path in find_run_folders([str(three)])] == names
    write_json(three / "stopped" / "metrics.json", {"schema_version": 1, "systems": {}, "validity": {}})
    assert [path.name for path in find_run_folders([str(three)])] == sorted([*names, "stopped"])


def test_runs_without_a_common_row_are_explained(tmp_path):
    first, second = write_run(tmp_path / "a", rows=ROWS[:30]), write_run(tmp_path / "b", rows=ROWS[30:])
    with pytest.raises(
        GovstanceError, match=r"no labelled row in common.*2 sets of rows:\n  30 rows: .*a\n  50 rows: .*b"
    ) as caught:
        compare(tmp_path, first, second)
    assert not (tmp_path / "out").exists()
    assert "Name the runs of one set" in str(caught.value)


def damage(folder, how):
    if how == "stopped":
        (folder / "metrics.json").unlink()
    elif how == "version":
        write_json(folder / "metrics.json", read_json(folder / "metrics.json") | {"schema_version": 7})
    elif how == "torn":
        lines = (folder / "predictions.jsonl").read_text().splitlines()
        write_text(folder / "predictions.jsonl", "\n".join(lines[:-1]))
    elif how == "stance":
        text = (folder / "predictions.jsonl").read_text()
        write_text(folder / "predictions.jsonl", text.replace('"gold": "', '"gold": "x', 1))
    elif how == "field":
        write_jsonl(folder / "predictions.jsonl", [{"id": "a"}])
    elif how == "twice":
        text = (folder / "predictions.jsonl").read_text()
        write_text(folder / "predictions.jsonl", text + text)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("stopped", r"b0: expected a finished run, found no metrics\.json: it was stopped or is still running"),
        ("version", r"b0/metrics\.json: expected schema_version 1, found 7"),
        (
            "torn",
            r"b0: metrics\.json and predictions\.jsonl are not of one run: for russia_alliance expected 80 labelled",
        ),
        ("stance", r"b0/predictions\.jsonl:1: field \"gold\": expected one of favor, .*; found 'x"),
        ("field", r"b0/predictions\.jsonl:1: expected the fields .*; found no target, group"),
        ("twice", r"b0/predictions\.jsonl:241: expected each id and target once"),
    ],
)
def test_a_folder_that_is_not_whole_is_named_or_left_out(how, said, three, tmp_path):
    damage(three / "b0", how)
    with pytest.raises(GovstanceError, match=said) as caught:
        compare(tmp_path, three)
    assert "1 of 3 run folders cannot be compared" in str(caught.value)
    assert "skip_broken=true" in str(caught.value)
    comparison = compare(tmp_path, three, skip_broken=True)
    assert [item["folder"] for item in comparison["skipped"]] == [str(three / "b0")]
    assert re.search(said, comparison["skipped"][0]["problem"])
    assert "1 run folder was left out" in (tmp_path / "out" / "comparison.html").read_text()


def test_settings_that_make_no_sense(three, tmp_path):
    with pytest.raises(GovstanceError, match="pairs: expected one of best, all; found 'each'"):
        compare(tmp_path, three, pairs="each")
    with pytest.raises(GovstanceError, match="runs: expected a path, a glob or a list of them; found 3"):
        run_comparison(CompareConfig(runs=3), tmp_path / "out")


def test_axes_have_round_ticks_and_hold_all_values():
    scale = axis([0.462, 0.58], 0, 100)
    assert scale.ticks == [0.46, 0.48, 0.5, 0.52, 0.54, 0.56, 0.58]
    assert 0 < scale.place(0.462) < scale.place(0.58) < 100
    assert axis([0.5, 0.5], 0, 100).place(0.5) == 50
    near, far = cost_axis([2.0, 9.0], 0, 100), cost_axis([0.02, 900.0], 0, 100)
    assert near.place(0.0) >= 0
    assert not near.logarithmic
    assert {0.1, 1.0, 10.0, 100.0} <= set(far.ticks)
    assert far.place(1.0) - far.place(0.1) == pytest.approx(far.place(100.0) - far.place(10.0), abs=0.2)
    assert 0 < far.place(0.02) < far.place(900.0) < 100


def test_letters_of_curves_never_cover_each_other():
    run = [{"epoch": float(step), "loss": 1.0 / step} for step in range(1, 9)]
    plot = curves_plot([("A", [run]), ("B", [run, run]), ("C", [])], 800)
    assert [label["text"] for label in plot["labels"]] in (["A", "B"], ["B", "A"])
    assert abs(plot["labels"][0]["y"] - plot["labels"][1]["y"]) >= 16
    assert curves_plot([("A", [])], 800) is None
