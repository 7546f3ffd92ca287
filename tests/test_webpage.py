"""The public page of a release, read from its files: what it says, what it never says, and that nothing in it runs or calls out.

Holds R01, R06, R11, R19, R60, R64, R67, R71, R80, R85 and R88 for the page.
"""

import csv
import html
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from filled import CANARIES, Filled, Filler, fill
from hypothesis import given
from hypothesis import strategies as st
from test_release import contents

from casualty import release
from casualty.access import Acting
from casualty.release import webpage
from casualty.release.formats.output import manifest_of
from casualty.release.package import Package
from casualty.release.webpage import front
from casualty.release.webpage.markup import element, own, table
from casualty.review import merging
from casualty.schema import ConsentFields
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Tier

HOSTILE = "<script>alert('x')</script> & \"two\" أمينة"
LONG = "Llanfair" * 20
ADDRESS = f"Write to corrections@example.org\n{HOSTILE}\nاتصل بنا على الرقم"
WHY = f"Two lists were one {HOSTILE}"
VOID = {"meta", "link"}
CSP = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'"


@dataclass
class Published:
    """Two public packages of one record, what was done between them, and the page of the later one."""

    first: Path
    second: Path
    page: Path
    codes: dict[str, str]
    filled: Filled

    def text(self, name: str = "index.html") -> str:
        return (self.page / name).read_text(encoding="utf-8")


def publish(folder: Path) -> Published:
    """Record, release, correct, release again, and write the page of the second release with the log since the first."""
    store = Store.create(folder / "record.db", name=f"Record {HOSTILE}")
    by, second = store.local("Canaryrecorder"), store.local("Canaryreviewer")
    filled = _record(store, by, second)
    first = public(store, by, folder / "first")
    codes = _codes(store, first, filled)
    _correct(store, by, second, filled)
    later = public(store, by, folder / "second")
    store.close()
    reasons = folder / "reasons.csv"
    reasons.write_text(f'code,reason\n{codes["A"]},"{WHY.replace(chr(34), chr(34) * 2)}"\n', encoding="utf-8")
    webpage.write(later, folder / "page", corrections_to=ADDRESS, since=[first], reasons=reasons)
    return Published(first, later, folder / "page", codes, filled)


def public(store: Store, by: Acting, out: Path) -> Path:
    return release.build(store, out, tier=Tier.PUBLIC, recipient="Public", basis=f"Policy {HOSTILE}", by=by).path


def _record(store: Store, by: Acting, second: Acting) -> Filled:
    """Fill the record; add incidents that will be corrected, each known afterwards by its number of people killed; N has names."""
    filler = Filler(store, by, second)
    filler.made = fill(store, by, second)
    place = {
        "admin1": f"North {LONG}",
        "country": "Example",
        "pcode": None,
        "boundary_set": None,
        "lat": None,
        "lon": None,
    }
    named = [{"harm": "killed", "names": [{"name": f"Amina {HOSTILE}", "language": "ar"}]},
             {"harm": "killed", "names": [{"name": "Unasked Person"}]}]  # fmt: skip
    two = (filler.claim(origin_id=filler.made.ids["origin"]), filler.claim("letter"))
    for letter, killed in zip("ABCDEN", (101, 102, 103, 104, 105, 108), strict=True):
        filler.incident(letter, *two, killed_best=killed, **place, **({"victims": named} if letter == "N" else {}))
    filler.review("N", IncidentStatus.IN_REVIEW, IncidentStatus.VERIFIED)
    victims = store.current("incident", filler.made.ids["N"])["victim_name"]
    agreed = next(row["victim_id"] for row in victims if row["name"].startswith("Amina"))
    filler.put("publish", "consent", ConsentFields(victim_id=agreed, purpose="publish_individual", value="given"))
    return filler.made


def _codes(store: Store, package: Path, filled: Filled) -> dict[str, str]:
    by_number = {row["killed_best"]: row["code"] for row in Package.at(package).rows("incident")}
    return {letter: by_number[str(100 + at)] for at, letter in enumerate("ABCDE", start=1)}


def _correct(store: Store, by: Acting, second: Acting, filled: Filled) -> None:
    """A: another figure. B: another area. C: severe from now on. D: taken back. E: the same as A. And a new one, F."""
    for letter, fields in {"A": {"killed_best": 111}, "B": {"admin1": "South"}, "C": {"sensitivity": "severe"}}.items():
        draft, version = store.draft(filled.ids[letter])
        for name, value in fields.items():
            setattr(draft, name, value)
        store.amend("incident", filled.ids[letter], draft, expected=version, by=by, reason="Canaryreason why")
    store.withdraw("incident", filled.ids["D"], by, "Canaryreason of D")
    merging.merge(store, filled.codes["E"], filled.codes["A"], "Canaryreason of E", second)
    filler = Filler(store, by, second)
    filler.made = filled
    filler.incident("F", killed_best=106)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Nobody changes it."""
    return publish(tmp_path_factory.mktemp("published"))


# Reading a page -------------------------------------------------------------------------------------------------------


class Seen(HTMLParser):
    """A page as a reader takes it: elements with their attributes, well nested, and the text outside of them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def pages(published: Published) -> Iterator[tuple[str, Seen]]:
    for path in sorted(published.page.glob("*.html")):
        yield path.name, Seen(path.read_text(encoding="utf-8"))


def cells(text: str, caption: str) -> list[list[str]]:
    """Return the cells of the tables whose caption holds these words, by reading the source itself."""
    found = [
        made
        for made in re.findall(r"<table>.*?</table>", text, re.DOTALL)
        if caption in made.partition("</caption>")[0]
    ]
    rows = [row for made in found for row in re.findall(r"<tr[^>]*>(.*?)</tr>", made.partition("<tbody>")[2])]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


# What it is -----------------------------------------------------------------------------------------------------------


def test_it_is_pages_a_style_and_the_files_of_the_package(published: Published) -> None:
    """R19, R85: four pages, their style, the log, and every file of the package as it was signed."""
    made, package = contents(published.page), contents(published.second)
    assert {path: made[path] for path in package} == package
    own = {"index.html", "method.html", "corrections.html", "names.html", "style.css", "corrections.csv"}
    assert made.keys() - package.keys() == own
    assert (published.page.stat().st_mode & 0o777) == 0o755


def test_anybody_can_verify_what_it_offers(published: Published, tmp_path: Path) -> None:
    """R85: by the commands that the page itself shows, on the files that it lists; a changed file is found."""
    text = published.text()
    for row in cells(text, "Files"):
        place = tmp_path / row[0]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((published.page / row[0]).read_bytes())
        assert row[2] == f"{place.stat().st_size:,}"
    shown = [html.unescape(re.sub("<[^>]+>", "", block)) for block in re.findall("<pre>.*?</pre>", text, re.DOTALL)]
    commands = [line for block in shown for line in block.splitlines()]
    assert [line.split()[0] for line in commands] == ["python3", "minisign", "grep", "sha256sum"]
    here = [line for line in commands if shutil.which(line.split()[0])]
    assert len(here) >= 3

    def done(command: str) -> int:
        return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=tmp_path, capture_output=True).returncode

    assert [done(command) for command in here] == [0] * len(here)
    with (tmp_path / "data/04_records/incidents.csv").open("a", encoding="utf-8") as file:
        file.write("x")
    assert [line.split()[0] for line in here if done(line)] == ["python3", "sha256sum"]


def test_it_says_which_release_it_is(published: Published) -> None:
    """R85, R86: number, day, hash of the manifest, key."""
    info, told = Package.at(published.second).info, Seen(published.text()).text
    for words in (
        manifest_of(Package.at(published.second)),
        info["Signing-Key"],
        info["External-Identifier"],
        info["Bagging-Date"],
    ):
        assert words in told


def test_labels_that_name_an_account_are_not_published(published: Published, tmp_path: Path) -> None:
    """R60: of a package that names who asked for it the labels stay out, and with them what cannot do without."""
    named = Package(published.second, Package.at(published.second).info | {"Asked-By": "somebody"})
    files = webpage._copied(named, tmp_path)
    assert sorted(files) == sorted(contents(tmp_path))
    assert set(contents(published.second)) - set(files) == set(webpage.WHOLE)
    page = front._release(named, whole=False)
    assert ("verify.py" in page, "sha256sum -c manifest-sha256.txt" in page) == (False, True)


def test_the_same_packages_give_the_same_bytes(published: Published, tmp_path: Path) -> None:
    """R85: under another name, at another time."""
    reasons = published.page.parent / "reasons.csv"
    webpage.write(
        published.second, tmp_path / "again", corrections_to=ADDRESS, since=[published.first], reasons=reasons
    )
    assert contents(tmp_path / "again") == contents(published.page)


def test_nothing_runs_and_nothing_calls_out(published: Published) -> None:
    """R80: no script, no frame, no handler, no address of a host, no form, no picture from elsewhere; a policy that forbids them."""
    for name, seen in pages(published):
        kinds = {kind for kind, _ in seen.elements}
        assert not kinds & {
            "script",
            "iframe",
            "object",
            "embed",
            "form",
            "img",
            "image",
            "use",
            "style",
            "base",
            "video",
        }, name
        policies = [
            held["content"] for kind, held in seen.elements if held.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policies == [CSP]
        for kind, held in seen.elements:
            assert not [key for key in held if key.startswith("on") or key == "style"], (name, kind)
            assert not [value for key, value in held.items() if "//" in value and key != "xmlns"], (name, kind)
    style = published.text("style.css")
    assert not re.search(r"url\(|@import|//|expression", style)


def test_every_link_leads_to_something_in_the_folder(published: Published) -> None:
    """R80: no address leaves the folder, each file and each heading is there."""
    for name, seen in pages(published):
        ids = {held["id"] for _, held in seen.elements if "id" in held}
        links = [held[key] for _, held in seen.elements for key in ("href", "src") if key in held]
        assert links
        for link in links:
            file, _, anchor = link.partition("#")
            assert not re.match(r"[a-z]+:|/|\.\.", file), link
            assert (published.page / (unquote(file) or name)).is_file(), link
            assert not anchor or anchor in ids, link


def test_it_can_be_read_by_ear(published: Published) -> None:
    """R80: language, title, one first heading, captions, scopes, headings in order, every picture told or hidden."""
    for name, seen in pages(published):
        kinds = [kind for kind, _ in seen.elements]
        assert dict(seen.elements)["html"]["lang"] == "en"
        assert (kinds.count("title"), kinds.count("h1"), kinds.count("main")) == (1, 1, 1), name
        assert kinds.count("table") == kinds.count("caption") == kinds.count("thead")
        assert all(held.get("scope") in ("row", "col") for kind, held in seen.elements if kind == "th")
        ids = [held["id"] for _, held in seen.elements if "id" in held]
        assert len(ids) == len(set(ids))


# What it says ---------------------------------------------------------------------------------------------------------


def test_it_says_documented_and_not_all(published: Published) -> None:
    """R49: on every page, above everything else and at its end."""
    for name, seen in pages(published):
        assert seen.text.count("These are documented cases, not all deaths.") >= 2, name


def test_the_figures_are_those_of_the_rows(published: Published) -> None:
    """R06, R11: totals, statuses and years, counted again from the file of incidents."""
    rows = list(Package.at(published.second).rows("incident"))
    sums = {part: sum(int(row[f"killed_{part}"] or 0) for row in rows) for part in ("low", "best", "high")}
    told = Seen(published.text()).text
    assert f"Incidents documented {len(rows)} " in told
    assert f"best number {sums['best']} low {sums['low']}, high {sums['high']}; of every status of review" in told
    (total,) = [row for row in cells(published.text(), "by year of the first day") if row[0] == "All"]
    assert total[1:5] == [str(len(rows)), *map(str, sums.values())]
    sure = [row for row in rows if row["status"] == "verified"]
    judged = {row[0]: row[1:] for row in cells(published.text(), "by status of review")}
    assert judged["Verified: a stated standard of proof is met"][0] == str(len(sure))
    assert sum(int(row[0]) for row in judged.values()) == len(rows)
    assert int(total[5]) + int(total[6]) + int(total[7]) == sums["best"]


def test_every_published_table_is_shown_cell_by_cell(published: Published) -> None:
    """R67: as the package has it, suppressed as suppressed, and said to be verified and not."""
    text = published.text()
    for name in ("groups_by_area", "sex_by_age", "status_by_cause"):
        with (published.second / f"data/07_tables/{name}.csv").open(encoding="utf-8", newline="") as file:
            stated = [row["killed"] for row in csv.DictReader(file)]
        title = {"groups_by_area": "by identity group and area", "sex_by_age": "by sex and age",
                 "status_by_cause": "by civil status and cause"}[name]  # fmt: skip
        shown = [cell for row in cells(text, title) for cell in row[1:]]
        assert sorted(shown) == sorted(f"{int(cell):,}" if cell.isdigit() else cell for cell in stated), name
        assert all(
            "(verified and not)" in made for made in re.findall(rf"<caption[^>]*>[^<]*<span>[^<]*{title}[^<]*", text)
        )


def test_suppressed_is_shown_and_explained() -> None:
    """R67: as a word, marked apart, with what it means beside it; a number is never in its place."""
    made = {
        "title": "T",
        "head": ["area", "x", "total"],
        "rows": [["A", "suppressed", "12"], ["total", "10", "22"]],
        "words": 1,
    }
    shown = front._published({"published": [made]})
    assert '<td class="n kept">suppressed</td>' in shown
    assert "It is not 0." in shown
    assert '<tr class="total"><th scope="row" dir="auto">total</th>' in shown


def test_the_method_is_told_whole(published: Published) -> None:
    """R01: every word of the methodology, and how people are protected."""
    told = Seen(published.text("method.html")).text
    methodology = (published.second / "data/01_methodology.md").read_text(encoding="utf-8")
    words = re.findall(r"[A-Za-z]{3,}", methodology.replace("#", " "))[1:]
    assert [word for word in words if word not in told] == []
    statement = json.loads((published.second / "data/disclosure.json").read_text(encoding="utf-8"))["statement"]
    assert statement in told
    assert "fewer than 10 people" in told


def test_what_is_withheld_is_listed_with_its_reason(published: Published) -> None:
    """R06: every reason of the package's list, why, and who decides."""
    with (published.second / "data/08_withheld.csv").open(encoding="utf-8", newline="") as file:
        stated = {(row["category"], row["why"], row["who_decides"]) for row in csv.DictReader(file)}
    assert {tuple(row[:3]) for row in cells(published.text(), "Rows or fields withheld")} == stated
    assert {"severe", "tier", "withdrawn", "merged"} <= {row[0] for row in stated}


def test_only_names_that_the_package_has_are_named(published: Published) -> None:
    """R64, R71: the one that was decided, in its language and direction; nobody else; without any, there is no such page."""
    names = published.text("names.html")
    assert names.count('<bdi lang="ar">Amina &lt;script&gt;') == 1
    assert len(cells(names, "Names")) == 1
    for path in published.page.rglob("*.html"):
        assert "Unasked" not in path.read_text(encoding="utf-8")


def test_what_is_withheld_is_on_no_page(published: Published) -> None:
    """R41, R60: not one canary of the record, of its reasons, or of who did what."""
    words = (*CANARIES, "Canaryrecorder", "Canaryreviewer", "Пример")
    for path, data in contents(published.page).items():
        if path.endswith((".html", ".csv", ".css", ".txt", ".md")) and not path.startswith("data/02_codebook"):
            told = data.decode("utf-8").casefold()
            assert [word for word in words if word.casefold() in told] == [], path


def test_texts_are_never_markup(published: Published) -> None:
    """R80: brackets, quotes and ampersands of the record are letters, wherever they stand; no mark turns the line."""
    for name, seen in pages(published):
        source = published.text(name)
        assert "<script" not in source
        assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &quot;two&quot; أمينة" in source, name
        assert "<script>alert('x')</script> & \"two\" أمينة" in seen.text
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", source)
    assert LONG in published.text()


@given(st.text())
def test_no_text_makes_an_element(words: str) -> None:
    """R80: whatever is typed, as text, cell, caption or attribute, is one text in one element."""
    drawn = table(words, [words, words], [[words, words]])
    seen = Seen(element("div", words, own(words, words), drawn, title=words))
    assert {kind for kind, _ in seen.elements} == {
        "div",
        "bdi",
        "table",
        "caption",
        "span",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert {key for _, held in seen.elements for key in held} <= {
        "title", "lang", "class", "role", "tabindex", "aria-label", "dir", "scope"}  # fmt: skip
