"""How the settings describe a scanner or a pad."""

from __future__ import annotations

import errno
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.keyboard_search import By, DeviceBusy, DeviceForbidden, DeviceNotFound, Match, MatchError, explain, find


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("name:ACME Scanner", Match(By.NAME, "ACME Scanner")),
        (" Name:  SM SM-2D  PRODUCT HID KBW ", Match(By.NAME, "SM SM-2D PRODUCT HID KBW")),
        ("name:a:b", Match(By.NAME, "a:b")),
        ("path:/dev/input/by-id/usb-ACME-event-kbd", Match(By.PATH, "/dev/input/by-id/usb-ACME-event-kbd")),
        ("usb:0C2E:0b61", Match(By.USB, "0c2e:0b61")),
    ],
)
def test_a_match_is_read(text: str, match: Match) -> None:
    assert Match.parse(text) == match
    assert Match.parse(str(match)) == match


@pytest.mark.parametrize(
    "text", ["", "name:", "name: ", "ACME Scanner", "path:event5", "path:/etc/passwd", "usb:1234", "usb:12345:1", "x:y"]
)
def test_a_match_that_says_nothing_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(MatchError, match='write "name:"'):
        Match.parse(text)


@given(st.sampled_from(["name:", "path:/dev/", "usb:", ""]), st.text())
def test_a_match_is_read_or_refused(kind: str, text: str) -> None:
    try:
        match = Match.parse(kind + text)
    except MatchError:
        return
    assert Match.parse(str(match)) == match


def test_names_fit_whatever_their_case_and_spaces() -> None:
    match = Match.parse("name:acme scanner")
    assert match.fits("ACME  Scanner ", "1234:5678")
    assert not match.fits("ACME Scanner Consumer Control", "1234:5678")


def test_usb_fits_vendor_and_product() -> None:
    match = Match.parse("usb:1234:abcd")
    assert match.fits("anything", "1234:ABCD")
    assert not match.fits("1234:abcd", "1234:abce")


def test_a_path_fits_no_name() -> None:
    assert not Match.parse("path:/dev/input/event5").fits("/dev/input/event5", "1234:5678")


def test_a_path_that_is_not_there_is_said_to_be() -> None:
    with pytest.raises(DeviceNotFound, match="/dev/input/event99999 is not there: plug the device in"):
        find(Match.parse("path:/dev/input/event99999"))


@pytest.mark.parametrize(
    ("number", "kind", "advice"),
    [
        (errno.EBUSY, DeviceBusy, "stop the other program"),
        (errno.EACCES, DeviceForbidden, "group input"),
        (errno.EPERM, DeviceForbidden, "group input"),
        (errno.ENODEV, OSError, "No such device"),
    ],
)
def test_a_refusal_is_explained(number: int, kind: type[Exception], advice: str) -> None:
    problem = explain(OSError(number, os.strerror(number)), "/dev/input/event5", Match.parse("name:ACME Scanner"))
    assert isinstance(problem, kind)
    assert advice in str(problem)
