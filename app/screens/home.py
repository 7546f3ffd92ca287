"""Where an address without a page leads: to the map."""

import streamlit as st

st.switch_page("screens/map.py")
