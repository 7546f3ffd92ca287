"""Numbers of people as typed: any text is read or questioned, and what is written is read back (R07, R08)."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casualty import figures

COUNTS = st.none() | st.integers(0, figures.MOST)
SMALL = st.none() | st.integers(0, 12)
DIGITS = ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗")
PARTS = st.sampled_from(
    ["9", "11", "0", "1200", "٩", "-", "–", "(", ")", "to", "and", "at least", "up to", "about", "à", "et", "و", "بين",
     "?", " ", "\u200f", "\u00ad", "\u200b", ",", ".", "+", ">=", "\x00", "\ud800", "9" * 40]
)  # fmt: skip
TYPED = st.text(st.characters(), max_size=60) | st.lists(PARTS, max_size=9).map("".join)


def outcome(text: str, *, ordered: bool = True) -> figures.Figures | figures.NotUnderstood:
    try:
        return figures.read(text, ordered=ordered)
    except figures.NotUnderstood as asked:
        return asked


@given(TYPED, st.booleans())
@example("9" * 5000, True)
@example("1" + ",000" * 2000, False)
def test_any_text_is_read_or_questioned(text: str, ordered: bool) -> None:
    """R08: no traceback, and never a figure that cannot be kept."""
    found = outcome(text, ordered=ordered)
    if isinstance(found, figures.NotUnderstood):
        assert found.template
        assert found.mend
        assert set(re.findall(r"\{(\w+)\}", found.template)) <= found.values.keys()
    else:
        assert all(value is None or 0 <= value <= figures.MOST for value in (found.low, found.best, found.high))
        assert not ordered or found.range.ordered


@given(st.lists(PARTS, min_size=1, max_size=9).map("".join))
@example("9\u200b11")
@example("10 (9-11)")
def test_no_digit_is_dropped(text: str) -> None:
    """R08: every digit of an understood text stands in what was understood (but for zeros, which may lead a number)."""
    found = outcome(text, ordered=False)
    if isinstance(found, figures.Figures) and found.range.stated:
        typed = "".join(str(unicodedata.decimal(letter)) for letter in text if letter.isdecimal())
        read = "".join(str(value) for value in (found.low, found.best, found.high) if value is not None)
        assert sorted(read.replace("0", "")) == sorted(typed.replace("0", ""))


@given(COUNTS, COUNTS, COUNTS)
def test_what_is_written_is_read_back(low: int | None, best: int | None, high: int | None) -> None:
    """R20: figures that fill a form say the same when the form is read."""
    written = figures.write(low, best, high)
    assert figures.read(written, ordered=False) == figures.Figures(low, best, high)


@given(SMALL, SMALL, SMALL)
def test_out_of_order_is_questioned_unless_it_is_kept_as_a_conflict(
    low: int | None, best: int | None, high: int | None
) -> None:
    """R08"""
    known = [value for value in (low, best, high) if value is not None]
    questioned = isinstance(outcome(figures.write(low, best, high)), figures.NotUnderstood)
    assert questioned is (known != sorted(known))


@given(COUNTS, COUNTS, COUNTS, st.sampled_from(DIGITS))
def test_digits_of_any_script_say_the_same(low: int | None, best: int | None, high: int | None, digits: str) -> None:
    """R23, R77"""
    written = figures.write(low, best, high)
    assert outcome(written.translate(str.maketrans("0123456789", digits)), ordered=False) == outcome(
        written, ordered=False
    )


@pytest.mark.parametrize("word", sorted(figures.UNKNOWN))
def test_every_word_for_unknown_states_no_figure(word: str) -> None:
    """R08: unknown is not zero."""
    found = figures.read(f" {word.upper()} ")
    assert found.unknown
    assert not found.range.stated


def test_a_very_long_text_is_questioned_at_once() -> None:
    """R32: a pasted page is no number, and nobody waits for that."""
    for text in ("9 " * 500_000, "9" * 1_000_000, "-" * 1_000_000, "a" * 1_000_000):
        assert isinstance(outcome(text), figures.NotUnderstood)
