"""Whether the data can answer a question: a table of what it would rest on, said before it is asked."""

from html import escape

import streamlit as st

from app import language, widgets
from app.language import later, say
from casualty.errors import Word
from casualty.readiness import Can, Line, Readiness, Verdict

SIGNS = {
    Verdict.ENOUGH: ("\u2713", later("enough")),
    Verdict.THIN: ("\u25b3", later("thin: less than half can be used")),
    Verdict.SHORT: ("\u2717", later("not enough")),
    Verdict.COUNT: ("\u00b7", later("no minimum")),
}
CAN = {
    Can.YES: ("\u2713", later("The data can answer this question.")),
    Can.CAUTION: ("\u25b3", later("The data can answer this question, with caution: much of it is left out.")),
    Can.NO: ("\u2717", later("The data cannot answer this question yet.")),
}


def show(found: Readiness) -> None:
    """Show what the question would rest on, and whether it can be asked."""
    sign, said = CAN[found.can]
    st.html(f'<p class="counts" role="status"><span aria-hidden="true">{sign}</span> <b>{escape(say(said))}</b></p>')
    heads = [say("What it rests on"), say("Number"), say("Verdict"), say("What would mend it")]
    widgets.table(heads, map(_cells, found.lines), numbers=[heads[1]])


def _cells(line: Line) -> list[str]:
    sign, said = SIGNS[line.verdict]
    number = language.number(line.number)
    if line.of is not None:
        number = say("{n} of {all}", n=line.number, all=line.of)
    verdict = (
        say(said) if line.least is None else say("{verdict} (at least {least})", verdict=Word(said), least=line.least)
    )
    return [
        escape(say(line.what)),
        escape(number),
        f'<span aria-hidden="true">{sign}</span> {escape(verdict)}',
        escape(say(line.mend)),
    ]
