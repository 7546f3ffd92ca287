"""The router: who is signed in, and which page is shown.

The pages lie in `screens`: beside a folder called `pages` Streamlit may run a page without running this file first.
They have no icons, because a browser would fetch a page's icon from another host.
"""

from html import escape
from urllib.parse import urlencode

import streamlit as st

from app import language, locale, session, widgets
from app import map as components
from app.guard import SIGN_IN, SIGN_OUT
from app.language import phrase, say
from casualty.errors import CasualtyError
from casualty.vocabulary import Role


def line_words() -> dict[str, str]:
    """Return what is said when the line is down, and when it is back."""
    return {
        "down": say("The line is down. What you type stays in this page and is sent when it is back."),
        "back": say("The line is back. Everything was sent."),
        "ended": say("Your session has ended. What you typed is still in this page."),
        "sign_in": say("Sign in in another tab, then come back here"),
    }


st.set_page_config(page_title=say("Casualty record"), layout="wide")
# What has nothing to be seen takes no room.
with st.container(key="unseen"):
    st.html(widgets.style())
    language.begin()
    components.watch()

by = session.acting()
if by is None:
    st.session_state.clear()
    again = f'<a href="{SIGN_IN}">{escape(say("Sign in again."))}</a>'
    st.html(f'<p role="alert">{phrase("Your session has ended. {again}", again=again)}</p>')
    st.stop()
# A session that is new since the server was started anew holds what the browser sent again: that is not taken away.
if st.session_state.get("acting", by.name) != by.name:
    chosen = st.session_state.get(language.CHOSEN)
    st.session_state.clear()
    st.session_state.update({language.CHOSEN: chosen} if chosen else {})
st.session_state["acting"] = by.name

with st.container(key="unseen-too"):
    components.keeper(line_words())
accounts = say("Accounts") if by.role is Role.ADMINISTRATOR else say("Your account")
page = st.navigation(
    [
        st.Page("screens/home.py", title=say("Home"), visibility="hidden", default=True),
        st.Page("screens/map.py", title=say("Map"), url_path="map"),
        st.Page("screens/patterns.py", title=say("Patterns"), url_path="patterns"),
        st.Page("screens/situation.py", title=say("Situation"), url_path="situation"),
        st.Page("screens/compare.py", title=say("Compare"), url_path="compare"),
        st.Page("screens/record.py", title=say("Record page"), url_path="record"),
        st.Page("screens/review.py", title=say("Review"), url_path="review"),
        st.Page("screens/corrections.py", title=say("Corrections"), url_path="corrections"),
        st.Page("screens/coding.py", title=say("Second coding"), url_path="coding"),
        st.Page("screens/release.py", title=say("Releases"), url_path="release"),
        st.Page("screens/accounts.py", title=accounts, url_path="accounts"),
    ],
    position="top",
)
role = language.term(by.role) if by.role else say("Local")
out = f'<a href="{SIGN_OUT}">{escape(say("Sign out"))}</a>'
st.sidebar.html(f'<p class="who">{widgets.text(by.name)} ({escape(role)}) &middot; {out}</p>')
shown = language.shown()
onward = f"/{page.url_path}" + (f"?{urlencode(st.query_params.to_dict())}" if st.query_params else "")
st.sidebar.html(locale.chooser(shown.language.tag, onward))
if unsigned := locale.remark(shown):
    st.sidebar.caption(unsigned)
try:
    page.run()
except CasualtyError as told:
    widgets.told(told)
