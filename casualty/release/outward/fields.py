"""What every column of a public or a partner package means, where it is not what the record itself means by it (R02)."""

from collections.abc import Iterator, Mapping

from casualty import codebook
from casualty.release.outward import incidents, persons
from casualty.vocabulary import Tier

REMOVED = ("incident_code", "incident_status", "merged_into")
NAMES = ("incident_code", "incident_status", "name", "script", "language")
SOURCES = {Tier.PUBLIC: ("kind", "number"), Tier.PARTNER: ("id", "kind", "reliability")}

ID = "Random id: the same in every package for this recipient, another for every other."
CODE = "Random code of the incident for this recipient, to be read out."
STATUS = "Where the incident stands in review; only `verified` meets a stated standard of proof."
SUPPRESSED = {
    "harm": "What befell the person; suppressed where so few share all that is told of a person.",
    "sex": "Sex, `not known` for whatever reason; suppressed as harm is.",
    "age_band": "Age band, under 18, or 18 and over; suppressed as harm is.",
    "cause": "Cause of death; suppressed where all who look alike have the same.",
    "civil_status": "Status of the person; suppressed where all who look alike have the same.",
}
MEANT: dict[str, dict[str, str]] = {
    "incident": {
        "id": ID,
        "code": CODE,
        "status": STATUS,
        "lat": "Latitude of the masked point, WGS 84; where `place_shown` is not `masked` there is none.",
        "lon": "Longitude of the masked point, WGS 84; where `place_shown` is not `masked` there is none.",
        "uncertainty_m": "The true place lies within so many metres of the masked point.",
        "place_precision": "Never closer than second-order unit where a point is masked: it stands for an area.",
        "date_precision": "As closely as this package tells the date; never closer than it is known.",
        "pcode": "P-code of the unit that is told.",
        "narrative_public": "Public summary, judged as it stands, in which nobody and no place is named that is withheld.",
        **{f"killed_{part}": f"People killed, {part}: as stated, else of the victims recorded; each person once."
           for part in ("low", "best", "high")},
        **incidents.ADDED,
    },
    "victim": {"id": ID, **SUPPRESSED, **persons.ADDED},
    "victim_name": {"incident_code": CODE, "incident_status": STATUS, "name": "A name whose publication was decided."},
    "source": {"id": ID, "number": "How many sources of this kind the record holds."},
    "removed": {
        "incident_code": CODE,
        "incident_status": "withdrawn, or duplicate of another.",
        "merged_into": "Code of the incident that it repeats; empty if it was withdrawn.",
    },
}  # fmt: skip


def columns(tier: Tier) -> Mapping[str, tuple[str, ...]]:
    """Return the columns of each file of records, by the table's name in the schema (`removed` is no table of it)."""
    people = {"victim": persons.COLUMNS} if tier is Tier.PARTNER else {}
    return {
        "incident": tuple(incidents.header(tier)), **people, "victim_name": NAMES, "source": SOURCES[tier],
        "removed": REMOVED,
    }  # fmt: skip


def rows(tier: Tier) -> Iterator[tuple[str, ...]]:
    """Yield the rows of fields.csv: table, field, kind, required, scheme, meaning."""
    for name, held in columns(tier).items():
        own = {row[1]: row for row in codebook.field_rows([name] if name != "removed" else [])}
        for column in held:
            meant = MEANT[name].get(column)
            known = own.get(column, (name, column, "text", "yes", "", ""))
            yield known if meant is None else (*known[:5], meant)
