"""The methodology of a package as the report sets it: its simple Markdown read into parts, never into markup."""

import re
from collections.abc import Iterator
from typing import Any

from casualty.patterns.plainly import clean
from casualty.release.package import Package

FILE = "data/01_methodology.md"
Part = dict[str, Any]


def parts(package: Package) -> list[Part]:
    """Return the headings, paragraphs and lists of the methodology; empty if the package has none.

    A part is {"kind": heading | text | list, ...} with `text`, or `items`, of runs {"text", "term"}: `term` is what stood
    between backticks.
    """
    file = package.folder / FILE
    if not file.is_file():
        return []
    return list(_read(file.read_text(encoding="utf-8")))


def _read(text: str) -> Iterator[Part]:
    """Yield the parts of the text; its title (`# `) is left out, the report has its own."""
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if line.strip() and not line.startswith("# ")]
        for line in (line for line in lines if line.startswith("## ")):
            yield {"kind": "heading", "text": _runs(line[3:])}
        items = [line[2:] for line in lines if line.startswith("- ")]
        if items:
            yield {"kind": "list", "items": [_runs(item) for item in items]}
        told = " ".join(line for line in lines if not line.startswith(("## ", "- ")))
        if told:
            yield {"kind": "text", "text": _runs(told)}


def _runs(text: str) -> list[dict[str, Any]]:
    pieces = re.split(r"`([^`]+)`", text)
    return [{"text": clean(piece), "term": at % 2 == 1} for at, piece in enumerate(pieces) if piece]
