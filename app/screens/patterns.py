"""The patterns page: a question in plain words, whether the data can answer it, the work, and the answers that were kept."""

from html import escape
from typing import Any

import streamlit as st

from app import filtering, language, session, widgets
from app.language import say
from app.patterns import choices, kept, questions, ready, working
from app.patterns.kept import ASK, COMPARE, KEPT, VIEW
from app.patterns.questions import ANY_GROUP, GROUP, Way
from app.patterns.working import Asked
from casualty import access
from casualty.access import Acting
from casualty.errors import CasualtyError, NotEnoughData
from casualty.filters import EVERYTHING
from casualty.readiness import Can, Readiness, readiness
from casualty.runs import LONGEST_NAME

# Incidents from which on reading them takes longer than a page may.
LARGE = 20_000
STYLE = """<style>
.sentence { font-size: 1.1rem; font-weight: 600; margin: .4rem 0; }
.drawn { margin: .5rem 0; overflow-x: auto; } .drawn img { max-width: 100%; min-width: 34rem; height: auto; background: #fff; }
.caveats { margin: .2rem 0 1rem; padding-inline-start: 1.2rem; }
.at-work { margin: 0; } .day { white-space: nowrap; }
</style>"""


def refused(by: Acting) -> CasualtyError | None:
    """Return why this person may not ask of the record, or nothing."""
    try:
        access.permit(by, "analyse")
        access.permit_whole(session.store().situations_of(by))
    except CasualtyError as told:
        return told
    return None


def ask(by: Acting) -> None:
    """Ask: the question, the choices, whether it can be answered, and then the work."""
    if not askable():
        return
    way = question()
    if not grouped(way):
        return
    text = str(filtering.chosen())
    if text:
        said = language.phrase(
            "Asked of the incidents of the filter: {filter}", filter=f'<bdi dir="ltr">{escape(text)}</bdi>'
        )
    else:
        said = escape(say("Asked of all incidents; a filter in the sidebar narrows that."))
    st.html(f"<p>{said}</p>")
    try:
        chosen = choices.who(way) | choices.how(way) | ({"filter": text} if text else {})
    except CasualtyError as told:
        widgets.told(told)
        return
    if way.group == GROUP and "group" not in chosen:
        st.info(say("This dimension has no group yet. Bring groups in: `casualty intake FILE --format groups`."))
        return
    chosen.setdefault("by", "admin1")
    name = st.text_input(say("Name of the answer (optional)"), key="patterns_name", max_chars=LONGEST_NAME,
                         help=say("Under this name it stands among the kept answers."))  # fmt: skip
    asked = Asked(way.method, chosen, words_of(way, chosen), name or None)
    can = answerable(by, asked)
    st.button(say("Run"), type="primary", disabled=not can, key="patterns_run", on_click=run, args=(by, way, asked))


def askable() -> bool:
    """Return whether there is anything to ask of; say what to do next if there is not."""
    if not session.selected(EVERYTHING):
        st.info(say("No incident is recorded yet. Record one on the Record page, or read a file in on the command line: "
                    "`casualty intake FILE`."))  # fmt: skip
        return False
    return True


def grouped(way: Way) -> bool:
    """Return whether people are grouped as a question needs; say what to do next if they are not."""
    if choices.dimensions() or way.of_all:
        return True
    st.info(say("No identity dimension is in use yet, so no question about groups can be asked. An analyst or an "
                "administrator brings one in, after a protection assessment: `casualty intake FILE --format groups`."))  # fmt: skip
    return False


def question() -> Way:
    """Ask for the question, then for the way; the address may name it."""
    if "patterns_question" not in st.session_state and (named := st.query_params.get("question")) in questions.WAYS:
        plain, way = questions.WAYS[str(named)]
        st.session_state["patterns_question"] = questions.QUESTIONS.index(plain)
        st.session_state[f"patterns_way_{questions.QUESTIONS.index(plain)}"] = way.key
    at = st.selectbox(say("Question"), range(len(questions.QUESTIONS)), key="patterns_question",
                      format_func=lambda at: say(questions.QUESTIONS[at].label))  # fmt: skip
    ways = {way.key: way for way in questions.QUESTIONS[at].ways}
    key = next(iter(ways))
    if len(ways) > 1:
        key = st.radio(say("How"), list(ways), key=f"patterns_way_{at}", format_func=lambda key: say(ways[key].label))
    st.caption(widgets.plain(say(ways[key].told)))
    return ways[key]


def words_of(way: Way, chosen: dict[str, Any]) -> str:
    """Return a question as its job is called."""
    plain = questions.WAYS[way.key][0]
    parts = [say(plain.label), say(way.label)]
    if way.group in (GROUP, ANY_GROUP):
        everybody = say("All groups") if "dimension" in chosen else say("All incidents")
        parts.append(str(chosen.get("group") or everybody))
    return " · ".join(parts)


def answerable(by: Acting, asked: Asked) -> bool:
    """Show whether the data can answer the question, and return it; a large record is read behind the page."""
    st.markdown(f"**{say('Can the data answer it?')}**")
    try:
        found = looked_behind(by, asked) if len(session.selected(EVERYTHING)) > LARGE else looked(by, asked)
    except NotEnoughData as told:
        widgets.told(told)
        st.caption(say("A rate is refused where its denominator is not held; nothing is guessed. Bring the figures in, or "
                       "ask in another way."))  # fmt: skip
        return False
    except CasualtyError as told:
        widgets.told(told)
        return False
    if found is None:
        return False
    ready.show(found)
    return found.can is not Can.NO


def looked(by: Acting, asked: Asked) -> Readiness:
    """Return whether the data can answer it, read here and now."""
    with st.spinner(say("Reading the record ...")):
        _, material = working.material(session.store(), by, asked.method, asked.chosen)
        return readiness(material, asked.method, asked.chosen)


def looked_behind(by: Acting, asked: Asked) -> Readiness | None:
    """Return whether the data can answer it once that was read behind the page; offer to read it if it was not."""
    job = working.checked(session.store(), by, asked)
    if job is not None and job.fault is not None:
        raise job.fault
    if job is not None and job.over:
        return job.result if isinstance(job.result, Readiness) else None
    if job is None:
        st.caption(say("This record is large: it is read behind the page, which takes a while."))
        look = Asked(asked.method, asked.chosen, asked.words, check=True)
        st.button(say("See whether the data can answer it"), key="patterns_look", on_click=begin, args=(by, look))
    return None


def begin(by: Acting, asked: Asked) -> None:
    """Put work in line; why it may not wait there is said when the page is drawn."""
    try:
        working.begin(session.store(), by, asked)
    except CasualtyError as told:
        st.session_state["patterns_refused"] = told


def run(by: Acting, way: Way, asked: Asked) -> None:
    """Put the question in line; the address says it, so that it can be asked again from there."""
    begin(by, asked)
    st.query_params["question"] = way.key
    for name in ("dimension", "group"):
        if asked.chosen.get(name):
            st.query_params[name] = asked.chosen[name]


def view() -> str:
    """Return which part of the page is shown; the address may ask for one."""
    if st.session_state.get(VIEW) is None:
        st.session_state[VIEW] = COMPARE if "compare" in st.query_params else ASK
    chosen = st.segmented_control(say("Show"), (ASK, KEPT, COMPARE), required=True, key=VIEW,
                                  label_visibility="collapsed", format_func=lambda name: say(name))  # fmt: skip
    if chosen != COMPARE:
        st.query_params.pop("compare", None)
    return str(chosen)


by = session.acting()
if by is None:
    st.stop()
st.html(STYLE)
st.title(say("Patterns"), anchor=False)
if (why := refused(by)) is not None:
    widgets.told(why)
    st.stop()
if (told := st.session_state.pop("patterns_refused", None)) is not None:
    widgets.told(told)
if "run" in st.query_params:
    working.show(by)
    kept.one(st.query_params["run"], by)
elif (shown := view()) == ASK:
    # Beside the button that begins it, so that whoever pressed it sees what comes of it.
    ask(by)
    working.show(by)
else:
    working.show(by)
    {KEPT: kept.listed, COMPARE: kept.compare}[shown](by)
