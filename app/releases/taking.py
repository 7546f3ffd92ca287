"""The way of a package out of the pages: a link to it as one file, for whoever sends it."""

import time
from datetime import UTC, datetime
from html import escape

import streamlit as st

from app import downloads, releases, session
from app.language import say
from casualty.access import Acting
from casualty.errors import CasualtyError

LINK = "release-link"


def offer(release_id: str, by: Acting) -> None:
    """Offer a link to the package as one file, to whoever sends it on its way."""
    try:
        releases.permit_taking(session.store(), by)
    except CasualtyError:
        st.caption(say("A custodian takes it from here and sends it."))
        return
    st.button(say("Make a link to download it"), key=f"link-{release_id}", on_click=make_link, args=(release_id, by))
    made = st.session_state.get(LINK)
    if made is None or made[0] != release_id:
        return
    address, until = made[1:]
    if datetime.now(UTC) >= until:
        st.caption(say("The link is no longer good. Make a new one."))
        return
    st.html(f'<p><a href="{escape(address)}">{escape(say("Download the package (.tar)"))}</a></p>')
    st.caption(say("The link is good until {moment}, and for your account alone. The package is checked once more before it is sent: "
                   "a large one takes a minute to begin. It is not encrypted: see `casualty release encrypt`.",
                   moment=until))  # fmt: skip


def make_link(release_id: str, by: Acting) -> None:
    """Make a link that holds for an hour."""
    st.session_state[LINK] = (release_id, *downloads.link(release_id, by, time.time()))
