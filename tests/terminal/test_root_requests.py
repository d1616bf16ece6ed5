"""What root takes from the terminal's own folder, whatever lies there; and the units for Wi-Fi and for the card's file."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulators.power_plug import cuts
from sync.setup_codes import SetupMistake, Wifi
from terminal import root_requests, setup_unit, wifi_unit, wpa_supplicant
from terminal.root_requests import LONGEST, BadRequest
from terminal.setup_unit import digest
from terminal.wifi import Answer, Outcome, Request


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "run"
    place.mkdir()
    return place


def test_a_request_is_taken_once(folder: Path) -> None:
    (folder / "wifi").write_bytes(b"please")
    assert root_requests.take(folder, "wifi") == b"please"
    assert root_requests.take(folder, "wifi") is None
    assert root_requests.take(folder / "nowhere", "wifi") is None


def a_link(folder: Path, secret: Path) -> None:
    (folder / "wifi").symlink_to(secret)


def a_second_name(folder: Path, secret: Path) -> None:
    os.link(secret, folder / "wifi")


def a_pipe(folder: Path, secret: Path) -> None:
    os.mkfifo(folder / "wifi")


def a_folder(folder: Path, secret: Path) -> None:
    (folder / "wifi").mkdir()


def far_too_much(folder: Path, secret: Path) -> None:
    (folder / "wifi").write_bytes(b"x" * (LONGEST + 1))


@pytest.mark.parametrize("trick", [a_link, a_second_name, a_pipe, a_folder, far_too_much])
def test_tricks_are_removed_and_nothing_is_read_through_them(folder: Path, tmp_path: Path, trick) -> None:  # type: ignore[no-untyped-def]
    secret = tmp_path / "secret"
    secret.write_bytes(b"root's own")
    trick(folder, secret)
    with pytest.raises(BadRequest):
        root_requests.take(folder, "wifi")
    assert not os.path.lexists(folder / "wifi")  # or the path unit would start without end
    assert secret.read_bytes() == b"root's own"


def test_an_answer_is_never_written_through_what_lies_there(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"root's own")
    for name in ("wifi.answer", "wifi.answer.new"):
        (folder / name).symlink_to(secret)
    root_requests.answer(folder, "wifi.answer", b"joined")
    assert secret.read_bytes() == b"root's own"
    assert (folder / "wifi.answer").read_bytes() == b"joined"
    assert not (folder / "wifi.answer").is_symlink()
    assert (folder / "wifi.answer").stat().st_mode & 0o777 == 0o644


# Wi-Fi

printable = st.characters(blacklist_categories=("Cs", "Cc"))
networks = st.builds(
    Wifi,
    st.text(printable, min_size=1, max_size=32).filter(lambda name: len(name.encode()) <= 32),
    st.one_of(
        st.just(""),
        st.text("".join(map(chr, range(32, 127))), min_size=8, max_size=63),
        st.text("0123456789abcdef", min_size=64, max_size=64),
    ),
    st.booleans(),
)


@given(networks)
def test_a_keyfile_says_the_network_and_nothing_else_whatever_it_is_called(network: Wifi) -> None:
    """GKeyFile (GLib): groups in brackets, key=value; in values backslash escapes."""
    groups: dict[str, dict[str, str]] = {}
    for line in wifi_unit.keyfile(network).splitlines():
        if line.startswith("["):
            groups[line] = {}
        elif line:
            key, _, value = line.partition("=")
            groups[list(groups)[-1]][key] = value
    secured = {"[wifi-security]"} if network.password else set()
    assert set(groups) == {"[connection]", "[wifi]", "[ipv4]", "[ipv6]"} | secured
    ssid = bytes(int(byte) for byte in groups["[wifi]"]["ssid"].split(";")[:-1])
    assert ssid.decode() == network.name
    if network.password:
        psk = groups["[wifi-security]"]["psk"]
        assert psk.replace("\\\\", "\0").replace("\\s", " ").replace("\0", "\\") == network.password


@given(networks)
def test_the_supplicants_file_says_the_network_and_nothing_else(network: Wifi) -> None:
    """wpa_supplicant.conf(5): one setting a line; a quoted string ends at the line's last quote."""
    lines = [line.strip() for line in wpa_supplicant.configuration(network).splitlines()]
    settings = dict(line.split("=", 1) for line in lines[3:-1])
    assert lines[2] == "network={"
    assert lines[-1] == "}"
    assert bytes.fromhex(settings["ssid"]).decode() == network.name
    assert settings.get("psk", "").removeprefix('"').removesuffix('"') in (network.password, network.password.strip('"'))
    if not network.password:
        assert settings["key_mgmt"] == "NONE"


class System:
    """nmcli, as far as this unit knows it."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.answers, self.asked = list(answers), list[list[str]]()

    def __call__(self, command: list[str]) -> tuple[int, str]:
        self.asked.append(command)
        return self.answers.pop(0) if "up" in command and self.answers else (0, "")


SHOP = Wifi("shop", "a password")


def ask(folder: Path, connections: Path, system: System, network: Wifi = SHOP) -> Outcome | None:
    asked = Request(network.name, network.password, network.hidden)
    (folder / "wifi").write_bytes(msgspec.json.encode(asked))
    outcome = wifi_unit.serve(wifi_unit.Places(folder, connections, connections / "none"), system)
    if outcome is not None:
        assert msgspec.json.decode((folder / "wifi.answer").read_bytes(), type=Answer).outcome is outcome
    assert network.password not in str(system.asked)
    return outcome


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("Error: Connection activation failed: (7) Secrets were required, but not provided.", Outcome.PASSWORD),
        ("Error: Connection activation failed: The Wi-Fi network could not be found", Outcome.NOT_FOUND),
        ("Error: Connection activation failed: IP configuration could not be reserved (no address)", Outcome.NO_ADDRESS),
        ("Error: No suitable device found for this connection", Outcome.NOBODY),
        ("Error: something new", Outcome.NO_ADDRESS),
    ],
)
def test_where_it_does_not_work_the_network_of_before_is_put_back(
    folder: Path, tmp_path: Path, said: str, outcome: Outcome
) -> None:
    assert ask(folder, tmp_path, System()) is Outcome.JOINED
    file = tmp_path / "bodka.nmconnection"
    before = file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert ask(folder, tmp_path, System((4, said)), Wifi("other", "another password")) is outcome
    assert file.read_bytes() == before


def test_a_wrong_password_is_not_kept_and_a_network_that_may_come_is(folder: Path, tmp_path: Path) -> None:
    wrong, absent = (4, "Secrets were required"), (4, "network could not be found")
    assert ask(folder, tmp_path, System(wrong)) is Outcome.PASSWORD
    assert not (tmp_path / "bodka.nmconnection").exists()
    assert ask(folder, tmp_path, System(absent)) is Outcome.NOT_FOUND
    assert (tmp_path / "bodka.nmconnection").exists()


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"name": ""}', b'{"name": "a", "password": "b"}', b'{"name": "a", "more": 1}']
)
def test_what_is_no_network_is_not_followed(folder: Path, tmp_path: Path, content: bytes) -> None:
    (folder / "wifi").write_bytes(content)
    system = System()
    assert wifi_unit.serve(wifi_unit.Places(folder, tmp_path, tmp_path), system) is None
    assert system.asked == []
    assert not (tmp_path / "bodka.nmconnection").exists()


def test_a_machine_without_network_manager_or_supplicant_says_so(folder: Path, tmp_path: Path) -> None:
    assert ask(folder, tmp_path / "nowhere", System()) is Outcome.NOBODY


def test_a_network_can_only_be_what_one_may_be_called() -> None:
    for name, password in (("", ""), ("x" * 33, ""), ("a\nb", ""), ("shop", "short"), ("shop", "a\npassword\n")):
        with pytest.raises(SetupMistake):
            Wifi(name, password)


# the card's file


def card(tmp_path: Path) -> setup_unit.Places:
    (tmp_path / "boot").mkdir(exist_ok=True)
    return setup_unit.Places(tmp_path / "run", (tmp_path / "absent", tmp_path / "boot"), tmp_path / "credentials")


def test_the_file_is_offered_and_emptied_only_by_who_was_given_it(folder: Path, tmp_path: Path) -> None:
    places, file = card(tmp_path), tmp_path / "boot" / "bodka-pairing.toml"
    assert setup_unit.serve(places) == "nothing to do"
    file.write_bytes(b'code = "1"')
    setup_unit.serve(places)
    offered = tmp_path / "credentials" / "bodka.pairing"
    assert offered.read_bytes() == file.read_bytes()
    assert offered.stat().st_mode & 0o777 == 0o600

    (folder / "setup-done").write_text(digest(b'code = "another"'))
    setup_unit.serve(places)
    assert file.read_bytes() == b'code = "1"'

    (folder / "setup-done").write_text(digest(b'code = "1"'))
    assert "emptied" in setup_unit.serve(places)
    assert file.read_bytes() == b""
    assert not offered.exists()


def test_a_power_cut_while_it_is_emptied_leaves_it_whole_or_empty_for_the_terminal(folder: Path, tmp_path: Path) -> None:
    places, file = card(tmp_path), tmp_path / "boot" / "bodka-pairing.toml"
    offered = tmp_path / "credentials" / "bodka.pairing"
    file.write_bytes(b'code = "1"')
    setup_unit.serve(places)

    def empty() -> None:
        (folder / "setup-done").write_text(digest(b'code = "1"'))
        setup_unit.serve(places)

    done = 0
    for done in cuts(empty):  # noqa: B007  looked at behind the loop
        setup_unit.serve(places)  # the next start, without a request
        assert file.read_bytes() in (b'code = "1"', b"")
        assert (offered.read_bytes() if offered.exists() else b"") == file.read_bytes()
        if file.read_bytes():
            continue
        file.write_bytes(b'code = "1"')
        setup_unit.serve(places)
    assert done >= 4
