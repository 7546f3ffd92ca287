"""The part of the store that knows people: who signs in, what they are cleared for, how accounts are kept."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from casualty import access
from casualty.access import Acting
from casualty.errors import Fault, InvalidRecords, NotFound, Refused
from casualty.schema import AccountFields, ClearanceFields, table
from casualty.store import accounts, history, opening, sessions
from casualty.store.accounts import Half
from casualty.store.sessions import Session
from casualty.store.validating import faults_of
from casualty.vocabulary import AccountScope, Operation, Role
from casualty.writing import Saved, Writer


class Keeping(ABC):
    """What the store does with people. Everything that changes an account leaves a revision; sign-ins leave none."""

    _engine: sa.Engine
    _clock: Callable[[], datetime]

    @abstractmethod
    def reading(self) -> AbstractContextManager[sa.Connection]: ...

    @abstractmethod
    def writing(self, by: Acting, *, action: str | None = None, reason: str = "") -> AbstractContextManager[Writer]: ...

    # Who acts ----------------------------------------------------------------------------------------------------

    def has_accounts(self) -> bool:
        """Return whether anybody has an account here."""
        with self.reading() as connection:
            return accounts.exist(connection)

    def local(self, login: str) -> Acting:
        """Return the local person as the one who acts; raise Refused once the database has accounts."""
        if self.has_accounts():
            raise Refused("This database has accounts; say who acts with --as NAME.")
        return accounts.local(login)

    def sign_in(
        self, name: str, password: str, code: str | Callable[[], str] = "", *, heed_lock: bool = True
    ) -> Acting:
        """Return the account of this name, password and, where it has a second factor, code; raise Refused.

        The refusal does not say which of name and password was wrong, nor whether the name has to wait. `code` may be
        a question that is asked only when the code is needed. Without `heed_lock` a name that has to wait is tried all
        the same: for whoever holds the database itself, so that flooding a name from afar locks nobody out for ever.
        """
        half = self.first_factor(name, password, heed_lock=heed_lock)
        if not half.needs_code:
            return half.by
        given = code() if callable(code) else code
        if not given:
            raise Refused(accounts.CODE_NEEDED)
        return self.second_factor(half, given, heed_lock=heed_lock)

    def first_factor(self, name: str, password: str, *, heed_lock: bool = True) -> Half:
        """Return whose password this is, and whether a code is needed too; raise Refused in the same words and time."""
        with opening.write_transaction(self._engine) as connection:
            found = accounts.attempt(connection, name, self._clock(), heed_lock=heed_lock)
            sample = accounts.is_sample(connection)
        if not accounts.is_right(found, password) or found is None or (found.sample and not sample):
            raise Refused(accounts.WRONG)
        needs_code = found.totp_since is not None
        with opening.write_transaction(self._engine) as connection:
            if needs_code:
                accounts.uncount(connection, found)
            else:
                accounts.unlock(connection, found.id)
        return Half(Acting(found.name, accounts.role_named(found.role)), needs_code)

    def second_factor(self, half: Half, code: str, *, heed_lock: bool = True) -> Acting:
        """Return who showed the code of their second factor, which serves no second time; raise Refused."""
        with opening.write_transaction(self._engine) as connection:
            now = self._clock()
            found = accounts.attempt(connection, half.by.name, now, heed_lock=heed_lock)
            step = accounts.step_of(found, code, now) if found is not None and found.totp_since else None
            if found is not None and step is not None:
                accounts.use_step(connection, found.id, step)
        if found is None or step is None:
            raise Refused(accounts.WRONG_CODE)
        return Acting(found.name, accounts.role_named(found.role))

    def organisation_sign_in(self, issuer: str, subject: str) -> Acting:
        """Return the account linked to who an organisation says this is; raise Refused, naming what to link."""
        with self.reading() as connection:
            return accounts.linked(connection, issuer, subject)

    def situations_of(self, by: Acting) -> frozenset[str] | None:
        """Return the ids of the situations that `by` is cleared for; None if they see all."""
        with self.reading() as connection:
            return accounts.situations_of(connection, by)

    def visible(self, by: Acting) -> sa.ColumnElement[bool]:
        """Return the condition on the table `incident` that holds for what `by` sees."""
        situations, incident = self.situations_of(by), table("incident")
        if situations is None:
            return sa.true()
        return incident.c.situation_id.in_(sorted(situations)) | (incident.c.recorded_by == by.name)

    # Sessions ----------------------------------------------------------------------------------------------------

    def begin_session(self, by: Acting) -> str:
        """Begin a session of an account and return its token, of which the database keeps the SHA-256 only."""
        with opening.write_transaction(self._engine) as connection:
            accounts.require(connection, by)
            return sessions.begin(connection, by, self._clock())

    def session(self, digest: str) -> Session | None:
        """Return the live session whose token has this SHA-256 (hex), None if it is over or its account is closed."""
        with self.reading() as connection:
            return sessions.find(connection, digest, self._clock())

    def now(self) -> datetime:
        """Return the moment (UTC) by this store's clock."""
        return self._clock()

    def use_session(self, digest: str) -> None:
        """Note that a session was used now; written once a minute at most."""
        with opening.write_transaction(self._engine) as connection:
            sessions.use(connection, digest, self._clock())

    def end_session(self, digest: str) -> None:
        """End one session."""
        with opening.write_transaction(self._engine) as connection:
            sessions.end(connection, digest)

    def sessions(self, by: Acting, name: str | None = None) -> list[Session]:
        """Return the live sessions of an account, or of everybody; those of others are for an administrator to see."""
        if name != by.name:
            access.permit(by, "account")
        with self.reading() as connection:
            accounts.require(connection, by)
            return sessions.living(connection, self._clock(), name)

    def end_sessions(self, by: Acting, name: str | None = None, *, but: str | None = None) -> int:
        """End every session of an account, or of everybody, except the one of the digest `but`; return how many."""
        if name != by.name:
            access.permit(by, "account")
        with opening.write_transaction(self._engine) as connection:
            accounts.require(connection, by)
            if name is not None and name != by.name:
                accounts.must_be_held(connection, name)
            return sessions.end_all(connection, name, but)

    # Accounts ----------------------------------------------------------------------------------------------------

    def accounts(self, by: Acting) -> list[sa.Row[Any]]:
        """Return every account that is not withdrawn, with `locked_until`, `totp_since` and its live sessions' number."""
        access.permit(by, "account")
        with self.reading() as connection:
            accounts.require(connection, by)
            return accounts.listed(connection)

    def add_account(self, name: str, role: Role, password: str, by: Acting, *, sample: bool = False) -> Saved:
        """Add an account; its password is kept as argon2id only. The first must be an administrator's."""
        argon2 = accounts.hashed(name, password, sample=sample)
        stated = {"name": name, "role": role, "sample": sample, "credential_digest": accounts.digest(argon2)}
        fields = _account(stated)
        with self.writing(by) as writer:
            return accounts.add(writer, fields, argon2)

    def change_account(self, name: str, by: Acting, reason: str, **changed: object) -> Saved:
        """Change role, active, scope or organisation_digest of an account, with a reason; its sessions end."""
        must_say_why(reason)
        with self.writing(by, reason=reason) as writer:
            return _change(writer, name, changed)

    def set_password(self, name: str, password: str, by: Acting, *, old: str = "", but: str | None = None) -> None:
        """Change a password: one's own with the old one, anybody else's as an administrator; sessions end, but `but`."""
        own = name == by.name
        if own:
            self._prove(by, old)
        with self.reading() as connection:
            found = accounts.must_be_held(connection, name)
        argon2 = accounts.hashed(name, password, sample=bool(found.sample))
        reason = "password changed" if own else "password set by an administrator"
        with self._credential(name, by, reason) as (writer, key):
            accounts.exchange(writer, key, {"argon2": argon2, "failures": None, "locked_until": None})
            sessions.end_all(writer.connection, name, but if own else None)

    def second_factor_since(self, by: Acting) -> str | None:
        """Return since when (UTC) one's own second factor counts, None if there is none."""
        with self.reading() as connection:
            since: str | None = accounts.must_be_held(connection, by.name).totp_since
            return since

    def begin_second_factor(self, by: Acting, password: str) -> str:
        """Lay down a new second factor of one's own and return its secret (base32); it counts once it is confirmed."""
        import pyotp

        self._prove(by, password)
        secret = pyotp.random_base32()
        with opening.write_transaction(self._engine) as connection:
            accounts.require(connection, by)
            accounts.lay_secret(connection, by.name, secret)
        return secret

    def confirm_second_factor(self, by: Acting, code: str, *, but: str | None = None) -> None:
        """Make the second factor count, by a code of it; one's other sessions end."""
        with self._credential(by.name, by, "second factor set up") as (writer, key):
            found, now = accounts.must_be_held(writer.connection, by.name), self._clock()
            step = accounts.step_of(found, code, now) if found.totp_secret and not found.totp_since else None
            if step is None:
                raise Refused(accounts.WRONG_CODE)
            accounts.exchange(writer, key, {"totp_since": writer.at, "totp_step": step})
            sessions.end_all(writer.connection, by.name, but)

    def reset_second_factor(self, name: str, by: Acting, reason: str) -> None:
        """Take an account's second factor away, as an administrator and with a reason; its sessions end."""
        must_say_why(reason)
        access.permit(by, "account")
        with self._credential(name, by, reason) as (writer, key):
            accounts.exchange(writer, key, {"totp_secret": None, "totp_since": None, "totp_step": None})
            sessions.end_all(writer.connection, name)

    def unlock(self, name: str, by: Acting) -> None:
        """Let a name that has to wait after failures sign in at once, as an administrator."""
        access.permit(by, "account")
        with opening.write_transaction(self._engine) as connection:
            accounts.require(connection, by)
            accounts.unlock(connection, accounts.must_be_held(connection, name).id)

    def clear(self, name: str, situation_id: str, by: Acting, reason: str) -> None:
        """Clear an account for a situation; it then sees named situations only."""
        must_say_why(reason)
        fields = {"account_id": self._key(name), "situation_id": situation_id}
        with self.writing(by, reason=reason) as writer:
            before = accounts.clearance(writer.connection, **fields)
            if before is None:
                writer.record("clearance", ClearanceFields.model_validate(fields))
            elif "withdrawn_at" in before["clearance"][0]:
                writer.restore("clearance", before)
            _change(writer, name, {"scope": AccountScope.NAMED})

    def end_clearance(self, name: str, situation_id: str, by: Acting, reason: str) -> None:
        """Take a clearance back, with a reason; raise NotFound if there is none."""
        must_say_why(reason)
        key = self._key(name)
        with self.writing(by, reason=reason) as writer:
            before = accounts.clearance(writer.connection, key, situation_id)
            if before is None:
                raise NotFound("{name} is not cleared for this situation.", values={"name": name})
            writer.withdraw("clearance", before)

    @contextmanager
    def _credential(self, name: str, by: Acting, reason: str) -> Iterator[tuple[Writer, str]]:
        """Give a writer that may change this account's credential, one's own or as an administrator, and its id."""
        action = "set_credential" if name == by.name else "account"
        with self.writing(by, action=action, reason=reason) as writer:
            yield writer, accounts.must_be_held(writer.connection, name).id

    def _key(self, name: str) -> str:
        with self.reading() as connection:
            return accounts.key_of(connection, name)

    def _prove(self, by: Acting, password: str) -> None:
        """Raise Refused unless this is the password of the one who acts; wrong ones count as failed sign-ins."""
        try:
            self.first_factor(by.name, password)
        except Refused as wrong:
            raise Refused("The present password is not right, or was wrong too often: then wait.") from wrong


def _change(writer: Writer, name: str, changed: Mapping[str, object]) -> Saved:
    """Amend an account by what is changed in it, and end its sessions."""
    before = history.current(writer.connection, "account", accounts.key_of(writer.connection, name))
    row = before["account"][0]
    fields = _account({**{field: row.get(field) for field in AccountFields.model_fields}, **changed})
    saved = writer.change("account", before, writer.amended("account", before, fields), Operation.AMEND)
    writer.flush()
    accounts.settle(writer.connection, row["id"])
    return saved


def _account(stated: Mapping[str, object]) -> AccountFields:
    try:
        return AccountFields.model_validate(stated)
    except ValidationError as wrong:
        raise InvalidRecords("The record cannot be saved as it is.", faults_of(wrong)) from wrong


def must_say_why(reason: str) -> None:
    """Raise InvalidRecords for a step without its reason."""
    if not reason.strip():
        raise InvalidRecords("Such a step needs its reason.", [Fault(0, "reason", "Empty.", "Write why.")])
