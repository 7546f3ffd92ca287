"""What an analyst does on the map page, by mouse and keys, each with the kind of limit that it is held to."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

MOST_TRIES, TRIED_MS = 10, 5_000
FILTER, VIEW, LOOKS, LIST, PANEL = "filter", "view", "looks", "list", "panel"


@dataclass(frozen=True)
class Action:
    """One thing done: its name, the kind of its limit, and how it is done."""

    name: str
    kind: str
    does: Callable[[Page], None]


def _typed(label: str, text: str) -> Callable[[Page], None]:
    def does(page: Page) -> None:
        box = page.get_by_role("textbox", name=label).or_(page.get_by_role("spinbutton", name=label)).first
        box.fill(text)
        box.press("Enter")

    return does


def _list(page: Page, label: str) -> Locator:
    """Open a list; one that the page has drawn anew meanwhile is closed again, and opened once more."""
    box = page.get_by_role("combobox", name=label, exact=True)
    for _ in range(MOST_TRIES):
        box.click()
        for _ in range(20):
            page.wait_for_timeout(100)
            if page.get_by_role("option").count():
                return box
        page.keyboard.press("Tab")
    raise RuntimeError(f"The list {label} does not open.")


def _chosen(label: str, option: str) -> Callable[[Page], None]:
    def does(page: Page) -> None:
        for _ in range(MOST_TRIES):
            _list(page, label)
            try:
                page.get_by_role("option").filter(has_text=option).first.click(timeout=TRIED_MS)
                break
            except PlaywrightTimeout:  # the page has drawn the list anew, and closed it
                continue
        page.keyboard.press("Tab")  # a list of several stays open until the focus moves on

    return does


def _third(label: str) -> Callable[[Page], None]:
    """Choose the third of a long list by keys."""

    def does(page: Page) -> None:
        for _ in range(MOST_TRIES):
            box = _list(page, label)
            for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
                box.press(key)
            page.wait_for_timeout(300)
            if box.input_value():
                return
        raise RuntimeError(f"Nothing could be chosen of {label}.")

    return does


def _clear(page: Page) -> None:
    page.get_by_role("button", name="Clear the filter").click()


def _opened(page: Page) -> None:
    """Open the part of the sidebar that holds type, number, actor and source; it may be closing or opening just now."""
    box = page.get_by_role("spinbutton", name="Killed at least (best)")
    for _ in range(MOST_TRIES):
        page.wait_for_timeout(600)
        if box.is_visible():
            return
        page.get_by_text("Type, number, actor, source").click()
    raise RuntimeError("The sidebar's part does not open.")


def _in_part(does: Callable[[Page], None]) -> Callable[[Page], None]:
    def both(page: Page) -> None:
        _opened(page)
        does(page)

    return both


def _moved(script: str) -> Callable[[Page], None]:
    return lambda page: page.evaluate(f"window.casualtyMap.{script}")  # type: ignore[no-any-return]


def _pressed(page: Page) -> None:
    """Press the spot with the fewest incidents that is in the picture."""
    at = page.evaluate("""() => {
      const map = window.casualtyMap, box = map.getCanvas().getBoundingClientRect();
      const inside = ({ x, y }) => x > 30 && y > 30 && x < box.width - 80 && y < box.height - 40;
      const spots = map.queryRenderedFeatures({ layers: ["spots", "signs"] })
        .map((one) => ({ n: one.properties.count, ...map.project(one.geometry.coordinates) })).filter(inside);
      spots.sort((one, other) => one.n - other.n);
      map.getCanvas().scrollIntoView({ block: "center", behavior: "instant" });
      const now = map.getCanvas().getBoundingClientRect();
      return spots.length ? { x: now.left + spots[0].x, y: now.top + spots[0].y } : null;
    }""")
    if at is None:
        raise RuntimeError("No spot is in the picture to be pressed.")
    page.mouse.click(at["x"], at["y"])


def _turned(page: Page) -> None:
    page.get_by_test_id("stPaginationNext").last.click()


# One after the other; each filter is taken away again, which is a change of the filter too.
ACTIONS = (
    Action("killed at least 5", FILTER, _in_part(_typed("Killed at least (best)", "5"))),
    Action("filter away", FILTER, _clear),
    Action("text", FILTER, _typed("Code, title or place contains", "city")),
    Action("filter away", FILTER, _clear),
    Action("tier", FILTER, _chosen("How well it is supported", "Not corroborated")),
    Action("filter away", FILTER, _clear),
    Action("actor", FILTER, _in_part(_third("Actor alleged to be involved"))),
    Action("filter away", FILTER, _clear),
    Action("zoom in", VIEW, _moved("zoomTo(4, { center: [40, 34], animate: false })")),
    Action("pan", VIEW, _moved("panBy([300, 60], { animate: false })")),
    Action("zoom in far", VIEW, _moved("zoomTo(8, { center: [37.1, 36.2], animate: false })")),
    Action("press a spot", PANEL, _pressed),
    Action("zoom out", VIEW, _moved("zoomTo(1, { center: [30, 20], animate: false })")),
    Action("colour by type", LOOKS, _chosen("Colour", "Type of incident")),
    Action("colour by actor", LOOKS, _chosen("Colour", "Actor alleged")),
    Action("colour by support", LOOKS, _chosen("Colour", "How well")),
    Action("hexagons", LOOKS, _chosen("Draw as", "Hexagons")),
    Action("bubbles", LOOKS, _chosen("Draw as", "Bubbles")),
    Action("next page of the list", LIST, _turned),
    Action("next page of the list", LIST, _turned),
)
