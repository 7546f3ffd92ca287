"""Answers that were kept: listed, opened, asked again, and two of them side by side."""

from base64 import b64encode
from html import escape
from typing import Any
from urllib.parse import quote

import streamlit as st

from app import language, session, widgets
from app.language import later, say
from app.patterns import answer, words, working
from app.patterns.working import Asked
from casualty import asking, runs
from casualty.access import Acting
from casualty.errors import CasualtyError
from casualty.patterns.plainly import clean, clipped
from casualty.runs import Run

VIEW = "patterns_view"
ASK, KEPT, COMPARE = later("Ask a question"), later("Kept answers"), later("Compare")
PAGE = 30
DRAWN = 12
CLIPPED = 110
OVERLAP = {True: later("overlap"), False: later("do not overlap"), None: later("no interval")}


def listed(by: Acting) -> None:
    """List the answers, the newest first, a page at a time."""
    found = runs.listed(session.store(), by=by)[::-1]
    if not found:
        st.info(say("No answer is kept yet. Ask a question: its answer is kept, and stands here."))
        return
    words.remark()
    page = 1
    if len(found) > PAGE:
        page = st.pagination(-(-len(found) // PAGE), max_visible_pages=5, key="kept-page")
    st.caption(say("Shown {n} of {all}.", n=len(found[(page - 1) * PAGE : page * PAGE]), all=len(found)))
    heads = [
        say("Code"),
        say("Name"),
        say("Question"),
        say("Group"),
        say("By"),
        say("When"),
        say("Incidents"),
        say("Filter"),
        say("What may be said"),
    ]
    widgets.table(heads, map(_cells, found[(page - 1) * PAGE : page * PAGE]), numbers=[heads[6]])


def _cells(run: Run) -> list[str]:
    link = f'<a href="/patterns?run={quote(run.code)}">{escape(run.code)}</a>'
    taken_back = f" ({escape(say('taken back'))})" if run.withdrawn else ""
    used = run.result.get("n")
    return [
        link + taken_back,
        widgets.text(run.name) if run.name else "",
        escape(answer.title(run)),
        widgets.text(run.group) if run.group else escape(say("All groups")),
        widgets.text(run.by),
        escape(language.moment(run.at)),
        "" if used is None else escape(language.number(used)),
        words.engine(run.parameters.get("filter") or ""),
        words.engine(clipped(clean(run.result.get("sentence") or ""), CLIPPED)),
    ]


def one(code: str, by: Acting) -> None:
    """Show one answer, with the way back, to ask it again and to compare it."""
    with st.container(horizontal=True):
        st.button(say("Back to the questions"), key="kept-back", on_click=_leave)
        run = runs.shown(session.store(), code, by=by)
        asked = Asked(run.method, run.parameters, run.name or answer.title(run), again=run.code)
        st.button(say("Ask it again"), key="kept-again", on_click=_again, args=(by, asked),
                  help=say("Says whether the same bytes come out, or what has changed. Nothing is kept of it."))  # fmt: skip
        st.button(say("Compare it with another"), key="kept-compare", on_click=_compare, args=(run.code,))
    answer.show(run, by)


def _leave() -> None:
    st.query_params.pop("run", None)
    st.session_state[VIEW] = ASK


def _again(by: Acting, asked: Asked) -> None:
    try:
        working.begin(session.store(), by, asked)
    except CasualtyError as told:
        st.session_state["patterns_refused"] = told


def _compare(code: str) -> None:
    st.query_params.pop("run", None)
    st.query_params["compare"] = code
    st.session_state[VIEW] = COMPARE


# Side by side --------------------------------------------------------------------------------------------------------


def compare(by: Acting) -> None:
    """Choose two answers and show them side by side on the same scales."""
    found = {run.code: run for run in reversed(runs.listed(session.store(), by=by))}
    if len(found) < 2:
        st.info(say("Two answers are needed to compare. Ask a question twice, with another filter or other days."))
        return
    codes = [code for code in st.query_params.get("compare", "").split(",") if code in found]
    left, right = st.columns(2)
    with left:
        first = _picked("first", say("First"), found, codes[0] if codes else next(iter(found)))
    others = {code: run for code, run in found.items() if code != first}
    alike = [code for code, run in others.items() if run.method == found[first].method]
    with right:
        second = _picked(
            "second",
            say("Second"),
            others,
            codes[1] if len(codes) > 1 and codes[1] in others else next(iter(alike or others)),
        )
    st.query_params["compare"] = f"{first},{second}"
    _shown(found[first], found[second])


def _picked(key: str, label: str, found: dict[str, Run], usual: str) -> str:
    held = st.session_state.get(f"compare-{key}")
    if held not in found:
        st.session_state[f"compare-{key}"] = usual
    return str(st.selectbox(label, list(found), key=f"compare-{key}", format_func=lambda code: _called(found[code])))


def _called(run: Run) -> str:
    parts = [run.name or answer.title(run), *([run.group] if run.group else []), language.moment(run.at), run.code]
    return language.joined(parts)


def _shown(first: Run, second: Run) -> None:
    found = asking.compared(first, second)
    words.remark()
    words.english(found.sentence, "p", "sentence")
    heads = ["", say("First"), say("Second")]
    st.markdown(f"**{say('What differs in how they were asked')}**")
    apart = found.apart()
    if apart:
        widgets.table(heads, ([words.engine(what), words.engine(one), words.engine(two)] for what, one, two in apart))
    else:
        st.caption(say("Nothing."))
    for column, run in zip(st.columns(2), (first, second), strict=True):
        with column:
            st.caption(widgets.plain(_called(run)))
            words.english(run.result.get("sentence") or "")
    if not found.same_question or not found.pairs:
        return
    st.markdown(f"**{say('What both have, on one scale (1: first, 2: second)')}**")
    _drawn(found)
    heads = [say("Row"), say("First: ratio, interval, p"), say("Second: ratio, interval, p"), say("Their intervals")]
    widgets.table(heads, map(_pair, found.pairs))
    said = dict.fromkeys([*(first.result.get("caveats") or ()), *(second.result.get("caveats") or ())])
    answer.caveats(said)


def _drawn(found: asking.Compared) -> None:
    from casualty.patterns import figures

    some = [pair for pair in found.pairs if pair.first.ratio is not None][:DRAWN]
    if not some:
        return
    rows: list[tuple[str, Any, Any]] = [(pair.name, vars(pair.first), vars(pair.second)) for pair in some]
    picture = b64encode(figures.pairs(rows, f"{found.first} (1) and {found.second} (2). {found.sentence}")).decode()
    said = escape(found.sentence, quote=True)
    st.html(
        f'<figure class="drawn" dir="ltr" tabindex="0"><img lang="en" alt="{said}" src="data:image/svg+xml;base64,{picture}"></figure>'
    )


def _pair(pair: asking.Pair) -> list[str]:
    return [
        words.engine(pair.name),
        words.engine(pair.first.said),
        words.engine(pair.second.said),
        escape(say(OVERLAP[pair.overlap])),
    ]
