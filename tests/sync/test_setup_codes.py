"""What sets a terminal up: whatever is written in one of three ways is read again, and nothing else is."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from loyalty.numbers import Check, with_check
from sync import setup_codes, setup_file
from sync.setup_codes import CALIBRATION, LONGEST, PairWith, SetupMistake, Wifi, in_digits, parse
from sync.setup_file import SetupFile, WifiTable

codes = st.text(string.digits, min_size=11, max_size=11).map(lambda digits: with_check(digits, Check.LUHN))
clouds = st.one_of(st.just(""), st.from_regex(r"https://[a-z0-9.-]{1,40}(:[0-9]{1,5})?(/[a-z;,\"\\]{0,8})?", fullmatch=True))
visible = st.characters(blacklist_categories=("Cs", "Cc"))
names = st.text(visible, min_size=1, max_size=32).filter(lambda name: len(name.encode()) <= 32)
plain = "".join(map(chr, range(32, 127)))
passwords = st.one_of(st.just(""), st.text(plain, min_size=8, max_size=63), st.text(string.hexdigits, min_size=64, max_size=64))
networks = st.builds(Wifi, names, passwords, st.booleans())
Way = Callable[[str], str]
ways: st.SearchStrategy[Way] = st.sampled_from([str, in_digits, lambda words: in_digits(words).removeprefix(CALIBRATION)])


@given(codes, clouds, ways)
def test_a_pairing_code_is_read_as_it_was_written(code: str, cloud: str, way: Way) -> None:
    grouped = f"{code[:4]}-{code[4:8]}-{code[8:]}"
    assert parse(way(setup_codes.pairing(grouped, cloud))) == PairWith(code, cloud)


@given(networks, ways)
@example(Wifi('"', '\\;,:"\\;,:"', True), in_digits)
@example(Wifi("abcd", "12345678"), in_digits)
def test_a_network_is_read_as_it_was_written(network: Wifi, way: Way) -> None:
    try:
        written = way(setup_codes.wifi(network))
    except SetupMistake:
        assert len(setup_codes.wifi(network).encode()) > 190
        return
    assert parse(written) == network
    assert len(written) <= LONGEST or written.startswith("WIFI:")


@given(networks)
def test_no_secret_is_in_what_is_logged_of_it(network: Wifi) -> None:
    assume(len(network.password) >= 8 and network.password not in repr(network.name))
    assert network.password not in repr(network)


@given(codes, clouds, st.data())
def test_a_code_that_lost_or_changed_a_digit_is_never_another(code: str, cloud: str, data: st.DataObject) -> None:
    written = in_digits(setup_codes.pairing(code, cloud))
    place = data.draw(st.integers(len(CALIBRATION), len(written) - 1))
    digit = data.draw(st.sampled_from(["", *string.digits]))
    damaged = written[:place] + digit + written[place + 1 :]
    assume(damaged != written)
    with pytest.raises(SetupMistake, match="scan it once more"):
        parse(damaged)


@given(st.one_of(st.text(max_size=80), st.text(string.digits, max_size=512)))
def test_whatever_else_is_scanned_is_no_setup_code_or_a_mistake(text: str) -> None:
    try:
        found = parse(text)
    except SetupMistake:
        assert text.strip().startswith((CALIBRATION, "WIFI:", "BODKA:")) or CALIBRATION in text
        return
    assert found is None or isinstance(found, PairWith | Wifi)


@given(st.text(string.digits, min_size=1, max_size=30))
def test_a_number_on_a_card_is_no_setup_code(number: str) -> None:
    assert parse(number) is None


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("WIFI:T:WPA;S:shop;P:a password;;", Wifi("shop", "a password")),
        ("WIFI:S:shop;T:WPA2;P:a password;H:true;;", Wifi("shop", "a password", hidden=True)),
        ("WIFI:T:SAE;S:shop;P:a password;", Wifi("shop", "a password")),
        ("WIFI:S:shop;P:a password;;", Wifi("shop", "a password")),
        ('WIFI:T:WPA;S:"c0ffee";P:"12345678";;', Wifi("c0ffee", "12345678")),
        ("WIFI:T:nopass;S:open;P:;;", Wifi("open")),
        ("WIFI:S:open;;", Wifi("open")),
        (r"WIFI:T:WPA;S:\"foo\;bar\\baz\";P:p\:a\,s\;s\\word;;", Wifi('"foo;bar\\baz"', "p:a,s;s\\word")),
    ],
)
def test_networks_as_telephones_write_them(text: str, network: Wifi) -> None:
    assert parse(text) == network


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("WIFI:T:WEP;S:shop;P:abcde;;", "WPA"),
        ("WIFI:T:WPA2-EAP;S:shop;P:a password;;", "WPA"),
        ("WIFI:T:WPA;S:shop;;", "missing"),
        ("WIFI:T:WPA;S:shop;P:short;;", "8 to 63"),
        ("WIFI:T:WPA;S:shop;P:heslo s dĺžňom;;", "8 to 63"),
        ("WIFI:T:WPA;S:;P:a password;;", "name"),
        ("WIFI:T:WPA;S:two\nlines;P:a password;;", "name"),
        ("WIFI:T:WPA;S:shop;S:other;P:a password;;", "twice"),
        ("WIFI:T:WPA;S:shop;P:a pass", "cut short"),
        ("BODKA:C:123456789012;;", "not whole"),
        ("BODKA:U:https://cloud.example;;", "not whole"),
    ],
)
def test_what_cannot_be_followed_says_why_and_nothing_of_a_secret(text: str, why: str) -> None:
    with pytest.raises(SetupMistake, match=why) as mistake:
        parse(text)
    assert "a pass" not in str(mistake.value)
    assert "abcde" not in str(mistake.value)


def test_a_code_that_is_typed_with_its_dashes() -> None:
    code = with_check("12345678901", Check.LUHN)
    assert parse(f"{code[:4]}-{code[4:8]}-{code[8:]}") == PairWith(code)
    assert parse(CALIBRATION) is None  # in ALT mode a scanner teaches nothing, and the code says nothing else


# the file on the SD card


@given(codes, clouds, st.one_of(st.none(), networks), st.text(visible, max_size=20))
def test_the_cards_file_is_read_as_it_was_written(code: str, cloud: str, network: Wifi | None, name: str) -> None:
    table = WifiTable(network.name, network.password, network.hidden) if network is not None else None
    text = setup_file.write(SetupFile(code, cloud, name, table))
    for edited in (text, "\ufeff" + text, text.replace("\n", "\r\n")):
        found = setup_file.read(edited)
        assert (found.pairing, found.network, found.name) == (PairWith(code, cloud), network, name)


@given(codes, codes)
def test_a_code_is_known_again_and_not_another(code: str, other: str) -> None:
    grouped = f"{code[:4]}-{code[4:8]}-{code[8:]}"
    assert setup_file.fingerprint(grouped) == setup_file.fingerprint(code)
    assert (setup_file.fingerprint(other) == setup_file.fingerprint(code)) == (other == code)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('kode = "1"', 'did you mean "code"'),
        ('code = "123"', "not whole"),
        ("code =", "not valid TOML"),
        ('[wifi]\nname = "shop"\npassword = "short"', "8 to 63"),
        ("# " + "x" * setup_file.LONGEST, "too long"),
    ],
)
def test_a_card_that_cannot_be_followed_says_where(text: str, why: str) -> None:
    with pytest.raises(SetupMistake, match=why):
        setup_file.read(text)


def test_an_empty_card_says_nothing() -> None:
    assert setup_file.read("") == SetupFile()
    assert repr(SetupFile("1234", wifi=WifiTable("shop", "a password"))) == "SetupFile()"
