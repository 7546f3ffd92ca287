"""The history of a record: for every revision who, when, what, why, and each field before and after, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import streamlit as st

from app import language, session, widgets
from app.language import count, later, phrase, say
from casualty import bodies
from casualty.errors import Word
from casualty.ledger import Rows
from casualty.schema import CHILDREN, table
from casualty.store import Revised
from casualty.vocabulary import Codes, DatePrecision, DimensionState, Operation, PlacePrecision, Terms

STYLES = (Path(__file__).parent / "static" / "review.css").read_text(encoding="utf-8")
MOST_REVISIONS = 50
MOST_CHANGES = 150
LONGEST_VALUE = 200
HIDDEN = frozenset(
    {"id", "incident_id", "version", "codebook_version", "victim_id", "digest", "occurrence", "recorder"}
)
CODED: dict[str, type[Codes]] = {"date_precision": DatePrecision, "place_precision": PlacePrecision}
# What a column of another record holds: the table, and the column by which people know such a record.
NAMED = {
    "actor_id": ("actor", "name"), "batch_id": ("batch", "number"), "dimension_id": ("dimension", "label"),
    "document_id": ("document", "title"), "group_id": ("identity_group", "label"), "merged_into_id": ("incident", "code"),
    "origin_id": ("origin", "label"), "resolved_out_of": ("victim", "code"), "situation_id": ("situation", "name"),
    "source_id": ("source", "name"),
}  # fmt: skip
KINDS = {
    "act": later("Act"), "attribution": later("Identity attribution"), "claim": later("Claim of a source"),
    "incident": later("The incident itself"), "involvement": later("Alleged involvement"), "review": later("Judgement"),
    "victim": later("Victim"), "victim_name": later("Name of a victim"),
}  # fmt: skip
# What columns are called that no form asks for under their own name.
COLUMNS = {
    "actor_id": later("Alleged actor"), "actor_missing": later("Why no actor is named"), "age_high": later("Age, high"),
    "age_low": later("Age, low"), "basis": later("Basis"), "batch_id": later("Intake batch"), "cited": later("Words cited"),
    "clarity": later("Clarity of the event"), "confidence": later("Confidence"), "count_best": later("Number, best"),
    "count_conflict": later("Figures kept as stated, out of order"), "count_high": later("Number, high"),
    "count_low": later("Number, low"), "credibility": later("Credibility"), "dataset": later("Data set"),
    "described_as": later("Described as"), "dimension_id": later("Identity dimension"), "document_id": later("Document"),
    "external_id": later("Number in the data set"), "from_status": later("Status before"),
    "group_id": later("Identity group"), "group_missing": later("Why no group is known"), "involvement_id": later("Involvement"),
    "kind": later("Kind"), "language": later("Language"), "locator": later("Where it says so"), "means": later("Means"),
    "merged_into_id": later("Duplicate of"), "note": later("Note"),
    "occupation_missing": later("Why no occupation is known"), "origin_id": later("First came from"),
    "recorded_at": later("Recorded"), "recorded_by": later("Recorded by"), "response": later("What the actor says"),
    "reviewed_at": later("Judged"), "row_number": later("Row"), "script": later("Script"), "sense": later("Sense"),
    "source_id": later("Source"), "standing": later("Standing"), "stated": later("The row as read"),
    "withdrawn_at": later("Withdrawn"), "withdrawn_by": later("Withdrawn by"), "withdrawn_reason": later("Reason of withdrawal"),
}  # fmt: skip
STANDING = {
    "current": later("Stands"),
    "superseded": later("Superseded by a newer version"),
    "withdrawn": later("Withdrawn"),
}
Difference = tuple[str, object, object]


@dataclass(frozen=True, slots=True)
class Names:
    """What the records that values point to are called, and the rows that are not spoken of here."""

    called: dict[tuple[str, str], str]
    silent: frozenset[str]


def style() -> None:
    """Give the page the style of review and history."""
    st.html(f"<style>{STYLES}</style>")


def show(revisions: Sequence[Revised]) -> None:
    """Show every revision, the latest first."""
    style()
    st.subheader(say("History"), anchor=False)
    st.caption(
        count(
            "{n} revision, each signed into the ledger.", "{n} revisions, each signed into the ledger.", len(revisions)
        )
    )
    if len(revisions) > MOST_REVISIONS:
        st.caption(say("The latest {most} of {all} revisions are listed.", most=MOST_REVISIONS, all=len(revisions)))
    listed = revisions[: -MOST_REVISIONS - 1 : -1]
    changed = {revision.seq: revision.differences() for revision in listed}
    names = names_of(one for part in changed.values() for one in part)
    for number, revision in enumerate(listed):
        with st.expander(_title(revision), expanded=number == 0):
            _revision(revision, changed[revision.seq], names)


def _title(revision: Revised) -> str:
    what = widgets.label(Operation, revision.operation)
    when = Word(language.moment(revision.at))
    return widgets.plain(say("{when}: {what}, by {who} (no. {number})", when=when, what=Word(what), who=revision.actor,
                             number=revision.seq))  # fmt: skip


def _revision(revision: Revised, changed: Sequence[Difference], names: Names) -> None:
    reason = (
        phrase("Why: {reason}", reason=widgets.text(revision.reason)) if revision.reason else say("No reason is given.")
    )
    digest = phrase(
        "Its hash in the ledger begins with {hash}.", hash=f'<bdi dir="ltr">{escape(revision.hash[:12])}</bdi>'
    )
    st.html(f'<p class="why">{reason}</p><p class="small">{digest}</p>')
    if died(revision.before, revision.after):
        st.html(
            f'<p class="open-by">{escape(say("Somebody missing is recorded as killed here: that asks for a review."))}</p>'
        )
    differences(changed, names)


def died(before: Rows | None, after: Rows | None) -> bool:
    """Return whether a revision turns missing or disappeared people into dead ones."""
    return bool(before and after and "incident" in before and "incident" in after and bodies.found_dead(before, after))


def differences(changed: Sequence[Difference], names: Names | None = None) -> None:
    """Show fields before and after, record by record; `changed` as `Revised.differences` gives them."""
    names = names or names_of(changed)
    told = [one for one in changed if _spoken_of(one[0], names)]
    if not told:
        st.caption(say("Nothing that is shown here changed, or the body was erased."))
        return
    groups: dict[str, list[Difference]] = {}
    for one in told[:MOST_CHANGES]:
        groups.setdefault(one[0].rpartition(".")[0], []).append(one)
    for where, part in groups.items():
        st.html(_group(where, part, names))
    if len(told) > MOST_CHANGES:
        st.caption(
            say(
                "The first {most} of {all} changed fields are shown; the command line shows all: `casualty history CODE`.",
                most=MOST_CHANGES, all=len(told),
            )
        )  # fmt: skip


def _spoken_of(where: str, names: Names) -> bool:
    name, _, column = where.rpartition(".")
    return column not in HIDDEN and name.partition(" ")[2] not in names.silent


def _group(where: str, part: Sequence[Difference], names: Names) -> str:
    """Return what changed of one row as a table."""
    kind, _, key = where.partition(" ")
    title = say(KINDS[kind]) if kind in KINDS else kind.replace("_", " ")
    if called := names.called.get((kind, key)):
        title = say("{kind} {name}", kind=Word(title), name=called) if called else title
    new, gone = all(old is None for _, old, _ in part), all(now is None for _, _, now in part)
    if kind in CHILDREN["incident"]:
        title = say("{what}: added", what=Word(title)) if new else title
        title = say("{what}: taken out", what=Word(title)) if gone else title
    rows = "".join(_row(kind, one, names) for one in part)
    heads = "".join(f'<th scope="col">{escape(head)}</th>' for head in (say("Field"), say("Before"), say("After")))
    table_of = (
        f'<div class="list" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
    return f'<div class="change"><h4>{escape(title)}</h4>{table_of}</div>'


def _row(kind: str, one: Difference, names: Names) -> str:
    where, old, new = one
    column = where.rpartition(".")[2]
    before = f'<del class="was">{_value(kind, column, old, names)}</del>' if old is not None else "&ndash;"
    after = f'<ins class="now">{_value(kind, column, new, names)}</ins>' if new is not None else "&ndash;"
    return f'<tr><th scope="row">{escape(column_name(column))}</th><td>{before}</td><td>{after}</td></tr>'


def column_name(column: str) -> str:
    """Return what a column of the record is called in the reader's language."""
    return say(COLUMNS[column]) if column in COLUMNS else language.field(column)


def _value(kind: str, column: str, value: Any, names: Names) -> str:
    """Return a value as HTML: terms by their label, other records by their name, long texts folded."""
    if isinstance(value, bool):
        return escape(say("yes") if value else say("no"))
    if column in NAMED:
        return widgets.text(names.called.get((NAMED[column][0], str(value)), str(value)[-6:]))
    if column == "standing":
        return escape(say(STANDING.get(str(value), "unknown")))
    if scheme := _scheme(kind, column):
        return escape(widgets.label(scheme, value))
    if column.endswith("_at"):
        return escape(language.moment(value))
    if column.startswith("date_") or column == "report_date":
        return escape(language.day(value))
    shown = str(value)
    if len(shown) <= LONGEST_VALUE:
        return widgets.text(shown)
    begin = widgets.text(shown[:LONGEST_VALUE] + " …")
    return f'<details class="long"><summary>{begin}</summary>{widgets.text(shown)}</details>'


def _scheme(kind: str, column: str) -> type[Terms] | type[Codes] | None:
    if column in CODED:
        return CODED[column]
    try:
        held = table(kind).c[column].type
    except KeyError:
        return None
    return held.enum_class if isinstance(held, sa.Enum) else None


def names_of(changed: Iterable[Difference]) -> Names:
    """Return what the records in these differences are called; rows of a dimension that is switched off stay silent."""
    wanted: dict[str, set[str]] = {}
    rows: dict[str, set[str]] = {}
    dimension_of: dict[str, str] = {}
    for where, *values in changed:
        name, _, column = where.rpartition(".")
        kind, _, key = name.partition(" ")
        rows.setdefault(kind, set()).add(key)
        for value in filter(None, values):
            if column in NAMED:
                wanted.setdefault(NAMED[column][0], set()).add(str(value))
            if column == "dimension_id":
                dimension_of[key] = str(value)
    called = {
        (kind, key): name
        for kind, keys in wanted.items()
        for key, name in _called(kind, _column_of(kind), keys).items()
    }
    called |= {("victim", key): code for key, code in _called("victim", "code", rows.get("victim", set())).items()}
    dimension_of |= _called("attribution", "dimension_id", rows.get("attribution", set()) - dimension_of.keys())
    on = {row.id for row in session.listed("dimension") if row.state != DimensionState.OFF}
    return Names(called, frozenset(key for key, dimension in dimension_of.items() if dimension not in on))


def _column_of(kind: str) -> str:
    return next(column for name, column in NAMED.values() if name == kind)


def _called(kind: str, column: str, keys: Iterable[str]) -> dict[str, str]:
    """Return one column of the rows of a table, by id."""
    wanted, held = sorted(keys), table(kind)
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 400):
        some = sa.select(held.c.id, held.c[column]).where(held.c.id.in_(wanted[start : start + 400]))
        found |= {row[0]: str(row[1]) for row in session.store().rows(some)}
    return found
