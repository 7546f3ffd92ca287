"""Accounts in the database: who signs in, who still may act, and what an administrator may change."""

import functools
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from casualty import bodies
from casualty.access import Acting
from casualty.errors import CheckFailed, Fault, InvalidRecords, NotFound, Refused
from casualty.ledger import Row, Rows
from casualty.schema import AccountFields, table
from casualty.store import history
from casualty.vocabulary import AccountScope, Operation, Role
from casualty.writing import Saved, Writer, hidden, nothing

SHORTEST_PASSWORD = 8  # NIST SP 800-63B: length, and nothing about capitals or signs
LONGEST_PASSWORD = 200
LOCAL = "local:"
LONGEST_NAME = 80  # of an actor, in every table that names one
WRONG = "Name or password is not right. After five wrong attempts a name has to wait, for 15 minutes at most."
WRONG_CODE = "The code is not right, or was used before. Wait for the next one."
CODE_NEEDED = "This account has a second factor: give its code too."
NOT_LINKED = (
    "Your organisation knows you; this record does not yet. Ask an administrator to link your account to: {digest}"
)
# The password of the sample's accounts stands in the papers of this program: nobody else may use it.
KNOWN_PASSWORD = "sample-only"
# Mistyping costs nothing; guessing costs a minute, then two, four, eight, and never more than a quarter of an hour, so
# that whoever floods a name keeps its owner out no longer than that. NIST SP 800-63B-4, 3.2.2: at most 100 in a row.
FREE_FAILURES = 5
FIRST_LOCK = timedelta(minutes=1)
LONGEST_LOCK = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)
STEP = 30  # seconds that a code stands (RFC 6238, section 5.2)
DRIFT = 1  # steps by which two clocks may differ


@dataclass(frozen=True, slots=True)
class Half:
    """Somebody whose password was right. If `needs_code`, they still have to show a code of their second factor."""

    by: Acting
    needs_code: bool


def exist(connection: sa.Connection) -> bool:
    """Return whether anybody has an account."""
    return bool(connection.execute(sa.select(sa.exists(sa.select(table("account").c.id)))).scalar())


def local(login: str) -> Acting:
    """Return the person at the keyboard of a database without accounts, by login name as far as it can be kept."""
    name = login.replace("\x00", "").encode("utf-8", "replace").decode()
    return Acting(f"{LOCAL}{name}"[:LONGEST_NAME])


def role_of(connection: sa.Connection, name: str) -> Role | None:
    """Return the role that an account holds now; None if there is none of this name, or it is closed."""
    account = table("account")
    role = sa.type_coerce(account.c.role, sa.String)
    found = connection.execute(
        sa.select(role).where(account.c.name == name, account.c.active, account.c.withdrawn_at.is_(None))
    ).scalar()
    return None if found is None else role_named(found)


def role_named(word: str) -> Role:
    """Return the role of this word; raise CheckFailed if it is none."""
    try:
        return Role(word)
    except ValueError as wrong:
        raise CheckFailed(
            "An account holds the role {word}, which is none; see: casualty ledger verify", values={"word": repr(word)}
        ) from wrong


def require(connection: sa.Connection, by: Acting) -> None:
    """Raise Refused unless `by` may act now: accounts change while a page stays open, and `Acting` is only a name.

    A local person acts only while there is no account; an account acts only in the role that it holds now.
    """
    if by.local:
        if exist(connection):
            raise Refused("This database has accounts; say who acts with --as NAME.")
        if not by.name.startswith(LOCAL):
            raise Refused("{name} has not signed in.", values={"name": by.name})
    elif role_of(connection, by.name) != by.role:
        raise Refused(
            "The account {name} is not active in the role {role}; sign in again.",
            values={"name": by.name, "role": by.role},
        )


def situations_of(connection: sa.Connection, by: Acting) -> frozenset[str] | None:
    """Return the situations that an account is cleared for; None if it sees all."""
    account, clearance = table("account"), table("clearance")
    if by.local:
        return None
    found = connection.execute(
        sa.select(account.c.id, sa.type_coerce(account.c.scope, sa.String).label("scope")).where(
            account.c.name == by.name
        )
    ).first()
    if found is not None and found.scope in (None, AccountScope.ALL.value):
        return None
    standing = sa.select(clearance.c.situation_id).where(
        clearance.c.account_id == (found.id if found else None), clearance.c.withdrawn_at.is_(None)
    )
    return frozenset(connection.execute(standing).scalars())


def may_see(connection: sa.Connection, by: Acting | None, kind: str, record_id: str) -> bool:
    """Return whether a record is for `by` to see; nobody named sees all. One that stands no more is for those of all."""
    situations = None if by is None else situations_of(connection, by)
    if by is None or situations is None:
        return True
    try:
        rows = history.current(connection, kind, record_id)
    except NotFound:
        return False
    return not hidden(connection, kind, rows, situations, by.name)


def must_see(connection: sa.Connection, by: Acting | None, kind: str, record_id: str) -> None:
    """Raise NotFound for a record that is not for `by` to see: that it exists is not told."""
    if not may_see(connection, by, kind, record_id):
        raise nothing(kind, record_id)


def seen(writer: Writer, kind: str, record_id: str) -> Rows:
    """Return the rows of a record as they stand; raise NotFound for one that the writer's person does not see."""
    rows = history.current(writer.connection, kind, record_id)
    if hidden(writer.connection, kind, rows, writer.cleared, writer.by.name):
        raise nothing(kind, record_id)
    return rows


# Signing in -----------------------------------------------------------------------------------------------------------


def held(connection: sa.Connection, name: str, *, lock: bool = False) -> sa.Row[Any] | None:
    """Return the open account of this name with its credential, None if there is none."""
    account, credential = table("account"), table("credential")
    wanted = "" if bodies.unstorable(name) else name
    chosen = (
        sa.select(
            account.c.id, account.c.name, sa.type_coerce(account.c.role, sa.String).label("role"), account.c.sample,
            *(column for column in credential.c if column.name != "account_id"),
        )
        .join(credential, credential.c.account_id == account.c.id)
        .where(account.c.name == wanted, account.c.active, account.c.withdrawn_at.is_(None))
    )  # fmt: skip
    return connection.execute(chosen.with_for_update(of=credential) if lock else chosen).first()


def must_be_held(connection: sa.Connection, name: str) -> sa.Row[Any]:
    """Return the open account of this name; raise NotFound."""
    found = held(connection, name)
    if found is None:
        raise NotFound("There is no open account {name}.", values={"name": name})
    return found


def key_of(connection: sa.Connection, name: str) -> str:
    """Return the id of an account, open or closed; raise NotFound."""
    account = table("account")
    wanted = "" if bodies.unstorable(name) else name
    found = connection.execute(
        sa.select(account.c.id).where(account.c.name == wanted, account.c.withdrawn_at.is_(None))
    ).scalar()
    if found is None:
        raise NotFound("There is no account {name}.", values={"name": name})
    return str(found)


def listed(connection: sa.Connection) -> list[sa.Row[Any]]:
    """Return every account that is not withdrawn, by name, with what stands of its credential, and no secret."""
    account, credential = table("account"), table("credential")
    shown = sa.select(account, credential.c.totp_since, credential.c.failures, credential.c.locked_until)
    chosen = shown.join(credential, credential.c.account_id == account.c.id).where(account.c.withdrawn_at.is_(None))
    return list(connection.execute(chosen.order_by(account.c.name)))


def clearance(connection: sa.Connection, account_id: str, situation_id: str) -> Rows | None:
    """Return the rows of the clearance of an account for a situation, withdrawn or not; None if there never was one."""
    held = table("clearance")
    mine = (held.c.account_id == account_id) & (held.c.situation_id == situation_id)
    key = connection.execute(sa.select(held.c.id).where(mine)).scalar()
    return None if key is None else history.current(connection, "clearance", key)


def attempt(connection: sa.Connection, name: str, now: datetime, *, heed_lock: bool) -> sa.Row[Any] | None:
    """Count an attempt as failed before it is made; return the account to try, None if there is none or it must wait.

    Counted first, so that many attempts at once are as many as one after the other.
    """
    found = held(connection, name, lock=True)
    if found is None or (heed_lock and (found.locked_until or "") > bodies.stamp(now)):
        return None
    forgotten = found.locked_until is not None and found.locked_until < bodies.stamp(now - FORGOTTEN)
    failures = 1 if forgotten else (found.failures or 0) + 1
    _count(connection, found.id, failures, now + _lock(failures) if failures >= FREE_FAILURES else None)
    return found


def _lock(failures: int) -> timedelta:
    return min(FIRST_LOCK * (1 << min(failures - FREE_FAILURES, 10)), LONGEST_LOCK)


def _count(connection: sa.Connection, account_id: str, failures: int | None, until: datetime | None) -> None:
    stood = {"failures": failures, "locked_until": bodies.stamp(until) if until else None}
    credential = table("credential")
    connection.execute(credential.update().where(credential.c.account_id == account_id).values(stood))


def unlock(connection: sa.Connection, account_id: str) -> None:
    """Forget the failures of an account."""
    _count(connection, account_id, None, None)


def uncount(connection: sa.Connection, found: sa.Row[Any]) -> None:
    """Put the failures of an account back as they were before its attempt."""
    stood = {"failures": found.failures, "locked_until": found.locked_until}
    credential = table("credential")
    connection.execute(credential.update().where(credential.c.account_id == found.id).values(stood))


def is_right(found: sa.Row[Any] | None, password: str) -> bool:
    """Return whether this is the account's password; takes as long where there is no account."""
    import argon2

    nobody = _nobody()  # hashed before it is known whether it is needed: the first sign-in is slow for every name
    try:
        argon2.PasswordHasher().verify(found.argon2 if found else nobody, password.encode("utf-8", "surrogatepass"))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
    return found is not None


def is_sample(connection: sa.Connection) -> bool:
    """Return whether this database is a sample."""
    deployment = table("deployment")
    return bool(connection.execute(sa.select(sa.exists().where(deployment.c.sample))).scalar())


@functools.cache
def _nobody() -> str:
    import secrets

    import argon2

    return argon2.PasswordHasher().hash(secrets.token_hex(16))


def step_of(found: sa.Row[Any], code: str, now: datetime) -> int | None:
    """Return the time step whose code this is, at most one step off and later than the last one used, or None.

    TOTP, RFC 6238; digits of any script are understood, spaces are not read.
    """
    import pyotp

    typed = "".join(str(int(sign)) if sign.isdecimal() else sign for sign in "".join(code.split()))
    if not typed.isascii():
        return None
    totp = pyotp.TOTP(found.totp_secret, interval=STEP)
    at = int(now.timestamp()) // STEP
    matching = [
        step for step in range(at - DRIFT, at + DRIFT + 1) if pyotp.utils.strings_equal(totp.generate_otp(step), typed)
    ]
    return next((step for step in matching if found.totp_step is None or step > found.totp_step), None)


def use_step(connection: sa.Connection, account_id: str, step: int) -> None:
    """Note which time step's code served, and forget the failures."""
    credential = table("credential")
    stands = {"totp_step": step, "failures": None, "locked_until": None}
    connection.execute(credential.update().where(credential.c.account_id == account_id).values(stands))


def lay_secret(connection: sa.Connection, name: str, secret: str) -> None:
    """Lay a second factor down that is still to be confirmed; raise Refused where one counts already."""
    credential, found = table("credential"), must_be_held(connection, name)
    if found.totp_since is not None:
        raise Refused("You have a second factor already; an administrator can reset it.")
    connection.execute(credential.update().where(credential.c.account_id == found.id).values(totp_secret=secret))


def organisation_digest(issuer: str, subject: str) -> str:
    """Return the SHA-256 (hex) by which an account knows who an organisation says somebody is."""
    return hashlib.sha256(f"{issuer}\n{subject}".encode()).hexdigest()


def linked(connection: sa.Connection, issuer: str, subject: str) -> Acting:
    """Return the open account linked to this subject of an organisation; raise Refused, naming what to link, if none is."""
    account, digest = table("account"), organisation_digest(issuer, subject)
    found = connection.execute(
        sa.select(account.c.name, sa.type_coerce(account.c.role, sa.String).label("role")).where(
            account.c.organisation_digest == digest, account.c.active, account.c.withdrawn_at.is_(None),
            sa.not_(account.c.sample),
        )
    ).first()  # fmt: skip
    if found is None:
        raise Refused(NOT_LINKED, values={"digest": digest})
    return Acting(found.name, role_named(found.role))


# Keeping accounts -----------------------------------------------------------------------------------------------------


def hashed(name: str, password: str, *, sample: bool) -> str:
    """Return the argon2id hash of a new password; raise InvalidRecords with what is wrong with it."""
    import argon2

    faults = [
        Fault(0, "password", fault, mend, {"shortest": SHORTEST_PASSWORD, "longest": LONGEST_PASSWORD})
        for bad, fault, mend in (
            (len(password) < SHORTEST_PASSWORD, "Under {shortest} characters.", "Use a longer one."),
            (len(password) > LONGEST_PASSWORD, "Over {longest} characters.", "Use a shorter one."),
            (bodies.unstorable(password), "Holds a character that is no text.", "Type it again."),
            (password.casefold() == name.casefold(), "Is the name.", "Use another."),
            (len(set(password)) < 4, "Fewer than four different characters.", "Use another."),
            (password == KNOWN_PASSWORD and not sample, "Stands in the papers of this program.", "Use another."),
        )
        if bad
    ]
    if faults:
        raise InvalidRecords("The password cannot be used.", faults)
    return argon2.PasswordHasher().hash(password)


def add(writer: Writer, fields: AccountFields, argon2: str) -> Saved:
    """Record an account and lay its password hash beside it; raise InvalidRecords if the name is taken.

    The first account keeps the others: nobody could, if it were anything but an administrator.
    """
    account = table("account")
    if fields.role is not Role.ADMINISTRATOR and not exist(writer.connection):
        raise Refused("The first account keeps the others: its role must be administrator. Add the rest after it.")
    if writer.connection.execute(sa.select(sa.exists().where(account.c.name == fields.name))).scalar():
        raise InvalidRecords(
            "There is already an account {name}.",
            [Fault(0, "name", "Taken.", "Choose another.")],
            {"name": fields.name},
        )
    if fields.sample and not is_sample(writer.connection):
        raise Refused("Sample accounts belong to a sample database only.")
    saved = writer.record("account", fields)
    writer.flush()
    writer.connection.execute(table("credential").insert(), {"account_id": saved.id, "argon2": argon2})
    return saved


def digest(argon2: str, totp_secret: str | None = None) -> str:
    """Return the SHA-256 (hex) of a password hash and a second factor, by which the ledger knows an exchanged one."""
    return hashlib.sha256((argon2 if totp_secret is None else f"{argon2} {totp_secret}").encode()).hexdigest()


def exchange(writer: Writer, account_id: str, changed: Row) -> None:
    """Change an account's credential, and sign in the ledger that it changed."""
    credential = table("credential")
    mine = credential.c.account_id == account_id
    writer.connection.execute(credential.update().where(mine).values(changed))
    stands = writer.connection.execute(sa.select(credential).where(mine)).one()
    signed = digest(stands.argon2, stands.totp_secret if stands.totp_since else None)
    before = history.current(writer.connection, "account", account_id)
    after = {"account": [before["account"][0] | {"credential_digest": signed}]}
    writer.change("account", before, after, Operation.AMEND)


def settle(connection: sa.Connection, account_id: str) -> None:
    """After an account changed: end its sessions; raise InvalidRecords if nobody is left who may keep the accounts."""
    account, session = table("account"), table("session")
    connection.execute(session.delete().where(session.c.account_id == account_id))
    left = account.c.active & account.c.withdrawn_at.is_(None) & (account.c.role == Role.ADMINISTRATOR)
    if not connection.execute(sa.select(sa.exists().where(left))).scalar():
        raise InvalidRecords("Nobody would be left who may keep the accounts; add another administrator first.")
