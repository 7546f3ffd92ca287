"""Collects what the pages say into the catalogues: `python -m app.locale.collect`.

Translations are kept; what nobody says any more is put at the end, marked `#~`. The files hold no date and no line
number, so that a run without a change of words changes nothing.
"""

import ast
import io
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from app.locale import FILE, HERE, SOURCE, TERM, tags
from app.locale.fields import FIELDS
from casualty import errors
from casualty.access import PERMITTED
from casualty.schema import ROOTS
from casualty.vocabulary import SCHEMES

ROOT = HERE.parent.parent
# What never speaks to the reader of a page: the command line, intake, analysis, releases, and the ledger's own tests.
SILENT = {
    "__main__.py", "asking", "calibrating", "cli", "codebook", "disclosure", "doctor.py", "events.py", "frames.py",
    "intake", "ledger.py", "migrating.py", "patterns", "points.py", "release", "runs.py", "sample.py", "satscan", "schema",
    "series.py", "summary.py", "targeting.py", "telling.py", "vocabulary", "workers.py",
}  # fmt: skip
READING = ("gazetteer.py", "notation.py", "spelling.py")  # of `geo`
RAISED = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
# What a call says: the places of its texts, and the names by which they may be given.
SAID: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
    **dict.fromkeys(("say", "phrase", "later", "Word"), ((0,), ())),
    "Fault": ((2, 3), ("fault", "mend")),
    **dict.fromkeys(RAISED, ((0,), ("message",))),
}
SLOT = re.compile(r"\{\w+\}")
SENTENCE = re.compile(r"[A-Z{“][^\\]* [^\\]*[.?]")
Key = tuple[str | None, str | tuple[str, str]]


@dataclass
class Collected:
    """What is said, each with the files that say it: keys are (context, text) or (context, (one, many))."""

    places: dict[Key, set[str]] = field(default_factory=dict)
    unclear: list[str] = field(default_factory=list)

    def add(self, text: str | tuple[str, str], place: str, context: str | None = None) -> None:
        """Note a text; the same text said twice is one message."""
        if text:
            self.places.setdefault((context, text), set()).add(place)


def collect() -> Collected:
    """Return all that the pages may say, from the sources and from the vocabulary."""
    found = Collected()
    for path in sources():
        _Reader(path, found).read()
    for scheme in SCHEMES:
        for member in scheme:
            found.add(member.label, "casualty/vocabulary", TERM)
            found.add(member.definition, "casualty/vocabulary", TERM)
    for kind in ROOTS:
        found.add(kind.replace("_", " "), "casualty/schema")
    for action in PERMITTED:
        found.add(action.replace("_", " a "), "casualty/access.py")
    for label in FIELDS.values():
        found.add(label, "app/locale/fields.py")
    return found


def sources() -> list[Path]:
    """Return the files that speak to the reader of a page."""
    spoken = [path for path in (ROOT / "casualty").rglob("*.py") if path.relative_to(ROOT).parts[1] not in SILENT]
    return sorted([*(ROOT / "app").rglob("*.py"), *spoken, *(ROOT / "geo" / name for name in READING)])


class _Reader:
    """Reads one file."""

    def __init__(self, path: Path, found: Collected) -> None:
        self.place = path.relative_to(ROOT).as_posix()
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.found = found
        self.named = _named(self.tree)

    def read(self) -> None:
        """Add what this file says: the texts of its calls and, below the pages, every sentence that stands in it."""
        quiet = {id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and id(node) not in quiet:
                self._sentence(node.value)
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if (
                name == "count"
                and len(node.args) >= 3
                and all(isinstance(part, ast.Constant) for part in node.args[:2])
            ):
                one, many = (ast.literal_eval(part) for part in node.args[:2])
                self.found.add((one, many), self.place)
            elif name in SAID:
                self._said(node, *SAID[name])

    def _sentence(self, value: object) -> None:
        if isinstance(value, str) and SENTENCE.fullmatch(value) and not self.place.startswith("app/"):
            self.found.add(value, self.place)

    def _said(self, node: ast.Call, at: tuple[int, ...], by: tuple[str, ...]) -> None:
        given = [node.args[place] for place in at if place < len(node.args)]
        given += [keyword.value for keyword in node.keywords if keyword.arg in by]
        for part in given:
            for text in self._texts(part):
                if re.search(r"[^\W\d_]", SLOT.sub("", text)):
                    self.found.add(text, self.place)

    def _texts(self, node: ast.expr) -> Iterator[str]:
        """Yield the texts an argument may be: itself, those of a choice, or all that its name is given in this file."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            self.found.unclear.append(f"{self.place}:{node.lineno}")
        elif isinstance(node, ast.IfExp):
            yield from self._texts(node.body)
            yield from self._texts(node.orelse)
        elif isinstance(node, ast.Starred | ast.Subscript | ast.Attribute):
            yield from self._texts(node.value)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            for part in (node.func.value, *node.args[1:]):
                yield from self._texts(part)
        elif isinstance(node, ast.Dict | ast.Tuple | ast.List):
            for part in node.values if isinstance(node, ast.Dict) else node.elts:
                yield from self._texts(part)
        elif isinstance(node, ast.Name) and node.id in self.named:
            given = self.named.pop(node.id)  # a name given in terms of itself is followed once
            for part in given:
                yield from self._texts(part)
            self.named[node.id] = given


def _named(tree: ast.Module) -> dict[str, list[ast.expr]]:
    """Return what each name of a file is given, by assignments, by loops over tables, and by defaults."""
    named: dict[str, list[ast.expr]] = {}

    def give(target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            named.setdefault(target.id, []).append(value)
        elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            for one, other in zip(target.elts, value.elts, strict=True):
                give(one, other)

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                give(target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            give(node.target, node.value)
        elif isinstance(node, ast.comprehension | ast.For) and isinstance(node.iter, ast.Tuple | ast.List):
            for row in node.iter.elts:
                give(node.target, row)
    return named


def fresh(tag: str, found: Collected) -> str:
    """Return a language's file with exactly the messages that are said, its header and its translations kept."""
    old = (HERE / tag / FILE).read_text(encoding="utf-8")
    head = old.partition("\n\n")[0]
    held = read_po(io.StringIO(old), locale=tag.replace("-", "_"))
    kept = {(m.context, m.id): m.string for m in [*held.obsolete.values(), *held] if m.id}
    made = Catalog(locale=tag.replace("-", "_"))
    for (context, text), places in sorted(
        found.places.items(), key=lambda item: (str(item[0][0] or ""), str(item[0][1]))
    ):
        string = kept.pop((context, text), "" if isinstance(text, str) else ())
        made.add(text, string, locations=[(place, 1) for place in sorted(places)], context=context)
    for (context, text), string in kept.items():
        if any(string):
            made.add(text, string, context=context)
            gone = made.get(text, context)
            made.delete(text, context)
            made.obsolete[text] = gone
    written = io.BytesIO()
    write_po(written, made, width=110, omit_header=True, sort_output=True, include_lineno=False)
    return head + "\n\n" + written.getvalue().decode()


def untranslated(text: str) -> list[str]:
    """Return the messages of a catalogue's text that have no translation yet."""
    held = (message for message in read_po(io.StringIO(text)) if message.id)
    return [str(m.id) for m in held if not all([m.string] if isinstance(m.string, str) else m.string)]


def main() -> None:
    """Write every catalogue anew, and say what is left to translate."""
    found = collect()
    for tag in tags():
        if tag != SOURCE:
            text = fresh(tag, found)
            (HERE / tag / FILE).write_text(text, encoding="utf-8")
            left = untranslated(text)
            sys.stdout.write("\n  ".join([f"{tag}: {len(left)} of {len(found.places)} to translate", *left]) + "\n")


if __name__ == "__main__":
    main()
