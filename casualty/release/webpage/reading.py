"""The other pages: how the figures came about, how to report an error and what was corrected, and the names that are published."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from casualty.release.package import Package
from casualty.release.webpage import log
from casualty.release.webpage.log import Step
from casualty.release.webpage.markup import (
    NOTHING,
    Markup,
    element,
    items,
    joined,
    lines,
    listed,
    own,
    section,
    table,
    text,
)
from casualty.vocabulary import IncidentStatus

LEGEND, RECKONING = "data/07_tables/README.txt", "data/disclosure.json"
MOST = 500
NO_REASON = "not told"

ASKED = (
    "The code of the incident, such as it stands in the list of incidents; or when and where it happened.",
    "What is wrong, and what is right as far as you know it.",
    "How you know, or who else could tell. You need not say who you are.",
)
CARE = (
    "Do not send names of people, or where somebody can be found, by a way that others can read. If a name that is published is yours, or"
    " that of somebody of your family, you may ask that it be taken out; no reason is needed."
)
THEN = (
    "What you ask for is recorded, with the day, and a reviewer answers it: accepted, accepted in part, or declined, each with reasons.",
    "An answer never tells who asked.",
    "What is corrected stands in the next release, and in the log below. A release that is out is never changed: who holds an earlier"
    " one can see what differs.",
)
OF_THE_LOG = (
    "From what to what, when, and why, where the reason may be told. Nobody is named who asked or corrected. Incidents of which less"
    " is told than before are counted and not listed, so that nobody is led to what was taken out; so are changes of texts, points"
    " and sources."
)


def method(package: Package, said: Mapping[str, Any]) -> Markup:
    """Return the page of how it was made: the package's own account, how people are protected, how to read the tables."""
    return joined([*map(_part, said["method"]), _protection(package), _legend(package)])


def _part(part: Mapping[str, Any]) -> Markup:
    if part["kind"] == "heading":
        return element("h2", _runs(part["text"]))
    if part["kind"] == "list":
        return listed(_runs(item) for item in part["items"])
    return element("p", _runs(part["text"]), dir="auto")


def _runs(runs: Sequence[Mapping[str, Any]]) -> Markup:
    return joined(element("code", run["text"]) if run["term"] else text(run["text"]) for run in runs)


def _protection(package: Package) -> Markup:
    file = package.folder / RECKONING
    if not file.is_file():
        return NOTHING
    told = json.loads(file.read_text(encoding="utf-8"))
    points = {"masked": "moved", "area": "told by the area alone", "withheld": "withheld"}
    return section(
        "protection", "How people are protected",
        element("p", told["statement"]),
        items([
            ("Smallest number", f"A number of fewer than {told['threshold']} people in a table is suppressed, with others that would"
             " give it away."),
            ("Points", "; ".join(f"{points.get(name, name)}: {number:,}" for name, number in sorted(told["points"].items()))),
        ]),
    )  # fmt: skip


def _legend(package: Package) -> Markup:
    file = package.folder / LEGEND
    if not file.is_file():
        return NOTHING
    title, *told = file.read_text(encoding="utf-8").splitlines()
    return section("legend", "How the tables are to be read", element("p", title.capitalize()), *_blocks(told))


def _blocks(told: Sequence[str]) -> Iterator[Markup]:
    """Yield the blocks of a text in columns: terms with what they mean, or a paragraph."""
    for block in filter(str.strip, "\n".join(told).split("\n\n")):
        terms: list[list[str]] = []
        for line in block.strip("\n").splitlines():
            head, _, rest = line.partition("  ")
            if head and rest:
                terms.append([head, rest.strip()])
            elif terms:
                terms[-1][1] += f" {line.strip()}"
        yield items(terms) if terms else element("p", block)


def corrections(package: Package, address: str, steps: Sequence[Step], removed: Sequence[Mapping[str, str]]) -> Markup:
    """Return the page of corrections: how to report an error, what then happens, what was corrected, what was taken out."""
    house = own(package.info.get("Source-Organization", ""))
    where = lines("p", address) or element(
        "p", "This page names no address. Write to those who publish it: ", house, "."
    )
    return joined([
        section("report", "How to report an error", element("div", where, class_="caveat"),
                element("p", "What helps:"), listed(ASKED), element("p", CARE)),
        section("then", "What happens then", listed(THEN, "ol")),
        section("log", "What was corrected", element("p", OF_THE_LOG), *(map(_step, steps) if steps else (_first(package),))),
        _removed(removed),
    ])  # fmt: skip


def _first(package: Package) -> Markup:
    follows = package.info.get("Follows")
    if follows is None:
        return element("p", "This page compares this release with no earlier one: there is nothing in the log.")
    return element("p", f"This release corrects the one of manifest {follows}; this page does not compare the two.")


def _step(step: Step) -> Markup:
    changed, removed, added = (step.of(kind) for kind in ("changed", "removed", "added"))
    parts = [
        element("h3", f"Release of {step.later.info.get('Bagging-Date', '')}"),
        element("p", f"{log.name(step.later)}; compared with {log.name(step.earlier)}."),
        table("Totals", ["What", "Before", "After"], step.totals),
        element("p", f"Incidents corrected, as listed: {len({entry.code for entry in changed}):,}. No longer told: {len(removed):,}."
                f" New: {len(added):,}. Told less closely than before, and not listed: {step.less:,}."),
    ]  # fmt: skip
    if step.counted:
        rows = [[what, f"{number:,}"] for what, number in sorted(step.counted.items())]
        parts.append(table("Changed in so many incidents, without a list", ["What", "Incidents"], rows))
    if changed:
        rows = [[_code(e.code), e.what, e.before, e.after, e.reason or NO_REASON] for e in changed[:MOST]]
        parts.append(table("Corrected", ["Incident", "What", "From", "To", "Why"], rows, words=5))
    if removed:
        rows = [[_code(e.code), e.after, e.reason or NO_REASON] for e in removed[:MOST]]
        parts.append(table("No longer told", ["Incident", "What became of it", "Why"], rows, words=3))
    if added:
        codes = [_code(entry.code) for entry in added[:MOST]]
        parts.append(
            element("p", "New incidents: ", *(joined([", " if at else "", code]) for at, code in enumerate(codes)), ".")
        )
    if max(map(len, (changed, removed, added))) > MOST:
        parts.append(element("p", f"Of each kind the first {MOST:,} lines are shown; all stand in corrections.csv."))
    parts.append(element("p", element("a", "The log as a table: corrections.csv", href="corrections.csv")))
    return joined(parts)


def _code(code: str) -> Markup:
    return element("span", code, class_="code")


def _removed(rows: Sequence[Mapping[str, str]]) -> Markup:
    if not rows:
        return NOTHING
    drawn = [
        [_code(row["incident_code"]), _gone(row["incident_status"]), row.get("merged_into", "")] for row in rows[:MOST]
    ]
    more = f" The first {MOST:,} are shown; all stand in data/04_records/removed.csv." if len(rows) > MOST else ""
    return section(
        "removed", "Taken out of the record",
        element("p", f"Codes under which nothing is told any more, in any release so far: {len(rows):,}.{more}"),
        table("Taken out", ["Incident", "What became of it", "Told under"], drawn, words=3),
    )  # fmt: skip


def names(rows: Sequence[Mapping[str, str]]) -> Markup:
    """Return the page of names: exactly those that the package publishes, each with its incident."""
    drawn = [
        [own(row["name"], row.get("language", "")), _code(row["incident_code"]), _label(row["incident_status"])]
        for row in rows
    ]
    return joined([
        element("p", "Each of these names is published because that was decided for this person, and the incident was reviewed. They are"
                " those of some victims, not of all."),
        table("Names", ["Name", "Incident", "Status of the incident"], drawn, words=3),
    ])  # fmt: skip


def _gone(status: str) -> str:
    return "The same incident as another" if status == IncidentStatus.DUPLICATE else "Taken back"


def _label(status: str) -> str:
    return next((term.label for term in IncidentStatus if term.value == status), status)
