"""What colours and sizes on the map and the timeline stand for: one meaning each, the same in both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app import language, session
from app.atlas import remembered
from app.language import later, say
from casualty import overview
from casualty.filters import TIERS
from casualty.overview import STATUSES, TYPES, Selection
from casualty.vocabulary import IncidentStatus, IncidentType, PlacePrecision

Codes = np.ndarray[Any, np.dtype[np.int64]]
# Told apart by people who see few colours too; all at least 3:1 on white.
COLOURS = ("#1f4e79", "#1b8a8f", "#d9730d", "#a23b72", "#6a6a00", "#2f6b3a", "#8b5e3c")
OTHER, SEVERAL, UNKNOWN = "#7b8794", "#6b5b7b", "#9aa5b1"
MOST = len(COLOURS)
TIER_WORDS = (later("verified"), later("partly corroborated"), later("not corroborated"))
SIZES = (
    ("killed", later("killed")), ("injured", later("injured")), ("missing", later("missing")),
    ("incidents", later("incidents alone")),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Categories:
    """A category for each incident of a selection (`of`), and the words and colours of all of them; each incident has one."""

    of: Codes
    labels: tuple[str, ...]
    colours: tuple[str, ...]

    def legend(self) -> list[dict[str, str]]:
        """Return the categories as maps and timelines take them."""
        return [
            {"name": str(at), "label": label, "colour": colour}
            for at, (label, colour) in enumerate(zip(self.labels, self.colours, strict=True))
        ]


def kinds() -> dict[str, str]:
    """Return by what can be coloured, with its words."""
    found = {
        "tier": say("How well it is supported"),
        "type": say("Type of incident"),
        "actor": say("Actor alleged to be involved"),
        "source": say("Source"),
        "precision": say("How closely the place is known"),
    }
    for row in session.listed("dimension"):
        if row.state != "off":
            found[f"group:{row.code}"] = say("Group of victims ({dimension})", dimension=row.label)
    return found


def of(chosen: Selection, kind: str) -> Categories:
    """Return the categories of a selection, in the reader's language."""
    return remembered.of(chosen, ("categories", kind, language.current().tag), lambda: _of(chosen, kind))


def _of(chosen: Selection, kind: str) -> Categories:
    columns = chosen.columns
    if kind == "type":
        return _commonest(chosen.of(columns.kind), TYPES, {t: language.term(IncidentType(t)) for t in TYPES})
    if kind == "precision":
        words = [say("not recorded"), *(language.term(term).lower() for term in PlacePrecision)]
        return Categories(chosen.of(columns.place_precision).astype(np.int64), tuple(words), _scale(len(words)))
    if kind == "actor":
        return _tied(chosen, "actor", {row.id: row.name for row in session.listed("actor")})
    if kind == "source":
        return _tied(chosen, "source", {row.id: row.name for row in session.listed("source")})
    if kind.startswith("group:"):
        return _tied(chosen, "group", _groups(kind[6:]), only=f"{kind[6:]}/")
    return tier(chosen)


def tier(chosen: Selection) -> Categories:
    """Return how well each incident is supported (R11)."""
    return Categories(tiers(chosen), tuple(map(say, TIER_WORDS)), COLOURS[:3])


def tiers(chosen: Selection) -> Codes:
    """Return the tier of each incident: its place in TIERS."""
    of_status = np.array([_tier_of(status) for status in STATUSES], dtype=np.int64)
    return of_status[chosen.of(chosen.columns.status)]


def _tier_of(status: str) -> int:
    known = {IncidentStatus.VERIFIED: 0, IncidentStatus.CORROBORATED: 1}
    return known.get(IncidentStatus(status), len(TIERS) - 1)


def _groups(dimension: str) -> dict[str, str]:
    held = {row.id: row.code for row in session.listed("dimension")}
    rows = session.listed("identity_group")
    return {f"{dimension}/{row.code}": row.label for row in rows if held.get(row.dimension_id) == dimension}


def _scale(n: int) -> tuple[str, ...]:
    return (UNKNOWN, *COLOURS, OTHER)[:n]


def _commonest(codes: Any, words: Sequence[str], labels: Mapping[str, str]) -> Categories:
    """Return the most frequent words as categories, and all others as one."""
    counts = np.bincount(codes.astype(np.int64), minlength=len(words))
    order = [int(code) for code in np.argsort(-counts, kind="stable") if counts[code]]
    kept = order[:MOST]
    to = np.full(len(words), len(kept), dtype=np.int64)
    to[kept] = np.arange(len(kept))
    names = tuple(labels[words[code]] for code in kept)
    rest = len(order) > len(kept)
    labels = (*names, *([say("others")] if rest else []))
    return Categories(to[codes], labels, (*COLOURS[: len(kept)], *([OTHER] if rest else [])))


def _tied(chosen: Selection, name: str, labels: Mapping[str, str], only: str = "") -> Categories:
    """Return the one, or the two, that an incident is tied to as its category; more, and none, are categories of their own."""
    ties = overview.ties(chosen.overview, session.store(), name)
    wanted = np.array([word.startswith(only) for word in ties.to.words] or [False], dtype=bool)
    kept = wanted[ties.to.codes]
    at, codes = ties.at[kept], ties.to.codes[kept].astype(np.int64)
    n, many = len(chosen.overview), len(ties.to.words) + 1
    how_many = chosen.of(np.bincount(at, minlength=n))
    # Of one or two ties the least and the greatest tell both.
    least, greatest = np.full(n, many - 1), np.full(n, -1)
    np.minimum.at(least, at, codes)
    np.maximum.at(greatest, at, codes)
    few = (how_many == 1) | (how_many == 2)
    pairs, of_pair = np.unique(chosen.of(least)[few] * many + chosen.of(greatest)[few], return_inverse=True)
    names = [_both(*divmod(int(pair), many), ties.to.words, labels) for pair in pairs]
    found = _commonest(of_pair, [str(at) for at in range(len(names))], {str(at): name for at, name in enumerate(names)})
    rest = len(found.labels)
    of_each = np.where(how_many == 0, rest + 1, rest).astype(np.int64)
    of_each[few] = found.of
    return Categories(of_each, (*found.labels, say("several"), say("not recorded")), (*found.colours, SEVERAL, UNKNOWN))


def _both(one: int, other: int, words: Sequence[str], labels: Mapping[str, str]) -> str:
    said = [labels.get(words[code], say("unknown")) for code in dict.fromkeys((one, other))]
    return " / ".join(said)


def values(chosen: Selection, size: str) -> Any:
    """Return low, best and high (n, 3) of what sizes stand for; NaN where unknown. `incidents`: 1 each."""
    if size == "incidents":
        return np.ones((len(chosen), 3))
    return chosen.of(getattr(chosen.columns, size))
