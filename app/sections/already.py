"""Whether what is being typed may be recorded already: likely the same incidents and people, each with its reasons.

It never stands in the way of saving, and nothing is merged here: the recorder compares, or adds the source to what is held.
"""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

import streamlit as st

from app import entry, language, session, widgets
from app.form import Form
from app.language import say
from casualty.errors import CasualtyError
from casualty.linkage import IncidentTraits, PersonTraits, Reason
from casualty.recorded import Candidate, PersonCandidate, Recorded, Sight
from casualty.store import Store
from casualty.vocabulary import Harm, IncidentStatus

MOST_INCIDENTS = 3
MOST_PERSONS = 8
MOST_NAMES = 12  # rows of the grid that are looked up, the last typed first


@st.cache_resource(max_entries=1, show_spinner=False)
def recorded(_store: Store) -> Recorded:
    """Return what is recorded, ready to be asked; its index of names is built once in a process."""
    return Recorded(_store)


def sight() -> Sight:
    """Return which situations may be looked into."""
    cleared = session.situations()
    return Sight() if cleared is None else Sight(cleared)


def traits(whole: entry.Whole, typed: Mapping[str, Any]) -> IncidentTraits | None:
    """Return what the form says of the incident, as far as it can be compared; None while it says too little."""
    fields = whole.fields
    named = tuple(tuple(name["name"] for name in who["names"]) for who in whole.fields["victims"] if who.get("names"))
    documents = frozenset(str(v) for k, v in typed.items() if k.startswith("source.") and k.endswith(".url") and v)
    if not documents and (fields["date_start"] is None or not (fields["lat"] or fields["place_as_reported"] or named)):
        return None
    kind = fields["incident_type"]
    return IncidentTraits(
        fields["date_start"], fields["date_end"], fields["lat"], fields["lon"], fields["uncertainty_m"],
        fields["place_as_reported"], fields["pcode"], *(fields[f"killed_{part}"] for part in ("low", "best", "high")),
        names=named, kinds=frozenset({kind} - {"not_recorded"}), documents=documents,
    )  # fmt: skip


def show(form: Form, whole: entry.Whole) -> None:
    """Show likely the same incidents and people, ranked, with the reasons for each and against it."""
    found = _asked(form, whole)
    incidents, persons = found
    if not incidents and not persons:
        return
    with st.container(border=True, key="already"):
        st.markdown(f"**{say('Already recorded?')}**")
        for candidate in incidents:
            _incident(form, whole, candidate)
        for typed, person in persons:
            _person(typed, person)


def _asked(form: Form, whole: entry.Whole) -> tuple[list[Candidate], list[tuple[str, PersonCandidate]]]:
    """Return the candidates, asked anew only when something that is compared has changed."""
    wanted, names = traits(whole, form.typed), _named(whole)
    mark = (wanted, tuple(names), session.head().seq)
    if form.state.get("asked") != mark:
        found = recorded(session.store())
        incidents = found.incidents(wanted, MOST_INCIDENTS, sight=sight()) if wanted else []
        persons = [
            (name[0], one) for name in names for one in found.persons(_person_traits(name, whole), 1, sight=sight())
        ]
        form.state["asked"], form.state["already"] = mark, (incidents, persons[:MOST_PERSONS])
    already: tuple[list[Candidate], list[tuple[str, PersonCandidate]]] = form.state["already"]
    return already


def _named(whole: entry.Whole) -> list[tuple[str, ...]]:
    people_named = [who for who in whole.fields["victims"] if who.get("names") and who["harm"] != Harm.DISPLACED]
    return [tuple(name["name"] for name in who["names"]) for who in reversed(people_named)][:MOST_NAMES]


def _person_traits(names: tuple[str, ...], whole: entry.Whole) -> PersonTraits:
    fields = whole.fields
    who = next(w for w in fields["victims"] if tuple(n["name"] for n in w.get("names") or ()) == names)
    low, high = (who.get("age_years") or who.get(f"age_{bound}") for bound in ("low", "high"))
    place = None if fields["lat"] is None else (fields["lat"], fields["lon"])
    return PersonTraits(
        names, who.get("sex"), low, high, who.get("date_of_death") or fields["date_start"], fields["date_end"], place,
        fields["uncertainty_m"], fields["pcode"], who["harm"],
    )  # fmt: skip


def _incident(form: Form, whole: entry.Whole, candidate: Candidate) -> None:
    when = widgets.when(candidate.date_start, candidate.date_end, None)
    killed = widgets.killed(*candidate.killed)
    status = language.term(IncidentStatus(candidate.status))
    head = say("{code}: {when}, {place}, killed: {killed}, {status}", code=candidate.code, when=when,
               place=candidate.place or say("no place"), killed=killed, status=status)  # fmt: skip
    with st.expander(widgets.plain(head)):
        _reasons(candidate.reasons, candidate.against)
        _side_by_side(whole, candidate)
        left, right = st.columns(2)
        left.link_button(say("Open it in another tab"), f"/record?code={candidate.code}")
        right.button(
            say("It is the same: add my source to it"), key=form.key(f"attach-{candidate.id}"),
            on_click=_attach, args=(form, candidate),
        )  # fmt: skip


def _reasons(reasons: Iterable[Reason], against: Iterable[Reason]) -> None:
    items = [(say("for"), reason) for reason in reasons] + [(say("against"), reason) for reason in against]
    rows = "".join(f"<li><b>{escape(side)}</b>: {widgets.text(said(reason))}</li>" for side, reason in items)
    st.html(f'<ul class="reasons">{rows}</ul>')


def said(reason: Reason) -> str:
    """Return a reason in the reader's language."""
    return say(reason.template, **reason.values)


def _side_by_side(whole: entry.Whole, candidate: Candidate) -> None:
    fields = whole.fields
    mine = (
        widgets.when(fields["date_start"], fields["date_end"], fields["date_precision"]),
        fields["place_as_reported"],
        widgets.killed(*(fields[f"killed_{part}"] for part in ("low", "best", "high"))),
    )
    theirs = (
        widgets.when(candidate.date_start, candidate.date_end, None),
        candidate.place,
        widgets.killed(*candidate.killed),
    )
    names = (say("Date"), say("Place"), say("Killed"))
    rows = [[escape(name), widgets.text(a), widgets.text(b)] for name, a, b in zip(names, mine, theirs, strict=True)]
    widgets.table((say("Field"), say("Yours"), candidate.code), rows)


def _attach(form: Form, candidate: Candidate) -> None:
    """Add the form's sources to an incident that is held, and go there."""
    try:
        saved = entry.attach(session.store(), form.by, form.id, form.typed, candidate.id)
    except CasualtyError as told:
        form.refuse(told)
        return
    form.forget()
    st.session_state["said"] = say("Your source was added to {code}.", code=candidate.code)
    st.query_params.from_dict({"code": str(saved.code)})


def _person(typed: str, candidate: PersonCandidate) -> None:
    person = candidate.person
    link = widgets.link(person.incident_code)
    shown = language.phrase("{typed} may be {names}, recorded in {link}", typed=widgets.text(typed),
                            names=widgets.text(language.joined(person.names)), link=link)  # fmt: skip
    why = language.joined(said(reason) for reason in candidate.reasons)
    st.html(f'<p class="may-be">{shown}. <span class="why">{widgets.text(why)}</span></p>')
