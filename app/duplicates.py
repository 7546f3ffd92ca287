"""Two records of one thing: what may be one, with the reasons; merging, telling apart, and taking a merge back.

Nothing is merged by itself, and both errors matter: a person counted twice, and a person counted away.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from html import escape
from typing import Any

import sqlalchemy as sa
import streamlit as st

from app import language, reading, session, signing, widgets
from app.form import Form
from app.language import count, phrase, say
from app.sections import already
from casualty import access, recorded, review
from casualty.access import Acting
from casualty.errors import CasualtyError
from casualty.ledger import Row, Rows
from casualty.linkage import IncidentTraits, PersonTraits, Reason
from casualty.recorded import Candidate, OpenPair, Person
from casualty.schema import table
from casualty.vocabulary import AgeBand, Harm, IncidentStatus, IncidentType, SameOrNot, Sex

MOST_INCIDENTS = 5
MOST_PAIRS = 20
MOST_NAMED = 30  # people of an incident who are looked up, so that a long list does not hold the page up
REASONS = {"reasons": ""}


# What is merged already ----------------------------------------------------------------------------------------------


def merged(by: Acting, key: str, incident: Row, *, may_judge: bool) -> None:
    """Show where a merged incident went, what was merged into this one, and the way back."""
    store = session.store()
    if incident.get("merged_into_id"):
        end = review.redirect(store, key)
        code = reading.named("incident", "code", [end]).get(end, "")
        st.html(
            f'<p class="open-by">{phrase("This was merged into {link}, which stands for both.", link=_way(code))}</p>'
        )
        if may_judge:
            _taking_apart(by, key, incident["code"], say("Take the merge back"))
    held = table("incident")
    rows = store.rows(
        sa.select(held.c.code).where(held.c.merged_into_id == key, store.visible(by)).order_by(held.c.code)
    )
    if rows:
        links = language.joined(_way(row.code) for row in rows)
        st.html(
            f"<p>{phrase('Merged into this: {links}. Their claims are shown here and count once.', links=links)}</p>"
        )
    for row in rows if may_judge else ():
        _taking_apart(by, key, row.code, say("Take {code} out again", code=row.code))


def _way(code: str) -> str:
    return f'<a href="/record?code={escape(code)}&amp;view=review">{escape(code)}</a>'


def _taking_apart(by: Acting, key: str, code: str, label: str) -> None:
    """Offer to undo a merge, with the reason."""
    with st.expander(widgets.plain(label)):
        form = signing.form_of(by, key, f"unmerge {code}")
        form.lines("reasons", say("Reasons (required)"))
        form.keep()
        signing.refused(form)
        st.button(widgets.plain(label), key=f"{form.id}-save", on_click=_unmerge, args=(by, key, code))


def _unmerge(by: Acting, key: str, code: str) -> None:
    form = signing.form_of(by, key, f"unmerge {code}")
    try:
        review.unmerge(session.store(), code, by, form.typed.get("reasons") or "")
    except CasualtyError as told:
        signing.refuse(form, told)
        return
    signing.empty(form, REASONS)
    signing.done(key, say("{code} stands for itself again.", code=code))


# What may be the same ------------------------------------------------------------------------------------------------


def show(by: Acting, key: str, rows: Rows, *, may_judge: bool) -> None:
    """Show incidents and people that may be these, each with what speaks for it and against."""
    st.subheader(say("Recorded twice?"), anchor=False)
    if rows["incident"][0].get("merged_into_id") or "withdrawn_at" in rows["incident"][0]:
        st.caption(say("It stands for nothing by itself now, so nothing is compared with it."))
        return
    incidents, pairs = _found(session.head().hash, key, by.name, session.situations(), rows)
    judged = review.judged_pairs(session.store())
    waiting = [pair for pair in pairs if pair.key not in judged]
    if not incidents and not waiting:
        st.caption(say("No other record looks like this one or like its people."))
    for candidate in incidents:
        _incident(by, key, rows["incident"][0], candidate, may_judge=may_judge)
    if waiting:
        _fewer(waiting, judged)
    _pairs(by, key, waiting, may_judge=may_judge)
    _decided(by, key, rows.get("victim", []), may_judge=may_judge)


@st.cache_resource(max_entries=64, show_spinner=False)
def _found(
    at: str, key: str, name: str, cleared: frozenset[str] | None, _rows: Rows
) -> tuple[list[Candidate], list[OpenPair]]:
    """Return the incidents, and the pairs of people, that may be one; asked anew when the record has grown."""
    asked = already.recorded(session.store())
    incidents = asked.incidents(_traits(_rows), MOST_INCIDENTS, leave_out=[key], sight=already.sight())
    pairs = []
    for person, traits in _people(_rows)[:MOST_NAMED]:
        for one in asked.persons(traits, 3, leave_out=[key, person.victim_id], sight=already.sight()):
            pairs.append(OpenPair(person, one.person, one.score, one.reasons, one.against))
    return incidents, sorted(pairs, key=lambda pair: -pair.score)[:MOST_PAIRS]


def _traits(rows: Rows) -> IncidentTraits:
    incident = rows["incident"][0]
    start, end = (_day(incident.get(name)) for name in ("date_start", "date_end"))
    ids = [claim["document_id"] for claim in rows.get("claim", []) if claim["standing"] == "current"]
    document = table("document")
    told = session.store().rows(sa.select(document.c.url, document.c.sha256).where(document.c.id.in_(ids)))
    actors = reading.named("actor", "name", (part.get("actor_id") for part in rows.get("involvement", [])))
    return IncidentTraits(
        start, end, incident.get("lat"), incident.get("lon"), incident.get("uncertainty_m"), incident.get("place_as_reported"),
        incident.get("pcode"), *(incident.get(f"killed_{part}") for part in ("low", "best", "high")),
        names=tuple(_names(rows).values()), kinds=frozenset({incident["incident_type"]} - {"not_recorded"}),
        actors=frozenset(actors.values()), documents=frozenset(filter(None, (value for row in told for value in row))),
    )  # fmt: skip


def _names(rows: Rows) -> dict[str, tuple[str, ...]]:
    """Return the spellings of each named victim."""
    found: dict[str, list[str]] = {}
    for name in rows.get("victim_name", []):
        found.setdefault(name["victim_id"], []).append(name["name"])
    return {key: tuple(names) for key, names in found.items()}


def _people(rows: Rows) -> list[tuple[Person, PersonTraits]]:
    incident, names = rows["incident"][0], _names(rows)
    place = (incident["lat"], incident["lon"]) if "lat" in incident else None
    found = []
    for victim in rows.get("victim", []):
        if victim["id"] not in names:
            continue
        low, high = (
            [victim.get("age_years")] * 2 if "age_years" in victim else [victim.get("age_low"), victim.get("age_high")]
        )
        died = _day(victim.get("date_of_death"))
        traits = PersonTraits(
            names[victim["id"]], victim["sex"], low, high, died or _day(incident.get("date_start")),
            died or _day(incident.get("date_end")), place, incident.get("uncertainty_m"), incident.get("pcode"), victim["harm"],
        )  # fmt: skip
        found.append(
            (Person(victim["id"], victim["code"], incident["id"], incident["code"], names[victim["id"]]), traits)
        )
    return found


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def reasons(reasons: Iterable[Reason], against: Iterable[Reason]) -> None:
    """Show what speaks for two records being one, and what against."""
    parts = [(say("For"), "+", reason) for reason in reasons] + [(say("Against"), "−", reason) for reason in against]
    items = "".join(
        f'<li><span aria-hidden="true">{sign}</span> <b>{escape(side)}</b>: {escape(already.said(reason))}</li>'
        for side, sign, reason in parts
    )
    st.html(f'<ul class="origins">{items}</ul>')


# Incidents -----------------------------------------------------------------------------------------------------------


def _incident(by: Acting, key: str, incident: Row, candidate: Candidate, *, may_judge: bool) -> None:
    """Show another incident beside this one, and offer to merge either into the other."""
    code = candidate.code
    with st.expander(widgets.plain(say("Perhaps the same incident as {code}", code=code))):
        reasons(candidate.reasons, candidate.against)
        _beside(by, incident, candidate)
        if not may_judge:
            return
        form = signing.form_of(by, key, f"merge {code}")
        form.lines("reasons", say("Reasons (required)"))
        form.keep()
        signing.refused(form)
        with st.container(horizontal=True):
            for here, there in ((incident["code"], code), (code, incident["code"])):
                label = say("Merge {code} into {into}", code=here, into=there)
                st.button(
                    widgets.plain(label), key=f"{form.id}-{here}", on_click=_merge, args=(by, key, code, here, there)
                )


BESIDE = ("title", "incident_type", "place_as_reported", "admin2", "admin1", "country", "counted_how")


def _beside(by: Acting, incident: Row, candidate: Candidate) -> None:
    other = session.store().current("incident", candidate.id, by=by)["incident"][0]
    lines = [
        (say("Status"), [escape(language.term(IncidentStatus(one["status"]))) for one in (incident, other)]),
        (say("Date"), [escape(_dated(one)) for one in (incident, other)]),
        (say("Killed"), [escape(_killed(one)) for one in (incident, other)]),
        *(
            (language.field(name), [_shown(name, one) for one in (incident, other)])
            for name in BESIDE
            if incident.get(name) or other.get(name)
        ),
    ]
    recorders = (say("Recorded by"), [widgets.text(one["recorded_by"]) for one in (incident, other)])
    _compared(lines, [escape(say("This one: {code}", code=incident["code"])), _way(candidate.code)], [recorders])


def _compared(
    lines: Sequence[tuple[str, list[str]]], heads: Sequence[str], alike: Sequence[tuple[str, list[str]]] = ()
) -> None:
    """Show two records side by side; lines of which both are known and differ are marked by a sign and a word.

    `alike` are further lines, which say nothing by being written otherwise.
    """
    rows = []
    for name, (one, other) in (*alike, *lines):
        differ = one != other and widgets.unknown() not in (one, other) and (name, [one, other]) not in alike
        mark = f' <span class="differs-sign">&ne; {escape(say("they differ"))}</span>' if differ else ""
        rows.append(f'<tr><th scope="row">{escape(name)}{mark}</th><td>{one}</td><td>{other}</td></tr>')
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    body = f"<thead><tr><td></td>{top}</tr></thead><tbody>{''.join(rows)}</tbody>"
    st.html(f'<div class="list claims" tabindex="0"><table>{body}</table></div>')


def _dated(incident: Row) -> str:
    return widgets.when(incident.get("date_start"), incident.get("date_end"), incident.get("date_precision"))


def _killed(incident: Row) -> str:
    return widgets.killed(*(incident.get(f"killed_{part}") for part in ("low", "best", "high")))


def _shown(name: str, incident: Row) -> str:
    if name == "incident_type":
        return escape(language.term(IncidentType(incident[name])))
    return widgets.text(incident.get(name))


def _merge(by: Acting, key: str, other: str, code: str, into: str) -> None:
    form = signing.form_of(by, key, f"merge {other}")
    try:
        done = review.merge(session.store(), code, into, form.typed.get("reasons") or "", by)
    except CasualtyError as told:
        signing.refuse(form, told)
        return
    signing.empty(form, REASONS)
    signing.done(key, say("{code} was merged into {into}.", code=done.code, into=done.into_code))


# People --------------------------------------------------------------------------------------------------------------


def _fewer(pairs: Sequence[OpenPair], judged: dict[frozenset[str], SameOrNot]) -> None:
    """Say by how many the people would be fewer if every open pair were one person."""
    same = [pair for pair, verdict in judged.items() if verdict == SameOrNot.SAME]
    n = recorded.fewer(pairs, same)
    said = count("{n} open pair of people.", "{n} open pairs of people.", len(pairs))
    most = say("If every open pair were the same person: −{n}.", n=n)
    st.html(f'<p class="counts"><b>{escape(said)} {escape(most)}</b></p>')
    st.caption(say("That is the most that merging could take away, and no estimate of how many are recorded twice."))


def _pairs(by: Acting, key: str, pairs: Sequence[OpenPair], *, may_judge: bool) -> None:
    held = _victims([victim for pair in pairs for victim in pair.key])
    for pair in pairs:
        names = (language.joined(person.names) for person in (pair.first, pair.second))
        one, other = names
        title = say("Perhaps the same person: {one} and {other}", one=one, other=other)
        with st.expander(widgets.plain(title)):
            reasons(pair.reasons, pair.against)
            _two(pair, held)
            if may_judge:
                _deciding(by, key, pair)


def _victims(ids: Iterable[str]) -> dict[str, Any]:
    """Return the victims of these ids with the day, the place and the code of their incidents."""
    victim, incident = table("victim"), table("incident")
    chosen = sa.select(
        victim, incident.c.code.label("incident_code"), incident.c.date_start, incident.c.date_end, incident.c.place_as_reported,
    ).join(incident, incident.c.id == victim.c.incident_id)  # fmt: skip
    return {row.id: row for row in session.store().rows(chosen.where(victim.c.id.in_(list(ids))))}


def _two(pair: OpenPair, held: dict[str, Any]) -> None:
    rows = [held[person.victim_id] for person in (pair.first, pair.second)]
    people = (pair.first, pair.second)
    alike = [
        (say("Names"), ["<br>".join(map(widgets.text, person.names)) for person in people]),
        (say("Incident"), [_way(row.incident_code) for row in rows]),
        (say("Described as"), [widgets.text(row.described_as) for row in rows]),
    ]
    lines = [
        (say("Sex"), [escape(language.term(Sex(row.sex))) for row in rows]),
        (say("Age"), [escape(_age(row)) for row in rows]),
        (say("Harm"), [escape(language.term(Harm(row.harm))) for row in rows]),
        (say("Date of death"), [escape(language.day(row.date_of_death)) if row.date_of_death else widgets.unknown() for row in rows]),
        (say("Date of the incident"), [escape(widgets.when(row.date_start, row.date_end, None)) for row in rows]),
        (say("Place"), [widgets.text(row.place_as_reported) for row in rows]),
    ]  # fmt: skip
    _compared(lines, [escape(row.code) for row in rows], alike)


def _age(row: Any) -> str:
    if row.age_years is not None:
        return say("{years} years", years=row.age_years)
    if row.age_low is not None or row.age_high is not None:
        return say("{low} to {high} years", low=row.age_low, high=row.age_high)
    return language.term(AgeBand(row.age_band))


def _deciding(by: Acting, key: str, pair: OpenPair) -> None:
    """Ask whether two rows are one person, with the reason."""
    form = _form_of_pair(by, key, pair.first.victim_code, pair.second.victim_code)
    form.lines("reasons", say("Reasons (required)"))
    form.keep()
    signing.refused(form)
    st.caption(
        widgets.plain(
            say("If they are one person, {one} is counted as {other}. Both rows stay as they were written.",
                one=pair.first.victim_code, other=pair.second.victim_code)
        )
    )  # fmt: skip
    codes = (pair.first.victim_code, pair.second.victim_code)
    with st.container(horizontal=True):
        for verdict, label in (
            (SameOrNot.SAME, say("The same person")),
            (SameOrNot.DIFFERENT, say("These are different people")),
        ):
            st.button(label, key=f"{form.id}-{verdict}", on_click=_judge, args=(by, key, *codes, verdict))


def _form_of_pair(by: Acting, key: str, one: str, other: str) -> Form:
    return signing.form_of(by, key, f"pair {one} {other}")


def _judge(by: Acting, key: str, one: str, other: str, verdict: SameOrNot) -> None:
    form = _form_of_pair(by, key, one, other)
    try:
        review.judge_pair(session.store(), one, other, verdict, form.typed.get("reasons") or "", by)
    except CasualtyError as told:
        signing.refuse(form, told)
        return
    signing.empty(form, REASONS)
    signing.done(key, say("Judged: {verdict}.", verdict=verdict))


def _decided(by: Acting, key: str, victims: Sequence[Row], *, may_judge: bool) -> None:
    """Show what was judged of this incident's people, with the way back."""
    pairing, one, other = table("pairing"), table("victim").alias("one"), table("victim").alias("other")
    seen = sa.select(table("incident").c.id).where(session.store().visible(by))
    ids = [victim["id"] for victim in victims]
    chosen = (
        sa.select(pairing.c.verdict, pairing.c.reasons, pairing.c.recorded_by, one.c.code.label("one"), other.c.code.label("other"))
        .join(one, one.c.id == pairing.c.victim_id)
        .join(other, other.c.id == pairing.c.other_id)
        .where(pairing.c.withdrawn_at.is_(None), pairing.c.victim_id.in_(ids) | pairing.c.other_id.in_(ids))
        .where(one.c.incident_id.in_(seen), other.c.incident_id.in_(seen))
        .order_by(pairing.c.id)
    )  # fmt: skip
    found = session.store().rows(chosen) if ids else []
    if not found:
        return
    st.markdown(f"**{say('Judged already')}**")
    cells = [
        [_way(row.one), _way(row.other), escape(language.term(row.verdict)), widgets.text(row.reasons), widgets.text(row.recorded_by)]
        for row in found
    ]  # fmt: skip
    widgets.table((say("Victim"), say("And"), say("Judgement"), say("Reasons"), say("Reviewer")), cells)
    for row in found if may_judge else ():
        if row.verdict == SameOrNot.SAME:
            _taking_apart(by, key, row.one, say("Count {code} for itself again", code=row.one))


# All over the record -------------------------------------------------------------------------------------------------


@st.cache_resource(max_entries=4, show_spinner=False)
def _open(at: str, cleared: frozenset[str] | None) -> list[OpenPair]:
    judged = review.judged_pairs(session.store())
    return already.recorded(session.store()).open_pairs(judged.keys(), sight=already.sight())


def everywhere(by: Acting) -> None:
    """Show the pairs of people all over the record who are likely one, on whom nobody has decided."""
    with st.spinner(say("Comparing the names of the record ...")):
        pairs = _open(session.head().hash, session.situations())
    signing.tell("everywhere")
    if not pairs:
        st.info(say("No two named people of different rows look like one person."))
        return
    _fewer(pairs, review.judged_pairs(session.store()))
    if len(pairs) > MOST_PAIRS:
        st.caption(say("The {most} likeliest of {all} are listed.", most=MOST_PAIRS, all=len(pairs)))
    may_judge = by.local or by.role in access.PERMITTED["judge"]
    _pairs(by, "everywhere", pairs[:MOST_PAIRS], may_judge=may_judge)
