import numpy as np
import pytest

from govstance.evaluation.reliability import expected_calibration_error, reliability_scores
from govstance.reporting.details import reliability_section


def answers(confidence):
    return np.column_stack([confidence, 1 - confidence])


def test_calibration_error_by_hand():
    probabilities = np.array([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4]])
    # Bin of 0.8: accuracy 0.5, gap 0.3, two rows of three; bin of 0.6: accuracy 1, gap 0.4, one row of three.
    assert expected_calibration_error(probabilities, np.array([0, 1, 0])) == pytest.approx(0.3 * 2 / 3 + 0.4 / 3)


def test_the_diagram_by_hand():
    scores = reliability_scores(np.array([[0.8, 0.2], [0.82, 0.18], [0.6, 0.4]]), np.array([0, 1, 0]), ["a", "b", "b"])
    low, high = scores["reliability"]
    assert (low["rows"], low["accuracy"], low["confidence"]) == (1, 1.0, 0.6)
    assert (high["rows"], high["accuracy"], high["confidence"]) == (2, 0.5, pytest.approx(0.81))
    assert high["from"] == pytest.approx(12 / 15)
    assert scores["expected_calibration_error"] == pytest.approx(0.31 * 2 / 3 + 0.4 / 3)
    section = "\n".join(reliability_section({"sanctions": scores}))
    assert "| sanctions, 0.80 to 0.87 | 0.810 | 0.500 | 2 |" in section


def test_what_chance_alone_shows_is_what_perfect_probabilities_show():
    """Answers that are right as often as they say: their error is that by chance, and it falls with their number."""
    generator = np.random.default_rng(0)
    few, many = [], []
    for sizes, found in ((100, few), (10_000, many)):
        confidence = generator.uniform(0.5, 1.0, sizes)
        wrong = (generator.random(sizes) > confidence).astype(int)
        found.append(reliability_scores(answers(confidence), wrong, [str(n) for n in range(sizes)]))
    by_chance = "expected_calibration_error_by_chance"
    assert few[0][by_chance] > 5 * many[0][by_chance] > 0
    assert many[0]["expected_calibration_error"] == pytest.approx(many[0][by_chance], abs=0.01)


def test_documents_are_drawn_whole():
    confidence = np.full(200, 0.7)
    wrong = np.repeat(np.arange(20) % 10 >= 7, 10).astype(int)  # documents of ten rows, right or wrong together
    of_rows = reliability_scores(answers(confidence), wrong, [str(n) for n in range(200)])
    of_documents = reliability_scores(answers(confidence), wrong, [str(n // 10) for n in range(200)])
    name = "expected_calibration_error_interval_95"
    assert of_rows["expected_calibration_error"] == pytest.approx(0)
    assert of_documents[name][1] > 2 * of_rows[name][1]
