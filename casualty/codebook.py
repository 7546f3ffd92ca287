"""The codebook: what every field and every term of the record means, written from the vocabulary and the schema.

One text for the repository's CODEBOOK.md and for every package that leaves the house, so that a reader of either
finds the definitions under which a value was coded. Standards: R02, R03; Standards for Casualty Recording, pp. 18-20.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import SQLModel

from casualty import schema
from casualty.schema import CHILDREN, ROOTS
from casualty.vocabulary import CODEBOOK_VERSION, SCHEMES, Codes, DatePrecision, Missing, PlacePrecision, Terms

TERM_COLUMNS = ("scheme", "value", "label", "definition", "authority_and_caution")
FIELD_COLUMNS = ("table", "field", "kind", "required", "scheme", "meaning")

CODED: dict[str, type[Codes]] = {"date_precision": DatePrecision, "place_precision": PlacePrecision}

KINDS = (
    (sa.Boolean, "true or false"),
    (sa.Date, "date, ISO 8601"),
    (sa.Integer, "whole number"),
    (sa.Float, "number"),
)

# Keys of the house itself, and what lies on the desks: of no meaning to a reader of the record.
EXCLUDED = (
    "credential", "ledger_head", "revision_body", "session", "unfinished", "assignment", "viewing", "saved_filter", "visit", "seal",
)  # fmt: skip

INCLUSION = """A record is an incident in which one or more people were, or are alleged to have been, killed, injured,
abducted, made to disappear, detained, tortured, displaced or harmed in another of the listed ways. Every victim is
included irrespective of side, identity, status and of who is alleged to have done it; combatants are included.
An incident is one event, bounded in time, place, means and parties. What is not shown to have happened is kept with
its status (`refuted`, `unverifiable`, `contested`), never removed. Estimates are not recorded: every figure is a
documented one, and documented figures are not all deaths."""

ABSENT = """An empty cell means that no value is held. Where the reason for absence matters it stands beside the value,
as one of four that are never merged: unknown, not recorded, withheld, not applicable. In packages no term is left
empty: a reason beside a value that is present reads `not_applicable`, a rating or ground that nobody gave reads
`not_recorded` (both of the scheme Missing), and what is kept back reads `withheld`."""

SHARED: dict[str, str] = {
    "id": "Key of the row (UUID, version 7); carries no meaning.",
    "version": "How often the record was saved.",
    "recorded_at": "When the record was first saved, UTC.",
    "recorded_by": "Name of the account that recorded it.",
    "sensitivity": "Harm that disclosure of this record could do.",
    "codebook_version": "Version of this codebook under which the record was coded.",
    "withdrawn_at": "When the record was taken back, UTC; empty while it stands.",
    "withdrawn_by": "Account that took it back.",
    "withdrawn_reason": "Why it was taken back.",
    "incident_id": "The incident this row belongs to.",
    "victim_id": "The victim this row is about.",
    "document_id": "The document that says so.",
    "source_id": "The source that speaks in it.",
    "dimension_id": "The identity dimension.",
    "group_id": "The identity group; empty if a reason for its absence is given.",
    "count_conflict": "The low, best and high of this row are out of order in the source and kept as stated.",
    "language": "Language, as a BCP 47 tag.",
    "valid_from": "First day on which it is in use.",
    "valid_to": "Last day on which it is in use.",
    "lat": "Latitude, degrees, WGS 84.",
    "lon": "Longitude, degrees, WGS 84.",
    "confidence": "How sure the recorder or the source is of this row.",
    "batch_id": "The intake batch through which it came.",
    "date_as_reported": "The date in the words and calendar of the source.",
    "sha256": "SHA-256 of the file's bytes, taken before anything else touched it.",
    "parent_id": "The wider row of the same kind that this one belongs to.",
}

HARMED = {
    f"{harm}_{part}": f"{word} number of people {harm}, as stated; empty: not stated. Never includes the other harms."
    for harm in ("killed", "injured", "missing")
    for part, word in (("low", "Lowest credible"), ("best", "Best-supported"), ("high", "Highest credible"))
}

MEANINGS: dict[str, dict[str, str]] = {
    "incident": HARMED | {
        "code": "Readable code of the incident; carries no place, name or date.",
        "status": "Where the incident stands in review.",
        "merged_into_id": "The incident that this duplicate points to.",
        "situation_id": "The situation of violence it belongs to.",
        "incident_type": "What happened, in neutral words.",
        "title": "A neutral title.",
        "date_start": "First day on which it may have happened.",
        "date_end": "Last day on which it may have happened; the same day if the day is known.",
        "date_precision": "How closely the date is known.",
        "date_missing": "Why there is no date.",
        "time_of_day": "Time of day as reported.",
        "report_date": "Day on which it was reported; not the day of the event.",
        "place_precision": "How closely the place is known; from 3 on the point stands for an area.",
        "uncertainty_m": "Radius in metres within which the place lies.",
        "place_as_reported": "The place in the words and script of the source.",
        "place_missing": "Why there is no place.",
        "country": "Country, as the source names it.",
        "admin1": "First-order unit, as the source names it.",
        "admin2": "Second-order unit, as the source names it.",
        "pcode": "P-code of the administrative unit; text, so that leading zeros stay.",
        "boundary_set": "Version of the boundaries in which that P-code stands.",
        "counted_how": "How the numbers were arrived at.",
        "clarity": "1: told apart from other events; 2: reported only together with others (UCDP GED, event_clarity).",
        "narrative_public": "Account of the incident fit for publication after review.",
        "narrative_restricted": "Account of the incident not for publication.",
    },
    "claim": {name: text for name, text in HARMED.items() if not name.startswith("missing")} | {
        "origin_id": "Where the report first came from; claims of one origin count once.",
        "locator": "Where in the document it stands: page, row, time code.",
        "actor_as_reported": "The party, in the words of the source; an allegation.",
        "cited": "Further sources that the document itself cites.",
        "credibility": "Credibility of this information, apart from who says it.",
        "stated": "The row of the data set as it was read, in JSON.",
        "standing": "`current`, `superseded` by a newer version of the data set, or `withdrawn`; never removed.",
        "dataset": "Data set through which the claim came.",
        "external_id": "Its identifier in that data set.",
        "occurrence": "How many times that identifier came before in the same file.",
        "row_number": "Data row of the file, counted from 1.",
        "digest": "SHA-256 of the row as read; shows whether a newer version changed it.",
    },
    "involvement": {
        "actor_id": "The party alleged to have had a part; empty if a reason for its absence is given.",
        "actor_missing": "Why no party is named.",
        "role": "The part alleged.",
        "response": "What the party says of the allegation.",
        "note": "Remark on the allegation.",
    },
    "victim": {
        "code": "Readable code of the victim; carries no meaning.",
        "kind": "One person, or an unnamed group.",
        "count_low": "Lowest credible number of people in the row; 1 for a person.",
        "count_best": "Best-supported number of people in the row; 1 for a person.",
        "count_high": "Highest credible number of people in the row; 1 for a person.",
        "resolved_out_of": "The unnamed group this person was counted in before; counted once.",
        "harm": "What befell the victim.",
        "sex": "Sex as recorded at the time of the incident.",
        "age_years": "Age in years at the incident.",
        "age_low": "Lowest age in years at the incident.",
        "age_high": "Highest age in years at the incident.",
        "age_band": "Age band at the incident; 18 is an adult.",
        "civil_status": "Status at the incident.",
        "cause": "Cause of death.",
        "occupation": "Occupation as reported.",
        "occupation_missing": "Why no occupation is given.",
        "date_of_death": "Day of death, if it differs from the incident.",
        "described_as": "How the source describes the victim.",
    },
    "victim_name": {
        "name": "A name, in the script of the source, bytes unchanged.",
        "kind": "What kind of name it is.",
        "script": "Script (ISO 15924).",
    },
    "attribution": {
        "group_missing": "Why no group is given.",
        "sense": "Own identity, perceived identity, or ground of targeting.",
        "basis": "How the identity came to be attributed; never by an algorithm.",
    },
    "act": {
        "kind": "What was done.",
        "involvement_id": "The alleged involvement through which it was done.",
        "means": "Weapon or means as reported.",
        "note": "Remark on the act.",
    },
    "review": {
        "to_status": "Status that the judgement gives.",
        "from_status": "Status before it.",
        "reasons": "Written reasons of the reviewer.",
        "standard_of_proof": "The measure by which the reviewer judged.",
        "reviewer": "Account that judged.",
        "recorder": "Account that had recorded; never the same.",
        "reviewed_at": "When it was judged, UTC.",
    },
    "situation": {
        "name": "Name of the situation of violence.",
        "kind": "Legal classification.",
        "classified_by": "The authority that classified it.",
        "date_start": "First day of the situation.",
        "date_end": "Last day of the situation; empty while it lasts.",
    },
    "dimension": {
        "code": "Short code of the dimension.",
        "label": "Its name.",
        "genocide_ground": "The protected group of the Genocide Convention it speaks of, if any.",
        "persecution_ground": "The ground of persecution it speaks of, if any.",
        "state": "Whether this deployment uses the dimension.",
        "assessment": "The protection assessment under which it was switched on.",
    },
    "identity_group": {
        "code": "Short code of the group within its dimension.",
        "label": "Its name.",
        "label_local": "Its name in its own language.",
        "contested": "Whether the name or the group's being one is contested.",
        "note": "Remark on the group.",
    },
    "actor": {
        "name": "Name of the party.",
        "kind": "What kind of party it is.",
        "aliases": "Other names, separated by a vertical bar.",
        "affiliation": "To whom it is said to belong.",
        "external_id": "Its identifier in another data set.",
    },
    "source": {
        "name": "Name of the source.",
        "kind": "What kind of source it is.",
        "reliability": "Reliability of the source, apart from what it says here.",
        "affiliation": "Affiliation or interest of the source.",
    },
    "document": {
        "title": "Title of the document or name of the file.",
        "bytes": "Size of the file in bytes.",
        "media_type": "Media type of the file.",
        "url": "Address from which it was had.",
        "retrieved_at": "When it was had, UTC.",
        "custody_note": "Who held it before, and how it came here.",
        "file_name": "Name that the file had when it came.",
    },
    "origin": {
        "label": "Name of the origin.",
        "note": "Why these claims are held to be of one origin.",
    },
    "admin_unit": {
        "pcode": "P-code; text.",
        "boundary_set": "Version of the boundaries.",
        "name": "Name of the unit.",
        "name_local": "Name in its own language.",
        "level": "0 the country, 1 first-order, and so on.",
        "parent_pcode": "P-code of the unit above.",
        "geometry": "Boundary, GeoJSON, WGS 84, longitude first.",
    },
    "population": {
        "area": "P-code of the unit, or its name as the source states it.",
        "year": "Year of the figure.",
        "number": "Number of people; of the whole population where no group is named.",
        "source": "Who says so.",
    },
    "consent": {
        "purpose": "What the consent is for.",
        "value": "What was answered; no answer is treated as a refusal.",
        "basis": "The other basis that takes the place of consent.",
        "conditions": "Conditions under which it was given; they bind every later holder.",
        "given_on": "Day on which it was given.",
        "taken_by": "Who asked.",
    },
    "batch": {
        "number": "Number by which the batch is called.",
        "dataset": "The data set that the file belongs to.",
        "format": "What the file holds.",
        "mapping": "How the columns of the file were read, in TOML.",
        "complete": "Whether what the file no longer names was to be withdrawn.",
        "read": "Rows read: recorded, amended, unchanged and refused together.",
        "recorded": "Rows that became new records.",
        "amended": "Rows that changed a record.",
        "unchanged": "Rows that changed nothing.",
        "refused": "Rows that broke a rule and did not enter.",
        "vanished": "Records of the data set that the file no longer names.",
        "warnings": "Rows with at least one warning.",
    },
    "deployment": {
        "name": "Name of the database.",
        "sample": "Whether it holds invented data only.",
        "minimum_origins": "Independent origins that verification needs at least.",
    },
    "account": {
        "name": "Name of the account.",
        "role": "What it may do.",
        "sample": "Whether it belongs to a sample database.",
        "active": "Whether it may sign in.",
        "credential_digest": "SHA-256 of the stored password hash and the second factor.",
        "scope": "Which situations it may see and work on; empty: all.",
        "organisation_digest": "SHA-256 of the issuer and the subject by which an organisation's sign-in knows the person.",
    },
    "clearance": {
        "account_id": "The account that is cleared.",
        "situation_id": "The situation it is cleared for.",
    },
    "named_place": {
        "name": "Name of the place.",
        "also": "Its other names, divided by |.",
        "uncertainty_m": "How far off the point may lie, metres.",
        "pcode": "P-code of the unit in which it lies.",
        "country": "Name of the country.",
        "admin1": "Name of the first-order unit.",
    },
    "correction": {
        "asked_by": "Who asks.",
        "received_on": "Day on which the request came.",
        "wanted": "What is asked to be corrected.",
        "contact": "How whoever asks can be reached.",
        "answer": "What became of it.",
        "answer_reasons": "Why it was answered so.",
        "answered_on": "Day of the answer.",
    },
    "coding_sample": {
        "coder": "Account that codes a second time, without seeing the first coding.",
        "seed": "Seed of the draw.",
        "drawn_from": "What the sample was drawn from, in words.",
        "population": "Number of incidents drawn from.",
        "incidents": "Keys of the incidents drawn, in their order, as a JSON list.",
    },
    "coding": {
        "sample_id": "The sample it belongs to.",
        "incident_type": "The type as coded the second time.",
        "date_precision": "The precision of the date as coded the second time.",
        "place_precision": "The precision of the place as coded the second time.",
        "killed_best": "The best number killed as coded the second time.",
        "to_status": "How the second coder would judge the incident.",
        "note": "Remark of the second coder.",
    },
    "pairing": {
        "victim_id": "A victim row; if both are the same person, it is counted as the other row.",
        "other_id": "The other victim row.",
        "verdict": "Whether they are one person.",
        "reasons": "Why it was judged so.",
    },
    "analysis_run": {
        "code": "What people call it by; carries no meaning.",
        "method": "Name of the method.",
        "question": "What was asked, in words.",
        "dimension_id": "The identity dimension that was asked about.",
        "group_id": "The identity group that was asked about.",
        "parameters": "Everything that was chosen, as canonical JSON.",
        "seed": "Seed of what was drawn by chance.",
        "data_sha256": "SHA-256 of the table of incidents that was asked.",
        "ledger_head": "The ledger's last link when that table was read.",
        "versions": "Versions of the program and of what it computes with, as canonical JSON.",
        "result": "The answer, as canonical JSON.",
        "result_sha256": "SHA-256 of the answer.",
        "name": "What whoever ran it calls it.",
    },
    "release": {
        "tier": "Who may read it.",
        "recipient": "To whom it went.",
        "basis": "On what basis.",
        "manifest_sha256": "SHA-256 of the package's manifest.",
        "ledger_head": "The ledger's last link when it was made.",
        "incidents": "Number of incidents in it.",
        "follows_id": "The earlier release that it corrects or adds to.",
        "request_id": "The request by which a second person let it go.",
        "published": "The tables that it made public, as JSON; the next release is checked against them.",
        "received_on": "When the recipient had it.",
        "receipt": "What the recipient confirmed, in their words or by their own hash.",
    },
    "release_request": {
        "tier": "Who may read it.",
        "recipient": "To whom it is to go.",
        "basis": "On what basis.",
        "place": "Where it is to be written.",
        "follows": "SHA-256 of the manifest of the earlier package that it corrects or adds to.",
        "manifest_sha256": "SHA-256 of the manifest of the package as it was shown.",
        "ledger_head": "The ledger's last link when it was shown.",
        "incidents": "Number of incidents in it.",
        "answer": "What a second person said.",
        "answered_by": "Who said so.",
        "answer_reasons": "Why.",
        "answered_at": "When, UTC.",
    },
    "revision": {
        "seq": "Number of the link, from 1.",
        "at": "When the change was saved, UTC.",
        "actor": "Name of the account that saved it.",
        "record_kind": "Kind of record.",
        "record_id": "Key of the record.",
        "operation": "What was done.",
        "reason": "Why.",
        "digest": "SHA-256 of salt, newline, body before, newline, body after.",
        "hash": "SHA-256 of the previous link, newline, and the list of this link's fields.",
    },
}  # fmt: skip


HISTORY_COLUMNS = ("version", "changed", "definitions_changed")
HISTORY = (
    ("1", "The first.", "none"),
    (
        "2",
        "New: corrections, second codings, judged pairs of victim rows, clearances and named places; later packages add requests"
        " for releases.",
        "none: every term of version 1 reads as it did",
    ),
)


def tables() -> list[str]:
    """Return the names of the tables that the codebook explains: records first, each with what stands under it."""
    listed = [name for kind in ("incident", *ROOTS) for name in (kind, *CHILDREN.get(kind, ()))] + ["revision"]
    return [name for name in dict.fromkeys(listed) if name not in EXCLUDED]


def scheme_of(column: sa.Column[Any]) -> type[Terms] | type[Codes] | None:
    """Return the scheme whose terms or codes a column holds, or None."""
    if isinstance(column.type, sa.Enum):
        return cast("type[Terms]", column.type.enum_class)
    return CODED.get(column.name)


def _scheme_name(column: sa.Column[Any]) -> str:
    """Name the scheme; a term that may be absent in the record reads as one of the reasons for absence in a package."""
    scheme = scheme_of(column)
    if scheme is None:
        return ""
    optional = column.nullable and issubclass(scheme, Terms) and scheme is not Missing
    return f"{scheme.__name__}, Missing" if optional else scheme.__name__


def meaning(name: str, field: str) -> str:
    """Return the one-sentence meaning of a field; raises KeyError for a field that nobody has explained."""
    own = MEANINGS.get(name, {})
    return own[field] if field in own else SHARED[field]


def _kind(column: sa.Column[Any]) -> str:
    if scheme_of(column):
        return "code" if column.name in CODED else "term"
    return next((word for kind, word in KINDS if isinstance(column.type, kind)), "text")


def field_rows(names: Sequence[str] | None = None) -> list[tuple[str, ...]]:
    """Return one row per field of these tables, or of all, in the order of FIELD_COLUMNS."""
    rows: list[tuple[str, ...]] = []
    for name in names if names is not None else tables():
        for column in schema.table(name).columns:
            required = "no" if column.nullable else "yes"
            rows.append((name, column.name, _kind(column), required, _scheme_name(column), meaning(name, column.name)))
    return rows


def history_rows() -> list[tuple[str, ...]]:
    """Return what changed with each version, in the order of HISTORY_COLUMNS: a record keeps the version it was coded under."""
    return [*HISTORY]


def term_rows() -> list[tuple[str, ...]]:
    """Return one row per term or code of every scheme, in the order of TERM_COLUMNS."""
    return [
        (scheme.__name__, str(term.value), term.label, term.definition, " ".join((scheme.__doc__ or "").split()))
        for scheme in SCHEMES
        for term in scheme
    ]


def _cells(values: Sequence[str]) -> str:
    return "| " + " | ".join(value.replace("|", "\\|").replace("\n", " ") for value in values) + " |"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_cells(header), "|" + " --- |" * len(header), *map(_cells, rows), ""]


def markdown(in_use: Mapping[str, Sequence[Sequence[str]]] | None = None) -> str:
    """Return the codebook as Markdown.

    Parameters
    ----------
    in_use: headings, each with rows of (code, label, further remark) that a deployment itself defined, such as its
        identity dimensions and groups; they stand at the end. Without it the codebook is that of the program.
    """
    lines = [f"# Codebook, version {CODEBOOK_VERSION}", "", "What every field and every term means.", ""]
    lines += ["## What is recorded", "", INCLUSION, "", "## What is absent", "", ABSENT, "", "## Fields", ""]
    rows = field_rows()
    for name in tables():
        doc = " ".join(about(name).split())
        lines += [f"### {name}", "", doc, ""]
        lines += _table(("Field", "Kind", "Required", "Scheme", "Meaning"), [row[1:] for row in rows if row[0] == name])
    lines += ["## Terms", ""]
    for scheme in SCHEMES:
        lines += [f"### {scheme.__name__}", "", " ".join((scheme.__doc__ or "").split()), ""]
        lines += _table(("Value", "Label", "Definition"), [(str(t.value), t.label, t.definition) for t in scheme])
    if in_use is not None:
        lines += ["## Defined by this deployment", ""]
        for heading, own in in_use.items():
            lines += [f"### {heading}", "", *_table(("Code", "Label", "Remark"), own)]
    return "\n".join(lines).rstrip("\n") + "\n"


def about(name: str) -> str:
    """Return what a table is, as its model says it."""
    models = (part for part in vars(schema).values() if isinstance(part, type) and issubclass(part, SQLModel))
    return next(model.__doc__ or "" for model in models if getattr(model, "__table__", None) is schema.table(name))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(markdown())
