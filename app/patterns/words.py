"""What the engine says stands in English: it is shown as it is, marked as such, and its columns have names in every language."""

from html import escape
from typing import Any

import streamlit as st

from app import language
from app.language import later, say
from casualty.patterns.plainly import clean, number

STANDS_OUT, NOT = "\u25cf", "\u25cb"
HEADS = {
    "rank": later("Rank"), "area": later("Area"), "areas": later("Areas"), "period": later("Period"), "group": later("Group"),
    "band": later("Row"), "date": later("First day"), "start": later("From"), "end": later("To"), "pairs": later("Pairs"),
    "observed": later("Documented"), "cases": later("Documented"), "expected": later("Expected"), "ratio": later("Ratio"),
    "relative_risk": later("Ratio"), "stratified_ratio": later("Ratio within areas"), "rate_ratio": later("Crude ratio"),
    "around_ratio": later("Ratio with neighbours"), "around_low": later("Low (neighbours)"), "around_high": later("High (neighbours)"),
    "low": later("Low"), "high": later("High"), "stratified_low": later("Low"), "stratified_high": later("High"),
    "p": later("p"), "p_value": later("p"), "p_adjusted": later("p corrected"), "alarm": later("Stands out"),
    "incidents": later("Incidents"), "share": later("Share of victims"), "population_share": later("Share of people"),
    "verdict": later("What may be said"), "radius": later("Radius (m)"), "locations": later("Incidents in it"),
    "side": later("Measure of"), "masked": later("Not complete yet"), "name": later("Name"), "actor": later("Alleged actor"),
}  # fmt: skip
FIRST = (
    "rank",
    "area",
    "areas",
    "period",
    "group",
    "band",
    "actor",
    "side",
    "date",
    "start",
    "end",
    "locations",
    "radius",
)
FIGURES = (
    "incidents", "share", "population_share", "cases", "observed", "expected", "rate_ratio", "stratified_ratio",
    "stratified_low", "stratified_high", "relative_risk", "ratio", "around_ratio", "around_low", "around_high", "low", "high",
    "p", "p_value", "p_adjusted", "alarm", "verdict",
)  # fmt: skip


def engine(value: object) -> str:
    """Return words of the engine as HTML that says that they are English, whatever the page is in."""
    return f'<span lang="en" dir="ltr">{escape(clean(value))}</span>'


def english(value: object, tag: str = "p", kind: str = "") -> None:
    """Show words of the engine as a block of their own."""
    st.html(f'<{tag} class="{kind}" lang="en" dir="ltr">{escape(clean(value))}</{tag}>')


def remark() -> None:
    """Say, to whoever reads another language, that what the engine says is not translated."""
    if language.current().tag != "en":
        st.caption(
            say("What an analysis says of itself stands in English, as it was kept; the page around it is translated.")
        )


def columns(rows: list[dict[str, Any]]) -> list[str]:
    """Return the columns of an answer that a page shows: names, figures, whether it stands out. Files have them all."""
    there = {name for row in rows for name, value in row.items() if value is not None}
    # Of a comparison these are of the crude ratio; of a cluster, whether there is more or less.
    skipped = {"low", "high"} if {"stratified_ratio", "rank"} & there else set()
    return [name for name in (*FIRST, *FIGURES) if name in there - skipped]


def cell(name: str, value: Any) -> str:
    """Return one value of an answer as HTML."""
    if name == "alarm":
        sign, said = (STANDS_OUT, say("yes")) if value else (NOT, say("no"))
        return f'<span aria-hidden="true">{sign}</span> {escape(said)}'
    if name == "locations":
        return language.number(len(value or ()))
    if name == "areas":
        return f'<bdi dir="auto">{escape(", ".join(map(clean, value or ())))}</bdi>'
    if name in ("date", "start", "end"):
        return f'<span class="day">{escape(clean(value))}</span>'
    if isinstance(value, str):
        return f'<bdi dir="auto">{escape(clean(value))}</bdi>'
    return f'<bdi dir="ltr">{escape(number(value))}</bdi>'
