"""What incidents refer to: situations, identity, actors, sources, documents, origins, units, population, consent."""

from datetime import date

import sqlalchemy as sa
from sqlmodel import Field

from casualty.schema.base import ID, Held, held, point, terms
from casualty.schema.incident import Stated
from casualty.vocabulary import (
    ActorKind,
    ConsentPurpose,
    ConsentValue,
    DimensionState,
    GenocideGround,
    PersecutionGround,
    Reliability,
    SituationKind,
    SourceKind,
)


class SituationFields(Stated):
    """A setting of violence, with its legal classification and who classified it."""

    name: str = Field(min_length=1, max_length=200)
    kind: SituationKind = Field(default=SituationKind.NOT_ASSESSED, sa_type=terms(SituationKind))
    classified_by: str | None = Field(default=None, max_length=200)
    date_start: date | None = None
    date_end: date | None = None


class Situation(SituationFields, Held, table=True):
    """A situation. A classification names its authority."""

    __table_args__ = (
        *held(),
        sa.UniqueConstraint("name"),
        sa.CheckConstraint("kind = 'not_assessed' OR classified_by IS NOT NULL", name="classified_by_whom"),
        sa.CheckConstraint("date_end >= date_start", name="date_order"),
    )


class DimensionFields(Stated):
    """A dimension of identity, such as ethnicity; switched on only under a protection assessment."""

    code: str = Field(min_length=1, max_length=60)
    label: str = Field(min_length=1, max_length=200)
    genocide_ground: GenocideGround | None = Field(default=None, sa_type=terms(GenocideGround))
    persecution_ground: PersecutionGround | None = Field(default=None, sa_type=terms(PersecutionGround))
    state: DimensionState = Field(default=DimensionState.OFF, sa_type=terms(DimensionState))
    assessment: str | None = None


class Dimension(DimensionFields, Held, table=True):
    """An identity dimension. Political and gender groups are grounds of persecution, not of the Convention."""

    __table_args__ = (
        *held(),
        sa.UniqueConstraint("code"),
        sa.CheckConstraint("state <> 'on' OR coalesce(length(assessment), 0) > 0", name="assessment_first"),
    )


class GroupFields(Stated):
    """A group within a dimension; hierarchical, with its time of use."""

    dimension_id: str = Field(foreign_key="dimension.id", index=True, max_length=ID)
    code: str = Field(min_length=1, max_length=80)
    label: str = Field(min_length=1, max_length=200)
    label_local: str | None = Field(default=None, max_length=200)
    parent_id: str | None = Field(default=None, foreign_key="identity_group.id", max_length=ID)
    valid_from: date | None = None
    valid_to: date | None = None
    contested: bool = False
    note: str | None = None


class IdentityGroup(GroupFields, Held, table=True):
    """An identity group: a row that a deployment adds, never a term of ours."""

    __tablename__ = "identity_group"
    __table_args__ = (
        *held(),
        sa.UniqueConstraint("dimension_id", "code"),
        sa.CheckConstraint("parent_id <> id", name="parent_self"),
        sa.CheckConstraint("valid_to >= valid_from", name="validity"),
    )


class ActorFields(Stated):
    """A party by its name, with its kind and its codes elsewhere."""

    name: str = Field(min_length=1, max_length=300)
    kind: ActorKind = Field(default=ActorKind.NOT_RECORDED, sa_type=terms(ActorKind))
    aliases: str | None = None
    parent_id: str | None = Field(default=None, foreign_key="actor.id", max_length=ID)
    affiliation: str | None = Field(default=None, max_length=200)
    external_id: str | None = Field(default=None, max_length=80)


class Actor(ActorFields, Held, table=True):
    """An actor. A name among many; involvement is always an allegation elsewhere."""

    __table_args__ = (*held(), sa.UniqueConstraint("name"), sa.CheckConstraint("parent_id <> id", name="parent_self"))


class SourceFields(Stated):
    """Who says something: rated for reliability apart from what is said."""

    name: str = Field(min_length=1, max_length=300)
    kind: SourceKind = Field(default=SourceKind.NOT_RECORDED, sa_type=terms(SourceKind))
    reliability: Reliability | None = Field(default=None, sa_type=terms(Reliability))
    affiliation: str | None = Field(default=None, max_length=300)


class Source(SourceFields, Held, table=True):
    """A source."""

    __table_args__ = (*held(), sa.UniqueConstraint("name"))


class DocumentFields(Stated):
    """A file or a page: known by its SHA-256, taken before anything else touched it."""

    title: str = Field(min_length=1, max_length=400)
    source_id: str | None = Field(default=None, foreign_key="source.id", max_length=ID)
    sha256: str | None = Field(default=None, max_length=64)
    bytes: int | None = Field(default=None, ge=0, le=2**63 - 1, sa_type=sa.BigInteger)
    media_type: str | None = Field(default=None, max_length=100)
    url: str | None = Field(default=None, max_length=2000)
    retrieved_at: str | None = Field(default=None, max_length=27)
    language: str | None = Field(default=None, max_length=16)
    custody_note: str | None = None
    file_name: str | None = Field(default=None, max_length=300)


class Document(DocumentFields, Held, table=True):
    """A document that makes claims."""

    __table_args__ = (
        *held(),
        sa.CheckConstraint("sha256 IS NULL OR length(sha256) = 64", name="sha256_length"),
        sa.Index("ix_document_sha256", "sha256"),
    )


class OriginFields(Stated):
    """Where a report first came from: three papers on one wire are one origin."""

    label: str = Field(min_length=1, max_length=300)
    note: str | None = None


class Origin(OriginFields, Held, table=True):
    """An independence cluster of claims."""

    __table_args__ = (*held(), sa.UniqueConstraint("label"))


class AdminUnitFields(Stated):
    """An administrative unit by P-code, within a named version of the boundaries.

    `geometry` is GeoJSON in WGS 84, longitude first (RFC 7946). P-codes are strings.
    """

    pcode: str = Field(min_length=1, max_length=40)
    boundary_set: str = Field(min_length=1, max_length=80)
    name: str = Field(min_length=1, max_length=200)
    name_local: str | None = Field(default=None, max_length=200)
    level: int = Field(ge=0, le=6)
    parent_pcode: str | None = Field(default=None, max_length=40)
    valid_from: date | None = None
    valid_to: date | None = None
    lat: float | None = Field(default=None, ge=-90, le=90)
    lon: float | None = Field(default=None, ge=-180, le=180)
    geometry: str | None = None


class AdminUnit(AdminUnitFields, Held, table=True):
    """An administrative unit."""

    __tablename__ = "admin_unit"
    __table_args__ = (
        *held(),
        *point(),
        sa.UniqueConstraint("boundary_set", "pcode"),
        sa.CheckConstraint("level BETWEEN 0 AND 6", name="level_range"),
        sa.CheckConstraint("valid_to >= valid_from", name="validity"),
    )


class NamedPlaceFields(Stated):
    """A place that a deployment knows by name: `also` holds its other names, in any script, divided by `|`.

    WGS 84, degrees; `uncertainty_m` is how far off the point may lie for somebody who was only told the name.
    """

    name: str = Field(min_length=1, max_length=300)
    also: str | None = None
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    uncertainty_m: float | None = Field(default=None, ge=0)
    pcode: str | None = Field(default=None, max_length=40)
    country: str | None = Field(default=None, max_length=120)
    admin1: str | None = Field(default=None, max_length=200)


class NamedPlace(NamedPlaceFields, Held, table=True):
    """A named place of a deployment's own list."""

    __tablename__ = "named_place"
    __table_args__ = (
        *held(),
        sa.CheckConstraint("lat BETWEEN -90 AND 90", name="lat_range"),
        sa.CheckConstraint("lon BETWEEN -180 AND 180", name="lon_range"),
        sa.CheckConstraint("uncertainty_m >= 0", name="uncertainty_sign"),
        sa.UniqueConstraint("name", "lat", "lon"),
    )


class PopulationFields(Stated):
    """How many people of a group lived in a unit in a year, and who says so.

    `area` is a P-code, or the name of the unit as the source states it. Without `group_id` the row is the
    whole population.
    """

    area: str = Field(min_length=1, max_length=200)
    dimension_id: str | None = Field(default=None, foreign_key="dimension.id", index=True, max_length=ID)
    group_id: str | None = Field(default=None, foreign_key="identity_group.id", index=True, max_length=ID)
    year: int = Field(ge=1, le=9999)
    number: float = Field(ge=0)
    source: str = Field(min_length=1, max_length=300)
    document_id: str | None = Field(default=None, foreign_key="document.id", max_length=ID)


class Population(PopulationFields, Held, table=True):
    """A population figure: the denominator without which a rate is refused, not guessed."""

    __table_args__ = (
        *held(),
        sa.CheckConstraint("number >= 0", name="number_sign"),
        sa.CheckConstraint("(group_id IS NULL) = (dimension_id IS NULL)", name="group_dimension"),
        sa.Index("ix_population_area_year", "area", "year"),
    )


class ConsentFields(Stated):
    """What somebody agreed to, for one purpose; silence is refusal."""

    victim_id: str | None = Field(default=None, foreign_key="victim.id", index=True, max_length=ID)
    source_id: str | None = Field(default=None, foreign_key="source.id", index=True, max_length=ID)
    document_id: str | None = Field(default=None, foreign_key="document.id", index=True, max_length=ID)
    purpose: ConsentPurpose = Field(sa_type=terms(ConsentPurpose))
    value: ConsentValue = Field(default=ConsentValue.NOT_ASKED, sa_type=terms(ConsentValue))
    basis: str | None = Field(default=None, max_length=300)
    conditions: str | None = None
    given_on: date | None = None
    language: str | None = Field(default=None, max_length=16)
    taken_by: str | None = Field(default=None, max_length=80)


class Consent(ConsentFields, Held, table=True):
    """A consent, or the other basis that takes its place."""

    __table_args__ = (
        *held(),
        sa.CheckConstraint(
            "(victim_id IS NOT NULL) OR (source_id IS NOT NULL) OR (document_id IS NOT NULL)", name="subject_named"
        ),
        sa.CheckConstraint("value <> 'not_required' OR basis IS NOT NULL", name="basis_named"),
    )
