"""The forms of answers as /openapi.json describes them.

Nothing is built with them; a test holds real answers to them.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict


class Form(BaseModel):
    """A form that is told whole."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ModelForm(Form):
    """Which model answers; `version` is of its files."""

    name: str
    version: str
    engine: str


class TargetForm(Form):
    """A question, and what each stance on it means."""

    id: str
    name: str
    favor: str
    against: str
    neutral: str
    none: str
    not_asked_of: list[str]


class EvidenceForm(Form):
    """A sentence; `start` and `end` count the characters (code points) of the document's text."""

    start: int
    end: int
    text: str
    stance: str
    probability: float


class StanceForm(Form):
    """What a document says of one government's position on one target."""

    government: str
    target: str
    stance: str
    probability: float
    probabilities: dict[str, float]
    n_passages: int
    evidence: list[EvidenceForm]
    counter_evidence: list[EvidenceForm]


class DocumentForm(Form):
    """A document as it was read, and its answers; copies of a text have like sketches."""

    id: str
    source: str
    lang: str
    lang_detected: bool
    date: str | None
    date_from: str | None
    speaker: str | None
    sketch: str
    stances: list[StanceForm]


class SentenceForm(EvidenceForm):
    """A sentence of a table's row, and where it stands."""

    document: str
    source: str
    date: str | None
    speaker: str | None
    lang: str
    page: int | None


class TableRowForm(Form):
    """One government's stance on one target in one period."""

    government: str
    name: str
    target: str
    period: str
    stance: str
    leaning: str | None
    probability: float | None
    low: float | None
    high: float | None
    favor: float | None
    against: float | None
    neutral: float | None
    none: float | None
    since: str | None
    n_documents: int
    n_copies: int
    n_stating: int
    abstained_share: float | None
    n_passages: int
    favor_sentences: list[SentenceForm]
    against_sentences: list[SentenceForm]
    neutral_sentences: list[SentenceForm]


class StancesForm(Form):
    """The answer of /v1/stances; `table` is there where it was asked for."""

    model: ModelForm
    targets: list[TargetForm]
    stances: list[str]
    government_names: dict[str, str]
    documents: list[DocumentForm]
    table: list[TableRowForm] = []


class ModelDescriptionForm(Form):
    """The answer of /v1/model."""

    model: ModelForm
    package_version: str
    targets: list[TargetForm]
    stances: list[str]
    abstain: list[float]
    abstained_stance: str
    periods: list[str]
    languages: list[str]
    limits: dict[str, float]


class ErrorPartsForm(Form):
    """Why a request is not answered: `code` for programs, the rest for people."""

    code: str
    message: str
    expected: str | None = None
    found: str | None = None
    where: str | None = None


class ErrorForm(Form):
    """Every answer that is no 200, but for /healthz."""

    error: ErrorPartsForm


REFUSALS: dict[int | str, dict[str, Any]] = {
    413: {"model": ErrorForm, "description": "The body is too large."},
    422: {"model": ErrorForm, "description": "Malformed JSON, a wrong field, too many or too long documents."},
    429: {"model": ErrorForm, "description": "The queue is full; Retry-After says when to try again."},
    500: {"model": ErrorForm, "description": "An error of the server's own, logged under the number told."},
    503: {"model": ErrorForm, "description": "Loading, shutting down, or it took too long."},
}
