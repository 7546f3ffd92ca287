"""A form whose every box lies on the desk as it is typed, with its faults under it; the same after a reload and elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any
from uuid import uuid4

import streamlit as st

from app import language, session, widgets
from app.language import count, say
from casualty import desk
from casualty.access import Acting
from casualty.errors import CasualtyError, Fault
from casualty.vocabulary import Codes, Terms

UNSET = "not_recorded"
TURNS = "turns"  # how often a button filled each box


class Form:
    """Draws labelled boxes; what is typed in them is kept in the database at the end of every run.

    `known` is what the desk holds, as far as this session knows: a box that stands otherwise was typed in. On the first
    run of a session the boxes are filled from the desk; after that the browser's own boxes count, also when the server was
    started anew in between, because the browser then sends all of them again.
    """

    def __init__(
        self, form_id: str, by: Acting, *, start: Mapping[str, Any] | None = None, incident_id: str | None = None,
        version: int | None = None,
    ) -> None:  # fmt: skip
        self.id, self.by = form_id, by
        self.amends = {"incident_id": incident_id, "version": version}
        self.state = st.session_state.setdefault(f"form-{form_id}", {})
        if "known" not in self.state:
            held = desk.form(session.store(), by, form_id)
            self.state["known"] = dict(held.typed if held is not None else start or {})
            self.state["saved_id"] = held.saved_id if held is not None else None
            self.state["laid"] = held is not None
        # What was typed since stands in the session already, before its box is drawn again.
        boxes = self.state.setdefault("boxes", set())
        now = {box: st.session_state[self.key(box)] for box in boxes if self.key(box) in st.session_state}
        self.typed: dict[str, Any] = dict(self.state["known"]) | {box: value or None for box, value in now.items()}
        self.shown: set[str] = set()
        self.live: list[Fault] = []

    @property
    def saved_id(self) -> str | None:
        """Return the record that this form became, None while it is being typed."""
        saved: str | None = self.state["saved_id"]
        return saved

    # Boxes -------------------------------------------------------------------------------------------------------

    def key(self, box: str) -> str:
        """Return the key under which a box stands in the session.

        A box that a button filled goes on under another key: what the browser sent before it saw that would empty it.
        """
        turn = (self.state["known"].get(TURNS) or {}).get(box)
        return f"{self.id}:{box}" if turn is None else f"{self.id}:{box}~{turn}"

    def _given(self, box: str, name: str, value: Any) -> dict[str, Any]:
        """Return what fills a box that this session has not drawn yet; afterwards the box itself counts."""
        return {} if self.key(box) in st.session_state else {name: value}

    def text(self, box: str, label: str, *, required: bool = False, **more: Any) -> str | None:
        """Ask for one line of text, kept while it is typed."""
        given = self._given(box, "value", self.typed.get(box) or "")
        shown = say("{label} (required)", label=label) if required else label
        value = st.text_input(shown, key=self.key(box), live=True, **given, **more)
        return self._stands(box, (value or "") or None)

    def lines(self, box: str, label: str, **more: Any) -> str | None:
        """Ask for several lines of text."""
        given = self._given(box, "value", self.typed.get(box) or "")
        value = st.text_area(label, key=self.key(box), **given, **more)
        return self._stands(box, (value or "") or None)

    def choice(self, box: str, label: str, options: Mapping[str, str], *, unset: str, **more: Any) -> str | None:
        """Ask for one of several words; `unset` says what an empty choice means."""
        labels = {"": unset, **options}
        held = self.typed.get(box)
        held = str(held) if held is not None else ""
        labels.setdefault(held, say("As recorded"))
        given = self._given(box, "index", list(labels).index(held) if held in labels else 0)
        value = st.selectbox(
            label, list(labels), key=self.key(box), format_func=lambda w: labels.get(w, w), **given, **more
        )
        return self._stands(box, value or None)

    def terms(
        self, box: str, label: str, scheme: Iterable[Terms | Codes], *, unset: str | None = None, **more: Any
    ) -> str | None:
        """Ask for one term of a scheme."""
        options = {str(t.value): language.term(t) for t in scheme if t.value != UNSET}
        return self.choice(box, label, options, unset=unset or say("Not recorded"), **more)

    def several(self, box: str, label: str, options: Mapping[str, str], **more: Any) -> list[str]:
        """Ask for any number of words."""
        held = list(self.typed.get(box) or ())
        more.setdefault("placeholder", say("Choose one or more"))
        options = dict.fromkeys(held, say("As recorded")) | dict(options)
        given = self._given(box, "default", held)
        value = st.multiselect(
            label, list(options), key=self.key(box), format_func=lambda w: options[w], **given, **more
        )
        self._stands(box, list(value) or None)
        return list(value)

    def tick(self, box: str, label: str) -> bool:
        """Ask for yes or no."""
        given = self._given(box, "value", bool(self.typed.get(box)))
        return bool(self._stands(box, st.checkbox(label, key=self.key(box), **given) or None))

    def _stands(self, box: str, value: Any) -> Any:
        self.typed[box] = value
        self.state["boxes"].add(box)
        self.faults(box)
        return value

    def put(self, box: str, value: Any) -> None:
        """Set a box from a button; called before the boxes are drawn."""
        turns = self.typed.get(TURNS) or {}
        self.typed[TURNS] = {**turns, box: turns.get(box, 0) + 1}
        self.note(box, value)

    def note(self, box: str, value: Any) -> None:
        """Keep a value that has no box of its own."""
        self.typed[box] = value
        self.keep()

    # Faults ------------------------------------------------------------------------------------------------------

    def refuse(self, told: CasualtyError) -> None:
        """Keep what a saving was refused for, to be shown at the boxes until they are typed in again."""
        self.state["refused"] = (told, dict(self.typed))

    @property
    def refused(self) -> list[Fault]:
        """Return what the last saving was refused for, as far as its boxes still stand as they did."""
        if "refused" not in self.state:
            return []
        told, then = self.state["refused"]
        return [fault for fault in told.faults if self._untouched(fault.field, then)]

    def leftover(self) -> None:
        """Show above the buttons what the last saving was refused for, and the faults that no box has shown."""
        if "refused" in self.state and (self.refused or not self.state["refused"][0].faults):
            told = self.state["refused"][0]
            rest = [fault for fault in self.refused if fault.field not in self.shown]
            message, faults = language.told(CasualtyError(told.template, rest, told.values))
            above = len(self.refused) - len(rest)
            there = count(
                "{n} fault stands at its box above.", "{n} faults stand at their boxes above.", above, n=above
            )
            widgets.faults(f"{message} {there}" if above else message, faults)

    def _untouched(self, box: str, then: Mapping[str, Any]) -> bool:
        whole = "people" if box.startswith("people") else box
        return (self.typed.get(whole) or None) == (then.get(whole) or None)

    def faults(self, box: str) -> None:
        """Show under a box what is not understood in it, and what the last saving found wrong with it."""
        self.shown.add(box)
        wrong = (fault for fault in (*self.refused, *self.live) if fault.field == box)
        for said in dict.fromkeys(map(plainly, wrong)):
            st.html(f'<p class="fault" role="alert">{escape(said)}</p>')

    # The desk ----------------------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Write what was typed since the last run to the desk."""
        known = self.state["known"]
        changed = {box: value for box, value in self.typed.items() if (value or None) != (known.get(box) or None)}
        if changed:
            # The desk holds the whole form: what filled it at the start is laid there with the first field typed.
            whole = changed if self.state["laid"] else known | changed
            held = desk.keep(session.store(), self.by, self.id, whole, **self.amends)
            self.state["laid"] = True
            self.state["known"] = dict(self.typed) if held.saved_id is None else {}
            self.state["saved_id"] = held.saved_id

    def discard(self) -> None:
        """Throw the form away."""
        desk.discard(session.store(), self.by, self.id)
        self.forget()

    def forget(self) -> None:
        """Let the session forget the form's boxes."""
        for key in [key for key in st.session_state if str(key).startswith((f"{self.id}:", f"form-{self.id}"))]:
            del st.session_state[key]

    # Lists of parts ----------------------------------------------------------------------------------------------

    def parts(self, box: str) -> list[str]:
        """Return the keys of the parts that a list holds."""
        return [str(key) for key in self.typed.get(box) or ()]

    def add(self, box: str) -> None:
        """Add a part to a list; used as a button's callback."""
        self.note(box, [*self.parts(box), uuid4().hex[:8]])

    def drop(self, box: str, key: str) -> None:
        """Take a part off a list; what was typed in it stays on the desk until the form is saved."""
        self.note(box, [part for part in self.parts(box) if part != key])


def plainly(fault: Fault) -> str:
    """Return a fault in the reader's language without the name of its field, for it stands there."""
    _, (said,) = language.told(CasualtyError("", [fault]))
    return f"{said.said} {said.remedy}".strip()


def columns(widths: Sequence[float]) -> list[Any]:
    """Return columns of these widths; on a narrow screen they stand under each other."""
    return st.columns(list(widths), vertical_alignment="top")
