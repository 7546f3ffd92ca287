"""Migrations make and unmake the whole schema, on both databases, with every constraint the tables declare (R102)."""

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from casualty import migrating
from casualty.store import Store


def constraints(connection: sa.Connection) -> dict[str, set[str]]:
    """Every named constraint, index, column and trigger by table."""
    look = sa.inspect(connection)
    found: dict[str, set[str]] = {}
    for name in look.get_table_names():
        if name == "alembic_version":
            continue
        # A CHECK is compared by its name and its words: databases write the same condition differently.
        checks = {
            f"check {c['name']} {''.join(ch for ch in c['sqltext'] if ch.isalnum())}"
            for c in look.get_check_constraints(name)
        }
        uniques = {f"unique {c['name']} {c['column_names']}" for c in look.get_unique_constraints(name)}
        foreign = {
            f"foreign {c['name']} {c['constrained_columns']} {c['referred_table']}" for c in look.get_foreign_keys(name)
        }
        indexes = {f"index {i['name']} {i['column_names']} {i['unique']}" for i in look.get_indexes(name)}
        columns = {f"column {c['name']} {c['type']} {c['nullable']}" for c in look.get_columns(name)}
        found[name] = checks | uniques | foreign | indexes | columns
    return found


def test_the_migrated_schema_is_the_declared_one(target: str) -> None:
    """R102: autogeneration does not see CHECKs on SQLite, so both schemas are inspected and compared whole."""
    Store.create(target).close()
    engine = sa.create_engine(target if "://" in target else f"sqlite:///{target}")
    with engine.begin() as connection:
        migrated = constraints(connection)
        migrating.downgrade(connection, "base")
        SQLModel.metadata.create_all(connection)
        declared = constraints(connection)
    engine.dispose()
    assert migrated.keys() == declared.keys()
    for name in declared:
        assert migrated[name] == declared[name], name


def test_downgrading_leaves_nothing(target: str) -> None:
    """R102: tables, triggers and functions go."""
    Store.create(target).close()
    engine = sa.create_engine(target if "://" in target else f"sqlite:///{target}")
    with engine.begin() as connection:
        migrating.downgrade(connection, "base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
        migrating.upgrade(connection)
        assert migrating.current(connection) == migrating.HEAD
    engine.dispose()


def test_the_program_knows_its_newest_migration() -> None:
    """R102: a database of another version is told apart, so the constant must be the head."""
    from importlib.resources import files

    assert ScriptDirectory(str(files("migrations"))).get_current_head() == migrating.HEAD


def test_enumerated_columns_have_named_checks() -> None:
    """R43, R25: every column of fixed terms holds raw SQL to its words, under a name."""
    for name, part in SQLModel.metadata.tables.items():
        checks = {str(c.name) for c in part.constraints if isinstance(c, sa.CheckConstraint)}
        for column in part.columns:
            if isinstance(column.type, sa.Enum):
                assert any(check.startswith(f"ck_{name}_") and str(column.type.name) in check for check in checks), (
                    column
                )


@pytest.mark.parametrize("version", ["0000", "9999"])
def test_another_schema_version_is_told(target: str, version: str) -> None:
    """R102: the program refuses to work on a schema that is not its own, and says what to run."""
    from casualty.errors import UsageFault

    Store.create(target).close()
    engine = sa.create_engine(target if "://" in target else f"sqlite:///{target}")
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :v"), {"v": version})
    engine.dispose()
    with pytest.raises(UsageFault, match="casualty db upgrade"):
        Store.open(target)
