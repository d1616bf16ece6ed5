"""The SD-card image starts without a Raspberry Pi, to the pairing screen, and lets nobody in."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from lab.bundles import KEYS, content, signed
from lab.conftest import built
from lab.container_tree import ROOT
from lab.installer import NEWER
from lab.sd_card import SdCard
from lab.virtual_counter import AUTHORITY, CloudOutside

pytestmark = [pytest.mark.xdist_group("lab"), pytest.mark.timeout(600)]

FIRST, ROOT_START, DATA_START, MIB = 8, 136, 1288, 1 << 20
"""Where the partitions begin, in MiB (image/build.py)."""

PAIRING = "bodka-pairing.toml"

LATE = {
    "late.service": "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/sleep 15\n",
    "boot-firmware.mount.d/late.conf": "[Unit]\nWants=late.service\nAfter=late.service\n",
}
"""Units of a slow card, whose first partition comes after all the others."""

WIFI, PASSWORD = "the shop's network", "its password"
AIR = {
    "modules-load.d/air.conf": "mac80211_hwsim\n",
    "air.conf": f'network={{\nssid="{WIFI}"\nmode=2\nfrequency=2412\nkey_mgmt=WPA-PSK\nproto=RSN\npsk="{PASSWORD}"\n}}\n',
    "systemd/network/air.network": "[Match]\nName=wlan1\n[Network]\nAddress=192.168.77.1/24\nDHCPServer=yes\n",
    "systemd/system/air.service": (
        "[Service]\nExecStart=/sbin/wpa_supplicant -i wlan1 -c /etc/air.conf\nRestart=always\nRestartSec=1\n"
    ),
    "systemd/system/sysinit.target.d/air.conf": "[Unit]\nWants=air.service\n",
}
"""Two radios of the kernel's (mac80211_hwsim): wlan0 is the terminal's, wlan1 is the shop's network."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one in dist/, where `scripts/build-image` has put it."""
    built = ROOT / "dist/bodka-terminal.img"
    if not built.exists():
        pytest.skip("there is no image: run scripts/build-image, which takes eight minutes the first time")
    return built


@pytest.fixture(scope="module")
def system(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root partition alone."""
    part = tmp_path_factory.mktemp("system") / "root.img"
    with image.open("rb") as whole, part.open("wb") as target:
        whole.seek(ROOT_START * MIB)
        for _ in range(1152):
            target.write(whole.read(MIB))
    return part


def read(system: Path, path: str) -> str:
    done = subprocess.run(["debugfs", "-R", f"cat {path}", system], check=True, capture_output=True, text=True)
    return done.stdout


def listed(system: Path, path: str) -> str:
    return subprocess.run(["debugfs", "-R", f"ls {path}", system], check=True, capture_output=True, text=True).stdout


def copied(image: Path, folder: Path) -> Path:
    """A card of its own, to write to."""
    card = folder / "card.img"
    subprocess.run(["cp", "--sparse=always", image, card], check=True)
    return card


def put(files: Mapping[str, str | Path], folder: str, start: int, card: Path, scratch: Path) -> None:
    """Writes files, texts or copies, into a folder of the card's partition that begins there (MiB)."""
    partition = f"{card}?offset={start * MIB}"
    for name, given in files.items():
        source = given if isinstance(given, Path) else scratch / "part"
        if isinstance(given, str):
            source.write_text(given)
        path = f"/{folder}/{name}"
        above = path.rpartition("/")[0]
        if "not found" in subprocess.run(["debugfs", "-R", f"stat {above}", partition], capture_output=True, text=True).stderr:
            subprocess.run(["debugfs", "-w", "-R", f"mkdir {above}", partition], check=True, capture_output=True)
        for command in (f"rm {path}", f"write {source} {path}", f"sif {path} mode 0100644"):
            subprocess.run(["debugfs", "-w", "-R", command, partition], check=True, capture_output=True)


def test_nobody_has_a_password_and_nobody_waits_for_keys(system: Path) -> None:
    shadow = read(system, "/etc/shadow")
    assert {line.split(":")[1] for line in shadow.splitlines()} <= {"*", "!", "!*"}
    for unit in ("getty@.service", "serial-getty@.service", "ctrl-alt-del.target", "emergency.service"):
        found = subprocess.run(["debugfs", "-R", f"stat /etc/systemd/system/{unit}", system], capture_output=True, text=True)
        assert '"/dev/null"' in found.stdout
    for server in ("/usr/sbin/sshd", "/usr/sbin/dropbear", "/usr/sbin/avahi-daemon"):
        found = subprocess.run(["debugfs", "-R", f"stat {server}", system], capture_output=True, text=True)
        assert "File not found" in found.stderr


def test_it_knows_the_boards_radios_and_the_countrys_channels(system: Path) -> None:
    assert "ieee80211_regdom=SK" in read(system, "/etc/modprobe.d/bodka-country.conf")
    for radio in ("43430", "43455"):  # of a 3 B; of a 3 B+, 3 A+ and 4 B
        assert f"brcmfmac{radio}-sdio.bin" in listed(system, "/usr/lib/firmware/brcm")
    assert "regulatory.db" in listed(system, "/usr/lib/firmware")


@pytest.fixture(scope="module")
def told(image: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What programs on it say in one start: who listens, whether the system can be written, what became of an update."""
    folder = tmp_path_factory.mktemp("told")
    card = copied(image, folder)
    newer = built(folder, "--version", NEWER, architecture="arm64")
    put({"newer.bundle": signed(content(newer), NEWER, "arm64", folder)}, "systemd", DATA_START, card, folder)
    put({"update-keys.toml": KEYS}, "settings", DATA_START, card, folder)
    # Two spaces become one: what was asked is on the console too, as the kernel's command line.
    asked = (
        "ss -Hlntu; echo these  listen; findmnt -rno OPTIONS /; touch /probe || echo not  written; "
        "bodka-terminal update --from /var/lib/systemd/newer.bundle; echo all  said"
    )
    with SdCard(card, folder, keep=True, run=asked) as one:
        one.says("all said")
        one.says("Stopped bodka-terminal.se")
        one.says("not paired", times=2)
        return one.told()


def test_nothing_listens_and_nothing_is_written_to_the_system(told: str) -> None:
    before, _, after = told.partition("these listen")
    listening = re.findall(r"(?:LISTEN|UNCONN)\s+\d+\s+\d+\s+(\S+)", before)
    print(f"listening: {listening}")
    assert listening, "the resolver listens to this machine itself"
    outside = [address for address in listening if not address.startswith("127.")]
    assert [address for address in outside if not address.endswith(":68")] == [], (
        "68: who asks for an address is answered there"
    )
    assert re.search(r"\bro,(\S*,)?noatime\b", after)
    assert "not written" in after


def test_an_update_from_a_stick_is_tried(told: str) -> None:
    assert f"update: version {NEWER} is on trial" in told
    assert f"version {NEWER} is installed" in told


def test_it_starts_to_the_pairing_screen(image: Path, tmp_path: Path) -> None:
    assert shutil.which("qemu-system-aarch64"), "apt install qemu-system-arm"
    with SdCard(image, tmp_path) as card:
        after = card.says("not paired")
        card.says("Reached target multi-user.target")
        told = card.told()
    sys.stdout.write(f"unpaired terminal {after:.0f} s after power-on\n")
    assert "Watchdog running with a hardware timeout of 15s" in told
    assert "login:" not in told
    failed = [line for line in told.splitlines() if re.search(r"\[FAILED\]|Failed to start", line)]
    assert failed == []


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudOutside]:
    """A cloud on this machine, as the one in QEMU sees it."""
    one = CloudOutside(tmp_path)
    one.fill(None)
    one.start()
    yield one
    one.close()


def test_a_slow_card_with_a_pairing_file_is_the_shops_at_its_first_start(
    image: Path, cloud: CloudOutside, tmp_path: Path
) -> None:
    """As docs/installing.md has it, way 1: two files on the first partition, and nobody touches anything."""
    card = copied(image, tmp_path)
    (tmp_path / "terminal.toml").write_text(f'[cloud]\nurl = "{cloud.outer}"\nauthority = "{AUTHORITY}"\n')
    code = cloud.says("pairing-code").strip()
    (tmp_path / PAIRING).write_text(
        f'code = "{code}"\ncloud = "{cloud.outer}"\nname = "counter 1"\n[wifi]\nname = "{WIFI}"\npassword = "{PASSWORD}"\n'
    )
    first = f"{card}@@{FIRST}M"
    subprocess.run(["mcopy", "-o", "-i", first, tmp_path / "terminal.toml", tmp_path / PAIRING, "::"], check=True)
    put({"authority.pem": cloud.authority.pem}, "settings", DATA_START, card, tmp_path)
    put(LATE, "etc/systemd/system", ROOT_START, card, tmp_path)
    put(AIR, "etc", ROOT_START, card, tmp_path)
    with SdCard(card, tmp_path, keep=True) as terminal:
        serves = terminal.says('ready shop="Hlavná 1"')
        terminal.says("emptied: the terminal is paired")
        terminal.says("Wi-Fi: joined")
    sys.stdout.write(f"it serves the shop {serves:.0f} s after power-on\n")
    assert subprocess.run(["mtype", "-i", first, f"::{PAIRING}"], check=True, capture_output=True).stdout == b""
    assert code.replace("-", "") not in terminal.told().replace("-", "")
