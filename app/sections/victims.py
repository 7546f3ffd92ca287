"""The victims: a grid that is typed fast, how it adds up to the figure stated, and more about each on demand."""

from typing import Any

import streamlit as st

from app import language, session, widgets
from app import map as components
from app.entry import people, reading
from app.entry import sources as entered
from app.form import Form, plainly
from app.language import count, say, term
from casualty.vocabulary import (
    ActKind,
    AttributionBasis,
    Cause,
    CivilStatus,
    Confidence,
    DimensionState,
    Harm,
    IdentitySense,
    Sex,
)

PRESENT = ("not_recorded", "unknown", "withheld", "not_applicable")


def groups() -> dict[str, str]:
    """Return the identity groups that may be entered here: of dimensions that are on, none of those merely imported."""
    dimensions = {row.id: row.label for row in session.listed("dimension") if row.state == DimensionState.ON}
    rows = [row for row in session.listed("identity_group") if row.dimension_id in dimensions]
    named = {f"{row.dimension_id}/{row.id}": f"{dimensions[row.dimension_id]}: {row.label}" for row in rows}
    unknown = {f"{key}/unknown": f"{label}: {say('unknown')}" for key, label in dimensions.items()}
    return named | unknown if named else {}


def grid(form: Form, found: reading.Read) -> None:
    """Ask for the victims as rows; a row with a number of its own is an unnamed group."""
    st.caption(say("One row a person. For people whose names are not known, write how many: 3, or 2-4."))
    rows = components.grid(
        form.key("people"), columns(), list(form.typed.get("people") or []), words=words(), direction=language.direction(),
        faults=_faults(form, found), generation=form.id,
    )  # fmt: skip
    form.typed["people"] = rows or None
    form.faults("people")


def columns() -> list[dict[str, Any]]:
    """Return the columns of the grid; a dimension that is switched off has none."""
    listed = [
        _column("name", say("Name"), width=12),
        _column("other_name", say("Name in another script"), width=9),
        _column("count", say("How many, if unnamed"), width=5),
        _column("sex", say("Sex"), options=[[s.value, term(s)] for s in Sex if s.value not in PRESENT[2:]]),
        _column("age", say("Age"), width=4),
        _column("harm", say("Harm"), options=[[h.value, term(h)] for h in people.HARMS if h.value not in PRESENT[1:]]),
    ]
    named = groups()
    if named:
        listed.append(
            _column("identity", say("Identity group"), options=[[key, label] for key, label in named.items()])
        )
        listed.append(_column("basis", say("How is it known?"), options=[[b.value, term(b)] for b in AttributionBasis]))
    return [*listed, _column("note", say("Described as"), width=8)]


def _column(name: str, label: str, *, width: int = 7, options: list[list[str]] | None = None) -> dict[str, Any]:
    kind = "text" if options is None else "choice"
    return {"name": name, "label": label, "kind": kind, "options": options or [], "required": False, "width": width}


def words() -> dict[str, str]:
    """Return what the grid says by itself; its slots are filled in the browser."""
    return {
        "cell": say("{name}, row {row}"),
        "number": say("Number"),
        "actions": say("Actions"),
        "required": say("required"),
        "same": say("Same as above"),
        "remove": say("Remove"),
        "same_row": say("Row {row}: same as the row above"),
        "remove_row": say("Remove row {row}"),
        "undo": say("Bring it back"),
        "removed": say("Row {row} was removed."),
        "pasted": say("{rows} rows were pasted."),
        "beyond": say("{cells} cells lay beyond the last column and were left out."),
        "unlisted": say("{value} is none of the choices. Choose one."),
    }


def _faults(form: Form, found: reading.Read) -> dict[str, dict[str, str]]:
    """Return the faults of the cells, by row and column."""
    told: dict[str, dict[str, str]] = {}
    for fault in (*form.refused, *found.faults):
        first, _, rest = fault.field.partition(".")
        key, _, column = rest.partition(".")
        if first == "people" and column:
            form.shown.add(fault.field)
            told.setdefault(key, {})[column] = plainly(fault)
    return told


def adds_up(tally: people.Tally) -> None:
    """Say how the victims described stand beside the number stated: nobody is counted twice."""
    grouped = tally.groups[1] != 0
    if not (tally.named or tally.unnamed or grouped):
        return
    parts = [count("{n} named", "{n} named", tally.named, n=tally.named)]
    if tally.unnamed:
        parts.append(count("{n} unnamed person", "{n} unnamed persons", tally.unnamed, n=tally.unnamed))
    if grouped:
        parts.append(say("{range} in groups", range=_range(tally.groups)))
    said = say("{parts}: {described} killed are described.", parts=language.joined(parts),
               described=_range(tally.described))  # fmt: skip
    if tally.stated is not None and tally.left is not None:
        left = _range(tally.left)
        said += " " + say("Stated: {stated}; not described: {left}.", stated=_range(tally.stated), left=left)
    st.html(f'<p class="adds-up" role="status">{widgets.text(said)}</p>')
    if tally.over:
        text = say("At least {n} more are described than the highest number stated. Look at both.", n=tally.over)
        st.warning(widgets.plain(text))


def _range(bounds: people.Bounds) -> str:
    least, most = bounds
    if most is None:
        return say("at least {n}", n=least)
    return str(least) if least == most else f"\u2066{least}–{most}\u2069"  # from left to right in every language


def details(form: Form, found: reading.Read, parties: dict[str, str]) -> None:
    """Ask for more about one victim at a time."""
    listed = people.rows(form.typed)
    if not listed:
        return
    names = {row["id"]: _called(row, number) for number, row in enumerate(listed, start=1)}
    chosen = st.selectbox(
        say("More about one victim"), ["", *names], key=form.key("victim_shown"),
        format_func=lambda key: names.get(key, say("Choose a victim")),
    )  # fmt: skip
    row = next((row for row in listed if row["id"] == chosen), None)
    if row is not None:
        with st.container(border=True):
            _about(form, found, row, listed, parties)


def _called(row: dict[str, Any], number: int) -> str:
    named = row.get("name") or row.get("note") or row.get("count") or "—"
    return f"{number}. {named}"


def _about(
    form: Form, found: reading.Read, row: dict[str, Any], listed: list[dict[str, Any]], parties: dict[str, str]
) -> None:
    at = f"person.{row['id']}"
    left, right = st.columns(2)
    with left:
        if not people.grouped(row):
            form.lines(f"{at}.names", say("Further names, one a line, in any script"), height=80)
            _part_of(form, at, row, listed)
        form.terms(f"{at}.civil_status", say("Status"), CivilStatus)
        form.terms(f"{at}.cause", say("Cause of death"), Cause)
    with right:
        form.text(f"{at}.occupation", say("Occupation"))
        form.text(f"{at}.described_as", say("Described as"))
        form.text(f"{at}.date_of_death", say("Date of death, if it is another day"), placeholder="2024-03-07")
    kinds = {kind.value: term(kind) for kind in ActKind if kind.value not in PRESENT}
    form.several(f"{at}.acts", say("What was done, as alleged"), kinds)
    left, right = st.columns(2)
    with left:
        form.text(f"{at}.means", say("By what means"))
    with right:
        form.choice(f"{at}.act_by", say("By whom, as alleged"), parties, unset=say("Not recorded"))
    _identities(form, at, row, entered.names(form.typed))
    if row.get("harm") in (Harm.MISSING, Harm.DISAPPEARED):
        st.caption(say("If this person is later found to be dead, the change waits for review and needs its reason."))


def _part_of(form: Form, at: str, row: dict[str, Any], listed: list[dict[str, Any]]) -> None:
    """Ask whether a person is one of an unnamed group of the form, and so counted within it."""
    others = {
        r["id"]: _called(r, n) for n, r in enumerate(listed, start=1) if people.grouped(r) and r["id"] != row["id"]
    }
    if others:
        form.choice(f"{at}.part_of", say("Is one of the group (counted within it)"), others, unset=say("Of no group"))


def _known_how(form: Form, key: str, sources: dict[str, str]) -> None:
    """Ask which identity it is, how sure it is, and which source says so."""
    sense, sure, source = st.columns(3)
    with sense:
        form.terms(f"identity.{key}.sense", say("Which identity?"), IdentitySense, unset=term(IdentitySense.OWN))
    with sure:
        form.terms(f"identity.{key}.confidence", say("How sure?"), Confidence)
    with source:
        form.choice(f"identity.{key}.document", say("Which source says so?"), sources, unset=say("Not recorded"))


def _identities(form: Form, at: str, row: dict[str, Any], names: dict[str, str]) -> None:
    """Ask for further identities: each with its sense, its basis, how sure it is, and who says so."""
    named = groups()
    if not named:
        return
    box = f"{at}.identities"
    if row.get("identity"):
        st.caption(say("Of the identity in the row above:"))
        _known_how(form, row["id"], names)
    for key in form.parts(box):
        group, basis = st.columns(2)
        with group:
            form.choice(f"identity.{key}.group", say("Identity group"), named, unset=say("Not recorded"))
        with basis:
            form.terms(f"identity.{key}.basis", say("How is it known?"), AttributionBasis)
        _known_how(form, key, names)
        st.button(
            say("Remove this identity"),
            key=form.key(f"drop.{key}"),
            on_click=form.drop,
            args=(box, key),
            type="tertiary",
        )
    st.button(say("Add an identity"), key=form.key(f"{at}.add"), on_click=form.add, args=(box,))
