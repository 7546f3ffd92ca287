"""What lies on the desks: sign-ins, forms being typed, who works on what. None of it is evidence, none is in the ledger.

A row here may be rewritten and removed; nothing of it leaves the house. What is saved becomes a record, through the
store, with its revision.
"""

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from casualty.schema.base import ID


class Session(SQLModel, table=True):
    """A sign-in that lives: the SHA-256 of its token, whose it is, and when it was last used (UTC)."""

    token_digest: str = Field(primary_key=True, max_length=64)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=ID)
    begun_at: str = Field(max_length=27)
    used_at: str = Field(max_length=27)


class Unfinished(SQLModel, table=True):
    """What somebody is typing and has not saved: the fields as typed, in JSON, kept as they come in.

    `incident_id` and `version` say what is being amended. `saved_id` is what it became, so that saving it again
    makes nothing new; `typed` is then empty.
    """

    __table_args__ = (sa.Index("ix_unfinished_account_typed_at", "account", "typed_at"),)

    id: str = Field(primary_key=True, max_length=ID)
    account: str = Field(max_length=80)
    incident_id: str | None = Field(default=None, foreign_key="incident.id", max_length=ID)
    version: int | None = None
    begun_at: str = Field(max_length=27)
    typed_at: str = Field(max_length=27)
    typed: str
    saved_id: str | None = Field(default=None, max_length=ID)


class Assignment(SQLModel, table=True):
    """Who is asked to review an incident."""

    incident_id: str = Field(primary_key=True, foreign_key="incident.id", max_length=ID)
    reviewer: str = Field(max_length=80, index=True)
    assigned_by: str = Field(max_length=80)
    assigned_at: str = Field(max_length=27)


class Viewing(SQLModel, table=True):
    """Who has an incident open, and when the page last said so (UTC)."""

    incident_id: str = Field(primary_key=True, foreign_key="incident.id", max_length=ID)
    account: str = Field(primary_key=True, max_length=80)
    seen_at: str = Field(max_length=27)


class SavedFilter(SQLModel, table=True):
    """A filter that somebody keeps under a name of their own: its canonical text, as it stands in an address."""

    __tablename__ = "saved_filter"

    account: str = Field(primary_key=True, max_length=80)
    name: str = Field(primary_key=True, max_length=120)
    filter: str
    saved_at: str = Field(max_length=27)


class Visit(SQLModel, table=True):
    """What somebody last saw of a situation (`place`: its id, or all): the ledger's link `seq`, when the page was last open.

    `since_seq` and `since_at` are those of the visit before this one: what came after them is new.
    """

    account: str = Field(primary_key=True, max_length=80)
    place: str = Field(primary_key=True, max_length=ID)
    seq: int
    at: str = Field(max_length=27)
    since_seq: int
    since_at: str = Field(max_length=27)


class Seal(SQLModel, table=True):
    """A secret of this house (hex), made once and never shown: by one its packages are signed, by another places are moved."""

    name: str = Field(primary_key=True, max_length=40)
    secret: str
    made_at: str = Field(max_length=27)
