"""The measuring itself: opening, acting, five analysts at once, on one database."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext

from bench.map import browser as chrome
from bench.map import figures, records, serving
from bench.map.acting import ACTIONS, Action
from bench.map.browser import Counted
from bench.map.figures import Done, Figure, Opened
from bench.map.serving import Server

TIMES = 3
ANALYSTS = 5
# A page is at rest when nothing was worked out and nothing was heard for so long.
QUIET = 0.8
LONGEST = 120.0


def measured(database: Path, factor: float, times: int = TIMES) -> Iterator[list[Figure]]:
    """Yield the figures of one database, those of one analyst and then those of five; limits are multiplied by `factor`."""
    with tempfile.TemporaryDirectory(prefix="casualty-bench-") as kept, chrome.chromium() as browser:
        folder = Path(kept)
        with serving.empty(folder) as server:
            bare = [list(_bare(browser, server)) for _ in range(times)]
        started = [_started(browser, database, folder) for _ in range(times)]
        with serving.house(database, folder) as server:
            with _entered(browser, server) as context:
                _close(*chrome.opened(context, server.address)[:1])
            opened = [_opened(browser, server) for _ in range(times)]
            done = [one for _ in range(times) for one in _acted(browser, server)]
            cold, warm = zip(*opened, strict=True)
            empty_cold, empty_warm = zip(*bare, strict=True)
            known = {path for pair in bare for page in pair for path in page.taken.paths}
            yield [
                *figures.of_opening("server just started", started, empty_cold, known, figures.COLD_KB, factor)[:2],
                *figures.of_opening("empty cache", cold, empty_cold, known, figures.COLD_KB, factor),
                *figures.of_opening("filled cache", warm, empty_warm, known, figures.WARM_KB, factor),
                *figures.of_actions(done, factor),
            ]
            yield figures.of_memory(_crowd(browser, server), factor)


def _entered(browser: Browser, server: Server) -> BrowserContext:
    return chrome.signed_in(browser, server.address, records.ACCOUNT, records.PASSWORD)


def _close(page: Counted) -> None:
    page.page.close()


def _bare(browser: Browser, server: Server) -> Iterator[Opened]:
    """Open an empty page with an empty and with a filled cache; it is drawn when its title stands there."""
    with chrome.fresh(browser) as context:
        for _ in range(2):
            counted = Counted(context)
            counted.page.goto(server.address, wait_until="commit")
            counted.page.get_by_role("heading", name="Empty").wait_for()
            drawn = counted.page.evaluate("performance.now()") / 1000
            counted.page.wait_for_timeout(QUIET * 2000)
            taken = counted.taken()
            yield Opened(drawn, drawn, taken)
            counted.page.close()


def _started(browser: Browser, database: Path, folder: Path) -> Opened:
    """Open the map of a server that has just begun to listen and has read nothing yet."""
    with serving.house(database, folder) as server, _entered(browser, server) as context:
        return _one(context, server)[1]


def _opened(browser: Browser, server: Server) -> tuple[Opened, Opened]:
    """Open the map with an empty cache, and again in the same window."""
    with _entered(browser, server) as context:
        first, cold = _one(context, server)
        _close(first)
        second, warm = _one(context, server)
        _close(second)
        return cold, warm


def _one(context: BrowserContext, server: Server) -> tuple[Counted, Opened]:
    counted, seen = chrome.opened(context, server.address)
    _rested(counted, server)
    taken = counted.taken()
    if taken.hosts != {"127.0.0.1"}:
        raise RuntimeError(f"The page asked {sorted(taken.hosts)}.")
    return counted, Opened(seen["drawn"], seen["idle"], taken)


def _rested(counted: Counted, server: Server) -> None:
    """Wait until nothing was worked out and nothing came for QUIET seconds."""
    ends, quiet, before = time.monotonic() + LONGEST, time.monotonic(), (-1, -1)
    while time.monotonic() - quiet < QUIET:
        if time.monotonic() > ends:
            raise RuntimeError("The page never came to rest.")
        counted.page.wait_for_timeout(50)
        now = (counted.bytes.total, len(server.runs()))
        if now != before or server.begun() > now[1]:
            quiet, before = time.monotonic(), now


def _acted(browser: Browser, server: Server) -> list[Done]:
    """Do each action once, in a window of its own."""
    with _entered(browser, server) as context:
        counted, _ = _one(context, server)
        return [_do(action, counted, server) for action in ACTIONS]


def _do(action: Action, counted: Counted, server: Server) -> Done:
    before, ends = server.begun(), time.monotonic() + LONGEST
    counted.taken()
    action.does(counted.page)
    while server.begun() == before:
        if time.monotonic() > ends:
            raise RuntimeError(f"Nothing was worked out after: {action.name}.")
        counted.page.wait_for_timeout(20)
    _rested(counted, server)
    led_to = server.runs()[before:]
    return Done(
        action.name, action.kind, sum(run.wall for run in led_to), sum(run.cpu for run in led_to), counted.taken().total
    )


def _crowd(browser: Browser, server: Server) -> dict[str, float]:
    """Let five analysts work in turn, each doing every action from another one on; return the server's memory."""
    contexts = [_entered(browser, server) for _ in range(ANALYSTS)]
    pages = [_one(context, server)[0] for context in contexts]
    shares = []
    for turn in range(len(ACTIONS)):
        for number, page in enumerate(pages):
            _do(_turn(number, turn), page, server)
            shares.append(server.memory()[1])
    peak = server.memory()[0]
    for context in contexts:
        context.close()
    return {
        f"{ANALYSTS} analysts: peak resident MiB": peak,
        f"{ANALYSTS} analysts: peak proportional (PSS) MiB": max(shares),
    }


def _turn(number: int, turn: int) -> Action:
    # Filters and what takes them away stand side by side, so everybody begins at an even place.
    return ACTIONS[(turn + 4 * number) % len(ACTIONS)]
