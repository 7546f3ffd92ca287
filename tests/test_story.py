"""A recorder on a bad line, a reviewer after her: the story of one attack from the first word to the judgement."""

import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserType, expect
from telling import (
    CHROMIUM,
    RECORDER,
    REVIEWER,
    WAIT,
    Person,
    Served,
    chromium,
    foreign,
    launched,
    paste,
    wait_for,
)

from app.gate import COOKIE
from casualty.errors import Refused
from casualty.schema import table
from casualty.vocabulary import IncidentStatus, Sex, StandardOfProof


@pytest.fixture(scope="module")
def kind() -> Iterator[BrowserType]:
    """Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def browser(kind: BrowserType) -> Iterator[Browser]:
    """A browser without a window."""
    opened = launched(kind)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that every test of the module shares."""
    made = Served(tmp_path_factory.mktemp("story"))
    yield made
    made.end()


@dataclass(frozen=True)
class Attack:
    """What happened, as it is typed in one language."""

    tag: str
    date: str
    place: str
    day: str
    point: tuple[int, int]
    names: tuple[str, str, str]
    radio: str
    hospital: str
    account: str
    reasons: str


ENGLISH = Attack(
    "en", "2024-03-05", "Aleppo", "2024-03-05", (36, 37), ("Sara Example", "Omar Example", "Huda Example"), "Radio Example",
    "Example Hospital", "Two shells fell on the market at noon while people stood in line for bread.",
    "Two independent origins agree on place and day.",
)  # fmt: skip
ARABIC = Attack(
    "ar", "6 مارس 2024", "حمص", "2024-03-06", (35, 37), ("سارة المثال", "عمر المثال", "هدى المثال"), "إذاعة المثال",
    "مستشفى المثال", "سقطت قذيفتان على السوق ظهراً بينما كان الناس يقفون في طابور الخبز.",
    "مصدران مستقلان يتفقان على المكان واليوم.",
)  # fmt: skip


def in_arabic(person: Person, attack: Attack) -> None:
    """Look through an Arabic page: every word is Arabic but Streamlit's own, codes and names."""
    if attack is ARABIC:
        assert foreign(person.page, set()) == []


def minimum(person: Person, attack: Attack) -> None:
    """Type the minimum record: date, place, number, source."""
    person.write("Date", attack.date, required=True)
    person.write("Place, as the source names it", attack.place, required=True)
    person.page.locator("[class*='suggested-0'] button").click()
    in_arabic(person, attack)
    person.write("How many were killed?", "9-11", required=True)
    person.write("Source: who says so", attack.radio, required=True)


def victims(person: Person, attack: Attack) -> None:
    """Type two of the three whose names are known, paste the third, and name the others as a group."""
    first, second, third = attack.names
    person.cell("Name", 1).click()
    person.page.keyboard.type(first)
    person.cell("Sex", 1).select_option(Sex.WOMAN.value)
    person.cell("Name", 2).fill(second)
    paste(person.cell("Name", 3), f"{third}\t\t\t{person.said.term(Sex.WOMAN)}\t31\r\n")
    person.cell("How many, if unnamed", 4).fill("6-8")


def sources(person: Person, attack: Attack) -> None:
    """Write what each of two sources says of the number."""
    person.open("Sources and documents")
    person.write("Killed, by this source", "9")
    person.press("Add another source")
    expect(person.page.get_by_text(person.label("Source {number}", number=2))).to_be_visible(timeout=WAIT)
    person.write("Who says so", attack.hospital)
    person.write("Killed, by this source", "11")


@pytest.mark.parametrize("attack", [ENGLISH, ARABIC], ids=["English", "Arabic"])
def test_the_story(browser: Browser, served: Served, attack: Attack) -> None:
    """R07, R23, R75, R80: eleven dead, three names, two sources that disagree, a lost line; a second person verifies it."""
    recorder = Person(browser, served, attack.tag)
    recorder.sign_in("/record")
    minimum(recorder, attack)
    victims(recorder, attack)
    recorder.on_desk(lambda typed: len(typed.get("people") or ()) == 4, "the victims are on the desk")
    recorder.open("More about the incident")
    recorder.box("Account that may be made public").click()
    half = len(attack.account) // 2
    recorder.page.keyboard.type(attack.account[:half], delay=20)
    served.kill()
    recorder.page.keyboard.type(attack.account[half:], delay=20)
    expect(recorder.page.locator(".keeper")).to_have_text(
        recorder.label("The line is down. What you type stays in this page and is sent when it is back."), timeout=WAIT
    )
    recorder.cell("Age", 1).fill("29")
    served.begin()
    recorder.on_desk(lambda typed: typed.get("narrative_public") == attack.account, "the account came through")
    held = recorder.on_desk(lambda typed: typed["people"][0]["age"] == "29", "the age came through")
    assert [row["name"] for row in held["people"]] == [*attack.names, ""]
    sources(recorder, attack)
    recorder.on_desk(lambda typed: "11" in [v for k, v in typed.items() if k.endswith(".killed")], "the second source")
    in_arabic(recorder, attack)
    recorder.page.get_by_role("button", name=recorder.label("Save and submit for review")).dblclick()
    recorder.page.wait_for_url(re.compile("code="))
    recorder.rest()
    code = recorder.page.url.partition("code=")[2]
    in_arabic(recorder, attack)
    assert incidents(served, attack) == [code]
    as_typed(served, attack, code)
    verified(browser, served, attack, code)
    not_by_the_same(recorder, served, code)
    told(served, code, attack.reasons)


def incidents(served: Served, attack: Attack) -> list[str]:
    """Return the codes of what is recorded of this attack."""
    incident = table("incident")
    chosen = sa.select(incident.c.code).where(incident.c.place_as_reported == attack.place)
    return [row.code for row in served.store.rows(chosen)]


def as_typed(served: Served, attack: Attack, code: str) -> None:
    """Nothing of what was typed is missing in the record."""
    held = served.store.current("incident", served.store.identify(code)[1])
    incident = held["incident"][0]
    assert (incident["date_start"], incident["killed_low"], incident["killed_high"]) == (attack.day, 9, 11)
    assert (round(incident["lat"]), round(incident["lon"])) == attack.point
    assert incident["narrative_public"] == attack.account
    assert {row["name"] for row in held["victim_name"]} == set(attack.names)
    assert sorted(
        (row.get("count_low"), row.get("count_high")) for row in held["victim"] if row["kind"] == "group"
    ) == [(6, 8)]
    assert sorted(row["killed_best"] for row in held["claim"]) == [9, 11]


def verified(browser: Browser, served: Served, attack: Attack, code: str) -> None:
    """A second person finds it in the queue, sees what differs, and verifies it with reasons."""
    reviewer = Person(browser, served, attack.tag)
    page = reviewer.page
    reviewer.sign_in("/review", REVIEWER.name)
    in_arabic(reviewer, attack)
    page.get_by_role("link", name=reviewer.label("Review {code}", code=code)).click()
    claims = page.get_by_role("region", name=reviewer.label("Claims side by side"))
    expect(claims).to_contain_text(attack.radio, timeout=WAIT)
    differing = claims.locator("tr.differs")
    expect(differing.filter(has_text="9").filter(has_text="11").first).to_be_visible()
    reviewer.rest()
    in_arabic(reviewer, attack)
    reviewer.press("Take it into review")
    reviewer.rest()
    reviewer.choose("New status (required)", reviewer.said.term(IncidentStatus.VERIFIED))
    reviewer.choose("Standard of proof", reviewer.said.term(StandardOfProof.BALANCE))
    reviewer.write("Reasons (required)", attack.reasons)
    reviewer.rest()
    in_arabic(reviewer, attack)
    reviewer.press("Sign this judgement")
    expect(page.locator(".waiting")).to_contain_text(reviewer.said.term(IncidentStatus.VERIFIED), timeout=WAIT)
    in_arabic(reviewer, attack)
    reviewer.context.close()


def not_by_the_same(recorder: Person, served: Served, code: str) -> None:
    """Who recorded it finds no button that judges, and the store refuses her as well."""
    _, key = served.store.identify(code)
    recorder.page.goto(f"{served.address}/record?code={code}&view=review")
    recorder.rest()
    expect(recorder.page.get_by_role("region", name=recorder.label("Claims side by side"))).to_be_visible(timeout=WAIT)
    for label in ("Take it into review", "Sign this judgement", "Set the origin", "Rate the claim"):
        expect(recorder.page.get_by_role("button", name=recorder.label(label))).to_have_count(0)
    version = served.store.current("incident", key)["incident"][0]["version"]
    with pytest.raises(Refused):
        served.store.review(
            key, IncidentStatus.REFUTED, "Mine.", RECORDER, StandardOfProof.NOT_STATED, expected=version
        )
    recorder.context.close()


def told(served: Served, code: str, reasons: str) -> None:
    """The ledger holds, and tells every step with its person and its reasons."""
    assert served.ask("ledger", "verify").startswith("The ledger verifies")
    steps = json.loads(served.ask("history", code, "--json"))
    assert [(step["actor"], step["operation"]) for step in steps] == [
        (RECORDER.name, "record"), (REVIEWER.name, "review"), (REVIEWER.name, "review"),
    ]  # fmt: skip
    assert steps[-1]["reason"] == reasons
    assert [step["after"]["incident"][0]["status"] for step in steps] == ["submitted", "in_review", "verified"]


def test_the_minimum_record_takes_few_clicks(
    browser: Browser, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    """R07: place, date, number killed and source are saved with at most eight clicks beside the typing."""
    person = Person(browser, served, "ar")
    person.context.add_init_script(
        "window.presses = 0; addEventListener('pointerdown', () => { window.presses += 1; }, true)"
    )
    person.sign_in("/record")
    person.page.evaluate("window.presses = 0")
    began = time.monotonic()
    minimum(person, ARABIC)
    person.press("Save and submit for review")
    person.page.wait_for_url(re.compile("code="))
    seconds = time.monotonic() - began
    with capsys.disabled():
        sys.stdout.write(f" minimum record: {person.page.evaluate('window.presses')} clicks, {seconds:.1f} s ")
    assert person.page.evaluate("window.presses") <= 8
    person.context.close()


def test_two_devices_fill_one_form(browser: Browser, served: Served) -> None:
    """R80: each sends only what was typed in it, and both stand after a reload."""
    table_top, telephone = Person(browser, served, "en"), Person(browser, served, "ar", 390)
    table_top.sign_in("/record")
    table_top.write("Place, as the source names it", "Aleppo", required=True)
    form = table_top.form_id
    table_top.on_desk(lambda typed: typed.get("place_as_reported") == "Aleppo", "the place")
    telephone.sign_in(f"/record?form={form}")
    expect(telephone.box("Place, as the source names it", required=True)).to_have_value("Aleppo", timeout=WAIT)
    telephone.write("Source: who says so", ARABIC.radio, required=True)
    table_top.write("How many were killed?", "9-11", required=True)
    telephone.cell("Name", 1).fill("سارة المثال")
    table_top.write("Date", "2024-03-05", required=True)
    said = {"date": "2024-03-05", "killed": "9-11", "source.1.name": ARABIC.radio, "place_as_reported": "Aleppo"}
    table_top.on_desk(lambda typed: {box: typed.get(box) for box in said} == said and typed.get("people"), "both")
    for person in (table_top, telephone):
        person.page.reload()
        person.rest()
        expect(person.box("Date", required=True)).to_have_value("2024-03-05", timeout=WAIT)
        expect(person.box("How many were killed?", required=True)).to_have_value("9-11")
        expect(person.box("Source: who says so", required=True)).to_have_value(ARABIC.radio)
        expect(person.cell("Name", 1)).to_have_value("سارة المثال")
        person.context.close()


# Killed at ten random moments ----------------------------------------------------------------------------------------

SECONDS = 2.0  # what may be missing
WORDS = (
    "Two shells fell on the market at noon; people stood in line for bread. ",
    "سقطت قذيفتان على السوق ظهراً، وكان الناس في طابور الخبز. ",
)


class Typist:
    """Types without a pause, now in this box and now in that, and remembers when each letter was typed."""

    def __init__(self, served: Served, moments: random.Random) -> None:
        self.served, self.moments = served, moments
        self.all: dict[str, str] = {"place_as_reported": "", "narrative_public": "", "people": ""}
        self.letters: list[tuple[float, str, int]] = []

    def sit(self, person: Person) -> None:
        """Begin at a page."""
        self.person, self.form = person, person.form_id
        person.open("More about the incident")
        person.rest()
        self.boxes = {
            "place_as_reported": person.box("Place, as the source names it", required=True),
            "narrative_public": person.box("Account that may be made public"),
            "people": person.cell("Name", 1),
        }

    def type(self, words: str) -> float:
        """Type until some random moment, and return it."""
        until, letters = time.monotonic() + self.moments.uniform(2.2, 4.5), itertools.cycle(words)
        while True:
            for box, where in self.boxes.items():
                where.focus()
                self.person.page.keyboard.press("Control+End")
                for _ in range(self.moments.randint(8, 24)):
                    letter = next(letters)
                    self.person.page.keyboard.type(letter, delay=self.moments.uniform(10, 50))
                    self.all[box] += letter
                    self.letters.append((time.monotonic(), box, len(self.all[box])))
                    if time.monotonic() > until:
                        return time.monotonic()

    def held(self) -> dict[str, str]:
        """Return what of each box is on the desk."""
        typed = self.served.typed(self.form)
        rows = typed.get("people") or [{}]
        return {box: str((rows[0].get("name") if box == "people" else typed.get(box)) or "") for box in self.all}

    def missing(self, killed: float) -> float:
        """Return how many seconds before its death the first letter was typed that is not on the desk."""
        held = self.held()
        assert all(self.all[box].startswith(text) for box, text in held.items()), (held, self.all)
        lost = [at for at, box, length in self.letters if len(self.all[box][:length].rstrip()) > len(held[box])]
        return killed - min(lost, default=killed)

    def whole(self) -> bool:
        """Return whether everything is on the desk."""
        return {box: text.rstrip() for box, text in self.held().items()} == {
            box: text.rstrip() for box, text in self.all.items()
        }


@contextmanager
def mortal(kind: BrowserType, folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Browser]]:
    """A browser that is a process of ours."""
    flags = ["--headless=new", "--no-sandbox", "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"]
    process = subprocess.Popen([CHROMIUM, *flags], stderr=subprocess.DEVNULL, start_new_session=True)
    port = folder / "DevToolsActivePort"
    wait_for(lambda: port.exists() and "\n" in port.read_text(), "the browser begins to listen")
    yield process, kind.connect_over_cdp(f"http://127.0.0.1:{port.read_text().splitlines()[0]}")
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)


def test_killed_at_ten_random_moments(
    kind: BrowserType, browser: Browser, served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R80: server and browser die five times each; what was typed more than two seconds before is on the desk."""
    typist, figures = Typist(served, random.Random(3)), []
    person = Person(browser, served, "en")
    person.sign_in("/record")
    typist.sit(person)
    for words in (WORDS * 3)[:5]:
        typist.type(words)
        served.kill()
        figures.append(typist.missing(time.monotonic()))
        served.begin()
        wait_for(typist.whole, "all of it came from the page")
        person.rest()
    person.context.close()
    token = served.store.begin_session(RECORDER)
    for number, words in enumerate((WORDS * 3)[1:]):
        with mortal(kind, tmp_path / str(number)) as (process, doomed):
            person = Person(doomed, served, "ar")
            person.context.add_cookies([{"name": COOKIE, "value": token, "url": served.address}])
            person.page.goto(f"{served.address}/record?form={typist.form}")
            person.rest()
            expect(person.cell("Name", 1)).to_have_value(typist.held()["people"], timeout=WAIT)
            typist.all = typist.held()
            typist.letters.clear()
            typist.sit(person)
            killed = typist.type(words)
            os.killpg(process.pid, signal.SIGKILL)
            time.sleep(1)  # what was on its way comes
            figures.append(typist.missing(killed))
    with capsys.disabled():
        sys.stdout.write(f" missing, s: {', '.join(f'{seconds:.2f}' for seconds in figures)} ")
    assert len(figures) == 10
    assert max(figures) <= SECONDS
