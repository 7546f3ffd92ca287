"""The public page of a release in a browser: axe finds nothing, nothing is asked of any host, it fits a phone, it prints.

Holds R80 for the page.
"""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from telling import chromium, launched
from test_webpage import LONG, Published, publish

PAGES = ("index.html", "method.html", "corrections.html", "names.html")
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Nobody changes it."""
    return publish(tmp_path_factory.mktemp("published"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    with chromium() as kind:
        opened = launched(kind)
        yield opened
        opened.close()


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(published: Published) -> Iterator[str]:
    """Where a server of files serves the page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(published.page))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def opened(browser: Browser, url: str, width: int = 1280, **more: bool) -> Page:
    page = browser.new_context(viewport={"width": width, "height": 900}, **more).new_page()  # type: ignore[arg-type]
    page.goto(url)
    return page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(browser: Browser, published: Published, name: str, width: int) -> None:
    """R80: by the rules of WCAG 2.2 AA and those of good practice, on a desk and on a phone."""
    page = browser.new_context(viewport={"width": width, "height": 900}, bypass_csp=True).new_page()
    page.goto((published.page / name).as_uri())
    found = Axe().run(page, options=RULES).response["violations"]
    page.context.close()
    assert [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found] == []


@pytest.mark.parametrize("served", [False, True])
def test_nothing_is_asked_of_any_other_host(browser: Browser, published: Published, address: str, served: bool) -> None:
    """R80: opened as a file and from a server, only the page's own files are; its policy refuses none of them."""
    page = browser.new_context().new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for name in PAGES:
        page.goto(f"{address}/{name}" if served else (published.page / name).as_uri(), wait_until="networkidle")
    page.context.close()
    own = f"{address}/" if served else f"{published.page.as_uri()}/"
    assert {url.removeprefix(own) for url in asked} - {"favicon.ico"} == {*PAGES, "style.css"}
    assert {urlsplit(url).hostname for url in asked} == ({"127.0.0.1"} if served else {None})
    assert [said for said in complaints if "favicon" not in said] == []


@pytest.mark.parametrize("name", PAGES)
def test_it_fits_a_phone(browser: Browser, published: Published, name: str) -> None:
    """R80: no page is moved sideways, with words of 160 letters in it; wide tables are moved on their own, and by keyboard."""
    page = opened(browser, (published.page / name).as_uri(), 390, java_script_enabled=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    if name == "index.html":
        assert page.get_by_text(LONG).count() > 0
        assert page.evaluate("[...document.querySelectorAll('.wide')].some(box => box.scrollWidth > box.clientWidth)")
    assert page.evaluate("[...document.querySelectorAll('.wide')].every(box => box.tabIndex === 0)")
    page.context.close()


def test_it_is_styled_and_whole_without_scripts(browser: Browser, published: Published) -> None:
    """R80: the policy lets the style in; with scripts off every word is there."""
    page = opened(browser, (published.page / "index.html").as_uri(), java_script_enabled=False)
    assert page.locator("h1").is_visible()
    assert page.locator(".map svg").bounding_box()["width"] > 600  # type: ignore[index]
    told = page.locator("main").inner_text()
    assert all(words in told for words in ("In figures", "What is withheld, and why", "how to verify it"))
    page.context.close()


def test_texts_have_their_own_direction(browser: Browser, published: Published) -> None:
    """R80: a line in Arabic runs from the right, the page around it from the left."""
    page = opened(browser, (published.page / "corrections.html").as_uri())
    arabic = page.get_by_text("اتصل بنا")
    assert arabic.evaluate("line => getComputedStyle(line).direction") == "rtl"
    assert page.locator("main").evaluate("main => getComputedStyle(main).direction") == "ltr"
    page.context.close()


def test_it_prints_whole(browser: Browser, published: Published, tmp_path: Path) -> None:
    """R80: on paper no table is cut off at its side, and the way between the pages is left out."""
    page = opened(browser, (published.page / "index.html").as_uri())
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 990})  # what A4 leaves between margins
    cut = "[...document.querySelectorAll('.wide')].filter(box => box.scrollWidth > document.documentElement.clientWidth).length"
    assert page.evaluate(cut) == 0
    assert not page.locator("nav").first.is_visible()
    page.pdf(path=tmp_path / "page.pdf", format="A4")
    assert (tmp_path / "page.pdf").stat().st_size > 10_000
    page.context.close()
