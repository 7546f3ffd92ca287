"""Sign-ins that live, in the database: a restart signs nobody out, and one place ends them all.

A session is known by the SHA-256 of its token; the token itself lies only in the browser's cookie.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from casualty import bodies
from casualty.access import Acting
from casualty.schema import table
from casualty.store.accounts import role_named

# A shift, and an hour away from the desk: both within NIST SP 800-63B-4, 2.2.3 (24 hours, 1 hour). Shorter would sign
# recorders out over a meal; longer would leave a seized laptop open for a night.
LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=1)
NOTED_EVERY = timedelta(minutes=1)  # a use is written no more often: reading pages is no write


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that lives: who acts, the digest of its token, when it began and was last used, when it ends (UTC)."""

    by: Acting
    digest: str
    begun_at: datetime
    used_at: datetime

    @property
    def ends_at(self) -> datetime:
        return min(self.begun_at + LONGEST, self.used_at + IDLE)

    def stale(self, now: datetime) -> bool:
        """Return whether its last use was noted long enough ago to note another."""
        return now - self.used_at >= NOTED_EVERY


def digest_of(token: str) -> str:
    """Return the SHA-256 (hex) of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def begin(connection: sa.Connection, by: Acting, now: datetime) -> str:
    """Lay a session down and return its token; sessions whose time is over are cleared away."""
    import secrets

    account, session = table("account"), table("session")
    over = (session.c.begun_at <= bodies.stamp(now - LONGEST)) | (session.c.used_at <= bodies.stamp(now - IDLE))
    connection.execute(session.delete().where(over))
    token = secrets.token_urlsafe(32)
    key = connection.execute(sa.select(account.c.id).where(account.c.name == by.name)).scalar_one()
    at = bodies.stamp(now)
    row = {"token_digest": digest_of(token), "account_id": key, "begun_at": at, "used_at": at}
    connection.execute(session.insert(), row)
    return token


def find(connection: sa.Connection, digest: str, now: datetime) -> Session | None:
    """Return the live session of this digest, in the role that its account holds now; None if it is over."""
    session, account = table("session"), table("account")
    found = connection.execute(
        _shown().where(session.c.token_digest == digest, account.c.active, account.c.withdrawn_at.is_(None))
    ).first()
    read = None if found is None else _read(found)
    return read if read is not None and read.ends_at > now else None


def living(connection: sa.Connection, now: datetime, name: str | None = None) -> list[Session]:
    """Return the live sessions of one account, or all, the last used first."""
    session, account = table("session"), table("account")
    chosen = _shown().order_by(session.c.used_at.desc(), session.c.token_digest)
    rows = connection.execute(chosen if name is None else chosen.where(account.c.name == name))
    return [read for read in map(_read, rows) if read.ends_at > now]


def _shown() -> sa.Select[Any]:
    session, account = table("session"), table("account")
    role = sa.type_coerce(account.c.role, sa.String).label("role")
    return sa.select(account.c.name, role, session).join(account, account.c.id == session.c.account_id)


def _read(row: sa.Row[Any]) -> Session:
    begun, used = (datetime.fromisoformat(text) for text in (row.begun_at, row.used_at))
    return Session(Acting(row.name, role_named(row.role)), row.token_digest, begun, used)


def use(connection: sa.Connection, digest: str, now: datetime) -> None:
    """Note that a session was used now, if that was not noted within the last minute."""
    session = table("session")
    stale = session.c.used_at <= bodies.stamp(now - NOTED_EVERY)
    connection.execute(
        session.update().where(session.c.token_digest == digest, stale).values(used_at=bodies.stamp(now))
    )


def end(connection: sa.Connection, digest: str) -> None:
    """End one session."""
    session = table("session")
    connection.execute(session.delete().where(session.c.token_digest == digest))


def end_all(connection: sa.Connection, name: str | None, but: str | None = None) -> int:
    """End the sessions of an account, or of everybody, except one; return how many."""
    session, account = table("session"), table("account")
    chosen = session.delete()
    if name is not None:
        chosen = chosen.where(session.c.account_id.in_(sa.select(account.c.id).where(account.c.name == name)))
    if but is not None:
        chosen = chosen.where(session.c.token_digest != but)
    return int(connection.execute(chosen).rowcount)
