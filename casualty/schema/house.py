"""The house itself: deployment, accounts, intake batches, releases, analyses kept, and the ledger's own tables."""

from datetime import date

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from casualty.schema.base import ID, MOST, Held, held, terms
from casualty.schema.incident import Stated
from casualty.vocabulary import AccountScope, IntakeFormat, Operation, ReleaseAnswer, Role, Tier


class DeploymentFields(Stated):
    """What is set for this database as a whole."""

    name: str = Field(min_length=1, max_length=200)
    sample: bool = False
    minimum_origins: int = Field(default=2, ge=1, le=100)


class Deployment(DeploymentFields, Held, table=True):
    """The one row that says what this database is; `sample` alone lets sample accounts sign in."""

    __table_args__ = (*held(), sa.CheckConstraint("minimum_origins >= 1", name="minimum_origins_sign"))


class AccountFields(Stated):
    """A person who may act, by name and role. `credential_digest` is the SHA-256 of the stored password hash.

    Without a `scope` an account sees all situations. `organisation_digest` is the SHA-256 of the issuer and the subject
    by which an organisation's own sign-in knows this person.
    """

    name: str = Field(min_length=1, max_length=60, schema_extra={"pattern": r"^[^\s:\x00]+$"})
    role: Role = Field(sa_type=terms(Role))
    sample: bool = False
    active: bool = True
    credential_digest: str = Field(max_length=64)
    scope: AccountScope | None = Field(default=None, sa_type=terms(AccountScope))
    organisation_digest: str | None = Field(default=None, max_length=64)


class Account(AccountFields, Held, table=True):
    """An account. Its password hash lies in `credential`, outside every body of the ledger."""

    __table_args__ = (
        *held(),
        sa.UniqueConstraint("name"),
        sa.Index("uq_account_organisation_digest", "organisation_digest", unique=True),
    )


class Credential(SQLModel, table=True):
    """The argon2id hash of an account's password; the account's digest in the ledger shows whether it was exchanged.

    `totp_secret` (base32) is the second factor once `totp_since` says that its owner has shown a code; `totp_step` is the
    last time step used, so that no code serves twice. `failures` counts wrong sign-ins since the last right one;
    until `locked_until` (UTC) none is tried.
    """

    account_id: str = Field(primary_key=True, foreign_key="account.id", max_length=ID)
    argon2: str = Field(max_length=200)
    totp_secret: str | None = Field(default=None, max_length=64)
    totp_since: str | None = Field(default=None, max_length=27)
    totp_step: int | None = None
    failures: int | None = None
    locked_until: str | None = Field(default=None, max_length=27)


class ClearanceFields(Stated):
    """That an account of named situations may work on one of them."""

    account_id: str = Field(foreign_key="account.id", index=True, max_length=ID)
    situation_id: str = Field(foreign_key="situation.id", index=True, max_length=ID)


class Clearance(ClearanceFields, Held, table=True):
    """A clearance; withdrawn when it ends."""

    __table_args__ = (*held(), sa.UniqueConstraint("account_id", "situation_id"))


class BatchFields(Stated):
    """One reading of one file into the record."""

    dataset: str = Field(min_length=1, max_length=120)
    format: IntakeFormat = Field(sa_type=terms(IntakeFormat))
    document_id: str = Field(foreign_key="document.id", index=True, max_length=ID)
    mapping: str
    complete: bool = False
    read: int = Field(ge=0, le=MOST)
    recorded: int = Field(ge=0, le=MOST)
    amended: int = Field(ge=0, le=MOST)
    unchanged: int = Field(ge=0, le=MOST)
    refused: int = Field(ge=0, le=MOST)
    vanished: int = Field(ge=0, le=MOST)
    warnings: int = Field(ge=0, le=MOST)


class Batch(BatchFields, Held, table=True):
    """An intake batch; `number` is what people call it by."""

    __table_args__ = (
        *held(),
        sa.CheckConstraint("read = recorded + amended + unchanged + refused", name="rows_add_up"),
    )

    number: int = Field(unique=True)


class ReleaseRequestFields(Stated):
    """A package that somebody wants to send, as it was shown when it was asked for, and what a second person said.

    `place` is where it is to be written; `follows` the hash of the earlier package that it corrects; `manifest_sha256`,
    `ledger_head` and `incidents` are of the package as shown: only that one may leave.
    """

    tier: Tier = Field(sa_type=terms(Tier))
    recipient: str = Field(min_length=1, max_length=300)
    basis: str = Field(min_length=1)
    place: str = Field(min_length=1)
    follows: str | None = Field(default=None, max_length=64)
    manifest_sha256: str = Field(max_length=64)
    ledger_head: str = Field(max_length=64)
    incidents: int = Field(ge=0, le=MOST)
    answer: ReleaseAnswer = Field(default=ReleaseAnswer.OPEN, sa_type=terms(ReleaseAnswer), index=True)
    answered_by: str | None = Field(default=None, max_length=80)
    answer_reasons: str | None = None
    answered_at: str | None = Field(default=None, max_length=27)


class ReleaseRequest(ReleaseRequestFields, Held, table=True):
    """A package asked for; who grants it is never who asked."""

    __tablename__ = "release_request"
    __table_args__ = (
        *held(),
        sa.CheckConstraint("length(recipient) > 0 AND length(basis) > 0", name="recipient_basis"),
        sa.CheckConstraint(
            "(answer = 'open') = (answered_by IS NULL) AND (answer = 'open') = (answered_at IS NULL)"
            " AND (answer <> 'refused' OR coalesce(length(answer_reasons), 0) > 0)",
            name="answered",
        ),
        sa.CheckConstraint("answer <> 'granted' OR answered_by <> recorded_by", name="second_person"),
    )


class ReleaseFields(Stated):
    """What went to whom, under which tier and on what basis.

    `follows_id` is the earlier release that this one corrects; `published` the tables that it made public, as JSON;
    `received_on` and `receipt` what the recipient confirmed.
    """

    tier: Tier = Field(sa_type=terms(Tier))
    recipient: str = Field(min_length=1, max_length=300)
    basis: str = Field(min_length=1)
    manifest_sha256: str = Field(max_length=64)
    ledger_head: str = Field(max_length=64)
    incidents: int = Field(ge=0, le=MOST)
    follows_id: str | None = Field(default=None, max_length=ID)
    request_id: str | None = Field(default=None, max_length=ID)
    published: str | None = None
    received_on: date | None = None
    receipt: str | None = None


class Release(ReleaseFields, Held, table=True):
    """A release that left the house."""

    __table_args__ = (
        *held(),
        sa.CheckConstraint("length(recipient) > 0 AND length(basis) > 0", name="recipient_basis"),
    )


class AnalysisRunFields(Stated):
    """One question of patterns as it was asked and answered, so that anybody may ask it again and compare the bytes.

    `parameters`, `versions` and `result` are canonical JSON (sorted keys, no spaces). `data_sha256` is over the table of
    incidents that was asked, `ledger_head` the link at which it was read.
    """

    method: str = Field(min_length=1, max_length=60)
    question: str = Field(min_length=1)
    dimension_id: str | None = Field(default=None, foreign_key="dimension.id", index=True, max_length=ID)
    group_id: str | None = Field(default=None, foreign_key="identity_group.id", max_length=ID)
    parameters: str = Field(min_length=2)
    seed: str | None = Field(default=None, max_length=40, schema_extra={"pattern": r"^[0-9]+$"})
    data_sha256: str = Field(max_length=64, schema_extra={"pattern": r"^[0-9a-f]{64}$"})
    ledger_head: str = Field(max_length=64)
    versions: str = Field(min_length=2)
    result: str = Field(min_length=2)
    result_sha256: str = Field(max_length=64, schema_extra={"pattern": r"^[0-9a-f]{64}$"})
    name: str | None = Field(default=None, max_length=120)


class AnalysisRun(AnalysisRunFields, Held, table=True):
    """An analysis that was run on the record; `code` is what people call it by. What was run is never amended."""

    __tablename__ = "analysis_run"
    __table_args__ = (
        *held(),
        sa.CheckConstraint("length(data_sha256) = 64 AND length(result_sha256) = 64", name="hashes_whole"),
    )

    code: str = Field(unique=True, max_length=14)


class Revision(SQLModel, table=True):
    """One link of the chain: who did what to which record, when and why, and a salted digest of its body.

    Insert-only: the database refuses UPDATE, DELETE and replacement.
    """

    __table_args__ = (sa.Index("ix_revision_record", "record_kind", "record_id", "seq"),)

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    at: str = Field(max_length=27)
    actor: str = Field(max_length=80)
    record_kind: str = Field(max_length=32)
    record_id: str = Field(max_length=36)
    operation: Operation = Field(sa_type=terms(Operation))
    reason: str
    batch_id: str | None = Field(default=None, index=True, max_length=36)
    digest: str = Field(max_length=64)
    hash: str = Field(max_length=64)


class RevisionBody(SQLModel, table=True):
    """What a revision's digest was taken over: the salt and the record before and after, as canonical JSON.

    Insert-only, except that a body may leave once an `erase` revision of the same record stands later in the chain.
    """

    __tablename__ = "revision_body"

    seq: int = Field(primary_key=True, foreign_key="revision.seq", sa_column_kwargs={"autoincrement": False})
    salt: str = Field(max_length=32)
    before: str | None = None
    after: str | None = None


class LedgerHead(SQLModel, table=True):
    """The last link, locked while a writer appends. One row."""

    __tablename__ = "ledger_head"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    seq: int = 0
    hash: str = Field(max_length=64)
