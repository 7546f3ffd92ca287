"""Filters against a reading by hand: the same incidents on both databases, for every field, way and spelling."""

import pickle
import random
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from asked_by_hand import AREAS, WORDS, Asking, Told, spelt
from conftest import PASSWORD
from hypothesis import given, settings
from hypothesis import strategies as st
from varied import Varied, varied
from whole import database

from casualty import filters, frames, overview
from casualty.access import Acting
from casualty.errors import UsageFault
from casualty.filters import EVERYTHING, Asked, Filter, Not, Sort, spelling
from casualty.schema import DimensionFields
from casualty.store import Store
from casualty.vocabulary import Role

pytestmark = pytest.mark.usefixtures("quick_hashes")
NARROW, WIDE = Acting("narrow", Role.ANALYST), Acting("wide", Role.ANALYST)
FIELDS = [(kind, name) for kind in filters.KINDS for name in filters.fields_of(kind)]


@dataclass
class Ground:
    """A filled store, what it holds as rows, and what may be asked of it."""

    store: Store
    told: Told
    made: Varied

    def ids(self, wanted: Filter, by: Acting | None = None) -> list[str]:
        found = overview.selected(self.store, by, wanted).ids
        assert len(found) == len(set(found))
        return found

    def agree(self, wanted: Filter) -> set[str]:
        found = set(self.ids(wanted))
        assert found == self.told.asked(wanted), wanted.text
        assert filters.read(wanted.text) == wanted
        return found

    def asking(self, seed: int) -> Asking:
        return Asking(self.told, random.Random(seed))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ground(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, quick_hashes: None
) -> Iterator[Ground]:
    """Fifty-seven incidents of every sort, on each kind of database; two accounts, one of them for the north only."""
    store = Store.create(database(request, tmp_path_factory, "filters"))
    made = varied(store, tmp_path_factory.mktemp("lists"))
    store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, store.local("tester"))
    first = store.sign_in("administrator", PASSWORD)
    for by in (NARROW, WIDE):
        store.add_account(by.name, by.role, PASSWORD, first)
    store.clear(NARROW.name, made.ids["north war"], first, "works on the north")
    yield Ground(store, Told.of(store), made)
    store.close()


def test_random_filters_find_what_a_reading_by_hand_finds(ground: Ground) -> None:
    """R75: three hundred filters, nested, over every kind of row."""
    asking = ground.asking(7)
    sizes = [len(ground.agree(asking.filter())) for _ in range(300)]
    assert sum(0 < size < len(ground.told.bodies) - 2 for size in sizes) > 90


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=lambda part: str(part))
def test_every_field_in_every_way(ground: Ground, kind: str, name: str) -> None:
    """R75: asked, and asked not; both together are every standing incident, and none is in both."""
    held, asking = filters.fields_of(kind)[name], ground.asking(11)
    everything = ground.agree(EVERYTHING)
    for how in [how for how in held.ways for _ in range(2)]:
        text = asking.one(kind, held, how)
        for wanted in (text, f"not {text}") if kind == "incident" else (f"{kind}({text})", f"{kind}(not {text})"):
            found, rest = ground.agree(filters.read(wanted)), ground.agree(filters.read(f"not ({wanted})"))
            assert found | rest == everything
            assert not found & rest


@given(seed=st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_any_filter_and_its_negation_part_the_record(ground: Ground, seed: int) -> None:
    """R75"""
    asking = ground.asking(seed)
    one, other = asking.filter(), asking.filter()
    assert one.part is not None
    assert other.part is not None
    found = ground.agree(one)
    assert found ^ ground.agree(Filter(one.part.part if isinstance(one.part, Not) else Not(one.part))) == ground.agree(
        EVERYTHING
    )
    assert ground.agree(filters.every((one.part, other.part))) == found & ground.agree(other)


def test_texts_in_every_script(ground: Ground) -> None:
    """R25, R75: letters of all scripts, and signs that mean something to a database."""
    for word in WORDS:
        if word.strip():
            for name in ("text", "title", "place_as_reported"):
                for how in ("has", "is"):
                    ground.agree(filters.read(str(Asked(name, how, (word.strip(),)))))
    titles = {row["incident"][0].get("title") or "" for row in ground.told.bodies.values()}
    for title in titles - {""}:
        if "\n" not in title:
            assert ground.agree(filters.read(str(Asked("title", "has", (title,)))))
            assert ground.agree(filters.read(str(Asked("title", "is", (title,)))))


@pytest.mark.parametrize("corners", AREAS, ids=lambda corners: corners[0])
def test_drawn_areas(ground: Ground, corners: tuple[str, ...]) -> None:
    """R75: also across the antimeridian, with crossing sides, wider than the globe, and without any extent."""
    for name in ("point", "place"):
        ground.agree(filters.read(str(Asked(name, "within", corners))))


def test_an_area_of_most_corners_can_be_asked(ground: Ground) -> None:
    """R75: as many corners, and as many areas, as a text of the greatest length holds."""
    comb = [*(f"{n / 100:g} {52 - n % 2}" for n in range(398)), "4 49", "0 49"]
    assert len(ground.agree(filters.read(f"point.within({','.join(comb)})"))) > 0
    small = f"point.within({','.join(f'{n % 9} {n % 7}' for n in range(398))},-539 7,539 8)"
    ground.agree(filters.read(f"{small} or point.missing() or not {small.replace('-539', '-538')}"))
    assert len(ground.agree(filters.read(f"code.is({','.join(f'A{n}' for n in range(500))})"))) == 0


def test_units_are_those_of_the_frames(ground: Ground) -> None:
    """R33, R34: a filter of a unit finds the incidents that a table by units counts in it; names as stated too."""
    for level in (1, 2):
        lies = frames.areas(ground.store, level)
        for unit in {*lies.values()} - {None}:
            if level == 1 or unit not in set(frames.areas(ground.store, 1).values()):
                found = set(ground.ids(filters.read(str(Asked("unit", "is", (str(unit),))))))
                assert found == {key for key, there in lies.items() if there == unit}, unit
    nowhere = {key for key, there in frames.areas(ground.store, 1).items() if there is None}
    assert nowhere
    assert set(ground.ids(filters.read("unit.missing()"))) == nowhere


def test_withdrawn_and_merged_incidents_are_never_found(ground: Ground) -> None:
    """R20: whatever is asked; one that was taken up again is found again."""
    merged, _, withdrawn, restored = ground.made.incidents[:4]
    asking = ground.asking(3)
    asked = [EVERYTHING, filters.read("status.is(duplicate,withdrawn)"), *(asking.filter() for _ in range(60))]
    for wanted in asked:
        assert not {merged, withdrawn} & set(ground.ids(wanted))
    assert restored in ground.ids(EVERYTHING)
    assert ground.ids(filters.read("status.is(duplicate,withdrawn)")) == []


def test_an_account_of_named_situations_sees_its_part_only(ground: Ground) -> None:
    """R75: the same filter, within what the account is cleared for; another account sees all of it."""
    north = ground.made.ids["north war"]
    seen = {key for key, body in ground.told.bodies.items() if body["incident"][0].get("situation_id") == north}
    asking = ground.asking(5)
    for wanted in (EVERYTHING, filters.read("not situation_id.is(x)"), *(asking.filter() for _ in range(60))):
        expected = ground.told.asked(wanted)
        assert set(ground.ids(wanted, NARROW)) == expected & seen
        assert set(ground.ids(wanted, WIDE)) == expected
    assert 0 < len(ground.ids(EVERYTHING, NARROW)) < len(ground.ids(EVERYTHING, WIDE))


def test_a_dimension_that_is_off_matches_nothing(sqlite_store: Store, tmp_path: Path) -> None:
    """R41: from the moment it is switched off, and again once it is on."""
    made = varied(sqlite_store, tmp_path, n=4)
    shown = {"dimension_id": made.ids["faith"], "group_id": made.ids["faith north"], "basis": "document"}
    made.one(victims=[{"harm": "killed", "attributions": [shown]}])
    texts = ("group.is(faith/north)", "attribution(group.is(faith/north))")

    def found() -> list[int]:
        return [len(overview.selected(sqlite_store, None, filters.read(text))) for text in texts]

    def turned(state: str) -> None:
        version = sqlite_store.current("dimension", made.ids["faith"])["dimension"][0]["version"]
        draft = DimensionFields(code="faith", label="faith", state=state, assessment="Signed")
        sqlite_store.amend("dimension", made.ids["faith"], draft, expected=version, by=made.by, reason="decided")

    before = found()
    assert min(before) > 0
    turned("off")
    assert found() == [0, 0]
    assert not Told.of(sqlite_store).asked(filters.read(texts[0]))
    turned("on")
    assert found() == before


def test_all_letters_with_a_form_are_found_by_it(sqlite_store: Store) -> None:
    """R25: the patterns hold every letter that a reading by hand takes for the same, and no other."""
    alike = {}
    for number in (*range(0x20, 0x250), *range(0x370, 0x700), *range(0x1E00, 0x1F00)):
        letter = chr(number)
        if unicodedata.category(letter)[0] in "LN" and spelt(letter):
            alike.setdefault(spelt(letter), set()).add(letter)
    for letters in alike.values():
        for letter in letters:
            assert letters <= set(spelling.spellings(letter)), letter
            assert {spelt(other) for other in spelling.spellings(letter)} == {spelt(letter)}, letter


# Hostile texts -------------------------------------------------------------------------------------------------------

VALID = (
    'tier.is(verified,corroborated) and killed_best.from(5) and not actor.is(01a2-b) or_not.x("',
    "victim(sex.is(woman) and age_years.to(17)) and (text.has(\"سوق \\\" \\\\\") or point.missing())",
    'date.between(2024-01-01,2024-02-01) or claim(not source.missing() and act.is(1)) or group.is("faith/a b")',
    'point.within("1 2",3 4,"5.5 -6") and unit.is(P1) and count_conflict.yes() and place_precision.is(1,7)',
    "act(involvement(actor_kind.is(state)) and kind.is(killing)) and not (name() or review(reviewed_at.from(2024-01-01)))",
)  # fmt: skip
HOSTILE = (
    "(" * 5_000, ")" * 5_000, "not " * 2_000, "not (" * 1_000, "victim(" * 500, "a" * 10_000, '"' * 999, "\\" * 4_000,
    '"' + "\\" * 5_000, "text.has(" + '"' * 4_001, "\x00", "text.has(\x00)", "'; DROP TABLE incident; --",
    "1=1 or 1=1", "text.has(') OR 1=1 --)", "killed_best.is(1 OR 1=1)", "x.__class__()", "__import__('os')",
    repr(pickle.dumps({"a": 1})), "gASVCgAAAAAAAAB9lIwBYZRLAXMu", "\ud800", "text.has(\ud800)", 'text.has("\udfff")',
    "killed_best.is(NaN)", "killed_best.is(1e400)", "killed_best.is(٣)", "killed_best.from(９)", "date.from(٢٠٢٤-٠١-٠١)",
    "date.from(2024-13-01)", "date.from(2024-W01-1x)", "killed_best.between(5,1)", "point.within(0 0,0 0)", "unit.is()",
    "point.within(nan nan,1 1,2 2)", "point.within(999 0,1 1,2 2)", "and", "or or", "not", "()", "not()", "victim", ",",
    "tier.is(,)", "tier.is(verified,)", "tier.is verified", "tier", "tier.", ".is(x)", "tier.is.is(verified)", "\u202e",
    "incident(tier.is(verified))", "review(victim())", "a and b or c", "tier.missing()", "text.is(" + "a," * 600 + "a)",
    " and ".join(["tier.is(verified)"] * 300), "\t\n\r\v\f\x1c\x85\u2028(", "(((((((((((((tier.is(verified))))))))))))))",
    'text.has("")', 'text.has(" ")', "text.has(" + "a" * 201 + ")", "source.is(" + "x" * 121 + ")", "source.is(a/b)",
    "group.is(faith)", "group.is(/)", "count_conflict.yes(1)", "killed_best.is(" + "9" * 13 + ")", "a" * 8_001,
    "point.within(" + ",".join(["0 0"] * 401) + ")", "(tier.is(verified) (", "tier.is(verified) tier.is(other)",
)  # fmt: skip


def read_or_refused(text: str) -> Filter | None:
    """Read a text, or see it refused with where, what and the mend; nothing else may happen, and not slowly."""
    begun = time.thread_time()
    try:
        found = filters.read(text)
    except UsageFault as wrong:
        found, refused = None, wrong
    assert time.thread_time() - begun < 2
    if found is None:
        (fault,) = refused.faults
        assert 1 <= refused.values["letter"] <= len(text) + 1
        assert fault.said.strip()
        assert fault.remedy.strip()
        return None
    assert filters.read(found.text) == found
    assert filters.read(found.text).text == found.text
    return found


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_refused_with_a_fault(text: str) -> None:
    """R75: where, what, and the mend; no other exception, and no long work."""
    assert read_or_refused(text) is None


def test_empty_texts_ask_nothing() -> None:
    """R75"""
    assert [read_or_refused(text) for text in ("", " ", "\n\t", "\u3000")] == [EVERYTHING] * 4


@pytest.mark.parametrize("text", VALID)
def test_every_beginning_of_a_text_is_read_or_refused(text: str) -> None:
    """R75"""
    for end in range(len(text) + 1):
        read_or_refused(text[:end])
        read_or_refused(text[end:])
        read_or_refused(text[:end] + text[end + 1 :])


@given(st.sampled_from(VALID), st.integers(0, 200), st.text(max_size=5), st.integers(0, 8))
@settings(deadline=None)
def test_mutated_texts_are_read_or_refused(text: str, at: int, other: str, width: int) -> None:
    """R75: some letters exchanged for any others."""
    read_or_refused(text[:at] + other + text[at + width :])


@given(st.text(alphabet=st.sampled_from('()",.\\ *?aeirstn'), max_size=60))
@settings(deadline=None)
def test_texts_of_signs_are_read_or_refused(text: str) -> None:
    """R75"""
    read_or_refused(text)


@given(
    seed=st.integers(0, 2**32), at=st.integers(0, 400), other=st.sampled_from(['"', "(", ")", ",", " ", "not ", "9"])
)
@settings(deadline=None, max_examples=40)
def test_random_filters_with_a_slip_are_read_or_refused(ground: Ground, seed: int, at: int, other: str) -> None:
    """R75: and what is read is asked without a fault."""
    text = ground.asking(seed).filter().text
    found = read_or_refused(text[:at] + other + text[at:])
    if found is not None:
        ground.agree(found)


@given(st.sampled_from([Sort.NUMBER, Sort.AREA]), st.floats(-90, 90), st.integers(0, 8))
def test_numbers_are_written_so_that_they_are_read_again(sort: Sort, number: float, digits: int) -> None:
    """R75: however small; never with an exponent, and zero has no sign."""
    said = f"{number:.{digits}f}"
    text = f"killed_best.is({said})" if sort is Sort.NUMBER else f"point.within({said} {said},1 1,2 2)"
    assert read_or_refused(text)


def test_a_fault_says_where_in_words() -> None:
    """R75"""
    with pytest.raises(UsageFault) as refused:
        filters.read("tier.is(verified) and tyer.is(other)")
    assert str(refused.value).startswith("The filter is not understood at letter 23.\n  filter: 'tyer' is no field")
    with pytest.raises(UsageFault, match=r"at letter 17.*\n.*\) is missing before the end"):
        filters.read("tier.is(verified ")
