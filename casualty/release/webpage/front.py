"""The first page: figures with their ranges, how sure they are, the map, the tables, what is not told, and the package itself."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from casualty.release.formats.output import manifest_of
from casualty.release.package import Package
from casualty.release.report.maps import WIDTH
from casualty.release.report.tables import figure
from casualty.release.webpage.markup import (
    NOTHING,
    Markup,
    contents,
    element,
    items,
    joined,
    listed,
    own,
    section,
    table,
)

Document = Mapping[str, Any]
Lines = Sequence[Sequence[str]]

RANGES = ("Incidents", "Killed, low", "Killed, best", "Killed, high")
SPLIT = (
    "The last columns split the best number: how many of these people were killed in incidents that are verified, partly corroborated,"
    " or not corroborated. Only verified means that a stated standard of proof is met. No best: incidents without a best"
    " number; they add 0 to it."
)
MIXED = (
    "Best number of people killed in years that are over, in incidents of every status but refuted and drafts: verified, partly"
    " and not corroborated ones together. Do not quote them as verified."
)
SUPPRESSED = (
    "Where a cell reads suppressed, the number is kept back: it stands for so few people that they could be told apart, or it would"
    " give such a number away. It is not 0. Totals hold the suppressed numbers too. Lines of few people are told together."
)
LOW = "Low, best and high are what the sources bear out: not a margin of chance, and no estimate of deaths that nobody documented."
PARTS = (("Verified", "#16202c"), ("Partly corroborated", "#8296ad"), ("Not corroborated", "#ffffff"))
# Places of the columns in the tables over incidents.
LABEL, LOWEST, BEST, HIGHEST, FIRST_PART = 0, 2, 3, 4, 5
ON_SCREEN = (
    "Millimetres are of the map as the report prints it. How far each point may be from the true place tells the column"
    " uncertainty_m of data/04_records/incidents.csv. Land is drawn from rough outlines, and nothing is said of any border."
)
FILES = {
    "data/00_README.txt": "what is in the package, and what is not",
    "data/01_methodology.md": "how it was collected, evaluated, corroborated and checked",
    "data/02_codebook/codebook.md": "what every term and field means, for people",
    "data/02_codebook/fields.csv": "what every column means",
    "data/02_codebook/terms.csv": "what every term means",
    "data/04_records/incidents.csv": "incidents, one a row",
    "data/04_records/removed.csv": "codes of incidents taken back or merged",
    "data/04_records/sources.csv": "how many sources of each kind",
    "data/04_records/victim_names.csv": "names whose publication was decided",
    "data/05_geo/incidents.geojson": "incidents as points, where a point is told",
    "data/05_geo/package.gpkg": "the same for map programs (GeoPackage)",
    "data/07_tables/README.txt": "how the tables are to be read",
    "data/07_tables/by_status.csv": "everybody, by status of review",
    "data/07_tables/by_year.csv": "everybody, by year",
    "data/07_tables/groups_by_area.csv": "people killed, by identity group and area",
    "data/07_tables/sex_by_age.csv": "people killed, by sex and age",
    "data/07_tables/status_by_cause.csv": "people killed, by civil status and cause",
    "data/08_withheld.csv": "what is withheld, why, and who decides",
    "data/12_report.pdf": "the same for people who read on paper",
    "data/disclosure.json": "by which rules numbers are kept back and points moved",
    "manifest-sha256.txt": "SHA-256 of every file under data",
    "tagmanifest-sha256.txt": "SHA-256 of that list, and of the files that follow",
    "tagmanifest-sha256.txt.minisig": "the signature of it",
    "bag-info.txt": "what this package is, in labels",
    "bagit.txt": "that it is a bag (RFC 8493)",
    "verify.py": "the program that verifies it",
}


def page(package: Package, said: Document, names: int, files: Sequence[str]) -> Markup:
    """Return the body of the first page; `said` is the report's document, `files` those that can be downloaded."""
    parts = (
        _figures(said), _sure(said), _years(said), _maps(said), _published(said), _unknown(said), _withheld(said),
        _names(names), _downloads(package.folder, files), _release(package, "verify.py" in files),
    )  # fmt: skip
    return joined([contents(parts), *parts])


# Figures --------------------------------------------------------------------------------------------------------------


def _figures(said: Document) -> Markup:
    head, scope = said["headline"], said["scope"]
    low, best, high = (head[f"killed_{part}"] for part in ("low", "best", "high"))
    sure = head["verified"]
    tiles = [
        ("Incidents documented", head["incidents"], _span(scope["years"])),
        ("People killed, documented: best number", best, f"low {low}, high {high}; of every status of review"),
        ("Of these in verified incidents", sure["killed"][1],
         f"low {sure['killed'][0]}, high {sure['killed'][2]}; {sure['incidents']} incidents"),
    ]  # fmt: skip
    drawn = (
        element("div", element("dt", what), element("dd", element("span", number, class_="big"), more))
        for what, number, more in tiles
    )
    refuted = head["refuted"]
    notes = [
        LOW,
        f"Incidents without a best number: {head['without_best']}. Refuted incidents: {refuted['incidents']}, people killed, best"
        f" number: {refuted['best']}; they are kept, and are in the totals of every status.",
    ]
    return section(
        "figures",
        "In figures",
        element("dl", *drawn, class_="tiles"),
        *(element("p", note, class_="note") for note in notes),
    )


def _span(years: Sequence[str]) -> str:
    return " to ".join(dict.fromkeys(years)) or "years not told"


def _sure(said: Document) -> Markup:
    return section(
        "sure", "How far it is corroborated",
        element("p", "Each incident is told with where it stands in review. Those that are not verified are allegations that were"
                " recorded and not yet, or not wholly, borne out."),
        table("Incidents and people killed, by status of review", ["Status", *RANGES], said["judged"]),
    )  # fmt: skip


def _years(said: Document) -> Markup:
    drawn = [made for made in said["tables"] if made["name"] in ("year", "area", "type")]
    by_year: Lines = next((made["rows"] for made in drawn if made["name"] == "year"), [])
    return section(
        "when", "When, where, and how", _bars(by_year), element("p", SPLIT, class_="note"), *map(_over_incidents, drawn)
    )


def _over_incidents(made: Mapping[str, Any]) -> Markup:
    caption = f"{made['unit']}, {made['title'][0].lower()}{made['title'][1:]}"
    first = {"year": "Year", "area": "Area"}.get(made["name"], "Type")
    return table(caption, [first, *made["head"]], [*made["rows"], made["total"]], last=True)


def _bars(rows: Lines) -> Markup:
    """Return people killed by year as bars: the best number by how sure it is, a thin line from low to high."""
    most = max((_count(row[place]) for row in rows for place in (BEST, HIGHEST)), default=0)
    if not most:
        return NOTHING
    drawn = (
        element("li", element("span", row[LABEL]), _bar(row, most),
                element("span", f"{row[BEST]} ({row[LOWEST]} to {row[HIGHEST]})", class_="n"))
        for row in rows
    )  # fmt: skip
    key = [joined([_swatch(colour), word]) for word, colour in PARTS]
    return element(
        "figure", element("figcaption", "People killed, by year: best number (low to high)"), element("ul", *drawn, class_="years"),
        element("ul", *(element("li", part) for part in key), class_="key"),
        element("p", "The thin line runs from the low to the high number. A year with few documented cases may be one that few"
                " could document.", class_="note"),
    )  # fmt: skip


def _bar(row: Sequence[str], most: int) -> Markup:
    at, parts = 0.0, []
    for cell, (_, colour) in zip(row[FIRST_PART:], PARTS, strict=False):
        width = _count(cell) * 100 / most
        parts.append(f'<rect x="{at:.2f}" y="3" width="{width:.2f}" height="11" fill="{colour}" stroke="#16202c"'
                     ' stroke-width="1" vector-effect="non-scaling-stroke"/>')  # fmt: skip
        at += width
    low, high = sorted(_count(row[place]) * 100 / most for place in (LOWEST, HIGHEST))
    parts.append(f'<path d="M{low:.2f} 19H{high:.2f}M{low:.2f} 16.5V21.5M{high:.2f} 16.5V21.5" stroke="#16202c" fill="none"'
                 ' stroke-width="1.5" vector-effect="non-scaling-stroke"/>')  # fmt: skip
    return Markup(f'<svg viewBox="-0.5 0 101 24" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>')


def _swatch(colour: str) -> Markup:
    shape = f'<rect x="1" y="1" width="16" height="12" fill="{colour}" stroke="#16202c"/>'
    return Markup(f'<svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true">{shape}</svg>')


def _count(cell: str) -> int:
    return int(cell.replace(",", ""))


# Map and tables -------------------------------------------------------------------------------------------------------


def _maps(said: Document) -> Markup:
    if not said["maps"]:
        return section("map", "Map", element("p", "No incident of this release has a point that may be shown."))
    return section("map", "Map", *map(_map, said["maps"]))


def _map(drawn: Mapping[str, Any]) -> Markup:
    """Return a map of the report as a picture of the page: drawn by this program, so it is HTML already."""
    keys = [joined([_hidden(one["picture"]), one["said"]]) for one in (*drawn["forms"], *drawn["sizes"])]
    return element(
        "figure", element("figcaption", drawn["title"]),
        element("div", Markup(drawn["picture"]), class_="map", role="img", aria_label=drawn["alt"]), _scale(drawn["scale"]),
        element("ul", *(element("li", key) for key in keys), class_="key"), listed([*drawn["notes"], ON_SCREEN]),
    )  # fmt: skip


def _hidden(picture: str) -> Markup:
    return Markup(picture.replace("<svg ", '<svg aria-hidden="true" ', 1))


def _scale(scale: Mapping[str, Any]) -> Markup:
    line = f'<path d="M.5 .5v3H{scale["width"]}v-3" fill="none" stroke="#16202c" stroke-width=".5"/>'
    drawn = Markup(f'<svg viewBox="0 0 {WIDTH:g} 4" aria-hidden="true">{line}</svg>')
    return element("div", drawn, element("p", f"The bar is {scale['said']} long.", class_="note"), class_="bar")


def _published(said: Document) -> Markup:
    """Return the package's own tables of people, cell by cell as it publishes them; those by year stand above already."""
    made = [one for one in said["published"] if "in tables" not in one["head"]]
    if not made:
        return NOTHING
    return section("people", "Who was killed", element("p", MIXED), element("p", SUPPRESSED), *map(_of_people, made))


def _of_people(made: Mapping[str, Any]) -> Markup:
    first, *others = made["head"]
    caption = f"{made['title']} (verified and not)"
    last = made["rows"][-1][0] == "total"
    return table(caption, [first.capitalize(), *others], made["rows"], words=made["words"], last=last)


# What is not told -----------------------------------------------------------------------------------------------------


def _unknown(said: Document) -> Markup:
    if not said["missing"]:
        return NOTHING
    return section(
        "unknown",
        "What is not known, or not told",
        table("Incidents of which it is so", ["What", "Incidents"], said["missing"]),
    )


def _withheld(said: Document) -> Markup:
    rows = [[category, why, who, count] for category, count, why, who in said["withheld"]]
    removed = said["removed"]
    return section(
        "withheld", "What is withheld, and why",
        element("p", "A public release tells less than is recorded, so that nobody comes to harm by it. Do not try to find out who or"
                " where: it could cost lives."),
        table("Rows or fields withheld, by reason", ["Reason", "Why", "Who decides", "Rows or fields"], rows, words=3),
        element("p", f"Taken back: {removed['withdrawn']} incidents; merged into another as duplicates: {removed['merged']}.",
                class_="note"),
    )  # fmt: skip


def _names(names: int) -> Markup:
    if not names:
        told: Markup = element("p", "No name is published in this release. A name is published only where that was decided for this"
                               " person, and the incident was reviewed.")  # fmt: skip
    else:
        told = element("p", f"Names published: {figure(names)}. Each of them was decided for this person. ",
                       element("a", "The names", href="names.html"))  # fmt: skip
    return section("names", "Names", told)


# The package ----------------------------------------------------------------------------------------------------------


def _downloads(folder: Path, files: Sequence[str]) -> Markup:
    rows = [
        [
            element("a", path, href=path),
            FILES.get(path, ""),
            figure((folder / path).stat().st_size),
        ]
        for path in files
    ]
    return section(
        "download", "Download",
        element("p", "Every file of this release, byte for byte as it was signed."),
        table("Files", ["File", "What it is", "Bytes"], rows, words=2),
    )  # fmt: skip


def _release(package: Package, whole: bool) -> Markup:
    info = package.info
    told: list[tuple[str, ...]] = [
        ("Release", info.get("External-Identifier", "")),
        ("Day of the record", info.get("Bagging-Date", "")),
        ("From", own(info.get("Source-Organization", ""))),
        ("Basis", own(info.get("Basis", ""))),
        ("Manifest, SHA-256", element("span", manifest_of(package), class_="hash")),
        ("Signing key", element("span", info.get("Signing-Key", ""), class_="hash")),
    ]
    if "Follows" in info:
        told.insert(
            2, ("Corrects", joined(["the release of manifest ", element("span", info["Follows"], class_="hash")]))
        )
    key = info.get("Signing-Key", "")
    with_program = _with_program(key) if whole else NOTHING
    return section("release", "This release, and how to verify it", items(told), with_program, *_without_program(key))


def _with_program(key: str) -> Markup:
    """Return how to verify the whole package with the program that lies in it."""
    return joined([
        element("p", "Put all files of the list above into a folder of their own, in their folders, and run there (Python 3.8 or later,"
                " nothing else):"),
        _commands(f"python3 verify.py --key {key}"),
        element("p", "Or, without that program:"),
    ])  # fmt: skip


def _without_program(key: str) -> Iterator[Markup]:
    """Yield how anybody can verify the files, here or as they were downloaded, with two programs that everybody can have."""
    yield _commands(
        f"minisign -Vm tagmanifest-sha256.txt -P {key}",
        "grep ' manifest-sha256.txt' tagmanifest-sha256.txt | sha256sum -c",
        "sha256sum -c manifest-sha256.txt",
    )
    yield element("p", "The first shows that the key signed this release, the second and third that no file was changed since. That the"
                  " key is the sender's own this page cannot show: ask for it by another way.")  # fmt: skip


def _commands(*commands: str) -> Markup:
    return element("pre", element("code", Markup("\n".join(element("span", command) for command in commands))))
