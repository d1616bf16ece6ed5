"""A portal user in a browser: signed up, signed in, and pressing a page's buttons."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from backend import merchant_tables
from backend.app import create_app
from backend.portal import people
from emulators.asgi_client import AsgiClient
from emulators.cloud_house import House

PASSWORD = "a long password"


class PortalBrowser:
    """`get` a page, `press` a form of it."""

    def __init__(self, house: House, email: str, merchant: UUID, role: str = people.OWNER) -> None:
        self.client = AsgiClient(create_app(house.engine, house.time, house.chance.randbytes))
        with house.engine.begin() as connection:
            link = people.invite_owner(connection, merchant, email, house.time(), house.chance.randbytes)
            connection.execute(
                sa.update(merchant_tables.portal_user).where(merchant_tables.portal_user.c.email == email).values(role=role)
            )
        self.client.post(f"/portal/welcome/{link}", data={"password": PASSWORD})
        form = {"email": email, "password": PASSWORD, "form_token": self.form_token("/portal/login")}
        assert self.client.post("/portal/login", data=form).status_code == 303

    def form_token(self, url: str = "/portal") -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', self.client.get(url).text)
        assert found
        return found[1]

    def get(self, url: str) -> str:
        text: str = self.client.get(url).text
        return text

    def press(self, url: str, **fields: str) -> Any:
        return self.client.post(url, data={"form_token": self.form_token()} | fields)
