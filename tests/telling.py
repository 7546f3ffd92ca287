"""A served record for the browser tests: a process that can be killed and started again, and hands on its record page."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserType, Locator, Page, expect, sync_playwright

from app.locale import catalogue
from casualty import desk
from casualty.access import Acting
from casualty.store import Store
from casualty.vocabulary import Role

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "a long password"
WAIT = 60_000
ADMIN = Acting("administrator", Role.ADMINISTRATOR)
RECORDER, REVIEWER = Acting("recorder", Role.RECORDER), Acting("reviewer", Role.REVIEWER)
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
Found = TypeVar("Found")
# What stays as it is in every language: people, languages, and the terms of the trade.
NAMES = {ADMIN.name, RECORDER.name, REVIEWER.name} | {
    "English",
    "Français",
    "UTC",
    "code",
    "https",
    "TOTP",
    "Natural",
    "Earth",
    "casualty",
    "intake",
    "FILE",
    "Enter",
    "Alt",
    "Ctrl",
    "Shift",
    "Delete",
    "Escape",
    "Home",
    "End",
    "Page",
    "Up",
    "Down",
    "km",
}
CASUALTY = [sys.executable, "-c", "from casualty.cli import main; main()"]


class Served:
    """`casualty serve` over a new database with an account of each kind; it can die and come back at the same address."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.database, self.port, self.code = folder, folder / "record.db", 0, ""
        store = Store.create(self.database)
        store.add_account(ADMIN.name, Role.ADMINISTRATOR, PASSWORD, store.local("tester"))
        for by in (RECORDER, REVIEWER):
            store.add_account(by.name, by.role, PASSWORD, ADMIN)
        self.store = store
        self.begin()

    def begin(self) -> None:
        """Start, at first on any port."""
        told = (self.folder / "told").open("a+", encoding="utf-8")
        told.truncate(0)
        command = [*CASUALTY, "--db", str(self.database), "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stderr=told, cwd=ROOT)
        told.close()
        self.port = int(wait_for(self._port, "the server begins to listen"))

    def _port(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", (self.folder / "told").read_text(encoding="utf-8"))
        return found[1] if found else ""

    def kill(self) -> None:
        """Die at once, as when the power fails."""
        self.process.kill()
        self.process.wait(timeout=30)

    def end(self) -> None:
        """Stop for good."""
        self.kill()
        self.store.close()

    @property
    def address(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.port}"

    def ask(self, *words: str) -> str:
        """Run a command on the database and return what it says."""
        command = [*CASUALTY, "--db", str(self.database), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout

    def typed(self, form_id: str, by: Acting = RECORDER) -> dict[str, Any]:
        """Return what of a form is on the desk."""
        held = desk.form(self.store, by, form_id)
        return held.typed if held is not None else {}


def wait_for(look: Callable[[], Found], what: str, seconds: float = WAIT / 1000) -> Found:
    """Return what `look` finds as soon as it is something."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"in vain: {what}"
        time.sleep(0.05)
    return found


class Person:
    """Somebody at a page, who reads its words in a language and knows its boxes by their labels alone."""

    def __init__(self, browser: Browser, served: Served, tag: str, width: int = 1280, **more: Any) -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 900}, locale=tag, **more)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAIT)
        self.served, self.said = served, catalogue(tag)

    def sign_in(self, path: str, name: str = RECORDER.name) -> None:
        """Come to a page through the sign-in."""
        self.page.goto(self.served.address + path)
        self.page.fill("#name", name)
        self.page.fill("#password", PASSWORD)
        self.page.click("button")
        self.rest()

    def rest(self) -> None:
        """Wait until the page is drawn and no rerun is under way."""
        expect(self.page.get_by_role("heading", level=1).first).to_be_visible(timeout=WAIT)
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=WAIT)
        self.page.wait_for_selector('[data-test-script-state="notRunning"]')

    def label(self, text: str, *, required: bool = False, **values: object) -> str:
        """Return a label in the language of this person."""
        said = self.said.say(text, **values)
        return self.said.say("{label} (required)", label=said) if required else said

    def box(self, text: str, *, required: bool = False) -> Locator:
        """Return the box of a label; of several in sight, the last."""
        return self.page.get_by_label(self.label(text, required=required), exact=True).locator("visible=true").last

    def write(self, text: str, typed: str, *, required: bool = False) -> None:
        """Type into the box of a label."""
        self.box(text, required=required).click()
        self.page.keyboard.type(typed)

    def cell(self, column: str, row: int) -> Locator:
        """Return a cell of the grid of victims."""
        name = self.said.say("{name}, row {row}").format(name=self.said.say(column), row=row)
        return self.page.get_by_label(name, exact=True)

    def open(self, text: str) -> None:
        """Open a folded part of the page."""
        self.page.locator("summary").filter(has_text=self.label(text)).first.click()

    def press(self, text: str, **values: object) -> None:
        """Press the button of a label."""
        self.page.get_by_role("button", name=self.label(text, **values), exact=True).first.click()

    def choose(self, text: str, option: str) -> None:
        """Choose one of the options of a list."""
        self.box(text).click()
        self.page.get_by_role("option", name=option, exact=True).click()
        self.rest()

    @property
    def form_id(self) -> str:
        """The form that the address names."""
        self.page.wait_for_url(re.compile("form="))
        return self.page.url.partition("form=")[2][:36]

    def on_desk(self, right: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Wait until what is on the desk is right."""
        wait_for(lambda: right(self.served.typed(self.form_id)), what)
        return self.served.typed(self.form_id)


# Every text that somebody can see or hear in the page, with what stands in the parts of ours that have a root of their own.
TEXTS = """() => {
  const found = [];
  const spoken = ["aria-label", "placeholder", "title", "alt", "aria-description", "aria-roledescription"];
  const passed = "style, script, noscript, template, [data-testid=stIconMaterial], [class*=suggested]";  // places as held
  const look = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return void found.push(node.textContent);
    if (!(node instanceof Element) || node.matches(passed)) return;
    if (!node.checkVisibility() && getComputedStyle(node).display !== "contents") return;
    spoken.forEach((name) => node.hasAttribute(name) && found.push(node.getAttribute(name)));
    [...(node.shadowRoot?.childNodes ?? []), ...node.childNodes].forEach(look);
  };
  look(document.body);
  return found.map((text) => text.trim()).filter(Boolean);
}"""


def foreign(page: Page, names: set[str]) -> list[str]:
    """Return the texts in sight that hold a Latin word which is no name, and that are not Streamlit's own."""
    latin, code = re.compile(r"[A-Za-z\u00c0-\u024f]{2,}"), re.compile(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}|\b[0-9a-f]{8,}\b")
    strange = [text for text in page.evaluate(TEXTS) if set(latin.findall(code.sub("", text))) - names - NAMES]
    return [text for text in strange if not any(own.fullmatch(text) for own in of_streamlit())]


def of_streamlit() -> list[re.Pattern[str]]:
    """Return the texts that stay English, as the documentation lists them; dots and numbers stand for any."""
    listed = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8").partition("## What stays English")[2]
    quoted = [re.escape(text).replace(re.escape("..."), ".*") for text in re.findall(r'"([^"]+)"', listed)]
    return [re.compile(re.sub(r"\d+", r"\\d+", text) + r"\.?", re.DOTALL) for text in quoted]


def paste(where: Locator, text: str) -> None:
    """Paste as from a spreadsheet."""
    where.evaluate(
        """(field, text) => {
          const copied = new DataTransfer();
          copied.setData("text/plain", text);
          field.focus();
          field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: copied, bubbles: true, cancelable: true }));
        }""",
        text,
    )


@contextmanager
def chromium() -> Iterator[BrowserType]:
    """The kind of browser; in CI it must be there."""
    if not Path(CHROMIUM).exists():
        if os.environ.get("CI"):
            pytest.fail(f"no Chromium at {CHROMIUM}")
        pytest.skip(f"no Chromium at {CHROMIUM}; name yours in the variable CHROMIUM")
    with sync_playwright() as playwright:
        yield playwright.chromium


def launched(kind: BrowserType) -> Browser:
    """Start a browser without a window."""
    return kind.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
