"""What the charts of a page say: their titles and tables, and what is drawn, read back from the page as it was sent."""

import base64
import re
from xml.etree import ElementTree

from paged import html
from streamlit.testing.v1 import AppTest

NAMESPACE = "{http://www.w3.org/2000/svg}"
Cells = list[list[str]]


def plain(text: str) -> str:
    """A piece of HTML without its tags and the signs that keep texts apart."""
    bare = re.sub(r"<[^>]+>", "", text)
    for sign in "\u2066\u2067\u2068\u2069\u202f":
        bare = bare.replace(sign, "")
    return " ".join(bare.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").split())


def rows(table: str) -> Cells:
    """The cells of a table, its heads first."""
    return [[plain(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)] for row in
            re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)]  # fmt: skip


def figures(test: AppTest) -> dict[str, Cells]:
    """The tables of a page's charts by their titles."""
    found = re.findall(r"<figure.*?<figcaption>(.*?)</figcaption>(.*?)</figure>", html(test), re.DOTALL)
    assert len({title for title, _ in found}) == len(found)
    return {plain(title): rows(body) for title, body in found}


def tables(test: AppTest) -> list[Cells]:
    """The tables of a page outside its charts."""
    bare = re.sub(r"<figure.*?</figure>", "", html(test), flags=re.DOTALL)
    return [rows(table) for table in re.findall(r"<table>.*?</table>", bare, re.DOTALL)]


def pictures(body: str) -> dict[str, ElementTree.Element]:
    """The drawings within a figure by the page they are for: wide and narrow."""
    found = re.findall(r'<img class="(\w+)"[^>]*src="data:image/svg\+xml;base64,([^"]+)"', body)
    return {name: ElementTree.fromstring(base64.b64decode(data)) for name, data in found}


def boxes(drawn: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    """The bars of a drawing: x, y, width and height, without the paper and the fills."""
    held = drawn.findall(f"{NAMESPACE}rect")[1:]
    return [
        (float(r.get("x", 0)), float(r.get("y", 0)), float(r.get("width", 0)), float(r.get("height", 0))) for r in held
    ]


def said(drawn: ElementTree.Element) -> str:
    """All that is written in a drawing."""
    return plain(" ".join("".join(text.itertext()) for text in drawn.iter(f"{NAMESPACE}text")))
