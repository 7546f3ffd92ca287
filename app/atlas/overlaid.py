"""The deployment's own layers: which there are, and which are shown."""

from typing import Any

import streamlit as st

from app import language, overlays, session, widgets
from app.language import say

PARAMETER = "layers"


def choose() -> list[dict[str, Any]]:
    """Let layers of the deployment be chosen, kept in the address; return those chosen as the map takes them."""
    store = session.store()
    for fault in overlays.faults(store):
        st.caption(widgets.plain(language.fault(fault)))
    found = {layer["id"]: layer for layer in overlays.listed(store)}
    if not found:
        st.caption(say("Own layers: lay PMTiles, MBTiles, GeoPackage or GeoJSON files into the folder of layers."))
        return []
    if "map_layers" not in st.session_state:
        st.session_state["map_layers"] = [key for key in st.query_params.get(PARAMETER, "").split(",") if key in found]
    titles = {key: layer["title"] for key, layer in found.items()}
    chosen = st.multiselect(
        say("Own layers"), list(found), key="map_layers", format_func=titles.get, placeholder=say("None")
    )
    if chosen:
        st.query_params[PARAMETER] = ",".join(chosen)
    else:
        st.query_params.pop(PARAMETER, None)
    return [found[key] for key in chosen]
