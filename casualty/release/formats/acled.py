"""The record as a table shaped like ACLED's: its 31 columns, filled only where the record says so with certainty.

No row of ACLED's own data is here or comes with this program. Standards: R93; standards digest, 5.2 and 5.3.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from casualty.release.formats.output import EMPTY, LEFT_OUT, Losses, Output, Wishes
from casualty.release.formats.tables import NUMBER, REFUTED, TEXT, WHOLE, Column, Row, joined, named, year_of
from casualty.release.package import Package

COLUMNS = {
    "event_id_cnty": "Code of the incident in the package; not an id of ACLED.",
    "event_date": "The day, where the record knows it; ACLED's middle day of a longer span is not made up.",
    "year": "Year of the day, or of the whole span.",
    "time_precision": "1 day, 2 within a week, 3 month; from the precision of the date.",
    "disorder_type": "ACLED's own grouping; not filled.",
    "event_type": "One of ACLED's six, where the type of incident is one with certainty.",
    "sub_event_type": "One of ACLED's twenty-five, where the type of incident is one with certainty.",
    "actor1": "A party alleged to be involved; the order does not mean attacker and attacked.",
    "assoc_actor_1": "Not filled: identities of victims are no associates of a party.",
    "inter1": "Kind of actor1: 1 State forces, 4 identity militia, 8 external or other; where certain.",
    "actor2": "A second party alleged to be involved.",
    "assoc_actor_2": "Not filled.",
    "inter2": "Kind of actor2, as inter1.",
    "interaction": "Both kinds, the lower first; where both are certain.",
    "civilian_targeting": "`Civilian targeting` for one-sided violence, which is against civilians by definition.",
    "iso": "Not filled.",
    "region": "Not filled.",
    "country": "Country as the source names it.",
    "admin1": "First-order unit as the source names it.",
    "admin2": "Second-order unit as the source names it.",
    "admin3": "Not filled.",
    "location": "Place as reported.",
    "latitude": "Degrees north, WGS 84.",
    "longitude": "Degrees east, WGS 84.",
    "geo_precision": "1 exact, 2 near, 3 region; from the precision of the place, where certain.",
    "source": "Names of the sources whose claims stand.",
    "source_scale": "Not filled.",
    "notes": "The account that is fit for publication.",
    "fatalities": "Best-supported number killed; empty is not known, never 0.",
    "tags": "Not filled.",
    "timestamp": "Not filled: the time of ACLED's own upload.",
}
SOURCES = {
    "event_id_cnty": "incident.code", "event_date": "incident.date_start", "year": "incident.date_start",
    "time_precision": "incident.date_precision", "event_type": "incident.incident_type", "actor1": "involvement.actor_id",
    "sub_event_type": "incident.incident_type", "actor2": "involvement.actor_id", "inter1": "actor.kind", "inter2": "actor.kind",
    "civilian_targeting": "incident.incident_type", "country": "incident.country", "admin1": "incident.admin1",
    "admin2": "incident.admin2", "location": "incident.place_as_reported", "latitude": "incident.lat",
    "longitude": "incident.lon", "geo_precision": "incident.place_precision", "source": "claim.source_id",
    "notes": "incident.narrative_public", "fatalities": "incident.killed_best",
}  # fmt: skip
NUMBERS = {
    "latitude": NUMBER, "longitude": NUMBER, **dict.fromkeys(("year", "time_precision", "geo_precision", "fatalities"), WHOLE),
}  # fmt: skip
# Types of incident that are one of ACLED's by both definitions. Others may be several of them.
EVENTS = {
    "armed_clash": ("Battles", ""),
    "bombardment": ("Explosions/Remote violence", ""),
    "explosive_device": ("Explosions/Remote violence", "Remote explosive/landmine/IED"),
    "abduction": ("Violence against civilians", "Abduction/forced disappearance"),
}
TIMES = {"1": "1", "2": "2", "3": "2", "4": "3"}
PLACES = {"1": "1", "2": "2", "4": "3"}
KINDS = {"state": "1", "communal_militia": "4", "foreign_state": "8", "international": "8", "private": "8"}
ROLES = ("side_a", "side_b", "alleged_perpetrator", "alleged_command", "alleged_support")
SAME = ("country", "admin1", "admin2")
NO_PLACE = {
    "killed_low": "the layout has one figure", "killed_high": "the layout has one figure",
    "injured_best": "the layout counts the dead only", "missing_best": "the layout counts the dead only",
    "date_end": "the layout has one day", "uncertainty_m": "no column",
    "pcode": "no column", "status": "no column: only `verified` means that a standard of proof is met; see incidents.csv",
}  # fmt: skip
UNDER = {"victim": "no rows of victims", "attribution": "no identities", "review": "no judgements", "act": "no acts"}
NEVER = frozenset({
    "disorder_type", "assoc_actor_1", "assoc_actor_2", "iso", "region", "admin3", "source_scale", "tags", "timestamp",
})  # fmt: skip
KEYS = (
    Column("row", "Row of acled.csv, counted from 1; empty: left out.", WHOLE),
    Column("incident_code", "Code of the incident in the package.", TEXT, "incident.code"),
    Column("incident_status", "Where the incident stands in review.", TEXT, "incident.status"),
)


@dataclass
class _Table:
    package: Package
    losses: Losses = field(default_factory=Losses)
    keys: list[list[str]] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.names, self.kinds = named(self.package, "actor"), named(self.package, "actor", "kind")
        self.sources = named(self.package, "source")

    def rows(self) -> Iterator[list[str]]:
        """Yield one row an incident, in the order of the package; refuted ones are left out."""
        names = ("claim", "involvement", *(name for name in UNDER if self.package.holds(name)))
        for incident, under in joined(self.package, *names):
            code, status = incident.get("code", ""), incident.get("status", "")
            if status == REFUTED:
                self.losses.add(LEFT_OUT, "incident", "refuted: shown not to have happened as alleged")
                self.keys.append(["", code, status])
                continue
            self.count += 1
            self.keys.append([str(self.count), code, status])
            cells = {**_when(incident), **_what(incident), **_where(incident), **self._who(under["involvement"])}
            cells |= {"event_id_cnty": code, "source": self._said(under["claim"])}
            cells |= {"notes": incident.get("narrative_public", ""), "fatalities": incident.get("killed_best", "")}
            self._lost(incident, under, cells)
            yield [cells.get(column, "") for column in COLUMNS]

    def _who(self, involvements: list[Row]) -> dict[str, str]:
        """Return the first two parties named, those that a source names as sides before others."""
        parties = [one for role in ROLES for one in involvements if one.get("role") == role]
        keys = list(dict.fromkeys(key for one in parties if (key := one.get("actor_id")) in self.names))
        for _ in keys[2:]:
            self.losses.add(LEFT_OUT, "involvement", "a third party or a further one")
        cells = {f"actor{at}": self.names[key] for at, key in enumerate(keys[:2], start=1)}
        inter = [KINDS.get(self.kinds.get(key, ""), "") for key in keys[:2]]
        cells |= {f"inter{at}": kind for at, kind in enumerate(inter, start=1)}
        if len(inter) == 2 and all(inter):
            cells["interaction"] = "".join(sorted(inter))
        return cells

    def _said(self, claims: list[Row]) -> str:
        standing = (one for one in claims if one.get("standing", "current") == "current")
        return "; ".join(
            dict.fromkeys(name for one in standing if (name := self.sources.get(one.get("source_id", ""))))
        )

    def _lost(self, incident: Row, under: dict[str, list[Row]], cells: dict[str, str]) -> None:
        for column in COLUMNS:
            if not cells.get(column):
                why = (
                    "ACLED's own; the record has no such thing"
                    if column in NEVER
                    else "not held, or not with certainty"
                )
                self.losses.add(EMPTY, column, why)
        for name, why in NO_PLACE.items():
            if incident.get(name):
                self.losses.add(LEFT_OUT, name, why)
        for name, why in UNDER.items():
            for _ in under.get(name, ()):
                self.losses.add(LEFT_OUT, name, why)


def _when(incident: Row) -> dict[str, str]:
    start, end = incident.get("date_start", ""), incident.get("date_end", "")
    precision = incident.get("date_precision", "") or ("1" if start and start == end else "")
    return {
        "event_date": start if start == end else "",
        "year": year_of(incident),
        "time_precision": TIMES.get(precision, "") if start else "",
    }


def _what(incident: Row) -> dict[str, str]:
    kind = incident.get("incident_type", "")
    event, sub = EVENTS.get(kind, ("", ""))
    return {
        "event_type": event,
        "sub_event_type": sub,
        "civilian_targeting": "Civilian targeting" if kind == "one_sided" else "",
    }


def _where(incident: Row) -> dict[str, str]:
    return {
        **{name: incident.get(name, "") for name in SAME},
        "location": incident.get("place_as_reported", ""),
        "latitude": incident.get("lat", ""),
        "longitude": incident.get("lon", ""),
        "geo_precision": PLACES.get(incident.get("place_precision", ""), ""),
    }


def write(package: Package, output: Output, _: Wishes) -> None:
    """Write acled.csv, the incidents its rows stand for, and what was lost."""
    table = _Table(package)
    columns = [Column(name, told, NUMBERS.get(name, TEXT), SOURCES.get(name, "")) for name, told in COLUMNS.items()]
    output.table("acled.csv", columns, table.rows())
    output.table("incidents.csv", KEYS, table.keys)
    output.losses(table.losses)
    output.notes.append(
        "Shaped like ACLED's table and not made by ACLED. `fatalities` is empty where no number is known."
    )
