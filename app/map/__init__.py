"""The parts of the pages that need JavaScript of ours: the map, and the watch over the session."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


_map = st.components.v2.component("casualty_map", html=_text("map.html"), css=_text("map.css"), js=_text("map.js"))
_watch = st.components.v2.component("casualty_watch", js=_text("watch.js"))


def draw(key: str, data: dict[str, Any], pressed: Callable[[], None]) -> None:
    """Show the map; in the session state under `key` stand `view` (west, south, east, north, zoom) and, when `pressed`
    is called, `spot` (the keys of the spots that were pressed).

    `data`: `spots` and `grid` as in `app.spots.Drawn`; `fit` (west, south, east, north) or None; `chosen` (lon, lat,
    metres, unit) or None. Degrees in WGS 84.
    """
    _map(key=key, data=data, on_view_change=lambda: None, on_spot_change=pressed)


def watch() -> None:
    """Take the page away when its session has ended."""
    _watch(key="watch")
