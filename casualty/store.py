"""The store: the one door through which anything is read or written.

Every write is permitted by `access`, validated by the drafts and `rules`, and leaves one revision per record in
the ledger, in the same transaction. Only this module opens sessions with a database.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import SQLModel

from casualty import access, bodies, ledger, rules
from casualty.access import Acting
from casualty.errors import CheckFailed, EditConflict, Fault, InvalidRecords, NotFound, Refused, UsageFault
from casualty.ledger import Head, Progress, Row, Rows, Verified
from casualty.schema import AccountFields, IncidentDraft, ReviewFields, table
from casualty.vocabulary import IncidentStatus, Operation, Role, StandardOfProof
from casualty.writing import Saved, Writer

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Revised:
    """One revision of a record, with the record before and after it (None where it was not, or was erased)."""

    seq: int
    at: str
    actor: str
    operation: str
    reason: str
    batch_id: str | None
    hash: str
    before: Rows | None
    after: Rows | None

    def differences(self) -> list[tuple[str, object, object]]:
        """Return (field, before, after) for every value that this revision changed."""
        return ledger.differences(self.before or {}, self.after or {})


def _now() -> datetime:
    return datetime.now(UTC)


def url_of(target: str | Path) -> sa.URL:
    """Return the database URL of a path (SQLite) or of a URL.

    Raises UsageFault for a kind of database that is not SQLite or PostgreSQL.
    """
    text = str(target)
    if "://" not in text:
        return sa.URL.create("sqlite", database=str(Path(text).expanduser()))
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError as wrong:
        raise UsageFault("The database URL cannot be read; write postgresql+psycopg://USER@HOST/NAME, or a path.") from wrong
    if url.drivername in ("postgresql", "postgres"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise UsageFault(f"Databases of kind {url.drivername} are not known; use a path or postgresql+psycopg://.")
    return url


def _engine(url: sa.URL) -> sa.Engine:
    if url.drivername != "sqlite":
        return sa.create_engine(url, pool_pre_ping=True)
    engine = sa.create_engine(url, connect_args={"timeout": 30})

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where sqlite3 guesses
        for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL", "cache_size=-65536", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}").close()

    def begun(connection: sa.Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)
    return engine


class Store:
    """An open database. See `open` and `create`."""

    def __init__(self, engine: sa.Engine, clock: Clock = _now) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = bodies.Ids()

    @classmethod
    def create(cls, target: str | Path, *, name: str = "Casualty record", sample: bool = False, clock: Clock = _now) -> "Store":
        """Make a new database at a path or URL, through the migrations, and record what it is.

        Raises UsageFault if there is already one.
        """
        from casualty import migrating
        from casualty.schema import DeploymentFields

        url = url_of(target)
        if url.drivername == "sqlite" and url.database and url.database != ":memory:":
            path = Path(url.database)
            if path.exists() and path.stat().st_size:
                raise UsageFault(f"There is already a file at {path}; name another.")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
        engine = _engine(url)
        with engine.connect() as connection:
            if migrating.current(connection) is not None:
                raise UsageFault("This database is already in use; name another.")
        with engine.begin() as connection:
            migrating.upgrade(connection)
        store = cls(engine, clock)
        draft = DeploymentFields(name=name, sample=sample)
        store.record("deployment", draft, store.local("setup"), reason="database made")
        return store

    @classmethod
    def open(cls, target: str | Path, clock: Clock = _now) -> "Store":
        """Open an existing database; raise NotFound if there is none, UsageFault if its schema is not this program's."""
        from casualty import migrating

        held = cls.schema_of(target)
        if held != migrating.HEAD:
            raise UsageFault(f"The database is at schema {held}, the program at {migrating.HEAD}; run: casualty db upgrade")
        return cls(_engine(url_of(target)), clock)

    @staticmethod
    def schema_of(target: str | Path) -> str:
        """Return the schema version a database stands at; raise NotFound if it holds no record."""
        from casualty import migrating

        url = url_of(target)
        if url.drivername == "sqlite" and not (url.database and Path(url.database).is_file()):
            raise NotFound(f"There is no database at {url.database}; make one with: casualty --db {url.database} init")
        engine = _engine(url)
        try:
            with engine.connect() as connection:
                held = migrating.current(connection)
        except sa.exc.DatabaseError as wrong:
            raise _unreadable(wrong) from wrong
        finally:
            engine.dispose()
        if held is None:
            raise NotFound("This database holds no record; make one with: casualty init")
        return held

    @classmethod
    def upgrade(cls, target: str | Path) -> tuple[str, str]:
        """Bring a database's schema to this program's version; return the versions before and after."""
        from casualty import migrating

        before = cls.schema_of(target)
        engine = _engine(url_of(target)).execution_options(writing=True)
        if before != migrating.HEAD:
            with engine.begin() as connection:
                migrating.upgrade(connection)
            engine.dispose()
        return before, migrating.HEAD

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    # Reading -----------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection within one read transaction: all that is read in it is of one moment."""
        try:
            with self._engine.connect() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                with connection.begin():
                    yield connection
        except sa.exc.DatabaseError as wrong:
            raise _unreadable(wrong) from wrong

    def rows(self, statement: sa.Executable, **parameters: object) -> Sequence[sa.Row[Any]]:
        """Return all rows of a query."""
        with self.reading() as connection:
            return connection.execute(statement, parameters).all()

    def stream(self, statement: sa.Executable, **parameters: object) -> Iterator[sa.Row[Any]]:
        """Yield the rows of a query without holding them all."""
        with self.reading() as connection:
            yield from connection.execution_options(stream_results=True, yield_per=2000).execute(statement, parameters)

    def current(self, kind: str, record_id: str) -> Rows:
        """Return the current rows of a record by table; raise NotFound."""
        with self.reading() as connection:
            return self._current(connection, kind, record_id)

    def _current(self, connection: sa.Connection, kind: str, record_id: str) -> Rows:
        for _, rows in ledger.current_bodies(connection, kind, [record_id]):
            return rows
        raise NotFound(f"No {kind.replace('_', ' ')} {record_id} is held.")

    def draft(self, incident_id: str) -> tuple[IncidentDraft, int]:
        """Return an incident as an editable draft, and the version it was read at."""
        rows = self.current("incident", incident_id)
        return bodies.draft_of(rows), rows["incident"][0]["version"]

    def identify(self, code: str) -> tuple[str, str]:
        """Return (kind, id) of a record by its code, its own name for humans, or its id; raise NotFound."""
        wanted = code.strip()
        incident, victim, revision = table("incident"), table("victim"), table("revision")
        with self.reading() as connection:
            for statement in (
                sa.select(incident.c.id).where(incident.c.code == wanted.upper()),
                sa.select(victim.c.incident_id).where(victim.c.code == wanted.upper()),
            ):
                found = connection.execute(statement).scalar()
                if found is not None:
                    return "incident", found
            row = connection.execute(
                sa.select(revision.c.record_kind, revision.c.record_id).where(revision.c.record_id == wanted.lower()).limit(1)
            ).first()
        if row is None:
            raise NotFound(f"Nothing is held under {wanted!r}.")
        return row[0], row[1]

    def history(self, kind: str, record_id: str) -> list[Revised]:
        """Return every revision of a record, oldest first; raise NotFound if there is none."""
        import json

        revision, body = table("revision"), table("revision_body")
        found = self.rows(
            sa.select(revision, body.c.before, body.c.after)
            .outerjoin(body, body.c.seq == revision.c.seq)
            .where(revision.c.record_kind == kind, revision.c.record_id == record_id)
            .order_by(revision.c.seq)
        )
        if not found:
            raise NotFound(f"No {kind.replace('_', ' ')} {record_id} is held.")
        return [
            Revised(
                row.seq, row.at, row.actor, str(row.operation), row.reason, row.batch_id, row.hash,
                json.loads(row.before) if row.before else None, json.loads(row.after) if row.after else None,
            )
            for row in found
        ]  # fmt: skip

    def head(self) -> Head:
        """Return the last link of the ledger."""
        with self.reading() as connection:
            return ledger.read_head(connection)

    def verify(self, expected_head: str | None = None, progress: Progress | None = None) -> Verified:
        """Verify the ledger and every current row against it; raise CheckFailed with all that differs."""
        with self.reading() as connection:
            return ledger.verify(connection, expected_head, progress)

    def deployment(self) -> Row:
        """Return what this database is: its name, whether it is a sample, how many origins verification needs."""
        return dict(self.rows(sa.select(table("deployment")))[0]._mapping)

    # Who acts ----------------------------------------------------------------------------------------------------

    def has_accounts(self) -> bool:
        """Return whether anybody has an account here."""
        return bool(self.rows(sa.select(sa.exists(sa.select(table("account").c.id))))[0][0])

    def local(self, login: str) -> Acting:
        """Return the local person as the one who acts; raise Refused once the database has accounts."""
        if self.has_accounts():
            raise Refused("This database has accounts; say who acts with --as NAME.")
        return Acting(f"local:{login}")

    def sign_in(self, name: str, password: str) -> Acting:
        """Return the account of this name and password as the one who acts; raise Refused without saying which was wrong."""
        import argon2

        account, credential = table("account"), table("credential")
        found = self.rows(
            sa.select(account.c.name, account.c.role, account.c.sample, credential.c.argon2)
            .join(credential, credential.c.account_id == account.c.id)
            .where(account.c.name == name, account.c.active, account.c.withdrawn_at.is_(None))
        )
        hashed = found[0].argon2 if found else argon2.PasswordHasher().hash("no such account")
        try:
            argon2.PasswordHasher().verify(hashed, password)
        except argon2.exceptions.VerificationError as wrong:
            raise Refused("Name or password is not right.") from wrong
        if not found or (found[0].sample and not self.deployment()["sample"]):
            raise Refused("Name or password is not right.")
        return Acting(found[0].name, Role(found[0].role))

    def add_account(self, name: str, role: Role, password: str, by: Acting, *, sample: bool = False) -> Saved:
        """Add an account; its password is kept as argon2id only."""
        import argon2

        if len(password) < 10:
            raise InvalidRecords("The password is too short.", [Fault(0, "password", "Under ten characters.", "Use a longer one.")])
        hashed = argon2.PasswordHasher().hash(password)
        draft = self._validated(
            AccountFields, {"name": name, "role": role, "sample": sample, "credential_digest": _sha256(hashed)}
        )
        if self.rows(sa.select(table("account").c.id).where(table("account").c.name == name)):
            raise InvalidRecords(f"There is already an account {name}.", [Fault(0, "name", "Taken.", "Choose another.")])
        with self.writing(by) as writer:
            saved = writer.record("account", draft)
            writer.flush()
            writer.connection.execute(table("credential").insert(), {"account_id": saved.id, "argon2": hashed})
        return saved

    @staticmethod
    def _validated(model: type[SQLModel], values: Mapping[str, object]) -> SQLModel:
        try:
            return model.model_validate(values)
        except ValidationError as wrong:
            raise InvalidRecords("The record cannot be saved as it is.", faults_of(wrong)) from wrong

    # Writing -----------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, by: Acting, *, action: str | None = None, reason: str = "") -> Iterator[Writer]:
        """Give a writer within one transaction: all of it is kept, or nothing.

        `action` permits a whole kind of work at once (as `intake` does); without it each write asks for itself.
        """
        engine = self._engine.execution_options(writing=True)
        try:
            with engine.begin() as connection:
                self._still_may(connection, by)
                if action is not None:
                    access.permit(by, action)
                writer = Writer(connection, by, self._clock(), self._ids, permitted=action is not None, reason=reason)
                yield writer
                writer.finish()
        except sa.exc.IntegrityError as wrong:
            text = str(wrong.orig).splitlines()[0]
            raise InvalidRecords("The database refused the record.", [Fault(0, "", text, "Mend the value it names.")]) from wrong
        except sa.exc.DatabaseError as wrong:
            if "locked" in str(wrong.orig):
                raise InvalidRecords("Somebody else is writing a large batch; nothing was saved. Try again shortly.") from wrong
            raise _unreadable(wrong) from wrong

    @staticmethod
    def _still_may(connection: sa.Connection, by: Acting) -> None:
        """A role is asked for at every write, not only at sign-in: accounts change while a page stays open."""
        account = table("account")
        if by.local:
            if connection.execute(sa.select(sa.exists(sa.select(account.c.id)))).scalar():
                raise Refused("This database has accounts; say who acts with --as NAME.")
            return
        role = connection.execute(
            sa.select(account.c.role).where(account.c.name == by.name, account.c.active, account.c.withdrawn_at.is_(None))
        ).scalar()
        if role is None or Role(role) != by.role:
            raise Refused(f"The account {by.name} is no longer active in the role {by.role}; sign in again.")

    def today(self) -> date:
        """Return today's date in UTC by this store's clock."""
        return self._clock().date()

    def check(self, draft: IncidentDraft) -> rules.Checked:
        """Return what the rules say of a draft, without writing."""
        return rules.check(draft, self.today())

    def record(
        self, kind: str, draft: SQLModel, by: Acting, reason: str = "", *, status: IncidentStatus = IncidentStatus.SUBMITTED
    ) -> Saved:
        """Record a new record of a kind named in `schema.ROOTS`; raise InvalidRecords with every fault, or Refused."""
        if isinstance(draft, IncidentDraft):
            self._require(draft)
        with self.writing(by, reason=reason) as writer:
            return writer.record(kind, draft, status=status)

    def _require(self, draft: IncidentDraft) -> None:
        if faults := self.check(draft).faults:
            raise InvalidRecords("The incident cannot be saved as it is.", faults)

    def amend(self, kind: str, record_id: str, draft: SQLModel, *, expected: int, by: Acting, reason: str = "") -> Saved:
        """Change a record that was read at version `expected`.

        Raises EditConflict, with each field as it was, as it is now saved and as this draft has it, if somebody
        saved it in between; InvalidRecords; Refused.
        """
        if isinstance(draft, IncidentDraft):
            self._require(draft)
        with self.writing(by, reason=reason) as writer:
            before = self._current(writer.connection, kind, record_id)
            after = writer.amended(kind, before, draft)
            if before[kind][0]["version"] != expected:
                raise self._conflict(kind, record_id, expected, before, after)
            return writer.change(kind, before, after, Operation.AMEND)

    def _conflict(self, kind: str, record_id: str, expected: int, theirs: Rows, yours: Rows) -> EditConflict:
        from casualty.errors import Difference

        opened = [r.after or {} for r in self.history(kind, record_id) if r.after and r.after[kind][0]["version"] == expected]
        base: Rows = opened[-1] if opened else {}
        was = {where: (old, new) for where, old, new in ledger.differences(base, theirs)}
        mine = {where: new for where, _, new in ledger.differences(base, yours)}
        differing = [
            Difference(where, *was.get(where, (_at(base, where), _at(base, where))), mine.get(where, _at(base, where)))
            for where in sorted({*was, *mine})
            if not where.endswith(".version")
        ]
        version = theirs[kind][0]["version"]
        return EditConflict(f"Saved by somebody else since you opened it (now version {version}).", differing, version)

    def withdraw(self, kind: str, record_id: str, by: Acting, reason: str) -> Saved:
        """Take a record back, with a reason; it stays in the ledger and may be restored."""
        if not reason.strip():
            raise InvalidRecords("A withdrawal needs its reason.", [Fault(0, "reason", "Empty.", "Write why.")])
        with self.writing(by, reason=reason) as writer:
            return writer.withdraw(kind, self._current(writer.connection, kind, record_id))

    def review(
        self, incident_id: str, to: IncidentStatus, reasons: str, by: Acting,
        standard: StandardOfProof = StandardOfProof.REASONABLE_GROUNDS,
    ) -> Saved:  # fmt: skip
        """Record a signed judgement and move the incident's status by the table of moves (R12, R13, R15, R17)."""
        draft = self._validated(ReviewFields, {"to_status": to, "reasons": reasons, "standard_of_proof": standard})
        minimum = self.deployment()["minimum_origins"]
        with self.writing(by, reason=reasons) as writer:
            before = self._current(writer.connection, "incident", incident_id)
            return writer.review(before, draft, minimum)


def _unreadable(wrong: sa.exc.DatabaseError) -> CheckFailed:
    return CheckFailed(f"The database cannot be read or written: {str(wrong.orig).splitlines()[0]}")


def faults_of(wrong: ValidationError, row: int = 0) -> list[Fault]:
    """Return a validation's errors as faults, in the codebook's field names."""
    return [
        Fault(row, ".".join(str(part) for part in error["loc"]), f"{error['msg']}.", f"Given: {str(error['input'])[:80]!r}.")
        for error in wrong.errors(include_url=False)
    ]


def _sha256(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def _at(rows: Rows, where: str) -> object:
    """Return the value at `table.column` or `table id.column` of a body."""
    name, _, column = where.rpartition(".")
    name, _, key = name.partition(" ")
    return next((row.get(column) for row in rows.get(name, []) if not key or row["id"] == key), None)


def login_name() -> str:
    """Return the name under which the operating system knows the person at the keyboard."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"

