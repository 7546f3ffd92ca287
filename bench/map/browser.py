"""A real Chromium that counts: when data are first drawn, and every byte that a page takes, by what it is.

No host but 127.0.0.1 is known to it. Bytes of files are those on the line, head and body, as compressed; bytes of the websocket are those
of its messages before the line compresses them, so that they are an upper bound.
"""

import base64
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WINDOW = {"width": 1280, "height": 720}
LONGEST_MS = 120_000
# Streamlit's own files lie here; all other paths are the page's.
OWN = "/static/"
# The map's own library tells when a frame with data of ours in it was drawn, and when nothing is left to draw.
WATCH = """
(() => {
  const seen = window.casualtySeen = {};
  const LAYERS = ["spots", "signs", "cells", "shades"];
  const counted = () => {
    const walk = (root) => {
      for (const one of root.querySelectorAll("*")) {
        if (one.matches(".map[data-counted]") && Number(one.dataset.spots) > 0) return true;
        if (one.shadowRoot && walk(one.shadowRoot)) return true;
      }
      return false;
    };
    return walk(document);
  };
  const drawn = (map) => map.queryRenderedFeatures({ layers: LAYERS.filter((name) => map.getLayer(name)) }).length;
  const watch = (map) => {
    window.casualtyMap = map;
    const look = (name) => { if (!(name in seen) && counted() && drawn(map)) seen[name] = performance.now() / 1000; };
    map.on("render", () => look("drawn"));
    map.on("idle", () => look("idle"));
  };
  let library;
  Object.defineProperty(window, "maplibregl", {
    get: () => library,
    set: (given) => {
      library = given;
      if (given?.Map && !given.Map.watched) {
        const Plain = given.Map;
        class Watched extends Plain { constructor(options) { super(options); watch(this); } }
        Watched.watched = true;
        library = Object.create(given, { Map: { value: Watched } });
      }
    },
  });
})();
"""


@dataclass
class Bytes:
    """Bytes received since the page was opened or last taken: files of Streamlit, other files, messages of the websocket."""

    own: int = 0
    other: int = 0
    messages: int = 0
    paths: dict[str, int] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)

    @property
    def total(self) -> int:
        """All of them."""
        return self.own + self.other + self.messages

    def file(self, url: str, size: int) -> None:
        """Count a file."""
        parts = urlsplit(url)
        self.paths[parts.path] = self.paths.get(parts.path, 0) + size
        if parts.path.startswith(OWN):
            self.own += size
        else:
            self.other += size


class Counted:
    """A page whose bytes are counted."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.page.set_default_timeout(LONGEST_MS)
        self.bytes, self._asked = Bytes(), {}
        cdp = context.new_cdp_session(self.page)
        cdp.send("Network.enable")
        cdp.on("Network.requestWillBeSent", self._begun)
        cdp.on("Network.loadingFinished", self._loaded)
        cdp.on("Network.webSocketFrameReceived", self._heard)

    def _begun(self, told: dict[str, Any]) -> None:
        url = self._asked[told["requestId"]] = told["request"]["url"]
        if not url.startswith(("data:", "blob:")):
            self.bytes.hosts.add(urlsplit(url).hostname or "")

    def _loaded(self, told: dict[str, Any]) -> None:
        url = self._asked.get(told["requestId"], "")
        if not url.startswith(("data:", "blob:")):
            self.bytes.file(url, int(told["encodedDataLength"]))

    def _heard(self, told: dict[str, Any]) -> None:
        frame = told["response"]
        text = frame["payloadData"]
        self.bytes.messages += len(base64.b64decode(text)) if frame["opcode"] == 2 else len(text.encode())

    def taken(self) -> Bytes:
        """Return the bytes since the last time, and begin anew."""
        found, self.bytes = self.bytes, Bytes()
        return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """Open a browser that knows no host but this machine; one of software, so that machines without graphics compare."""
    rules = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    options = [
        f"--host-resolver-rules={rules}",
        "--no-sandbox",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        try:
            yield browser
        finally:
            browser.close()


def fresh(browser: Browser) -> BrowserContext:
    """Return a window of its own with an empty cache."""
    context = browser.new_context(viewport=WINDOW, locale="en-GB")  # type: ignore[arg-type]
    context.add_init_script(WATCH)
    return context


def signed_in(browser: Browser, address: str, name: str, password: str) -> BrowserContext:
    """Return a window of its own with an empty cache, signed in."""
    context = fresh(browser)
    form = {"name": name, "password": password, "next": "/map"}
    answer = context.request.post(f"{address}/sign-in", form=form, headers={"Origin": address}, max_redirects=0)
    if answer.status != 303:
        raise RuntimeError(f"Signing in was answered with {answer.status}.")
    return context


def opened(context: BrowserContext, address: str) -> tuple[Counted, dict[str, float]]:
    """Open the map; return the page, and the seconds from navigation to its first frame with data and to its rest."""
    counted = Counted(context)
    counted.page.goto(f"{address}/map", wait_until="commit")
    ends = time.monotonic() + LONGEST_MS / 1000
    # The page's policy forbids to wait by an expression, so it is asked again and again; the page itself took the times.
    while "idle" not in (seen := counted.page.evaluate("window.casualtySeen ?? {}")):
        if time.monotonic() > ends:
            raise RuntimeError("The map was never drawn.")
        counted.page.wait_for_timeout(100)
    return counted, seen
