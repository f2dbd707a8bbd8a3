"""What can be set where a trained model is used: evaluate, predict, serve, export, compare, report (configs/apply/)."""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

from govstance.config import CorpusConfig, PathsConfig


@dataclass
class ReadingConfig:
    """How an article becomes passages, and passages become an answer."""

    sentences_per_passage: int = 4
    stride: int = 3
    max_characters: int = 900
    # Sentences shown per government and target.
    max_evidence: int = 3


@dataclass
class SpeechesConfig:
    """Official speeches to hold against what governments did, validity=true."""

    # Holds files such as 'Session 77 - 2022/KAZ_77_2022.txt'.
    folder: str | None = None
    years: list[int] = field(default_factory=lambda: [2022, 2023, 2024])
    # Stand-off labels of these speeches: figures are told also without the speeches that have a train row. null: none.
    annotations: str | None = None
    # Governments shown per criterion, those that disagree most.
    n_disagreements: int = 10


@dataclass
class EvaluateConfig:
    """scripts/evaluate.py"""

    name: str = "evaluate"
    # A run folder, a model folder, or builtin: the one that the package carries.
    model: str = MISSING
    paths: PathsConfig = field(default_factory=PathsConfig)
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    # train, dev or test: only rows of that split. null: all rows.
    split: str | None = None
    # Hold what governments say in `speeches` against what they did (data/facts). Labelled rows may then be left out.
    validity: bool = False
    speeches: SpeechesConfig = field(default_factory=SpeechesConfig)
    reading: ReadingConfig = field(default_factory=ReadingConfig)
    threads: int | None = None


@dataclass
class ColumnsConfig:
    """The columns of a CSV or Parquet file of documents; all but the text may be missing."""

    id: str = "id"
    text: str = "text"
    lang: str = "lang"
    date: str = "date"
    speaker: str = "speaker"
    government: str = "government"
    role: str = "role"


@dataclass
class RayConfig:
    """Reading with several processes or machines, engine=ray."""

    # Of a running cluster, such as auto or ray://<host>:10001; null: one on this machine, which ends with the run.
    address: str | None = None
    # Processes that hold the model; null: as many as the cores allow.
    actors: int | None = None
    # Of the matrix library in each; `threads` is not used.
    threads: int = 1


@dataclass
class PredictConfig:
    """scripts/predict.py"""

    # A run folder, a model folder, or builtin: the one that the package carries.
    model: str = "builtin"
    # Files (.txt, .md, .html, .pdf, .docx, .jsonl, .csv, .tsv, .parquet), folders, globs: one or a list. Or - for JSON
    # Lines on standard input.
    input: Any = MISSING
    columns: ColumnsConfig = field(default_factory=ColumnsConfig)
    # A .jsonl file that is written as documents are read, any number of them, an object each; or a .parquet file. null:
    # print each document's matrix, unless a table is asked for; all documents are then held in memory.
    output: str | None = None
    # Go on with an unfinished `output`; false: begin it anew.
    resume: bool = True
    # local: this process reads. ray: several do, see `ray`; the answers are the same.
    engine: str = "local"
    ray: RayConfig = field(default_factory=RayConfig)
    # A table of all documents, government by target by period: .jsonl, .csv or .parquet. null: none.
    table: str | None = None
    # day, month, year or all; without `table` and `report` the table is printed. null: all, months in the report.
    period: str | None = None
    # An .html page of the table with its sentences; null: none.
    report: str | None = None
    # Of the draws of documents for the table's intervals.
    seed: int = 0
    # An .svg picture of what is printed; null: none.
    picture: str | None = None
    # Overwrite `output`, `table`, `report` and `picture` where they exist and are whole.
    overwrite: bool = False
    # The share of wrong answers wanted, one of those the model has thresholds for (0.02, 0.05, 0.1, 0.2): what is less
    # sure than its threshold is answered `uncertain`. null: every answer is a stance.
    abstain: float | None = None
    reading: ReadingConfig = field(default_factory=ReadingConfig)
    paths: PathsConfig = field(default_factory=PathsConfig)
    threads: int | None = None


@dataclass
class Limits:
    """What the server takes on, limits.* of scripts/serve.py.

    Attributes:
        body_bytes: Of a request.
        documents_per_request: At most.
        characters_per_document: At most; 50,000 are about 8,000 words.
        queued_documents: Waiting to be read, of all requests; more are refused (429).
        seconds_per_request: From its first byte to its answer.
        documents_per_batch: Read in one call of the model.
        batch_wait_ms: How long a document waits for others to be read with, when nothing else is read.
    """

    body_bytes: int = 4 * 2**20
    documents_per_request: int = 32
    characters_per_document: int = 50_000
    queued_documents: int = 64
    seconds_per_request: float = 120.0
    documents_per_batch: int = 8
    batch_wait_ms: float = 10.0


@dataclass
class ServeConfig:
    """scripts/serve.py"""

    # A run folder, a model folder, or builtin: the one that the package carries.
    model: str = "builtin"
    # 0.0.0.0 lets other machines in; there is no password.
    host: str = "127.0.0.1"
    # 0: any free one.
    port: int = 8000
    limits: Limits = field(default_factory=Limits)
    reading: ReadingConfig = field(default_factory=ReadingConfig)
    paths: PathsConfig = field(default_factory=PathsConfig)
    threads: int | None = None


@dataclass
class ParityConfig:
    """How near the answers of an export must be to those of the model, engine=onnx."""

    # Labelled rows whose dev split is compared.
    files: list[str] = MISSING
    n_rows: int = 1000
    # Largest difference of a probability in 32-bit floats; what rounding explains is a hundredth of it.
    max_fp32_difference: float = 1e-3
    # Share of the answers that 8 bits may change.
    max_int8_flips: float = 0.03
    # macro-F1 that 8 bits may cost.
    max_int8_f1_loss: float = 0.01


@dataclass
class ExportConfig:
    """scripts/export.py"""

    # A run folder or a model folder.
    model: str = MISSING
    # The folder to write.
    output: str = MISSING
    # torch: the difference from the backbone. onnx: 8-bit matrices for ONNX Runtime, fast on a CPU, needs no backbone.
    engine: str = "torch"
    # engine=torch: the backbone that the model was trained from.
    delta_from: str = "embedded:multilingual-e5-small"
    # Baselines to carry along, so that evaluate can score them beside the model.
    baselines: list[str] = field(default_factory=lambda: ["majority", "country_prior"])
    # engine=onnx: write the graph in 32-bit floats too.
    keep_fp32: bool = False
    # engine=onnx: leave out the pieces of the tokenizer that occur in none of `vocabulary_files`.
    trim_vocabulary: bool = False
    # Labelled rows whose texts a trimmed tokenizer cuts as before.
    vocabulary_files: list[str] = field(default_factory=list)
    parity: ParityConfig = field(default_factory=ParityConfig)
    # Overwrite `output` where it exists.
    overwrite: bool = False
    paths: PathsConfig = field(default_factory=PathsConfig)


@dataclass
class CompareConfig:
    """scripts/compare.py"""

    name: str = "compare"
    # Run folders, globs of them, or folders below which they lie: a list, or a single one.
    runs: Any = MISSING
    # best: the system with the highest score against each other one. all: each against each.
    pairs: str = "best"
    # Leave out folders that are not whole, and say so; false: they are an error.
    skip_broken: bool = False
    # Of the bootstrap's draws.
    seed: int = 0
    paths: PathsConfig = field(default_factory=PathsConfig)


@dataclass
class ReportConfig:
    """scripts/report.py"""

    # The folder of a finished run of train or evaluate.
    run: str = MISSING


APPLY_SCHEMAS = {
    "evaluate_schema": EvaluateConfig,
    "predict_schema": PredictConfig,
    "serve_schema": ServeConfig,
    "export_schema": ExportConfig,
    "compare_schema": CompareConfig,
    "report_schema": ReportConfig,
}
