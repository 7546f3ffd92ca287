"""The timeline: what is handed to the page and heard from it; and in a real browser, brushed, stepped, played and read."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from telling import WAIT, chromium, launched
from timelines import Timelines

from app import timeline
from geo.calendar_bins import binned

Open = Callable[..., Page]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
OPEN_WINDOW = (None, None)


# ---- What is handed over ----


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the page is given, instead of a page."""
    given: list[dict[str, Any]] = []
    monkeypatch.setattr(timeline, "_timeline", lambda **all_of_it: given.append(all_of_it))
    return given


def shown(**other: Any) -> None:
    """Show three months of two categories, other parts as given."""
    parts: dict[str, Any] = {
        "bins": binned([0, 70], "month"), "categories": [{"name": n, "label": n, "colour": "#1f4e79"} for n in "ab"],
        "inside": np.array([[1, 0, 2], [0, 0.5, 1]]), "around": [1, 4, 3], "band": ([1, np.nan, 2], [3, np.nan, 9]),
        "effort": [1, np.nan, 2], "undated": (0, 4), "window": (date(1970, 1, 1), None), "measure": "Killed",
        "total": "4 killed", "what": "report", "changed": lambda: None,
    }  # fmt: skip
    timeline.timeline("line", **(parts | other))


def test_what_the_page_is_given(handed: list[dict[str, Any]]) -> None:
    """R50: what is not known goes out as nothing, never as a number; whole numbers stay whole."""
    shown()
    data = handed[0]["data"]
    assert data["bins"] == {"step": "month", "first": "1970-01-01", "count": 3}
    assert json.dumps([data[name] for name in ("inside", "around", "low", "high", "effort", "undated", "window")]) == (
        '[[[1, 0, 2], [0, 0.5, 1]], [1, 4, 3], [1, null, 2], [3, null, 9], [1, null, 2], {"inside": 0, "around": 4}, '
        '["1970-01-01", null]]'
    )
    shown(band=None, effort=None, bins=binned([], "day"), inside=np.empty((2, 0)), around=[])
    empty = handed[1]["data"]
    assert (empty["low"], empty["effort"], empty["bins"]["count"], empty["inside"]) == (None, None, 0, [[], []])


@pytest.mark.parametrize("wrong", [{"inside": [[1, 2, 3]]}, {"around": [1, 2]}, {"effort": [1]}, {"band": ([1], [2])}])
def test_numbers_that_fit_no_bin_are_refused(handed: list[dict[str, Any]], wrong: dict[str, Any]) -> None:
    """R50: a number too few would move all others to other dates."""
    with pytest.raises(ValueError, match="reshape"):
        shown(**wrong)
    assert handed == []


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (["2024-01-01", "2024-03-31"], (date(2024, 1, 1), date(2024, 3, 31))),
        ([None, None], OPEN_WINDOW),
        (["2024-01-01", None], (date(2024, 1, 1), None)),
        (["2024-03-31", "2024-01-01"], None),
        (["yesterday", None], None),
        ([7, None], None),
        (["2024-01-01"], None),
        (None, None),
    ],
)
def test_what_the_page_tells_is_checked(monkeypatch: pytest.MonkeyPatch, told: Any, heard: Any) -> None:
    """R74: what comes from a browser may be anything; only days are taken."""
    monkeypatch.setattr(timeline.st, "session_state", {"line": {"window": told}})
    assert timeline.drawn("line") == heard


# ---- In the browser ----


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    with chromium() as kind:
        opened = launched(kind)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timelines]:
    """The server of these tests."""
    made = Timelines(tmp_path_factory.mktemp("timeline"))
    yield made
    made.kill()


@pytest.fixture
def opened(browser: Browser, served: Timelines) -> Iterator[Open]:
    """Opens the page as it is asked; afterwards nothing had failed in it and no other host was asked (R73)."""
    contexts, wrong = [], list[str]()
    served.afresh()

    def page(width: int = 1280, touch: bool = False, **asked: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, has_touch=touch)
        contexts.append(context)
        served.sign_in(context)
        context.on("weberror", lambda failed: wrong.append(str(failed.error)))
        context.on("request", lambda sent: outside(sent.url) and wrong.append(sent.url))
        made = context.new_page()
        made.set_default_timeout(WAIT)
        made.goto(served.at(**asked))
        expect(made.locator(".timeline-chart text").first).to_be_visible(timeout=WAIT)
        rested(made)
        return made

    yield page
    for context in contexts:
        context.close()
    assert wrong == []


def outside(url: str) -> bool:
    """Return whether an address leads to another host."""
    return urlsplit(url).hostname not in ("127.0.0.1", None)


def rested(page: Page) -> None:
    """Wait until no rerun is under way."""
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=WAIT)


def comes(served: Timelines, count: int) -> list[Any]:
    """Wait until the page has told of so many windows; return them."""
    served.comes(lambda held: len(held["told"]) >= count)
    return served.told()


def line(page: Page) -> Locator:
    return page.locator(".timeline")


def windowed(page: Page, window: str) -> None:
    """Wait until the window stands over these bins."""
    expect(line(page)).to_have_attribute("data-window", window, timeout=WAIT)


def drag(page: Page, start: float, end: float, drop: bool = True) -> None:
    """Drag across the bars, from one part of their width to another."""
    area = page.locator(".timeline-area").bounding_box()
    assert area is not None
    y = area["y"] + 40
    page.mouse.move(area["x"] + start * area["width"], y)
    page.mouse.down()
    page.mouse.move(area["x"] + (start + end) / 2 * area["width"], y)
    page.mouse.move(area["x"] + end * area["width"], y)
    if drop:
        page.mouse.up()


def focus(page: Page) -> None:
    page.locator(".timeline-chart").focus()


def test_a_window_is_drawn_moved_resized_and_taken_away(opened: Open, served: Timelines) -> None:
    """R32: the window covers whole months, whatever pixel the hand lets go at."""
    page = opened()
    drag(page, 0.26, 0.49)
    windowed(page, "9,17")
    assert comes(served, 1) == [["2000-10-01", "2001-06-30"]]
    expect(page.locator(".timeline-hidden[role=status]")).to_have_text(
        re.compile("^2000-10 to 2001-06: [0-9]+ incidents$")
    )
    drag(page, 0.35, 0.35 + 2 / 36)
    assert comes(served, 2)[1] == ["2000-12-01", "2001-08-31"]
    rested(page)
    drag(page, 20 / 36, 23 / 36)
    assert comes(served, 3)[2] == ["2000-12-01", "2001-11-30"]
    drag(page, 11 / 36, 13 / 36)
    assert comes(served, 4)[3] == ["2001-02-01", "2001-11-30"]
    page.locator(".timeline-area").dblclick(position={"x": 5, "y": 40})
    assert comes(served, 5)[4] == [None, None]
    expect(page.locator(".timeline-hidden[role=status]")).to_have_text(re.compile("^All dates: "))


def test_a_press_alone_draws_no_window(opened: Open, served: Timelines) -> None:
    """R50: who only looks at a bar asks for nothing."""
    page = opened(band=1)
    page.locator(".timeline-area").click(position={"x": 30, "y": 40})
    tip = page.locator(".timeline-tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("sources that spoke")
    expect(tip).to_contain_text("<b>not</b> corroborated")
    expect(tip).to_contain_text("low to high")
    drag(page, 0.5, 0.501)
    windowed(page, "")
    page.get_by_role("button", name="More").click()
    served.comes(lambda held: held["more"] == 1)
    assert served.told() == []


def test_by_the_keys_alone(opened: Open, served: Timelines) -> None:
    """R80: the window is begun, moved, resized and taken away without a mouse."""
    page = opened()
    focus(page)
    for keys, window in [
        ("ArrowRight", "0,0"), ("ArrowRight", "1,1"), ("Shift+ArrowRight", "1,2"), ("Shift+ArrowRight", "1,3"),
        ("Shift+ArrowLeft", "1,2"), ("PageDown", "3,4"), ("End", "34,35"), ("ArrowRight", "34,35"), ("Home", "0,1"),
    ]:  # fmt: skip
        page.keyboard.press(keys)
        windowed(page, window)
    served.comes(lambda held: held["told"][-1:] == [["2000-01-01", "2000-02-29"]])
    rested(page)
    expect(page.locator(".timeline-tip")).to_contain_text("2000-01")
    page.keyboard.press("Escape")
    windowed(page, "")
    served.comes(lambda held: held["told"][-1:] == [[None, None]])
    page.keyboard.press("ArrowLeft")
    windowed(page, "35,35")
    served.comes(lambda held: held["told"][-1:] == [["2002-12-01", "2002-12-31"]])
    expect(page.locator(".timeline-chart")).to_be_focused()


def test_the_buttons_step_along(opened: Open, served: Timelines) -> None:
    """R80: each button has a name, and time runs from the left beside them too."""
    page = opened(language="ar")
    expect(line(page)).to_have_attribute("dir", "rtl")
    buttons = page.locator(".timeline-steps button")
    places = [box["x"] for box in (buttons.nth(i).bounding_box() for i in range(5)) if box]
    assert places == sorted(places)
    assert all(buttons.nth(i).get_attribute("aria-label") for i in range(5))
    for at, window in ((0, "0,0"), (3, "1,1"), (4, "35,35"), (1, "34,34")):
        buttons.nth(at).click()
        windowed(page, window)
    texts = page.locator("text.timeline-year").all_text_contents()
    assert texts == ["2000", "2001", "2002"]
    served.comes(lambda held: held["told"][-1:] == [["2002-11-01", "2002-11-30"]])
    page.locator(".timeline-all").click()
    windowed(page, "")


def test_playing_waits_for_the_server_and_stops_at_the_end(opened: Open, served: Timelines) -> None:
    """R50: each step is answered before the next, so that none is skipped; the last one ends with the last bin."""
    page = opened(bins=5, slow=3)
    drag(page, 0.01, 0.3)
    windowed(page, "0,1")
    comes(served, 1)
    rested(page)
    page.get_by_role("button", name="Play").click()
    windowed(page, "2,3")
    page.wait_for_timeout(2000)
    windowed(page, "2,3")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    windowed(page, "3,4")
    assert comes(served, 3)[1:] == [["2000-03-01", "2000-04-30"], ["2000-04-01", "2000-05-31"]]
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_any_key_stops_playing(opened: Open, served: Timelines) -> None:
    """R80: space plays and pauses; and whoever types elsewhere has the page still."""
    page = opened(bins=36)
    focus(page)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    comes(served, 2)
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    page.keyboard.press("Space")
    comes(served, 3)
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    rested(page)
    told = len(served.told())
    page.wait_for_timeout(1600)
    assert len(served.told()) == told


def test_data_that_comes_during_a_drag_waits(opened: Open, served: Timelines) -> None:
    """R50: numbers that arrive while a window is drawn do not take it out of the hand."""
    page = opened(undated=0)
    drag(page, 0.1, 0.3, drop=False)
    windowed(page, "3,10")
    pale = page.locator(".timeline-pale")
    before = str(pale.get_attribute("d"))
    page.get_by_role("button", name="More").evaluate("button => button.click()")
    served.comes(lambda held: held["more"] == 1)
    rested(page)
    area = page.locator(".timeline-area").bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + 0.4 * area["width"], area["y"] + 40)
    windowed(page, "3,14")
    expect(pale).to_have_attribute("d", before)
    page.mouse.up()
    expect(pale).not_to_have_attribute("d", before)
    assert comes(served, 1) == [["2000-04-01", "2001-03-31"]]
    windowed(page, "3,14")


def test_an_interrupted_drag_leaves_the_window_as_it_was(opened: Open, served: Timelines) -> None:
    """R50: Escape while the mouse is down asks for nothing."""
    page = opened()
    drag(page, 0.1, 0.3, drop=False)
    windowed(page, "3,10")
    page.keyboard.press("Escape")
    windowed(page, "")
    page.mouse.up()
    page.get_by_role("button", name="More").click()
    served.comes(lambda held: held["more"] == 1)
    assert served.told() == []


def test_it_survives_when_the_page_builds_its_place_anew(opened: Open, served: Timelines) -> None:
    """R80: focus, open table and window stay when Streamlit mounts the part a second time."""
    page = opened()
    page.locator(".timeline summary").click()
    focus(page)
    page.keyboard.press("ArrowRight")
    comes(served, 1)
    rested(page)
    line(page).evaluate("box => { box.dataset.mark = 'same'; box.getRootNode().host.dataset.mark = 'old'; }")
    page.get_by_role("button", name="Move").evaluate("button => button.click()")
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].some((at) => at.shadowRoot?.querySelector('.timeline') && !at.dataset.mark)"
    )
    page.wait_for_timeout(1000)
    expect(line(page)).to_have_count(1)
    expect(line(page)).to_have_attribute("data-mark", "same")
    windowed(page, "0,0")
    expect(page.locator(".timeline-chart")).to_be_focused()
    expect(page.locator(".timeline-rows table")).to_be_visible()
    page.keyboard.press("ArrowRight")
    assert comes(served, 2)[1] == ["2000-02-01", "2000-02-29"]


def test_a_window_that_the_server_does_not_take_goes_back(opened: Open) -> None:
    """R50: what the page shows is what the server counts, and no wish."""
    page = opened(deaf=1)
    drag(page, 0.26, 0.49)
    windowed(page, "9,17")
    windowed(page, "")


def test_the_step_can_change_under_a_window(opened: Open, served: Timelines) -> None:
    """R32: in weeks the window of a month stands over the weeks that hold it, and its own days are said."""
    page = opened(bins=10)
    focus(page)
    page.keyboard.press("ArrowRight")
    comes(served, 1)
    page.get_by_role("button", name="Weeks").click()
    served.comes(lambda held: held["first"] == ["2000-01-03"])
    expect(page.locator(".timeline-now")).to_have_text(re.compile("^2000-01-01 to 2000-01-31: "))
    windowed(page, "0,4")


def test_fifteen_thousand_days(opened: Open, served: Timelines) -> None:
    """R50: bars that cannot be seen apart are added up, the line below says so, and nothing is lost on the way."""
    page = opened(bins=15_000, step="day", undated=0)
    columns = int(line(page).get_attribute("data-columns") or 0)
    area = page.locator(".timeline-area").bounding_box()
    assert area is not None
    assert 100 < columns <= area["width"]
    expect(page.locator(".timeline-note")).to_have_text(
        f"Days in each bar: {-(-15_000 // columns)}. Of the sources that spoke, a bar shows the average."
    )
    drag(page, 0.2, 0.4)
    first, last = comes(served, 1)[0]
    assert (date.fromisoformat(last) - date.fromisoformat(first)).days > 2_900
    page.locator(".timeline summary").click()
    expect(page.locator(".timeline-rows tbody tr")).to_have_count(42)
    expect(page.locator(".timeline-rows p")).to_contain_text("begin in one year")


def test_the_table_holds_what_the_bars_show(opened: Open) -> None:
    """R80: a row for each bar and one for what has no date; empty until it is opened."""
    page = opened(band=1)
    expect(page.locator(".timeline-rows table")).to_have_count(0)
    page.locator(".timeline summary").click()
    rows = page.locator(".timeline-rows tbody tr")
    expect(rows).to_have_count(37)
    assert rows.nth(1).locator("th, td").all_inner_texts() == ["2000-02", "10", "5", "3", "18", "17 to 21", "2"]
    assert rows.nth(5).locator("td").last.inner_text() == "unknown"
    assert rows.last.locator("th, td").all_inner_texts() == ["no date", "", "", "", "7", "", ""]
    assert Axe().run(page, options=RULES).response["violations"] == []


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"bins": 0}, "Nothing here has a date."), ({"bins": 1}, "2000"), ({"zero": 1, "undated": 0}, "0")],
)
def test_little_or_nothing(opened: Open, asked: dict[str, Any], said: str) -> None:
    """R50: no bars, one bar and bars of nothing are drawn, and none of them fails."""
    page = opened(**asked)
    expect(page.locator(".timeline-chart text", has_text=said).first).to_be_visible()
    focus(page)
    for keys in ("ArrowRight", "Space", "Space", "End", "Escape"):
        page.keyboard.press(keys)
    windowed(page, "")


def test_on_a_telephone(opened: Open, served: Timelines) -> None:
    """R80: a finger draws the window at 390 pixels, its handles are wide enough, and nothing runs out of the page."""
    page = opened(width=390, touch=True)
    area = page.locator(".timeline-area").bounding_box()
    assert area is not None
    finger = page.context.new_cdp_session(page)
    for kind, at in (("touchStart", 0.2), ("touchMove", 0.3), ("touchMove", 0.45), ("touchEnd", None)):
        points = [] if at is None else [{"x": area["x"] + at * area["width"], "y": area["y"] + 40}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    windowed(page, "7,16")
    assert comes(served, 1) == [["2000-08-01", "2001-05-31"]]
    rested(page)
    for handle in page.locator(".timeline-handle").all():
        assert float(handle.get_attribute("width") or 0) >= 24
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    focus(page)
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowLeft")
    assert all(float(handle.get_attribute("width") or 0) >= 24 for handle in page.locator(".timeline-handle").all())
