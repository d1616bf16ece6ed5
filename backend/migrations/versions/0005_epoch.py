"""Each network's count of changes gets a name, so that a restored backup can be told from the count that went on."""

from __future__ import annotations

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("network", sa.Column("epoch", sa.Uuid(), nullable=True))
    network = sa.table("network", sa.column("id", sa.Uuid()), sa.column("epoch", sa.Uuid()))
    connection = op.get_bind()
    for (id,) in connection.execute(sa.select(network.c.id)).fetchall():
        connection.execute(sa.update(network).where(network.c.id == id).values(epoch=uuid4()))
