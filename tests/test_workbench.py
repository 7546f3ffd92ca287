"""The analyst's workbench in a real browser, over the sample record: brush, zoom, fan out, draw, ask, link, take out."""

import csv
import io
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect
from telling import chromium, launched
from test_browser import SERVE, at, rested, settled, sign_in

from casualty import filters, overview, sample
from casualty.store import Store

WAIT = 90_000
STANDS = "withdrawn_at IS NULL AND merged_into_id IS NULL"
PLANTED = json.loads((Path(sample.__file__).parents[1] / "sample_data" / "planted.json").read_text("utf-8"))


@dataclass
class Bench:
    """The sample record served, a browser, and what went over the wire."""

    store: Store
    address: str
    browser: Browser
    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def enter(self, path: str, width: int = 1280) -> Page:
        """Sign the analyst in, in a new window, and open a page."""
        context = self.browser.new_context(viewport={"width": width, "height": 1100}, accept_downloads=True)
        self.contexts.append(context)
        context.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        context.on(
            "console", lambda said: said.type == "error" and self.errors.append(f"{said.text} {said.location['url']}")
        )
        context.on("weberror", lambda failed: self.errors.append(str(failed.error)))
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("websocket", lambda line: self.hosts.add(urlsplit(line.url).hostname or ""))
        page.goto(self.address + path)
        sign_in(page, "analyst", sample.PASSWORD)
        return page

    def number(self, condition: str = "1 = 1") -> int:
        """How many standing incidents a condition in SQL holds for."""
        return int(
            self.store.rows(sa.text(f"SELECT count(*) AS n FROM incident WHERE {STANDS} AND ({condition})"))[0].n
        )


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One server and one browser for the whole story."""
    path = tmp_path_factory.mktemp("workbench") / "sample.db"
    sample.build(str(path), lambda _: None)
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(path)], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    found = re.search(r"http://[\d.]+:\d+", process.stderr.readline())
    assert found is not None
    store = Store.open(path)
    with chromium() as kind:
        browser = launched(kind)
        yield Bench(store, found.group(), browser)
        browser.close()
    store.close()
    process.terminate()
    process.wait(timeout=30)
    process.stderr.close()


@pytest.fixture(scope="module")
def page(bench: Bench) -> Page:
    """The map of everything, which the tests go on with one after the other."""
    opened = bench.enter("/map")
    counted(opened, bench.number(), bench.number("lat IS NOT NULL"))
    settled(opened)
    return opened


def counted(page: Page, matched: int, placed: int) -> None:
    """Wait until the counts, the map and the list all say this; all that has a place is in view."""
    grouped = rf"{matched}; 0 outside this view; {matched - placed} without a place."
    expect(page.locator(".counts").filter(has_text=re.compile(rf"Shown {placed} of {grouped}")).first).to_be_visible(
        timeout=WAIT
    )
    expect(page.locator(".map")).to_have_attribute("data-counted", str(placed), timeout=WAIT)
    expect(page.get_by_text(re.compile(rf"1 to {min(matched, 100)} of {matched}\."))).to_be_visible(timeout=WAIT)
    rested(page)


def asked(page: Page) -> str:
    """The filter that the address holds."""
    return parse_qs(urlsplit(page.url).query).get("filter", [""])[0]


def until(page: Page, right: Callable[[], object], what: str) -> None:
    """Wait until something is right, while the page goes on: its address is known here only as it tells of it."""
    end = time.monotonic() + WAIT / 1000
    while not right():
        assert time.monotonic() < end, f"in vain: {what}"
        page.wait_for_timeout(100)


def awaited(page: Page, part: str) -> str:
    """Wait until the address holds a filter with this part, or none if that is empty; return the filter."""
    until(page, lambda: part in asked(page) if part else not asked(page), f"the address holds {part}")
    rested(page)
    return asked(page)


def frame(page: Page, selector: str) -> dict[str, float]:
    """Where a part of the page stands on the screen, once it is in sight."""
    page.locator(selector).first.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    found = page.locator(selector).first.bounding_box()
    assert found is not None
    return dict(found)


def dates(text: str) -> tuple[str, str]:
    found = re.search(r"date\.between\((\d{4}-\d\d-\d\d),(\d{4}-\d\d-\d\d)\)", text)
    assert found is not None
    return found[1], found[2]


def follows(bench: Bench, page: Page) -> int:
    """The map, the counts and the list follow the dates of the address, as SQL counts them."""
    first, last = dates(asked(page))
    within = f"date_end >= '{first}' AND date_start <= '{last}'"
    counted(page, bench.number(within), bench.number(f"lat IS NOT NULL AND {within}"))
    return bench.number(within)


# The story, in order ----------------------------------------------------------------------------------------------------


def test_the_timeline_is_brushed_and_all_follow(bench: Bench, page: Page) -> None:
    """R74: a window drawn on the timeline is the filter's dates: map, counts, list and address; then it is taken away."""
    box = frame(page, ".timeline-chart svg")
    y = box["y"] + 80
    page.mouse.move(box["x"] + box["width"] * 0.4, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, y, steps=4)
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=4)
    page.mouse.up()
    awaited(page, "date.between(")
    assert 0 < follows(bench, page) < bench.number()
    page.locator(".timeline-all").click()
    awaited(page, "")
    counted(page, bench.number(), bench.number("lat IS NOT NULL"))


def test_the_timeline_is_stepped_by_keys(bench: Bench, page: Page) -> None:
    """R80: from the last month to the one before it, and back to all dates."""
    page.locator(".timeline-chart").focus()
    page.keyboard.press("End")
    awaited(page, "date.between(")
    follows(bench, page)
    last = dates(asked(page))
    page.locator(".timeline-chart").focus()
    page.keyboard.press("ArrowLeft")
    until(page, lambda: asked(page) and dates(asked(page)) < last, "the window steps back")
    follows(bench, page)
    page.locator(".timeline-chart").focus()
    page.keyboard.press("Escape")
    awaited(page, "")


def test_a_stack_is_come_close_to_and_fanned_out(bench: Bench, page: Page) -> None:
    """R32, R33: closer, then pressed: each leaf is one incident, and the one that is pressed stands beside the map."""
    stack = bench.store.rows(sa.text(
        f"SELECT lat, lon, count(*) AS n FROM incident WHERE {STANDS} AND place_precision < 3 GROUP BY lat, lon"
        " HAVING count(*) BETWEEN 3 AND 12 ORDER BY n DESC, lat, lon LIMIT 1"))[0]  # fmt: skip
    frame(page, ".map")
    for _ in range(5):
        page.mouse.dblclick(*at(page, stack.lat, stack.lon))
        page.wait_for_timeout(900)
    settled(page)
    rested(page)
    page.mouse.click(*at(page, stack.lat, stack.lon))
    expect(page.locator(".map")).to_have_attribute("data-fan", str(stack.n), timeout=WAIT)
    expect(page.get_by_text(f"{stack.n} incidents here")).to_be_visible(timeout=WAIT)
    rested(page)
    second = page.get_by_test_id("stRadio").last.locator("label").nth(1)
    code = second.inner_text().split("·")[-1].strip()
    page.wait_for_timeout(800)
    x, y = at(page, stack.lat, stack.lon)
    turn = 2 * math.pi / stack.n
    page.mouse.click(x + 34 * math.cos(turn), y + 34 * math.sin(turn))
    expect(page.locator(".facts").first).to_contain_text(code, timeout=WAIT)
    rested(page)
    page.locator(".show-all").click()
    counted(page, bench.number(), bench.number("lat IS NOT NULL"))
    settled(page)


def test_an_area_is_drawn_with_the_pointer(bench: Bench, page: Page) -> None:
    """R74: the area is in the filter, and what lies in it is what SQL counts; the link opens the same again."""
    box = frame(page, ".map")
    west, east = box["x"] + box["width"] * 0.42, box["x"] + box["width"] * 0.55
    north, south = box["y"] + box["height"] * 0.3, box["y"] + box["height"] * 0.6
    page.locator(".draw-area").click()
    for x, y in ((west, north), (east, north), (east, south), (west, south), (west, north)):
        page.mouse.move(x, y)
        page.mouse.click(x, y)
        page.wait_for_timeout(350)
    text = awaited(page, "point.within(")
    corners = [tuple(map(float, corner.split())) for corner in re.findall(r'"([-\d. ]+)"', text)]
    assert len(corners) == 4
    lons, lats = zip(*corners, strict=True)
    inside = f"lon BETWEEN {min(lons)} AND {max(lons)} AND lat BETWEEN {min(lats)} AND {max(lats)}"
    assert 0 < bench.number(inside) < bench.number()
    counted(page, bench.number(inside), bench.number(inside))


def test_the_link_opens_the_same_again(bench: Bench, page: Page) -> None:
    """R74: filter, view and choices, for whoever may see it."""
    frame(page, "h1")  # a list of options closes when what is below it scrolls
    page.get_by_role("combobox", name="Size").click()
    page.get_by_role("option", name="injured", exact=True).click()
    until(page, lambda: "size=injured" in page.url, "the choice stands in the address")
    rested(page)
    settled(page)
    other = bench.enter(page.url.removeprefix(bench.address))
    expect(other.locator(".map")).to_have_attribute(
        "data-counted", page.locator(".map").get_attribute("data-counted") or "", timeout=WAIT
    )
    settled(other)
    rested(other)
    assert asked(other) == asked(page)
    assert "size=injured" in other.url
    views = [
        list(map(float, unquote(urlsplit(one.url).fragment).removeprefix("view=").split("/"))) for one in (page, other)
    ]
    assert views[1] == pytest.approx(views[0], abs=0.02)
    other.context.close()
    page.locator(".clear-area").click()
    awaited(page, "")


def test_an_area_is_drawn_with_the_keys(bench: Bench, page: Page) -> None:
    """R80: corners are set in the middle of the map, which the arrow keys move."""
    frame(page, ".map")
    page.locator(".draw-area").focus()
    page.keyboard.press("Enter")
    for away in ("ArrowRight", "ArrowDown", ""):
        page.keyboard.press("Space")
        if away:
            page.keyboard.press(away)
            page.wait_for_timeout(900)
    page.keyboard.press("Enter")
    text = awaited(page, "point.within(")
    wanted = filters.read(text)
    assert len(re.findall(r'"[-\d. ]+"', text)) == 3
    matched = len(overview.selected(bench.store, None, wanted))
    expect(page.locator(".counts").filter(has_text=re.compile(rf"of {matched};")).first).to_be_visible(timeout=WAIT)
    page.locator(".clear-area").click()
    awaited(page, "")


def test_the_keys_are_listed(page: Page) -> None:
    """R80: the question mark lists them."""
    page.locator("h1").first.click()
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Keys")
    expect(listed).to_be_visible(timeout=WAIT)
    page.keyboard.press("Escape")
    expect(listed).to_be_hidden()


def test_what_the_filter_holds_is_taken_out(bench: Bench, page: Page) -> None:
    """R64: as a table, for a purpose; its rows are those that the page counts."""
    first = bench.enter("/map?filter=killed_best.from(20)")
    expect(first.locator(".map")).to_have_attribute("data-counted", re.compile(r"\d+"), timeout=WAIT)
    rested(first)
    first.locator("summary").filter(has_text="Take these incidents as a table").click()
    first.get_by_label("What is it for?").fill("Count by month")
    first.keyboard.press("Enter")
    rested(first)
    first.get_by_role("button", name="Make the table").click()
    button = first.get_by_role("button", name="Download")
    expect(button).to_be_visible(timeout=WAIT)
    with first.expect_download() as taken:
        button.click()
    text = Path(taken.value.path()).read_text(encoding="utf-8-sig")
    rows = [row for row in csv.reader(io.StringIO(text)) if not row[0].startswith("#")]
    assert len(rows) - 1 == bench.number("killed_best >= 20")
    first.context.close()


def test_a_planted_cluster_is_found_and_seen_on_the_map(bench: Bench) -> None:
    """R56: asked on the patterns page; what stands out lies on the map as circles, with the sentence of the answer."""
    told = next(one for one in PLANTED["patterns"] if one["name"] == "targeted")
    page = bench.enter(f"/patterns?question=where&dimension={told['who']['dimension']}&group={told['who']['group']}")
    rested(page)
    button = page.get_by_role("button", name="Run", exact=True)
    expect(button).to_be_enabled(timeout=WAIT)
    button.click()
    answer = page.get_by_role("button", name="Open the answer")
    expect(answer).to_be_visible(timeout=240_000)
    answer.click()
    link = page.get_by_role("link", name="Show on the map").first
    expect(link).to_be_visible(timeout=WAIT)
    address = link.get_attribute("href") or ""
    code = parse_qs(urlsplit(address).query)["run"][0]
    page.goto(bench.address + address)
    expect(page.locator(".map")).to_have_attribute("data-findings", re.compile(r"[1-9]\d*"), timeout=WAIT)
    expect(page.get_by_text(f"{code}:")).to_be_visible(timeout=WAIT)
    page.context.close()


def test_a_telephone_shows_it_all(bench: Bench) -> None:
    """R80: at 390 pixels nothing is cut off."""
    page = bench.enter("/map", width=390)
    expect(page.locator(".map")).to_have_attribute("data-counted", str(bench.number("lat IS NOT NULL")), timeout=WAIT)
    rested(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for part in (".map", ".timeline-chart"):
        box = frame(page, part)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    page.context.close()


# A page that is opened by its own address asks for these two beside that address first, as Streamlit's own script does to
# find where its server stands, and then finds them at the root.
PROBES = re.compile(r"/(map|patterns)/_stcore/(health|host-config)$")


def test_nobody_else_was_asked_and_nothing_failed(bench: Bench, page: Page) -> None:
    """R73: in the whole story no other host was named; no script failed, and no request but Streamlit's own first ones."""
    assert bench.hosts - {""} == {"127.0.0.1"}
    assert [said for said in bench.errors if not PROBES.search(said.rsplit(" ", 1)[-1])] == []
