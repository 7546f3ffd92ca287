"""Who says so: each source with its document, its own figures and its own words; and who is alleged to have had a part."""

import streamlit as st

from app import evidence, session
from app.entry import sources
from app.form import Form
from app.language import say
from casualty.access import Acting
from casualty.evidence import documents
from casualty.vocabulary import ActorKind, Confidence, InvolvementResponse, InvolvementRole, SourceKind


def first(form: Form) -> None:
    """Ask for the first source by its name alone: more about it stands below."""
    form.text(f"source.{sources.FIRST}.name", say("Source: who says so"), required=True)


def more(form: Form, by: Acting) -> None:
    """Ask for more about each source, for its files and pages, and for further sources."""
    form.typed |= evidence.attach(form.id, by, form.typed)
    for number, key in enumerate(sources.keys(form.typed), start=1):
        with st.container(border=True):
            st.markdown(f"**{say('Source {number}', number=number)}**")
            if f"source.{key}.name" not in form.shown:
                form.text(f"source.{key}.name", say("Who says so"))
            _source(form, key)
            if key != sources.FIRST:
                st.button(say("Remove this source"), key=form.key(f"drop.source.{key}"), on_click=form.drop,
                          args=("sources", key), type="tertiary")  # fmt: skip
    st.button(say("Add another source"), key=form.key("add.source"), on_click=form.add, args=("sources",))
    if len(sources.keys(form.typed)) > 1:
        st.caption(
            say("With several sources each one's own numbers count: a number left empty is not claimed by that source.")
        )


def _source(form: Form, key: str) -> None:
    at = f"source.{key}"
    left, right = st.columns(2)
    with left:
        form.terms(f"{at}.kind", say("Kind of source"), SourceKind)
        if files := _files(form):
            form.choice(f"{at}.document", say("Its file, of those attached"), files, unset=say("None of them"))
        form.text(f"{at}.title", say("Document: title of the report, recording or page"))
        form.text(f"{at}.url", say("Its address, if it has one"), placeholder="https://")
        if form.typed.get(f"{at}.url"):
            form.text(f"{at}.retrieved_at", say("When it was retrieved"), placeholder="2024-03-06 14:30")
        form.text(f"{at}.locator", say("Where in it: page, minute"))
    with right:
        form.text(f"{at}.killed", say("Killed, by this source"), placeholder="9-11")
        form.text(f"{at}.injured", say("Injured, by this source"))
        form.text(f"{at}.date", say("Date, by this source"))
        form.text(f"{at}.actor", say("Who did it, by this source"))


def _files(form: Form) -> dict[str, str]:
    """Return the documents attached to the form by key."""
    return {row["id"]: row["title"] for row in documents(session.store(), form.typed.get("documents") or [])}


def parties(form: Form) -> dict[str, str]:
    """Return the alleged involvements of the form by key, as acts name them."""
    listed = enumerate(form.parts("actors"), start=1)
    return {
        key: form.typed.get(f"actor.{key}.actor") or say("Actor {number}, unknown", number=number)
        for number, key in listed
    }


def actors(form: Form) -> None:
    """Ask for the alleged involvements."""
    held = {row.name: row.name for row in sorted(session.listed("actor"), key=lambda row: row.name.casefold())}
    for key in form.parts("actors"):
        at = f"actor.{key}"
        with st.container(border=True):
            left, right = st.columns(2)
            with left:
                name = _actor(form, at, held)
                form.terms(f"{at}.role", say("Alleged role"), InvolvementRole)
                if name and name not in held:
                    form.terms(f"{at}.kind", say("Kind of party"), ActorKind)
            with right:
                form.terms(f"{at}.confidence", say("How sure?"), Confidence)
                form.terms(f"{at}.response", say("What does the actor say?"), InvolvementResponse)
                form.text(f"{at}.note", say("Remark"))
            form.faults(f"{at}.actor")
            st.button(
                say("Remove this actor"),
                key=form.key(f"drop.{at}"),
                on_click=form.drop,
                args=("actors", key),
                type="tertiary",
            )
    st.button(
        say("Add an actor alleged to be involved"), key=form.key("add.actor"), on_click=form.add, args=("actors",)
    )


def _actor(form: Form, at: str, held: dict[str, str]) -> str | None:
    """Ask for an actor's name: one that is held, or a new one."""
    stated = form.typed.get(f"{at}.actor")
    options = held | ({str(stated): str(stated)} if stated else {})
    return form.choice(
        f"{at}.actor", say("Actor, as alleged"), options, unset=say("Unknown"), accept_new_options=True, placeholder=say("Unknown"),
        help=say("Choose one, or type a new name. An involvement is always an allegation."),
    )  # fmt: skip
