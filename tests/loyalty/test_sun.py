"""SUN addresses against NXP's published examples, and against anything that is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty import sun
from loyalty.tokens import TokenKey

ZERO = bytes(16)
KEYS = sun.card_keys(TokenKey(1, b"\x01" * 32))
UIDS, COUNTERS = st.binary(min_size=7, max_size=7), st.integers(0, 0xFFFFFF)


class Plain(sun.CardKeys):
    """The keys of AN12196's examples: all zero, the same for each card."""

    def file(self, uid: bytes) -> bytes:
        return ZERO


NXP = Plain(ZERO, ZERO)


def address(uid: bytes, counter: int, keys: sun.CardKeys = KEYS) -> str:
    mac = sun.mac(sun.session_key(keys.file(uid), uid, counter), b"")
    return f"https://bodka.example/c?e={sun.encipher(uid, counter, b'12345', keys.meta).hex()}&c={mac.hex()}"


def plain(uid: bytes, counter: int, keys: sun.CardKeys = KEYS) -> str:
    before = f"https://bodka.example/c?u={uid.hex()}&n={counter:06x}&c="
    signed = before[before.index("u=") + 2 :].encode()
    return before + sun.mac(sun.session_key(keys.file(uid), uid, counter), signed).hex()


def parsed(text: str) -> sun.Address:
    found = sun.parse(text)
    assert found is not None
    return found


def test_session_key_of_an12196_table_1() -> None:
    key = sun.session_key(bytes.fromhex("5ACE7E50AB65D5D51FD5BF5A16B8205B"), bytes.fromhex("04C767F2066180"), 1)
    assert key == bytes.fromhex("3A3E8110E05311F7A3FCF0D969BF2B48")


def test_enciphered_picc_data_of_an12196_tables_2_and_4() -> None:
    text = "https://ntag.nxp.com/424?e=EF963FF7828658A599F3041510671E88&c=94EED9EE65337086"
    assert sun.verify(parsed(text), NXP) == sun.Genuine(bytes.fromhex("04DE5F1EACC040"), 61)
    picc = sun.encipher(bytes.fromhex("04DE5F1EACC040"), 61, bytes.fromhex("DA5CF60941"), ZERO)
    assert picc == bytes.fromhex("EF963FF7828658A599F3041510671E88")


def test_signature_over_a_part_of_the_address_of_an12196_table_5() -> None:
    text = (
        "https://www.my424dna.com/?picc_data=FD91EC264309878BE6345CBE53BADF40"
        "&enc=CEE9A53E3E463EF1F459635736738962&cmac=ECC1E7F6C6C73BF6"
    )
    assert sun.verify(parsed(text), NXP) == sun.Genuine(bytes.fromhex("04958CAA5C5E80"), 8)
    with pytest.raises(sun.NotGenuine):
        sun.verify(parsed(text.replace("enc=C", "enc=D")), NXP)


def test_plain_uid_and_counter() -> None:
    text = "https://x/?uid=041E3C8A2D6B80&ctr=000006&cmac=4B00064004B0B3D3"  # sdm-backend's published example
    assert sun.verify(parsed(text), NXP) == sun.Genuine(bytes.fromhex("041E3C8A2D6B80"), 6)


def test_key_of_a_card_of_an10922_section_2_2() -> None:
    master, context = bytes.fromhex("00112233445566778899AABBCCDDEEFF"), bytes.fromhex("04782E21801D803042F54E585020416275")
    assert sun.diversify(master, context) == bytes.fromhex("A8DD63A3B89D54B37CA802473FDA9175")


@pytest.mark.parametrize("size", [0, 15, 32])
def test_a_key_is_made_from_16_to_31_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="16 to 31"):
        sun.diversify(ZERO, bytes(size))


def test_keys_differ_by_card_network_and_purpose() -> None:
    other = sun.card_keys(TokenKey(2, b"\x02" * 32))
    uid, second = bytes.fromhex("04DE5F1EACC040"), bytes.fromhex("04DE5F1EACC041")
    keys = [KEYS.meta, KEYS.master, KEYS.file(uid), KEYS.file(second), other.meta, other.master, other.file(uid)]
    assert len(set(keys)) == len(keys)
    assert b"\x01" * 16 not in keys
    assert KEYS.meta.hex() not in repr(KEYS)


@given(UIDS, COUNTERS, st.booleans())
def test_what_a_card_of_ours_signs_is_genuine(uid: bytes, counter: int, enciphered: bool) -> None:
    text = address(uid, counter) if enciphered else plain(uid, counter)
    assert sun.verify(parsed(text), KEYS) == sun.Genuine(uid, counter)


@given(UIDS, COUNTERS, st.booleans(), st.data())
def test_one_changed_digit_is_not_genuine(uid: bytes, counter: int, enciphered: bool, data: st.DataObject) -> None:
    text = address(uid, counter) if enciphered else plain(uid, counter)
    values = [at for at in range(text.index("?"), len(text)) if text[at] in "0123456789abcdef" and text[at + 1 : at + 2] != "="]
    at = data.draw(st.sampled_from(values))
    digit = data.draw(st.sampled_from("0123456789abcdef").filter(lambda digit: digit != text[at]))
    with pytest.raises(sun.NotGenuine):
        sun.verify(parsed(text[:at] + digit + text[at + 1 :]), KEYS)


@given(UIDS, COUNTERS)
def test_another_networks_card_is_not_genuine(uid: bytes, counter: int) -> None:
    other = sun.card_keys(TokenKey(2, b"\x02" * 32))
    with pytest.raises(sun.NotGenuine):
        sun.verify(parsed(address(uid, counter, other)), KEYS)
    with pytest.raises(sun.NotGenuine):
        sun.verify(parsed(plain(uid, counter, other)), KEYS)


@given(st.text(max_size=600))
def test_any_text_is_an_address_or_none(text: str) -> None:
    found = sun.parse(text)
    assert found is None or len(found.mac) == 8


HEX = st.text("0123456789abcdefABCDEF", max_size=34)
PART = st.tuples(st.sampled_from(["e", "picc_data", "c", "cmac", "u", "uid", "n", "ctr", "x"]), HEX)


@given(st.lists(PART, max_size=6))
def test_any_parts_are_genuine_or_refused(parts: list[tuple[str, str]]) -> None:
    found = sun.parse("https://x/?" + "&".join(f"{name}={value}" for name, value in parts))
    if found is not None:
        with pytest.raises(sun.NotGenuine):
            sun.verify(found, KEYS)


@pytest.mark.parametrize(
    "text",
    ["https://bodka.example/c/2100000000012", "https://x/?e=00&c=94EED9EE65337086", "https://x/?c=94EED9EE65337086", "čaj?c=1"],
)
def test_other_texts_are_none(text: str) -> None:
    assert sun.parse(text) is None


def test_nothing_of_a_card_is_in_a_repr() -> None:
    text = plain(bytes.fromhex("04DE5F1EACC040"), 61)
    assert "04de5f" not in repr(parsed(text))
    assert repr(sun.verify(parsed(text), KEYS)) == "Genuine(counter=61)"
