"""Tables that leave a page: for whom, with what said first, and nothing that a spreadsheet computes (R60, R64, R71)."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casualty import disclosure, tables
from casualty.access import PERMITTED, Acting
from casualty.errors import Refused
from casualty.vocabulary import Role, Tier

ANALYST = Acting("analyst", Role.ANALYST)
HEAD = tables.head(
    ANALYST, None, what="Where?", caveats=["Not all deaths.", "=1+1"], ledger_head="abc", filter="tier.is(verified)",
    run="A-B",
)  # fmt: skip


def read(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("role", Role)
def test_who_may_ask_may_take_a_table_and_nobody_else(role: Role) -> None:
    """R60, R71: at the internal tier; nobody who sees a part of the record only."""
    by = Acting("somebody", role)
    if role in PERMITTED["analyse"]:
        assert disclosure.table_tier(by, None) is Tier.INTERNAL
    else:
        with pytest.raises(Refused, match="may not analyse"):
            disclosure.table_tier(by, None)
    with pytest.raises(Refused):
        tables.head(by, frozenset({"one"}), what="", caveats=[], ledger_head="")


def test_the_first_lines_say_what_it_is() -> None:
    """R64, R71: tier, handling, filter, run, the ledger's head and every caveat, before any figure."""
    rows = read(tables.csv(["area", "ratio"], [["محافظة", 1.5], ["B", None]], head=HEAD))
    told = [row for row in rows if row[0].startswith("# ")]
    assert ["# tier", "internal"] in told
    assert ["# caveats", "Not all deaths."] in told
    assert ["# filter", "tier.is(verified)"] in told
    assert ["# run", "A-B"] in told
    assert ["# ledger_head", "abc"] in told
    assert any("Do not pass it on" in row[1] for row in told)
    assert rows[len(told) :] == [["area", "ratio"], ["محافظة", "1.5"], ["B", ""]]
    found = json.loads(tables.document({"rows": [{"p": float("nan")}]}, head=HEAD))
    assert (found["head"]["tier"], found["answer"]) == ("internal", {"rows": [{"p": None}]})


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "=cmd|' /C calc'!A0"]
)
def test_nothing_is_computed(text: str) -> None:
    """R71: in the head, in a column's name and in a cell."""
    rows = read(tables.csv([text], [[text]], head={**HEAD, "what": text}))
    assert ["# what", f"'{text}"] in rows
    assert rows[-2:] == [[f"'{text}"], [f"'{text}"]]
    assert ["# caveats", "'=1+1"] in rows


@given(
    st.lists(
        st.lists(st.text(max_size=8) | st.floats(allow_nan=False) | st.integers() | st.none(), min_size=2, max_size=2)
    )
)
def test_whatever_stands_in_a_table_comes_back(rows: list[list[Any]]) -> None:
    """R71: a number stays a number, even a negative one; a text is itself, with an apostrophe at most."""
    found = read(tables.csv(["a", "b"], rows, head={"tier": "internal"}))[2:]
    assert len(found) == len(rows)
    for row, cells in zip(rows, found, strict=True):
        for value, shown in zip(row, cells, strict=True):
            if isinstance(value, int | float):
                assert float(shown or "inf") == float(value) or float(value) in (float("inf"), float("-inf"))
            elif isinstance(value, str):
                assert shown in (value, f"'{value}")
                assert not shown.startswith(tables.COMPUTED)


def test_an_answer_is_a_table_of_its_clusters_or_its_rows() -> None:
    """R64: lists and ranges in one cell."""
    scan = {"clusters": [{"rank": 1, "locations": ["a", "b"]}, {"rank": 2, "p_value": 0.5}], "rows": []}
    assert tables.of_answer(scan) == (["rank", "locations", "p_value"], [[1, ["a", "b"], None], [2, None, 0.5]])
    assert tables.of_answer({"rows": []}) == ([], [])
    assert tables.cell(["a", "b"]) == "a; b"
    assert tables.cell({"low": 1}) == "low 1"
