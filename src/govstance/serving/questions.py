"""What a client may ask: the form of a request, and the limits and the content checked on it.

The form is pydantic's business; whether a language, a day or a government is one, `inference.documents` knows.
"""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from govstance.apply_config import Limits
from govstance.inference.documents import field_problems
from govstance.inference.table import ALL
from govstance.serving.refusals import Refusal

EXAMPLE: Any = {
    "documents": [{"text": "Kazakhstan will not recognise the annexation of Crimea.", "date": "2022-09-30"}],
    "abstain": 0.05,
}


class DocumentAsked(BaseModel):
    """A text to be read."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str | None = Field(None, description="Its name in the answer; without one it is documents[<place>].")
    text: str = Field(description="An article or a statement.")
    lang: str | None = Field(None, description="ISO 639-1; without it the language is detected.")
    date: str | None = Field(None, description="YYYY-MM-DD; without it a day is looked for at the head of the text.")
    speaker: str | None = Field(
        None, description="The government whose own statement this is, ISO 3166-1 alpha-3 (XKX for Kosovo)."
    )


class StancesAsked(BaseModel):
    """Documents to be read, each by itself."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [EXAMPLE]})

    documents: list[DocumentAsked]
    abstain: float | None = Field(
        None,
        description="The share of wrong answers wanted (0.02, 0.05, 0.1 or 0.2): what is less sure than the threshold "
        "at which so many were wrong is answered `uncertain`. /v1/model says which the model has.",
    )


class TableAsked(BaseModel):
    """Whether the documents are pooled too."""

    model_config = ConfigDict(extra="forbid")

    table: bool = Field(False, description="Pool the documents by government, target and period.")
    period: Literal["day", "month", "year", "all"] | None = Field(
        None, description=f"Of the table, which it implies; without it: {ALL}."
    )

    @property
    def wanted_period(self) -> str | None:
        """The period of the table; None: no table."""
        return self.period or (ALL if self.table else None)


def records_of(asked: StancesAsked, limits: Limits, risks: Sequence[float]) -> list[dict[str, Any]]:
    """The documents as records that `document_from_record` takes.

    Args:
        asked: The request, of the right form.
        limits: In force.
        risks: The shares of wrong answers that the model has thresholds for.

    Raises:
        Refusal: Too much, or a field that holds something else than it should.
    """
    count = len(asked.documents)
    if not 1 <= count <= limits.documents_per_request:
        raise Refusal(
            422,
            "too_many_documents" if count else "invalid_field",
            where="documents",
            expected=f"1 to {limits.documents_per_request} documents (limits.documents_per_request)",
            found=str(count),
        )
    if asked.abstain is not None and asked.abstain not in risks:
        expected = f"one of {', '.join(f'{risk:g}' for risk in risks)} or null" if risks else "null: no thresholds"
        raise Refusal(422, "invalid_field", where="abstain", expected=expected, found=f"{asked.abstain:g}")
    return [_record(document, f"documents[{number}]", limits) for number, document in enumerate(asked.documents)]


def _record(document: DocumentAsked, place: str, limits: Limits) -> dict[str, Any]:
    length = len(document.text)
    if length > limits.characters_per_document:
        raise Refusal(
            422,
            "document_too_long",
            where=f"{place}.text",
            expected=f"at most {limits.characters_per_document} characters (limits.characters_per_document)",
            found=str(length),
        )
    record = document.model_dump()
    record["id"] = place if document.id is None else document.id
    for problem in field_problems(record):
        where = f"{place}.{problem.field}"
        raise Refusal(422, "invalid_field", where=where, expected=problem.expected, found=problem.found)
    return record
