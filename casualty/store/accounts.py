"""Accounts in the database: who signs in, who still may act, and what an administrator may change."""

import functools
import hashlib

import sqlalchemy as sa

from casualty import bodies
from casualty.access import Acting
from casualty.errors import CheckFailed, Fault, InvalidRecords, Refused
from casualty.schema import AccountFields, table
from casualty.vocabulary import Role
from casualty.writing import Saved, Writer

SHORTEST_PASSWORD = 8  # NIST SP 800-63B: length, and nothing about capitals or signs
LONGEST_PASSWORD = 200
LOCAL = "local:"
LONGEST_NAME = 80  # of an actor, in every table that names one
WRONG = "Name or password is not right."
# The password of the sample's accounts stands in the papers of this program: nobody else may use it.
KNOWN_PASSWORD = "sample-only"


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
    return None if found is None else _role(found)


def _role(word: str) -> Role:
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


def sign_in(connection: sa.Connection, name: str, password: str) -> Acting:
    """Return the account of this name and password; raise Refused in the same words and time whatever was wrong."""
    import argon2

    account, credential, deployment = table("account"), table("credential"), table("deployment")
    wanted = "" if bodies.unstorable(name) else name
    found = connection.execute(
        sa.select(account.c.name, sa.type_coerce(account.c.role, sa.String), account.c.sample, credential.c.argon2)
        .join(credential, credential.c.account_id == account.c.id)
        .where(account.c.name == wanted, account.c.active, account.c.withdrawn_at.is_(None))
    ).first()
    sample = bool(connection.execute(sa.select(sa.exists().where(deployment.c.sample))).scalar())
    nobody = _nobody()  # hashed before it is known whether it is needed: the first sign-in is slow for every name
    try:
        argon2.PasswordHasher().verify(found.argon2 if found else nobody, password.encode("utf-8", "surrogatepass"))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError) as wrong:
        raise Refused(WRONG) from wrong
    if found is None or (found.sample and not sample):
        raise Refused(WRONG)
    return Acting(found.name, _role(found.role))


@functools.cache
def _nobody() -> str:
    import secrets

    import argon2

    return argon2.PasswordHasher().hash(secrets.token_hex(16))


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
    """Record an account and lay its password hash beside it; raise InvalidRecords if the name is taken."""
    account, deployment = table("account"), table("deployment")
    if writer.connection.execute(sa.select(sa.exists().where(account.c.name == fields.name))).scalar():
        raise InvalidRecords(
            "There is already an account {name}.",
            [Fault(0, "name", "Taken.", "Choose another.")],
            {"name": fields.name},
        )
    if fields.sample and not writer.connection.execute(sa.select(sa.exists().where(deployment.c.sample))).scalar():
        raise Refused("Sample accounts belong to a sample database only.")
    saved = writer.record("account", fields)
    writer.flush()
    writer.connection.execute(table("credential").insert(), {"account_id": saved.id, "argon2": argon2})
    return saved


def digest(argon2: str) -> str:
    """Return the SHA-256 (hex) of a password hash, by which the ledger knows an exchanged one."""
    return hashlib.sha256(argon2.encode()).hexdigest()


def keep_an_administrator(connection: sa.Connection) -> None:
    """Raise InvalidRecords if nobody is left who may keep the accounts."""
    account = table("account")
    left = account.c.active & account.c.withdrawn_at.is_(None) & (account.c.role == Role.ADMINISTRATOR)
    if not connection.execute(sa.select(sa.exists().where(left))).scalar():
        raise InvalidRecords("Nobody would be left who may keep the accounts; add another administrator first.")
