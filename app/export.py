"""Taking the incidents of a filter out of the pages: what would leave is said before it leaves, and that it left is noted."""

import streamlit as st

from app import filterwords, session, widgets
from app.language import count, say
from casualty import access
from casualty.access import Acting
from casualty.errors import CasualtyError, Refused
from casualty.filters import Filter

READY = "export_ready"


def offer(by: Acting, wanted: Filter, n: int) -> None:
    """Offer the incidents of the filter as a table, to whom it may be given."""
    try:
        access.permit(by, "export")
        access.permit_whole(session.situations())
    except Refused:
        return
    with st.expander(say("Take these incidents as a table (CSV)")):
        st.write(count("{n} incident would leave these pages, with all columns of the internal tier.",
                       "{n} incidents would leave these pages, with all columns of the internal tier.", n))  # fmt: skip
        st.caption(widgets.plain(filterwords.words(wanted) or say("No filter: the whole record.")))
        st.caption(
            say(
                "It is for work within this house. Who took what, when and for what purpose is written into the ledger."
            )
        )
        purpose = st.text_input(say("What is it for?"), key="export_purpose", max_chars=300)
        if st.button(say("Make the table"), key="export_make", disabled=not purpose.strip()):
            _make(by, wanted, purpose)
        ready = st.session_state.get(READY)
        if ready and ready[0] == wanted.text:
            st.download_button(say("Download"), ready[1], file_name=ready[2], mime="text/csv", key="export_download")


def _make(by: Acting, wanted: Filter, purpose: str) -> None:
    from casualty import extract

    try:
        with st.spinner(say("Making the table ...")):
            made = extract.take(session.store(), by, wanted, purpose)
    except CasualtyError as wrong:
        widgets.told(wrong)
        return
    # The file's name tells nothing of what is in it.
    st.session_state[READY] = (wanted.text, made.csv, f"incidents-{made.sha256[:12]}.csv")
