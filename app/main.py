"""The router: who is signed in, and which page is shown.

The pages lie in `screens`: beside a folder called `pages` Streamlit may run a page without running this file first.
They have no icons, because a browser would fetch a page's icon from another host.
"""

from html import escape

import streamlit as st

from app import map as components
from app import session, widgets
from app.guard import SIGN_OUT
from casualty.errors import CasualtyError

st.set_page_config(page_title="Casualty record", layout="wide")
st.html(widgets.STYLE)
components.watch()

by = session.acting()
if by is None:
    st.session_state.clear()
    st.html('<p role="alert">Your session has ended. <a href="/sign-in">Sign in again</a>.</p>')
    st.stop()
if st.session_state.get("acting") != by.name:
    st.session_state.clear()
    st.session_state["acting"] = by.name

page = st.navigation(
    [
        st.Page("screens/home.py", title="Home", visibility="hidden", default=True),
        st.Page("screens/map.py", title="Map", url_path="map"),
        st.Page("screens/record.py", title="Record", url_path="record"),
    ],
    position="top",
)
role = by.role.label if by.role else "Local"
st.sidebar.html(
    f'<p class="who">{widgets.text(by.name)} ({escape(role)}) &middot; <a href="{SIGN_OUT}">Sign out</a></p>'
)
try:
    page.run()
except CasualtyError as told:
    widgets.faults(told.message, told.faults)
