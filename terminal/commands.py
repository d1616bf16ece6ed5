"""`bodka-terminal`: run, pair, status, journal, doctor, devices."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from pathlib import Path

import click

from terminal.settings import Settings, SettingsError, load

DEFAULT_SETTINGS = "/etc/bodka/terminal.toml"


class SettingsFile(click.ParamType[Settings]):
    """A path that becomes the settings in it."""

    name = "file"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Settings:
        if isinstance(value, Settings):
            return value
        try:
            return load(Path(str(value)))
        except SettingsError as error:
            raise click.ClickException(str(error)) from error


settings_option = click.option(
    "--settings",
    type=SettingsFile(),
    default=DEFAULT_SETTINGS,
    show_default=True,
    envvar="BODKA_SETTINGS",
    help="The terminal.toml to use.",
)


@click.group()
def main() -> None:
    """The loyalty terminal beside the till."""


@main.command()
@settings_option
def run(settings: Settings) -> None:
    """Serve the counter until stopped."""
    from sync.database import UnsafeJournal
    from sync.keys import BrokenStateFile
    from sync.refusals import NotRecorded
    from terminal import logs, startup

    logs.configure(settings.terminal.log)
    try:
        asyncio.run(startup.run(settings))
    except (SettingsError, NotRecorded, UnsafeJournal, BrokenStateFile) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@settings_option
@click.option("--code", required=True, help="The pairing code that the cloud made.")
@click.option("--device", default="", help="What the merchant will call this terminal.")
def pair(settings: Settings, code: str, device: str) -> None:
    """Join a merchant with a one-time code."""
    from sync import pairing as pairings
    from sync.connection import InsecureCloud, cloud_client
    from sync.keys import load_or_make

    folder = Path(settings.terminal.state)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if pairings.load(folder) is not None:
        raise click.ClickException("this terminal is paired already: it keeps its merchant and its journal")

    async def trade() -> pairings.Pairing:
        async with cloud_client(settings.cloud.url) as client:
            return await pairings.pair(client, code, load_or_make(folder, os.urandom), device)

    try:
        pairing = asyncio.run(trade())
    except (pairings.PairingFailed, InsecureCloud) as error:
        raise click.ClickException(str(error)) from error
    pairings.save(folder, pairing)
    click.echo(f"paired with {pairing.merchant_name}, {pairing.shop_name}")


@main.command()
@settings_option
def status(settings: Settings) -> None:
    """Whose terminal this is, and what waits to be sent."""
    from sync import pairing as pairings
    from sync.status import status as look
    from terminal.clocks import Clocks
    from terminal.store import Connections

    folder = Path(settings.terminal.state)
    pairing = pairings.load(folder)
    if pairing is None:
        click.echo("not paired: make a code in the portal and run bodka-terminal pair --code CODE")
        sys.exit(1)
    books, now = Connections.open(folder, pairing.identity), Clocks.of_this_boot().moment()
    found = look(books.journal, books.mirror, now)
    books.close()
    click.echo(f"shop       {pairing.merchant_name}, {pairing.shop_name}")
    click.echo(f"identity   {found.identity} ({found.standing.value})")
    click.echo(f"programme  version {found.programme}{'' if found.programme_here else ', its text has not come yet'}")
    click.echo(f"members    {found.members}, cards {found.cards}")
    click.echo(f"entries    {found.recorded}, accepted to {found.accepted}, posted to {found.posted}")
    click.echo(f"waiting    {found.waiting.count}, the oldest for {found.waiting.age_ms(now) // 60_000} minutes")


@main.command()
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Entries and balances, for a comparison with the cloud's ledger.")
@click.option("--salvage", is_flag=True, help="Save what can be read of a damaged journal; the terminal must be stopped.")
def journal(settings: Settings, as_json: bool, salvage: bool) -> None:
    """Every entry that this terminal holds."""
    from sync import pairing as pairings
    from terminal.listing import listing
    from terminal.store import Connections

    folder = Path(settings.terminal.state)
    if salvage:
        click.echo(_salvage(folder))
        return
    pairing = pairings.load(folder)
    if pairing is None:
        raise click.ClickException("not paired: there are no entries yet")
    books = Connections.open(folder, pairing.identity)
    found = listing(books)
    books.close()
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for entry in found["entries"]:
        changes = ", ".join(f"{posting['purse']} {posting['delta']:+}" for posting in entry["postings"])
        click.echo(f"{entry['sequence']:>6}  {entry['cause']:<10} {changes}")


def _salvage(folder: Path) -> str:
    from sync.database import UnsafeJournal
    from sync.refusals import NotRecorded
    from terminal.rescue import JournalInUse, by_hand

    try:
        return by_hand(folder)
    except (JournalInUse, NotRecorded, UnsafeJournal, OSError) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@settings_option
@click.option("--watch", is_flag=True, help="Afterwards show what each device does, until Ctrl-C.")
def doctor(settings: Settings, *, watch: bool) -> None:
    """Try every device, the clock, the disk and the cloud."""
    from terminal.doctor import examine
    from terminal.doctor import watch as watch_devices

    async def run_all() -> bool:
        well = True
        async for finding in examine(settings):
            click.echo(str(finding))
            well = well and finding.well
        return well

    well = asyncio.run(run_all())
    if watch:
        click.echo("press, type, scan, tap, insert; Ctrl-C ends")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(watch_devices(settings, click.echo))
    sys.exit(0 if well else 1)


@main.command()
def devices() -> None:
    """List what is plugged in, and write the lines for terminal.toml."""
    from terminal.plugged import look
    from terminal.plugged_toml import listed, toml_lines

    plugged = look()
    click.echo(listed(plugged))
    click.echo("# For terminal.toml:\n")
    click.echo(toml_lines(plugged))


if __name__ == "__main__":
    main()
