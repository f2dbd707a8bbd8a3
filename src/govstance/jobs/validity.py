"""External validation: what governments say in their speeches, as a model reads it, against what they did."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from govstance.actors.finder import MentionFinder
from govstance.apply_config import EvaluateConfig, ReadingConfig, SpeechesConfig
from govstance.corpus.standoff import annotated_splits
from govstance.errors import GovstanceError
from govstance.evaluation.uncertainty import DRAWS
from govstance.facts import Facts, load_facts
from govstance.files import read_json, write_json, write_jsonl, write_text
from govstance.inference.speeches import (
    Speech,
    SpeechPassage,
    read_speeches,
    subject_passages,
    subject_test,
)
from govstance.jobs.evaluate import METRICS_FILE, METRICS_SCHEMA_VERSION, predicted
from govstance.jobs.pages import PAGE_FILE as REPORT_PAGE
from govstance.jobs.places import BUILTIN, mention_finder, model_of, world_file
from govstance.jobs.predict import check_reading
from govstance.jobs.report import write_reports
from govstance.jobs.words_and_deeds import SEED, SpeechReading, held_against_facts, speech_records
from govstance.models.folder import LoadedModel
from govstance.progress import progress
from govstance.reporting.validity_page import map_svg, validity_page
from govstance.reporting.validity_tables import validity_csv
from govstance.threads import use_threads
from govstance.training.run_folder import PROVENANCE_FILE, Beginning, beginning, data_fingerprints, write_provenance

PAGE_FILE, TABLE_FILE, READING_FILE = "validity.html", "validity.csv", "speeches.jsonl"


def run_validity(config: EvaluateConfig, run_folder: Path) -> dict[str, Any]:
    """Holds the model's reading of `config.speeches` against data/facts.

    Writes the section `validity` of metrics.json, validity.csv, validity.html, speeches.jsonl (what was read of each
    passage) and one SVG map a target; and where labelled rows were scored, the reports anew, now with this section.

    Returns:
        The section.

    Raises:
        ModelFolderError: There is no whole model.
        GovstanceError: A setting, a speech or a fact is not usable; then nothing is written.
    """
    started = beginning()
    use_threads(config.threads)
    check_reading(config.reading)
    settings = config.speeches
    if settings.folder is None:
        raise GovstanceError(
            "speeches.folder is not set: validity=true expects speeches.folder=<folder with files such as "
            "'Session 77 - 2022/KAZ_77_2022.txt'>; configs/corpus/ungdc.yaml says where to get them."
        )
    finder = mention_finder(config.paths)
    splits = annotated_splits(Path(settings.annotations)) if settings.annotations else {}
    model = model_of(config.model, config.paths, finder)
    facts = load_facts(Path(config.paths.data) / "facts", model.predictor.target_ids)
    world = read_json(world_file(config.paths))
    found = read_speeches(Path(settings.folder), settings.years)
    reading = _read(model, found.speeches, facts, finder, config.reading)
    section = {
        "model": BUILTIN if config.model == BUILTIN else model.name,
        "speeches": _speech_facts(reading, found.unread, splits, settings, model),
        "bootstrap": {"draws": DRAWS, "seed": SEED},
        **held_against_facts(model, reading, facts, splits, config),
    }
    write_jsonl(run_folder / READING_FILE, speech_records(reading, splits, model.predictor.target_ids))
    write_text(run_folder / TABLE_FILE, validity_csv(section))
    for target in section["targets"]:
        write_text(run_folder / f"map_{target['id']}.svg", map_svg(section, target, world))
    write_text(run_folder / PAGE_FILE, validity_page(section, world))
    metrics = _add_to_metrics(run_folder, section)
    data = data_fingerprints([*facts.files, *(Path(settings.folder) / speech.file for speech in found.speeches)])
    _tell_provenance(run_folder, config, data, started)
    if (run_folder / REPORT_PAGE).is_file():
        write_reports(run_folder, metrics)
    return section


def _read(
    model: LoadedModel, speeches: list[Speech], facts: Facts, finder: MentionFinder, reading: ReadingConfig
) -> SpeechReading:
    touches = subject_test(finder, facts.subject_governments, facts.subject_words)
    passages: list[SpeechPassage] = []
    n_in_all = 0
    with progress("finding passages", total=len(speeches), unit="text") as advance:
        for speech in speeches:
            kept, n_passages = subject_passages(
                speech,
                touches,
                sentences_per_passage=reading.sentences_per_passage,
                stride=reading.stride,
                max_characters=reading.max_characters,
            )
            passages += kept
            n_in_all += n_passages
            advance(1)
    rows = [passage.row() for passage in passages]
    probabilities = {model.name: predicted(model, rows, "reading passages")}
    for name, baseline in model.baselines.items():
        of_baseline = baseline.predict_probabilities(rows) if rows else probabilities[model.name]
        # One that answers all alike would only tell who speaks of the subject.
        if rows and np.ptp(of_baseline, axis=0).max() > 0:
            probabilities[name] = of_baseline
    return SpeechReading(speeches, passages, n_in_all, probabilities)


def _speech_facts(
    reading: SpeechReading,
    unread: Mapping[str, str],
    splits: Mapping[str, set[str]],
    settings: SpeechesConfig,
    model: LoadedModel,
) -> dict[str, Any]:
    files = [speech.file for speech in reading.speeches]
    source = Path(settings.annotations).stem if settings.annotations else None
    return {
        "folder": settings.folder,
        "n_by_year": {str(year): sum(speech.year == year for speech in reading.speeches) for year in settings.years},
        "n_speeches": len(files),
        "n_governments": len({speech.government for speech in reading.speeches}),
        "n_passages": len(reading.passages),
        "n_passages_left_out": reading.n_passages_in_all - len(reading.passages),
        "n_speeches_on_the_subject": len({passage.speech.file for passage in reading.passages}),
        "unread": dict(unread),
        "n_with_training_rows": sum("train" in splits.get(file, ()) for file in files),
        "n_with_other_labels": sum(bool(splits.get(file)) and "train" not in splits[file] for file in files),
        "source_of_labels": source,
        "model_trained_on_them": any(Path(item["path"]).stem == source for item in model.training_data),
    }


def _add_to_metrics(run_folder: Path, section: Mapping[str, Any]) -> dict[str, Any]:
    """Beside the scores on labelled rows, where there are any."""
    path = run_folder / METRICS_FILE
    metrics = read_json(path) if path.is_file() else {"schema_version": METRICS_SCHEMA_VERSION}
    metrics["validity"] = section
    write_json(path, metrics)
    return metrics


def _tell_provenance(run_folder: Path, config: EvaluateConfig, data: list[dict[str, str]], started: Beginning) -> None:
    path = run_folder / PROVENANCE_FILE
    before = read_json(path)["data"] if path.is_file() else []
    scored = BUILTIN if config.model == BUILTIN else str(Path(config.model).resolve())
    write_provenance(run_folder, seed=SEED, data=[*before, *data], started=started, model=scored)
