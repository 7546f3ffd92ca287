"""Texts that a spreadsheet would compute, and what becomes of them in a CSV file.

To be discussed with those who open such files. In packages for the public and for partners an apostrophe is put before them;
in evidence, for a commission, nothing is changed. Numbers in columns of numbers are numbers.
"""

from pathlib import Path

import packaged
import pytest

from casualty.release.formats import output

COMPUTED = [
    "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=HYPERLINK(\"http://example.org\")", "=cmd|' /C calc'!A0",
    " =1", "  +1", "\u00a0=1", "'=1", '"=1', "' =1", "\u200b=1", "\ufeff=1", "\u200f=1", "＝1+1", "＋1", "－1", "＠SUM(A1)",
    "-", "-5", "+5", "-5 people", "\tname", "\rname",
]  # fmt: skip
LEFT_ALONE = [
    "", "name", "1+1", "a=b", "5", "2024-05-02", "007", "Al-Example", "'tis", '"quoted"', "أمينة المثال", "(-5)", "#N/A", "x\n=1", "x;=1",
]  # fmt: skip
NUMBERS = ["-5", "-30.79124", "-1e-05", "0", "1000.0"]
NO_NUMBERS = ["-5+1", "-", "+5", "-5 ", "--5", "=-5"]


@pytest.mark.parametrize("text", COMPUTED)
def test_neutralised_for_the_public(text: str) -> None:
    """R98: with an apostrophe before it, and otherwise letter by letter."""
    assert output.guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_left_alone(text: str) -> None:
    """R98: what no spreadsheet computes stays as it is."""
    assert output.guarded(text) == text


@pytest.mark.parametrize("tier", ["public", "partner", "commission"])
def test_by_tier(tmp_path: Path, tier: str) -> None:
    """R98: never in evidence; numbers stay numbers; a cell is one cell where semicolons or tabs divide, too."""
    texts = [*COMPUTED, *LEFT_ALONE]
    rows = [{"title": text, "lat": number} for text in texts for number in [*NUMBERS, *NO_NUMBERS]]
    fields = [packaged.field("incident", "title", "text"), packaged.field("incident", "lat", "number")]
    made = packaged.package(tmp_path / "bag", {"incident": rows}, tier, fields)
    folder = packaged.converted(made, "csv", tmp_path / "out")
    guarded = tier != "commission"
    for before, after in zip(rows, packaged.read(folder / "incidents.csv"), strict=True):
        assert after["title"] == (f"'{before['title']}" if guarded and before["title"] in COMPUTED else before["title"])
        assert after["lat"] == (f"'{before['lat']}" if guarded and before["lat"] in NO_NUMBERS else before["lat"])
    assert '"x;=1"' in (folder / "incidents.csv").read_text(encoding="utf-8")
