"""A kept answer: the sentence first, then effect, figure, table, how it holds up, and all that must be said with it."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app import language, session, widgets
from app.language import count, later, say
from app.patterns import questions, taking, words, working
from app.patterns.working import Asked
from casualty import asking
from casualty.access import Acting
from casualty.errors import CasualtyError
from casualty.patterns.plainly import clean, number, sentences
from casualty.runs import Run

PAGE = 50
SURVIVAL = 100
KINDS = {
    "draws": later("Dates, places and counts drawn within what is recorded"),
    "unknown identities": later("Unknown identities, all of the group or none"),
    "tiers": later("Better verified incidents only"),
    "sources": later("Without each source in turn"),
    "alleged actors": later("Without each alleged actor in turn"),
}


def title(run: Run) -> str:
    """Return what a run is called on a page: the plain question it answers, or the engine's own words."""
    found = questions.asked_by(run.method, run.parameters)
    return f"{say(found[0].label)} {say(found[1].label)}" if found else run.question


def show(run: Run, by: Acting) -> None:
    """Show a kept answer, whole."""
    st.subheader(widgets.plain(run.name or title(run)), anchor=False)
    about = [title(run)] if run.name else []
    about += [run.code, say("asked by {name}, {when}", name=run.by, when=language.moment(run.at))]
    st.caption(widgets.plain(language.joined(about)))
    if run.withdrawn:
        st.warning(widgets.plain(say("Taken back: {why}", why=run.withdrawn)))
    words.remark()
    for at, sentence in enumerate(sentences(run.result)):
        words.english(sentence, "p", "sentence" if at == 0 else "")
    _effects(run)
    figure(run)
    _map(run)
    taking.offer(run, by)
    caveats(run.result.get("caveats") or ())
    _rows(run)
    _survival(run, by)
    _beside(run)
    _how(run)


def caveats(said: Any) -> None:
    """Show what must be said with an answer; never folded away."""
    st.markdown(f"**{say('What must be said with it')}**")
    st.html('<ul class="caveats">' + "".join(f"<li>{words.engine(one)}</li>" for one in said) + "</ul>")


def _effects(run: Run) -> None:
    """Show the effects that stand out most, with their intervals."""
    found = asking.effects(run.result)
    shown = sorted(found.items(), key=lambda one: (not one[1].alarm, one[1].p is None, one[1].p or 0.0))[:3]
    if any(effect.ratio is not None for _, effect in shown):
        facts = [(clean(name), words.engine(effect.said)) for name, effect in shown if effect.ratio is not None]
        st.markdown(f"**{say('Effect, with its 95 % interval where there is one')}**")
        widgets.facts(facts)


def figure(run: Run) -> None:
    """Draw the answer; a reader who does not see it is told its sentence, and the table below has its figures."""
    picture = b64encode(taking.drawn(run.result_sha256, "svg", (), dict(run.result))).decode()
    said = escape(" ".join(sentences(run.result)[:1]), quote=True)
    st.html(
        f'<figure class="drawn" dir="ltr" tabindex="0"><img lang="en" alt="{said}" src="data:image/svg+xml;base64,{picture}"></figure>'
    )


def _map(run: Run) -> None:
    """Lead to the map, where what was found lies on its filter's incidents."""
    found = questions.asked_by(run.method, run.parameters)
    if found and found[1].layer:
        given = {"run": run.code} | ({"filter": run.parameters["filter"]} if run.parameters.get("filter") else {})
        st.html(f'<p><a href="/map?{escape(urlencode(given), quote=True)}">{escape(say("Show on the map"))}</a></p>')


def _rows(run: Run) -> None:
    """Show the rows as a table, a page of them at a time."""
    rows = run.result.get("clusters") if "clusters" in run.result else run.result.get("rows")
    st.markdown(f"**{say('The figures')}**")
    if not rows:
        st.caption(
            say("No cluster was found.") if "clusters" in run.result else say("There is nothing to show in a table.")
        )
        return
    names, page = words.columns(rows), 1
    if len(rows) > PAGE:
        page = st.pagination(-(-len(rows) // PAGE), max_visible_pages=5, key=f"rows-{run.code}")
        first = (page - 1) * PAGE
        st.caption(
            say("{first} to {last} of {all}.", first=first + 1, last=min(first + PAGE, len(rows)), all=len(rows))
        )
    heads = [say(words.HEADS.get(name, name)) for name in names]
    numbers = [head for head, name in zip(heads, names, strict=True) if name in words.FIGURES[:-2]]
    part = rows[(page - 1) * PAGE : page * PAGE]
    widgets.table(heads, ([words.cell(name, row.get(name)) for name in names] for row in part), numbers=numbers)


# How it holds up -----------------------------------------------------------------------------------------------------


def _survival(run: Run, by: Acting) -> None:
    """Show how often the finding holds, or offer to ask."""
    st.markdown(f"**{say('How it holds up')}**")
    tiers = run.result.get("tiers")
    if tiers:
        _tiers(run.result, str(run.group or ""))
        return
    found = run.result.get("survival")
    if found is None:
        st.caption(
            say(
                "Asks again with other dates, places and counts within what is recorded, by tier, and without each source."
            )
        )
        chosen = {**run.parameters, "seed": run.seed} if run.seed is not None else dict(run.parameters)
        asked = Asked(run.method, {**chosen, "survival": SURVIVAL}, title(run), run.name)
        st.button(say("Ask {n} times more", n=SURVIVAL), key=f"survive-{run.code}", on_click=_begin, args=(by, asked))
        return
    words.english(found["sentence"], "p", "sentence")
    heads = [
        say("What is changed"),
        say("The same is found"),
        say("Too little left"),
        say("p, least to greatest"),
        say("Ratio, least to greatest"),
    ]
    widgets.table(heads, map(_change, found["changes"]))
    caveats(found.get("caveats") or ())


def _change(change: Mapping[str, Any]) -> list[str]:
    stood = say("{n} of {all}", n=change["stood"], all=change["runs"])
    ranges = [_range(change.get(name)) for name in ("p", "effect")]
    return [
        escape(say(KINDS.get(change["kind"], change["kind"]))),
        escape(stood),
        language.number(change["too_few"]),
        *ranges,
    ]


def _range(found: Any) -> str:
    if not found:
        return escape(say("not defined"))
    return f'<bdi dir="ltr">{escape(f"{number(found[0])} - {number(found[-1])}")}</bdi>'


def _tiers(document: Mapping[str, Any], group: str) -> None:
    """Show a comparison of groups by tier, and within the bounds of unknown identities."""
    rows = [row for row in document["tiers"] if not group or row["group"] == group]
    heads = [say("Incidents used"), say("Group"), say("Incidents"), say("Ratio"), say("Low"), say("High"), say("p")]
    names = ("tier", "group", "incidents", "rate_ratio", "low", "high", "p")
    widgets.table(heads, ([words.cell(name, row.get(name)) for name in names] for row in rows), numbers=heads[2:])
    bounds = [row for row in document.get("stratified") or () if not group or row["group"] == group]
    heads = [
        say("Group"),
        say("If none of the unknown were of it"),
        say("If all were"),
        say("Recorded how many times as likely would undo it"),
    ]
    limits = ("group", "bound_low", "bound_high", "tipping")
    widgets.table(heads, ([words.cell(name, row.get(name)) for name in limits] for row in bounds), numbers=heads[1:])


def _begin(by: Acting, asked: Asked) -> None:
    try:
        working.begin(session.store(), by, asked)
    except CasualtyError as told:
        st.session_state["patterns_refused"] = told


# What stands beside --------------------------------------------------------------------------------------------------


def _beside(run: Run) -> None:
    """Say how many incidents were used, and what was left out and why."""
    document = run.result
    if document.get("n") is not None:
        used = int(document["n"])
        st.html(f"<p>{escape(count('{n} incident was used.', '{n} incidents were used.', used))}</p>")
    left = document.get("left_out")
    st.markdown(f"**{say('What was left out, and why')}**")
    if not left:
        st.caption(say("Nothing."))
    elif isinstance(left, Mapping):
        heads = [say("Incidents"), say("Why")]
        widgets.table(
            heads, ([language.number(n), words.engine(reason)] for reason, n in left.items()), numbers=heads[:1]
        )
    else:
        names = ("area", "period", "group", "incidents", "reason")
        heads = [say("Area"), say("Period"), say("Group"), say("Incidents"), say("Why")]
        widgets.table(heads, ([words.cell(name, row.get(name)) for name in names] for row in left[:PAGE]))


def _how(run: Run) -> None:
    """Show all that somebody else needs to have the same answer."""
    with st.expander(say("How it was asked: choices, seed, versions and hashes")):
        chosen = [(name, words.engine(_text(value))) for name, value in sorted(run.parameters.items())]
        widgets.facts(
            [
                (say("Method"), words.engine(run.result.get("method") or run.method)),
                (say("Question"), words.engine(run.question)),
                *chosen,
                (say("Seed"), words.engine(run.seed)),
                (say("Correction"), words.engine(run.result.get("correction") or "")),
                (say("SHA-256 of the answer"), words.engine(run.result_sha256)),
                (say("SHA-256 of the incidents asked"), words.engine(run.data_sha256)),
                (say("Head of the ledger"), words.engine(run.ledger_head)),
                (
                    say("Program"),
                    words.engine(", ".join(f"{name} {version}" for name, version in run.versions.items())),
                ),
            ]
        )


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
