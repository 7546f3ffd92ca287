"""The report of a package: a PDF for people who read, made from the package's folder alone (R01, R11, R49, R87).

`compiled` gives its bytes, `write` puts them into a file. PDF/A-2a (ISO 19005-2) and PDF/UA-1 (ISO 14289-1), with the
shipped fonts and no others, the same bytes for the same package. Texts of the record reach the typesetter as values,
never as markup; a character that the fonts lack is an error, not a gap.
"""

import json
import os
from collections.abc import Mapping
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from casualty.errors import CheckFailed, UsageFault
from casualty.release.package import Package
from casualty.release.report import document, glyphs

__all__ = ["compiled", "write"]

TEMPLATES = ("report.typ", "style.typ", "parts.typ")
STANDARDS: tuple[Literal["a-2a", "ua-1"], ...] = ("a-2a", "ua-1")


def write(package: Package, out: Path) -> None:
    """Write the report of a package as the file `out`, whole or not at all; the package may be one in the making.

    Raises UsageFault if `out` is there or cannot be written, and what `compiled` raises.
    """
    if out.exists() or out.is_symlink():
        raise UsageFault(f"{out} is there already; name a new file.")
    made = compiled(package)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        part.write_bytes(made)
        part.rename(out)
    except OSError as wrong:
        raise UsageFault(f"{out} cannot be written: {wrong.strerror}.") from wrong
    finally:
        part.unlink(missing_ok=True)


def compiled(package: Package) -> bytes:
    """Return the report of a package as a PDF.

    Raises CheckFailed: a text holds characters that the fonts cannot draw (each is named, with the records it stands in),
    the package has no date, an answer cannot be read, or the typesetter refuses.
    """
    said = document.of(package)
    glyphs.check(said)
    pictures = _pictures(said)
    return _set({"report.json": json.dumps(said, ensure_ascii=False, sort_keys=True).encode(), **pictures})


def _pictures(said: Mapping[str, Any]) -> dict[str, bytes]:
    """Take the pictures out of the document, each once, and leave the names of their files."""
    found: dict[str, bytes] = {}
    for drawn in said["maps"]:
        for holder in (drawn, *drawn["sizes"], *drawn["forms"]):
            data = holder["picture"].encode()
            name = next((known for known, other in found.items() if other == data), f"picture-{len(found)}.svg")
            found[name] = data
            holder["picture"] = name
    return found


def _set(inputs: Mapping[str, bytes]) -> bytes:
    import typst

    with TemporaryDirectory() as folder, as_file(files("casualty.release").joinpath("fonts")) as fonts:
        root = Path(folder)
        for name, data in (*inputs.items(), *((name, _template(name)) for name in TEMPLATES)):
            (root / name).write_bytes(data)
        shipped = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts])
        try:
            made, warnings = typst.compile_with_warnings(
                root / TEMPLATES[0], root=root, font_paths=shipped, pdf_standards=list(STANDARDS)
            )
        except typst.TypstError as wrong:
            raise CheckFailed(f"The report cannot be set: {wrong.message}. Nothing was written.") from wrong
    if warnings:
        raise CheckFailed(f"The report cannot be set as it should be: {warnings[0].message}. Nothing was written.")
    return bytes(made)


def _template(name: str) -> bytes:
    return files("casualty.release.report").joinpath(name).read_bytes()
