"""The parts of the pages that need JavaScript of ours: maps, the grid of victims, keys, and the care for what is typed."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


_map = st.components.v2.component(
    "casualty_map",
    html=_text("map.html"),
    css=_text("map.css"),
    js="".join(map(_text, ("land.js", "overlays.js", "map.js", "drawing.js", "part.js"))),
)
_tongue = st.components.v2.component("casualty_tongue", js=_text("tongue.js"))
_grid = st.components.v2.component("casualty_grid", css=_text("grid.css"), js=_text("grid.js"), isolate_styles=False)
_place = st.components.v2.component(
    "casualty_place", html=_text("place.html"), css=_text("place.css"), js=_text("land.js") + _text("place.js")
)
_keys = st.components.v2.component("casualty_keys", css=_text("keys.css"), js=_text("keys.js"), isolate_styles=False)
_keeper = st.components.v2.component(
    "casualty_keeper", css=_text("keeper.css"), js=_text("keeper.js"), isolate_styles=False
)
_watch = st.components.v2.component("casualty_watch", js=_text("watch.js"))


def draw(key: str, data: dict[str, Any], pressed: Callable[[], None], area: Callable[[], None]) -> None:
    """Show the map; in the session state under `key` stand `view` (west, south, east, north, zoom), when `pressed` is
    called `spot` (the keys of the spots that were pressed, or `code` of one leaf of a fan), and when `area` is called `area`
    (the corners that were drawn, none to take the area away).

    `data`: `spots`, `form` and `outlines` as in `app.atlas.spots.Drawn`; `colours` by category, `size`, `classes`; `fit` (west,
    south, east, north) or None; `chosen` (lon, lat, metres, unit) or None; `fan` (lon, lat, leaves: code, category, label) or
    None; `areas` (circles: lon, lat, metres; units: P-codes); `shaded` (level, classes, without, shades) or None;
    `drawnArea`: corners or None; `findings` (circles, areas, lines) as in `app.atlas.findings`; `overlays`
    as in `app.overlays`; `words`, what the map says by itself; `direction`. Degrees in WGS 84.
    """
    _map(key=key, data=data, on_view_change=lambda: None, on_spot_change=pressed, on_area_change=area)


def tongue(tag: str, direction: str) -> None:
    """Set the language and the direction of the browser's page."""
    _tongue(key="tongue", data={"tag": tag, "direction": direction})


def watch() -> None:
    """Take the page away when its session has ended."""
    _watch(key="watch")


def grid(
    key: str, columns: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, str]], *, words: Mapping[str, str],
    direction: str, faults: Mapping[str, Mapping[str, str]], generation: str,
) -> list[dict[str, str]]:  # fmt: skip
    """Ask for rows in a table; return those the page sent last for this `generation`, else `rows`.

    `columns`: `name`, `label`, `kind` (text or choice), `options` ([value, label, other label, ...] each), `required`,
    `width` (rem). `rows` and what is returned: `id` and one text for each column. A pasted value that is no option
    comes back as it was pasted. The page keeps its own rows until the `generation` changes. `faults`: row id, column,
    what is wrong. `direction`: ltr or rtl. `words`: `cell` ({name}, {row}), `number`, `actions`, `required`, `same`,
    `remove`, `same_row` and `remove_row` ({row}), `undo`, `removed` ({row}), `pasted` ({rows}), `beyond` ({cells}),
    `unlisted` ({value}).
    """
    held = _rows(st.session_state.get(key), generation)
    data = {
        "columns": list(columns),
        "rows": list(rows) if held is None else held,
        "words": words,
        "direction": direction,
        "faults": faults,
        "generation": generation,
    }
    sent = _rows(_grid(key=key, data=data, on_rows_change=lambda: None), generation)
    return [dict(row) for row in rows] if sent is None else sent


def _rows(state: Any, generation: str) -> list[dict[str, str]] | None:
    sent = state.get("rows") if state else None
    return sent["rows"] if sent and sent["generation"] == generation else None


def place(
    key: str, *, point: Mapping[str, float] | None, metres: float | None, outline: Sequence[float] | None,
    words: Mapping[str, str], direction: str, picked: Callable[[], None],
) -> None:  # fmt: skip
    """Ask for a point on a small map; when one is chosen `picked` is called and `point` (lat, lon, stamp) stands in the
    session state under `key`.

    `point`: lat and lon that are held now; `metres`: the radius of the circle round it; `outline` (west, south, east,
    north): what is shown while there is no point. Degrees in WGS 84. `words`: `map`, `marker`, `help`, `at`
    ({point}), `none`, `enter`, `zoom_in`, `zoom_out`, `two_fingers`, `failed`.
    """
    data = {
        "point": dict(point) if point else None,
        "metres": metres,
        "outline": list(outline) if outline else None,
        "words": words,
        "direction": direction,
    }
    _place(key=key, data=data, on_point_change=picked)


def keys(bindings: Sequence[Mapping[str, str]], words: Mapping[str, Any], direction: str = "ltr") -> None:
    """Listen to the keys of a page; the question mark lists them.

    `bindings`: `keys` (as in Alt+S), `says`, `press`: the key of a Streamlit element, or a CSS selector, whose first
    visible button is pressed or field focused. `words`: `title`, `close`, `absent` (said when there is nothing to
    press), and `more`: further lines of the list (`keys`, `says`) that other parts of the page listen to.
    """
    _keys(key="keys", data={"bindings": list(bindings), "words": words, "direction": direction})


def keeper(words: Mapping[str, str]) -> None:
    """Send what is typed while it is typed, and keep it in the page while the line is down.

    `words`: `down`, `back`, `ended`, `sign_in` (the text of the link after `ended`).
    """
    heard = (st.session_state.get("keeper") or {}).get("beat")
    _keeper(key="keeper", data={"words": words, "heard": heard}, on_beat_change=lambda: None)
