"""What the daemon last knew of the cloud, for `bodka-terminal status`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from display.screens import CloudTrouble
from emulators.drafts import moment
from loyalty.entry import Moment
from sync.courier import CloudState
from sync.troubles import Kind
from terminal import cloud_report
from terminal.cloud_report import REPORT_FILE, TROUBLES, Reporter

LOGIN = CloudState(online=False, trouble="This network wants a login: use another network.", kind=Kind.LOGIN)


def told(folder: Path, now: Moment) -> str:
    report = cloud_report.read(folder)
    assert report is not None
    return report.told(now)


def test_every_kind_has_a_screen() -> None:
    assert set(TROUBLES) == set(Kind)
    assert set(TROUBLES.values()) == set(CloudTrouble)


def test_the_trouble_is_told_with_its_age(tmp_path: Path) -> None:
    reporter = Reporter(tmp_path)
    reporter.say(LOGIN, moment(0))
    reporter.say(replace(LOGIN, waiting=5), moment(60_000))  # an entry more is no news of the cloud
    words = "login wanted, for 3 minutes: This network wants a login: use another network."
    assert told(tmp_path, moment(180_000)) == words
    later = Moment(UUID(int=9), 5, moment(240_000).wall_ms, trusted=True)
    assert "for 4 minutes" in told(tmp_path, later)
    reporter.say(CloudState(online=True), moment(240_000))
    assert told(tmp_path, moment(240_000)) == "answers, for 0 minutes"


def test_a_report_that_cannot_be_read_or_written_harms_nothing(tmp_path: Path) -> None:
    assert cloud_report.read(tmp_path) is None
    (tmp_path / REPORT_FILE).write_bytes(b"{")
    assert cloud_report.read(tmp_path) is None
    Reporter(tmp_path / "gone").say(LOGIN, moment(0))


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_names_itself_in_words(kind: Kind) -> None:
    assert kind.value.islower()
