"""The public page of a release: a folder of plain HTML made from a finished public package and nothing else.

Figures, map, method, what is withheld and why, the log of corrections, and how to report an error (R01, R06, R11, R19). No
script, no request to anybody, no address of another host: who reads it is known to nobody. Texts of the record are never markup.
"""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import Any

from casualty.errors import Refused, UsageFault
from casualty.release.formats.output import Output, manifest_of, placed
from casualty.release.package import Package
from casualty.release.report import document, known
from casualty.release.webpage import front, log, reading
from casualty.release.webpage.log import Step
from casualty.release.webpage.markup import NOTHING, Markup, element, listed, own, text
from casualty.vocabulary import Tier

__all__ = ["Written", "write"]

# By which anybody can check the files under data/, and what makes them a package that its own program verifies.
PROOFS = ("manifest-sha256.txt", "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.minisig")
WHOLE = ("bag-info.txt", "bagit.txt", "verify.py")
# A package whose labels name the account that asked for it: the labels stay out, and with them what needs them.
NAMES_SOMEBODY = "Asked-By"
PAGES = {
    "index.html": "Figures", "method.html": "Method", "corrections.html": "Corrections and errors", "names.html": "Names",
}  # fmt: skip
READABLE = 0o755


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: the pages, how many files can be downloaded, how many lines the log of corrections has."""

    path: Path
    pages: tuple[str, ...]
    files: int
    corrections: int


def write(
    package: Path, out: Path, *, corrections_to: str = "", since: Sequence[Path] = (), reasons: Path | None = None
) -> Written:
    """Write the public page of a package as the folder `out`; it appears whole or not at all, with the same bytes each time.

    Parameters
    ----------
    corrections_to: how to report an error, in the house's words; lines are kept.
    since: earlier public packages, oldest first: what changed from each to the next is the log of corrections.
    reasons: a CSV file with `code` and `reason`: why an incident changed, in words for the public.

    Raises Refused for a package of another tier or of another sender, NotFound and CheckFailed for what is no package or does not
    hold, UsageFault for an `out` that is not empty or lies in a package, InvalidRecords for faults of the reasons.
    """
    opened = [_public(folder, out) for folder in (*since, package)]
    _in_order(opened)
    steps = log.steps(opened, log.read_reasons(reasons) if reasons else {})
    made = opened[-1]
    with placed(out) as folder:
        downloads = _copied(made, folder)
        pages = _pages(made, downloads, corrections_to, steps)
        for name, page in pages.items():
            (folder / name).write_text(page, encoding="utf-8", newline="\n")
        if steps:
            Output(folder, made).table("corrections.csv", log.COLUMNS, log.lines(steps))
        folder.chmod(READABLE)  # a web server reads it under another account
    return Written(out, tuple(pages), len(downloads), sum(len(step.entries) for step in steps))


def _public(folder: Path, out: Path) -> Package:
    from casualty import release

    release.verify(folder)
    package = Package.at(folder)
    if package.tier is not Tier.PUBLIC:
        raise Refused(f"{folder} is a package of the {package.tier.value} tier; a page is made of a public one only.")
    if folder.resolve() in (out.resolve(), *out.resolve().parents):
        raise UsageFault(f"{out} lies in {folder}; nothing in a package is changed. Name a folder elsewhere.")
    return package


def _in_order(packages: Sequence[Package]) -> None:
    """Return if the packages stand oldest first; raise UsageFault where one is older than the one before, or the same."""
    for earlier, later in pairwise(packages):
        if earlier.info.get("Bagging-Date", "") > later.info.get("Bagging-Date", ""):
            raise UsageFault(f"{earlier.folder} is later than {later.folder}; name earlier packages, oldest first.")
        if manifest_of(earlier) == manifest_of(later):
            raise UsageFault(f"{earlier.folder} and {later.folder} are the same release.")


def _copied(package: Package, folder: Path) -> list[str]:
    """Copy what can be downloaded, byte for byte; return the paths, those of the payload in order."""
    source = package.folder
    payload = sorted(path.relative_to(source).as_posix() for path in (source / "data").rglob("*") if path.is_file())
    files = [*payload, *PROOFS, *(() if NAMES_SOMEBODY in package.info else WHOLE)]
    for name in files:
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, place)
    return files


def _pages(package: Package, downloads: Sequence[str], address: str, steps: Sequence[Step]) -> dict[str, str]:
    """Return the pages and their style by the names of their files; names have a page only where some are published."""
    said = document.of(package)
    named = list(package.rows("victim_name"))
    house = said["title"]["deployment"]
    bodies = {
        "index.html": (f"Documented casualties: {house}", front.page(package, said, len(named), downloads)),
        "method.html": ("How these figures came about", reading.method(package, said)),
        "corrections.html": (
            "Corrections, and how to report an error",
            reading.corrections(package, address, steps, list(known.rows(package, known.REMOVED))),
        ),
    }
    if named:
        bodies["names.html"] = ("Names", reading.names(named))
    pages = {name: _page(name, title, body, said, list(bodies)) for name, (title, body) in bodies.items()}
    return {**pages, "style.css": _shipped("style.css")}


def _page(name: str, heading: str, body: Markup, said: Mapping[str, Any], pages: Sequence[str]) -> str:
    title = said["title"]
    sample = "Invented sample data: no place, person or event in it is real."
    return Template(_shipped("page.html")).substitute(
        title=text(heading if name == "index.html" else f"{heading}: {title['deployment']}"),
        nav=listed(
            element("a", PAGES[page], href=page, **({"aria_current": "page"} if page == name else {})) for page in pages
        ),
        sample=element("p", sample, class_="sample", role="note") if title["sample"] else NOTHING,
        **{"from": own(title["deployment"])},
        heading=text(heading),
        caveat=text(said["caveat"]),
        body=body,
        release=text(f"Release {title['identifier']}, as of {title['date']}."),
    )


def _shipped(name: str) -> str:
    return files("casualty.release.webpage").joinpath(name).read_text(encoding="utf-8")
