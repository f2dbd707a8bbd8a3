"""Every error that a client sees: one JSON form, a code to act on, what was expected, found, and where.

    {"error": {"code", "message", "expected"?, "found"?, "where"?}}

Owns the form and how errors of FastAPI and pydantic are put into it. No answer ever shows a stack trace.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException

from govstance.inference.documents import shown

CODES_OF_HTTP = {404: "not_found", 405: "method_not_allowed"}
# pydantic opens its messages so; what follows says what was expected.
PYDANTIC_OPENING = "Input should be "


class Refusal(HTTPException):
    """A request that is not answered.

    Args:
        status: Of HTTP.
        code: For programs.
        message: For people; None: made of `where`, `expected` and `found`.
        expected, found, where: What would have been right, what was there instead, and at which place of the request.
        retry_after: Seconds after which another try is worth it.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str | None = None,
        *,
        expected: str | None = None,
        found: str | None = None,
        where: str | None = None,
        retry_after: int | None = None,
    ):
        headers = None if retry_after is None else {"Retry-After": str(retry_after)}
        message = message or f"{where}: expected {expected}, found {found}."
        super().__init__(status, detail=message, headers=headers)
        parts = {"code": code, "message": message, "expected": expected, "found": found, "where": where}
        self.content = {"error": {name: value for name, value in parts.items() if value is not None}}

    def response(self) -> Response:
        """As it is sent. In ASCII: what was found may hold half a surrogate pair, which UTF-8 does not have."""
        body = json.dumps(self.content, ensure_ascii=True)
        return Response(body, self.status_code, headers=self.headers, media_type="application/json")


def too_large(limit: int) -> Refusal:
    """A body over the limit."""
    return Refusal(
        413,
        "body_too_large",
        f"body: expected at most {limit} bytes (limits.body_bytes). Send fewer documents at a time.",
        expected=f"at most {limit} bytes",
        where="body",
    )


def add_error_handlers(app: FastAPI) -> None:
    """Gives all errors of an application the one form."""

    async def on_http(_: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)
        return (error if isinstance(error, Refusal) else _refusal_of_http(error)).response()

    async def on_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return refusal_of_problems(error.errors()).response()

    app.add_exception_handler(StarletteHTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_validation)


def _refusal_of_http(error: StarletteHTTPException) -> Refusal:
    if error.status_code == 400:  # FastAPI found JSON that can't be read at all: not UTF-8, nested too deep
        return Refusal(
            422, "malformed_json", where="body", expected="JSON in UTF-8", found="what can't be read as such"
        )
    code = CODES_OF_HTTP.get(error.status_code, "http_error")
    refusal = Refusal(error.status_code, code, f"{error.detail}. What there is: /docs")
    refusal.headers = error.headers
    return refusal


def refusal_of_problems(problems: Sequence[Mapping[str, Any]]) -> Refusal:
    """What pydantic found wrong; the first is told whole, the others are counted."""
    first = problems[0]
    kind, place = first["type"], first["loc"]
    if kind == "json_invalid":
        found = f"{first['ctx']['error']} at character {place[-1]}"
        return Refusal(422, "malformed_json", where="body", expected="JSON", found=found)
    if place == ("body",) and isinstance(first["input"], bytes | None):
        found = "no body" if first["input"] is None else "another content type"
        expected = 'a JSON object {"documents": [...]} with the header Content-Type: application/json'
        return Refusal(422, "malformed_json", where="body", expected=expected, found=found)
    expected, found = _expected_and_found(kind, first)
    where = _written(place)
    rest = f" And {len(problems) - 1} more." if len(problems) > 1 else ""
    message = f"{where}: expected {expected}, found {found}.{rest}"
    return Refusal(422, "invalid_field", message, expected=expected, found=found, where=where)


def _expected_and_found(kind: str, problem: Mapping[str, Any]) -> tuple[str, str]:
    if kind == "extra_forbidden":
        return "no such field (/docs has those there are)", f"the field {shown(problem['loc'][-1])}"
    if kind == "missing":
        return "this field", "none"
    return str(problem["msg"]).removeprefix(PYDANTIC_OPENING), shown(problem["input"])


def _written(place: Sequence[str | int]) -> str:
    """A place as a path: documents[0].lang; ?period for a parameter of the address."""
    source, *parts = place
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
    return f"?{path}" if source == "query" else path or str(source)
