"""The parts of ours in a real browser: what is typed outlives the line, the server and the browser; grid, map and keys."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserType, Page, expect, sync_playwright
from served import ADMIN, House

from casualty.store import Store

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WAIT = 30_000
STORY = "Shelling at noon. سُمع انفجار في السوق ظهراً. "
LINE_DOWN, LINE_BACK, ENDED = "The line is down.", "The line is back; all is sent.", "Your session has ended."


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The server of these tests."""
    made = House(tmp_path_factory.mktemp("components"))
    yield made
    made.kill()


@pytest.fixture
def house(served: House) -> House:
    """The server, up and with an empty draft."""
    return served.afresh()


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserType]:
    """The kind of browser; in CI it must be there."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"no Chromium at {CHROMIUM}")
        pytest.skip(f"no Chromium at {CHROMIUM}; name yours in the variable CHROMIUM")
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="module")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    """A browser without a window."""
    opened = chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    yield opened
    opened.close()


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """The page, signed in; afterwards nothing had failed in it, been blocked, or been asked of another host (R73)."""
    context = browser.new_context(viewport={"width": 1280, "height": 1200})
    house.sign_in(context)
    wrong: list[str] = []
    context.on("request", lambda asked: outside(asked.url) and wrong.append(asked.url))
    context.on("console", lambda said: "Content Security Policy" in said.text and wrong.append(said.text))
    context.on("weberror", lambda failed: wrong.append(str(failed.error)))
    opened = context.new_page()
    opened.set_default_timeout(WAIT)
    opened.goto(house.address)
    rested(opened)
    yield opened
    context.close()
    assert wrong == []


def outside(url: str) -> bool:
    """Return whether an address leads to another host."""
    return urlsplit(url).hostname not in ("127.0.0.1", None)


def rested(page: Page) -> None:
    """Wait until the page is drawn and no rerun is under way."""
    expect(page.locator(".grid tbody tr").last).to_be_visible(timeout=WAIT)
    page.wait_for_selector('[data-test-script-state="notRunning"]', timeout=WAIT)


def cell(page: Page, name: str, row: int) -> Any:
    """Return a cell of the grid by the label that a screen reader says."""
    return page.get_by_label(f"{name}, row {row}", exact=True)


def names(held: dict[str, Any]) -> list[str]:
    """Return the names in the grid's rows."""
    return [row["name"] for row in held["rows"]]


def typed(page: Page, letters: int, begun: int = 0) -> str:
    """Type the story on, so many letters; return all that should stand there by now."""
    for at in range(begun, begun + letters):
        page.keyboard.type(STORY[at % len(STORY)], delay=15)
    return (STORY * (1 + (begun + letters) // len(STORY)))[: begun + letters]


def test_typing_outlives_the_server(page: Page, house: House) -> None:
    """R80: the server is killed and started again while somebody types on, Latin and Arabic; no letter is missing."""
    story = page.get_by_label("Story")
    story.click()
    typed(page, 40)
    house.comes(lambda held: len(held["story"]) > 10)
    typed(page, 15, 40)
    house.kill()
    typed(page, 40, 55)
    line = page.locator(".keeper")
    expect(line).to_have_text(LINE_DOWN, timeout=WAIT)
    typed(page, 40, 95)
    expect(story).to_be_focused()
    cell(page, "Name", 1).fill("ليلى المثال")
    page.get_by_label("Killed").fill("11")
    story.press("Control+End")
    house.begin()
    all_of_it = typed(page, 60, 135)
    held = house.comes(lambda held: held["story"] == all_of_it and held["killed"] == 11)
    assert names(held) == ["ليلى المثال"]
    expect(line).to_have_text(LINE_BACK, timeout=WAIT)
    expect(story).to_have_value(all_of_it)
    expect(line).to_be_empty(timeout=WAIT)


def test_a_number_and_the_caret_stay(page: Page, house: House) -> None:
    """R80: typing in the middle of a text goes on in the middle while it is being sent."""
    page.get_by_label("Killed").click()
    page.keyboard.type("1")
    house.comes(lambda held: held["killed"] == 1)
    page.keyboard.type("1")
    house.comes(lambda held: held["killed"] == 11)
    story = page.get_by_label("Story")
    story.fill("قتل في السوق")
    house.comes(lambda held: held["story"] == "قتل في السوق")
    story.evaluate("field => field.setSelectionRange(3, 3)")
    page.keyboard.type(" أحد عشر")
    house.comes(lambda held: held["story"] == "قتل أحد عشر في السوق")
    rested(page)
    page.keyboard.type(" شخصاً")
    house.comes(lambda held: held["story"] == "قتل أحد عشر شخصاً في السوق")


def test_a_session_that_ends_keeps_what_is_unsent(page: Page, house: House) -> None:
    """R77: with the line down a session's end shows a way back instead of taking the page; signed in again, all is sent."""
    page.get_by_label("Story").click()
    typed(page, 20)
    house.comes(lambda held: len(held["story"]) == 20)
    house.kill()
    everything = typed(page, 30, 20)
    expect(page.locator(".keeper")).to_have_text(LINE_DOWN, timeout=WAIT)
    store = Store.open(house.database)
    store.end_sessions(ADMIN)
    house.begin()
    expect(page.locator(".keeper")).to_contain_text(ENDED, timeout=WAIT)
    expect(page.locator(".keeper").get_by_role("link", name="Sign in")).to_have_attribute("target", "_blank")
    house.token = store.begin_session(ADMIN)
    store.close()
    house.sign_in(page.context)
    house.comes(lambda held: held["story"] == everything)


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A browser that is a process of ours, and where it is led by."""
    flags = [
        "--headless=new",
        "--no-sandbox",
        "--remote-debugging-port=0",
        f"--user-data-dir={tmp_path}",
        "about:blank",
    ]
    process = subprocess.Popen([CHROMIUM, *flags], stderr=subprocess.DEVNULL, start_new_session=True)
    found, until = tmp_path / "DevToolsActivePort", time.monotonic() + WAIT / 1000
    while not (found.exists() and "\n" in found.read_text()) and time.monotonic() < until:
        time.sleep(0.05)
    yield process, f"http://127.0.0.1:{found.read_text().splitlines()[0]}"
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def test_the_browser_killed_loses_two_seconds_at_most(
    chromium: BrowserType, doomed: tuple[subprocess.Popen[bytes], str], house: House
) -> None:
    """R80: without a pause in typing the browser dies, and what was typed more than two seconds before is held."""
    process, leading = doomed
    opened = chromium.connect_over_cdp(leading)
    house.sign_in(opened.contexts[0])
    page = opened.contexts[0].new_page()
    page.goto(house.address)
    rested(page)
    page.get_by_label("Story").click()
    moments = []
    for at in range(150):
        page.keyboard.type(STORY[at % len(STORY)], delay=20)
        moments.append(time.monotonic())
    os.killpg(process.pid, signal.SIGKILL)
    killed = time.monotonic()
    due = sum(moment < killed - 2 for moment in moments)
    assert due > 20
    story = house.comes(lambda held: len(held["story"]) >= due)["story"]
    assert story == (STORY * 10)[: len(story)]


def pasted(page: Page, where: Any, text: str, html: str = "") -> None:
    """Paste as from a spreadsheet."""
    where.evaluate(
        """(field, [text, html]) => {
          const copied = new DataTransfer();
          copied.setData("text/plain", text);
          if (html) copied.setData("text/html", html);
          field.focus();
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: copied, bubbles: true, cancelable: true }));
        }""",
        [text, html],
    )


def test_victims_are_typed_with_the_keyboard_alone(page: Page, house: House) -> None:
    """R23: Enter goes down, Tab along, Ctrl+D copies; a removed row comes back; a fault stands at its cell."""
    cell(page, "Name", 1).click()
    for pressed in ("أحمد المثال", "Tab", "31", "Tab", "m", "Enter", "Shift+Tab", "Shift+Tab", "Sara", "Tab"):
        page.keyboard.press(pressed) if pressed.endswith(("Tab", "Enter")) else page.keyboard.type(pressed)
    page.keyboard.press("Control+d")
    page.keyboard.press("ArrowDown")
    expect(cell(page, "Age", 3)).to_be_focused()
    page.keyboard.type("x")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("Third")
    held = house.comes(lambda held: names(held) == ["أحمد المثال", "Sara", "Third"])
    assert [(row["age"], row["sex"]) for row in held["rows"]] == [("31", "male"), ("31", ""), ("x", "")]
    assert len({row["id"] for row in held["rows"]}) == 3
    expect(cell(page, "Age", 3)).to_have_attribute("aria-invalid", "true")
    expect(cell(page, "Age", 3)).to_have_accessible_description("Type the age in years.")
    page.get_by_role("button", name="Remove row 2").click()
    house.comes(lambda held: names(held) == ["أحمد المثال", "Third"])
    page.get_by_role("button", name="Undo").click()
    house.comes(lambda held: names(held) == ["أحمد المثال", "Sara", "Third"])
    page.get_by_role("button", name="Fill row 2 as above").click()
    house.comes(lambda held: held["rows"][1]["sex"] == "male")


def test_rows_are_pasted_from_a_spreadsheet(page: Page, house: House) -> None:
    """R23: quotes, line breaks, Arabic, merged cells, headings; a choice in any language; an unknown one is kept."""
    pasted(
        page,
        cell(page, "Name", 1),
        '"Al ""Example"",\nthe elder"\t40\tأنثى\r\nعمر المثال\t\tmale\r\nThird\t3\tغير معروف\r\n',
    )
    held = house.comes(lambda held: len(held["rows"]) == 3)
    assert names(held) == ['Al "Example", the elder', "عمر المثال", "Third"]
    assert [row["sex"] for row in held["rows"]] == ["female", "male", "غير معروف"]
    expect(cell(page, "Sex", 3)).to_have_accessible_description("غير معروف is not in the list.")
    table = "<table><tr><td>Age<td>Name<tr><td rowspan=2>7<td>Huda<tr><td>Omar</table>"
    pasted(page, cell(page, "Name", 4), "Age\tName", table)
    held = house.comes(lambda held: len(held["rows"]) == 5)
    assert [(row["name"], row["age"]) for row in held["rows"][3:]] == [("Huda", "7"), ("Omar", "")]
    page.get_by_role("button", name="Undo").click()
    house.comes(lambda held: len(held["rows"]) == 3)
    pasted(page, cell(page, "Name", 4), "\n".join(f"Person {n}\t{n}\tMale\tbeyond" for n in range(200)))
    assert names(house.comes(lambda held: len(held["rows"]) == 203))[-1] == "Person 199"
    expect(page.get_by_text("200 rows pasted. 200 cells had no column.").first).to_be_visible()


def test_the_rows_of_the_page_stand_until_another_generation(page: Page, house: House) -> None:
    """R20: a rerun overwrites nothing that is typed; the server's rows are taken when they are named anew."""
    cell(page, "Name", 1).click()
    page.keyboard.type("Typed here")
    page.get_by_label("Killed").fill("3")
    house.comes(lambda held: held["killed"] == 3 and names(held) == ["Typed here"])
    expect(cell(page, "Name", 1)).to_have_value("Typed here")
    page.get_by_role("button", name="Take the rows of another").click()
    expect(cell(page, "Name", 1)).to_have_value("From elsewhere", timeout=WAIT)
    expect(cell(page, "Name", 2)).to_have_value("")


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_telephone_shows_cards(browser: Browser, house: House, direction: str) -> None:
    """R80: at 390 pixels every field has its label above it, nothing is cut off, and fingers find the buttons."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    house.sign_in(context)
    page = context.new_page()
    page.goto(f"{house.address}&dir={direction}")
    rested(page)
    expect(page.locator(".grid-name").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = cell(page, "Name", 1).bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["width"] > 250
    expect(cell(page, "Name", 1)).to_have_css("direction", direction)
    context.close()


def test_a_point_is_set_by_click_keys_and_server(page: Page, house: House) -> None:
    """R73, R80: the marker follows each, with the circle of its precision, on an outline from this machine."""
    place, said = page.locator(".place"), page.locator(".place-said")
    expect(said).to_have_text("No point is set.", timeout=WAIT)
    page.locator(".place canvas").click(position={"x": 300, "y": 150})
    clicked = house.comes(lambda held: held["point"] is not None)["point"]
    assert 32 < clicked["lat"] < 38
    assert 20 < clicked["lon"] < 45
    expect(said).to_contain_text(f"{clicked['lat']:.5f}, {clicked['lon']:.5f}")
    page.locator(".place canvas").focus()
    for pressed in ("ArrowRight", "ArrowRight", "ArrowUp", "Enter"):
        page.keyboard.press(pressed)
    moved = house.comes(lambda held: held["point"]["lon"] > clicked["lon"])["point"]
    assert moved["lat"] > clicked["lat"]
    page.get_by_role("button", name="Found by name").click()
    expect(place).to_have_attribute("data-point", "33.5,36.3", timeout=WAIT)
    expect(page.locator(".place .maplibregl-marker")).to_be_visible()


PRESS = """key => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { ...key, bubbles: true, cancelable: true }))"""


def test_the_question_mark_lists_the_keys(page: Page, house: House) -> None:
    """R80: not while typing; the list keeps the focus, Escape gives it back; an Arabic keyboard reaches the same."""
    listed = page.get_by_role("dialog", name="Keys")
    story = page.get_by_label("Story")
    story.click()
    page.keyboard.type("What?")
    expect(listed).to_be_hidden()
    page.get_by_role("button", name="Save").focus()
    page.evaluate(PRESS, {"key": "؟", "code": "Slash", "shiftKey": True})
    expect(listed).to_be_visible()
    expect(listed).to_contain_text("As above")
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    expect(page.get_by_role("button", name="Save")).to_be_focused()
    cell(page, "Age", 1).fill("many")
    expect(cell(page, "Age", 1)).to_have_attribute("aria-invalid", "true", timeout=WAIT)
    story.click()
    page.keyboard.press("Alt+f")
    expect(cell(page, "Age", 1)).to_be_focused()
    page.evaluate(PRESS, {"key": "س", "code": "KeyS", "altKey": True})
    expect(page.get_by_text("Saved", exact=True)).to_be_visible(timeout=WAIT)
