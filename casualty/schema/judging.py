"""What reviewers keep beside the incident: corrections asked for, second codings, and judgements of two victim rows.

This package does not postpone the evaluation of annotations: SQLModel needs the types themselves.
"""

from datetime import date

import sqlalchemy as sa
from sqlmodel import Field

from casualty.schema.base import ID, MOST, Held, codes, held, terms
from casualty.schema.incident import Stated
from casualty.vocabulary import (
    AskedBy,
    CorrectionAnswer,
    DatePrecision,
    IncidentStatus,
    IncidentType,
    PlacePrecision,
    SameOrNot,
)


class CorrectionFields(Stated):
    """What somebody asks to have corrected, and what they were answered."""

    incident_id: str | None = Field(default=None, foreign_key="incident.id", index=True, max_length=ID)
    victim_id: str | None = Field(default=None, foreign_key="victim.id", max_length=ID)
    asked_by: AskedBy = Field(sa_type=terms(AskedBy))
    received_on: date
    wanted: str = Field(min_length=1)
    contact: str | None = None
    answer: CorrectionAnswer = Field(
        default=CorrectionAnswer.OPEN, sa_type=terms(CorrectionAnswer, "correction_answer"), index=True
    )
    answer_reasons: str | None = None
    answered_on: date | None = None


class Correction(CorrectionFields, Held, table=True):
    """A request for a correction; an answer names its reasons and its day."""

    __table_args__ = (
        *held(),
        sa.CheckConstraint(
            "(answer = 'open') = (answered_on IS NULL) AND (answer = 'open' OR coalesce(length(answer_reasons), 0) > 0)",
            name="answer_reasoned",
        ),
        sa.CheckConstraint("length(wanted) > 0", name="wanted_stated"),
    )


class CodingSampleFields(Stated):
    """A random sample of incidents for a second coder, who does not see how they were coded at first.

    `incidents` is the drawn incidents' ids as a JSON list, in the order drawn; `population` of how many.
    """

    coder: str = Field(min_length=1, max_length=80)
    seed: int = Field(ge=0, le=MOST)
    drawn_from: str = Field(min_length=1, max_length=400)
    population: int = Field(ge=1, le=MOST)
    incidents: str = Field(min_length=2)


class CodingSample(CodingSampleFields, Held, table=True):
    """A sample for a second coder."""

    __tablename__ = "coding_sample"
    __table_args__ = (*held(), sa.CheckConstraint("population >= 1", name="population_sign"))


class CodingFields(Stated):
    """How the second coder coded one incident, from its documents alone."""

    sample_id: str = Field(foreign_key="coding_sample.id", index=True, max_length=ID)
    incident_id: str = Field(foreign_key="incident.id", index=True, max_length=ID)
    incident_type: IncidentType = Field(sa_type=terms(IncidentType))
    date_precision: int | None = Field(default=None, ge=1, le=5)
    place_precision: int | None = Field(default=None, ge=1, le=7)
    killed_best: int | None = Field(default=None, ge=0, le=MOST)
    to_status: IncidentStatus = Field(sa_type=terms(IncidentStatus, "to_status"))
    note: str | None = None


class Coding(CodingFields, Held, table=True):
    """A second coding; one for each incident of a sample."""

    __table_args__ = (
        *held(),
        codes("date_precision", DatePrecision),
        codes("place_precision", PlacePrecision),
        sa.CheckConstraint("killed_best >= 0", name="killed_best_sign"),
        sa.UniqueConstraint("sample_id", "incident_id"),
    )


class PairingFields(Stated):
    """What a reviewer judged of two victim rows: if they are the same person, `victim_id` is counted as `other_id`."""

    victim_id: str = Field(foreign_key="victim.id", index=True, max_length=ID)
    other_id: str = Field(foreign_key="victim.id", index=True, max_length=ID)
    verdict: SameOrNot = Field(sa_type=terms(SameOrNot, "verdict"))
    reasons: str = Field(min_length=1)


class Pairing(PairingFields, Held, table=True):
    """A judged pair of victim rows. A row is counted as one other row at most, so that chains end in one person."""

    __table_args__ = (
        *held(),
        sa.UniqueConstraint("victim_id", "other_id"),
        sa.Index(
            "uq_pairing_counted_once", "victim_id", unique=True,
            sqlite_where=sa.text("verdict = 'same' AND withdrawn_at IS NULL"),
            postgresql_where=sa.text("verdict = 'same' AND withdrawn_at IS NULL"),
        ),
        sa.CheckConstraint("victim_id <> other_id", name="two_rows"),
        sa.CheckConstraint("length(reasons) > 0", name="reasons_given"),
    )  # fmt: skip
