"""HTML put together from elements: whatever is not an element already is a text, and is escaped."""

import html
import re
from collections.abc import Iterable, Sequence

from casualty.patterns.plainly import clean

# A column's title of more letters needs room to wrap.
LONG = 18
_TITLE = re.compile('<h2 id="(?P<key>[^"]*)">(?P<title>.*?)</h2>')
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Markup(str):
    """A text that is HTML, and safe."""


NOTHING = Markup("")


def text(words: object) -> Markup:
    """Return a text of the record as HTML: on one line, turning nothing beside it, and never markup."""
    return Markup(html.escape(clean(words)))


def joined(parts: Iterable[str]) -> Markup:
    """Return elements and texts in a row."""
    return Markup("".join(part if isinstance(part, Markup) else text(part) for part in parts))


def element(name: str, *inner: str, **attributes: str) -> Markup:
    """Return an element; of an attribute's name a last underscore falls away, and the others are hyphens."""
    stated = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(clean(value))}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{stated}>{joined(inner)}</{name}>")


def own(words: object, language: str = "") -> Markup:
    """Return words of the record within a sentence: in their own direction, and in their language where it is told."""
    told = {"lang": language} if _LANGUAGE.fullmatch(language) else {}
    return element("bdi", str(words), **told)


def lines(name: str, words: str) -> Markup:
    """Return what somebody wrote in several lines as so many elements, each in its own direction."""
    return joined(element(name, line, dir="auto") for line in words.splitlines() if line.strip())


def section(key: str, title: str, *inner: str) -> Markup:
    """Return a part of a page under its heading."""
    return element("section", element("h2", title, id=key), *inner, aria_labelledby=key)


def contents(sections: Iterable[Markup]) -> Markup:
    """Return the list of a page's sections, each leading to it."""
    found = (_TITLE.search(part) for part in sections)
    links = [element("a", Markup(told["title"]), href=f"#{told['key']}") for told in found if told]
    return element("nav", listed(links), class_="contents", aria_label="On this page")


def items(rows: Iterable[Sequence[str]]) -> Markup:
    """Return pairs of a term and what is told of it."""
    return element("dl", *(element("div", element("dt", term), element("dd", *told)) for term, *told in rows))


def listed(rows: Iterable[str], name: str = "ul") -> Markup:
    """Return a list."""
    return element(name, *(element("li", row) for row in rows))


def table(
    caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1, last: bool = False
) -> Markup:
    """Return a table whose first `words` columns are words, the rest numbers; `last`: its last row is the total.

    It stands in a region of its own, which a narrow screen can move sideways with the keyboard too.
    """
    body = list(rows)
    titles = [_head(title, at >= words) for at, title in enumerate(head)]
    drawn = [_row(row, words, "total" if last and at == len(body) - 1 else "") for at, row in enumerate(body)]
    made = element(
        "table",
        element("caption", element("span", caption), dir="auto"),
        element("thead", element("tr", *titles)),
        element("tbody", *drawn),
    )
    return element("div", made, class_="wide", role="region", tabindex="0", aria_label=caption)


def _head(title: str, number: bool) -> Markup:
    kinds = [*(["n"] if number else []), *(["long"] if len(title) > LONG else [])]
    return element("th", title, scope="col", dir="auto", **({"class_": " ".join(kinds)} if kinds else {}))


def _row(cells: Sequence[str], words: int, kind: str) -> Markup:
    first, *others = cells
    drawn = [element("th", first, scope="row", dir="auto")]
    for at, cell in enumerate(others, start=1):
        drawn.append(element("td", cell, dir="auto") if at < words else _number(cell))
    return element("tr", *drawn, **({"class_": kind} if kind else {}))


def _number(cell: str) -> Markup:
    return element("td", cell, class_="n kept" if cell == "suppressed" else "n")
