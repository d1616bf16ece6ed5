"""The addresses that terminals call. Each takes one message (`sync.messages` and its kin) and gives one back, as JSON.

Bodies are read raw and decoded with msgspec: a push of 500 lines would take three times as long through models.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from backend import changes, device_flow, doorbell, pairing, programmes, releases, signatures, snapshots
from backend.accept import accept
from backend.database import Database
from backend.doorbell import Caller, Doorbell
from backend.exchange import exchange, read
from backend.identities import Identity
from backend.problems import ForeignIdentity, MalformedMessage, TooLarge, UnknownEncoding
from backend.surroundings import Clock, Random
from backend.tries import Tries
from sync import encoding, messages, pairing_messages, update_messages
from sync.pairing_messages import (
    DEVICE_PATH,
    LEAVE_PATH,
    PAIR_PATH,
    RENEW_PATH,
    TOKEN_PATH,
    Authorization,
    Authorize,
    Collect,
    Leave,
    Left,
    Pair,
    Paired,
    Renew,
    Renewed,
)
from sync.update_messages import UPDATE_PATH, UPDATE_PIECE_PATH, Offer, Piecemeal, Update, UpdatePiece

MAX_BODY = 4 * 1024 * 1024
"""Bytes of one request, packed and unpacked: a push of 500 lines takes about half a megabyte."""

_SMALLER = f"a request may have {MAX_BODY} bytes: send fewer lines at a time"

_WRONG_CODES = 10
_WRONG_CODES_OF_ALL = 300
_WRONG_CODES_WITHIN_MS = 10 * 60 * 1000
_REQUESTS = 200
_REQUESTS_OF_ALL = 3_000
"""Codes that may be shown: forty terminals on an installer's table ask for some, from one address."""

_QUIET = (messages.Pull, messages.Snapshot, Update, UpdatePiece)
"""These change nothing that another terminal waits for."""

M = TypeVar("M")
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Cloud:
    """What every address needs."""

    database: Database
    clock: Clock
    random: Random
    public_url: str | None = None
    """The cloud's own address, where something in front of it changes what a request says of itself."""
    authority: str = ""
    """PEM of the authority that its certificates are from: terminals pin it when they are paired."""
    doorbell: Doorbell = field(default_factory=Doorbell)


def router(cloud: Cloud) -> APIRouter:
    """All addresses of the terminal's protocol."""
    routes = APIRouter(tags=["terminal"])
    routes.add_api_route("/health", _health(cloud), methods=["GET"], summary="Whether the database answers")
    _add(routes, PAIR_PATH, _pair(cloud), Pair, Paired, "Pair a device by a one-time code")
    authorize, collect = _device_flow(cloud)
    _add(routes, DEVICE_PATH, authorize, Authorize, Authorization, "Get a code to show")
    _add(routes, TOKEN_PATH, collect, Collect, Paired, "Ask whether the code was typed")
    _add(routes, messages.PUSH_PATH, _signed(cloud, messages.Push, _push), messages.Push, messages.Pushed, "Send lines")
    _add(routes, messages.PULL_PATH, _signed(cloud, messages.Pull, _pull), messages.Pull, messages.Pulled, "Get changes")
    piece = _signed(cloud, messages.Snapshot, _snapshot, read)
    _add(routes, messages.SNAPSHOT_PATH, piece, messages.Snapshot, messages.Piece, "Get a piece of everything")
    _add(routes, messages.ASK_PATH, _signed(cloud, messages.Ask, _ask), messages.Ask, messages.Answered, "Ask for a lease")
    present = _signed(cloud, messages.Present, _present)
    _add(routes, messages.PRESENT_PATH, present, messages.Present, messages.Presented, "Say whose card is shown")
    _add(routes, messages.WAIT_PATH, _wait(cloud), messages.Wait, messages.Waited, "Wait for news")
    _add(routes, LEAVE_PATH, _signed(cloud, Leave, _leave), Leave, Left, "Say that an identity is left")
    _add(routes, RENEW_PATH, _signed(cloud, Renew, _renew), Renew, Renewed, "Renew")
    programme = _signed(cloud, messages.Programme, _programme)
    _add(routes, messages.PROGRAMME_PATH, programme, messages.Programme, messages.ProgrammeText, "Get a programme")
    update = _signed(cloud, Update, _update)
    _add(routes, UPDATE_PATH, update, Update, Offer, "Ask for a newer version")
    update_piece = _signed(cloud, UpdatePiece, _update_piece, read)
    _add(routes, UPDATE_PIECE_PATH, update_piece, UpdatePiece, Piecemeal, "Get a piece of it")
    return routes


def schemas() -> dict[str, Any]:
    """JSON schemas of all messages, for OpenAPI."""
    kinds = [kind for file in (messages, pairing_messages, update_messages) for kind in vars(file).values()]
    structs = {kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)}
    _, components = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    return dict(components)


def _add(routes: APIRouter, path: str, endpoint: Endpoint, takes: type, gives: type, summary: str) -> None:
    body = {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{takes.__name__}"}}}, "required": True}
    answers: dict[str, Any] = {
        "200": {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{gives.__name__}"}}}},
        "4XX": {
            "description": "What went wrong and what to do",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    }
    extra = {"requestBody": body, "responses": answers}
    name = path.rsplit("/", 1)[-1]
    routes.add_api_route(path, endpoint, methods=["POST"], summary=summary, operation_id=name, name=name, openapi_extra=extra)


# What each signed message does, in the transaction that also keeps the counter.


def _push(cloud: Cloud, connection: sa.Connection, sender: Identity, message: messages.Push) -> messages.Pushed:
    return accept(connection, sender.id, message, cloud.clock(), cloud.random)


def _pull(cloud: Cloud, connection: sa.Connection, sender: Identity, message: messages.Pull) -> messages.Pulled:
    return changes.pull(connection, sender.id, message, cloud.clock())


def _snapshot(cloud: Cloud, connection: sa.Connection, sender: Identity, message: messages.Snapshot) -> messages.Piece:
    return snapshots.snapshot(connection, sender.id, message, cloud.clock())


def _ask(cloud: Cloud, connection: sa.Connection, sender: Identity, message: messages.Ask) -> messages.Answered:
    return changes.ask(connection, sender.id, message, cloud.clock())


def _present(cloud: Cloud, connection: sa.Connection, sender: Identity, message: messages.Present) -> messages.Presented:
    return changes.present(connection, sender.id, message, cloud.clock())


def _leave(cloud: Cloud, connection: sa.Connection, sender: Identity, message: Leave) -> Left:
    return pairing.leave(connection, sender.id, message, cloud.clock(), cloud.random)


def _renew(cloud: Cloud, connection: sa.Connection, sender: Identity, message: Renew) -> Renewed:
    return pairing.renew(connection, sender.id, message, cloud.clock(), cloud.random)


def _programme(
    cloud: Cloud, connection: sa.Connection, sender: Identity, message: messages.Programme
) -> messages.ProgrammeText:
    return programmes.text_of(connection, sender.merchant, message.version)


def _update(cloud: Cloud, connection: sa.Connection, sender: Identity, message: Update) -> Offer:
    return releases.offer(connection, message)


def _update_piece(cloud: Cloud, connection: sa.Connection, sender: Identity, message: UpdatePiece) -> Piecemeal:
    return releases.piece(connection, message)


def _signed(
    cloud: Cloud,
    kind: type[M],
    run: Callable[[Cloud, sa.Connection, Identity, M], msgspec.Struct],
    within: Callable[..., bytes] = exchange,
) -> Endpoint:
    def answer(received: signatures.Request) -> bytes:
        message = _decode(_plain(received), kind)
        # Strangers are turned away before they could keep the one writer busy.
        with cloud.database.reading() as connection:
            signer = _verified(connection, received, message)

        def effect(connection: sa.Connection, sender: Identity) -> bytes:
            return msgspec.json.encode(run(cloud, connection, sender, message))

        with cloud.database.writing() as connection:
            answered = within(connection, signer, received, cloud.clock(), effect)
        if kind not in _QUIET:
            cloud.doorbell.ring(signer.sender.network)
        return answered

    async def endpoint(request: Request) -> Response:
        received = await _receive(cloud, request)
        return await run_in_threadpool(lambda: _json(answer(received), received))

    return endpoint


def _verified(connection: sa.Connection, received: signatures.Request, message: object) -> signatures.Signer:
    """Who signed the message, which must be about nobody else."""
    signer = signatures.verify(connection, received)
    if getattr(message, "identity", None) != signer.identity:
        raise ForeignIdentity("a terminal speaks only for the identity that it signs with")
    return signer


def _wait(cloud: Cloud) -> Endpoint:
    def meet(received: signatures.Request) -> tuple[messages.Wait, Caller]:
        message = _decode(_plain(received), messages.Wait)
        with cloud.database.reading() as connection:
            sender = _verified(connection, received, message).sender
        return message, Caller(sender.network, sender.merchant, sender.id)

    async def endpoint(request: Request) -> Response:
        received = await _receive(cloud, request)
        message, caller = await run_in_threadpool(meet, received)

        def look() -> doorbell.News:
            with cloud.database.reading() as connection:
                return doorbell.look(connection, caller, message.cursor)

        async def gone() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass

        news = await cloud.doorbell.answer(caller, message, lambda: run_in_threadpool(look), gone)
        return _json(msgspec.json.encode(messages.Waited(news)), received)

    return endpoint


def _pair(cloud: Cloud) -> Endpoint:
    by_address = Tries(cloud.clock, _WRONG_CODES, _WRONG_CODES_WITHIN_MS)
    by_all = Tries(cloud.clock, _WRONG_CODES_OF_ALL, _WRONG_CODES_WITHIN_MS)

    def answer(received: signatures.Request, address: str) -> bytes:
        message = _decode(_plain(received), Pair)
        by_address.check(address)
        by_all.check("")
        try:
            with cloud.database.writing() as connection:
                paired = pairing.pair(connection, message, cloud.clock(), cloud.random)
                return msgspec.json.encode(msgspec.structs.replace(paired, authority=cloud.authority))
        except (pairing.WrongCode, pairing.UsedCode, pairing.ExpiredCode):
            by_address.failed(address)
            by_all.failed("")
            raise

    return _from_strangers(cloud, answer)


def _device_flow(cloud: Cloud) -> tuple[Endpoint, Endpoint]:
    """Asking for a code to show, and asking what became of it (RFC 8628)."""
    by_address = Tries(cloud.clock, _REQUESTS, _WRONG_CODES_WITHIN_MS)
    by_all = Tries(cloud.clock, _REQUESTS_OF_ALL, _WRONG_CODES_WITHIN_MS)

    def limited(address: str) -> None:
        for tries, key in ((by_address, address), (by_all, "")):
            tries.check(key)
            tries.failed(key)

    def begin(received: signatures.Request, address: str) -> bytes:
        message = _decode(_plain(received), Authorize)
        limited(address)
        url = cloud.public_url or received.url.removesuffix(DEVICE_PATH)
        with cloud.database.writing() as connection:
            return msgspec.json.encode(device_flow.begin(connection, message, url, cloud.clock(), cloud.random))

    def collect(received: signatures.Request, address: str) -> bytes:
        message = _decode(_plain(received), Collect)
        try:
            # Most ask in vain, and keep no writer busy.
            with cloud.database.reading() as connection:
                device_flow.collect(connection, message, cloud.clock(), cloud.random)
            with cloud.database.writing() as connection:
                paired = device_flow.collect(connection, message, cloud.clock(), cloud.random)
        except pairing.WrongCode:
            limited(address)
            raise
        return msgspec.json.encode(msgspec.structs.replace(paired, authority=cloud.authority))

    return _from_strangers(cloud, begin), _from_strangers(cloud, collect)


def _from_strangers(cloud: Cloud, answer: Callable[[signatures.Request, str], bytes]) -> Endpoint:
    """An address that takes what is not signed; `answer` is told from where it comes."""

    async def endpoint(request: Request) -> Response:
        received = await _receive(cloud, request)
        address = request.client.host if request.client else ""
        return _json(await run_in_threadpool(answer, received, address), received)

    return endpoint


def _health(cloud: Cloud) -> Endpoint:
    def answer() -> None:
        with cloud.database.reading() as connection:
            connection.execute(sa.select(1))

    async def endpoint(request: Request) -> Response:
        await run_in_threadpool(answer)
        return Response("ok\n", media_type="text/plain")

    return endpoint


def _decode(body: bytes, kind: type[M]) -> M:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedMessage(
            f"this is no {kind.__name__} message: compare the terminal's version with the cloud's"
        ) from error


async def _receive(cloud: Cloud, request: Request) -> signatures.Request:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise TooLarge(_SMALLER)
    url = str(request.url)
    if cloud.public_url is not None:
        url = cloud.public_url.rstrip("/") + request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return signatures.Request(request.method, url, dict(request.headers), bytes(body))


def _plain(received: signatures.Request) -> bytes:
    """The body as it was before it was packed; never more than `MAX_BODY` bytes of it."""
    match received.headers.get(encoding.ENCODING_HEADER.lower(), "identity").strip().lower():
        case "identity":
            return received.body
        case encoding.GZIP:
            try:
                return encoding.unpack(received.body, MAX_BODY)
            except encoding.TooMuch as error:
                raise TooLarge(_SMALLER) from error
            except encoding.Unpackable as error:
                raise MalformedMessage("the body is no whole gzip: send it again, or plain") from error
        case _:
            raise UnknownEncoding("a body comes plain or as gzip: send it plain")


def _json(answer: bytes, received: signatures.Request) -> Response:
    asked = encoding.wanted(received.headers.get(encoding.ACCEPT_HEADER.lower(), ""))
    headers = {"Vary": encoding.ACCEPT_HEADER}
    if asked and len(answer) >= encoding.LEAST_BYTES:
        answer, headers = b"".join(encoding.packing(answer)), headers | {encoding.ENCODING_HEADER: encoding.GZIP}
    return Response(answer, headers=headers, media_type="application/json")
