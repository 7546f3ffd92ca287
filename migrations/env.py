"""Alembic's environment: always on the connection that the store hands over, never on an address of its own."""

from alembic import context
from sqlmodel import SQLModel

import casualty.schema  # noqa: F401  (the tables register themselves)


def run() -> None:
    """Run the migrations on the given connection, or on a database named with `-x db=URL` while developing."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        from sqlalchemy import create_engine

        with create_engine(context.get_x_argument(as_dictionary=True)["db"]).begin() as opened:
            migrate(opened)
    else:
        migrate(connection)


def migrate(connection: object) -> None:
    context.configure(connection=connection, target_metadata=SQLModel.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


run()
