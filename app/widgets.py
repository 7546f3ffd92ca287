"""Pieces that several pages show. What comes from the database is escaped here and nowhere else."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import streamlit as st

from app import language
from app.language import later, say
from casualty.errors import CasualtyError, Fault, Word
from casualty.vocabulary import Codes, DatePrecision, IncidentStatus, IncidentType, PlacePrecision, Terms

CAVEAT = later("Documented incidents, not all deaths.")
STYLES, RIGHT_TO_LEFT = (
    (Path(__file__).parent / "static" / name).read_text(encoding="utf-8") for name in ("pages.css", "right-to-left.css")
)


def style() -> str:
    """Return the style of every page, in the direction of the reader's language."""
    return f"<style>{STYLES}{RIGHT_TO_LEFT if language.direction() == 'rtl' else ''}</style>"


def unknown() -> str:
    """Return the word for what is not known."""
    return say("unknown")


def text(value: object) -> str:
    """Return a value as HTML text in its own direction; an absent one as the word unknown."""
    return f'<bdi dir="auto">{escape(str(value))}</bdi>' if value not in (None, "") else unknown()


def plain(value: object) -> str:
    """Return a value for a label that Streamlit reads as Markdown, with nothing in it that Markdown would act on."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>$~:&])", r"\\\1", " ".join(str(value).split()))


def label(scheme: type[Terms] | type[Codes], value: object) -> str:
    """Return the label of a term as stored; what is not in the scheme is shown as it is."""
    try:
        return language.term(scheme(value))
    except ValueError:
        return str(value) if value is not None else unknown()


def whole(number: Any) -> int | None:
    """Return a number of a frame as an integer, None where it is unknown."""
    return None if number is None or number != number else int(number)


def grouped(number: int) -> str:
    """Return a number as HTML, its digits in groups of three by spacing alone from 10 000 on."""
    digits = str(number)
    if len(digits) < 5:
        return digits
    first = len(digits) % 3 or 3
    rest = (digits[at : at + 3] for at in range(first, len(digits), 3))
    return digits[:first] + "".join(f'<span class="digits">{part}</span>' for part in rest)


def killed(low: Any, best: Any, high: Any) -> str:
    """Return a number killed in words: the best figure with its range, or the range alone; unknown is never 0."""
    lowest, stated, highest = whole(low), whole(best), whole(high)
    if lowest is None and stated is None and highest is None:
        return unknown()
    if lowest == stated == highest:
        return language.number(stated)
    if stated is None and lowest is not None and highest is not None:
        return say("{low} to {high}", low=lowest, high=highest)
    if stated is None:
        return say("at least {n}", n=lowest) if highest is None else say("at most {n}", n=highest)
    return say("{best} (low {low}, high {high})", best=stated, low=lowest, high=highest)


def when(start: Any, end: Any, precision: Any) -> str:
    """Return a date in words, with how closely it is known."""
    if start is None or start != start:
        return say("date unknown")
    first, last = str(start)[:10], str(end)[:10]
    one = last in (first, "None", "NaT")
    shown = language.day(first)
    span = shown if one else say("{first} to {last}", first=Word(shown), last=Word(language.day(last)))
    known = whole(precision)
    return span if known is None else language.joined([span, label(DatePrecision, known).lower()])


def where(precision: Any) -> str:
    """Return how closely a place is known, in words."""
    known = whole(precision)
    return say("precision not recorded") if known is None else label(PlacePrecision, known).lower()


def status(word: str, tier: str) -> str:
    """Return a status as HTML; what is not corroborated looks so (R11)."""
    return f'<span class="tier {escape(tier)}">{escape(label(IncidentStatus, word))}</span>'


def link(code: str) -> str:
    """Return the way to an incident's record as HTML."""
    return f'<a href="/record?code={quote(code)}">{escape(code)}</a>'


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """Show names and values under each other; the values are HTML already."""
    body = "".join(f'<tr><th scope="row">{escape(name)}</th><td>{value}</td></tr>' for name, value in rows)
    st.html(f'<table class="facts">{body}</table>')


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Show a table that has nothing to download; the cells are HTML already."""
    sort = ["number" if head in numbers else "code" if head == say("Code") else "" for head in heads]
    top = "".join(
        f'<th scope="col" class="{kind}"><bdi>{escape(head)}</bdi></th>' for head, kind in zip(heads, sort, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(f'<td class="{kind}">{cell}</td>' for cell, kind in zip(row, sort, strict=True)) + "</tr>"
        for row in rows
    )
    st.html(f'<div class="list" tabindex="0"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>')


def incident_heads() -> list[str]:
    """Return the heads of a list of incidents."""
    return [say("Code"), say("Date"), say("Place"), say("Type"), say("Killed"), say("Status")]


def incident_cells(row: Mapping[str, Any]) -> list[str]:
    """Return the cells of one incident of the frame, under `incident_heads`."""
    return [
        link(row["code"]),
        escape(when(row["date_start"], row["date_end"], row["date_precision"])),
        place(row),
        escape(label(IncidentType, row["incident_type"])),
        escape(killed(row["killed_low"], row["killed_best"], row["killed_high"])),
        status(row["status"], row["tier"]),
    ]


def place(row: Mapping[str, Any]) -> str:
    """Return the place as reported, or else the smallest unit named, as HTML."""
    named = (row.get(name) for name in ("place", "admin2", "admin1", "country", "pcode"))
    return text(next((name for name in named if isinstance(name, str) and name), None))


def told(error: CasualtyError) -> None:
    """Show an error in the reader's language, with every fault."""
    faults(say(error.template, **error.values), map(language.fault, error.faults))


def faults(message: str, listed: Iterable[object] = ()) -> None:
    """Show what is wrong, all of it, where a screen reader announces it; faults are said in the reader's language."""
    items = "".join(
        f"<li>{escape(language.fault(fault) if isinstance(fault, Fault) else str(fault))}</li>" for fault in listed
    )
    st.html(f'<div class="faults" role="alert">{escape(message)}{f"<ul>{items}</ul>" if items else ""}</div>')
