"""The paper on filters says what is so: its fields, its examples, its limits. Run as a program, it writes its table anew."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from casualty import filters
from casualty.filters import Field, grammar
from casualty.filters.fields import LONGEST_TEXT, MOST_CORNERS, SEARCHED

ROOT = Path(__file__).parent.parent
PAPER = ROOT / "docs/filters.md"
TABLE = re.compile(r"(?<=<!-- fields: python tests/test_filter_paper.py -->\n).*?(?=<!-- end of fields -->)", re.S)


def rows(kind: str) -> Iterator[str]:
    """Fields of a kind that are asked alike in one row."""
    alike: dict[tuple[str, str], list[str]] = {}
    for field in filters.fields_of(kind).values():
        alike.setdefault((", ".join(field.ways), valued(field)), []).append(f"`{field.name}`")
    for (ways, wanted), names in alike.items():
        yield f"| {', '.join(names)} | {ways} | {wanted} |"


def valued(field: Field) -> str:
    return f"an id: {field.of.replace('_', ' ')}" if field.of else field.wanted("is")


def fields() -> str:
    parts = []
    for kind in filters.KINDS:
        within = [name for name in filters.KINDS if kind in filters.kinds_in(name) and name != filters.ROOT]
        where = f" (also within `{'`, `'.join(within)}`)" if within else ""
        parts += [f"\nWithin `{kind}(...)`{where}:\n" if kind != filters.ROOT else "\nOf the incident:\n"]
        parts += ["| Field | Ways | A value is |", "| --- | --- | --- |", *rows(kind)]
    return "\n".join(parts) + "\n\n"


def test_the_table_of_fields_is_fresh() -> None:
    """R02: python tests/test_filter_paper.py"""
    found = TABLE.search(PAPER.read_text(encoding="utf-8"))
    assert found is not None
    assert found[0] == fields()
    for kind in filters.KINDS:
        for name in filters.fields_of(kind):
            assert f"`{name}`" in found[0]


def test_the_examples_are_read() -> None:
    """R02: indented lines are filters; so is what stands between backticks and is asked of a field."""
    text = TABLE.sub("", PAPER.read_text(encoding="utf-8"))
    examples = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    examples += [
        code for code in re.findall(r"`([^`]+)`", text) if re.match(r"[a-z_]+(\.[a-z]+)?\((?!\.\.\.)|not \w+\.", code)
    ]
    assert len(examples) > 12
    for example in examples:
        assert filters.read(example)


@pytest.mark.parametrize(
    "said",
    [f"{grammar.MOST_LETTERS:,} letters", f"{grammar.MOST_PARTS} conditions", f"brackets {grammar.MOST_DEPTH} deep",
     f"{grammar.MOST_VALUES} values", f"{MOST_CORNERS} corners"],
)  # fmt: skip
def test_the_limits_are_those_of_the_program(said: str) -> None:
    """R02"""
    assert said in PAPER.read_text(encoding="utf-8")
    assert f"up to {LONGEST_TEXT} letters" in PAPER.read_text(encoding="utf-8")


def test_where_text_is_looked_for_is_said() -> None:
    """R02"""
    assert set(SEARCHED) == {"code", "title", "place_as_reported", "country", "admin1", "admin2", "pcode"}


def test_the_paper_can_be_found() -> None:
    """R02"""
    assert "(docs/filters.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


if __name__ == "__main__":
    PAPER.write_text(TABLE.sub(lambda _: fields(), PAPER.read_text(encoding="utf-8")), encoding="utf-8")
