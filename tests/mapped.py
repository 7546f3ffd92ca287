"""What the map page hands to its map and its timeline, for the tests of that page."""

from typing import Any

import pytest
from paged import Page
from streamlit.testing.v1 import AppTest

from app import map as components
from app import timeline
from casualty.access import Acting
from casualty.vocabulary import Role

ADMIN, ANALYST = Acting("administrator", Role.ADMINISTRATOR), Acting("analyst", Role.ANALYST)
RECORDER = Acting("recorder", Role.RECORDER)


def watched(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what the map and the timeline were last given, under `map` and `timeline`; they are shown all the same."""
    given: dict[str, Any] = {}
    real, line = components.draw, timeline.timeline

    def map_part(key: str, data: dict[str, Any], *calls: Any) -> None:
        given["map"] = data
        real(key, data, *calls)

    def line_part(key: str, **told: Any) -> None:
        given["timeline"] = told
        line(key, **told)

    monkeypatch.setattr(components, "draw", map_part)
    monkeypatch.setattr(timeline, "timeline", line_part)
    return given


def linked(page: Page, role: Role = Role.RECORDER, **params: str) -> AppTest:
    """Come to the map by a link, from another page: choices of the map that somebody made before are forgotten."""
    test = page("record", role)
    test.switch_page("screens/map.py")
    for name, value in params.items():
        test.query_params[name] = value
    return test.run()
