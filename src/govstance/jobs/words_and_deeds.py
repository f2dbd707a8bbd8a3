"""What each government says and what it did, set side by side: the parts of the section that hold figures."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from govstance.actors.names import government_name
from govstance.apply_config import EvaluateConfig
from govstance.evaluation.external import disagreement, rank_agreement
from govstance.facts import Criterion, Fact, Facts
from govstance.inference.aggregate import strongest
from govstance.inference.speeches import Position, Speech, SpeechPassage, positions, sentences_behind
from govstance.jobs.evaluate import predicted
from govstance.models.folder import LoadedModel
from govstance.schema import STANCES, Row
from govstance.text.sentences import Span

SEED = 0
# The baseline that reads nothing: how many passages on the subject a speech has.
NAMING = "naming"
# Which speeches, and of which governments; the first of each is the main figure.
ALL_SPEECHES, UNTRAINED_SPEECHES = "all_speeches", "without_training_rows"
ALL_GOVERNMENTS, WITH_POSITION = "all_governments", "with_position"


@dataclass(frozen=True)
class SpeechReading:
    """What was read: (n_passages, n_targets, n_stances) of each system, the model first."""

    speeches: list[Speech]
    passages: list[SpeechPassage]
    n_passages_in_all: int
    probabilities: dict[str, np.ndarray]


def speech_records(
    reading: SpeechReading, splits: Mapping[str, set[str]], target_ids: Sequence[str]
) -> list[dict[str, Any]]:
    """One object a speech with what each system read of its passages: all that the figures are made of.

    Args:
        reading: What was read.
        splits: File -> splits of its labelled rows.
        target_ids: Targets in the order of the probabilities.
    """
    of_file: dict[str, list[dict[str, Any]]] = {speech.file: [] for speech in reading.speeches}
    for number, passage in enumerate(reading.passages):
        probabilities = {
            system: {
                target: [round(float(value), 6) for value in values[number, index]]
                for index, target in enumerate(target_ids)
            }
            for system, values in reading.probabilities.items()
        }
        of_file[passage.speech.file].append(
            {"start": passage.span.start, "end": passage.span.end, "probabilities": probabilities}
        )
    return [
        {
            "file": speech.file,
            "government": speech.government,
            "year": speech.year,
            "has_training_rows": "train" in splits.get(speech.file, ()),
            "passages": of_file[speech.file],
        }
        for speech in reading.speeches
    ]


@dataclass(frozen=True)
class _Case:
    """A government whose words and deeds disagree, and the sentences that carry its words."""

    fact: Fact
    said: Position
    share: float
    leans_to: str
    sentences: list[tuple[SpeechPassage, Span]]

    def rows(self) -> list[Row]:
        """The sentences as the model reads them, in the same order."""
        return [passage.row(span) for passage, span in self.sentences]


def held_against_facts(
    model: LoadedModel, reading: SpeechReading, facts: Facts, splits: Mapping[str, set[str]], config: EvaluateConfig
) -> dict[str, Any]:
    """The parts `targets` (what each government says) and `criteria` (how that agrees with what it did)."""
    sets = {ALL_SPEECHES: reading.speeches}
    untrained = [speech for speech in reading.speeches if "train" not in splits.get(speech.file, ())]
    if splits:
        sets[UNTRAINED_SPEECHES] = untrained
    targets, criteria = [], []
    cases: list[tuple[int, list[_Case]]] = []  # index of the target, and a criterion's
    for index, target in enumerate(model.targets):
        asked = {
            name: [speech for speech in of_set if speech.government not in target.not_asked_of]
            for name, of_set in sets.items()
        }
        said = {
            name: {
                system: positions(reading.passages, values[:, index], of_set)
                for system, values in reading.probabilities.items()
            }
            for name, of_set in asked.items()
        }
        of_model = said[ALL_SPEECHES][model.name]
        targets.append(_target_facts(target.id, target.name, of_model, asked[ALL_SPEECHES]))
        for criterion in facts.criteria:
            if criterion.target == target.id:
                criteria.append(
                    _criterion_facts(criterion, of_model) | {"figures": _figures(criterion, said, asked, model.name)}
                )
                of_target = reading.probabilities[model.name][:, index]
                cases.append((index, _cases(criterion, of_model, reading, of_target, config.speeches.n_disagreements)))
    alone = _read_alone(model, [case for _, of_criterion in cases for case in of_criterion])
    for facts_of_criterion, (index, of_criterion) in zip(criteria, cases, strict=True):
        facts_of_criterion["disagreements"] = [
            _disagreement(case, alone, index, config.reading.max_evidence) for case in of_criterion
        ]
    return {"targets": targets, "criteria": criteria}


def _target_facts(target: str, name: str, said: Mapping[str, Position], speeches: Sequence[Speech]) -> dict[str, Any]:
    n_speeches = {government: 0 for government in said}
    for speech in speeches:
        n_speeches[speech.government] += 1
    return {
        "id": target,
        "name": name,
        "n_silent": sum(position.n_passages == 0 for position in said.values()),
        "n_by_stance": {
            stance: sum(position.stance == stance and position.n_passages > 0 for position in said.values())
            for stance in STANCES
        },
        "governments": {
            government: asdict(position) | {"n_speeches": n_speeches[government]}
            for government, position in said.items()
        },
    }


def _criterion_facts(criterion: Criterion, said: Mapping[str, Position]) -> dict[str, Any]:
    silent: dict[str, list[str]] = {value: [] for value in criterion.values}
    for government, position in said.items():
        if government in criterion.facts and position.n_passages == 0:
            silent[criterion.facts[government].value].append(government)
    known = {**criterion.facts, **criterion.apart}
    return {
        "id": criterion.id,
        "name": criterion.name,
        "target": criterion.target,
        "values": dict(criterion.values),
        "counts": {
            value: sum(fact.value == value and fact.government in said for fact in criterion.facts.values())
            for value in criterion.values
        },
        "silent": silent,
        "apart": {code: fact.value for code, fact in criterion.apart.items() if code in said},
        "without_value": sorted(code for code in said if code not in known),
        "without_speech": sorted(code for code in criterion.facts if code not in said),
        "facts": {code: _fact(fact) for code, fact in known.items() if code in said},
    }


def _fact(fact: Fact) -> dict[str, str]:
    return {name: getattr(fact, name) for name in ("value", "source", "status", "verification")}


def _figures(
    criterion: Criterion,
    said: Mapping[str, Mapping[str, Mapping[str, Position]]],
    speeches: Mapping[str, Sequence[Speech]],
    model: str,
) -> dict[str, Any]:
    """Speeches -> governments -> system -> figures; each system on the same governments, those of the model."""
    figures: dict[str, Any] = {}
    for name, by_system in said.items():
        read = [code for code in by_system[model] if code in criterion.facts]
        stating = [code for code in read if by_system[model][code].stance != "none"]
        n_speeches = {code: 0 for code in by_system[model]}
        for speech in speeches[name]:
            n_speeches[speech.government] += 1
        scores = {
            system: {code: position.score for code, position in of_system.items()}
            for system, of_system in by_system.items()
        } | {
            NAMING: {
                code: criterion.naming_means * position.n_passages / n_speeches[code]
                for code, position in by_system[model].items()
            }
        }
        figures[name] = {
            population: {
                system: rank_agreement(
                    [of_system[code] for code in codes],
                    [criterion.values[criterion.facts[code].value] for code in codes],
                    seed=SEED,
                )
                for system, of_system in scores.items()
            }
            for population, codes in ((ALL_GOVERNMENTS, read), (WITH_POSITION, stating))
        }
    return figures


def _cases(
    criterion: Criterion,
    said: Mapping[str, Position],
    reading: SpeechReading,
    target_probabilities: np.ndarray,
    limit: int,
) -> list[_Case]:
    """The governments on the wrong side of most others, of those that state a position.

    Args:
        criterion, reading: What they did, what was read.
        said: Government -> position on the target of the criterion.
        target_probabilities: (n_passages, n_stances), of that target.
        limit: At most this many.
    """
    codes = [code for code in said if code in criterion.facts]
    values = [criterion.values[criterion.facts[code].value] for code in codes]
    shares = dict(zip(codes, disagreement([said[code].score for code in codes], values), strict=True))
    stating = [code for code in codes if said[code].stance != "none" and shares[code] > 0]
    # Of two on the wrong side of as many, the one that says more.
    ordered = sorted(stating, key=lambda code: (-shares[code], -abs(said[code].score)))
    cases = []
    for code in ordered[:limit]:
        indices = [number for number, passage in enumerate(reading.passages) if passage.speech.government == code]
        stance, sentences = sentences_behind(
            [reading.passages[number] for number in indices], target_probabilities[indices], said[code]
        )
        cases.append(_Case(criterion.facts[code], said[code], float(shares[code]), stance, sentences))
    return cases


def _read_alone(model: LoadedModel, cases: Sequence[_Case]) -> dict[str, np.ndarray]:
    """Row id of each sentence -> (n_targets, n_stances); a sentence of several cases is read once."""
    rows = {row.id: row for case in cases for row in case.rows()}
    probabilities = predicted(model, list(rows.values()), "reading sentences")
    return dict(zip(rows, probabilities, strict=True))


def _disagreement(case: _Case, alone: Mapping[str, np.ndarray], target_index: int, limit: int) -> dict[str, Any]:
    """A case with its strongest sentences, as metrics.json holds it."""
    rows = case.rows()
    of_stance = [float(alone[row.id][target_index, STANCES.index(case.leans_to)]) for row in rows]
    return {
        "government": case.fact.government,
        "name": government_name(case.fact.government),
        "share": case.share,
        "leans_to": case.leans_to,
        **asdict(case.said),
        **_fact(case.fact),
        "sentences": [
            {
                "text": rows[place].text,
                "file": case.sentences[place][0].speech.file,
                "year": case.sentences[place][0].speech.year,
                "start": case.sentences[place][1].start,
                "probability": of_stance[place],
            }
            for place in strongest(of_stance, limit)
        ],
    }
