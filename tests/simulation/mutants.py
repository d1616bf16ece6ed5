"""Faults planted in the real code, each of which the simulator must find: `docs/protocol.md` says of each why it is not so."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from backend import accept, book, changes, derived, identities, ledger_tables, merging, own_entries, posting
from display import screens
from loyalty.chain import Head, line_hash
from loyalty.entry import Cause, Personal, Posting, decode_entry, decode_personal
from loyalty.holding import Own, Row, shown
from simulation import mutants_of_lines, mutants_of_people, mutants_of_time, rules, stories, stories_of_people
from simulation.counter import Counter
from simulation.mutant import Mutant, Plant
from simulation.power import Guarded
from sync import allowance, applying, database, journal, messages, mirror, view
from sync.courier import Courier
from sync.lending import Lending
from sync.messages import Answered, Ask, Presented, Standing
from sync.troubles import Trouble
from terminal import renewal, states, verbs


def a_retry_mints_a_new_id(patch: pytest.MonkeyPatch) -> None:
    """The conversation's key is not heeded: what is asked for again is written again."""
    record, seen, again = journal.record, set[str](), itertools.count()

    def forgetful(connection: Any, draft: Any, key: str, *rest: Any, **named: Any) -> Any:
        fresh = f"{key} {next(again)}" if key in seen else key
        seen.add(key)
        return record(connection, draft, fresh, *rest, **named)

    patch.setattr(journal, "record", forgetful)


def a_doubled_push_is_posted_twice(patch: pytest.MonkeyPatch) -> None:
    """Lines that are there already are posted again, and a bare ON CONFLICT DO NOTHING hides it."""
    store = accept._store

    def forgetful(connection: Any, writer: Any, pushed: Any, now_ms: int) -> Any:
        old = [line for line in pushed if line.sequence <= writer.posted.sequence]
        writer, on_head = store(connection, writer, pushed, now_ms)
        if old and on_head:
            identities.set_posted(connection, writer, Head(old[0].sequence - 1, old[0].before))
        return identities.find(connection, writer.id), on_head

    def bare(connection: sa.Connection, table: sa.Table, rows: list[Any]) -> None:
        if rows:
            connection.execute(sa.insert(table).prefix_with("OR IGNORE"), rows)

    patch.setattr(accept, "_store", forgetful)
    patch.setattr(book, "_insert", bare)
    patch.setattr(book.Book, "load_entries", lambda self, ids: None)


def granted_comes_without_its_through(patch: pytest.MonkeyPatch) -> None:
    """A row's balance and grant are written, the line that they include is not."""
    patch.setattr(applying, "_PURSE", applying._PURSE.replace(" place = excluded.place,", ""))


def own_earnings_count_twice_after_a_pull(patch: pytest.MonkeyPatch) -> None:
    """What was earned here stays spendable beside the grant that includes it."""
    own_between = journal.own_between

    def forgetful(connection: Any, now: Any, account: bytes, purse: str, instance: str, place: int) -> Own:
        own = own_between(connection, now, account, purse, instance, place)
        return replace(own, earned_after=own_between(connection, now, account, purse, instance, 0).earned_after)

    patch.setattr(journal, "own_between", forgetful)
    patch.setattr(view, "own_between", forgetful)


def done_is_shown_before_it_is_recorded(patch: pytest.MonkeyPatch) -> None:
    record = verbs.record

    def hasty(state: Any, draft: Any, account: Any, *basket: Any) -> Any:
        after, effects = record(state, draft, account, *basket)
        done = screens.Done(screens.Points(0), screens.Points(0), False)
        return replace(after, mode=states.Done(account, state.now + states.DONE_MS, done)), effects

    patch.setattr(verbs, "record", hasty)


def grants_are_sent_as_add_so_many(patch: pytest.MonkeyPatch) -> None:
    """The cloud answers by how much it raised a lease, and the terminal adds that to what it has."""
    ask, present, apply_answer = changes.ask, changes.present, applying.apply_answer

    def raised(connection: Any, identity: Any, answer: Callable[[], Any]) -> Any:
        lease = ledger_tables.lease.c
        held = sa.select(lease.account, lease.purse, lease.instance, lease.granted).where(lease.identity == identity)
        before = {tuple(row[:3]): row[3] for row in connection.execute(held)}
        answered = answer()

        def by_how_much(row: Any) -> Any:
            return msgspec.structs.replace(row, granted=row.granted - before.get((row.account, row.purse, row.instance), 0))

        if isinstance(answered, Presented):
            return msgspec.structs.replace(answered, rows=tuple(map(by_how_much, answered.rows)))
        return msgspec.structs.replace(answered, row=answered.row and by_how_much(answered.row))

    def add(connection: Any, own: Any, asked_as: Any, answered: Any) -> None:
        def sum_of(row: Any) -> Any:
            has = mirror.rows(connection, own)(row.account, row.purse, row.instance).granted
            return msgspec.structs.replace(row, granted=has + row.granted)

        if isinstance(answered, Presented):
            answered = msgspec.structs.replace(answered, rows=tuple(map(sum_of, answered.rows)))
        else:
            answered = msgspec.structs.replace(answered, row=answered.row and sum_of(answered.row))
        apply_answer(connection, own, asked_as, answered)

    def asked(connection: Any, identity: Any, *rest: Any) -> Any:
        return raised(connection, identity, lambda: ask(connection, identity, *rest))

    def presented(connection: Any, identity: Any, *rest: Any) -> Any:
        return raised(connection, identity, lambda: present(connection, identity, *rest))

    patch.setattr(changes, "ask", asked)
    patch.setattr(changes, "present", presented)
    patch.setattr(applying, "apply_answer", add)


def a_record_is_not_one_transaction(patch: pytest.MonkeyPatch) -> None:
    """A power cut leaves a line without its postings."""
    patch.setattr(journal, "transaction", lambda connection: database._words())


def the_cursor_moves_before_its_rows(patch: pytest.MonkeyPatch) -> None:
    """A power cut between the two loses changes for good."""
    apply, move = applying.apply, applying._move_cursor

    def hasty(connection: Any, own: Any, asked_as: Any, pulled: Any, *rest: Any, **named: Any) -> Any:
        move(connection, pulled, applying.place_of(own, asked_as, pulled.through, pulled.hash))
        return apply(connection, own, asked_as, pulled, *rest, **named)

    patch.setattr(applying, "apply", hasty)


def undoing_a_spend_lowers_used(patch: pytest.MonkeyPatch) -> None:
    """Use is counted net in the cloud, and gross on the terminal."""
    arithmetic = posting._arithmetic

    def net(cause: Cause, one: Any, purse: Any, lease: Any) -> Any:
        purse, lease = arithmetic(cause, one, purse, lease)
        if cause is Cause.UNDO and one.delta > 0:
            lease = replace(lease, used=lease.used - one.delta, granted=lease.granted - one.delta)
        return purse, lease

    patch.setattr(posting, "_arithmetic", net)


def a_lease_is_freed_when_its_use_is_stored(patch: pytest.MonkeyPatch) -> None:
    """What a line uses is taken from the lease with the push, and not when the line is posted."""
    store, post_batch = accept._store, accept._post_batch

    def take(connection: sa.Connection, writer: Any, line: Any, sign: int) -> None:
        entry, whose = decode_entry(line.body), decode_personal(line.personal)
        for p in (p for p in entry.postings if p.used):
            where = {"identity": writer.id.hex, "a": whose.account, "p": p.purse, "i": p.instance, "u": sign * p.used}
            of = "account = :a AND purse = :p AND instance = :i"
            connection.execute(sa.text(f"UPDATE lease SET used = used + :u WHERE identity = :identity AND {of}"), where)
            connection.execute(sa.text(f"UPDATE purse SET leased = leased - :u WHERE {of}"), where)

    def hasty(connection: Any, writer: Any, pushed: Any, now_ms: int) -> Any:
        before = writer.head.sequence
        writer, on_head = store(connection, writer, pushed, now_ms)
        for line in (line for line in pushed if before < line.sequence <= writer.head.sequence):
            take(connection, writer, line, 1)
        return writer, on_head

    def late(connection: Any, writer: Any, batch: Any, *rest: Any) -> None:
        for stored, *_ in batch:
            take(connection, writer, stored.line, -1)
        post_batch(connection, writer, batch, *rest)

    patch.setattr(accept, "_store", hasty)
    patch.setattr(accept, "_post_batch", late)


def what_is_earned_is_not_leased(patch: pytest.MonkeyPatch) -> None:
    """A terminal's own earnings are spendable there until its next pull, and free in the cloud meanwhile."""
    patch.setattr(posting, "earn", lambda purse, lease, amount: (replace(purse, earned=purse.earned + amount), lease))


def the_place_comes_after_its_rows(patch: pytest.MonkeyPatch) -> None:
    """The line that rows include is written for all of them behind the last, in a transaction of its own."""
    apply = applying.apply
    granted_comes_without_its_through(patch)

    def late(connection: Any, own: Any, asked_as: Any, pulled: Any, *rest: Any, **named: Any) -> Any:
        yield from apply(connection, own, asked_as, pulled, *rest, **named)
        place = applying.place_of(own, asked_as, pulled.through, pulled.hash)
        with database.transaction(connection):
            connection.execute("UPDATE purses SET place = ? WHERE change > ?", (place, pulled.since))
        yield set()

    patch.setattr(applying, "apply", late)


def one_place_counts_for_all_rows(patch: pytest.MonkeyPatch) -> None:
    """One global cursor says what rows include: it moves with the last slice, and rows come in slices."""
    apply = applying.apply
    granted_comes_without_its_through(patch)

    def sliced(connection: Any, own: Any, asked_as: Any, pulled: Any, *rest: Any, **named: Any) -> Any:
        yield from apply(connection, own, asked_as, pulled, 1)
        place = applying.place_of(own, asked_as, pulled.through, pulled.hash)
        with database.transaction(connection):
            connection.execute("UPDATE purses SET place = ?", (place,))

    patch.setattr(applying, "apply", sliced)


def a_return_takes_what_is_not_leased(patch: pytest.MonkeyPatch) -> None:
    """All of a return is counted as use of the lease, however little is leased here."""
    allowed = journal.allowed

    def generous(connection: Any, base: int, standing: str, draft: Any, rows: Any, owns: Any) -> Any:
        postings = allowed(connection, base, standing, draft, rows, owns)
        if draft.cause is not Cause.RETURN:
            return postings
        return tuple(msgspec.structs.replace(p, used=-p.delta) for p in postings)

    patch.setattr(journal, "allowed", generous)


def what_was_taken_back_twice_is_not_corrected(patch: pytest.MonkeyPatch) -> None:
    """An award is undone here and returned there."""
    patch.setattr(posting, "correct", lambda purse, taking: (purse, taking))


def a_line_is_set_aside(patch: pytest.MonkeyPatch) -> None:
    """A line that cannot be read is passed over, and those behind it are posted."""
    post_stored = accept.post_stored

    def careless(connection: Any, writer: Any, now_ms: int, random: Any, *rest: Any) -> str:
        while post_stored(connection, writer, now_ms, random, *rest):
            writer = identities.find(connection, writer.id)
            [(line, hash, *_)] = accept.lines.after(connection, writer, writer.posted.sequence, 1)
            identities.set_posted(connection, writer, Head(line.sequence, hash))
            writer = identities.find(connection, writer.id)
        return ""

    patch.setattr(accept, "post_stored", careless)


def lines_are_pruned_before_the_pull(patch: pytest.MonkeyPatch) -> None:
    """What the cloud has is forgotten, whether the rows include it or not."""
    push = Courier._push

    async def forgetful(self: Any, **asked: Any) -> None:
        await push(self, **asked)
        await self._blocking(self._forget)

    patch.setattr(Courier, "_push", forgetful)
    patch.setattr(mirror, "complete_through", lambda connection, own: journal.current(own).accepted)


def an_answer_from_before_the_prune_is_applied(patch: pytest.MonkeyPatch) -> None:
    """A line that is not here any more contradicts nothing."""

    def trusting(own: Any, asked_as: Any, through: int, hash: bytes) -> int:
        now = journal.current(own)
        if journal.hash_at(own, now, through) not in (None, hash):
            raise applying.Misplaced
        return now.base + through

    patch.setattr(applying, "place_of", trusting)


def a_written_off_terminal_earns_no_lease(patch: pytest.MonkeyPatch) -> None:
    """The write-off forgets later awards."""
    post, earn, lost = accept.post, posting.earn, [False]

    def noting(book: Any, *rest: Any) -> None:
        lost[0] = book.identity.standing is Standing.WRITTEN_OFF
        post(book, *rest)

    def stingy(purse: Any, lease: Any, amount: int) -> Any:
        return (replace(purse, earned=purse.earned + amount), lease) if lost[0] else earn(purse, lease, amount)

    patch.setattr(accept, "post", noting)
    patch.setattr(posting, "earn", stingy)


def use_beyond_a_lease_is_not_made_good(patch: pytest.MonkeyPatch) -> None:
    """Debt is counted with max(0, ...): a lease may go below zero and is looked at as if it had not."""

    def spend(purse: Any, lease: Any, amount: int) -> Any:
        before = max(0, lease.outstanding)
        lease = replace(lease, used=lease.used + amount)
        leased = purse.leased + max(0, lease.outstanding) - before
        uncovered = max(0, amount - before)
        return replace(purse, spent=purse.spent + amount, leased=leased, overdraft=purse.overdraft + uncovered), lease

    patch.setattr(posting, "spend", spend)


def a_new_identity_keeps_the_old_leases(patch: pytest.MonkeyPatch) -> None:
    """What was granted to an earlier identity may still be spent."""

    def rows(connection: Any, own: Any) -> Any:
        def row(account: bytes, purse: str, instance: str) -> Row:
            query = (
                "SELECT p.balance, p.granted, p.place FROM accounts AS a JOIN words AS w JOIN purses AS p"
                " ON p.account = a.number AND p.purse = w.number WHERE a.id = ? AND w.word = ? AND p.instance = ?"
            )
            found = connection.execute(query, (account, purse, instance)).fetchone()
            return Row() if found is None else Row(found[0], found[1], max(0, found[2] - journal.current(own).base))

        return row

    patch.setattr(mirror, "rows", rows)


def a_new_identity_before_the_old_ones_lines(patch: pytest.MonkeyPatch) -> None:
    """A written-off terminal is renewed while lines wait: they come under the new identity, and the lease was the old one's."""
    renew = renewal.renew

    async def well() -> None:
        """Everything has been sent, it says."""

    async def hasty(folder: Any, pairing: Any, store: Any, courier: Any) -> Any:
        courier.exchange = well
        return await renew(folder, pairing, store, courier)

    patch.setattr(renewal, "renew", hasty)


def pulls_carry_no_head(patch: pytest.MonkeyPatch) -> None:
    """Nobody compares where terminal and cloud stand before rows are sent and applied."""
    patch.setattr(changes, "is_off_head", lambda writer, head: False)
    patch.setattr(journal, "contradicts", lambda connection, stored: False)
    patch.setattr(applying, "place_of", lambda own, asked_as, through, hash: journal.current(own).base + through)


def a_wrapped_line_is_posted_twice(patch: pytest.MonkeyPatch) -> None:
    """An id that is posted already is posted again under its new identity."""
    post = accept.post

    def forgetful(book: Any, line: Any, *rest: Any) -> None:
        if line.was is not None:
            book.known.clear()
        post(book, line, *rest)

    def bare(connection: sa.Connection, table: sa.Table, rows: list[Any]) -> None:
        if rows:
            connection.execute(sa.insert(table).prefix_with("OR IGNORE"), rows)

    patch.setattr(accept, "post", forgetful)
    patch.setattr(book, "_insert", bare)


def the_use_of_a_doubled_id_is_not_counted(patch: pytest.MonkeyPatch) -> None:
    """An id that comes twice changes nothing at all, and the lease can never be given back."""
    patch.setattr(posting, "count_copy", lambda lease, used: lease)


def both_copies_undo_one_spend(patch: pytest.MonkeyPatch) -> None:
    """The second undo of one spend earns as well."""
    load = book.Book.load_referred

    def forgetful(self: Any, ids: Any) -> None:
        load(self, ids)
        self.undone.clear()

    patch.setattr(book.Book, "load_referred", forgetful)


def leases_time_out(patch: pytest.MonkeyPatch) -> None:
    """What a terminal has not used within a minute is free again."""
    ask = changes.ask

    def impatient(connection: Any, identity: Any, message: Any, now_ms: int) -> Any:
        held = {"me": identity.hex, "a": message.account, "p": message.purse, "i": message.instance, "then": now_ms - 60_000}
        late = (
            "account = :a AND purse = :p AND instance = :i AND identity <> :me"
            " AND identity IN (SELECT id FROM identity WHERE seen_ms < :then)"
        )
        free = f"(SELECT coalesce(sum(granted - used - written_off), 0) FROM lease WHERE {late})"
        of = "account = :a AND purse = :p AND instance = :i"
        connection.execute(sa.text(f"UPDATE purse SET leased = leased - {free} WHERE {of}"), held)
        connection.execute(sa.text(f"UPDATE lease SET granted = used + written_off WHERE {late}"), held)
        return ask(connection, identity, message, now_ms)

    patch.setattr(changes, "ask", impatient)


def two_couriers_drain_one_journal(patch: pytest.MonkeyPatch) -> None:
    """Each with its own idea of the last request number; and the first goes on under the old identity after a renewal."""
    begin = Counter._begin_courier

    def twice(self: Any) -> None:
        begin(self)
        begin(self)

    patch.setattr(Counter, "_begin_courier", twice)


def the_journal_ignores_conflicts(patch: pytest.MonkeyPatch) -> None:
    """A bare ON CONFLICT DO NOTHING where a key comes twice: a new entry is answered, and nothing is written."""
    execute = Guarded.execute

    def bare(self: Any, statement: str, *rest: Any) -> Any:
        return execute(self, statement.replace("INSERT INTO", "INSERT OR IGNORE INTO"), *rest)

    patch.setattr(Guarded, "execute", bare)


def the_chain_is_not_checked(patch: pytest.MonkeyPatch) -> None:
    """The cloud takes lines by their number alone."""

    def store(connection: Any, writer: Any, pushed: Any, now_ms: int) -> Any:
        head, fresh = writer.head, []
        for line in (line for line in pushed if line.sequence > writer.head.sequence):
            if line.sequence != head.sequence + 1:
                break
            head = Head(line.sequence, line_hash(writer.id, line))
            fresh.append((line, head.hash))
        accept.lines.store(connection, writer, fresh, now_ms)
        identities.set_head(connection, writer, head)
        return identities.find(connection, writer.id), True

    patch.setattr(accept, "_store", store)
    patch.setattr(accept, "is_off_head", lambda writer, head: False)
    patch.setattr(accept, "extend", lambda id, head, line: Head(line.sequence, line_hash(id, line)))


def an_undo_takes_what_was_given_back(patch: pytest.MonkeyPatch) -> None:
    """Whether the terminal still holds what an undo would take back is not asked."""
    allowed = journal.allowed

    def careless(connection: Any, base: int, standing: str, draft: Any, rows: Any, owns: Any) -> Any:
        def plenty(*key: Any) -> Row:
            return replace(rows(*key), granted=1 << 60)

        return allowed(connection, base, standing, draft, plenty if draft.cause is Cause.UNDO else rows, owns)

    patch.setattr(journal, "allowed", careless)


def a_give_back_is_a_message(patch: pytest.MonkeyPatch) -> None:
    """No line says what is given back, but a message does: "so much less", sent again where no answer comes."""
    ask = changes.ask

    async def give_back(self: Any, recalls: Any) -> bool:
        for recall in recalls:
            key = (recall.account, recall.purse, recall.instance)
            now = journal.current(self._journal)
            row = mirror.rows(self._mirror, self._journal)(*key)
            own = journal.own(self._journal, *key, row.through)
            much = row.granted + own.earned_after - own.used - recall.keep
            if much > 0 and recall.account != self.serving:
                question = Ask(now.identity, journal.head(self._journal), *key, -much)
                for _ in range(2):
                    try:
                        answer = await self._requests.post(messages.ASK_PATH, lambda asked=question: asked, Answered)
                        await self._blocking(
                            lambda c, me=now, said=answer: applying.apply_answer(self._mirror, c, me.identity, said)
                        )
                        break
                    except Trouble:
                        continue
        return False

    def lower(connection: Any, identity: Any, message: Any, now_ms: int) -> Any:
        if message.wanted < 0:
            where = {"me": identity.hex, "a": message.account, "p": message.purse, "i": message.instance, "n": -message.wanted}
            of = "account = :a AND purse = :p AND instance = :i"
            connection.execute(sa.text(f"UPDATE lease SET granted = granted - :n WHERE {of} AND identity = :me"), where)
            connection.execute(sa.text(f"UPDATE purse SET leased = leased - :n WHERE {of}"), where)
        return ask(connection, identity, message, now_ms)

    patch.setattr(Lending, "give_back", give_back)
    patch.setattr(changes, "ask", lower)


def _move_all(book: Any, random: Any) -> None:
    """As `merging.move_on`, for all that is there."""
    for key in book.touched():
        much = book.purse(key)[0].balance
        if key.account in book.into and much > 0:
            leaves, arrives = (Posting(key.purse, amount, instance=key.instance) for amount in (-much, much))
            out = own_entries.write(book, Cause.MERGE, Personal(key.account, b""), leaves, random)
            own_entries.write(book, Cause.MERGE, Personal(book.into[key.account], b""), arrives, random, refers=out)


def the_portal_spends_leased_value(patch: pytest.MonkeyPatch) -> None:
    """A merge (the portal and expiry would be no better) takes all that a purse holds, whoever may spend it already."""
    patch.setattr(merging, "move_on", _move_all)


def accounts_are_merged_by_alias(patch: pytest.MonkeyPatch) -> None:
    """The old account is the new one by another name: its value and its leases are the new one's from now on."""
    merge_at = merging._merge_at

    def rename(connection: Any, merchant: Any, old: bytes, new: bytes, *rest: Any) -> None:
        merge_at(connection, merchant, old, new, *rest)
        held = "SELECT identity, purse, instance, granted - used - written_off FROM lease WHERE account = :old"
        for identity, purse, instance, much in connection.execute(sa.text(held), {"old": old}).fetchall():
            where = {"id": identity, "old": old, "new": new, "p": purse, "i": instance, "n": much, "m": merchant.hex}
            of = "purse = :p AND instance = :i"
            there = "INSERT OR IGNORE INTO lease VALUES (:m, :id, :new, :p, :i, 0, 0, 0)"
            for statement in (
                there,
                f"UPDATE lease SET granted = granted - :n WHERE account = :old AND identity = :id AND {of}",
                f"UPDATE lease SET granted = granted + :n WHERE account = :new AND identity = :id AND {of}",
                f"UPDATE purse SET leased = leased - :n WHERE account = :old AND {of}",
                f"UPDATE purse SET leased = leased + :n WHERE account = :new AND {of}",
            ):
                connection.execute(sa.text(statement), where)

    patch.setattr(merging, "move_on", _move_all)
    patch.setattr(merging, "_merge_at", rename)


def a_leased_bonus_is_taken_back(patch: pytest.MonkeyPatch) -> None:
    """A bonus whose award is undone is taken back whole, also where a terminal may spend it already."""
    patch.setattr(derived, "take_free", lambda purse, points: (replace(purse, spent=purse.spent + points), points))


def whatever_is_shown_may_be_spent(patch: pytest.MonkeyPatch) -> None:
    """A balance is believed without a lease on it."""
    patch.setattr(view, "spendable", lambda row, own: shown(row, own))
    patch.setattr(allowance, "spendable", lambda row, own: shown(row, own))


def one_lease_is_for_all_gift_cards(patch: pytest.MonkeyPatch) -> None:
    """The terminal looks for a purse's row by its name, whichever card of that name it is."""
    rows = mirror.rows

    def careless(connection: Any, own: Any) -> Any:
        row = rows(connection, own)

        def of_any(account: bytes, purse: str, instance: str) -> Row:
            found = connection.execute(
                "SELECT DISTINCT instance FROM purse_rows WHERE account = ? AND purse = ?", (account, purse)
            )
            return max(
                (row(account, purse, other) for (other,) in found.fetchall()), key=lambda one: one.granted, default=Row()
            )

        return of_any

    patch.setattr(mirror, "rows", careless)


MUTANTS: dict[Plant, Mutant] = {
    # Each variant that the model of the protocol was broken by (`docs/protocol.md`) is here, and some more.
    a_retry_mints_a_new_id: Mutant(rules.ASKED, seed=0),
    a_doubled_push_is_posted_twice: Mutant(rules.LEASES, seed=1, also=(4,)),
    granted_comes_without_its_through: Mutant(rules.ROWS, seed=0),
    own_earnings_count_twice_after_a_pull: Mutant(rules.SPENDABLE, seed=0),
    done_is_shown_before_it_is_recorded: Mutant(rules.SHOWN, seed=0),
    grants_are_sent_as_add_so_many: Mutant(rules.ROWS, seed=12, also=(5,)),
    a_record_is_not_one_transaction: Mutant(rules.SEEN, story=stories.power_cuts_one_after_the_other, also=(1, 2, 5)),
    the_cursor_moves_before_its_rows: Mutant(rules.CARDS, seed=0, also=(2, 4)),
    undoing_a_spend_lowers_used: Mutant(rules.LEASES, story=stories.both_copies_undo),
    a_lease_is_freed_when_its_use_is_stored: Mutant(rules.LEASES, story=stories.a_cloud_too_old),
    what_is_earned_is_not_leased: Mutant(rules.TOGETHER, story=stories.a_lost_acknowledgement),
    the_place_comes_after_its_rows: Mutant(rules.ROWS, seed=0),
    one_place_counts_for_all_rows: Mutant(rules.ROWS, seed=0),
    a_return_takes_what_is_not_leased: Mutant(rules.OVERDRAFT, story=stories.goods_come_back_without_a_lease),
    what_was_taken_back_twice_is_not_corrected: Mutant(rules.TAKEN, story=stories.undo_here_return_there),
    a_line_is_set_aside: Mutant(rules.POSTED, story=stories.a_cloud_too_old),
    lines_are_pruned_before_the_pull: Mutant(rules.SEEN, story=stories.a_hundred_days_without_an_answer, also=(5,)),
    an_answer_from_before_the_prune_is_applied: Mutant(rules.SEEN, story=stories.a_very_late_answer, also=(5,)),
    a_written_off_terminal_earns_no_lease: Mutant(rules.OVERDRAFT, story=stories.a_written_off_terminal_earns),
    use_beyond_a_lease_is_not_made_good: Mutant(rules.LEASES, story=stories.a_write_off_and_return),
    a_new_identity_keeps_the_old_leases: Mutant(rules.SPENDABLE, story=stories.a_cloned_card),
    a_new_identity_before_the_old_ones_lines: Mutant(
        rules.ONE_PLACE, story=stories.a_written_off_terminal_is_renewed_at_once, also=(5,)
    ),
    pulls_carry_no_head: Mutant(rules.OWN_ROWS, story=stories.a_restored_backup, also=(2, 4)),
    a_wrapped_line_is_posted_twice: Mutant(rules.SUMS, story=stories.a_doubled_entry, also=(3,)),
    the_use_of_a_doubled_id_is_not_counted: Mutant(rules.LEASES, story=stories.a_doubled_entry),
    both_copies_undo_one_spend: Mutant(rules.ONE_UNDO, story=stories.both_copies_undo),
    leases_time_out: Mutant(rules.TOGETHER, story=stories.a_lease_is_waited_for),
    two_couriers_drain_one_journal: Mutant(rules.GOES_ON, story=stories.a_write_off_and_return, also=(8,)),
    the_journal_ignores_conflicts: Mutant(rules.SHOWN, seed=0, also=(2,)),
    the_chain_is_not_checked: Mutant(rules.ARRIVED, story=stories.two_copies_serve, also=(2, 3, 8)),
    an_undo_takes_what_was_given_back: Mutant(rules.TOGETHER, story=stories.a_lease_is_given_back_before_the_undo),
    a_give_back_is_a_message: Mutant(rules.LEASES, story=stories.a_lease_is_called_back),
    the_portal_spends_leased_value: Mutant(rules.COVERED, story=stories.two_accounts_become_one),
    accounts_are_merged_by_alias: Mutant(rules.TOGETHER, story=stories.two_accounts_become_one),
    a_leased_bonus_is_taken_back: Mutant(rules.COVERED, story=stories.a_bonus_is_leased_elsewhere),
    whatever_is_shown_may_be_spent: Mutant(rules.SPENDABLE, story=stories.two_terminals_offline),
    one_lease_is_for_all_gift_cards: Mutant(rules.SPENDABLE, story=stories_of_people.a_gift_card_is_lent),
    **mutants_of_lines.MUTANTS,
    **mutants_of_time.MUTANTS,
    **mutants_of_people.MUTANTS,
}
