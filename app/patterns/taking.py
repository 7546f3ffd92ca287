"""Files of an answer: the picture with its caveats inside, and the figures, each through disclosure."""

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from app import session, widgets
from app.language import say
from casualty import tables
from casualty.access import Acting
from casualty.runs import Run

MIME = {"png": "image/png", "svg": "image/svg+xml", "csv": "text/csv", "json": "application/json"}


@st.cache_data(max_entries=32, show_spinner=False)
def drawn(sha256: str, kind: str, more: tuple[str, ...], _document: dict[str, Any]) -> bytes:
    """Return an answer as a picture; `sha256`: of the answer, by which it is known; `more`: caveats beyond its own."""
    from casualty.patterns import figures

    return figures.picture({**_document, "caveats": [*(_document.get("caveats") or ()), *more]}, kind)


def head_of(run: Run, by: Acting) -> dict[str, Any]:
    """Return what a file of this answer says first; raise Refused for whoever may take none."""
    caveats = list(run.result.get("caveats") or ())
    return tables.head(
        by, session.store().situations_of(by), what=run.question, caveats=caveats, ledger_head=run.ledger_head,
        filter=str(run.parameters.get("filter") or ""), run=run.code,
    )  # fmt: skip


def picture(run: Run, by: Acting, kind: str) -> bytes:
    """Return the figure as a file that says within itself what it is; raise Refused for whoever may take none."""
    head = head_of(run, by)
    told = (f"{run.code}, tier {head['tier']}. {head['handling']} Ledger head {run.ledger_head[:16]}.",)
    return drawn(run.result_sha256, kind, told, dict(run.result))


def figures_csv(run: Run, by: Acting) -> bytes:
    """Return the rows of an answer as CSV; raise Refused for whoever may take none."""
    columns, rows = tables.of_answer(run.result)
    return tables.csv(columns, rows, head=head_of(run, by))


def whole(run: Run, by: Acting) -> bytes:
    """Return the document of an answer as JSON; raise Refused for whoever may take none."""
    return tables.document(run.result, head=head_of(run, by))


def offer(run: Run, by: Acting) -> None:
    """Offer an answer's files; each is made when it is pressed for."""
    ways: dict[str, tuple[str, Callable[[], bytes]]] = {
        "png": (say("Figure (PNG)"), partial(picture, run, by, "png")),
        "svg": (say("Figure (SVG)"), partial(picture, run, by, "svg")),
        "csv": (say("Figures as a table (CSV)"), partial(figures_csv, run, by)),
        "json": (say("The whole answer (JSON)"), partial(whole, run, by)),
    }
    with st.container(horizontal=True):
        for kind, (label, made) in ways.items():
            st.download_button(
                label, made, f"{run.code}.{kind}", MIME[kind], key=f"take-{run.code}-{kind}", on_click="ignore"
            )
    st.caption(
        widgets.plain(
            say("For work within this deployment (tier internal). What leaves the house leaves it as a release.")
        )
    )
