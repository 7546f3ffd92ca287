"""What speaks against the record as held: refuted and contested incidents, claims that disagree, denials.

A commission examines incriminating and exonerating material alike (Rome Statute, article 54(1)(a)); R22.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from casualty.vocabulary import IncidentStatus, InvolvementResponse

COLUMNS = ("incident_code", "incident_status", "category", "table", "id", "what")
DOUBTED = frozenset({IncidentStatus.REFUTED, IncidentStatus.CONTESTED, IncidentStatus.UNVERIFIABLE})

Row = Mapping[str, Any]


def of_incident(rows: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, ...]]:
    """Yield a row, in the order of COLUMNS, for every contradiction within one incident as shown."""
    incident = rows["incident"][0]
    for category, name, key, what in _found(incident, rows):
        yield (str(incident["code"]), str(incident["status"]), category, name, key, what)


def _found(incident: Row, rows: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, str, str, str]]:
    if incident["status"] in DOUBTED:
        yield str(incident["status"]), "incident", incident["id"], "the incident itself, by review"
    for name in ("incident", "claim", "victim"):
        for row in rows.get(name, ()):
            if row.get("count_conflict"):
                yield "count_conflict", name, row["id"], "low, best and high are out of order as stated"
    yield from _claims(incident, rows.get("claim", ()))
    yield from _identities(rows.get("attribution", ()))
    for row in rows.get("involvement", ()):
        if row.get("response") == InvolvementResponse.DENIED:
            yield "denied", "involvement", row["id"], "the party denies the allegation"


def _claims(incident: Row, claims: Sequence[Row]) -> Iterator[tuple[str, str, str, str]]:
    current = [claim for claim in claims if claim["standing"] == "current"]
    for claim in claims:
        if claim["standing"] != "current":
            yield f"claim_{claim['standing']}", "claim", claim["id"], _figures(claim)
    stated = [claim for claim in current if any(value is not None for value in _killed(claim))]
    if len({_killed(claim) for claim in stated}) > 1:
        for claim in stated:
            yield "claims_disagree", "claim", claim["id"], _figures(claim)
    elif stated and _differs(_killed(stated[0]), _killed(incident)):
        yield "claim_differs_from_held", "claim", stated[0]["id"], f"{_figures(stated[0])}; held: {_figures(incident)}"


def _differs(one: tuple[int | None, ...], other: tuple[int | None, ...]) -> bool:
    """Return whether the two state a different number for the same part; a part that either leaves out differs not."""
    return any(a != b for a, b in zip(one, other, strict=True) if a is not None and b is not None)


def _killed(row: Row) -> tuple[int | None, ...]:
    return tuple(row.get(f"killed_{part}") for part in ("low", "best", "high"))


def _figures(row: Row) -> str:
    low, best, high = ("not stated" if value is None else str(value) for value in _killed(row))
    return f"killed low {low}, best {best}, high {high}"


def _identities(attributions: Sequence[Row]) -> Iterator[tuple[str, str, str, str]]:
    held: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in attributions:
        if row.get("group_id") is not None:
            held[row["victim_id"], row["dimension_id"], row["sense"]].append(row)
    for rows in held.values():
        if len({row["group_id"] for row in rows}) > 1:
            for row in rows:
                yield "identities_disagree", "attribution", row["id"], f"one of {len(rows)} for the same victim"
