"""A small house with a queue of three incidents, shown by the pages, for the tests of the reviewer's pages."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app import session
from app.gate import Sessions
from casualty.access import Acting
from casualty.schema import DocumentFields, IncidentDraft, SituationFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Role

MAIN = str(Path(__file__).parent.parent / "app" / "main.py")
PASSWORD = "a long password"
NASTY = "<script>alert(1)</script> *star* ![x](http://evil.example/x.png)"
ADMINISTRATOR, RECORDER = Acting("administrator", Role.ADMINISTRATOR), Acting("recorder", Role.RECORDER)
REVIEWER, SECOND = Acting("reviewer", Role.REVIEWER), Acting("second", Role.REVIEWER)
ANALYST = Acting("analyst", Role.ANALYST)
Page = Callable[..., AppTest]


def moved_in(store: Store) -> Store:
    """Return the store, shown by the pages, with one account of each role and a second reviewer."""
    st.cache_resource.clear()  # what is held for the process belongs to the store of another test
    session.move_in(session.House(store, Sessions(store)))
    store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, store.local("tester"))
    for name, role in [(r.value, r) for r in Role if r is not Role.ADMINISTRATOR] + [("second", Role.REVIEWER)]:
        store.add_account(name, role, PASSWORD, ADMINISTRATOR)
    return store


def opener(monkeypatch: pytest.MonkeyPatch) -> Page:
    """Return what opens a page as somebody, at an address."""

    def opened(name: str, by: Acting = REVIEWER, language: str = "en", **params: Any) -> AppTest:
        monkeypatch.setattr(session, "acting", lambda: by)
        test = AppTest.from_file(MAIN, default_timeout=60)
        test.session_state["language"] = language
        test.run().switch_page(f"screens/{name}.py")
        for key, value in params.items():
            test.query_params[key] = value
        test.run()
        assert not test.exception
        return test

    return opened


def recorded(store: Store) -> dict[str, str]:
    """Record two incidents of one man in one market, told by three papers, and one of which nothing is known."""
    situation = store.record("situation", SituationFields(name="A war"), ADMINISTRATOR).id
    papers = {}
    for name in ("Morning", "Evening", "Radio"):
        source = store.record("source", SourceFields(name=f"{name} paper"), RECORDER).id
        paper = DocumentFields(title=f"{name} {NASTY}", source_id=source)
        papers[name] = store.record("document", paper, RECORDER).id
    man = {"harm": "killed", "sex": "man", "age_years": 34, "names": [{"name": "Ahmad Khalil Mansour"}]}
    base = {"date_start": "2024-05-02", "date_end": "2024-05-02", "lat": 10.5, "lon": 20.25, "place_precision": 1,
            "place_as_reported": "سوق المدينة"}  # fmt: skip
    figures = {"Morning": 7, "Evening": 7, "Radio": 9}
    claims = [{"document_id": papers[name], "killed_best": n} for name, n in figures.items()]
    drafts = {
        "one": {**base, "killed_best": 7, "victims": [man], "claims": claims, "situation_id": situation},
        "two": {**base, "killed_best": 9, "victims": [man], "claims": claims[2:]},
        "bare": {"date_missing": "unknown", "place_missing": "unknown", "claims": claims[:1]},
    }
    found = {"situation": situation}
    for name, fields in drafts.items():
        saved = store.record("incident", IncidentDraft.model_validate(fields), RECORDER)
        found |= {name: str(saved.code), f"{name} id": saved.id}
    return found


def html(test: AppTest) -> str:
    """All HTML of a page, its styles left out."""
    return "\n".join(part.proto.body for part in test.get("html") if "<style>" not in part.proto.body)


def shown(test: AppTest) -> str:
    """The text of a page's HTML."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html(test))).split())


def boxes(test: AppTest, label: str) -> list[Any]:
    """The inputs of this label."""
    kinds = ("text_input", "text_area", "number_input", "selectbox", "checkbox", "multiselect", "toggle")
    return [part for kind in kinds for part in getattr(test, kind) if part.label == label]


def box(test: AppTest, label: str) -> Any:
    """The one input of this label."""
    (found,) = boxes(test, label)
    return found


def press(test: AppTest, label: str) -> AppTest:
    """Press the button of this label."""
    (found,) = [part for part in test.button if part.label.replace("\\", "") == label]
    found.click().run()
    assert not test.exception
    return test


def taken_up(house: Store, key: str) -> None:
    """Take an incident into review."""
    house.review(key, IncidentStatus.IN_REVIEW, "Taken up", SECOND)


def status(house: Store, key: str) -> str:
    """The status of an incident."""
    return str(house.current("incident", key)["incident"][0]["status"])


def asking(page: Page, full: dict[str, str], which: str = "one", by: Acting = REVIEWER) -> AppTest:
    """The review of an incident, opened."""
    return page("record", by, code=full[which], view="review")
