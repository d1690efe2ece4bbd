"""From errors to HTTP: one table from type to status, one shape (RFC 9457) for every answer that is no success."""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Scope, Send

from api.responses import Problem, problem
from api.static import refuse
from cim import errors
from cim.errors import BadInput, CimError, Unavailable


class TooLarge(BadInput):
    """A body is larger than this door takes: send less, or send it in parts."""

    code = "too_large"


class Busy(Unavailable):
    """The server has as much at once as it takes: wait, then try again."""

    code = "busy"


STATUSES: dict[type[CimError], int] = {
    errors.Unknown: 404,
    errors.MissingCrs: 400,
    errors.BadSource: 400,
    errors.BadInput: 400,
    TooLarge: 413,
    errors.Conflict: 409,
    errors.BadSettings: 500,
    errors.MissingTool: 503,
    errors.Unavailable: 503,
    Busy: 503,
    errors.NoSpace: 507,
    errors.LostRecord: 500,
    CimError: 500,
}

# From 500 on the cause is the server's own: its log has the words (paths, addresses), the client gets the remedy.
_OWN_FAULTS = {
    500: "the server failed at this request; its log says why",
    503: "the database or another service is away for the moment: wait, then try again",
    507: "the server's disk is full: free some space, then send the same request again",
}
_log = logging.getLogger("cim.api")


def status_of(error: CimError) -> int:
    """The HTTP status of an error: that of its nearest mapped class."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def as_problem(error: CimError) -> dict[str, Any]:
    """The problem body that tells a client of an error."""
    status = status_of(error)
    if isinstance(error, Busy):
        return problem(status, HTTPStatus(status).phrase, str(error), error.code)
    if status >= 500:
        _log.error("%s: %s", error.code, error)
    return problem(status, HTTPStatus(status).phrase, _OWN_FAULTS.get(status, str(error)), error.code)


def answer(body: dict[str, Any], headers: dict[str, str] | None = None) -> Problem:
    """The answer that carries a problem body."""
    waits = {"Retry-After": "2"} if body["status"] == 503 else {}
    return Problem(body, status_code=body["status"], headers={**waits, **(headers or {})})


async def refuse_for(error: CimError, scope: Scope, send: Send) -> None:
    """Send the problem that tells of an error, from outside the framework."""
    told = as_problem(error)
    await refuse(scope, send, told["status"], told["title"], told["detail"], told["code"])


def install(app: FastAPI) -> None:
    """Make every error of this app, its own and its framework's, a problem answer."""

    def own(request: Request, error: Exception) -> Problem:
        assert isinstance(error, CimError)
        return answer(as_problem(error))

    def framework(request: Request, error: Exception) -> Problem:
        assert isinstance(error, HTTPException)
        return answer(_framework_problem(request, error), dict(error.headers or {}))

    def invalid(request: Request, error: Exception) -> Problem:
        assert isinstance(error, RequestValidationError)
        return answer(problem(400, "Bad Request", sentence(error.errors()), "bad_input"))

    def foreign(request: Request, error: Exception) -> Problem:
        return answer(problem(500, "Internal Server Error", _OWN_FAULTS[500], "internal"))

    app.add_exception_handler(CimError, own)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(Exception, foreign)


def sentence(found: Sequence[Any]) -> str:
    """The first fault of a validation as one sentence: which value, what is wrong, what came."""
    first = found[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("query", "path", "body")) or "the body"
    came = first.get("input")
    shown = f", not {came!r}" if isinstance(came, str | int | float) and len(str(came)) < 80 else ""
    return f"{where}: {first['msg'].removeprefix('Value error, ')}{shown}"


def _framework_problem(request: Request, error: HTTPException) -> dict[str, Any]:
    if error.status_code == 404:
        return problem(404, "Not Found", f"there is nothing at {request.url.path}; /docs lists the doors", "unknown")
    if error.status_code == 405:
        detail = f"{request.method} is not possible at {request.url.path}"
        return problem(405, "Method Not Allowed", detail, "method_not_allowed")
    phrase = HTTPStatus(error.status_code).phrase
    return problem(error.status_code, phrase, str(error.detail), phrase.lower().replace(" ", "_"))
