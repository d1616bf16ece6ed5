"""`bodka-terminal`: run, pair, unpair, export, status, waiting, journal, doctor, devices, settings."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar
from uuid import UUID

import click

from terminal import settings_place
from terminal.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from terminal.first_picture import Begun
    from terminal.store import Connections

T = TypeVar("T")

STANDING = {
    "good": "good",
    "off head": "a copy or a restored backup: it adds points and takes none off until staff renew it from its menu (hold ▸)",
    "written off": "the merchant gave it up: it adds points and takes none off until staff renew it from its menu (hold ▸)",
}


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
    settings_place.OPTION,
    type=SettingsFile(),
    default=settings_place.DEFAULT,
    show_default=True,
    envvar=settings_place.VARIABLE,
    help="The terminal.toml to use.",
)

settings_path = click.option(  # where what is wrong in the file does not matter, or is what is asked for
    settings_place.OPTION,
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=settings_place.DEFAULT,
    show_default=True,
    envvar=settings_place.VARIABLE,
    help="The terminal.toml to use.",
)


@click.group()
def main() -> None:
    """The loyalty terminal beside the till."""


@main.command()
@settings_option
@click.pass_obj
def run(begun: Begun | None, settings: Settings) -> None:
    """Serve the counter until stopped."""
    from sync.database import UnsafeJournal
    from sync.keys import BrokenStateFile
    from sync.refusals import NotRecorded
    from terminal import logs, startup, state_lock

    logs.configure(settings.terminal.log)
    try:
        asyncio.run(startup.run(settings, begun))
    except (SettingsError, NotRecorded, UnsafeJournal, BrokenStateFile, state_lock.StateTaken) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@settings_option
@click.option("--code", required=True, help="The pairing code that the cloud made.")
@click.option("--device", default="", help="What the merchant will call this terminal.")
def pair(settings: Settings, code: str, device: str) -> None:
    """Join a merchant with a one-time code; again, with a new code of the same merchant, everything recorded here stays."""
    from sync import pairing as pairings
    from sync.pairing import Pairing
    from terminal import membership

    def trade(folder: Path) -> tuple[Pairing | None, membership.Joined]:
        old = pairings.load(folder)
        if old is None:
            return None, membership.Joined(asyncio.run(membership.join(settings.cloud, folder, code, device)), freed=False)
        return old, asyncio.run(membership.join_again(settings.cloud, folder, old, code, device))

    old, (pairing, freed) = _alone(settings, trade)
    click.echo(f"paired with {pairing.merchant_name}, {pairing.shop_name}")
    if old is not None and old.identity != pairing.identity:
        left = f"write the old terminal {old.identity} off in the portal, so that what it could spend is free"
        click.echo(f"everything recorded here stays; {f'what {old.identity} could spend is free' if freed else left}")


@main.command()
@settings_option
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(settings: Settings, file: Path) -> None:
    """Write the entries that are not in the cloud yet into FILE, for bodka-cloud import. They stay here too."""
    from terminal import membership

    count = _alone(settings, lambda folder: membership.export(folder, file))
    click.echo(f"{count} entries are in {file}; on the cloud: bodka-cloud import {file.name}")


@main.command()
@settings_option
@click.option("--export", "file", type=click.Path(dir_okay=False, path_type=Path), help="Where entries go that still wait.")
def unpair(settings: Settings, file: Path | None) -> None:
    """Leave the merchant: everything in the state folder is deleted. Refused while entries wait, unless they are exported."""
    from terminal import membership

    count = _alone(settings, lambda folder: membership.leave(folder, file))
    if file is not None:
        click.echo(f"{count} entries are in {file}; on the cloud: bodka-cloud import {file.name}")
    click.echo("not paired any more; write the terminal off in the portal, so that what it could spend is free again")


def _alone(settings: Settings, work: Callable[[Path], T]) -> T:
    """Runs `work` on the state folder while no daemon does; what it refuses is told in words."""
    from sync.connection import BadAuthority, InsecureCloud
    from sync.database import UnsafeJournal
    from sync.keys import BrokenStateFile
    from sync.pairing import PairingFailed
    from sync.parcel import AlteredParcel, TornParcel
    from sync.refusals import NotRecorded
    from terminal import state_lock
    from terminal.membership import Refused

    folder = Path(settings.terminal.state)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kinds = (Refused, PairingFailed, BadAuthority, InsecureCloud, BrokenStateFile, NotRecorded, UnsafeJournal)
    try:
        with state_lock.hold(folder):
            return work(folder)
    except (*kinds, TornParcel, AlteredParcel, SettingsError, state_lock.StateTaken, OSError) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@settings_option
def status(settings: Settings) -> None:
    """Whose terminal this is, and what waits to be sent."""
    from sync import pairing as pairings
    from sync.status import status as look
    from terminal import cloud_report, state_lock
    from terminal.clocks import Clocks

    folder = Path(settings.terminal.state)
    pairing = pairings.load(folder)
    if pairing is None:
        click.echo("not paired: make a code in the portal and run bodka-terminal pair --code CODE")
        sys.exit(1)
    now = Clocks.of_this_boot().moment()
    found = _of_books(folder, pairing.identity, lambda books: look(books.journal, books.mirror, now))
    click.echo(f"shop       {pairing.merchant_name}, {pairing.shop_name}")
    click.echo(f"identity   {found.identity}")
    click.echo(f"standing   {STANDING[found.standing.value]}")
    click.echo(f"programme  version {found.programme}{'' if found.programme_here else ', its text has not come yet'}")
    click.echo(f"members    {found.members}, cards {found.cards}")
    click.echo(f"entries    {found.recorded}, accepted to {found.accepted}, posted to {found.posted}")
    click.echo(f"waiting    {found.waiting.count}, the oldest for {found.waiting.age_ms(now) // 60_000} minutes")
    if found.waiting.aside:
        aside = f"{found.waiting.aside} of them were saved from a damaged journal"
        click.echo(f"saved      {aside}, and are sent once staff renew the terminal from its menu (hold ▸)")
    if found.posted < found.accepted:
        stuck = f"the cloud has not posted {found.accepted - found.posted} entries that it has: its portal says why"
        click.echo(f"posting    {stuck}")
    proved = f"{datetime.fromtimestamp(found.known_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC or later, by the cloud"
    clock = "set by the network" if now.trusted else "not known to be right"
    click.echo(f"time       {proved if found.known_ms else 'not known yet'}; clock {clock}")
    report = cloud_report.read(folder)
    if not _told(lambda: state_lock.is_held(folder)):
        click.echo("cloud      not asked: the terminal is not running")
    elif report is not None:
        click.echo(f"cloud      {report.told(now)}")
        if report.posting:
            click.echo(f"posting    stopped in the cloud: {report.posting}")


@main.command()
@settings_option
def waiting(settings: Settings) -> None:
    """How many entries are not in the cloud yet: a number, for scripts."""
    from terminal import membership

    click.echo(_alone(settings, membership.only_here))


@main.command()
@settings_option
@click.option("--json", "as_json", is_flag=True, help="Entries and balances, for a comparison with the cloud's ledger.")
@click.option("--salvage", is_flag=True, help="Save what can be read of a damaged journal; the terminal must be stopped.")
def journal(settings: Settings, as_json: bool, salvage: bool) -> None:
    """Every entry that this terminal holds."""
    from sync import pairing as pairings
    from terminal.listing import listing

    folder = Path(settings.terminal.state)
    if salvage:
        click.echo(_salvage(folder))
        return
    pairing = pairings.load(folder)
    if pairing is None:
        raise click.ClickException("not paired: there are no entries yet")
    found = _of_books(folder, pairing.identity, listing)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for entry in found["entries"]:
        changes = ", ".join(f"{posting['purse']} {posting['delta']:+}" for posting in entry["postings"])
        newer = "  (of a newer version: kept and sent as it is)" if "newer" in entry else ""
        click.echo(f"{entry['sequence']:>6}  {entry['cause'] or '?':<10} {changes}{newer}")


def _salvage(folder: Path) -> str:
    from terminal.rescue import JournalInUse, by_hand

    try:
        return _told(lambda: by_hand(folder))
    except JournalInUse as error:
        raise click.ClickException(str(error)) from error


def _of_books(folder: Path, identity: UUID, work: Callable[[Connections], T]) -> T:
    """What `work` finds in journal and mirror; a disk that refuses is told in words."""
    from terminal.store import Connections

    def look() -> T:
        with closing(Connections.open(folder, identity)) as books:
            return work(books)

    return _told(look)


def _told(work: Callable[[], T]) -> T:
    """Does `work` on the state folder; a disk that refuses is told in words."""
    from sync.database import UnsafeJournal, named
    from sync.refusals import NotRecorded

    try:
        return work()
    except (NotRecorded, UnsafeJournal, OSError) as error:
        raise click.ClickException(str(named(error))) from error


@main.command()
@settings_option
@click.option("--watch", is_flag=True, help="Afterwards show what each device does, until Ctrl-C.")
def doctor(settings: Settings, *, watch: bool) -> None:
    """Try every device, the clock, the disk and the cloud."""
    from terminal.doctor import examine
    from terminal.doctor import watch as watch_devices
    from terminal.stopping import until_told_to_stop

    async def run_all() -> bool:
        well = True
        async for finding in examine(settings):
            click.echo(str(finding))
            well = well and finding.well
        return well

    well = asyncio.run(run_all())
    if watch:
        click.echo("press, type, scan, tap, insert; Ctrl-C ends")
        asyncio.run(until_told_to_stop(watch_devices(settings, click.echo)))
    sys.exit(0 if well else 1)


@main.command()
@settings_option
@click.option("--from", "file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The bundle.")
def update(settings: Settings, file: Path) -> None:
    """Install a newer version from a file, as from a USB stick. It is taken back by itself where it does not do well."""
    from sync.bundle import NoBundle
    from terminal import root_requests, updates

    try:
        with file.open("rb") as bundle:
            version = updates.put(bundle, Path(settings.terminal.state))
        answer = asyncio.run(updates.ask(updates.What.INSTALL, root_requests.folder_here()))
    except (NoBundle, updates.NobodyAnswers, OSError) as error:
        raise click.ClickException(str(error)) from error
    if not answer.done:
        (Path(settings.terminal.state) / updates.BUNDLE).unlink(missing_ok=True)
        raise click.ClickException(answer.words)
    click.echo(f"version {version} is installed, and the terminal starts anew; if it does not do well, this one comes back")


@main.command()
@settings_path
@click.option("--log", type=click.File("rb"), help="The log as journalctl --output=json gives it; - is the standard input.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def report(path: Path, log: BinaryIO | None, file: Path) -> None:
    """Write FILE (.tar.gz) for whoever helps you: settings, state, log; no secret and no card number is in it."""
    from terminal.support import write

    try:
        names = write(path, file, log.read() if log is not None else None)
    except OSError as error:
        raise click.ClickException(f"{file}: {error}") from error
    click.echo(f"{file} holds {', '.join(names)}")


@main.command()
def devices() -> None:
    """List what is plugged in, and write the lines for terminal.toml."""
    from terminal.plugged import look
    from terminal.plugged_toml import listed, toml_lines

    plugged = look()
    click.echo(listed(plugged))
    click.echo("# For terminal.toml:\n")
    click.echo(toml_lines(plugged))


@main.command(name="settings")
@settings_path
def show_settings(path: Path) -> None:
    """Every setting in force, and where it came from: the file's line, the board's profile, or the default."""
    from terminal.settings_shown import shown

    try:
        click.echo(shown(path))
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
