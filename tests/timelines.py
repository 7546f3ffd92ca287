"""A served page with a timeline alone, over invented numbers, for the browser tests of that part."""

from pathlib import Path
from typing import Any

from served import House

PAGE = """
import json
import time
from datetime import date
from pathlib import Path

import numpy as np
import streamlit as st

from app import language, timeline
from geo.calendar_bins import binned

state, asked = st.session_state, st.query_params
state["language"] = asked.get("language", "en")
language.begin()
FIRST = {"day": 10_957, "week": 10_959, "month": 10_957}
step, count = state.get("step", asked.get("step", "month")), int(asked.get("bins", 36))
days = np.arange(count) * {"day": 1, "week": 7, "month": 30.44}[step] + FIRST[step] + 0.5
bins = binned(days if step != "month" else np.floor(days), step)
count = len(bins)
at = np.arange(count)
split = np.stack([(at * 7 + 3) % 11, (at * 5) % 7, (at * 3) % 4]) * (asked.get("zero") is None)
split[:, ::9] = 0
window = state.setdefault("window", (None, None))


def changed():
    told = timeline.drawn("line")
    state["told"] = [*state.get("told", []), [day and day.isoformat() for day in told] if told else None]
    state["window"] = (None, None) if asked.get("deaf") else told or (None, None)
    time.sleep(float(asked.get("slow", 0)))


window = state["window"]
lowest = -10**6 if window[0] is None else (window[0] - date(1970, 1, 1)).days
highest = 10**6 if window[1] is None else (window[1] - date(1970, 1, 1)).days
chosen = (bins.ends >= lowest) & (bins.starts <= highest)
inside = split * chosen
around = split.sum(axis=0)
total = int(inside.sum())
missing = np.where(inside.sum(axis=0) > 0, 0.0, np.nan)
undated = int(asked.get("undated", 7))
colours = ("verified", "#1f4e79"), ("partly corroborated", "#1b8a8f"), ("<b>not</b> corroborated", "#d9730d")
st.text_input("Elsewhere", key="elsewhere")
if st.button("More"):
    state["more"] = state.get("more", 0) + 1
if st.button("Weeks"):
    state["step"] = "week"
    st.rerun()
around = around + state.get("more", 0)
with st.columns([9, 1])[0] if state.get("moved") else st.container():
    timeline.timeline(
        "line", bins=bins, categories=[{"name": f"c{i}", "label": n, "colour": c} for i, (n, c) in enumerate(colours)],
        inside=inside, around=around,
        band=None if asked.get("band") is None else (inside.sum(axis=0) - 1 + missing, inside.sum(axis=0) + 3 + missing),
        effort=None if asked.get("quiet") else np.where(at % 13 == 5, np.nan, 1 + at % 6),
        undated=(0 if any(window) else undated, undated), window=window, measure=asked.get("measure", "Incidents"),
        total=f"{total} incidents", what="event", changed=changed,
    )
if st.button("Move"):
    state["moved"] = not state.get("moved")
    st.rerun()
HELD = Path(__file__).with_name(f"{asked['draft']}.json")
told = {"told": state.get("told", []), "total": total, "more": state.get("more", 0), "first": bins.first_days[:1]}
HELD.with_suffix(".new").write_text(json.dumps(told))
HELD.with_suffix(".new").replace(HELD)
"""


class Timelines(House):
    """The server of the page above."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.page.write_text(PAGE, encoding="utf-8")

    def at(self, **asked: object) -> str:
        """Return the address of the page, drawn as it is asked."""
        return "&".join([self.address, *(f"{name}={value}" for name, value in asked.items())])

    def told(self) -> list[Any]:
        """Return the windows that the page has told of so far."""
        held: list[Any] = self.held()["told"]
        return held
