"""The store: the one door through which anything is read or written.

Every write is permitted by `access`, validated by the drafts and `rules`, and leaves one revision per record in
the ledger, in the same transaction. Only this package opens sessions with a database.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import ValidationError
from sqlmodel import SQLModel

from casualty import access, bodies, ledger, rules
from casualty.access import Acting
from casualty.errors import CheckFailed, InvalidRecords, NotFound, UsageFault, Word
from casualty.ledger import Head, Progress, Row, Rows, Verified
from casualty.schema import DeploymentFields, IncidentDraft, ReviewFields, table
from casualty.store import accounts, history, opening
from casualty.store.accounts import Half
from casualty.store.history import Revised
from casualty.store.keeping import Keeping, must_say_why
from casualty.store.opening import url_of
from casualty.store.sessions import Session, digest_of
from casualty.store.validating import faults_of
from casualty.vocabulary import IncidentStatus, Operation, StandardOfProof
from casualty.writing import Saved, Writer, word_of

__all__ = [
    "Clock",
    "Desk",
    "Half",
    "Revised",
    "Saved",
    "Session",
    "Store",
    "digest_of",
    "faults_of",
    "login_name",
    "url_of",
]

Clock = Callable[[], datetime]
Model = TypeVar("Model", bound=SQLModel)

# Kinds that no person withdraws by themselves, and what to do instead.
KEPT = {
    "deployment": "what a database is stays said",
    "batch": "use: casualty intake withdraw",
    "release": "what left the house has left it; send a correction",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """A transaction on the desk tables: the connection, who works, the moment (UTC, as the ledger writes it), fresh keys."""

    connection: sa.Connection
    by: Acting
    at: str
    key: Callable[[], str]


def _now() -> datetime:
    return datetime.now(UTC)


class Store(Keeping):
    """An open database. See `open` and `create`."""

    def __init__(self, engine: sa.Engine, clock: Clock = _now) -> None:
        self._engine = engine
        self._clock = clock
        self._ids = bodies.Ids()

    @classmethod
    def create(
        cls, target: str | Path, *, name: str = "Casualty record", sample: bool = False, clock: Clock = _now
    ) -> "Store":
        """Make a new database at a path or URL, through the migrations, and record what it is, in one transaction.

        Raises UsageFault if there is already one, or none can be made there.
        """
        from casualty import migrating

        draft = _validated(DeploymentFields, {"name": name, "sample": sample})
        url = url_of(target)
        opening.make_file(url)
        store = cls(opening.engine_of(url), clock)
        try:
            with opening.write_transaction(store._engine) as connection:
                if migrating.current(connection) is not None:
                    raise UsageFault("This database is already in use; name another.")
                migrating.upgrade(connection)
                with store._writer(connection, accounts.local("setup"), None, "database made") as writer:
                    writer.record("deployment", draft)
        except BaseException:
            store.close()
            opening.remove_file(url)
            raise
        return store

    @classmethod
    def of_tables(cls, target: Path, tables: Iterable[tuple[str, Iterable[Row]]]) -> "Store":
        """Make a SQLite database of the rows of a package: to be asked, never to be kept.

        Its ledger knows nothing of them, and references to rows that were withheld lead nowhere.
        """
        store = cls.create(target, name="rows of a package")
        opening.fill(url_of(target), tables)
        return store

    @classmethod
    def open(cls, target: str | Path, clock: Clock = _now) -> "Store":
        """Open an existing database; raise NotFound if there is none, UsageFault if its schema is not this program's."""
        from casualty import migrating

        held = cls.schema_of(target)
        if held != migrating.HEAD:
            raise UsageFault(
                "The database is at schema {held}, the program at {known}; run: casualty db upgrade",
                values={"held": held, "known": migrating.HEAD},
            )
        return cls(opening.engine_of(url_of(target)), clock)

    @staticmethod
    def schema_of(target: str | Path) -> str:
        """Return the schema version a database stands at; raise NotFound if it holds no record."""
        from casualty import migrating

        url = url_of(target)
        opening.must_exist(url)
        engine = opening.engine_of(url)
        try:
            with opening.read_transaction(engine) as connection:
                held = migrating.current(connection)
        finally:
            engine.dispose()
        if held is None:
            raise NotFound("This database holds no record; make one with: casualty init")
        return held

    @classmethod
    def upgrade(cls, target: str | Path) -> tuple[str, str]:
        """Bring a database's schema to this program's version; return the versions before and after.

        Raises UsageFault if the database was made by a newer program.
        """
        from casualty import migrating

        before = cls.schema_of(target)
        if before not in migrating.versions():
            raise UsageFault(
                "The database is at schema {held}, which this program does not know; use a newer one.",
                values={"held": before},
            )
        engine = opening.engine_of(url_of(target))
        try:
            with opening.write_transaction(engine) as connection:
                migrating.upgrade(connection)
        finally:
            engine.dispose()
        return before, migrating.HEAD

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    # Reading -----------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection within one read transaction: all that is read in it is of one moment."""
        with opening.read_transaction(self._engine) as connection:
            yield connection

    def rows(self, statement: sa.Executable, **parameters: object) -> Sequence[sa.Row[Any]]:
        """Return all rows of a query."""
        with self.reading() as connection, opening.in_terms():
            return connection.execute(statement, parameters).all()

    def stream(self, statement: sa.Executable, **parameters: object) -> Iterator[sa.Row[Any]]:
        """Yield the rows of a query without holding them all."""
        with self.reading() as connection, opening.in_terms():
            yield from connection.execute(statement, parameters, execution_options=ledger.STREAMED)

    def current(self, kind: str, record_id: str, *, by: Acting | None = None) -> Rows:
        """Return the current rows of a record by table; raise NotFound, also for what `by` may not see."""
        with self.reading() as connection:
            accounts.must_see(connection, by, kind, record_id)
            return history.current(connection, kind, record_id)

    def draft(self, incident_id: str, *, by: Acting | None = None) -> tuple[IncidentDraft, int]:
        """Return an incident as an editable draft, and the version it was read at."""
        rows = self.current("incident", incident_id, by=by)
        return bodies.draft_of(rows), rows["incident"][0]["version"]

    def identify(self, code: str, *, by: Acting | None = None) -> tuple[str, str]:
        """Return (kind, id) of a record by the code of an incident or of a victim in it, or by its id; raise NotFound.

        With `by`, what they may not see is not found either.
        """
        wanted = code.strip()
        incident, victim, revision = table("incident"), table("victim"), table("revision")
        chosen = (
            sa.select(sa.literal("incident"), incident.c.id).where(incident.c.code == wanted.upper()),
            sa.select(sa.literal("incident"), victim.c.incident_id).where(victim.c.code == wanted.upper()),
            sa.select(revision.c.record_kind, revision.c.record_id)
            .where(revision.c.record_id == wanted.lower())
            .limit(1),
        )
        if not bodies.unstorable(wanted):
            with self.reading() as connection:
                for statement in chosen:
                    found = connection.execute(statement).first()
                    if found is not None and accounts.may_see(connection, by, found[0], found[1]):
                        return found[0], found[1]
        raise NotFound("Nothing is held under {code}.", values={"code": repr(wanted)})

    def history(self, kind: str, record_id: str, *, by: Acting | None = None) -> list[Revised]:
        """Return every revision of a record, oldest first; raise NotFound if there is none that `by` may see."""
        with self.reading() as connection:
            accounts.must_see(connection, by, kind, record_id)
            return history.revisions(connection, kind, record_id)

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
        found = self.rows(sa.select(table("deployment")))
        if not found:
            raise CheckFailed("The database does not say what it is; restore it from a copy.")
        return dict(found[0]._mapping)

    # Writing -----------------------------------------------------------------------------------------------------

    @contextmanager
    def writing(self, by: Acting, *, action: str | None = None, reason: str = "") -> Iterator[Writer]:
        """Give a writer within one transaction: all of it is kept, or nothing.

        `action` permits a whole kind of work at once (as `intake` does); without it each write asks for itself.
        """
        with (
            opening.write_transaction(self._engine) as connection,
            self._writer(connection, by, action, reason) as writer,
        ):
            yield writer

    @contextmanager
    def _writer(self, connection: sa.Connection, by: Acting, action: str | None, reason: str) -> Iterator[Writer]:
        # The head is locked before anything is asked: who may act is asked of what the last writer left.
        writer = Writer(connection, by, self._clock(), self._ids, permitted=action is not None, reason=reason)
        accounts.require(connection, by)
        writer.cleared = accounts.situations_of(connection, by)
        if action is not None:
            access.permit(by, action)
        if action in access.WHOLE_ACTIONS:
            access.permit_whole(writer.cleared)
        yield writer
        writer.finish()

    @contextmanager
    def desk(self, by: Acting) -> Iterator[Desk]:
        """Give the desk tables (`schema.desk`) within one transaction: what lies there is no record and leaves no revision."""
        with opening.write_transaction(self._engine) as connection:
            accounts.require(connection, by)
            yield Desk(connection, by, bodies.stamp(self._clock()), self._ids.key)

    def now(self) -> datetime:
        """Return this moment in UTC by this store's clock."""
        return self._clock()

    def today(self) -> date:
        """Return today's date in UTC by this store's clock."""
        return self._clock().date()

    def check(self, draft: IncidentDraft) -> rules.Checked:
        """Return what the rules say of a draft, without writing."""
        return rules.check(draft, self.today())

    def record(
        self,
        kind: str,
        draft: SQLModel,
        by: Acting,
        reason: str = "",
        *,
        status: IncidentStatus = IncidentStatus.SUBMITTED,
    ) -> Saved:
        """Record a new record of a kind named in `schema.ROOTS`; raise InvalidRecords with every fault, or Refused."""
        if kind == "account":
            raise UsageFault("An account comes with its password: use add_account.")
        draft = self._sound(draft)
        with self.writing(by, reason=reason) as writer:
            return writer.record(kind, draft, status=status)

    def _sound(self, draft: Model) -> Model:
        """Return the draft validated as it stands now, whatever was set on it since it was made."""
        sound = _validated(type(draft), draft.model_dump(warnings=False))
        if isinstance(sound, IncidentDraft) and (faults := self.check(sound).faults):
            raise InvalidRecords("The incident cannot be saved as it is.", faults)
        return sound

    def amend(
        self, kind: str, record_id: str, draft: SQLModel, *, expected: int, by: Acting, reason: str = ""
    ) -> Saved:
        """Change a record that was read at version `expected`.

        Raises EditConflict, with each field as it was, as it is now saved and as this draft has it, if somebody
        saved it in between; InvalidRecords; Refused.
        """
        with self.writing(by, reason=reason) as writer:
            return self.amend_within(writer, kind, record_id, draft, expected=expected)

    def amend_within(self, writer: Writer, kind: str, record_id: str, draft: SQLModel, *, expected: int) -> Saved:
        """Change a record within a writer's transaction, as `amend` does, beside other writes that belong to it."""
        draft = self._sound(draft)
        writer.flush()
        before = accounts.seen(writer, kind, record_id)
        history.must_be_version(writer, kind, before, expected, draft)
        if "withdrawn_at" in before[kind][0]:
            raise InvalidRecords(
                "This {kind} is withdrawn; have it restored before it is amended.", values={"kind": word_of(kind)}
            )
        saved = writer.change(kind, before, writer.amended(kind, before, draft), Operation.AMEND)
        if kind == "account":
            accounts.settle(writer.connection, record_id)
        return saved

    def withdraw(self, kind: str, record_id: str, by: Acting, reason: str) -> Saved:
        """Take a record back, with a reason; it stays in the ledger and may be restored."""
        must_say_why(reason)
        if kind in KEPT:
            raise InvalidRecords(
                "A {kind} is not withdrawn so: {instead}.",
                values={"kind": word_of(kind), "instead": Word(KEPT[kind])},
            )
        with self.writing(by, reason=reason) as writer:
            saved = writer.withdraw(kind, accounts.seen(writer, kind, record_id))
            if kind == "account":
                accounts.settle(writer.connection, record_id)
            return saved

    def restore(self, kind: str, record_id: str, by: Acting, reason: str) -> Saved:
        """Bring a withdrawn record back, with a reason; a withdrawn incident is taken up again by `review` instead."""
        must_say_why(reason)
        with self.writing(by, reason=reason) as writer:
            return writer.restore(kind, accounts.seen(writer, kind, record_id))

    def submit(self, incident_id: str, by: Acting, reason: str = "") -> Saved:
        """Put a draft, or an incident that was returned to its recorder, forward for review."""
        with self.writing(by, reason=reason) as writer:
            return writer.submit(accounts.seen(writer, "incident", incident_id))

    def review(
        self, incident_id: str, to: IncidentStatus, reasons: str, by: Acting,
        standard: StandardOfProof = StandardOfProof.REASONABLE_GROUNDS, *, expected: int | None = None,
    ) -> Saved:  # fmt: skip
        """Record a signed judgement and move the incident's status by the table of moves (R12, R13, R15, R17).

        `expected` is the version that was judged: if somebody saved another since, EditConflict is raised.
        """
        draft = _validated(ReviewFields, {"to_status": to, "reasons": reasons, "standard_of_proof": standard})
        minimum = self.deployment()["minimum_origins"]
        with self.writing(by, reason=reasons) as writer:
            before = accounts.seen(writer, "incident", incident_id)
            if expected is not None:
                history.must_be_version(writer, "incident", before, expected)
            return writer.review(before, draft, minimum)


def _validated(model: type[Model], values: Mapping[str, object]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as wrong:
        raise InvalidRecords("The record cannot be saved as it is.", faults_of(wrong)) from wrong


def login_name() -> str:
    """Return the name under which the operating system knows the person at the keyboard."""
    import getpass
    import os

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"
