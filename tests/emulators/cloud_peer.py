"""A cloud that speaks the terminal's protocol just well enough to be broken: for faults of the network, not for the rules.

It stores lines by sequence, posts them at once, and keeps balances; `fault` takes the next requests away from it.
Written after `sync.messages` and the ledger page's protocol. The courier meets the real cloud in `test_with_cloud.py`.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import deque
from collections.abc import Callable
from uuid import UUID

import httpx
import msgspec

from loyalty.chain import Head, Line, extend
from loyalty.entry import decode_entry, decode_personal
from sync import messages as m
from sync.mirror_rows import PurseRow
from sync.pairing_messages import RENEW_PATH, Renew, Renewed

Fault = Callable[[httpx.Request], httpx.Response]
NOW_MS = 1_790_000_100_000


class CloudPeer(httpx.AsyncBaseTransport):
    """An httpx transport with a cloud behind it."""

    def __init__(self, identity: UUID) -> None:
        self.identity = identity
        self.head = Head()
        self.lines: list[Line] = []
        self.hashes = [Head().hash]
        self.purses: dict[tuple[bytes, str], PurseRow] = {}
        self.change = 0
        self.now_ms = NOW_MS
        self.counter = 0
        self.standing = m.Standing.GOOD
        self.programme = 1
        self.requests: list[str] = []
        self.faults: deque[Fault | None] = deque()
        self.deliver_twice = False
        self.lose_answers = 0
        self.page = m.MAX_ROWS
        self.epoch = UUID(int=1)
        self.arrived = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request.url.path)
        self.arrived.set()
        if self.faults and (fault := self.faults.popleft()) is not None:
            return fault(request)
        answer = self.answer(request)
        if self.deliver_twice:
            self.answer(request)
        if self.lose_answers:
            self.lose_answers -= 1
            raise httpx.ReadTimeout("", request=request)
        return answer

    def answer(self, request: httpx.Request) -> httpx.Response:
        counter = int(request.headers[m.COUNTER_HEADER])
        if counter < self.counter:
            problem = m.Problem("The counter is too low", counter=self.counter)
            return httpx.Response(409, content=msgspec.json.encode(problem))
        self.counter = counter
        kinds = {m.PUSH_PATH: (m.Push, self.push), m.PULL_PATH: (m.Pull, self.pull), m.ASK_PATH: (m.Ask, self.ask)}
        kinds |= {m.SNAPSHOT_PATH: (m.Snapshot, self.snapshot)}
        kinds |= {m.PROGRAMME_PATH: (m.Programme, self.text), RENEW_PATH: (Renew, self.renew)}
        kind, serve = kinds[request.url.path]
        body = request.content
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return httpx.Response(200, content=msgspec.json.encode(serve(msgspec.json.decode(body, type=kind))))

    def push(self, push: m.Push) -> m.Pushed:
        assert push.identity == self.identity
        for line in push.lines:
            if line.sequence == self.head.sequence + 1 and line.before == self.head.hash:
                self.head = extend(self.identity, self.head, line)
                self.hashes.append(self.head.hash)
                self.lines.append(line)
                self.post(line)
        return m.Pushed(self.stands(push.head), self.head, self.head.sequence, self.now_ms)

    def stands(self, head: Head) -> m.Standing:
        behind = head.sequence < self.head.sequence
        other = head.sequence == self.head.sequence and head.hash != self.head.hash
        return m.Standing.OFF_HEAD if behind or other else self.standing

    def post(self, line: Line) -> None:
        assert line.personal is not None
        account = decode_personal(line.personal).account
        for posting in decode_entry(line.body).postings:
            self.change += 1
            row = self.purses.get((account, posting.purse), PurseRow(account, posting.purse, "", 0, 0, 0))
            granted = row.granted + posting.earned
            self.purses[account, posting.purse] = PurseRow(
                account, posting.purse, "", row.balance + posting.delta, granted, self.change
            )

    def pull(self, pull: m.Pull) -> m.Pulled:
        rows = sorted((row for row in self.purses.values() if row.change > pull.cursor), key=lambda row: row.change)
        page, more = rows[: self.page], len(rows) > self.page
        cursor = page[-1].change if more else self.change
        return m.Pulled(
            self.stands(pull.head),
            self.head.sequence,
            self.head.hash,
            pull.cursor,
            cursor,
            more,
            self.programme,
            self.now_ms,
            tuple(page),
            epoch=self.epoch,
        )

    def snapshot(self, asked: m.Snapshot) -> m.Piece:
        rows = sorted(self.purses.values(), key=lambda row: (row.account, row.purse))
        first = int(asked.after or b"0")
        page, last = rows[first : first + self.page], first + self.page
        return m.Piece(
            self.stands(asked.head),
            self.head.sequence,
            self.head.hash,
            self.epoch,
            self.change,
            asked.after,
            b"%d" % last if last < len(rows) else None,
            self.programme,
            NOW_MS,
            tuple(page),
        )

    def ask(self, ask: m.Ask) -> m.Answered:
        row = self.purses.get((ask.account, ask.purse))
        if row is not None:
            self.change += 1
            row = msgspec.structs.replace(row, granted=max(row.granted, ask.wanted), change=self.change)
            self.purses[ask.account, ask.purse] = row
        return m.Answered(self.stands(ask.head), self.head.sequence, self.head.hash, self.now_ms, row)

    def text(self, asked: m.Programme) -> m.ProgrammeText:
        return m.ProgrammeText(asked.version, f"version = {asked.version}")

    def renew(self, renew: Renew) -> Renewed:
        same = renew.head.sequence < len(self.hashes) and self.hashes[renew.head.sequence] == renew.head.hash
        self.identity = UUID(bytes=renew.public_key[:16])
        self.head, self.hashes, self.standing = Head(), [Head().hash], m.Standing.GOOD
        return Renewed(self.identity, renew.head.sequence if same else 0)


def says(status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> Fault:
    return lambda request: httpx.Response(status, content=content, headers=headers, request=request)


def breaks(error: type[httpx.TransportError], words: str = "") -> Fault:
    def fault(request: httpx.Request) -> httpx.Response:
        raise error(words, request=request)

    return fault
