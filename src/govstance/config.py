"""One dataclass per config group: what can be set, and of which type.

Hydra checks every YAML file and command line against these, so a misspelt key is an error. Classes of the
library never see a config; scripts turn it into these dataclasses once and pass plain values on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, DictConfig, OmegaConf

PROJECT_ROOT = Path(__file__).resolve().parents[2]
_PACKAGE = Path(__file__).resolve().parent
# Holds data/ and configs/; a wheel carries in the package what reading needs of them.
CARRIED_ROOT = _PACKAGE if (_PACKAGE / "data").is_dir() else PROJECT_ROOT


@dataclass
class PathsConfig:
    """Where things lie."""

    data: str = str(CARRIED_ROOT / "data")
    outputs: str = str(PROJECT_ROOT / "outputs")
    # Converted backbones; null: $GOVSTANCE_CACHE, else ~/.cache/govstance.
    cache: str | None = None


@dataclass
class HeldOutConfig:
    """Train and dev rows that are taken out of training and scored apart; empty: none."""

    # ISO 639-1.
    languages: list[str] = field(default_factory=list)
    # ISO 3166-1 alpha-3. Documents with a row of one of them leave training whole; only its own rows are scored.
    governments: list[str] = field(default_factory=list)


@dataclass
class CorpusConfig:
    """Labelled rows, and what scripts/prepare.py makes them from."""

    # Paths or globs of JSON Lines files: what training and evaluation read, what prepare checks.
    files: list[str] = MISSING
    # Sources (the field of the rows) that training and choosing leave out; they are scored all the same.
    not_trained_on: list[str] = field(default_factory=list)
    # What training does not see at all, to score the model on it.
    held_out: HeldOutConfig = field(default_factory=HeldOutConfig)
    # Which sentences the stances rest on, for training.cut_texts and training.kept_texts; null:
    # annotations/evidence.jsonl in the data folder.
    evidence: str | None = None
    # What the labels are about; null: targets.yaml in the data folder.
    targets: str | None = None
    # What prepare reads: rows (nothing to make, only to check), or a form named in corpus/forms.py.
    form: str = "rows"
    # The raw files: a folder, a file or a glob, as the form has it.
    path: str | None = None
    # The file (or, for composed texts, the folder) of rows that prepare writes.
    output: str | None = None
    # Settings of the form.
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class QualityConfig:
    """What the gate lets through."""

    # Cosine of the character 5-gram profiles from which two texts of a language are near duplicates.
    near_duplicate_similarity: float = 0.8
    # error or warning: the same text, or nearly, in two splits.
    duplicates_across_splits: str = "error"


@dataclass
class ModelConfig:
    """What is trained."""

    # transformer, majority, country_prior or tfidf.
    kind: str = MISSING
    name: str = MISSING
    # embedded:multilingual-e5-small, a hub id or a local folder; null for baselines.
    backbone: str | None = None
    # A trained model of the same backbone whose weights training starts from: a run or model folder, or builtin. Of a
    # list of them, the mean of their weights.
    start_from: Any = None
    # Commit of the hub repository.
    revision: str | None = None
    # packed (one pass a text, BERT and XLM-R), branched (so up to a middle layer, from there a pass a government) or
    # pair (one pass a government, any encoder).
    layout: str = "packed"
    # In the branched layout: the layers before the branches.
    shared_layers: int = 0
    passage_prefix: str = ""
    max_length_tokens: int = 256
    dropout: float = 0.1
    # Whether the states of the words that name the government join the pooled state.
    pool_mentions: bool = True


@dataclass
class TrainingConfig:
    """How it is trained; baselines take none of this."""

    # 0 only interpolates and calibrates what model.start_from holds.
    epochs: int = MISSING
    texts_per_batch: int = MISSING
    learning_rate: float = MISSING
    head_learning_rate: float = 1e-3
    # Learning rate of a layer = this times that of the layer above it; 1 trains all layers alike.
    layer_decay: float = 1.0
    weight_decay: float = 0.01
    warmup_fraction: float = 0.1
    max_gradient_norm: float = 1.0
    # The layers nearest to the input that stay as they are; what they compute is computed once.
    frozen_layers: int = MISSING
    train_word_embeddings: bool = False
    # Loss weight of a stance = (mean count / its count) ** power; 0 weighs all rows alike.
    class_weight_power: float = 0.5
    # Share of the pairs without a stance that are learnt from, drawn anew for each batch; in the branched and pair
    # layouts fewer take less time.
    silent_pairs: float = 1.0
    # Share of training texts whose governments, Russia and Ukraine apart, go by the names of others.
    renamed_texts: float = 0.0
    # So many texts made of two others are added, as a share of the training texts.
    joined_texts: float = 0.0
    # So many of the training texts whose sentences are marked (corpus.evidence) come a second time, without what one of
    # their stances rests on.
    cut_texts: float = 0.0
    # So many of them come a second time with nothing but what one of their stances rests on (experiment 43).
    kept_texts: float = 0.0
    # Of the texts in which a government speaks, so many are learnt without being told which one it is: its role is
    # `mentioned`, as in most texts that are read later (experiment 45).
    unsaid_speakers: float = 0.0
    # Only the first so many training texts, for a quick look; null: all.
    max_texts: int | None = None
    # Share of what training changed in the encoder that is kept, between the pretrained weights (0) and the trained
    # ones (1): text unlike the training text is read better on the way between (docs/LOG.md, experiment 30). 1 where
    # training goes on from a model (model.start_from) that has taken this step already.
    interpolation: float = 1.0
    # Of matrix products: float32, bfloat16, or auto, which takes bfloat16 where the processor has hardware for it.
    precision: str = "auto"
    # Threads of the matrix library; null: its own choice, one a core.
    threads: int | None = None


@dataclass
class CalibrationConfig:
    """How probabilities are made to mean what they say."""

    # Target id -> share of `none` among the rows the model is meant for; a target left out keeps the
    # share of the dev rows.
    expected_none_share: dict[str, float] = field(default_factory=dict)
    # Whether the dev rows of sources that training leaves out count when it is fitted how sure answers are.
    sure_on_all_sources: bool = False


@dataclass
class TrackingConfig:
    """Where else the course of a training and its scores are written, beside the run folder."""

    # none, tensorboard, mlflow or trackio.
    kind: str = "none"
    # The folder or, for MLflow, the address of the store (sqlite:///<file>); null where there is none.
    store: str | None = None
    # MLflow's experiment, Trackio's project.
    project: str = "govstance"


@dataclass
class TrainConfig:
    """scripts/train.py"""

    # Names the run folder; an experiment sets its own.
    name: str = "default"
    seed: int = 0
    paths: PathsConfig = field(default_factory=PathsConfig)
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    calibration: CalibrationConfig = field(default_factory=CalibrationConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    # With -m: run cells again that are finished; false: a cell is skipped where a finished run is the same.
    rerun_finished: bool = False


@dataclass
class PrepareConfig:
    """scripts/prepare.py"""

    name: str = "prepare"
    paths: PathsConfig = field(default_factory=PathsConfig)
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    # Where manifest.json and report.md go; null: the run folder.
    report: str | None = None
    # Two annotators' labels by row id, for the agreement in the report; null: none.
    annotations: str | None = None
    # A file of rows whose label a classifier doubts, to be read by people; null: not made.
    review_queue: str | None = None
    # The predictions.jsonl of a model that was not trained on those rows; null: a TF-IDF classifier, cross-validated.
    review_predictions: str | None = None


SCHEMAS = {
    "train_schema": TrainConfig,
    "prepare_schema": PrepareConfig,
}

Config = TypeVar("Config")


# What --help shows: the docstring of the script, the groups, the settings.
HELP_TEMPLATE = """${hydra.help.header}
Settings, each changed by name=value (what they mean: src/govstance/*config.py):

$CONFIG"""


def register_schemas(schemas: Mapping[str, type] = SCHEMAS) -> None:
    """Makes the schemas known to Hydra; scripts call it before `hydra.main` composes."""
    store = ConfigStore.instance()
    for name, schema in schemas.items():
        store.store(name=name, node=schema)
    # `jobs.command_line.describe_script` gives the header; without a script there is none.
    store.store(group="hydra/help", name="govstance", node={"header": "", "template": HELP_TEMPLATE})


def to_dataclass(config: DictConfig, kind: type[Config]) -> Config:
    """The composed config as the dataclass it was checked against.

    Raises:
        omegaconf.MissingMandatoryValue: A value without a default was not given.
    """
    value: Any = OmegaConf.to_object(config)
    if not isinstance(value, kind):
        raise TypeError(
            f"expected a {kind.__name__}, found {type(value).__name__}: is its schema in the defaults list?"
        )
    return value
