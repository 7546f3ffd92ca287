"""Schema versions: bring a database up or down through the migrations, on a connection given by the store."""

from importlib.resources import files
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0005"


def _config(connection: sa.Connection) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Run the migrations up to `revision` within the caller's transaction."""
    from alembic import command

    command.upgrade(_config(connection), revision)


def downgrade(connection: sa.Connection, revision: str) -> None:
    """Run the migrations down to `revision` ("base" is nothing) within the caller's transaction."""
    from alembic import command

    command.downgrade(_config(connection), revision)


def current(connection: sa.Connection) -> str | None:
    """Return the schema version a database stands at, or None if it holds no record."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def versions() -> list[str]:
    """Return every schema version this program knows, newest first."""
    from alembic.script import ScriptDirectory

    return [script.revision for script in ScriptDirectory(str(files("migrations"))).walk_revisions()]
