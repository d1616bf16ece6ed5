"""The commands of `bodka-cloud` that look at the ledger and set right what went wrong with a terminal, a person or a backup."""

from __future__ import annotations

import secrets
from pathlib import Path
from uuid import UUID

import click
import sqlalchemy as sa

from backend import merchants
from backend.database import Database
from backend.identities import UnknownIdentity
from backend.leases import write_off_terminal
from backend.migrate import upgrade
from backend.surroundings import system_clock
from backend.writing import write


@click.command()
@click.option("--merchant", help="Its name or id, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines of text.")
@click.pass_obj
def ledger(opened: Database, merchant: str | None, *, as_json: bool) -> None:
    """Shows every entry and every balance, to compare with a terminal's journal."""
    from backend.ledger import as_text, dump, encode

    try:
        with opened.reading() as connection:
            found = dump(connection, merchants.choose(connection, merchant))
    except merchants.UnknownMerchant as error:
        raise click.ClickException(str(error)) from error
    click.echo(encode(found) if as_json else as_text(found))


@click.command()
@click.pass_obj
def overnight(opened: Database) -> None:
    """Settles what each terminal may spend tomorrow without a network. The running cloud does it by itself every night."""
    from backend.nightly import settle_all

    for sentence in settle_all(opened, system_clock):
        click.echo(sentence)


@click.command()
@click.argument("account")
@click.option("--merchant", help="Its name or id, where there are several.")
@click.pass_obj
def forget(opened: Database, account: str, merchant: str | None) -> None:
    """Forgets whose account it is, here and on every terminal. Sums stay. It cannot be taken back.

    ACCOUNT is the account's id, as the portal and `ledger` show it.
    """
    from backend import forgetting, identities

    def give_up(connection: sa.Connection) -> None:
        own = identities.own_of(connection, merchants.choose(connection, merchant))
        identities.lock(connection, own.id)
        try:
            forgetting.forget(connection, own.network, bytes.fromhex(account), system_clock(), secrets.token_bytes)
        except ValueError as error:
            raise click.BadParameter("an account's id is 32 digits and letters from a to f") from error
        except forgetting.CannotForget as error:
            raise click.ClickException(str(error)) from error

    write(opened, give_up)
    click.echo("forgotten here; terminals forget at their next exchange")


@click.command("write-off")
@click.argument("identity", type=click.UUID)
@click.pass_obj
def write_off(opened: Database, identity: UUID) -> None:
    """Gives a lost terminal up: what it may still spend is free again. Its entries are still taken if it comes back."""

    def give_up(connection: sa.Connection) -> None:
        try:
            write_off_terminal(connection, identity, system_clock())
        except UnknownIdentity as error:
            raise click.ClickException(str(error)) from error

    write(opened, give_up)
    click.echo("written off")


@click.command()
@click.pass_obj
def restored(opened: Database) -> None:
    """To be run once after the database was restored from a backup: every terminal fetches all accounts anew."""
    from backend.epochs import begin_anew

    def begin(connection: sa.Connection) -> int:
        return begin_anew(connection, system_clock(), secrets.token_bytes)

    upgrade(opened.engine)
    click.echo(f"a new count of changes begins in {write(opened, begin)} network(s); terminals fetch all accounts anew")


@click.command()
@click.argument("identity", type=click.UUID)
@click.pass_obj
def void(opened: Database, identity: UUID) -> None:
    """Gives up the one line of a terminal that cannot be read, so that those behind it are posted.

    It is posted as nothing; correct what it should have done by hand.
    """
    from backend.accept import void_next

    def give_up(connection: sa.Connection) -> str:
        try:
            return void_next(connection, identity, system_clock(), secrets.token_bytes, by="the command line")
        except UnknownIdentity as error:
            raise click.ClickException(str(error)) from error

    click.echo(write(opened, give_up) or "everything is posted")


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--despite-gap", is_flag=True, help="Also where earlier entries are missing that nobody has any more.")
@click.pass_obj
def import_parcel(opened: Database, file: Path, *, despite_gap: bool) -> None:
    """Takes in the entries that a terminal exported to a file. Again, or after some of them had come, it does no harm."""
    from backend import imports
    from backend.lines import MalformedLine
    from sync import parcel

    refusals = (parcel.NoParcel, parcel.TornParcel, parcel.AlteredParcel, imports.UnknownTerminal)
    try:
        found = imports.take_in(opened, file, system_clock, secrets.token_bytes, despite_gap=despite_gap)
    except (*refusals, imports.LinesMissing, MalformedLine, OSError) as error:
        raise click.ClickException(f"{file}: {error}") from error
    click.echo(f"{found.entries} entries of terminal {found.identity}, {found.fresh} of them new")
    if found.beside is not None:
        click.echo(f"some are not those that the cloud has under their numbers: they are under {found.beside}; see the alarms")
    if found.trouble:
        click.echo(f"not all are posted: {found.trouble}")


@click.command()
@click.argument("identity", type=click.UUID, required=False)
@click.option("--all", "everything", is_flag=True, help="From each chain's first line, not from the last that was verified.")
@click.pass_obj
def verify(opened: Database, identity: UUID | None, *, everything: bool) -> None:
    """Reads every stored line again, and alarms where a chain is not as its terminal wrote it. For a nightly timer."""
    from backend.verifying import every_identity
    from backend.verifying import verify as read_again

    whole = True
    with opened.reading() as connection:
        chains = [identity] if identity is not None else every_identity(connection)
    for chain in chains:
        try:
            found = read_again(opened, chain, system_clock(), everything=everything)
        except UnknownIdentity as error:
            raise click.ClickException(str(error)) from error
        whole = whole and not found.broken
        click.echo(f"{chain} {found.read} read, whole to {found.through.sequence}{': ' + found.broken if found.broken else ''}")
    if not whole:
        raise click.ClickException("a chain is broken: the portal lists it among the alarms")


COMMANDS = (ledger, overnight, forget, write_off, restored, void, import_parcel, verify)
