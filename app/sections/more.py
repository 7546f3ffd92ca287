"""What else can be said of an incident: its kind, who was injured or is missing, and its account."""

import streamlit as st

from app import session
from app.entry.reading import Read
from app.form import Form
from app.language import say
from casualty.rules import Range
from casualty.vocabulary import IncidentType, Sensitivity

PARTS = ("low", "best", "high")


def killed(form: Form, found: Read) -> None:
    """Ask how many were killed, in one box that takes a number or a range."""
    form.text("killed", say("How many were killed?"), required=True, placeholder="11, 9-11")
    _figures(form, found, "killed")


def _figures(form: Form, found: Read, harm: str) -> None:
    stated = Range(*(found.fields[f"{harm}_{part}"] for part in PARTS))
    if stated.stated:
        parts = [
            text
            for value, text in (
                (stated.low, say("at least {n}", n=stated.low)),
                (stated.best, say("best figure {n}", n=stated.best)),
                (stated.high, say("at most {n}", n=stated.high)),
            )
            if value is not None
        ]
        st.caption(say("Understood as: {parts}.", parts=", ".join(parts)))
    elif form.typed.get(harm) and not found.at(harm):
        st.caption(say("Understood as: not known."))


def more(form: Form, found: Read) -> None:
    """Ask for what may be left out."""
    left, right = st.columns(2)
    with left:
        form.terms("incident_type", say("Type"), IncidentType)
        form.text("injured", say("How many were injured?"))
        _figures(form, found, "injured")
        form.text("missing", say("How many are missing?"))
        _figures(form, found, "missing")
    with right:
        situations = {row.id: row.name for row in session.listed("situation")}
        if situations:
            form.choice("situation_id", say("Situation"), situations, unset=say("Not recorded"))
        form.terms("sensitivity", say("What harm could disclosure do?"), Sensitivity, unset=say("Moderate (as usual)"))
        form.text("counted_how", say("How the numbers were counted"))
        form.text("title", say("Title, for the house"))
    form.tick("count_conflict", say("Keep the figures as stated, although they are out of order"))
    form.lines("narrative_public", say("Account that may be made public"))
    form.lines("narrative_restricted", say("Account for the house only"))
