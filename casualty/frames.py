"""The record as tables for analysis and maps: the only bridge from the store to data frames.

Withdrawn and merged incidents are left out. Unknown numbers are NaN, never 0.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from casualty import rules
from casualty.errors import NotFound
from casualty.linkage import fold
from casualty.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from geo.places import Locator

AT_ONCE = 500  # ids asked for in one query
TIER_OF = {"verified": "verified", "corroborated": "corroborated"}


def incidents(store: Store) -> "pd.DataFrame":
    """Return one row per incident.

    Columns: id, code, status, tier (verified, corroborated, other), incident_type, date_start, date_end (datetime),
    date_precision (1-5), time_of_day, lat, lon (degrees, WGS 84), place_precision (1-7), uncertainty_m (metres),
    place (as reported), country, admin1, admin2, pcode, killed_low, killed_best, killed_high, injured_best
    (NaN unknown), count_conflict, victims (individual persons, each once: see `counted_as`), version.
    """
    import pandas as pd

    rows = store.rows(
        sa.text(
            "SELECT i.id, i.code, i.status, i.incident_type, i.date_start, i.date_end, i.date_precision, i.time_of_day,"
            " i.lat, i.lon, i.place_precision, i.uncertainty_m, i.place_as_reported AS place, i.country, i.admin1,"
            " i.admin2, i.pcode, i.boundary_set, i.killed_low, i.killed_best, i.killed_high, i.injured_best,"
            " i.count_conflict, COALESCE(v.persons, 0) AS victims, i.version FROM incident i LEFT JOIN"
            " (SELECT incident_id, count(*) AS persons FROM victim WHERE kind = 'person' GROUP BY incident_id) v"
            " ON v.incident_id = i.id WHERE i.withdrawn_at IS NULL AND i.merged_into_id IS NULL ORDER BY i.date_start, i.id"
        )
    )
    frame = pd.DataFrame([tuple(row) for row in rows], columns=_INCIDENT_COLUMNS)
    for column in ("date_start", "date_end"):
        frame[column] = pd.to_datetime(frame[column], format="ISO8601").astype("datetime64[s]")
    numbers = ["lat", "lon", "uncertainty_m", "killed_low", "killed_best", "killed_high", "injured_best"]
    numbers += ["date_precision", "place_precision"]
    frame[numbers] = frame[numbers].astype("float64")
    frame["count_conflict"] = frame["count_conflict"].astype(bool)
    if counted := counted_as(store):
        again = pd.Series([row.incident_id for row in victims_of(store, counted)]).value_counts()
        frame["victims"] -= frame["id"].map(again).fillna(0).astype(int)
    frame.insert(3, "tier", frame["status"].map(TIER_OF).fillna("other"))
    return frame


_INCIDENT_COLUMNS = [
    "id", "code", "status", "incident_type", "date_start", "date_end", "date_precision", "time_of_day", "lat", "lon",
    "place_precision", "uncertainty_m", "place", "country", "admin1", "admin2", "pcode", "boundary_set", "killed_low",
    "killed_best", "killed_high", "injured_best", "count_conflict", "victims", "version",
]  # fmt: skip


def counted_as(store: Store) -> dict[str, str]:
    """Return, for each victim row that is counted as another one, the id of that other row; empty without judged pairs.

    Both are rows of incidents that count; of all rows judged to be one person exactly one is not named here.
    """
    pairs = store.rows(
        sa.text("SELECT victim_id, other_id FROM pairing WHERE verdict = 'same' AND withdrawn_at IS NULL ORDER BY id")
    )
    standing = {row.id for row in victims_of(store, {key for pair in pairs for key in pair}) if row.stands}
    return rules.counted_once([(pair.victim_id, pair.other_id) for pair in pairs], standing)


def counted_elsewhere(store: Store, counted: dict[str, str]) -> dict[str, int]:
    """Return how many people recorded as killed in an incident are counted in another one, by the incident's id.

    Its stated figures hold them too, and count without them where people are counted over many incidents.
    """
    rows = {row.id: row for row in victims_of(store, {*counted, *counted.values()})}
    people: dict[str, set[str]] = {}
    for one, other in counted.items():
        if rows[one].harm == "killed" and rows[one].incident_id != rows[other].incident_id:
            people.setdefault(rows[one].incident_id, set()).add(other)
    return {key: len(those) for key, those in people.items()}


def victims_of(store: Store, ids: Iterable[str]) -> "Iterator[sa.Row[Any]]":
    """Yield id, incident_id, harm and whether the incident stands, of these victims."""
    statement = sa.text(
        "SELECT v.id, v.incident_id, v.harm, i.withdrawn_at IS NULL AND i.merged_into_id IS NULL AS stands"
        " FROM victim v JOIN incident i ON i.id = v.incident_id WHERE v.id IN :ids"
    ).bindparams(sa.bindparam("ids", expanding=True))
    wanted = sorted(ids)
    for start in range(0, len(wanted), AT_ONCE):
        yield from store.rows(statement, ids=wanted[start : start + AT_ONCE])


def dimensions(store: Store) -> "pd.DataFrame":
    """Return the identity dimensions in use (not those switched off): id, code, label, state."""
    import pandas as pd

    rows = store.rows(
        sa.text(
            "SELECT id, code, label, state FROM dimension WHERE state <> 'off' AND withdrawn_at IS NULL ORDER BY code"
        )
    )
    return pd.DataFrame(rows, columns=["id", "code", "label", "state"])


def dimension_id(store: Store, code: str) -> str:
    """Return the id of a dimension by its code; raise NotFound, naming those there are."""
    known = dimensions(store)
    found = known.loc[known["code"].str.casefold() == code.strip().casefold(), "id"]
    if found.empty:
        there = ", ".join(known["code"]) or "none yet"
        raise NotFound(f"There is no identity dimension {code!r} in use. Known: {there}.")
    return str(found.iloc[0])


def groups(store: Store, dimension: str) -> "pd.DataFrame":
    """Return the identity groups of a dimension: id, code, label."""
    import pandas as pd

    rows = store.rows(
        sa.text(
            "SELECT id, code, label FROM identity_group WHERE dimension_id = :d AND withdrawn_at IS NULL ORDER BY code"
        ),
        d=dimension_id(store, dimension),
    )
    return pd.DataFrame(rows, columns=["id", "code", "label"])


def lineages(store: Store, dimension: str) -> dict[str, tuple[str, ...]]:
    """Return the codes of each group of a dimension and of all wider groups that it belongs to, the widest last, by code."""
    rows = store.rows(
        sa.text("SELECT id, code, parent_id FROM identity_group WHERE dimension_id = :d AND withdrawn_at IS NULL"),
        d=dimension_id(store, dimension),
    )
    held = {row.id: row for row in rows}
    return {row.code: tuple(held[key].code for key in _upwards(held, row.id)) for row in rows}


def _upwards(held: Mapping[str, Any], key: str | None) -> Iterator[str]:
    passed: set[str] = set()
    while key is not None and key in held and key not in passed:  # a circle ends where it closes
        passed.add(key)
        yield key
        key = held[key].parent_id


def counted_under(lineage: tuple[str, ...], asked: str | None = None) -> str:
    """Return the group under which a group is counted: its widest one, or the group asked about where it belongs to that.

    So no person is in two groups, none is lost in a narrower one, and a narrower one can be set against all others.
    """
    return str(asked) if asked in lineage else lineage[-1]


def _counted(codes: set[str], lines: Mapping[str, tuple[str, ...]], asked: str | None) -> frozenset[str]:
    """Return the groups under which somebody is counted; who is in a group and in a wider one of it is in the narrower."""
    wider = {above for code in codes for above in lines.get(code, ())[1:]}
    return frozenset(counted_under(lines.get(code, (code,)), asked) for code in codes - wider)


def attributions(
    store: Store, dimension: str | None, *, inferred: bool = False, asked: str | None = None
) -> "pd.DataFrame":
    """Return victims with the group they are held to belong to in one dimension (own identity); in none without a dimension.

    Columns: incident_id, victim_id, kind, harm, count_low, count_best, count_high, resolved_out_of, resolved (persons
    named out of this group), group (code as in `counted_under`, or None where unknown, unrecorded, or where attributions
    disagree), disputed (bool). Attributions inferred by a person are left out unless `inferred` (R44). Perceived identity
    and targeting ground never enter (R40). Rows judged to be one person are one row, with what is attributed to any of them.
    """
    import pandas as pd

    counted = counted_as(store)
    known: dict[str, set[str]] = {}
    lines = lineages(store, dimension) if dimension else {}
    for row in _held_to_be(store, dimension, inferred) if dimension else ():
        known.setdefault(counted.get(row.victim_id, row.victim_id), set()).add(row.code)
    belongs = {victim: _counted(codes, lines, asked) for victim, codes in known.items()}
    rows = store.rows(
        sa.text(
            "SELECT v.incident_id, v.id, v.kind, v.harm, v.count_low, v.count_best, v.count_high, v.resolved_out_of"
            " FROM victim v JOIN incident i ON i.id = v.incident_id"
            " WHERE i.withdrawn_at IS NULL AND i.merged_into_id IS NULL ORDER BY v.incident_id, v.id"
        )
    )
    columns = ["incident_id", "victim_id", "kind", "harm", "count_low", "count_best", "count_high", "resolved_out_of"]
    frame = pd.DataFrame(rows, columns=columns)
    people = frame["victim_id"].map(counted).fillna(frame["victim_id"]) if counted else frame["victim_id"]
    frame["resolved"] = frame["victim_id"].map(people.groupby(frame["resolved_out_of"]).nunique()).fillna(0).astype(int)
    frame = frame[~frame["victim_id"].isin(list(counted))].reset_index(drop=True)
    frame["group"] = [next(iter(belongs[v])) if len(belongs.get(v, ())) == 1 else None for v in frame["victim_id"]]
    frame["disputed"] = [len(belongs.get(v, ())) > 1 for v in frame["victim_id"]]
    return frame


def _held_to_be(store: Store, dimension: str, inferred: bool) -> Sequence[Any]:
    """Return victims and the codes of the groups that are attributed to them as their own."""
    return store.rows(
        sa.text(
            "SELECT a.victim_id, g.code FROM attribution a JOIN identity_group g ON g.id = a.group_id"
            " WHERE a.dimension_id = :d AND a.sense = 'own'" + ("" if inferred else " AND a.basis <> 'person_inferred'")
        ),
        d=dimension_id(store, dimension),
    )


# Areas and periods ---------------------------------------------------------------------------------------------------


def locator(store: Store) -> "Locator | None":
    """Return where each administrative unit lies, or None if no unit is held. Of several boundary sets, the latest."""
    import shapely

    from geo.places import Locator, Unit

    rows = store.rows(
        sa.text(
            "SELECT pcode, name, level, parent_pcode, geometry, lon, lat, boundary_set FROM admin_unit"
            " WHERE withdrawn_at IS NULL ORDER BY recorded_at DESC, id DESC"
        )
    )
    if not rows:
        return None
    latest = rows[0].boundary_set
    return Locator(
        Unit(
            r.pcode,
            r.name,
            r.level,
            r.parent_pcode,
            shapely.from_geojson(r.geometry) if r.geometry else None,
            r.lon,
            r.lat,
        )
        for r in rows
        if r.boundary_set == latest
    )


def areas(store: Store, level: int, held: "pd.DataFrame | None" = None) -> dict[str, str | None]:
    """Return for each incident (of `held`, if given) the unit of a level in which it lies: P-code, or the name as stated.

    First what is recorded (a P-code's ancestor; the first- or second-order unit as stated, matched to a unit's code
    or name); else the unit around the point, if its precision allows it (1-3, or 4 for the first level). Derived at
    every call, never stored, so that new boundaries are followed at once. Standards: R33, R34.
    """
    import numpy as np

    frame = incidents(store) if held is None else held
    where = locator(store)
    names = unit_names(store, level)
    stated = frame["admin1"] if level == 1 else frame["admin2"] if level == 2 else None
    found: list[str | None] = []
    for position, pcode in enumerate(frame["pcode"]):
        above = None
        if isinstance(pcode, str):
            above = where.ancestor(pcode, level) if where is not None else pcode
        if above is None and stated is not None and isinstance(stated.iloc[position], str):
            above = names.get(fold(stated.iloc[position]), stated.iloc[position])
        found.append(above)
    if where is not None:
        precise = frame["place_precision"].isna() | (frame["place_precision"] <= (4 if level == 1 else 3))
        open_rows = np.flatnonzero(
            np.array([area is None for area in found], dtype=bool)
            & precise.to_numpy()
            & frame["lat"].notna().to_numpy()
        )
        for place, area in zip(
            open_rows,
            where.locate(frame["lon"].to_numpy()[open_rows], frame["lat"].to_numpy()[open_rows], level),
            strict=True,
        ):
            found[int(place)] = area
    return dict(zip(frame["id"], found, strict=True))


def unit_names(store: Store, level: int) -> dict[str, str]:
    """Return the P-code of each unit of a level by its names and codes, folded."""
    rows = store.rows(
        sa.text("SELECT name, name_local, pcode FROM admin_unit WHERE level = :l AND withdrawn_at IS NULL"), l=level
    )
    return {fold(word): row.pcode for row in rows for word in (row.name_local, row.name, row.pcode) if word}
