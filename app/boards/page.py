"""The situation page: a situation is chosen, and the sidebar's filter asks within it."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

import sqlalchemy as sa
import streamlit as st

from app import charts, filtering, filterwords, language, session, widgets
from app.boards import changes, counting, coverage, people, waiting
from app.boards.changes import Change
from app.charts import Row, Taking
from app.language import count, phrase, say
from casualty import visits
from casualty.access import Acting
from casualty.errors import Word
from casualty.filters import Asked, Filter
from casualty.overview import Selection
from casualty.schema import table
from casualty.vocabulary import IncidentStatus, IncidentType

ALL, NONE = visits.EVERYTHING, "none"
PARAMETER, LEVEL = "situation", "level"
MOST_SOURCES, MOST_AREAS, MOST_CHANGES, MOST_MONTHS, MOST_EMPTY = 15, 20, 20, 24, 200
HARMS = ("killed", "injured", "missing")


def show() -> None:
    """Show the page."""
    by = session.acting()
    if by is None:
        st.stop()
    charts.style()
    st.title(say("Situation"), anchor=False)
    wanted = filtering.chosen()
    place = chosen_place()
    whole = wanted.also(*asked_of(place))
    found = session.selected(whole)
    st.caption(widgets.plain(say("Shown: {words}", words=Word(filterwords.words(whole)))))
    since_last(found, by, place)
    if not len(found):
        st.info(empty(wanted, place))
        return
    taking = charts.taking(found)
    recorded(found, taking)
    verified(found, taking)
    waits(found, place)
    by_source(found, taking)
    by_area(found, taking)
    by_month(found, taking)


def empty(wanted: Filter, place: str) -> str:
    """Return what is said where nothing is found: nothing recorded is no zero."""
    if wanted:
        return say("No incident matches the filter. Widen it, or clear it in the sidebar.")
    if place != ALL:
        return say("No incident is recorded here that you can see. That is no count of zero.")
    return say("No incident is recorded yet. Record one on the Record page.")


# Which ---------------------------------------------------------------------------------------------------------------


def chosen_place() -> str:
    """Ask for the situation and return its id, ALL or NONE; it stands in the address."""
    rows = sorted(session.listed("situation"), key=lambda row: row.name.casefold())
    names = {ALL: say("All situations")} | {row.id: row.name for row in rows}
    if rows:
        names[NONE] = say("Incidents of no situation")
    asked = st.query_params.get(PARAMETER, ALL)
    if asked not in names:
        st.warning(say("There is no such situation; all are shown."))
        asked = ALL
    if st.session_state.get("situation_asked") != asked:
        st.session_state["situation_place"] = asked
    if st.session_state.get("situation_place") not in names:
        st.session_state["situation_place"] = asked
    place: str = st.selectbox(say("Situation"), list(names), key="situation_place", format_func=names.get)
    st.session_state["situation_asked"] = place
    if place == ALL:
        st.query_params.pop(PARAMETER, None)
    else:
        st.query_params[PARAMETER] = place
    return place


def asked_of(place: str) -> tuple[Asked, ...]:
    """Return the part of the filter that a situation is."""
    if place == ALL:
        return ()
    return (Asked("situation_id", "missing"),) if place == NONE else (Asked("situation_id", "is", (place,)),)


def _standing_in(place: str) -> sa.ColumnElement[bool]:
    held = table("incident").c.situation_id
    return sa.true() if place == ALL else held.is_(None) if place == NONE else held == place


# What is new -----------------------------------------------------------------------------------------------------------


def since_last(found: Selection, by: Acting, place: str) -> None:
    """Say what was written since this person last looked here."""
    seen = visits.visit(session.store(), by, place, found.overview.head)
    st.subheader(say("Since your last visit"), anchor=False)
    if seen.first:
        st.caption(say("This is your first visit here. From the next one on, what is new will stand here."))
        return
    when = Word(language.moment(seen.at))
    if seen.since is None:
        st.warning(say("You were here on {when}. The ledger does not hold what you saw then; an older copy of the database may "
                       "have been restored, so what is new cannot be told.", when=when))  # fmt: skip
        return
    listed = changes.since(found, session.store(), by, seen.since, _standing_in(place))
    if listed is None:
        n = found.overview.head.seq - seen.since.seq
        text = say(
            "Since {when} there are {n} entries in the ledger: too many to list them by incident.", when=when, n=n
        )
        st.caption(text)
        return
    st.caption(
        count(
            "Since {when} {n} incident was written.", "Since {when} {n} incidents were written.", len(listed), when=when
        )
    )
    for what, head in changes.HEADS.items():
        _list_changes(say(head), [change for change in listed if change.what == what])


def _list_changes(head: str, listed: Sequence[Change]) -> None:
    if not listed:
        return
    items = "".join(
        "<li>"
        + language.joined([
            widgets.link(change.code), escape(language.term(change.status)),
            phrase("by {names}", names=language.joined(map(widgets.text, change.by))), escape(language.moment(change.at)),
        ])
        + "</li>"
        for change in listed[:MOST_CHANGES]
    )  # fmt: skip
    more = ""
    if len(listed) > MOST_CHANGES:
        rest = count("and {n} more", "and {n} more", len(listed) - MOST_CHANGES)
        more = f"<li>{escape(rest)}</li>"
    st.html(f'<h4 class="changes-head">{escape(head)}: {len(listed)}</h4><ul class="changes">{items}{more}</ul>')


# What is recorded ------------------------------------------------------------------------------------------------------


def board(facts: Sequence[tuple[str, str, str]]) -> None:
    """Show numbers large, each under its name and with what stands beside it."""
    parts = "".join(
        f'<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd><dd class="beside">{escape(beside)}</dd></div>'
        for name, value, beside in facts
    )
    st.html(f'<dl class="board">{parts}</dl>')


def recorded(found: Selection, taking: Taking | None) -> None:
    """Show what is recorded, with its ranges and what is unknown."""
    st.subheader(say("What is recorded"), anchor=False)
    held = {harm: counting.sums(found, harm) for harm in HARMS}
    persons = people.people(found, session.store())
    named = count("{n} individual person is recorded", "{n} individual persons are recorded", persons.n)
    board(
        [
            (say("Incidents"), language.number(len(found)), say(widgets.CAVEAT)),
            *((harm_said(harm), sums.said, sums.unknown) for harm, sums in held.items()),
            (say("Victims named"), language.number(persons.named), named),
        ]
    )
    rows = [sums.row(harm_said(harm)) for harm, sums in held.items()]
    notes = [
        say("Figures are those stated of each incident. One that states none adds nothing, and is counted as unknown.")
    ]
    notes += [f"{harm_said(harm)}: {sums.unknown}" for harm, sums in held.items()]
    chart = charts.ranges(
        say("Killed, injured and missing: low, best and high"), say("Harm"), say("Best"), [("", rows)], notes
    )
    charts.show(chart, "situation-harm", taking)
    types = counting.types(found)
    of_types = [
        Row(language.term(IncidentType(word)), (n,), language.number(n))
        for word, n in sorted(types.items(), key=lambda item: -item[1])
    ]
    charts.show(
        charts.bars(say("Incidents by type"), say("Type"), say("Incidents"), [("", of_types)]),
        "situation-types",
        taking,
    )


def harm_said(harm: str) -> str:
    """Return what a harm is called."""
    return {"killed": say("Killed"), "injured": say("Injured"), "missing": say("Missing")}[harm]


def verified(found: Selection, taking: Taking | None) -> None:
    """Show what is verified, and what is not."""
    st.subheader(say("What is verified"), anchor=False)
    tiers = counting.tiers(found)
    sums = {tier: counting.sums(found, "killed", at) for tier, at in tiers.items()}
    said = {tier: say(filterwords.TIER_WORDS[tier]).capitalize() for tier in tiers}
    board([(said[tier], counting.share(len(at), len(found)), say("incidents")) for tier, at in tiers.items()])
    notes = [f"{said[tier]}: {held.unknown}" for tier, held in sums.items() if held.n]
    rows = [held.row(said[tier]) for tier, held in sums.items()]
    chart = charts.ranges(
        say("Killed by status tier: low, best and high"), say("Status tier"), say("Best"), [("", rows)], notes
    )
    charts.show(chart, "situation-tiers", taking)
    of_status = [
        Row(language.term(IncidentStatus(word)), (n,), language.number(n))
        for word, n in counting.statuses(found).items()
    ]
    chart = charts.bars(say("Incidents by status"), say("Status"), say("Incidents"), [("", of_status)])
    charts.show(chart, "situation-status", taking)


def waits(found: Selection, place: str) -> None:
    """Show what waits for review, with the way to it."""
    st.subheader(say("What waits"), anchor=False)
    heads = [say("Status"), say("Incidents"), say("The oldest, in days"), say("Assigned to nobody"), say("Queue")]
    rows = []
    for one in waiting.waits(found, session.store()):
        asked = {"status": str(one.status)} | ({} if place in (ALL, NONE) else {"situation": place})
        link = f'<a href="/review?{escape(urlencode(asked))}">{escape(say("Open in the queue"))}</a>'
        oldest = "" if one.oldest is None else language.number(one.oldest)
        cells = [escape(language.term(one.status)), language.number(one.n), oldest, language.number(one.unassigned)]
        rows.append([*cells, link if one.n else ""])
    widgets.table(heads, rows, numbers=heads[1:4])
    st.caption(say("The queue follows the situation; of the filter it follows nothing else."))


# Coverage ----------------------------------------------------------------------------------------------------------------


def by_source(found: Selection, taking: Taking | None) -> None:
    """Show who speaks of these incidents, and what is known from one source alone."""
    st.subheader(say("Coverage by source"), anchor=False)
    held = counting.tied(found, session.store(), "source")
    sources = coverage.sources(found, held)
    names = filterwords.names("source", [source.id for source in sources[:MOST_SOURCES]])
    alone = sum(source.alone for source in sources)
    notes = [
        say("Known from one source alone: {share}.", share=Word(counting.share(alone, len(found)))),
        count("{n} incident has no source that is named.", "{n} incidents have no source that is named.", held.without),
    ]
    if len(sources) > MOST_SOURCES:
        rest = len(sources) - MOST_SOURCES
        notes.append(count("{n} more source speaks of fewer.", "{n} more sources speak of fewer.", rest))
    rows = [
        Row(names.get(source.id, source.id), (source.n - source.alone, source.alone), language.number(source.n))
        for source in sources[:MOST_SOURCES]
    ]
    parts = [say("Others speak of it too"), say("Known from this source alone")]
    chart = charts.stacked(say("Incidents that each source speaks of"), say("Source"), parts, [("", rows)], notes)
    charts.show(chart, "situation-sources", taking)
    heads = [say("Source"), say("Incidents"), say("From it alone"), say("Last report"), say("Last incident")]
    widgets.table(
        heads,
        [
            [
                widgets.text(names.get(source.id)), language.number(source.n), counting.share(source.alone, source.n),
                _day(source.reported), _day(source.latest),
            ]
            for source in sources[:MOST_SOURCES]
        ],
        numbers=heads[1:3],
    )  # fmt: skip


def _day(day: int | None) -> str:
    found = coverage.written(day)
    return widgets.unknown() if found is None else language.day(found)


def chosen_level(key: str) -> int:
    """Ask by which level areas are listed; it stands in the address."""
    levels = coverage.levels(session.store())
    asked = st.query_params.get(LEVEL, "1")
    if key not in st.session_state:
        st.session_state[key] = int(asked) if asked.isdecimal() and int(asked) in levels else 1
    level: int = st.selectbox(say("Areas"), levels, key=key, format_func=coverage.level_said)
    if level == 1:
        st.query_params.pop(LEVEL, None)
    else:
        st.query_params[LEVEL] = str(level)
    return level


def by_area(found: Selection, taking: Taking | None) -> None:
    """Show where these incidents lie, and of which units nothing is recorded."""
    st.subheader(say("Coverage by area"), anchor=False)
    level = chosen_level("situation_level")
    store = session.store()
    areas, without = coverage.areas(found, coverage.words(found, store, level), coverage.names(store, level))
    here = [area for area in areas if area.n]
    notes = [count("{n} incident lies in no known area.", "{n} incidents lie in no known area.", without)]
    if len(here) > MOST_AREAS:
        rest = sum(area.n for area in here[MOST_AREAS:])
        notes.append(say("{n} more areas have {rest} incidents.", n=len(here) - MOST_AREAS, rest=rest))
    rows = [
        Row(area.name, (area.verified, area.n - area.verified), language.number(area.n)) for area in here[:MOST_AREAS]
    ]
    parts = [say("Verified"), say("Not verified")]
    chart = charts.stacked(say("Incidents by area"), coverage.level_said(level), parts, [("", rows)], notes)
    charts.show(chart, "situation-areas", taking)
    heads = [say("Area"), say("Incidents"), say("Killed"), say("Killed unknown"), say("Verified")]
    widgets.table(
        heads,
        [
            [
                widgets.text(area.name), language.number(area.n), escape(area.killed.said),
                language.number(area.killed.without[1]), escape(counting.share(area.verified, area.n)),
            ]
            for area in here[:MOST_AREAS]
        ],
        numbers=(heads[1], heads[3]),
    )  # fmt: skip
    _empty_areas([area.name for area in areas if not area.n])


def _empty_areas(names: Sequence[str]) -> None:
    """List the units of which nothing is recorded: that is no count of zero."""
    if not names:
        return
    head = count("Nothing recorded in {n} area", "Nothing recorded in {n} areas", len(names))
    items = "".join(f"<li>{widgets.text(name)}</li>" for name in names[:MOST_EMPTY])
    more = "<li>…</li>" if len(names) > MOST_EMPTY else ""
    told = escape(say("That nothing is recorded does not show that nobody was killed."))
    st.html(f"<details><summary>{escape(head)}</summary><p>{told}</p><ul>{items}{more}</ul></details>")


def by_month(found: Selection, taking: Taking | None) -> None:
    """Show incidents over time and, under them, how many sources speak: few sources, little that is known."""
    st.subheader(say("Months with few sources"), anchor=False)
    bins = counting.months(found)
    n, undated = bins.counted(found.at)
    spoke = counting.speakers(bins, counting.tied(found, session.store(), "source"))
    notes = [count("{n} incident has no date.", "{n} incidents have no date.", undated)]
    head = counting.per_bin(bins)
    both = [(say("Incidents"), n), (say("Different sources that speak of them"), spoke)]
    for at, (name, values) in enumerate(both):
        rows = [Row(label, (value,), language.number(value)) for label, value in zip(bins.names, values, strict=True)]
        charts.show(
            charts.times(name, head, name, [("", rows)], notes if not at else ()), f"situation-time-{at}", taking
        )
    thin = list(coverage.thin(bins, spoke))
    if not thin:
        st.caption(say("None: no month stands out by having few sources."))
        return
    st.caption(say("With few sources heard, a low count does not show that little happened. Few: less than half as many as in "
                   "the month in the middle, or a single one."))  # fmt: skip
    heads = [head, say("Different sources"), say("Incidents")]
    count_of = dict(zip(bins.names, n, strict=True))
    rows_of = [[escape(name), language.number(heard) if heard else say("none"),
                language.number(count_of[name]) if count_of[name] else say("nothing recorded")]
               for name, heard in reversed(thin[-MOST_MONTHS:])]  # fmt: skip
    widgets.table(heads, rows_of, numbers=heads[1:])
    if len(thin) > MOST_MONTHS:
        st.caption(count("{n} earlier one is not listed.", "{n} earlier ones are not listed.", len(thin) - MOST_MONTHS))
