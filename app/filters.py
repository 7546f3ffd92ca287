"""One filter for the map and its list: read from the address, checked, written back, and applied to the frame."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from app.language import say
from casualty.vocabulary import IncidentStatus, IncidentType

if TYPE_CHECKING:
    import pandas as pd

FIRST_DAY, LAST_DAY = date(1800, 1, 1), date(2199, 12, 31)
NAMES = ("from", "to", "status", "type", "dimension", "group", "actor", "killed", "q")
SEARCHED = ("code", "place", "country", "admin1", "admin2", "pcode")
LONGEST_TEXT = 100
Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Known:
    """What a filter may name: groups by the code of their dimension, and actors by id, each with its label."""

    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    dimensions: Mapping[str, str] = field(default_factory=dict)
    actors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Filter:
    """What is asked for; a field left empty asks nothing."""

    since: date | None = None
    until: date | None = None
    status: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    dimension: str | None = None
    group: str | None = None
    actor: str | None = None
    killed: int | None = None
    text: str = ""

    def params(self) -> dict[str, list[str]]:
        """Return the filter as parameters of an address: plain ids and words of the vocabulary."""
        single = {
            "from": self.since.isoformat() if self.since else None,
            "to": self.until.isoformat() if self.until else None,
            "dimension": self.dimension,
            "group": self.group,
            "actor": self.actor,
            "killed": None if self.killed is None else str(self.killed),
            "q": self.text or None,
        }
        many = {"status": list(self.status), "type": list(self.kind)}
        given = {name: [value] for name, value in single.items() if value} | {k: v for k, v in many.items() if v}
        return {name: given[name] for name in NAMES if name in given}


@dataclass(frozen=True)
class Found:
    """The incidents that match, and how many were left out only because the value asked about is unknown."""

    mask: Mask
    undated: int = 0
    uncounted: int = 0


def read(params: Mapping[str, Sequence[str]], known: Known) -> tuple[Filter, list[str]]:
    """Return the filter that an address states, and a note on each value that was not understood and is ignored."""
    notes: list[str] = []

    def one(name: str, understand: Callable[[str], Any]) -> Any:
        values = [value for value in params.get(name, ()) if value]
        understood = [found for value in values if (found := _tried(understand, value)) is not None]
        if len(understood) < len(values) or len(understood) > 1:
            notes.append(say("{name}: not understood and ignored.", name=name))
        return understood[0] if len(understood) == 1 else None

    def several(name: str, words: Sequence[str]) -> tuple[str, ...]:
        values = params.get(name, ())
        if any(value not in words for value in values):
            notes.append(say("{name}: a word that is not in the vocabulary was ignored.", name=name))
        return tuple(word for word in words if word in values)

    since, until = one("from", _day), one("to", _day)
    if since and until and since > until:
        notes.append(say("from, to: the first day lies after the last; both ignored."))
        since = until = None
    dimension = one("dimension", lambda value: value if value in known.dimensions else None)
    groups = known.groups.get(dimension, {}) if dimension else {}
    wanted = Filter(
        since=since,
        until=until,
        status=several("status", [word.value for word in IncidentStatus]),
        kind=several("type", [word.value for word in IncidentType]),
        dimension=dimension,
        group=one("group", lambda value: value if value in groups else None),
        actor=one("actor", lambda value: value if value in known.actors else None),
        killed=one("killed", _number),
        text=one("q", lambda value: value.strip()[:LONGEST_TEXT] or None) or "",
    )
    notes += [say("{name}: no such filter; ignored.", name=name) for name in params if name not in NAMES]
    return wanted, notes


def _tried(understand: Callable[[str], Any], value: str) -> Any:
    try:
        return understand(value)
    except ValueError:
        return None


def _day(value: str) -> date | None:
    day = date.fromisoformat(value)
    return day if FIRST_DAY <= day <= LAST_DAY else None


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and int(value) <= 10_000_000 else None


def apply(wanted: Filter, frame: "pd.DataFrame", within: Sequence[Mask] = ()) -> Found:
    """Return which incidents of the frame match.

    `within` are further masks over the same frame (those of a group or an actor). An incident matches a period if
    any day of its date lies in it. One whose date, or best number killed, is unknown matches no question about it;
    how many that leaves out is told.
    """
    mask = np.ones(len(frame), dtype=bool)
    for column, words in (("status", wanted.status), ("incident_type", wanted.kind)):
        if words:
            mask &= frame[column].isin(words).to_numpy()
    if wanted.text:
        mask &= _search(frame, wanted.text)
    for further in within:
        mask &= further
    dated = _dated(wanted, frame)
    counted = np.ones(len(frame), dtype=bool)
    if wanted.killed is not None:
        counted = frame["killed_best"].to_numpy() >= wanted.killed
    undated = int((mask & frame["date_start"].isna().to_numpy()).sum()) if wanted.since or wanted.until else 0
    uncounted = int((mask & dated & frame["killed_best"].isna().to_numpy()).sum()) if wanted.killed is not None else 0
    return Found(mask & dated & counted, undated, uncounted)


def _dated(wanted: Filter, frame: "pd.DataFrame") -> Mask:
    mask = np.ones(len(frame), dtype=bool)
    if wanted.since:
        mask &= frame["date_end"].to_numpy() >= np.datetime64(wanted.since)
    if wanted.until:
        mask &= frame["date_start"].to_numpy() <= np.datetime64(wanted.until)
    return mask


def _search(frame: "pd.DataFrame", text: str) -> Mask:
    mask = np.zeros(len(frame), dtype=bool)
    for column in SEARCHED:
        mask |= frame[column].astype("str").str.contains(text, case=False, regex=False, na=False).to_numpy(dtype=bool)
    return mask
