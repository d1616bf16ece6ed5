"""The account's page: what an owner does to cards, and what nobody else may do."""

from __future__ import annotations

from html import escape

import pytest
import sqlalchemy as sa

from backend import card_tables, merchants
from emulators.cloud_counter import CloudCounter
from emulators.cloud_house import NOW, House
from emulators.portal_browser import PortalBrowser
from loyalty.account import Status
from loyalty.entry import Cause, Posting, TokenKind
from loyalty.numbers import Check, with_check
from loyalty.tokens import token

ANNA, BETA = b"anna" * 4, b"beta" * 4
CARDS = '[[cards]]\nprefix = "77"\nlength = 16\ncheck = "luhn"\n[[levels]]\nkey = "gold"\nname = "G"\nfrom = "5"\n'
HERE = f"/portal/accounts/{ANNA.hex()}"


@pytest.fixture
def owner(house: House) -> PortalBrowser:
    """The owner of a shop where Anna, with a phone, and Beta have an account."""
    with house.engine.begin() as connection:
        counter = CloudCounter(house, connection)
        counter.publish(CARDS)
        here, _ = counter.terminal(), counter.terminal()
        counter.award(here, ANNA, 10_00)
        here.write(Cause.AWARD, ANNA, Posting("points", 1_000), token=b"phone", kind=TokenKind.PHONE)
        counter.award(here, BETA, 1_00)
        here.write(Cause.GIVE_BACK, ANNA, Posting("points", 0, 11_000))
        counter.push(here)
        member = {"network": house.network, "account": ANNA, "name": "Anna", "level": "", "language": "sk", "change": 1}
        connection.execute(sa.insert(card_tables.member).values(member))
    return PortalBrowser(house, "jana@example.com", house.merchant)


def statuses(house: House) -> dict[bytes, tuple[bytes, str]]:
    with house.engine.connect() as connection:
        return {row.token: (row.account, row.status) for row in connection.execute(sa.select(card_tables.card))}


def test_a_card_is_blocked_unblocked_and_replaced(house: House, owner: PortalBrowser) -> None:
    assert "Level: gold" in owner.get(HERE)
    assert owner.press(f"{HERE}/block", card=ANNA.hex()).status_code == 303
    assert statuses(house)[ANNA] == (ANNA, Status.BLOCKED.value)
    assert "Unblock" in owner.get(HERE)
    assert owner.press(f"{HERE}/block", card=ANNA.hex()).status_code == 400
    assert owner.press(f"{HERE}/unblock", card=ANNA.hex()).status_code == 303
    number = with_check("770000000000000", Check.LUHN)
    wrong = owner.press(f"{HERE}/replace", card=ANNA.hex(), number="123")
    assert (wrong.status_code, "digit by digit" in wrong.text) == (400, True)
    assert owner.press(f"{HERE}/replace", card=ANNA.hex(), number=number).status_code == 303
    with house.engine.connect() as connection:
        new = token(merchants.current_key(connection, house.network), TokenKind.CARD, number)
    assert statuses(house)[ANNA] == (ANNA, Status.REPLACED.value)
    assert statuses(house)[new] == (ANNA, Status.ACTIVE.value)
    # A card of another account is not changed from here.
    assert owner.press(f"{HERE}/block", card=BETA.hex()).status_code == 400
    assert owner.press(f"{HERE}/unblock", card="nonsense").status_code == 400


def test_two_accounts_are_merged(house: House, owner: PortalBrowser) -> None:
    assert owner.press(f"{HERE}/merge", into=ANNA.hex()).status_code == 400
    assert owner.press(f"{HERE}/merge", into="00").status_code == 400
    done = owner.press(f"{HERE}/merge", into=f" {BETA.hex()} ")
    assert (done.status_code, done.headers["location"]) == (303, f"/portal/accounts/{BETA.hex()}")
    assert "An account that was merged" in owner.get(f"/portal/accounts/{BETA.hex()}")
    assert "it leads to" in owner.get(HERE)
    assert {account for account, _ in statuses(house).values()} == {BETA}


def test_a_person_is_forgotten_only_by_somebody_who_is_sure(house: House, owner: PortalBrowser) -> None:
    unsure = owner.press(f"{HERE}/forget", sure="yes")
    assert (unsure.status_code, "Nothing was forgotten" in unsure.text) == (400, True)
    assert owner.press(f"{HERE}/forget", sure="Forget").status_code == 303
    assert owner.client.get(HERE).status_code == 404
    assert "Anna" not in owner.get("/portal")
    assert set(statuses(house)) == {BETA}
    with house.engine.connect() as connection:
        [opaque] = connection.execute(sa.select(card_tables.forgotten.c.opaque)).scalars()
    page = owner.get(f"/portal/accounts/{opaque.hex()}")
    assert "The person was forgotten" in page
    assert escape("Forget this person") not in page


@pytest.mark.parametrize("what", ["block", "unblock", "replace", "merge", "forget"])
def test_staff_and_forms_from_elsewhere_change_nothing(house: House, owner: PortalBrowser, what: str) -> None:
    before = statuses(house)
    staff = PortalBrowser(house, "eva@example.com", house.merchant, role="staff")
    fields = {"card": ANNA.hex(), "number": with_check("770000000000000", Check.LUHN), "into": BETA.hex(), "sure": "forget"}
    assert staff.press(f"{HERE}/{what}", **fields).status_code == 403
    assert "Forget this person" not in staff.get(HERE)
    assert owner.client.post(f"{HERE}/{what}", data=fields).status_code == 403
    with house.engine.begin() as connection:
        other = merchants.open_merchant(connection, house.network, "Rival", "r", "R", NOW, house.chance.randbytes)
    rival = PortalBrowser(house, "rival@example.com", other.merchant)
    assert rival.press(f"{HERE}/{what}", **fields).status_code == 404
    assert statuses(house) == before
