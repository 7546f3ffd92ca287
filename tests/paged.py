"""The pages without a browser: a house whose pages are opened as somebody of a role, and what is read and typed there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import session
from app.gate import Sessions
from casualty.access import Acting
from casualty.schema import ActorFields, DimensionFields, DocumentFields, GroupFields, IncidentDraft, SourceFields
from casualty.store import Store
from casualty.vocabulary import DimensionState, Role

MAIN = str(Path(__file__).parent.parent / "app" / "main.py")
PASSWORD = "a long password"
NASTY = "<script>alert(1)</script> *star* ![x](http://evil.example/x.png)"
Page = Callable[..., AppTest]


def moved_in(store: Store) -> Store:
    """Show a store by the pages, with one account of each role."""
    session.move_in(session.House(store, Sessions(store)))
    store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, store.local("tester"))
    first = Acting("administrator", Role.ADMINISTRATOR)
    for role in Role:
        if role is not Role.ADMINISTRATOR:
            store.add_account(role.value, role, PASSWORD, first)
    return store


def opener(monkeypatch: pytest.MonkeyPatch) -> Page:
    """Return what opens a page as somebody of a role, at an address."""

    def opened(name: str, role: Role | None = Role.RECORDER, **params: Any) -> AppTest:
        by = Acting(role.value, role) if role else None
        monkeypatch.setattr(session, "acting", lambda: by)
        test = AppTest.from_file(MAIN, default_timeout=60).run()
        if role:
            test.switch_page(f"screens/{name}.py")
            for key, value in params.items():
                test.query_params[key.rstrip("_")] = value
            test.run()
        assert not test.exception
        return test

    return opened


def three_incidents(house: Store) -> dict[str, str]:
    """Record three incidents: one exact with a named victim, one that stands for a region, one without a place."""
    by, analyst = Acting("recorder", Role.RECORDER), Acting("analyst", Role.ANALYST)
    source = house.record("source", SourceFields(name="Paper of record"), by).id
    document = house.record("document", DocumentFields(title=NASTY, source_id=source), by).id
    dimension = house.record(
        "dimension",
        DimensionFields(code="faith", label="Faith", state=DimensionState.ON, assessment="signed"),
        analyst,
    ).id
    north = GroupFields(dimension_id=dimension, code="north", label="Northern")
    group = house.record("identity_group", north, analyst).id
    actor = house.record("actor", ActorFields(name="Group A"), by).id
    base = {"date_end": "2024-05-02", "date_start": "2024-05-02", "date_precision": 1}
    claims: list[dict[str, Any]] = [{"document_id": document, "killed_best": best} for best in (7, 9)]
    claims[1]["locator"] = "p. 2"
    victim = {
        "kind": "person",
        "harm": "killed",
        "names": [{"name": "أحمد المثال"}],
        "attributions": [{"dimension_id": dimension, "group_id": group, "basis": "family"}],
    }
    exact = {"lat": 10.5, "lon": 20.25, "place_as_reported": "سوق المدينة", "place_precision": 1, "uncertainty_m": 500}
    alleged = {"actor_id": actor, "role": "alleged_perpetrator"}
    drafts = {
        "exact": exact
        | {"killed_low": 5, "killed_best": 7, "killed_high": 9, "victims": [victim], "involvements": [alleged]},
        "area": {"lat": 11, "lon": 21, "place_as_reported": NASTY, "place_precision": 4, "killed_low": 2},
        "placeless": {"country": "Sampleland", "killed_best": 0, "date_start": "2023-01-01", "date_precision": 5},
    }
    saved = {
        name: house.record("incident", IncidentDraft.model_validate({**base, "claims": claims, **fields}), by)
        for name, fields in drafts.items()
    }
    codes = {name: str(one.code) for name, one in saved.items()}
    return codes | {"actor": actor, "id": saved["exact"].id, "identity": f"{dimension}/{group}"}


def html(test: AppTest) -> str:
    """All HTML of a page, its styles left out."""
    return "\n".join(part.proto.body for part in test.get("html") if "<style>" not in part.proto.body)


def shown(test: AppTest) -> str:
    """The text of a page's HTML."""
    return " ".join(re.sub(r"<[^>]+>", " ", html(test)).split())


def box(test: AppTest, label: str) -> Any:
    """The input of this label."""
    kinds = (test.text_input, test.text_area, test.number_input, test.selectbox, test.checkbox)
    (found,) = [part for kind in kinds for part in kind if part.label == label]
    return found


def press(test: AppTest, label: str) -> AppTest:
    """Press the button of this label."""
    (found,) = [part for part in test.button if part.label == label]
    return found.click().run()
