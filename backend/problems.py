"""Every refusal as a `Problem`: what went wrong and what to do, in plain words and without a word of the request in it."""

from __future__ import annotations

import msgspec
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from backend.device_flow import AuthorizationPending, ExpiredToken
from backend.exchange import CounterTooLow
from backend.lines import MalformedLine
from backend.pairing import BadPublicKey, ExpiredCode, ForeignCode, NothingToRenew, UsedCode, WrongCode
from backend.programmes import UnknownProgramme
from backend.releases import UnknownRelease
from backend.signatures import BadSignature
from backend.tries import TooManyTries
from sync.messages import Problem


class MalformedMessage(ValueError):
    """A body that is not the message this address takes."""


class TooLarge(ValueError):
    """A body beyond what any message needs."""


class UnknownEncoding(ValueError):
    """A body packed in a way that this cloud does not know."""


class ForeignIdentity(PermissionError):
    """A message about another identity than the one that signed it."""


_STATUS: dict[type[Exception], tuple[int, str]] = {
    MalformedMessage: (400, "The message cannot be read"),
    MalformedLine: (400, "A line cannot be stored"),
    AuthorizationPending: (400, "authorization_pending"),
    ExpiredToken: (400, "expired_token"),
    BadPublicKey: (400, "The public key is wrong"),
    BadSignature: (401, "The signature is wrong"),
    ForeignIdentity: (403, "The message is about another terminal"),
    ForeignCode: (403, "The code is another merchant's"),
    WrongCode: (404, "The code is wrong"),
    UnknownRelease: (404, "There is no such version"),
    UnknownProgramme: (404, "There is no such programme"),
    CounterTooLow: (409, "The counter is too low"),
    UsedCode: (409, "The code was used"),
    NothingToRenew: (409, "Nothing to renew"),
    ExpiredCode: (410, "The code is too old"),
    TooLarge: (413, "The message is too large"),
    UnknownEncoding: (415, "The message is packed in an unknown way"),
    TooManyTries: (429, "Too many tries"),
}


def add_problems(app: FastAPI) -> None:
    """Makes the app answer every error with a `Problem`."""
    for kind in _STATUS:
        app.add_exception_handler(kind, _known)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unknown)


def _answer(status: int, problem: Problem) -> Response:
    return Response(msgspec.json.encode(problem), status, media_type="application/problem+json")


async def _known(request: Request, error: Exception) -> Response:
    status, title = _STATUS[type(error)]
    counter = error.counter if isinstance(error, CounterTooLow) else None
    return _answer(status, Problem(title, str(error), counter))


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return await _unknown(request, error)
    response = _answer(error.status_code, Problem(str(error.detail)))
    response.headers.update(error.headers or {})
    return response


async def _unknown(request: Request, error: Exception) -> Response:
    return _answer(500, Problem("The cloud failed", "nothing was changed: send the same request again in a while"))
