"""What a page says, in the language of the person who reads it. English sentences are the keys of the catalogues."""

from collections.abc import Iterable
from html import escape

import streamlit as st

from app import locale
from app import map as components
from app.locale import Catalogue, Language
from casualty.errors import CasualtyError, Fault, filled
from casualty.vocabulary import Codes, Terms

CHOSEN, FOUND = "language", "language_found"


def shown() -> Catalogue:
    """Return the catalogue of this browser: as set in the session state, else chosen by its cookie, else as it asks."""
    state = st.session_state
    if state.get(CHOSEN) in locale.tags():
        return locale.catalogue(state[CHOSEN])
    if FOUND not in state:
        state[FOUND] = locale.for_request(st.context.cookies, st.context.headers.get("Accept-Language")).language.tag
    return locale.catalogue(state[FOUND])


def current() -> Language:
    """Return the language that is shown."""
    return shown().language


def languages() -> list[Language]:
    """Return every language that can be chosen."""
    return [locale.catalogue(tag).language for tag in locale.tags()]


def later(template: str) -> str:
    """Return a text as it is: it stands in a table here and is translated where it is shown."""
    return template


def say(template: str, /, **values: object) -> str:
    """Return a sentence in the reader's language; values are terms, numbers, days, `Word`s or text of the record."""
    return shown().say(template, **values)


def phrase(template: str, /, **values: object) -> str:
    """Return a sentence in the reader's language as HTML; values that are text are HTML already."""
    said = shown()
    parts = {name: value if type(value) is str else escape(said.written(value)) for name, value in values.items()}
    return filled(escape(said.say(template)), parts)


def count(one: str, many: str, n: int, /, **values: object) -> str:
    """Return a sentence about `n` things in the plural form that the reader's language has for that number."""
    return shown().count(one, many, n, **values)


def term(member: Terms | Codes) -> str:
    """Return the label of a term in the reader's language."""
    return shown().term(member)


def explain(member: Terms | Codes) -> str:
    """Return the definition of a term in the reader's language."""
    return shown().explain(member)


def field(name: str) -> str:
    """Return what a field of the codebook is called in the reader's language."""
    return shown().field(name)


def fault(found: Fault) -> str:
    """Return a fault in the reader's language: where it stands, what it is, how to mend it."""
    return shown().fault(found)


def told(error: CasualtyError) -> tuple[str, list[Fault]]:
    """Return an error's message and its faults, which keep row and field, in the reader's language."""
    return shown().told(error)


def number(value: float) -> str:
    """Return a number in European digits."""
    return shown().number(value)


def country(code: str) -> str:
    """Return the name of a country or territory by its ISO 3166-1 code, as the reader's language has it."""
    return str(shown().locale.territories.get(code, code))


def day(value: object) -> str:
    """Return a day as the reader's language writes it."""
    return shown().day(value)


def moment(value: object) -> str:
    """Return a moment of the record (UTC) to the minute."""
    return shown().moment(value)


def joined(parts: Iterable[str], sign: str = ",") -> str:
    """Return parts of a list beside each other, parted by the comma or semicolon of the reader's language."""
    return shown().joined(parts, sign)


def direction() -> str:
    """Return `ltr` or `rtl`, by the language and never by a text."""
    return current().direction


def begin() -> None:
    """Tell the browser the page's language and direction."""
    components.tongue(current().tag, direction())
