"""The languages of the pages: complete, with the same slots, each number and day as its readers write it."""

import ast
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app import language, locale, session
from app.gate import Sessions
from app.locale import collect
from casualty.access import Acting
from casualty.errors import CasualtyError, Fault, Refused, Word, filled
from casualty.store import Store
from casualty.vocabulary import AgeBand, IncidentStatus, Role

APP = Path(language.__file__).parent
MAIN = str(APP / "main.py")
FOREIGN = [tag for tag in locale.tags() if tag != locale.SOURCE]
LETTER = re.compile(r"[^\W\d_]")


def messages(tag: str) -> list[Message]:
    """Every message of a catalogue, without its header."""
    text = (locale.HERE / tag / locale.FILE).read_text(encoding="utf-8")
    return [message for message in read_po(io.StringIO(text), locale=tag.replace("-", "_")) if message.id]


def slots(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


# The catalogues ------------------------------------------------------------------------------------------------------


def test_there_are_french_and_arabic() -> None:
    """R80"""
    assert locale.tags() == ("en", "ar", "fr")
    assert [(one.name, one.direction) for one in (locale.catalogue(tag).language for tag in locale.tags())] == [
        ("English", "ltr"),
        ("العربية", "rtl"),
        ("Français", "ltr"),
    ]


@pytest.mark.parametrize("tag", FOREIGN)
def test_everything_that_is_said_is_translated_and_nothing_else(tag: str) -> None:
    """R80: run `python -m app.locale.collect`, then fill what is empty."""
    said = collect.collect().places.keys()
    held = {(message.context, message.id): message.string for message in messages(tag)}
    assert sorted(map(str, said - held.keys())) == []
    assert sorted(map(str, held.keys() - said)) == []
    empty = [key for key, string in held.items() if not all((string,) if isinstance(string, str) else string)]
    assert empty == []


@pytest.mark.parametrize("tag", FOREIGN)
def test_a_translation_has_the_slots_of_its_sentence(tag: str) -> None:
    """R80: no value is lost, and none is asked for that is not there."""
    for message in messages(tag):
        many = message.id if isinstance(message.id, str) else message.id[1]
        for string in (message.string,) if isinstance(message.string, str) else message.string:
            assert not string or slots(string) == slots(many), (tag, message.id, string)


@pytest.mark.parametrize("tag", FOREIGN)
def test_an_allegation_stays_one(tag: str) -> None:
    """R80: what is alleged in English is alleged in every language."""
    words = {"fr": ("allégu", "alléga", "présumé", "aurait"), "ar": ("زعم", "مزعوم", "يُزعم", "زُعم")}[tag]
    for message in messages(tag):
        text = message.id if isinstance(message.id, str) else message.id[1]
        if re.search(r"\balleged|\ballegation", text, re.IGNORECASE):
            assert any(word in str(message.string).casefold() for word in words), (text, message.string)


@pytest.mark.parametrize("tag", FOREIGN)
def test_a_catalogue_is_as_the_collector_writes_it(tag: str) -> None:
    """R80: a run without a change of words changes nothing."""
    assert (locale.HERE / tag / locale.FILE).read_text(encoding="utf-8") == collect.fresh(tag, collect.collect())


@pytest.mark.parametrize("tag", FOREIGN)
def test_no_native_speaker_has_signed_yet_and_the_page_says_so(tag: str) -> None:
    """R80"""
    shown = locale.catalogue(tag)
    assert not shown.language.signed
    assert LETTER.search(locale.remark(shown))
    assert locale.remark(locale.catalogue("en")) == ""


# What is said --------------------------------------------------------------------------------------------------------


def test_no_fault_is_put_together_before_it_is_translated() -> None:
    """R80: a sentence is a template and its values."""
    assert collect.collect().unclear == []


DRAWN = {
    "button", "caption", "checkbox", "data_editor", "date_input", "dialog", "download_button", "error", "expander",
    "file_uploader", "form_submit_button", "header", "html", "info", "link_button", "markdown", "metric", "multiselect",
    "number_input", "pills", "popover", "radio", "segmented_control", "selectbox", "set_page_config", "slider",
    "spinner", "status", "subheader", "success", "tabs", "text", "text_area", "text_input", "title", "toast", "toggle",
    "warning", "write",
}  # fmt: skip
NAMED = {"label", "help", "placeholder", "page_title", "title", "caption", "body", "show_spinner"}
HOMELY = {"error", "html", "info", "status", "success", "text", "title", "warning", "write"}
HELD = {"table", "facts", "faults"}  # of `widgets`
ALLOWED = {"SHA-256 \0"}  # names that are the same in every language


def written(node: ast.expr) -> Iterator[str]:
    """The letters that a value shows of itself: tags, entities, icons and what is filled in left out."""
    if isinstance(node, ast.Constant | ast.JoinedStr):
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "".join(
            part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "\0" for part in parts
        )
        bare = re.sub(r"<[^>]*>|<[^>]*$|^[^<>]*>|&\w+;|:material/\w+:", " ", text)
        if LETTER.search(bare) and text not in ALLOWED:
            yield text
    elif isinstance(node, ast.Tuple | ast.List):
        for part in node.elts:
            yield from written(part)
    elif isinstance(node, ast.IfExp):
        yield from written(node.body)
        yield from written(node.orelse)


def test_no_page_shows_a_text_that_is_not_translated() -> None:
    """R80: every visible literal goes through `say`, `phrase`, `count` or `term`."""
    found = []
    for path in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in HOMELY and not ast.unparse(node.func).startswith("st."):
                continue  # a method of ours
            named = [keyword.value for keyword in node.keywords if keyword.arg in NAMED]
            first = node.args[:1] if node.func.attr in DRAWN else []
            tables = node.args[:1] if node.func.attr in HELD and ast.unparse(node.func.value) == "widgets" else []
            if node.func.attr in DRAWN | HELD | {"Page", "page_link", "cache_resource", "cache_data"}:
                shown = [text for part in (*first, *tables, *named) for text in written(part)]
                found += [f"{path.relative_to(APP)}:{node.lineno}: {text}" for text in shown]
    assert found == []


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_fills_a_slot_is_never_read_as_a_template(one: str, other: str) -> None:
    """R73, R80"""
    assert filled("{a} and {b}", {"a": one, "b": other}) == f"{one} and {other}"
    assert filled(one, {}) == one
    told = Fault(0, "x", "{a} and {b}.", "Mend {a}.", {"a": one, "b": other})
    assert (told.said, told.remedy) == (f"{one} and {other}.", f"Mend {one}.")
    assert Fault(0, "x", one, other).said == one


def test_a_fault_is_filled_where_it_is_shown() -> None:
    """R80: the command line and its JSON are English, a page is its reader's."""
    day = date(2026, 3, 5)
    fault = Fault(2, "date", "{day} has not come yet.", "Check day, month and year.", {"day": day})
    assert str(fault) == "row 2, date: 2026-03-05 has not come yet. Check day, month and year."
    assert fault.as_dict() == {
        "row": 2, "field": "date", "fault": "2026-03-05 has not come yet.", "mend": "Check day, month and year.",
    }  # fmt: skip
    assert locale.catalogue("en").fault(fault).startswith("row 2, Date: 2026-03-05 has not come yet.")
    assert "5 mars 2026" in locale.catalogue("fr").fault(fault)
    assert "5 مارس 2026" in locale.catalogue("ar").fault(fault)


def test_an_error_keeps_its_template_and_its_faults_their_fields() -> None:
    """R80"""
    error = Refused(
        "{name} ({role}) may not {action}; the role must be one of: {roles}.",
        [Fault(0, "status", "{before} cannot become {after}.", "Allowed: {allowed}.",
               {"before": IncidentStatus.DRAFT, "after": IncidentStatus.VERIFIED, "allowed": (IncidentStatus.SUBMITTED,)})],
        {"name": "{role}", "role": Role.RECORDER, "action": Word("review"), "roles": (Role.REVIEWER,)},
    )  # fmt: skip
    assert error.message == "{role} (recorder) may not review; the role must be one of: reviewer."
    said, (fault,) = locale.catalogue("ar").told(error)
    assert "مُراجِع" in said
    assert "{role}" in said
    assert fault.field == "status"
    assert "مسودة" in fault.said
    assert str(CasualtyError("{odd}")) == "{odd}"


@pytest.mark.parametrize(
    ("name", "said"),
    [("date", "Date"), ("victim 3", "Victim 3"), ("victim 3 age", "Victim 3, Age"), ("lat, lon", "Coordinates"),
     ("none_of_ours", "none_of_ours")],
)  # fmt: skip
def test_a_field_has_a_name_for_people(name: str, said: str) -> None:
    """R32"""
    assert locale.catalogue("en").field(name) == said


# Numbers, days and plurals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "said"),
    [(0, "لا حوادث (0)"), (1, "حادثة واحدة (1)"), (2, "حادثتان (2)"), (3, "3 حوادث"), (10, "10 حوادث"), (11, "11 حادثة"),
     (99, "99 حادثة"), (100, "100 حادثة"), (102, "102 حادثة"), (103, "103 حوادث"), (111, "111 حادثة")],
)  # fmt: skip
def test_arabic_has_six_plural_forms(n: int, said: str) -> None:
    """R80"""
    assert locale.catalogue("ar").count("{n} incident", "{n} incidents", n) == said


@pytest.mark.parametrize(("n", "said"), [(0, "0 incident"), (1, "1 incident"), (2, "2 incidents")])
def test_french_counts_nothing_as_one(n: int, said: str) -> None:
    """R80"""
    assert locale.catalogue("fr").count("{n} incident", "{n} incidents", n) == said


@pytest.mark.parametrize("tag", locale.tags())
def test_a_number_is_in_european_digits_and_never_grouped_by_a_sign_that_is_a_decimal_elsewhere(tag: str) -> None:
    """R80: what is copied into evidence stays unambiguous."""
    shown = locale.catalogue(tag)
    assert [shown.number(n) for n in (0, 7, 9999, 12345, -12345)] == ["0", "7", "9999", "12\u202f345", "-12\u202f345"]
    assert shown.number(2.5) == ("2,5" if tag == "fr" else "2.5")
    assert shown.number(1234567.5).count("\u202f") == 2


@pytest.mark.parametrize(
    ("tag", "day", "moment"),
    [("en", "2024-05-02", "2024-05-02 21:10Z"), ("fr", "2 mai 2024", "2 mai 2024, 21:10 UTC"),
     ("ar", "2 مايو 2024", "2 مايو 2024، 21:10 بالتوقيت العالمي UTC")],
)  # fmt: skip
def test_a_day_is_written_with_its_month_as_a_word_or_in_the_iso_form(tag: str, day: str, moment: str) -> None:
    """R80: never as numbers whose order differs from land to land."""
    shown = locale.catalogue(tag)
    assert shown.day("2024-05-02") == shown.day(date(2024, 5, 2)) == shown.day("2024-05-02T21:10:11.5Z") == day
    at = shown.moment("2024-05-02T21:10:11.000000Z").replace("\u2068", "").replace("\u2069", "")
    assert at == moment
    assert shown.say("{at}", at=datetime(2024, 5, 2, 21, 10, tzinfo=UTC)) == shown.moment("2024-05-02T21:10:11Z")
    assert shown.day("spring") == "spring"


def test_what_somebody_typed_stands_apart_in_a_sentence_from_right_to_left() -> None:
    """R80: the direction is the language's; a name keeps its own."""
    arabic, french = locale.catalogue("ar"), locale.catalogue("fr")
    assert "\u2068John (2)\u2069" in arabic.say("{name} has not signed in.", name="John (2)")
    assert "\u2068" not in french.say("{name} has not signed in.", name="أحمد")
    assert "\u2068" not in arabic.say("{years} years is not {band}.", years=9, band=AgeBand.ADULT)


# Which language ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cookie", "accepted", "tag"),
    [(None, None, "en"), ("ar", "fr", "ar"), ("xx", "fr", "fr"), ("../fr", None, "en"), (None, "ar-SY,ar;q=0.9", "ar"),
     (None, "de,fr;q=0.5,ar;q=0.8", "ar"), (None, "fr;q=0,ar;q=0.1", "ar"), (None, "de", "en"), (None, "*", "en"),
     (None, ";;q=,,FR-ca", "fr"), ("", "fr;q=1.5", "fr")],
)  # fmt: skip
def test_the_language_is_the_one_chosen_or_else_asked_for(cookie: str | None, accepted: str | None, tag: str) -> None:
    """R80"""
    cookies = {} if cookie is None else {locale.COOKIE: cookie}
    assert locale.for_request(cookies, accepted).language.tag == tag


@given(st.text(max_size=60), st.text(max_size=10))
def test_no_header_or_cookie_breaks_the_choice(accepted: str, cookie: str) -> None:
    """R32"""
    assert locale.for_request({locale.COOKIE: cookie}, accepted).language.tag in locale.tags()


def test_the_chooser_links_each_language_in_its_own_name_and_direction() -> None:
    """R80"""
    links = locale.chooser("fr", "/map?q=a&b=c")
    assert (
        'href="/language?to=ar&amp;next=%2Fmap%3Fq%3Da%26b%3Dc" lang="ar" hreflang="ar" dir="rtl">العربية</a>' in links
    )
    assert links.count('aria-current="true"') == 1


Opened = Callable[[str], AppTest]


@pytest.fixture
def opened(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens the map of an empty record in a language."""
    session.move_in(session.House(sqlite_store, Sessions(sqlite_store)))
    monkeypatch.setattr(session, "acting", lambda: Acting("local:tester"))

    def run(tag: str) -> AppTest:
        test = AppTest.from_file(MAIN, default_timeout=60)
        test.session_state[language.CHOSEN] = tag
        test.run()
        assert not test.exception
        return test

    return run


@pytest.mark.parametrize("tag", locale.tags())
def test_a_page_is_in_its_language_and_direction(opened: Opened, tag: str) -> None:
    """R80: right to left by language, never guessed from a text."""
    test, shown = opened(tag), locale.catalogue(tag)
    bodies = [part.proto.body for part in test.get("html")]
    assert any("direction: rtl" in body for body in bodies if "<style>" in body) == (tag == "ar")
    assert test.title[0].value == shown.say("Map")
    assert any(shown.say("Documented incidents, not all deaths.") in body for body in bodies)
    assert any(locale.remark(shown) == part.value for part in test.sidebar.caption) == (tag != "en")
    if tag == "ar":
        text = re.sub(r"<[^>]+>|&\w+;", " ", " ".join(body for body in bodies if "<style>" not in body))
        assert set(re.findall(r"[A-Za-z]+", text)) <= {"local", "tester", "English", "Fran", "ais"}
