"""The incident and all that stands under it: claims, involvements, victims, names, attributions, acts, reviews.

Each `...Fields` class is what a person may state, validated; each table adds keys and the checks that hold
against raw SQL too. Every child carries `incident_id`, so an incident is read and rebuilt as one body.
"""

from datetime import date

import sqlalchemy as sa
from pydantic import field_validator
from sqlmodel import Field, SQLModel

from casualty.schema.base import ID, MOST, Held, codes, counts, either, held, point, terms, together
from casualty.vocabulary import (
    ActKind,
    AgeBand,
    AttributionBasis,
    Cause,
    CivilStatus,
    Confidence,
    Credibility,
    DatePrecision,
    Harm,
    IdentitySense,
    IncidentStatus,
    IncidentType,
    InvolvementResponse,
    InvolvementRole,
    Missing,
    NameKind,
    PlacePrecision,
    Sensitivity,
    Sex,
    StandardOfProof,
    VictimKind,
)


class Stated(SQLModel):
    """Base of what a person states: unknown field names are refused, so that no value is silently dropped."""

    model_config = {"extra": "forbid", "str_strip_whitespace": True, "allow_inf_nan": False, "defer_build": True}

    @field_validator("lat", "lon", "uncertainty_m", "age_years", "age_low", "age_high", "number", check_fields=False)
    @classmethod
    def _one_zero(cls, value: float | None) -> float | None:
        """Make -0.0 plain 0.0: SQLite keeps no sign of a zero, so the signed body would differ from the row."""
        return value or (None if value is None else 0.0)


class IncidentFields(Stated):
    """What is held of an incident; everything but a date, a place, a number and a source may be left out."""

    situation_id: str | None = Field(default=None, foreign_key="situation.id", max_length=ID)
    incident_type: IncidentType = Field(default=IncidentType.NOT_RECORDED, sa_type=terms(IncidentType))
    title: str | None = Field(default=None, max_length=300)
    date_start: date | None = Field(default=None, index=True)
    date_end: date | None = None
    date_precision: int | None = Field(default=None, ge=1, le=5)
    date_missing: Missing | None = Field(default=None, sa_type=terms(Missing, "date_missing"))
    date_as_reported: str | None = Field(default=None, max_length=300)
    time_of_day: str | None = Field(default=None, max_length=120)
    report_date: date | None = None
    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)
    place_precision: int | None = Field(default=None, ge=1, le=7)
    uncertainty_m: float | None = Field(default=None, ge=0)
    place_as_reported: str | None = Field(default=None, max_length=1000)
    place_missing: Missing | None = Field(default=None, sa_type=terms(Missing, "place_missing"))
    country: str | None = Field(default=None, max_length=120)
    admin1: str | None = Field(default=None, max_length=200)
    admin2: str | None = Field(default=None, max_length=200)
    pcode: str | None = Field(default=None, max_length=40, index=True)
    boundary_set: str | None = Field(default=None, max_length=80)
    killed_low: int | None = Field(default=None, ge=0, le=MOST)
    killed_best: int | None = Field(default=None, ge=0, le=MOST)
    killed_high: int | None = Field(default=None, ge=0, le=MOST)
    injured_low: int | None = Field(default=None, ge=0, le=MOST)
    injured_best: int | None = Field(default=None, ge=0, le=MOST)
    injured_high: int | None = Field(default=None, ge=0, le=MOST)
    missing_low: int | None = Field(default=None, ge=0, le=MOST)
    missing_best: int | None = Field(default=None, ge=0, le=MOST)
    missing_high: int | None = Field(default=None, ge=0, le=MOST)
    count_conflict: bool = False
    counted_how: str | None = Field(default=None, max_length=300)
    clarity: int | None = Field(default=None, ge=1, le=2)
    narrative_public: str | None = None
    narrative_restricted: str | None = None


class Incident(IncidentFields, Held, table=True):
    """An event in which people came to harm, as held after weighing what the sources say."""

    __table_args__ = (
        *held(),
        *point(),
        *(check for prefix in ("killed", "injured", "missing") for check in counts(prefix)),
        codes("date_precision", DatePrecision),
        codes("place_precision", PlacePrecision),
        either("date_known", "date_start", "date_missing"),
        together("date_span", "date_start", "date_end"),
        sa.CheckConstraint("date_end >= date_start", name="date_order"),
        sa.CheckConstraint(
            "(lat IS NULL AND place_as_reported IS NULL AND pcode IS NULL AND admin2 IS NULL AND admin1 IS NULL"
            " AND country IS NULL) = (place_missing IS NOT NULL)",
            name="place_known",
        ),
        sa.CheckConstraint("uncertainty_m >= 0", name="uncertainty_sign"),
        sa.CheckConstraint("clarity IN (1, 2)", name="clarity_code"),
        sa.CheckConstraint("(status = 'duplicate') = (merged_into_id IS NOT NULL)", name="merge_status"),
        sa.CheckConstraint("(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_status"),
        sa.CheckConstraint("merged_into_id <> id", name="merge_self"),
        sa.Index("ix_incident_lat_lon", "lat", "lon"),
        sa.Index("ix_incident_status_recorded_at", "status", "recorded_at"),
    )

    code: str = Field(unique=True, max_length=16)
    status: IncidentStatus = Field(default=IncidentStatus.DRAFT, sa_type=terms(IncidentStatus), index=True)
    merged_into_id: str | None = Field(default=None, foreign_key="incident.id", index=True, max_length=ID)


class ClaimFields(Stated):
    """What one document says of an incident: its own figures, date and actor, and where it says so."""

    document_id: str = Field(foreign_key="document.id", index=True, max_length=ID)
    source_id: str | None = Field(default=None, foreign_key="source.id", max_length=ID)
    origin_id: str | None = Field(default=None, foreign_key="origin.id", max_length=ID)
    locator: str | None = Field(default=None, max_length=200)
    killed_low: int | None = Field(default=None, ge=0, le=MOST)
    killed_best: int | None = Field(default=None, ge=0, le=MOST)
    killed_high: int | None = Field(default=None, ge=0, le=MOST)
    injured_low: int | None = Field(default=None, ge=0, le=MOST)
    injured_best: int | None = Field(default=None, ge=0, le=MOST)
    injured_high: int | None = Field(default=None, ge=0, le=MOST)
    count_conflict: bool = False
    date_as_reported: str | None = Field(default=None, max_length=300)
    actor_as_reported: str | None = Field(default=None, max_length=400)
    cited: str | None = None
    credibility: Credibility | None = Field(default=None, sa_type=terms(Credibility))
    stated: str | None = None


class Claim(ClaimFields, table=True):
    """A claim; one that came by intake also carries its key (data set, id, how many times before) and digest.

    `stated` is the row as read, in JSON. A newer version of the data set adds a claim and marks the old one
    `superseded`; a withdrawn batch marks its claims `withdrawn`. Neither is ever rewritten or removed.
    """

    __table_args__ = (
        *(check for prefix in ("killed", "injured") for check in counts(prefix)),
        together("intake_key", "dataset", "external_id", "occurrence", "row_number", "batch_id", "digest"),
        sa.CheckConstraint("standing IN ('current', 'superseded', 'withdrawn')", name="standing_terms"),
        sa.Index("ix_claim_standing_speaker", "standing", "source_id", "document_id", "incident_id"),
        sa.Index(
            "uq_claim_current_key", "dataset", "external_id", "occurrence", unique=True,
            sqlite_where=sa.text("standing = 'current' AND dataset IS NOT NULL"),
            postgresql_where=sa.text("standing = 'current' AND dataset IS NOT NULL"),
        ),
    )  # fmt: skip

    id: str = Field(primary_key=True, max_length=ID)
    incident_id: str = Field(foreign_key="incident.id", index=True, max_length=ID)
    standing: str = Field(default="current", max_length=16)
    dataset: str | None = Field(default=None, max_length=120)
    external_id: str | None = Field(default=None, max_length=200)
    occurrence: int | None = Field(default=None, ge=0, le=MOST)
    row_number: int | None = Field(default=None, ge=1)
    batch_id: str | None = Field(default=None, foreign_key="batch.id", index=True, max_length=ID)
    digest: str | None = Field(default=None, max_length=64)


class InvolvementFields(Stated):
    """An allegation that an actor, or an unknown one, had a part in the incident."""

    actor_id: str | None = Field(default=None, foreign_key="actor.id", index=True, max_length=ID)
    actor_missing: Missing | None = Field(default=None, sa_type=terms(Missing, "actor_missing"))
    role: InvolvementRole = Field(default=InvolvementRole.NOT_RECORDED, sa_type=terms(InvolvementRole))
    confidence: Confidence = Field(default=Confidence.NOT_RECORDED, sa_type=terms(Confidence))
    response: InvolvementResponse = Field(default=InvolvementResponse.NOT_RECORDED, sa_type=terms(InvolvementResponse))
    document_id: str | None = Field(default=None, foreign_key="document.id", max_length=ID)
    note: str | None = Field(default=None, max_length=500)


class Involvement(InvolvementFields, table=True):
    """An alleged involvement; never required, and never more than an allegation."""

    __table_args__ = (
        either("actor_known", "actor_id", "actor_missing"),
        sa.Index("ix_involvement_role_actor_id", "role", "actor_id", "incident_id"),
    )

    id: str = Field(primary_key=True, max_length=ID)
    incident_id: str = Field(foreign_key="incident.id", index=True, max_length=ID)


class VictimFields(Stated):
    """A person, or an unnamed group with a low, best and high number."""

    kind: VictimKind = Field(default=VictimKind.PERSON, sa_type=terms(VictimKind))
    count_low: int | None = Field(default=None, ge=0, le=MOST)
    count_best: int | None = Field(default=None, ge=0, le=MOST)
    count_high: int | None = Field(default=None, ge=0, le=MOST)
    count_conflict: bool = False
    resolved_out_of: str | None = Field(default=None, foreign_key="victim.id", index=True, max_length=ID)
    harm: Harm = Field(default=Harm.NOT_RECORDED, sa_type=terms(Harm))
    sex: Sex = Field(default=Sex.NOT_RECORDED, sa_type=terms(Sex))
    age_years: float | None = Field(default=None, ge=0, le=130)
    age_low: float | None = Field(default=None, ge=0, le=130)
    age_high: float | None = Field(default=None, ge=0, le=130)
    age_band: AgeBand = Field(default=AgeBand.NOT_RECORDED, sa_type=terms(AgeBand))
    civil_status: CivilStatus = Field(default=CivilStatus.NOT_RECORDED, sa_type=terms(CivilStatus))
    cause: Cause = Field(default=Cause.NOT_RECORDED, sa_type=terms(Cause))
    occupation: str | None = Field(default=None, max_length=120)
    occupation_missing: Missing | None = Field(default=None, sa_type=terms(Missing, "occupation_missing"))
    date_of_death: date | None = None
    described_as: str | None = Field(default=None, max_length=400)


class Victim(VictimFields, table=True):
    """A victim. A person counts one and may be resolved out of a group of the same incident."""

    __table_args__ = (
        *counts("count"),
        sa.CheckConstraint(
            "kind <> 'person' OR (coalesce(count_low, 0) = 1 AND coalesce(count_best, 0) = 1 AND coalesce(count_high, 0) = 1)",
            name="person_counts_one",
        ),
        sa.CheckConstraint("resolved_out_of IS NULL OR kind = 'person'", name="only_persons_resolve"),
        sa.CheckConstraint("age_low <= age_high", name="age_order"),
        sa.CheckConstraint("age_years BETWEEN 0 AND 130", name="age_range"),
        sa.CheckConstraint("occupation IS NULL OR occupation_missing IS NULL", name="occupation_known"),
    )

    id: str = Field(primary_key=True, max_length=ID)
    incident_id: str = Field(foreign_key="incident.id", index=True, max_length=ID)
    code: str = Field(unique=True, max_length=16)


class NameFields(Stated):
    """One name of a person, in the script of the source."""

    name: str = Field(min_length=1, max_length=300)
    kind: NameKind = Field(default=NameKind.FULL, sa_type=terms(NameKind))
    script: str | None = Field(default=None, max_length=4)
    language: str | None = Field(default=None, max_length=16)


class VictimName(NameFields, table=True):
    """A name. Many per person; the bytes of the source are kept as they are."""

    __tablename__ = "victim_name"

    id: str = Field(primary_key=True, max_length=ID)
    incident_id: str = Field(foreign_key="incident.id", index=True, max_length=ID)
    victim_id: str = Field(foreign_key="victim.id", index=True, max_length=ID)


class AttributionFields(Stated):
    """An identity attributed to a victim, with its basis; or the reason why none is known."""

    dimension_id: str = Field(foreign_key="dimension.id", index=True, max_length=ID)
    group_id: str | None = Field(default=None, foreign_key="identity_group.id", index=True, max_length=ID)
    group_missing: Missing | None = Field(default=None, sa_type=terms(Missing, "group_missing"))
    sense: IdentitySense = Field(default=IdentitySense.OWN, sa_type=terms(IdentitySense))
    basis: AttributionBasis = Field(sa_type=terms(AttributionBasis))
    confidence: Confidence = Field(default=Confidence.NOT_RECORDED, sa_type=terms(Confidence))
    document_id: str | None = Field(default=None, foreign_key="document.id", max_length=ID)


class Attribution(AttributionFields, table=True):
    """An identity attribution: a sourced row; two that disagree are both kept."""

    __table_args__ = (either("group_known", "group_id", "group_missing"),)

    id: str = Field(primary_key=True, max_length=ID)
    incident_id: str = Field(foreign_key="incident.id", index=True, max_length=ID)
    victim_id: str = Field(foreign_key="victim.id", index=True, max_length=ID)


class ActFields(Stated):
    """What was done to a victim, and by which alleged involvement."""

    kind: ActKind = Field(sa_type=terms(ActKind))
    victim_id: str | None = Field(default=None, foreign_key="victim.id", index=True, max_length=ID)
    involvement_id: str | None = Field(default=None, foreign_key="involvement.id", max_length=ID)
    means: str | None = Field(default=None, max_length=300)
    note: str | None = Field(default=None, max_length=500)


class Act(ActFields, table=True):
    """An act: victim by kind of act by alleged involvement."""

    id: str = Field(primary_key=True, max_length=ID)
    incident_id: str = Field(foreign_key="incident.id", index=True, max_length=ID)


class ReviewFields(Stated):
    """A judgement as a reviewer writes it."""

    to_status: IncidentStatus = Field(sa_type=terms(IncidentStatus, "to_status"))
    reasons: str = Field(min_length=1)
    standard_of_proof: StandardOfProof = Field(default=StandardOfProof.NOT_STATED, sa_type=terms(StandardOfProof))


class Review(ReviewFields, table=True):
    """A signed, dated judgement. Its author is never the one who recorded the incident."""

    __table_args__ = (
        sa.CheckConstraint("reviewer <> recorder", name="second_person"),
        sa.CheckConstraint("to_status <> 'verified' OR standard_of_proof <> 'not_stated'", name="verified_standard"),
        sa.CheckConstraint("length(reasons) > 0", name="reasons_given"),
    )

    id: str = Field(primary_key=True, max_length=ID)
    incident_id: str = Field(foreign_key="incident.id", index=True, max_length=ID)
    from_status: IncidentStatus = Field(sa_type=terms(IncidentStatus, "from_status"))
    reviewer: str = Field(max_length=80)
    recorder: str = Field(max_length=80)
    reviewed_at: str = Field(max_length=27)


class ActDraft(Stated):
    """An act as stated of a victim; `involvement` names the alleged involvement by its id, or by its `ref` in the draft."""

    kind: ActKind
    means: str | None = Field(default=None, max_length=300)
    note: str | None = Field(default=None, max_length=500)
    involvement: str | None = None


class InvolvementDraft(InvolvementFields):
    """An alleged involvement as stated; `id` is kept when the incident is amended, `ref` lets an act point at a new one."""

    id: str | None = None
    ref: str | None = None


class VictimDraft(VictimFields):
    """A victim as stated, with names, attributions and acts; `id` is kept when an existing victim is amended.

    `ref` names a group within the draft, so that a person's `resolved_out_of` can point at it. An act may be given as its
    kind alone.
    """

    id: str | None = None
    ref: str | None = None
    names: list[NameFields] = Field(default_factory=list)
    attributions: list[AttributionFields] = Field(default_factory=list)
    acts: list[ActDraft] = Field(default_factory=list)

    @field_validator("acts", mode="before")
    @classmethod
    def _kinds_alone(cls, acts: object) -> object:
        """Take a kind alone for an act of that kind."""
        return [{"kind": act} if isinstance(act, str) else act for act in acts] if isinstance(acts, list) else acts


class IncidentDraft(IncidentFields):
    """A whole incident as one person states it, ready for the rules."""

    sensitivity: Sensitivity = Sensitivity.MODERATE
    claims: list[ClaimFields] = Field(default_factory=list)
    involvements: list[InvolvementDraft] = Field(default_factory=list)
    victims: list[VictimDraft] = Field(default_factory=list)
