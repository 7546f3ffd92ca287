"""The one filter of the analyst's pages: read from the address, shown in the sidebar, written back."""

import streamlit as st

from casualty import filters
from casualty.errors import UsageFault
from casualty.filters import Filter


def chosen() -> Filter:
    """Return the filter that the address and the sidebar state."""
    try:
        return filters.read(st.query_params.get("filter", ""))
    except UsageFault:
        return filters.EVERYTHING
