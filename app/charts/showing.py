"""A chart on a page: the figure, its table, and what may be taken away of it."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import streamlit as st

from app import filterwords, language, session, widgets
from app.charts.drawing import NARROW, WIDE, Sheet, drawable, png, svg
from app.charts.forms import Chart, Number, Row
from app.language import later, say
from casualty import tables
from casualty.errors import Refused, Word
from casualty.overview import Selection
from casualty.schema import table

STYLES = (Path(__file__).parent.parent / "static" / "charts.css").read_text(encoding="utf-8")


def style() -> None:
    """Bring the look of the charts onto a page."""
    st.html(f"<style>{STYLES}</style>")


@dataclass(frozen=True)
class Taking:
    """What goes with a chart that is taken away: the sheet of its picture, and what the first lines of its table need."""

    sheet: Sheet
    filter: str
    ledger_head: str


def taking(chosen: Selection, *caveats: str, asked: str | None = None, text: str | None = None) -> Taking | None:
    """Return what goes with the charts of a selection that are taken away; None, and said why, where none may be.

    caveats: sentences beyond the one that stands on every picture. asked, text: the filter in words and as text, where it is
    not that of the selection alone.
    """
    told = (say(widgets.CAVEAT), *caveats)
    asked = say("Filter: {words}", words=Word(asked or filterwords.words(chosen.filter)))
    sheet = Sheet(asked, recorded_as_of(chosen), told)
    found = Taking(sheet, chosen.filter.text if text is None else text, chosen.overview.head.hash)
    try:
        _head(found, "")
    except Refused as refused:
        why = Word(language.told(refused)[0])
        st.caption(widgets.plain(say("Taking these charts away is not for this account. {why}", why=why)))
        return None
    return found


def recorded_as_of(chosen: Selection) -> str:
    """Return which state of the record is shown: the last link of the ledger, and when it was written."""
    head, revision = chosen.overview.head, table("revision")
    written = session.store().rows(sa.select(revision.c.at).where(revision.c.seq == head.seq))
    if not written:
        return say("Nothing is in the ledger yet.")
    at = Word(language.moment(written[0].at))
    return say("Record as of {at}; link {seq} of the ledger, {hash}", at=at, seq=head.seq, hash=head.hash[:16])


def show(chart: Chart, key: str, wanted: Taking | None = None) -> None:
    """Show a chart with its table; with `wanted` also the ways to take it away. `key` is unique on the page."""
    rtl = language.direction() == "rtl"
    st.html(figure(chart, rtl=rtl))
    if wanted is not None and any(panel.rows for panel in chart.panels):
        take(chart, key, wanted)


def figure(chart: Chart, *, rtl: bool) -> str:
    """Return a chart as HTML: drawn for a wide and for a narrow page, its notes, and its numbers as a table."""
    if not any(panel.rows for panel in chart.panels):
        body = f"<p>{escape(say('Nothing recorded here.'))}</p>"
    else:
        alt = escape(say("{title}; the table below has the numbers", title=Word(chart.title)), quote=True)
        sizes = (("wide", WIDE), ("narrow", NARROW))
        body = "".join(
            f'<img class="{name}" alt="{alt}" src="{_address(svg(chart, width, rtl=rtl))}">' for name, width in sizes
        )
    notes = "".join(f"<li>{escape(note)}</li>" for note in chart.notes)
    told = f'<ul class="notes">{notes}</ul>' if notes else ""
    return (
        f'<figure class="chart"><figcaption><bdi>{escape(chart.title)}</bdi></figcaption>{body}{told}<details><summary>'
        f"{escape(say('As a table'))}</summary>{_table(chart)}</details></figure>"
    )


def _address(drawn: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.encode()).decode()


def _table(chart: Chart) -> str:
    heads = "".join(f'<th scope="col"><bdi>{escape(_titled(head))}</bdi></th>' for head in chart.columns())
    several = len(chart.panels) > 1
    body = "".join(
        "<tr>"
        + (f"<td><bdi>{escape(name)}</bdi></td>" if several else "")
        + f'<th scope="row"><bdi>{escape(row.label)}</bdi></th>'
        + "".join(f'<td class="number">{escape(_said(row, number))}</td>' for number in numbers)
        + "</tr>"
        for name, row, numbers in chart.cells()
    )
    return f'<div class="list" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def _titled(head: str) -> str:
    return say(_HEADS.get(head, "")) or head


_HEADS: Mapping[str, str] = {
    "": later("Shown for"),
    "low": later("Low"),
    "high": later("High"),
}


def _said(row: Row, number: Number) -> str:
    if number is not None:
        return language.number(number)
    nothing = all(value is None for value in (*row.values, row.low, row.high))
    return row.said if nothing else widgets.unknown()


def take(chart: Chart, key: str, wanted: Taking) -> None:
    """Show the ways to take a chart away: as a picture with its caveats inside it, and as data."""
    rtl = language.direction() == "rtl"
    draw = partial(svg, chart, WIDE, rtl=rtl, sheet=wanted.sheet)
    with st.popover(say("Take this chart away"), key=f"{key}-take"):
        if drawable(_texts(chart, wanted.sheet)):
            _button(say("As a picture (PNG)"), lambda: png(draw()), f"{key}.png", "image/png")
        else:
            st.caption(say("No font of this machine has all letters of this chart. Take the drawing or the data."))
        _button(say("As a drawing (SVG)"), lambda: draw().encode(), f"{key}.svg", "image/svg+xml")
        _button(say("As data (CSV)"), partial(data, chart, _head(wanted, chart.title)), f"{key}.csv", "text/csv")


def _button(label: str, made: Any, name: str, kind: str) -> None:
    st.download_button(label, made, file_name=name, mime=kind, key=f"take-{name}", on_click="ignore")


def _texts(chart: Chart, sheet: Sheet) -> Sequence[str]:
    rows = [part for _, row, _ in chart.cells() for part in (row.label, row.said)]
    names = [panel.name for panel in chart.panels]
    return [chart.title, *names, *rows, *chart.parts, *chart.notes, *sheet.caveats, sheet.asked, sheet.record]


def _head(wanted: Taking, what: str) -> Mapping[str, Any]:
    by = session.acting()
    assert by is not None
    return tables.head(
        by, session.situations(), what=what, caveats=wanted.sheet.caveats, ledger_head=wanted.ledger_head,
        filter=wanted.filter,
    )  # fmt: skip


def data(chart: Chart, head: Mapping[str, Any]) -> bytes:
    """Return a chart's numbers as CSV below what `head` says of them; absent ones are empty, never 0."""
    rows = [
        [*([name] if len(chart.panels) > 1 else []), row.label, *numbers, row.said]
        for name, row, numbers in chart.cells()
    ]
    columns = [name or "panel" for name in chart.columns()]
    notes = {"notes": list(chart.notes)} if chart.notes else {}
    return tables.csv([*columns, "said"], rows, head={**head, **notes})
