"""What a public or a partner package is made on: read once, before the incidents go by.

Consents, names, areas, sources and groups of the whole record, as far as one incident's rows do not tell them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from casualty import frames
from casualty.disclosure import INSTITUTIONS, Phrases
from casualty.disclosure.masking import Area, Masker, side_m
from casualty.disclosure.naming import PUBLIC, Pseudonyms
from casualty.release.withholding import AGREED, withheld
from casualty.store import Store
from casualty.vocabulary import ConsentPurpose, IncidentStatus, Sensitivity, Tier

PURPOSE = {Tier.PUBLIC: ConsentPurpose.PUBLISH_AGGREGATE, Tier.PARTNER: ConsentPurpose.SHARE_HUMANITARIAN}
REVIEWED = frozenset({IncidentStatus.CORROBORATED.value, IncidentStatus.VERIFIED.value})
PRIVATE = "private person, or not told"
UNKNOWN = "not known"

# Whoever guesses the middle of a unit of this side is within the least displacement of one place in thirty or so.
LEAST_SIDE_M = 20_000.0
SMALL = "units too small to be told"


@dataclass(frozen=True, slots=True)
class Moment:
    """The store as it stands in one transaction, for what reads it through `rows`."""

    connection: sa.Connection

    def rows(self, statement: sa.Executable, **parameters: object) -> Sequence[sa.Row[Any]]:
        """Return the rows of a query."""
        return self.connection.execute(statement, parameters).all()


@dataclass(frozen=True)
class Consents:
    """Victims by what was answered: `refused` in public or to partners; `agreed` to be shown alive; `named` in public."""

    refused: frozenset[str]
    agreed: frozenset[str]
    named: frozenset[str]


@dataclass(frozen=True)
class Units:
    """Administrative units: names by code, shapes by code, and the incidents' units of the first and second order.

    A unit so small that its name alone would tell the place is not among them: the next larger one is told, or SMALL.
    """

    names: dict[str, str]
    shapes: dict[str, Any]
    first: dict[str, str | None]
    second: dict[str, str | None]


@dataclass(frozen=True)
class Ground:
    """All of it, for one package. `kept`: incidents of which only the figures are told, by the reason."""

    tier: Tier
    ids: Pseudonyms
    consents: Consents
    hidden: Phrases
    units: Units
    areas: dict[str, Area]
    masker: Masker
    counted: dict[str, str]
    elsewhere: dict[str, int]
    sources: dict[str, tuple[str, str]]
    documents: dict[str, str | None]
    groups: dict[str, tuple[str, str]]
    belonging: dict[str, set[str]]


def read(connection: sa.Connection, tier: Tier, recipient: str, secret: bytes) -> Ground:
    """Return the ground of a package of the public or the partner tier."""
    moment = cast(Store, Moment(connection))
    consents = _consents(connection, PURPOSE[tier])
    units = _units(moment)
    counted = frames.counted_as(moment)
    groups = _groups(connection)
    return Ground(
        tier=tier,
        ids=Pseudonyms(secret, PUBLIC if tier is Tier.PUBLIC else recipient),
        consents=consents,
        hidden=_hidden(connection, tier, consents.named),
        units=units,
        areas={code: Area.of(code, shape) for code, shape in units.shapes.items()},
        masker=Masker(secret, _places(connection)),
        counted=counted,
        elsewhere=frames.counted_elsewhere(moment, counted),
        sources={
            row.id: (row.kind, row.reliability or "not rated")
            for row in connection.execute(sa.text("SELECT id, kind, reliability FROM source"))
        },
        documents={row.id: row.source_id for row in connection.execute(sa.text("SELECT id, source_id FROM document"))},
        groups=groups,
        belonging=_belonging(connection, counted, groups),
    )


def _consents(connection: sa.Connection, purpose: ConsentPurpose) -> Consents:
    """A refusal that stands outweighs what else was said of the same person; silence is no consent to be named."""
    said: dict[tuple[str, bool], set[str]] = {}
    for victim, asked, value in connection.execute(
        sa.text("SELECT victim_id, purpose, value FROM consent WHERE withdrawn_at IS NULL AND victim_id IS NOT NULL")
    ):
        said.setdefault((asked, value in AGREED), set()).add(victim)

    def of(asked: ConsentPurpose, agreed: bool) -> set[str]:
        return said.get((asked.value, agreed), set())

    named = of(ConsentPurpose.PUBLISH_INDIVIDUAL, True) - of(ConsentPurpose.PUBLISH_INDIVIDUAL, False)
    # A person left out of one tier's tables and not of the other's would be the difference of the two.
    refused = {victim for asked in PURPOSE.values() for victim in of(asked, False)}
    return Consents(frozenset(refused), frozenset(of(purpose, True) - refused), frozenset(named))


def _hidden(connection: sa.Connection, tier: Tier, named: frozenset[str]) -> Phrases:
    """Return what no text may name: victims whose names may not be published, private sources, what a commission is not told.

    And every identity group: which group was harmed where is told in tables, if enough people stand in them (R70).
    """
    names = connection.execute(sa.text("SELECT victim_id, name FROM victim_name"))
    told = withheld(connection, PURPOSE[tier])
    sources = connection.execute(sa.text("SELECT name, kind FROM source"))
    private = [name for name, kind in sources if kind not in INSTITUTIONS]
    groups = [
        word for row in connection.execute(sa.text("SELECT label, label_local FROM identity_group")) for word in row
    ]
    own = Phrases.of([*(name for victim, name in names if victim not in named), *private, *groups])
    return Phrases.merged(own, told.phrases)


def _units(moment: Store) -> Units:
    import pandas as pd
    import shapely

    rows = moment.rows(
        sa.text(
            "SELECT pcode, name, level, geometry, boundary_set FROM admin_unit WHERE withdrawn_at IS NULL"
            " ORDER BY recorded_at DESC, id DESC"
        )
    )
    latest = [row for row in rows if row.boundary_set == rows[0].boundary_set]
    columns = ["id", "pcode", "admin1", "admin2", "lat", "lon", "place_precision"]
    held = moment.rows(
        sa.text(
            f"SELECT {', '.join(columns)} FROM incident WHERE withdrawn_at IS NULL AND merged_into_id IS NULL ORDER BY id"
        )
    )
    shapes = {row.pcode: shapely.from_geojson(row.geometry) for row in latest if row.geometry and row.level in (1, 2)}
    small = {code for code, shape in shapes.items() if side_m(shape) < LEAST_SIDE_M}
    frame = pd.DataFrame([tuple(row) for row in held], columns=columns)
    frame[["lat", "lon", "place_precision"]] = frame[["lat", "lon", "place_precision"]].astype("float64")
    first, second = frames.areas(moment, 1, frame), frames.areas(moment, 2, frame)
    return Units(
        {row.pcode: row.name for row in latest if row.pcode not in small},
        {code: shape for code, shape in shapes.items() if code not in small},
        {key: SMALL if code in small else code for key, code in first.items()},
        {key: None if code in small or first.get(key) in small else code for key, code in second.items()},
    )


def _places(connection: sa.Connection) -> list[tuple[float, float]]:
    rows = connection.execute(sa.text("SELECT DISTINCT lon, lat FROM incident WHERE lat IS NOT NULL"))
    return [(row.lon, row.lat) for row in rows]


def _groups(connection: sa.Connection) -> dict[str, tuple[str, str]]:
    """Return (dimension, group) by the group's id, of the dimensions that are switched on under an assessment."""
    rows = connection.execute(
        sa.text(
            "SELECT g.id, d.label AS dimension, g.label FROM identity_group g JOIN dimension d ON d.id = g.dimension_id"
            " WHERE d.state = 'on' AND d.withdrawn_at IS NULL"
        )
    )
    return {row.id: (row.dimension, row.label) for row in rows}


def _belonging(
    connection: sa.Connection, counted: dict[str, str], groups: dict[str, tuple[str, str]]
) -> dict[str, set[str]]:
    """Return the groups of people who stand in several rows, by the row that counts (as `frames.attributions`)."""
    if not counted:
        return {}
    found: dict[str, set[str]] = {}
    for victim, group in connection.execute(sa.text(OWN)):
        if group in groups and (victim in counted or victim in counted.values()):
            found.setdefault(counted.get(victim, victim), set()).add(group)
    return found


OWN = (
    "SELECT a.victim_id, a.group_id FROM attribution a WHERE a.group_id IS NOT NULL AND a.sense = 'own'"
    " AND a.basis <> 'person_inferred' AND (a.victim_id IN (SELECT victim_id FROM pairing)"
    " OR a.victim_id IN (SELECT other_id FROM pairing))"
)


def kept_back(incident: dict[str, Any]) -> str | None:
    """Return why of an incident only its figures are told, or None: how sensitive it is, or that it is a draft."""
    if incident["sensitivity"] in (Sensitivity.HIGH, Sensitivity.SEVERE):
        return "severe"
    return "draft" if incident["status"] == IncidentStatus.DRAFT else None
