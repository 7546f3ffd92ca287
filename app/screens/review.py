"""The queue: what waits for review and who is at work on it. A link reopens the same part of it."""

from html import escape
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app import duplicates, language, reviewing, revisions, session, waiting, widgets
from app import map as components
from app.form import plainly
from app.language import count, later, phrase, say
from app.waiting import Wanted
from casualty import access, review
from casualty.access import Acting
from casualty.errors import CasualtyError, Word
from casualty.review import Item
from casualty.vocabulary import IncidentStatus

PAGE = 25
EVERYBODY = ""
VIEWS = (later("Incidents"), later("Same people?"))


def wanted_now() -> tuple[Wanted, list[str]]:
    """Show the filter in the sidebar and return it, with notes on what in the address was not understood."""
    named = {row.id: row.name for row in session.listed("situation")}
    address = {name: st.query_params.get_all(name) for name in st.query_params}
    if address != st.session_state.get("queue_address"):
        asked, notes = waiting.read(address, named)
        seed(asked)
        st.session_state["queue_notes"] = (asked, notes)
    wanted = asked_of(named)
    if wanted.params() != address:
        st.query_params.from_dict(wanted.params())
    st.session_state["queue_address"] = wanted.params()
    linked, notes = st.session_state["queue_notes"]
    return wanted, notes if wanted == linked else []


def seed(wanted: Wanted) -> None:
    """Set the boxes to what came by the address."""
    values: dict[str, Any] = {
        "status": list(wanted.status), "assignee": wanted.assignee or EVERYBODY, "text": wanted.text,
        "situation": wanted.situation, "recorder": wanted.recorder, "older": wanted.older, "after": wanted.after,
    }  # fmt: skip
    for name, value in values.items():
        st.session_state[f"queue_{name}"] = value


def from_the_front() -> None:
    """Begin again at the first page, as another filter asks."""
    st.session_state["queue_after"] = None


def asked_of(situations: dict[str, str]) -> Wanted:
    """Ask for the filter."""
    changed: dict[str, Any] = {"on_change": from_the_front}
    with st.sidebar:
        st.subheader(say("Filter"), anchor=False)
        who = st.selectbox(
            say("Assigned to"), assignees(), key="queue_assignee", format_func=assignee_label, **changed
        )  # fmt: skip
        status = st.multiselect(
            say("Status"), [word.value for word in waiting.STATUSES], key="queue_status",
            format_func=lambda word: widgets.label(IncidentStatus, word), placeholder=say("All that waits"), **changed,
        )  # fmt: skip
        text = st.text_input(say("Code or place contains"), key="queue_text", max_chars=100, **changed)
        situation = None
        if situations:
            situation = st.selectbox(
                say("Situation"), situations, key="queue_situation", index=None, placeholder=say("Any"),
                format_func=situations.get, **changed,
            )  # fmt: skip
        recorder = st.text_input(say("Recorded by (whole name)"), key="queue_recorder", max_chars=100, **changed)
        older = st.number_input(
            say("Recorded more than so many days ago"), min_value=0, max_value=waiting.MOST_DAYS, value=None, step=1,
            key="queue_older", **changed,
        )  # fmt: skip
        st.button(say("Clear the filter"), on_click=seed, args=(Wanted(),))
    return Wanted(
        tuple(word for word in waiting.STATUSES if word in status), who or None, (text or "").strip(), situation,
        (recorder or "").strip() or None, older, st.session_state.get("queue_after"),
    )  # fmt: skip


def assignees() -> list[str]:
    """Return whose work may be asked for: everybody's, mine, nobody's, or one person's."""
    found = [EVERYBODY, review.ME, review.NOBODY, *reviewing.reviewers()]
    asked = st.session_state.get("queue_assignee") or EVERYBODY
    return found if asked in found else [*found, asked]


def assignee_label(word: str) -> str:
    """Return what is said for a choice of assignee."""
    said = {EVERYBODY: say("Everybody"), review.ME: say("Me"), review.NOBODY: say("Nobody")}
    return said.get(word, word)


def queue(by: Acting) -> None:
    """Show a page of what waits."""
    wanted, notes = wanted_now()
    if notes:
        st.warning(say("Not all of the address was understood.") + "  \n" + "  \n".join(map(widgets.plain, notes)))
    if told := st.session_state.pop("queue_told", None):
        widgets.faults(*told)
    page = wanted.ask(session.store(), by, PAGE)
    shown, all_of = len(page.items), widgets.grouped(page.total)
    said = (
        phrase("Shown {shown} of more than {all}.", shown=shown, all=all_of)
        if page.more
        else phrase("Shown {shown} of {all}.", shown=shown, all=all_of)
    )
    st.html(f'<p class="counts" role="status"><b>{said}</b> {escape(say("The first recorded stands first."))}</p>')
    if not page.items:
        st.info(say("Nothing waits here. Widen the filter in the sidebar, or choose a status."))
    may_assign, names = may_review(by), reviewing.reviewers()
    for item in page.items:
        row(item, by, names if may_assign else None, urlencode(wanted.params(), doseq=True))
    onward(wanted, page.next)


def may_review(by: Acting) -> bool:
    """Return whether this person may judge, and say who may if not."""
    try:
        access.permit(by, "review")
    except CasualtyError as refused:
        st.caption(
            widgets.plain(say("You see what waits; judging it is for others. {why}", why=language.told(refused)[0]))
        )
        return False
    return True


def onward(wanted: Wanted, following: str | None) -> None:
    """Show the ways to the next page and back to the first."""
    with st.container(horizontal=True):
        if following:
            st.button(say("Next page"), key="queue_next", on_click=turn, args=(following,))
        if wanted.after:
            st.button(say("Back to the first page"), key="queue_first", on_click=turn, args=(None,))


def turn(after: str | None) -> None:
    """Go to the page that begins there."""
    st.session_state["queue_after"] = after


def row(item: Item, by: Acting, names: list[str] | None, part: str) -> None:
    """Show one incident, the way into its review (with the part of the queue to come back to), and who has it."""
    with st.container(border=True, key=f"item-{item.id}"):
        facts, acts = st.columns([3, 1], gap="medium")
        with facts:
            st.html(summary(item))
        with acts:
            label = say("Open {code}", code=item.code) if item.own else say("Review {code}", code=item.code)
            to = {"code": item.code, "view": "review"} | ({"queue": part} if part else {})
            st.page_link("screens/record.py", label=widgets.plain(label), query_params=to)
            if names is not None:
                assigning(item, names, by)


def summary(item: Item) -> str:
    """Return an incident of the queue as HTML: what it is, how far it is, and what it waits for."""
    when = widgets.when(item.date_start, item.date_end, None)
    killed = widgets.killed(item.killed.low, item.killed.best, item.killed.high)
    sign, word = waiting.stage(item.status)
    status = f' <span class="tier other">{escape(language.term(item.status))}</span>' if word == say("Judged") else ""
    head = language.joined(
        [escape(when), widgets.text(item.place), escape(say("killed: {number}", number=Word(killed)))]
    )
    told = language.joined(
        [
            count("recorded {n} day ago by {name}", "recorded {n} days ago by {name}", item.age_days, name=item.recorded_by),
            reviewing.claims_of(item.claims),
            reviewing.origins_of(item.origins),
            say("assigned to {name}", name=item.assignee) if item.assignee else say("assigned to nobody"),
        ]
    )  # fmt: skip
    title = f"<p>{widgets.text(item.title)}</p>" if item.title else ""
    own = f'<p class="open-by">{escape(say("Your own work: another person reviews it."))}</p>' if item.own else ""
    viewed = reviewing.open_by(item.viewers)
    waits = escape(say("Waits for: {what}", what=Word(plainly(item.waits_for))))
    return (
        f'<div class="waiting"><p class="head"><span class="stage"><i aria-hidden="true">{sign}</i> {escape(word)}</span>'
        f'{status} {head}</p>{title}<p class="small">{escape(told)}</p><p>{waits}</p>{own}{viewed}</div>'
    )


def assigning(item: Item, names: list[str], by: Acting) -> None:
    """Ask who reviews it."""
    options = [name for name in names if not (item.own and name == by.name)]
    if item.assignee and item.assignee not in options:
        options.append(item.assignee)
    key = f"assign-{item.id}-{item.assignee or ''}"
    st.selectbox(
        say("Assigned to"), ["", *options], index=["", *options].index(item.assignee or ""), key=key,
        format_func=lambda name: name or say("Nobody"), on_change=assign, args=(item, key, by),
    )  # fmt: skip


def assign(item: Item, key: str, by: Acting) -> None:
    """Ask somebody to review it, or nobody; what is refused is told above the list."""
    try:
        review.assign(session.store(), item.id, st.session_state[key] or None, by)
    except CasualtyError as refused:
        st.session_state["queue_told"] = language.told(refused)
        st.session_state[key] = item.assignee or ""


by = session.acting()
if by is None:
    st.stop()
revisions.style()
components.keys(
    [
        {"keys": "Alt+N", "says": say("Next page"), "press": "queue_next"},
        {"keys": "Alt+R", "says": say("Open the first of the list"), "press": "[class*='st-key-item-'] a"},
    ],
    {
        "title": say("Keys"), "close": say("Close"), "absent": say("There is nothing here for this key."),
        "more": [{"keys": "?", "says": say("This list")}],
    },
    language.direction(),
)  # fmt: skip
st.title(say("Review"), anchor=False)
view = st.segmented_control(
    say("Show"), VIEWS, default="Incidents", required=True, key="queue_view", label_visibility="collapsed",
    format_func=lambda name: say(name),
)  # fmt: skip
if view == "Incidents":
    queue(by)
else:
    duplicates.everywhere(by)
