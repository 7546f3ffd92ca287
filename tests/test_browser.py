"""The face in a real browser: signing in, the map, a record, a telephone, signing out, and nobody else told."""

import json
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from casualty.access import Acting
from casualty.schema import AccountFields, AdminUnitFields, DocumentFields, IncidentDraft, SourceFields, table
from casualty.store import Store
from casualty.vocabulary import Role

PASSWORD = "a long password"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
SERVE = "import sys; from app.server import serve; serve(sys.argv[1], '127.0.0.1', 0)"
WAIT = 30_000
SPOT, LAND = "r > 200 && g < 160 && b < 90", "r === 246 && g === 243 && b === 234"
MARKET = (10.5, 20.25)
AREA = (12.0, 23.0)
NASTY = "<img src=x onerror=window.harmed=1> ![x](http://evil.example/x.png)"
ADMIN = Acting("administrator", Role.ADMINISTRATOR)


def filled(path: Path) -> Path:
    """Make a record: two incidents at one market, one that stands for a district, one without a place."""
    store = Store.create(path)
    store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, store.local("tester"))
    for role in (Role.RECORDER, Role.REVIEWER, Role.ANALYST):
        store.add_account(role.value, role, PASSWORD, ADMIN)
    by = Acting("recorder", Role.RECORDER)
    source = store.record("source", SourceFields(name="Paper of record"), by).id
    document = store.record("document", DocumentFields(title=NASTY, source_id=source), by).id
    shape = json.dumps({"type": "Polygon", "coordinates": [[[22, 11], [24, 11], [24, 13], [22, 13], [22, 11]]]})
    unit = AdminUnitFields(pcode="SX01", boundary_set="2024", name="North", level=1, geometry=shape)
    store.record("admin_unit", unit, ADMIN)
    base = {
        "date_start": "2024-05-02",
        "date_end": "2024-05-02",
        "date_precision": 1,
        "claims": [{"document_id": document}],
    }
    market = {"lat": MARKET[0], "lon": MARKET[1], "place_precision": 2, "place_as_reported": "سوق المدينة"}
    area = {"lat": AREA[0], "lon": AREA[1], "place_precision": 4, "place_as_reported": NASTY, "pcode": "SX01"}
    victim = {"kind": "person", "harm": "killed", "names": [{"name": "أحمد المثال"}]}
    for fields in (
        market | {"killed_best": 7, "uncertainty_m": 40_000, "victims": [victim]},
        market | {"killed_low": 2, "date_start": "2024-05-01"},
        area | {"killed_best": 30},
        {"country": "Sampleland", "killed_best": 1},
    ):
        store.record("incident", IncidentDraft.model_validate({**base, **fields}), by)
    store.close()
    return path


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database that is served."""
    return filled(tmp_path_factory.mktemp("browser") / "r.db")


@pytest.fixture(scope="module")
def address(record: Path) -> Iterator[str]:
    """The address of a server of its own."""
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(record)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = re.search(r"http://[\d.]+:\d+", process.stderr.readline())
    assert found is not None
    yield found.group()
    process.terminate()
    process.wait(timeout=30)
    process.stderr.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a window; without a browser there is nothing to see, save in CI, where there must be one."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"no Chromium at {CHROMIUM}")
        pytest.skip(f"no Chromium at {CHROMIUM}; name yours in the variable CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


Entered = Callable[..., Page]


@pytest.fixture
def enter(browser: Browser, address: str) -> Iterator[Entered]:
    """Signs somebody in and opens a page; afterwards no other host was asked and nothing of the record ran (R73)."""
    asked: set[str] = set()
    blocked: list[str] = []
    contexts: list[BrowserContext] = []

    def note(text: str) -> None:
        if "Content Security Policy" in text:
            blocked.append(text)

    def entered(path: str, name: str = "recorder", width: int = 1280, height: int = 900) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        context.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
        context.on("console", lambda message: note(message.text))
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("websocket", lambda line: asked.add(urlsplit(line.url).hostname or ""))
        page.goto(address + path)
        sign_in(page, name)
        return page

    yield entered
    harmed = [page.evaluate("window.harmed") for context in contexts for page in context.pages]
    for context in contexts:
        context.close()
    assert asked - {""} == {"127.0.0.1"}
    assert blocked == []
    assert not any(harmed)


def sign_in(page: Page, name: str, password: str = PASSWORD) -> None:
    """Fill in the sign-in form and send it."""
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("button")


def counted(page: Page, text: str | re.Pattern[str]) -> None:
    """Wait until the counts say this, and the page has come to rest."""
    rested(page)
    expect(page.locator(".counts").filter(has_text=text).first).to_be_visible(timeout=WAIT)
    rested(page)


def rested(page: Page) -> None:
    """Wait until no rerun is under way: meanwhile Streamlit may show an element twice, as it was and as it will be."""
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=WAIT)


def drawn(page: Page, incidents: int) -> None:
    """Wait until so many incidents are on the map."""
    expect(page.locator(".map")).to_have_attribute("data-counted", str(incidents), timeout=WAIT)


def at(page: Page, lat: float, lon: float) -> tuple[float, float]:
    """Return where on the screen a place lies, by the view that stands in the address."""
    view = re.search(r"#view=([\d.-]+)/([\d.-]+)/([\d.-]+)", page.evaluate("location.href"))
    assert view is not None
    zoom, middle_lat, middle_lon = map(float, view.groups())
    frame = page.locator(".map").bounding_box()
    assert frame is not None
    world = 512 * 2**zoom

    def north(degrees: float) -> float:
        return math.asinh(math.tan(math.radians(degrees))) / (2 * math.pi)

    x = frame["x"] + frame["width"] / 2 + (lon - middle_lon) / 360 * world
    return x, frame["y"] + frame["height"] / 2 - (north(lat) - north(middle_lat)) * world


def settled(page: Page) -> None:
    """Wait until the map has told its view and the address holds it."""
    page.wait_for_url(re.compile("#view="))
    page.wait_for_timeout(1500)


def colours(page: Page, wanted: str = SPOT) -> int:
    """Return how many pixels of the map have a colour: that of what is not corroborated, or another."""
    picture = page.locator(".map").screenshot()
    script = """async ([data, wanted]) => {
      const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + data)).blob());
      const canvas = new OffscreenCanvas(image.width, image.height);
      const pen = canvas.getContext('2d');
      pen.drawImage(image, 0, 0);
      const bytes = pen.getImageData(0, 0, image.width, image.height).data;
      let found = 0;
      const is = new Function('r', 'g', 'b', `return ${wanted}`);
      for (let i = 0; i < bytes.length; i += 4) found += is(bytes[i], bytes[i + 1], bytes[i + 2]);
      return found;
    }"""
    import base64

    blank = page.context.browser.new_page()
    found = int(blank.evaluate(script, [base64.b64encode(picture).decode(), wanted]))
    blank.close()
    return found


def test_the_map_counts_and_draws_what_is_held(enter: Entered) -> None:
    """R11, R33, R49, R73: straight to the map, through the sign-in, on an outline that comes from this machine."""
    page = enter("/map")
    counted(page, "Shown 3 of 4; 0 outside this view; 1 without a place.")
    drawn(page, 3)
    expect(page.locator(".map")).to_have_attribute("data-spots", "2")
    expect(page.get_by_text("Documented incidents, not all deaths.").first).to_be_visible()
    expect(page.get_by_role("link", name="Sign out")).to_be_visible()
    settled(page)
    assert colours(page) > 60


def test_what_was_counted_is_drawn_before_the_land(enter: Entered) -> None:
    """R33, R73: on a bad line the incidents stand on the map while its land is still under way, and the land comes when it can."""
    page = enter("/map")
    drawn(page, 3)
    held: list[Route] = []
    for late in ("**/assets/world.json", "**/territory.geojson"):
        page.route(late, lambda route: held.append(route))
    page.reload()
    drawn(page, 3)
    settled(page)
    assert {urlsplit(route.request.url).path for route in held} == {"/assets/world.json", "/territory.geojson"}
    assert (colours(page) > 60, colours(page, LAND)) == (True, 0)
    for route in held:
        route.continue_()
    page.wait_for_timeout(1500)
    assert colours(page, LAND) > 1000


def test_pressing_a_stack_lists_what_lies_there(enter: Entered) -> None:
    """R32, R33: both incidents of the market, one after the other, each with its way to the record."""
    page = enter("/map")
    drawn(page, 3)
    settled(page)
    page.mouse.click(*at(page, *MARKET))
    expect(page.get_by_text("2 incidents here")).to_be_visible(timeout=WAIT)
    page.locator("label").filter(has_text="killed: at least 2").click()
    expect(page.locator(".facts")).to_contain_text("at least 2")
    page.get_by_role("link", name="Open", exact=True).click()
    expect(page.get_by_role("heading", name="Incident")).to_be_visible(timeout=WAIT)
    expect(page.locator("[dir=auto]").filter(has_text="سوق المدينة").first).to_have_css("direction", "rtl")


def test_an_area_is_marked_as_such(enter: Entered) -> None:
    """R33: the region that a point stands for, in words beside the map."""
    page = enter("/map")
    drawn(page, 3)
    settled(page)
    page.mouse.click(*at(page, *AREA))
    expect(page.locator(".facts")).to_contain_text("first-order unit", timeout=WAIT)


def test_what_leaves_the_view_is_said(enter: Entered) -> None:
    """R11: moving closer leaves incidents outside, and the line says how many."""
    page = enter("/map")
    drawn(page, 3)
    settled(page)
    x, y = at(page, *AREA)
    page.mouse.dblclick(x, y)
    page.mouse.dblclick(x, y)
    counted(page, "Shown 1 of 4; 2 outside this view; 1 without a place.")
    drawn(page, 1)
    page.get_by_role("button", name="Show all places").click()
    drawn(page, 3)


def test_a_link_reopens_the_same_incidents_and_view(enter: Entered) -> None:
    """R74: filter and view stand in the address, and an address that is not understood is said and dropped."""
    page = enter("/map?filter=text.has(سوق)#view=6/10.5/20.25")
    counted(page, "Shown 2 of 2; 0 outside this view; 0 without a place.")
    page.wait_for_url(re.compile(r"\?filter=.*#view=6"))
    page.get_by_role("button", name="Clear the filter").click()
    counted(page, "of 4;")
    page.wait_for_url(re.compile(r"/map#view="))
    page.goto(page.url.partition("#")[0] + "?filter=status.is(sure)")
    expect(page.get_by_text("was not understood, and nothing of it is applied")).to_be_visible(timeout=WAIT)
    counted(page, "of 4;")
    page.wait_for_url(re.compile(r"/map(#|$)"))


@pytest.mark.parametrize("path", ["/map", "/record"])
def test_a_telephone_shows_it_all(enter: Entered, path: str) -> None:
    """R80: at 390 pixels nothing is cut off and the way out is one press away."""
    page = enter(path, width=390, height=844)
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=WAIT)
    if path == "/map":
        drawn(page, 3)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(page.get_by_role("link", name="Sign out")).to_be_in_viewport(timeout=WAIT)


def test_an_incident_is_recorded_by_hand(enter: Entered, record: Path) -> None:
    """R07, R23, R73: the minimum record in Arabic, and no other host is asked for it, nor for its map."""
    page = enter("/record")
    for label, typed in (
        ("Date (required)", "2024-06"),
        ("How many were killed? (required)", "11"),
        ("Place, as the source names it (required)", "حيّ الزيتون"),
        ("Source: who says so (required)", "إذاعة المثال"),
    ):
        page.get_by_label(label, exact=True).click()
        page.keyboard.type(typed)
    page.locator("summary").filter(has_text="Point on the map").click()
    expect(page.locator(".place canvas")).to_be_visible(timeout=WAIT)
    rested(page)
    page.get_by_role("button", name="Save and submit for review").click()
    expect(page.get_by_text("Recorded as")).to_be_visible(timeout=WAIT)
    expect(page.locator(".facts")).to_contain_text("2024-06-01 to 2024-06-30, month")
    store = Store.open(record)
    incident = table("incident")
    rows = store.rows(sa.select(incident.c.id).where(incident.c.place_as_reported == "حيّ الزيتون"))
    assert len(rows) == 1
    store.withdraw("incident", rows[0].id, Acting("recorder", Role.RECORDER), "made by a test")
    store.close()


def test_a_reviewer_finds_no_form(enter: Entered) -> None:
    """R75"""
    page = enter("/record", "reviewer")
    expect(page.get_by_text("may not record")).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("button", name="Save and submit for review")).to_have_count(0)


def test_a_wrong_password_is_said(browser: Browser, address: str) -> None:
    """R75: in words, beside the form, with the name kept; and the page needs no script."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    sign_in(page, "recorder", "not the password")
    expect(page.get_by_role("alert")).to_contain_text("Name or password is not right.")
    expect(page.get_by_label("Name")).to_have_value("recorder")
    expect(page.get_by_label("Password")).to_have_value("")
    context.close()


def closing(page: Page) -> list[bool]:
    """Watch a page's open websocket from now on: reload it, and note when it closes."""
    closed: list[bool] = []
    page.on("websocket", lambda line: line.on("close", lambda _: closed.append(True)))
    page.reload()
    return closed


def test_signing_out_ends_every_page_of_the_session(enter: Entered) -> None:
    """R77: the websocket of another tab closes, and what it showed goes away."""
    page = enter("/map")
    drawn(page, 3)
    other = page.context.new_page()
    other.goto(page.url.partition("/map")[0] + "/record?code=none")
    expect(other.get_by_text("Nothing is held under")).to_be_visible(timeout=WAIT)
    closed = closing(other)
    expect(other.get_by_text("Nothing is held under")).to_be_visible(timeout=WAIT)
    assert closed == []
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    until = time.monotonic() + WAIT / 1000
    while not closed and time.monotonic() < until:
        other.wait_for_timeout(100)
    assert closed
    expect(other.get_by_label("Password")).to_be_visible(timeout=WAIT)
    page.go_back()
    expect(page.get_by_label("Password")).to_be_visible()


def test_an_account_that_is_closed_loses_its_session(enter: Entered, record: Path) -> None:
    """R77: at the next thing it asks for."""
    page = enter("/record", "analyst")
    box = page.get_by_label("Open by code")
    expect(box).to_be_visible(timeout=WAIT)
    store = Store.open(record)
    row = store.rows(sa.select(table("account")).where(table("account").c.name == "analyst"))[0]
    draft: dict[str, Any] = {
        "name": "analyst",
        "role": row.role,
        "active": False,
        "credential_digest": row.credential_digest,
    }
    store.amend("account", row.id, AccountFields.model_validate(draft), expected=row.version, by=ADMIN)
    store.close()
    with suppress(PlaywrightTimeout):  # the page may have gone by itself: it asks every two seconds whether it may stay
        box.fill("X", timeout=2000)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your session has ended")).to_be_visible(timeout=WAIT)
