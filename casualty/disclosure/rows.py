"""What of a row is withheld although its columns are allowed: a record, a person, a source or a text.

This module judges rows that it is given and reads nothing itself. Standards: R41, R60, R71; Standards for Casualty
Recording (2016), pp. 41 and 44.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from casualty.schema import table
from casualty.vocabulary import Missing, Sensitivity, SourceKind

Row = Mapping[str, Any]

# Columns in which people write: withheld with a person of the same incident, and searched for what is withheld.
PROSE: dict[str, frozenset[str]] = {
    name: frozenset(columns.split())
    for name, columns in {
        "incident": "title narrative_public narrative_restricted counted_how",
        "claim": "locator cited stated actor_as_reported date_as_reported digest",
        "involvement": "note",
        "victim": "described_as",
        "act": "means note",
        "review": "reasons",
        "pairing": "reasons",
    }.items()
}
SEARCHED: dict[str, frozenset[str]] = {
    name: frozenset(columns.split()) | PROSE.get(name, frozenset())
    for name, columns in {
        "incident": "place_as_reported date_as_reported time_of_day",
        "victim": "occupation",
        "claim": "",
        "involvement": "",
        "act": "",
        "review": "",
        "pairing": "",
        "analysis_run": "question parameters result name",
        "document": "title url custody_note",
        "origin": "label note",
        "situation": "classified_by",
        "identity_group": "note",
        "actor": "aliases affiliation",
        "source": "affiliation",
        "population": "source",
        "consent": "basis conditions",
        "batch": "dataset mapping",
    }.items()
}

# An analysis is of all incidents at once. Where one is severe, or one of a victim who refuses, its answer could be
# compared with the rest to find what is kept back; so could its hashes, since anybody can run it again on a guess.
ANSWER = ("data_sha256", "result", "result_sha256")

# The hashes of a text go with it: whoever guesses the text could try it on them.
HASHED = {"stated": ("digest",), "result": ("data_sha256", "result_sha256")}

# What is left of a row when its content is withheld: enough to keep totals and references whole.
BARE_COLUMNS = "id version recorded_at recorded_by sensitivity codebook_version"
COUNTED = "killed_low killed_best killed_high injured_low injured_best injured_high"
REMAINS: dict[str, frozenset[str]] = {
    name: frozenset(columns.split())
    for name, columns in {
        "incident": f"{BARE_COLUMNS} code status count_conflict {COUNTED} missing_low missing_best missing_high",
        "victim": "id incident_id code kind count_low count_best count_high count_conflict resolved_out_of harm",
        "act": "id incident_id victim_id",
        "source": f"{BARE_COLUMNS} kind reliability",
        "document": f"{BARE_COLUMNS} source_id",
        "actor": f"{BARE_COLUMNS} kind",
        "admin_unit": f"{BARE_COLUMNS} pcode boundary_set level parent_pcode",
        "identity_group": f"{BARE_COLUMNS} dimension_id",
        "dimension": f"{BARE_COLUMNS} state",
        "batch": f"{BARE_COLUMNS} number format document_id",
        "pairing": f"{BARE_COLUMNS} victim_id other_id verdict",
        "analysis_run": f"{BARE_COLUMNS} code method dimension_id group_id seed ledger_head versions",
    }.items()
}
BARE = frozenset(BARE_COLUMNS.split())

# The columns that state a fact, by the column that says why it is absent.
ABSENCES = {
    "date_missing": ("date_start",),
    "place_missing": ("lat", "place_as_reported", "pcode", "admin2", "admin1", "country"),
    "occupation_missing": ("occupation",),
    "group_missing": ("group_id",),
    "actor_missing": ("actor_id",),
}

# Sources that speak in public as institutions; every other kind is, or may be, a private person.
INSTITUTIONS = frozenset(
    {SourceKind.DATASET, SourceKind.MEDIA, SourceKind.NGO, SourceKind.UN, SourceKind.GOVERNMENT, SourceKind.ARMED_PARTY}
)

CONSENT, OFF, SEVERE, MENTION, WITHDRAWN = "consent", "dimension_off", "severe", "mention", "withdrawn"


def _tokens(text: str) -> list[str]:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"\w+", bare.casefold())


@cache
def _plain_words() -> frozenset[str]:
    """Words that tell nobody from anybody ("unknown", "a witness"): a phrase of nothing else is not searched for."""
    terms = (f"{term.value} {term.label}".replace("_", " ") for scheme in (Missing, SourceKind) for term in scheme)
    return frozenset(token for text in terms for token in _tokens(text)) | {"a", "an", "the", "none", "anonymous"}


@dataclass(frozen=True)
class Phrases:
    """Names and labels that must not be found in any text that goes out."""

    by_first: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, phrases: Iterable[str | None]) -> "Phrases":
        """Build from phrases; those under three letters, or made of such words as "unknown" alone, are left out."""
        found: dict[str, set[tuple[str, ...]]] = {}
        for phrase in phrases:
            words = tuple(_tokens(phrase or ""))
            if len("".join(words)) >= 3 and not set(words) <= _plain_words():
                found.setdefault(words[0], set()).add(words)
        return cls({first: tuple(sorted(group)) for first, group in found.items()})

    @classmethod
    def merged(cls, *several: "Phrases") -> "Phrases":
        """Build from what others hold."""
        found: dict[str, set[tuple[str, ...]]] = {}
        for phrases in several:
            for first, group in phrases.by_first.items():
                found.setdefault(first, set()).update(group)
        return cls({first: tuple(sorted(group)) for first, group in found.items()})

    def within(self, text: str) -> bool:
        """Return whether any phrase stands in the text, whatever its case, accents and punctuation."""
        if not self.by_first:
            return False
        if "\\u" in text:
            text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
        words = _tokens(text)
        return any(
            tuple(words[at : at + len(phrase)]) == phrase
            for at, word in enumerate(words)
            for phrase in self.by_first.get(word, ())
        )


@dataclass(frozen=True)
class Withheld:
    """What of a database is withheld from a package: ids by the reason, and the phrases that would give it away.

    `victims`, `sources`, `documents`: no consent to share with this recipient. `beside`: incidents in which such a
    victim stands. `dimensions`: switched off; `tainted_incidents` and `tainted_documents`: where their values stand
    in rows as read. `absent`: victims of incidents that are not in the package. `reticent`: victims of whom a text may not
    speak: severe, beside one who refuses, or not in the package.
    """

    victims: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    dimensions: frozenset[str] = frozenset()
    tainted_incidents: frozenset[str] = frozenset()
    tainted_documents: frozenset[str] = frozenset()
    severe_incidents: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    reticent: frozenset[str] = frozenset()
    phrases: Phrases = field(default_factory=Phrases)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as it may go out, and what was taken from it: (reason, columns)."""

    values: dict[str, Any]
    withheld: tuple[tuple[str, tuple[str, ...]], ...] = ()


def show(name: str, row: Row, held: Withheld) -> Shown | str:
    """Return a row of a table as it may go out, or the reason why the whole row stays in the house.

    Values are as in a ledger body (absent values may be left out). A withheld term reads `withheld`, any other
    withheld value is absent.
    """
    if reason := _kept_back(name, row, held):
        return reason
    values, told = dict(row), []
    for reason, fields in _taken(name, row, held):
        fresh = tuple(
            sorted(column for column in fields if row.get(column) is not None and values[column] == row[column])
        )
        values |= {column: _instead(name, column) for column in fresh}
        if fresh:
            told.append((reason, fresh))
    if told:
        _give_reasons(name, row, values)
    return Shown(values, tuple(told))


def _instead(name: str, column: str) -> str | None:
    return "withheld" if isinstance(table(name).c[column].type, sa.Enum) else None


def _give_reasons(name: str, row: Row, values: dict[str, Any]) -> None:
    """Where all parts of a fact were taken, the reason for its absence reads `withheld`."""
    for missing, parts in ABSENCES.items():
        known = missing in table(name).c and any(row.get(part) is not None for part in parts)
        if known and all(values.get(part) is None for part in parts):
            values[missing] = "withheld"


def _kept_back(name: str, row: Row, held: Withheld) -> str | None:
    """Return why a whole row stays in the house, or None."""
    dimension = row.get("id") if name == "dimension" else row.get("dimension_id")
    if dimension in held.dimensions:
        return OFF
    if name == "consent":
        return _consent_kept_back(row, held)
    if row.get("incident_id") in held.severe_incidents and name != "victim":
        return SEVERE
    if name in ("victim_name", "attribution") and row["victim_id"] in held.victims:
        return CONSENT
    return None


def _consent_kept_back(row: Row, held: Withheld) -> str | None:
    if row.get("withdrawn_at") or row.get("victim_id") in held.absent:
        return WITHDRAWN
    subjects = (("victim_id", held.victims), ("source_id", held.sources), ("document_id", held.documents))
    return CONSENT if any(row.get(key) in refused for key, refused in subjects) else None


def _taken(name: str, row: Row, held: Withheld) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield (reason, columns) to be taken from a row that otherwise goes out."""
    incident = row["id"] if name == "incident" else row.get("incident_id")
    if row.get("sensitivity") == Sensitivity.SEVERE or incident in held.severe_incidents:
        yield SEVERE, _content(name, row)
    if row.get("withdrawn_at"):
        yield WITHDRAWN, _content(name, row) - {"withdrawn_at"}
    if _refused(name, row, held):
        yield CONSENT, PROSE["claim"] if name == "claim" else _content(name, row)
    if incident in held.beside:
        yield CONSENT, PROSE.get(name, ())
    if name == "claim" and (incident in held.tainted_incidents or row["document_id"] in held.tainted_documents):
        yield OFF, ("stated", "digest")
    if name == "batch" and row["document_id"] in held.tainted_documents:
        yield OFF, ("mapping",)
    if name == "analysis_run":
        yield SEVERE, ANSWER if held.severe_incidents else ()
        yield CONSENT, ANSWER if held.victims else ()
    if held.phrases.by_first:
        mentions = [c for c in SEARCHED.get(name, ()) if row.get(c) and held.phrases.within(str(row[c]))]
        yield MENTION, [*mentions, *(hashed for text in mentions for hashed in HASHED.get(text, ()))]


def _content(name: str, row: Row) -> frozenset[str]:
    return frozenset(row) - REMAINS.get(name, BARE)


def _refused(name: str, row: Row, held: Withheld) -> bool:
    if name == "claim":
        return row["document_id"] in held.documents or row.get("source_id") in held.sources
    if name == "act":
        return row.get("victim_id") in held.victims
    if name == "pairing":
        return bool({row["victim_id"], row["other_id"]} & (held.victims | held.reticent))
    ids = {"victim": held.victims, "source": held.sources, "document": held.documents}.get(name, frozenset())
    return row.get("id") in ids
