"""The bridge from the record to questions of place and time: which incidents enter, where, when and to whom."""

from collections.abc import Collection, Mapping
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from casualty import frames, targeting
from casualty.errors import InvalidRecords, NotEnoughData, UsageFault
from casualty.linkage import fold
from casualty.patterns.events import NO_DATE, Events
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, InvolvementRole, Missing
from geo.faults import Unusable
from geo.systems import flat

if TYPE_CHECKING:
    import pandas as pd

NOT_JUDGED = "drafts, and incidents that were refuted"
TIERS = ("verified", "corroborated", "other")
# Who is alleged to have done or ordered it; a party that is only named first, or was present, is not.
ALLEGED = (InvolvementRole.ALLEGED_PERPETRATOR, InvolvementRole.ALLEGED_COMMAND)
NOT_KNOWN = frozenset(map(str, Missing))
# Days beyond the first within which the date lies, by its precision, where the dates stated are closer than it says.
WIDEST = {2: 5, 3: 6, 4: 30, 5: 365}
CLOSER = {2: 1, 3: 6, 4: 27, 5: 31}

Held = dict[str, frozenset[str]]


def gathered(
    store: Store, *, dimension: str | None, since: date | None = None, until: date | None = None, status: str | None = None,
    tier: str | None = None, inferred: bool = False, by: str = "admin1", metres: bool = True,
    only: Collection[str] | None = None, group: str | None = None,
) -> Events:  # fmt: skip
    """Return the incidents of the record that a question may be asked of, each once.

    Parameters
    ----------
    dimension: identity dimension by whose groups the killed victims of known identity are told apart; None: by no groups.
    since, until: only incidents that began in these days; those without a date are then left out.
    status: only incidents of this status; without it all but drafts and refuted ones.
    tier: only those verified (`verified`), or verified and corroborated (`corroborated`).
    inferred: count identities inferred by a person too (R44).
    by: admin1 to admin4, the level of the areas.
    metres: lay points on a flat frame around all of them; without it they stay longitude and latitude.
    only: ids of the incidents that a filter lets in; None: all. What it keeps out was not asked for, and is not told in
    `left_out`.
    group: the group asked about; it is told apart from a wider one it belongs to, all others are counted under their widest.

    Withdrawn and merged incidents never enter; persons counted in another incident are counted there, whether or not a
    filter lets that one in. A day is the middle of those that the date allows.
    Raises NotFound (no such dimension), UsageFault, NotEnoughData (no incident asked for).
    """
    _must_be_known(by, status, tier)
    if dimension is not None:
        frames.dimension_id(store, dimension)
    held, left_out = _asked(targeting.within(frames.incidents(store), only), since, until, status, tier)
    if held.empty:
        raise NotEnoughData(
            "The record holds no incident of the days and the status asked for; ask for others."
            if only is None
            else "The filter lets in no incident of the days and the status asked for; widen it."
        )
    ids = list(held["id"])
    x, y = _placed(held, metres)
    spans = _spans(held)
    groups, mix, best = _mixed(store, dimension, held, inferred=inferred, asked=group)
    areas = frames.areas(store, targeting.LEVELS[by], held)
    reported = {row.id: row.report_date for row in store.rows(sa.text("SELECT id, report_date FROM incident"))}
    sources, actors, acts, means = (_of(found, ids) for found in _told(store))
    return Events(
        ids=tuple(held["code"]),
        x=x, y=y,
        day=np.floor(spans.mean(axis=1)), day_span=spans,
        spread_m=held["uncertainty_m"].to_numpy(np.float64),
        place_precision=held["place_precision"].to_numpy(np.float64),
        date_precision=held["date_precision"].to_numpy(np.float64),
        groups=groups, mix=mix,
        victims=_victims(store, held, best),
        reported=_numbered([reported[key] for key in ids]),
        area=tuple(areas[key] for key in ids),
        tier=tuple(held["tier"]),
        sources=sources, actors=actors, acts=acts, means=means,
        place_type=(None,) * len(ids),
        degrees=not metres,
        left_out=MappingProxyType(left_out),
    )  # fmt: skip


def _must_be_known(by: str, status: str | None, tier: str | None) -> None:
    for option, given, known in (
        ("--by", by, targeting.LEVELS),
        ("--status", status, [str(term) for term in IncidentStatus]),
        ("--tier", tier, TIERS),
    ):
        if given is not None and given not in known:
            raise UsageFault(f"{option} {given} is not known; one of: {', '.join(known)}.")


def _asked(
    held: "pd.DataFrame", since: date | None, until: date | None, status: str | None, tier: str | None
) -> tuple["pd.DataFrame", dict[str, int]]:
    """Return the incidents asked for, and how many of those could not be taken in."""
    unfit = held["status"].isin(targeting.NOT_ANALYSED)
    left = {} if status else {NOT_JUDGED: int(unfit.sum())}
    kept = held["status"] == status if status else ~unfit
    if tier:
        kept &= held["tier"].isin(TIERS[: TIERS.index(tier) + 1])
    if since or until:
        left[NO_DATE] = int((kept & held["date_start"].isna()).sum())
        kept &= held["date_start"].notna()
    if since:
        kept &= held["date_start"] >= str(since)
    if until:
        kept &= held["date_start"] <= str(until)
    return held[kept], {reason: number for reason, number in left.items() if number}


# Where and when ------------------------------------------------------------------------------------------------------


def _placed(held: "pd.DataFrame", metres: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lon, lat = held["lon"].to_numpy(np.float64), held["lat"].to_numpy(np.float64)
    try:
        return flat(lon, lat) if metres else (lon, lat)
    except Unusable as wrong:
        mend = "Use --from, --to or --status."
        raise InvalidRecords(f"The incidents cannot be laid on one plane: {wrong} {mend}") from wrong


def _spans(held: "pd.DataFrame") -> NDArray[np.float64]:
    """First and last day that date and precision allow, counted from 1970-01-01, shape (n, 2)."""
    found = []
    for start, end, precision in zip(held["date_start"], held["date_end"], held["date_precision"], strict=True):
        if start != start:  # a date that is not there is unequal to itself
            found.append((np.nan, np.nan))
            continue
        first, last = (moment.toordinal() - _EPOCH for moment in (start, end))
        found.append(widened(first, last, int(precision) if precision == precision else 1))
    return np.array(found, dtype=np.float64).reshape(-1, 2)


_EPOCH = date(1970, 1, 1).toordinal()


def widened(first: int, last: int, precision: int) -> tuple[float, float]:
    """Return first and last day as stated, or as far apart as the precision says where the dates stated are closer than that."""
    if last - first >= CLOSER.get(precision, 0):
        return float(first), float(last)
    more = WIDEST[precision] - (last - first)
    return float(first - more // 2), float(last + more - more // 2)


def _numbered(days: list[str | date | None]) -> NDArray[np.float64]:
    """Days since 1970-01-01; a date may come as text."""
    found = [date.fromisoformat(str(day)).toordinal() - _EPOCH if day else np.nan for day in days]
    return np.array(found, dtype=np.float64)


# To whom -------------------------------------------------------------------------------------------------------------


def _mixed(
    store: Store, dimension: str | None, held: "pd.DataFrame", *, inferred: bool, asked: str | None
) -> tuple[tuple[str, ...], NDArray[np.float64], dict[str, float]]:
    """Return the groups, each one's part of an incident's killed of known identity, and the killed that are counted."""
    counted = targeting.killed(store, dimension, inferred=inferred, held=held, asked=asked)
    lines = frames.lineages(store, dimension) if dimension else {}
    groups = tuple(sorted({frames.counted_under(line, asked) for line in lines.values()}))
    known = counted[counted["group"].notna()]
    table = known.pivot_table(index="incident", columns="group", values="victims", aggfunc="sum")
    parts = table.reindex(index=list(held["id"]), columns=list(groups)).to_numpy(np.float64)
    totals = np.nansum(parts, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        mix = np.where(totals > 0, np.nan_to_num(parts) / totals, np.nan)
    best = counted.groupby("incident")["victims"].sum()
    return groups, mix, dict(zip(map(str, best.index), best.tolist(), strict=True))


def _victims(store: Store, held: "pd.DataFrame", counted: Mapping[str, float]) -> NDArray[np.float64]:
    """Killed as stated, low, best and high, less those counted in another incident.

    Where no best is stated it is what the victims add up to; where no low or high is, it is the best.
    """
    elsewhere = held["id"].map(frames.counted_elsewhere(store, frames.counted_as(store))).fillna(0).to_numpy(np.float64)
    low, best, high = (held[f"killed_{which}"].to_numpy(np.float64) - elsewhere for which in ("low", "best", "high"))
    best = np.where(np.isnan(best), held["id"].map(dict(counted)).to_numpy(np.float64), best)
    found = np.column_stack([np.where(np.isnan(low), best, low), best, np.where(np.isnan(high), best, high)])
    return np.asarray(np.maximum(found, 0))


# By whom, how, and from whom we know ---------------------------------------------------------------------------------


def _told(store: Store) -> tuple[Held, Held, Held, Held]:
    """Return by incident: sources (ids) of its current claims, parties alleged, acts, and means."""
    claims = store.rows(
        sa.text(
            "SELECT c.incident_id, coalesce(c.source_id, d.source_id) FROM claim c JOIN document d ON d.id = c.document_id"
            " WHERE c.standing = 'current'"
        )
    )
    alleged = sa.text(
        "SELECT v.incident_id, a.name FROM involvement v JOIN actor a ON a.id = v.actor_id WHERE v.role IN :roles"
    ).bindparams(sa.bindparam("roles", expanding=True))
    parties = store.rows(alleged, roles=list(map(str, ALLEGED)))
    acts = [
        (row.incident_id, row.kind, row.means)
        for row in store.rows(sa.text("SELECT incident_id, kind, means FROM act"))
    ]
    return (
        _gathered(claims),
        _gathered(parties),
        _gathered((incident, kind) for incident, kind, _ in acts),
        _means(store, [(incident, fold(means)) for incident, _, means in acts if means]),
    )


def _means(store: Store, stated: list[tuple[str, str]]) -> Held:
    """Return the means that the acts state, and where they state none, the causes of death of the killed."""
    causes = store.rows(sa.text("SELECT incident_id, cause FROM victim WHERE harm = 'killed'"))
    return _gathered(causes) | _gathered(stated)


def _gathered(pairs: Any) -> Held:
    found: dict[str, set[str]] = {}
    for incident, term in pairs:
        if term is not None and term not in NOT_KNOWN:
            found.setdefault(incident, set()).add(str(term))
    return {incident: frozenset(terms) for incident, terms in found.items()}


def _of(found: Held, ids: list[str]) -> tuple[frozenset[str], ...]:
    return tuple(found.get(key, frozenset()) for key in ids)


# Areas and people ----------------------------------------------------------------------------------------------------


def people(
    store: Store, dimension: str, group: str, *, by: str = "admin1", since: date | None = None,
    until: date | None = None, status: str | None = None, only: Collection[str] | None = None,
) -> tuple[dict[str, tuple[float, float, float]], tuple[str, ...]]:  # fmt: skip
    """Return how many people of a group live in each area, by code: low, best, high (all the same, as one is stated); and
    what is to be known of the figures: of which year they are, and whose.

    Raises NotEnoughData where no population of the dimension is held: a rate is refused, not guessed.
    """
    asked = targeting.question(store, dimension, by=by, since=since, until=until, status=status, only=only, group=group)
    held = asked.people[(asked.people["group"] == group) & asked.people["area"].notna()]
    found = held.groupby("area")["number"].sum()
    return {str(area): (float(number),) * 3 for area, number in found.items()}, asked.remarks


def borders(store: Store, by: str) -> dict[str, str]:
    """Return the units of a level that have a border, by code: GeoJSON of the latest boundary set, in order of codes."""
    return {row.pcode: row.geometry for row in _units(store, by) if row.geometry}


def centres(store: Store, by: str) -> dict[str, tuple[float, float]]:
    """Return the middle of each unit of a level by code, in metres of a flat frame around all of them.

    The point that is recorded for the unit, else one that lies within its border.
    """
    import shapely

    units = [row for row in _units(store, by) if row.geometry or row.lon is not None]
    points = [
        (row.lon, row.lat)
        if row.lon is not None
        else shapely.get_coordinates(shapely.point_on_surface(shapely.from_geojson(row.geometry)))[0]
        for row in units
    ]
    x, y = flat(*np.array(points, dtype=np.float64).reshape(-1, 2).T)
    return {row.pcode: (float(x[at]), float(y[at])) for at, row in enumerate(units)}


def _units(store: Store, by: str) -> list[Any]:
    """The units of a level in the latest boundary set, in order of codes."""
    rows = store.rows(
        sa.text(
            "SELECT pcode, level, geometry, lon, lat, boundary_set FROM admin_unit WHERE withdrawn_at IS NULL"
            " ORDER BY recorded_at DESC, id DESC"
        )
    )
    held = [row for row in rows if row.boundary_set == rows[0].boundary_set and row.level == targeting.LEVELS[by]]
    return sorted(held, key=lambda row: str(row.pcode))
