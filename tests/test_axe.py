"""Every page for those who read by ear, by keyboard or with weak eyes: axe finds nothing, and Tab reaches everything."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from telling import ADMIN, PASSWORD, RECORDER, REVIEWER, WAIT, Person, Served, chromium, foreign, launched
from test_browser import at, settled

from casualty import release
from casualty.access import Acting
from casualty.schema import AdminUnitFields, DocumentFields, IncidentDraft, SourceFields
from casualty.vocabulary import Role, Tier

ANALYST, CUSTODIAN = Acting("analyst", Role.ANALYST), Acting("custodian", Role.CUSTODIAN)
# Latin words of the record and of the typing.
TYPED = {
    "Aleppo", "SY", "SX", "km", "Radio", "Example", "Sara", "Report", "of", "many", "old", "analyst", "custodian",
    "Commission", "Agreement",
}  # fmt: skip
# A file of a package, its format and the hash: named alike in every language.
OF_PACKAGES = {"README", "PDF", "SHA"}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}
# What Streamlit draws itself and nobody can mend from outside: the rule, a piece of its selector, and why it stays.
STREAMLIT: list[tuple[str, str, str]] = []


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    with chromium() as kind:
        opened = launched(kind)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with one incident that two sources tell, of which one package left and another waits."""
    made = Served(tmp_path_factory.mktemp("axe"))
    claims = []
    for name, killed in (("Radio Example", 9), ("مستشفى المثال", 11)):
        source = made.store.record("source", SourceFields(name=name), RECORDER).id
        document = made.store.record(
            "document", DocumentFields(title=f"Report of {name}", source_id=source), RECORDER
        ).id
        claims.append({"document_id": document, "source_id": source, "killed_best": killed})
    stated: dict[str, Any] = {
        "date_start": "2024-05-02", "date_end": "2024-05-02", "date_precision": 1, "place_as_reported": "سوق المدينة",
        "lat": 35.5, "lon": 37.25, "place_precision": 2, "killed_low": 9, "killed_high": 11, "claims": claims,
        "victims": [{"kind": "person", "harm": "killed", "names": [{"name": "سارة المثال"}]}],
    }  # fmt: skip
    ring = [[37, 35], [38, 35], [38, 36], [37, 36], [37, 35]]
    shape = json.dumps({"type": "Polygon", "coordinates": [ring]})
    unit = AdminUnitFields(pcode="SX01", boundary_set="s", name="حلب", level=1, geometry=shape)
    made.store.record("admin_unit", unit, ADMIN)
    made.code = str(made.store.record("incident", IncidentDraft.model_validate(stated), RECORDER).code)
    packages(made)
    yield made
    made.end()


def packages(made: Served) -> None:
    """Have one package leave and another wait."""
    for by in (ANALYST, CUSTODIAN):
        made.store.add_account(by.name, by.role, PASSWORD, ADMIN)
    for name in ("one", "two"):
        asked = release.request(
            made.store, made.folder / name, tier=Tier.COMMISSION, recipient="Commission", basis="Agreement", by=ANALYST
        )
        if name == "one":
            release.grant(made.store, asked, CUSTODIAN)


def violations(page: Page) -> list[str]:
    """Return what axe finds wrong, but for what is Streamlit's own."""
    found = Axe().run(page, options=RULES).response["violations"]
    nodes = [(rule["id"], " ".join(map(str, node["target"])), node) for rule in found for node in rule["nodes"]]
    return [
        f"{rule} at {at}: {node['html'][:200]} {node['failureSummary'][:300]}" for rule, at, node in nodes
        if not any(rule == known and part in at + node["html"] for known, part, _ in STREAMLIT)
    ]  # fmt: skip


def filled(person: Person) -> None:
    """Fill the form and open everything in it."""
    person.write("Date", "05/03/2024", required=True)
    person.write("Place, as the source names it", "Aleppo", required=True)
    person.write("How many were killed?", "9-11", required=True)
    person.write("Source: who says so", "Radio Example", required=True)
    person.cell("Name", 1).fill("Sara Example")
    person.cell("How many, if unnamed", 2).fill("6-8")
    person.on_desk(lambda typed: len(typed.get("people") or ()) == 2, "the victims")
    for part in (
        "Point on the map",
        "Actors alleged to be involved",
        "Sources and documents",
        "More about the incident",
    ):
        person.open(part)
        person.page.wait_for_timeout(500)
    person.press("Add an actor alleged to be involved")
    expect(person.box("Actor, as alleged")).to_be_visible(timeout=WAIT)
    person.choose("More about one victim", "1. Sara Example")
    expect(person.box("Occupation")).to_be_visible(timeout=WAIT)


def faulty(person: Person) -> None:
    """Type what cannot be, and try to save it."""
    person.write("Date", "31/02/2024", required=True)
    person.write("How many were killed?", "many", required=True)
    person.cell("Age", 1).fill("old")
    person.on_desk(lambda typed: typed.get("people"), "the age")
    person.press("Save and submit for review")
    expect(person.page.get_by_role("alert").first).to_be_visible(timeout=WAIT)


def as_it_is(person: Person) -> None:
    """Leave it as it is."""


def documents(person: Person) -> None:
    """Take it up, so that all there is to judge is shown."""
    person.press("Take it into review")
    expect(person.box("Reasons (required)")).to_be_visible(timeout=WAIT)


def unfolded(person: Person) -> None:
    """Open everything of the map page that folds."""
    expect(person.page.locator(".map canvas")).to_be_visible(timeout=WAIT)
    every_fold(person)


def every_fold(person: Person) -> None:
    """Open everything of a page that folds."""
    folded = person.page.locator("[data-testid=stMain] details:not([open]) > summary")
    while folded.count():
        folded.first.click()
        person.page.wait_for_timeout(300)
    person.rest()


def beside(person: Person) -> None:
    """Press the one spot of the map, so that its incident stands beside it."""
    page = person.page
    expect(page.locator(".map")).to_have_attribute("data-counted", "1", timeout=WAIT)
    settled(page)
    page.mouse.click(*at(page, 35.5, 37.25))
    expect(page.locator(".facts").first).to_be_visible(timeout=WAIT)


def asking(person: Person) -> None:
    """Ask for a package without saying anything of it."""
    person.page.get_by_text("Ask for a package", exact=True).click()
    person.press("Ask for the package")
    expect(person.page.get_by_role("alert").first).to_be_visible(timeout=WAIT)


def gone(person: Person) -> None:
    """See what left, and make a link to it."""
    person.page.get_by_text("What left", exact=True).click()
    person.press("Make a link to download it")
    expect(person.page.get_by_text("Download the package (.tar)")).to_be_visible(timeout=WAIT)
    every_fold(person)


PAGES: list[tuple[str, str, str, str, int, Callable[[Person], None]]] = [
    ("record, filled", "/record", RECORDER.name, "en", 1280, filled),
    ("record, filled, Arabic, narrow", "/record", RECORDER.name, "ar", 390, filled),
    ("record, faults, Arabic", "/record", RECORDER.name, "ar", 1280, faulty),
    ("incident", "/record?code={code}", RECORDER.name, "en", 1280, as_it_is),
    ("amend", "/record?code={code}&view=amend", RECORDER.name, "ar", 1280, as_it_is),
    ("history", "/record?code={code}&view=history", RECORDER.name, "ar", 390, as_it_is),
    ("queue, Arabic, narrow", "/review", REVIEWER.name, "ar", 390, as_it_is),
    ("review", "/record?code={code}&view=review", REVIEWER.name, "ar", 1280, documents),
    ("map", "/map", RECORDER.name, "ar", 1280, as_it_is),
    ("map, units, English", "/map?draw=units1&measure=rate", REVIEWER.name, "en", 1280, unfolded),
    (
        "map, narrow, filtered",
        "/map?filter=killed_best.from(1) and victim(sex.is(unknown))&draw=hexagons&size=injured",
        REVIEWER.name,
        "ar",
        390,
        unfolded,
    ),
    ("map, an incident beside it", "/map", REVIEWER.name, "en", 1280, beside),
    ("account", "/accounts", RECORDER.name, "ar", 1280, as_it_is),
    ("accounts", "/accounts", "administrator", "ar", 1280, as_it_is),
    ("corrections", "/corrections", REVIEWER.name, "ar", 1280, as_it_is),
    ("second coding", "/coding", REVIEWER.name, "ar", 1280, as_it_is),
    ("what would leave", "/release", CUSTODIAN.name, "en", 1280, every_fold),
    ("what would leave, narrow", "/release", CUSTODIAN.name, "en", 390, every_fold),
    ("what would leave, Arabic", "/release", CUSTODIAN.name, "ar", 1280, as_it_is),
    ("asking for a package, faults", "/release", ANALYST.name, "en", 390, asking),
    ("what left", "/release", CUSTODIAN.name, "en", 390, gone),
]


@pytest.mark.parametrize(
    ("path", "name", "tag", "width", "doing"), [page[1:] for page in PAGES], ids=[p[0] for p in PAGES]
)
def test_axe_finds_nothing(
    browser: Browser, served: Served, path: str, name: str, tag: str, width: int, doing: Callable[[Person], None]
) -> None:  # fmt: skip
    """R80: labels, contrast, names, roles and structure, WCAG 2.1 A and AA; and nothing is cut off at 390 pixels."""
    person = Person(browser, served, tag, width)
    person.sign_in(path.format(code=served.code), name)
    doing(person)
    person.rest()
    person.page.wait_for_timeout(600)
    assert violations(person.page) == []
    if tag == "ar":
        assert foreign(person.page, TYPED | (OF_PACKAGES if path == "/release" else set())) == []
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
    person.context.close()


@pytest.mark.parametrize("tag", ["en", "ar"])
def test_axe_finds_nothing_at_the_sign_in(browser: Browser, served: Served, tag: str) -> None:
    """R80"""
    person = Person(browser, served, tag, 390)
    person.page.goto(served.address)
    person.page.click("button")
    assert violations(person.page) == []
    person.context.close()


# By keyboard ---------------------------------------------------------------------------------------------------------

MARK = """() => {
  let active = document.activeElement;
  while (active.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  active.setAttribute("data-reached", "");
}"""
LEFT = """() => {
  const found = [];
  const look = (root) => root.querySelectorAll("*").forEach((element) => {
    if (element.shadowRoot) look(element.shadowRoot);
    const acts = element.matches("a[href], button, summary, input, select, textarea, [tabindex='0']");
    const off = element.disabled || element.tabIndex < 0 || element.matches("[type=file]");
    const seen = element.checkVisibility({ visibilityProperty: true });
    if (acts && !off && seen && !element.hasAttribute("data-reached")) found.push(element.outerHTML);
  });
  look(document);
  return found;
}"""


def tab_to(person: Person, label: str) -> None:
    """Go on with Tab until the focus is on what has this label."""
    for _ in range(60):
        person.page.keyboard.press("Tab")
        if (
            person.page.evaluate(
                "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"
            )
            == label
        ):
            return
    pytest.fail(f"Tab does not lead to {label}")


def test_tab_reaches_everything(browser: Browser, served: Served) -> None:
    """R80: no button, box or link of the record page is for the mouse alone; the grid's own buttons have keys of their own."""
    person = Person(browser, served, "ar")
    person.sign_in("/record")
    filled(person)
    for _ in range(300):
        person.page.keyboard.press("Tab")
        person.page.evaluate(MARK)
        if not person.page.evaluate(LEFT):
            break
    left = person.page.evaluate(LEFT)
    assert not left, "\n".join(html[:300] for html in left)
    person.context.close()


def test_a_record_is_saved_with_the_keyboard_alone(browser: Browser, served: Served) -> None:
    """R07, R80: from the first box to the saved record without a mouse; the question mark lists the keys."""
    person = Person(browser, served, "en")
    person.sign_in("/record")
    keyboard = person.page.keyboard
    keyboard.press("?")
    listed = person.page.get_by_role("dialog", name=person.label("Keys"))
    expect(listed).to_contain_text("Alt", timeout=WAIT)
    keyboard.press("Escape")
    expect(listed).to_be_hidden()
    keyboard.press("Alt+d")
    keyboard.type("2024-03-05")
    tab_to(person, person.label("How many were killed?", required=True))
    keyboard.type("9-11")
    tab_to(person, person.label("Place, as the source names it", required=True))
    keyboard.type("Aleppo")
    expect(person.page.locator("[class*='suggested-0'] button")).to_be_visible(timeout=WAIT)
    person.rest()
    keyboard.press("Tab")
    keyboard.press("Enter")
    person.on_desk(lambda typed: typed.get("coordinates"), "the point of the place")
    person.rest()
    keyboard.press("Alt+d")
    tab_to(person, person.label("Source: who says so", required=True))
    keyboard.type("Radio Example")
    keyboard.press("Alt+v")
    keyboard.type("Sara Example")
    person.on_desk(lambda typed: typed.get("people"), "the victim")
    person.rest()
    tab_to(person, person.label("Save and submit for review"))
    keyboard.press("Enter")
    person.page.wait_for_url(re.compile("code="))
    person.rest()
    expect(person.page.locator(".facts").first).to_contain_text("Aleppo", timeout=WAIT)
    person.context.close()
