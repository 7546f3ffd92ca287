"""The page of releases: what would leave, asking for a package, and what left."""

import streamlit as st

from app import language, releases, revisions, session, signing, widgets
from app.language import later, say
from app.releases import answering, asking, left
from casualty import access, release
from casualty.access import Acting
from casualty.errors import CasualtyError, Refused

WOULD, ASK, LEFT = later("What would leave"), later("Ask for a package"), later("What left")
STYLE = """<style>
.paper { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; max-height: 28rem; overflow-y: auto; margin: 0; }
.facts code, .key code { overflow-wrap: anywhere; white-space: normal; font-size: .85rem; }
[class*="st-key-rows-"] .list td { white-space: nowrap; }
.list code { font-size: .8rem; white-space: nowrap; }
.at-work { margin: 0; }
</style>"""


def sees_list(by: Acting) -> bool:
    """Return whether this person may read what was asked for and what left; a lone administrator may only write one."""
    try:
        access.permit(by, "ask_release")
    except Refused:
        return False
    return True


def show(by: Acting) -> None:
    """Draw the page for whoever has to do with releases."""
    store = session.store()
    if not sees_list(by):
        asking.show(by, [])
        asking.watch(by)
        return
    view = st.segmented_control(
        say("Show"), (WOULD, ASK, LEFT), default=WOULD, required=True, key="release_view", label_visibility="collapsed",
        format_func=lambda name: say(name),
    )  # fmt: skip
    if view == ASK:
        asking.show(by, release.sent(store, by))
        asking.watch(by)
        return
    asking.watch(by)
    if view == LEFT:
        left.show(by, release.sent(store, by))
    else:
        found = release.requests(store, by)
        answering.show(by, found)
        answering.history(found)


by = session.acting()
if by is None:
    st.stop()
revisions.style()
st.html(STYLE)
st.title(say("Releases"), anchor=False)
st.caption(
    say("A package leaves this house for a named recipient: one person asks for it, another looks at it and grants it.")
)
signing.tell("release")
try:
    releases.permit_page(session.store(), by)
except CasualtyError as told:
    st.info(widgets.plain(language.told(told)[0]))
else:
    show(by)
