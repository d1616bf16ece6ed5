"""`bodka-cloud`: everything a person does to the cloud from a shell."""

from __future__ import annotations

import gc
import secrets
import socket
import sys
from pathlib import Path

import click
import sqlalchemy as sa

from backend import database, merchants
from backend.database import Database
from backend.ledger_commands import COMMANDS
from backend.migrate import upgrade
from backend.surroundings import system_clock
from backend.writing import write

PORTAL_WELCOME = "/portal/welcome/"


@click.group(context_settings={"auto_envvar_prefix": "BODKA_CLOUD"})
@click.option(
    "--database",
    "url",
    default=database.DEFAULT_URL,
    envvar="BODKA_CLOUD_DATABASE",
    help="Where the cloud keeps everything.",
    show_default=True,
)
@click.pass_context
def main(context: click.Context, url: str) -> None:
    """The cloud of Bodka loyalty terminals."""
    try:
        engine = database.open_engine(url)
    except sa.exc.ArgumentError as error:
        raise click.BadParameter("this is no database address; one is like sqlite:///bodka-cloud.sqlite") from error
    context.obj = Database(engine)
    context.call_on_close(engine.dispose)


@main.command()
@click.pass_obj
def init(opened: Database) -> None:
    """Makes the database, or brings it up to date."""
    upgrade(opened.engine)
    click.echo("the database is up to date")


@main.command()
@click.option(
    "--training", is_flag=True, help="As a merchant to train with: its terminals say so, and may be played in a browser."
)
@click.pass_obj
def sample(opened: Database, *, training: bool) -> None:
    """Adds a sample café with a programme, members, cards and staff."""
    from backend.sample import NAME, TRAINING, add_sample, is_there

    name = TRAINING if training else NAME
    upgrade(opened.engine)
    with opened.writing() as connection:
        if is_there(connection, name):
            click.echo(f"{name} is there already")
            return
        add_sample(connection, system_clock(), secrets.token_bytes, training=training)
    click.echo(f"added {name}")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=8700, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--public-url", help="The address terminals call, where a proxy stands in front.")
@click.option(
    "--ca-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The authority (PEM) that the cloud's certificate is from: terminals trust no other once they are paired.",
)
@click.option(
    "--overnight-hour",
    default=3,
    show_default=True,
    type=click.IntRange(0, 23),
    help="When it is settled what terminals may spend tomorrow without a network.",
)
@click.pass_obj
def serve(opened: Database, host: str, port: int, public_url: str | None, ca_file: Path | None, overnight_hour: int) -> None:
    """Brings the database up to date and answers terminals and browsers. Prints one line when it listens."""
    # The web framework takes a second to import: only the server needs it.
    import uvicorn

    from backend.app import create_app

    authority = _authority(ca_file) if ca_file is not None else ""
    upgrade(opened.engine)
    listener = _listen(host, port)
    app = create_app(opened.engine, public_url=public_url, authority=authority, overnight_hour=overnight_hour)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    # Connections that come from now on wait in the listener until the server takes them.
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"listening on http://{shown}:{listener.getsockname()[1]}")
    sys.stdout.flush()
    # What is there by now stays: a look for garbage among a hundred thousand rows need not go through all libraries as well.
    gc.collect()
    gc.freeze()
    server.run([listener])


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--merchant", help="Its name or id, where there are several.")
@click.pass_obj
def publish(opened: Database, file: Path, merchant: str | None) -> None:
    """Makes a programme file the merchant's current one, once it has no mistake. Terminals fetch it by themselves."""
    from backend import programmes
    from loyalty.programme import ProgrammeError

    def put(connection: sa.Connection) -> int:
        text = file.read_text(encoding="utf-8")
        return programmes.publish(connection, merchants.choose(connection, merchant), text, system_clock())

    try:
        version = write(opened, put)
    except (OSError, UnicodeDecodeError, ProgrammeError, programmes.WrongVersion) as error:
        raise click.ClickException(f"{file}: {error}") from error
    click.echo(f"version {version} is in force; terminals take it at their next exchange")


@main.command("pairing-code")
@click.option("--merchant", help="Its name or id, where there are several.")
@click.option("--shop", help="The shop the terminal stands in, where there are several.")
@click.option("--minutes", default=10, show_default=True, type=click.IntRange(1, 24 * 60), help="How long the code lasts.")
@click.pass_obj
def pairing_code(opened: Database, merchant: str | None, shop: str | None, minutes: int) -> None:
    """Makes a one-time code that pairs one terminal."""
    from backend.pairing import make_code

    def make(connection: sa.Connection) -> str:
        chosen = merchants.choose(connection, merchant)
        place = merchants.choose_shop(connection, chosen, shop)
        return make_code(connection, chosen, place, system_clock(), secrets.token_bytes, minutes * 60_000)

    click.echo(write(opened, make))


@main.command("pairing-codes")
@click.option("--count", required=True, type=click.IntRange(1, 1_000), help="For how many terminals.")
@click.option("--merchant", help="Its name or id, where there are several.")
@click.option("--shop", help="The shop the terminals stand in, where there are several.")
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 365), help="How long the codes last.")
@click.option("--name", default="terminal", show_default=True, help="What they are called, with a number behind it.")
@click.option("--url", default="", help="The cloud's address, where the terminals' settings do not have it.")
@click.option("--csv", "as_csv", is_flag=True, help="Lines of number, name and code, with a heading.")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), help="Write a bodka-pairing.toml for each here.")
@click.pass_obj
def pairing_codes(
    opened: Database,
    count: int,
    merchant: str | None,
    shop: str | None,
    days: int,
    name: str,
    url: str,
    folder: Path | None,
    *,
    as_csv: bool,
) -> None:
    """Makes one-time codes for a fleet: one bodka-pairing.toml goes onto the first partition of each SD card."""
    from backend.pairing_lists import Line, as_text, make_list, write_files

    def make(connection: sa.Connection) -> list[Line]:
        chosen = merchants.choose(connection, merchant)
        place = merchants.choose_shop(connection, chosen, shop)
        lasts_ms = days * 24 * 60 * 60 * 1000
        return make_list(connection, chosen, place, count, name, system_clock(), secrets.token_bytes, lasts_ms)

    lines = write(opened, make)
    if folder is not None:
        try:
            write_files(folder, lines, url)
        except OSError as error:
            raise click.ClickException(f"{folder}: {error}") from error
    click.echo(as_text(lines, as_csv=as_csv), nl=False)


@main.command()
@click.option("--email", required=True, help="Who may look at the merchant's portal.")
@click.option("--merchant", help="Its name or id, where there are several.")
@click.option("--public-url", default="http://127.0.0.1:8700", show_default=True, help="Where the browser finds the cloud.")
@click.pass_obj
def owner(opened: Database, email: str, merchant: str | None, public_url: str) -> None:
    """Makes a merchant's owner, and prints the one-time link at which they choose a password."""
    from backend.portal.people import UserExists, invite_owner

    def invite(connection: sa.Connection) -> str:
        chosen = merchants.choose(connection, merchant)
        try:
            return invite_owner(connection, chosen, email, system_clock(), secrets.token_bytes)
        except UserExists as error:
            raise click.ClickException(str(error)) from error

    click.echo(public_url.rstrip("/") + PORTAL_WELCOME + write(opened, invite))


@main.command("hours")
@click.argument("hours")
@click.option("--zone", default="Europe/Bratislava", show_default=True, help="The shop's time zone.")
@click.option("--merchant", help="Its name or id, where there are several.")
@click.option("--shop", help="The shop, where there are several.")
@click.pass_obj
def set_hours(opened: Database, hours: str, zone: str, merchant: str | None, shop: str | None) -> None:
    """Says when a shop is open, as in "Mo-Fr 08:00-18:00; Sa 09:00-12:00": a terminal that is silent then is late soon.

    HOURS that are empty are taken back: then a terminal is late after a day.
    """
    from backend.opening import UnclearHours

    def put(connection: sa.Connection) -> None:
        chosen = merchants.choose(connection, merchant)
        merchants.set_hours(connection, chosen, merchants.choose_shop(connection, chosen, shop), hours, zone)

    try:
        write(opened, put)
    except UnclearHours as error:
        raise click.ClickException(str(error)) from error
    click.echo("noted" if hours else "taken back")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--share", default=10, show_default=True, type=click.IntRange(0, 100), help="Of a hundred terminals.")
@click.pass_obj
def release(opened: Database, file: Path, share: int) -> None:
    """Offers a signed version of the terminal (a bundle) to a share of all terminals. Again, with another share, to more."""
    from backend import releases
    from sync.bundle import NoBundle, TornBundle

    try:
        made = write(opened, lambda connection: releases.publish(connection, file, share, system_clock()))
    except (OSError, NoBundle, TornBundle, releases.OtherRelease) as error:
        raise click.ClickException(f"{file}: {error}") from error
    click.echo(f"version {made.version} for {made.architecture} is offered to {made.share} of 100 terminals")


@main.command("release-share")
@click.argument("version")
@click.argument("share", type=click.IntRange(0, 100))
@click.option("--architecture", default="arm64", show_default=True)
@click.pass_obj
def release_share(opened: Database, version: str, share: int, architecture: str) -> None:
    """Offers a version that is here to more terminals of a hundred, or to fewer: 0 stops it. Who has it keeps it."""
    from backend import releases

    try:
        made = write(opened, lambda connection: releases.offer_to(connection, version, architecture, share))
    except releases.UnknownRelease as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"version {made.version} for {made.architecture} is offered to {made.share} of 100 terminals")


@main.command("releases")
@click.pass_obj
def list_releases(opened: Database) -> None:
    """Lists the versions that are offered."""
    from backend import releases

    with opened.reading() as connection:
        for one in releases.every(connection):
            click.echo(f"{one.version:<12} {one.architecture:<6} {one.share:>3} of 100  {one.size / 1e6:.1f} MB")


for command in COMMANDS:
    main.add_command(command)


def _authority(file: Path) -> str:
    import ssl

    try:
        text = file.read_text(encoding="ascii")
        ssl.create_default_context(cadata=text)
    except (OSError, ValueError, ssl.SSLError) as error:
        raise click.ClickException(f"{file} holds no certificate in PEM: give the authority's, not the server's key") from error
    return text


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port} ({error.strerror}): choose another --port") from error
