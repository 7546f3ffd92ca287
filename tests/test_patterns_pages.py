"""The patterns page without a browser: every question asked of the sample, watched, stopped, kept, compared, taken out."""

import csv
import io
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import minimum
from paged import html, moved_in, opener, press, shown
from streamlit.testing.v1 import AppTest

from app import jobs, language, session
from app.gate import Sessions
from app.jobs import At, State
from app.patterns import questions, taking, working
from casualty import runs, sample
from casualty.access import Acting
from casualty.errors import NotEnoughData, Refused
from casualty.schema import DocumentFields
from casualty.store import Store
from casualty.vocabulary import Role

ANALYST = Acting("analyst", Role.ANALYST)
GROUP = {"dimension": "ethnicity", "group": "tulvet"}
PATIENCE = 120.0
Page = Callable[..., AppTest]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("patterns") / "sample.db"
    sample.build(str(path), lambda _: None)
    return path


@pytest.fixture
def house(built: Path, tmp_path: Path) -> Any:
    """The sample, shown by the pages."""
    store = Store.open(shutil.copy(built, tmp_path / "sample.db"))
    session.move_in(session.House(store, Sessions(store)))
    yield store
    store.close()


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    opened = opener(monkeypatch)
    return lambda role=Role.ANALYST, **params: opened("patterns", role, **params)


def ended(store: Store) -> jobs.Job:
    """Wait for the last job of the analyst and return it."""
    end = time.monotonic() + PATIENCE
    while not (last := jobs.of(store).mine("analyst")[-1]).over:
        assert time.monotonic() < end
        time.sleep(0.02)
    return last


def few(test: AppTest) -> AppTest:
    """Ask for few draws, where there are draws."""
    for box in [box for box in test.number_input if box.label == "Draws"]:
        box.set_value(19)
    return test.run()


def kept(store: Store, method: str = "funnel", name: str | None = None, **chosen: Any) -> str:
    """Ask as the page does and return the code of what was kept."""
    asked = working.Asked(method, {**GROUP, "by": "admin1", **chosen}, "Which areas?", name)
    working.begin(store, ANALYST, asked)
    done = ended(store)
    assert done.state is State.DONE, done
    jobs.of(store).forget("analyst", done.id)
    return str(done.result)


# Asking --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", questions.WAYS)
def test_every_question_is_asked_and_its_answer_shown(house: Store, page: Page, key: str) -> None:
    """R52: the sentence, the effect, the picture with the sentence for who does not see it, the table, the caveats."""
    test = few(page(question=key, **GROUP))
    assert "The data can answer this question" in shown(test)
    press(test, "Run")
    done = ended(house)
    assert done.state is State.DONE, done.fault
    test.run()
    assert not test.exception
    press(test, "Open the answer")
    assert not test.exception
    run = runs.shown(house, done.result)
    said = shown(test)
    assert run.result["sentence"].split()[0] in said
    assert all(caveat.split(".")[0][:40].replace("'", "&#x27;") in said for caveat in run.result["caveats"])
    assert 'src="data:image/svg+xml;base64,' in html(test)
    assert ' alt="' in html(test)
    assert ("/map?" in html(test)) == questions.WAYS[key][1].layer
    assert jobs.of(house).mine("analyst") == []


def test_the_answer_is_kept_with_its_name_and_its_filter(house: Store, page: Page) -> None:
    """R88: asked of what the sidebar's filter lets in."""
    test = page(question="funnel", filter="killed_best.from(1)", **GROUP)
    assert "killed_best.from(1)" in shown(test)
    (name,) = [box for box in test.text_input if box.label == "Name of the answer (optional)"]
    name.set_value("First look").run()
    press(test, "Run")
    run = runs.shown(house, ended(house).result)
    assert (run.name, run.by, run.parameters["filter"]) == ("First look", "analyst", "killed_best.from(1)")
    assert run.parameters["group"] == "tulvet"
    again = page(run=run.code)
    assert [part.value for part in again.subheader] == ["First look"]


def test_what_cannot_be_read_is_told_where_it_stands(house: Store, page: Page) -> None:
    """R74: distances that are none; nothing runs."""
    test = page(question="near-repeat", **GROUP)
    (box,) = [box for box in test.text_input if box.label == "Distances (m)"]
    box.set_value("far, near").run()
    assert "Distances (m): far, near are no such numbers." in shown(test)
    assert not [button for button in test.button if button.label == "Run"]


def test_a_filter_that_leaves_nothing_is_told(house: Store, page: Page) -> None:
    """R50: with the mend."""
    test = page(question="trend", filter="killed_best.from(1000000)", **GROUP)
    assert "lets in no incident" in shown(test)
    assert [button.disabled for button in test.button if button.label == "Run"] == [True]


def test_a_large_record_is_read_behind_the_page(house: Store, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """R50: whether it can answer is asked for, and then stands there."""
    monkeypatch.setattr("casualty.overview.selecting.Selection.__len__", lambda self: 50_000)
    test = page(question="funnel", **GROUP)
    assert [button.disabled for button in test.button if button.label == "Run"] == [True]
    press(test, "See whether the data can answer it")
    assert ended(house).state is State.DONE
    test.run()
    assert "The data can answer this question" in shown(test)
    assert [button.disabled for button in test.button if button.label == "Run"] == [False]


# At work -------------------------------------------------------------------------------------------------------------


def held(at: At) -> str:
    """Work that goes on until somebody stops it."""
    at.stage("asking")
    for _ in range(100_000):
        at.progress(1, 4)
        time.sleep(0.005)
    return "never"


def test_work_is_watched_and_cancelled_and_nothing_is_kept(house: Store, page: Page) -> None:
    """R75: what is done of how much; it is there for whoever comes back; the line says how many are before."""
    asked = working.Asked("trend", {}, "Did the rate change?")
    queue = jobs.of(house)
    first, second = (queue.ask("analyst", asked, held) for _ in range(2))
    before = len(runs.listed(house))
    test = page()
    assert "Did the rate change?" in shown(test)
    assert "In line: 1 question is before it." in shown(test)
    assert [button.label for button in page().button].count("Cancel") == 2
    queue.stop("analyst", second.id)
    next(button for button in test.button if button.key == f"job-{first.id}-stop").click().run()
    assert ended(house).over
    assert {job.state for job in queue.mine("analyst")} == {State.STOPPED}
    test.run()
    assert "Cancelled. Nothing of it was kept." in shown(test)
    assert len(runs.listed(house)) == before


def test_a_fault_is_told_in_words(house: Store, page: Page) -> None:
    """R74: of the question and of the program; put away it is gone."""
    queue, asked = jobs.of(house), working.Asked("trend", {}, "Did the rate change?")

    def refused(at: At) -> None:
        raise NotEnoughData("Two incidents are too few.")

    def broken(at: At) -> None:
        raise ZeroDivisionError("a name")

    for work in (refused, broken):
        queue.ask("analyst", asked, work)
        ended(house)
    test = page()
    assert "Two incidents are too few." in shown(test)
    assert "failed by a fault of the program" in shown(test)
    assert "a name" not in shown(test)
    for _ in range(2):
        next(button for button in test.button if button.label == "Put away").click().run()
    assert queue.mine("analyst") == []


# Kept ----------------------------------------------------------------------------------------------------------------


def test_kept_answers_are_listed_opened_and_asked_again(house: Store, page: Page) -> None:
    """R88: and whether the same bytes come out is said."""
    code = kept(house, name="Areas")
    test = page()
    test.segmented_control[0].set_value("Kept answers").run()
    assert f'href="/patterns?run={code}"' in html(test)
    assert "Areas" in shown(test)
    test = page(run=code)
    press(test, "Ask it again")
    assert ended(house).result.same
    test.run()
    assert f"{code} gives the same answer, byte for byte." in shown(test)
    press(test, "Back to the questions")
    assert "Can the data answer it?" in " ".join(part.value for part in test.markdown)


def test_two_answers_stand_side_by_side(house: Store, page: Page) -> None:
    """R88: by the address; on one scale; no test is made."""
    first, second = kept(house), kept(house, filter="killed_best.from(1)")
    test = page(compare=f"{first},{second}")
    assert not test.exception
    said = shown(test)
    assert "No test of a difference was made." in said
    assert "killed_best.from(1)" in said
    assert "data:image/svg+xml" in html(test)
    assert page(compare=f"{first},{first}").selectbox[0].value == first


def test_a_run_that_is_not_there_is_told(house: Store, page: Page) -> None:
    """R74"""
    assert "No analysis is held" in shown(page(run="NONE"))


def test_how_it_holds_up_is_asked_for(house: Store, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """R55: as work of its own, kept as another answer."""
    monkeypatch.setattr("app.patterns.answer.SURVIVAL", 3)
    test = page(run=kept(house, seed=1))
    press(test, "Ask 3 times more")
    run = runs.shown(house, ended(house).result)
    assert run.parameters["survival"] == 3
    said = shown(page(run=run.code))
    assert "Without each source in turn" in said


# Taken out -----------------------------------------------------------------------------------------------------------


def test_files_say_what_they_are(house: Store, page: Page) -> None:
    """R60, R64: tier, caveats and code in the table and in the picture; nobody else takes any."""
    run = runs.shown(house, kept(house))
    rows = list(csv.reader(io.StringIO(taking.figures_csv(run, ANALYST).decode("utf-8-sig"))))
    assert ["# tier", "internal"] in rows
    assert [row[1] for row in rows if row[0] == "# caveats"] == list(run.result["caveats"])
    assert ["# run", run.code] in rows
    svg = taking.picture(run, ANALYST, "svg").decode()
    assert run.code in svg
    assert "tier internal" in svg
    assert taking.picture(run, ANALYST, "png").startswith(b"\x89PNG")
    assert run.code.encode() in taking.whole(run, ANALYST)
    with pytest.raises(Refused):
        taking.whole(run, Acting("recorder", Role.RECORDER))
    assert len(page(run=run.code).get("download_button")) == 4


# Everybody -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_an_empty_house_says_what_to_do_next(sqlite_store: Store, quick_hashes: None, page: Page, role: Role) -> None:
    """R50, R75: to who may ask; to others, why they may not."""
    moved_in(sqlite_store)
    test = page(role)
    said = shown(test) + " ".join(part.value for part in test.info)
    assert ("No incident is recorded yet" in said) != ("may not analyse" in said)


def test_a_record_without_groups_can_be_asked_of_all_incidents(
    sqlite_store: Store, quick_hashes: None, page: Page
) -> None:
    """R45, R50: where people are not grouped, what needs no group is asked and answered, and the rest says what it needs."""
    moved_in(sqlite_store)
    by = Acting("recorder", Role.RECORDER)
    document = sqlite_store.record("document", DocumentFields(title="Report"), by).id
    for day in [f"2024-{month:02}-03" for month in range(1, 11) for _ in range(month)]:
        sqlite_store.record("incident", minimum(document, date_start=day, date_end=day), by)
    assert "No identity dimension is in use yet" in " ".join(part.value for part in page(question="where").info)
    test = few(page(question="trend"))
    assert not [box for box in test.selectbox if box.label in ("People are grouped by", "Group")]
    test.button(key="patterns_run").click().run()
    done = ended(sqlite_store)
    assert (done.state, "All incidents" in done.what.words) == (State.DONE, True)
    run = runs.shown(sqlite_store, str(done.result))
    assert (run.dimension, run.group, run.result["n"]) == (None, None, 55)


def test_the_page_turns_with_its_language(house: Store, page: Page) -> None:
    """R35: what the engine says stays English and says so; signs and words stand beside each other."""
    test = page(run=kept(house))
    test.session_state[language.CHOSEN] = "ar"
    test.run()
    assert not test.exception
    assert 'class="sentence" lang="en" dir="ltr"' in html(test)
    assert test.caption
    asked = page(question="when", **GROUP)
    asked.session_state[language.CHOSEN] = "ar"
    asked.run()
    assert not asked.exception
    assert "\u2713" in html(asked)
