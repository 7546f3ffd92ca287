"""Beside the map: the incidents of the spot that was pressed, and one of them with its claims, history and neighbours."""

from html import escape
from typing import Any

import numpy as np
import streamlit as st

from app import language, reading, revisions, session, widgets
from app.atlas import listed
from app.language import count, phrase, say
from casualty import access, review
from casualty.access import Acting
from casualty.errors import CasualtyError, Refused
from casualty.overview import NO_DAY, Selection
from casualty.rules import may_move
from casualty.vocabulary import AskedBy, IncidentStatus, StandardOfProof
from geo.frame import distance_m

MOST_LISTED = 50
NEAR_METRES, NEAR_DAYS, MOST_NEAR = 25_000.0, 14, 12
CHOSEN = "map_chosen"


def show(by: Acting, chosen: Selection, here: Any) -> dict[str, Any] | None:
    """Show the incidents at these positions of the overview, and the one that is chosen; return that one's row."""
    if not len(here):
        st.caption(say("Press a spot on the map to see the incidents there."))
        return None
    st.markdown(f"**{count('{n} incident here', '{n} incidents here', len(here))}**")
    part = here
    if len(here) > MOST_LISTED:
        page = st.pagination(-(-len(here) // MOST_LISTED), max_visible_pages=3, key=f"spot-{len(here)}")
        part = here[(page - 1) * MOST_LISTED : page * MOST_LISTED]
    rows = {row["code"]: row for row in listed.rows(chosen, part)}
    code = _pick(rows)
    if code is None:
        return None
    row = rows[code]
    _actions(by, row)
    _facts(row)
    _more(by, chosen, row)
    return row


def _pick(rows: dict[str, dict[str, Any]]) -> str | None:
    """Let one incident be chosen, by a press or step by step."""
    if not rows:
        return None
    codes = list(rows)
    if st.session_state.get(CHOSEN) not in rows:
        st.session_state[CHOSEN] = codes[0]
    if len(codes) > 1:
        before, after = st.columns(2)
        before.button(say("Previous"), key="step_back", on_click=_step, args=(codes, -1), width="stretch")
        after.button(say("Next"), key="step_on", on_click=_step, args=(codes, 1), width="stretch")
        with st.container(height=190):
            st.radio(
                say("Incidents here"),
                codes,
                key=CHOSEN,
                format_func=lambda c: summary(rows[c]),
                label_visibility="collapsed",
            )
    return str(st.session_state[CHOSEN])


def _step(codes: list[str], by: int) -> None:
    """Choose the next or the previous incident of the list."""
    at = codes.index(st.session_state[CHOSEN]) if st.session_state.get(CHOSEN) in codes else 0
    st.session_state[CHOSEN] = codes[(at + by) % len(codes)]


def summary(row: dict[str, Any]) -> str:
    """Return one incident in a line."""
    day = language.day(row["date_start"]) if row["date_start"] else say("date unknown")
    killed = widgets.killed(row["killed_low"], row["killed_best"], row["killed_high"])
    return widgets.plain(f"{day} · {say('killed: {killed}', killed=killed)} · {row['code']}")


def _facts(row: dict[str, Any]) -> None:
    place = [widgets.place(row), escape(widgets.where(row["place_precision"]))]
    if row["uncertainty_m"]:
        place.append(phrase("within {metres} m of its point", metres=round(row["uncertainty_m"])))
    widgets.facts(
        [
            (say("Code"), widgets.link(row["code"])),
            (say("Date"), escape(widgets.when(row["date_start"], row["date_end"], row["date_precision"]))),
            (say("Place"), language.joined(place)),
            (say("Killed"), escape(widgets.killed(row["killed_low"], row["killed_best"], row["killed_high"]))),
            (say("Status"), widgets.status(row["status"], row["tier"])),
        ]
    )


# What can be done with it ---------------------------------------------------------------------------------------------


def _may(by: Acting, action: str) -> bool:
    try:
        access.permit(by, action)
    except Refused:
        return False
    return True


def _actions(by: Acting, row: dict[str, Any]) -> None:
    """Offer to open, edit, question and send back to review: each one press away, as far as it is this person's to do."""
    with st.container(horizontal=True):
        _link(say("Open"), row["code"], "")
        if _may(by, "amend"):
            _link(say("Edit"), row["code"], "amend")
        if _may(by, "correction"):
            _question(by, row)
        if _may(by, "review") and may_move(IncidentStatus(row["status"]), IncidentStatus.IN_REVIEW):
            _send_back(by, row)


def _link(label: str, code: str, view: str) -> None:
    address = {"code": code} | ({"view": view} if view else {})
    st.page_link("screens/record.py", label=label, query_params=address)


def _question(by: Acting, row: dict[str, Any]) -> None:
    with st.popover(say("Question")):
        key = f"question-{row['code']}"
        asked = st.text_area(say("What is doubtful, and why?"), key=key, max_chars=2000)
        if st.button(say("Ask the reviewers"), key=f"{key}-send") and asked.strip():
            _told(
                lambda: review.ask(session.store(), by, wanted=asked.strip(), asked_by=AskedBy.OTHER, code=row["code"])
            )


def _send_back(by: Acting, row: dict[str, Any]) -> None:
    with st.popover(say("Back to review")):
        key = f"back-{row['code']}"
        why = st.text_area(say("Why should it be reviewed again?"), key=key, max_chars=2000)
        if st.button(say("Send back"), key=f"{key}-send"):
            _told(
                lambda: session.store().review(
                    row["id"],
                    IncidentStatus.IN_REVIEW,
                    why.strip(),
                    by,
                    StandardOfProof.NOT_STATED,
                    expected=row["version"],
                )
            )


def _told(work: Any) -> None:
    try:
        work()
    except CasualtyError as wrong:
        widgets.told(wrong)
    else:
        st.success(say("Taken down."))


# What is known of it, and what lies near -------------------------------------------------------------------------------


def _more(by: Acting, chosen: Selection, row: dict[str, Any]) -> None:
    views = {"claims": say("Sources"), "history": say("History"), "near": say("Nearby")}
    view = st.segmented_control(
        say("Show"),
        views,
        default="claims",
        required=True,
        key="panel_view",
        format_func=views.get,
        label_visibility="collapsed",
    )
    if view == "claims":
        reading.claims(session.store().current("incident", row["id"], by=by).get("claim", []))
    elif view == "history":
        revisions.show(session.store().history("incident", row["id"], by=by))
    else:
        _neighbours(chosen, row)


def near(chosen: Selection, row: dict[str, Any]) -> list[tuple[int, float, int]]:
    """Return the incidents of the selection near one in place and time: position, metres, days later (negative: before).

    Within NEAR_METRES and NEAR_DAYS, the nearest in time first, none that stands for an area; one without a point or a date
    has none.
    """
    if row["lat"] is None or row["date_start"] is None:
        return []
    held, at = chosen.columns, chosen.at
    day = int(np.datetime64(str(row["date_start"])[:10]).astype(np.int64))
    later_by = held.first[at].astype(np.int64) - day
    close = (held.first[at] != NO_DAY) & (np.abs(later_by) <= NEAR_DAYS) & (held.place_precision[at] < 3)
    rows = np.flatnonzero(close & (np.abs(held.lat[at] - row["lat"]) < 0.3) & (held.ids[at] != row["id"].encode()))
    if not len(rows):
        return []
    away = distance_m(row["lon"], row["lat"], held.lon[at[rows]], held.lat[at[rows]])
    kept = np.flatnonzero(away <= NEAR_METRES)
    order = kept[np.lexsort([away[kept], np.abs(later_by[rows[kept]])])][:MOST_NEAR]
    return [(int(at[rows[i]]), float(away[i]), int(later_by[rows[i]])) for i in order]


def _neighbours(chosen: Selection, row: dict[str, Any]) -> None:
    found = near(chosen, row)
    if not found:
        st.caption(
            say(
                "Nothing else of this filter lies within {km} km and {days} days.",
                km=round(NEAR_METRES / 1000),
                days=NEAR_DAYS,
            )
        )
        return
    told = {one["id"]: one for one in listed.rows(chosen, [at for at, _, _ in found])}
    lines = []
    for at, away, days in found:
        other = told.get(chosen.columns.ids[at].decode())
        if other:
            when = (
                say("same day")
                if not days
                else count("{n} day later", "{n} days later", days)
                if days > 0
                else count("{n} day before", "{n} days before", -days)
            )
            lines.append([widgets.link(other["code"]), escape(when), escape(say("{km} km", km=round(away / 1000, 1))),
                          escape(widgets.killed(other["killed_low"], other["killed_best"], other["killed_high"]))])  # fmt: skip
    widgets.table([say("Code"), say("When"), say("Distance"), say("Killed")], lines)
    st.caption(say("Near in place and time is not a link between them."))
