"""What may leave the house: which columns at which tier, and what of a record is withheld from a package.

Everything is denied until somebody allows it. A column that stands in no list below is sealed; a record, a person,
a source or a text may be withheld although its columns are allowed. This module judges rows that it is given and
reads nothing itself. Standards: R41, R60, R63, R64, R71; Standards for Casualty Recording (2016), pp. 41 and 44.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import sqlalchemy as sa

from casualty.access import Acting, permit, permit_whole
from casualty.errors import Refused
from casualty.schema import CHILDREN, table
from casualty.vocabulary import Missing, Sensitivity, SourceKind, Tier

Row = Mapping[str, Any]

WIDENING = (Tier.PUBLIC, Tier.PARTNER, Tier.COMMISSION, Tier.INTERNAL)
BUILT = frozenset({Tier.COMMISSION})

ROOT = "id version recorded_at recorded_by sensitivity codebook_version withdrawn_at withdrawn_by withdrawn_reason"

# Per table: the columns a commission of inquiry may be given, those that stay with the deployment's own staff, and
# those that no package may ever hold. Nothing is classed for the partner or public tier before its protections exist.
COLUMNS: dict[str, tuple[str, str, str]] = {
    "incident": (
        f"{ROOT} situation_id incident_type title date_start date_end date_precision date_missing date_as_reported"
        " time_of_day report_date lat lon place_precision uncertainty_m place_as_reported place_missing country admin1"
        " admin2 pcode boundary_set killed_low killed_best killed_high injured_low injured_best injured_high"
        " missing_low missing_best missing_high count_conflict counted_how clarity narrative_public"
        " narrative_restricted code status merged_into_id",
        "",
        "",
    ),
    "claim": (
        "id incident_id document_id source_id origin_id locator killed_low killed_best killed_high injured_low"
        " injured_best injured_high count_conflict date_as_reported actor_as_reported cited credibility stated standing"
        " dataset external_id occurrence row_number batch_id digest",
        "",
        "",
    ),
    "involvement": ("id incident_id actor_id actor_missing role confidence response document_id note", "", ""),
    "victim": (
        "id incident_id code kind count_low count_best count_high count_conflict resolved_out_of harm sex age_years"
        " age_low age_high age_band civil_status cause occupation occupation_missing date_of_death described_as",
        "",
        "",
    ),
    "victim_name": ("id incident_id victim_id name kind script language", "", ""),
    "attribution": (
        "id incident_id victim_id dimension_id group_id group_missing sense basis confidence document_id",
        "",
        "",
    ),
    "act": ("id incident_id victim_id involvement_id kind means note", "", ""),
    "review": (
        "id incident_id from_status to_status reasons standard_of_proof reviewer recorder reviewed_at",
        "",
        "",
    ),
    "situation": (f"{ROOT} name kind classified_by date_start date_end", "", ""),
    "dimension": (f"{ROOT} code label genocide_ground persecution_ground state", "assessment", ""),
    "identity_group": (
        f"{ROOT} dimension_id code label label_local parent_id valid_from valid_to contested note",
        "",
        "",
    ),
    "actor": (f"{ROOT} name kind aliases parent_id affiliation external_id", "", ""),
    "source": (f"{ROOT} name kind reliability affiliation", "", ""),
    "document": (
        f"{ROOT} title source_id sha256 bytes media_type url retrieved_at language custody_note",
        "file_name",
        "",
    ),
    "origin": (f"{ROOT} label note", "", ""),
    "admin_unit": (
        f"{ROOT} pcode boundary_set name name_local level parent_pcode valid_from valid_to lat lon geometry",
        "",
        "",
    ),
    "population": (f"{ROOT} area dimension_id group_id year number source document_id", "", ""),
    "consent": (
        f"{ROOT} victim_id source_id document_id purpose value basis conditions given_on language",
        "taken_by",
        "",
    ),
    "batch": (
        f"{ROOT} number dataset format document_id mapping complete read recorded amended unchanged refused vanished"
        " warnings",
        "",
        "",
    ),
    "revision": ("seq at actor record_kind record_id operation reason batch_id digest hash", "", ""),
    "revision_body": ("seq salt before after", "", ""),
    "deployment": (f"{ROOT} name sample minimum_origins", "", ""),
    "release": ("", f"{ROOT} tier recipient basis manifest_sha256 ledger_head incidents", ""),
    "account": ("", f"{ROOT} name role sample active scope", "credential_digest organisation_digest"),
    "clearance": ("", f"{ROOT} account_id situation_id", ""),
    "credential": ("", "", "account_id argon2 totp_secret totp_since totp_step failures locked_until"),
    "named_place": ("", f"{ROOT} name also lat lon uncertainty_m pcode country admin1", ""),
    "correction": (
        "",
        f"{ROOT} incident_id victim_id asked_by received_on wanted answer answer_reasons answered_on",
        "contact",
    ),
    "coding_sample": ("", f"{ROOT} coder seed drawn_from population incidents", ""),
    "coding": (
        "",
        f"{ROOT} sample_id incident_id incident_type date_precision place_precision killed_best to_status note",
        "",
    ),
    "pairing": (f"{ROOT} victim_id other_id verdict reasons", "", ""),
    "analysis_run": (
        f"{ROOT} code method question dimension_id group_id parameters seed data_sha256 ledger_head versions result"
        " result_sha256 name",
        "",
        "",
    ),
    "session": ("", "", "token_digest account_id begun_at used_at"),
    "unfinished": ("", "", "id account incident_id version begun_at typed_at typed saved_id"),
    "assignment": ("", "incident_id reviewer assigned_by assigned_at", ""),
    "viewing": ("", "", "incident_id account seen_at"),
    "saved_filter": ("", "", "account name filter saved_at"),
    "visit": ("", "", "account place seq at since_seq since_at"),
    "ledger_head": ("", "", "id seq hash"),
}

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


def require_tier(tier: Tier) -> None:
    """Return if packages of this tier can be made; raise Refused, saying why, if not."""
    if tier not in BUILT:
        raise Refused(
            f"Packages of the {tier.value} tier cannot be made: the protections they need (masked places, small"
            " numbers, reviewed texts, a second approval) do not exist in this version. Only --tier commission can."
        )


def columns(name: str, tier: Tier) -> tuple[str, ...]:
    """Return the columns of a table that may be in a package of this tier, in the order of the schema."""
    commission, internal, _ = COLUMNS.get(name, ("", "", ""))
    reach = WIDENING.index(tier)
    allowed = commission.split() if reach >= WIDENING.index(Tier.COMMISSION) else []
    allowed += internal.split() if tier is Tier.INTERNAL else []
    return tuple(column.name for column in table(name).columns if column.name in allowed)


def whole(kind: str, tier: Tier) -> bool:
    """Return whether every column of a record of this kind, with all that stands under it, may go out at this tier."""
    return all(len(columns(name, tier)) == len(table(name).columns) for name in (kind, *CHILDREN.get(kind, ())))


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


def table_tier(by: Acting, situations: frozenset[str] | None) -> Tier:
    """Return the tier at which this person may take a table or a chart of an analysis out of the pages: internal.

    situations: those that their account is cleared for, None for all. Raises Refused for whoever may not ask questions of
    the whole record. Cells of few incidents are not blanked at this tier: who may ask may open each of these incidents.
    For any wider tier they would have to be, and no such table can be made (`require_tier`).
    """
    permit(by, "analyse")
    permit_whole(situations)
    return Tier.INTERNAL
