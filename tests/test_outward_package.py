"""The whole package for those outside, with its papers, map file and report: searched for what must not be in it.

Holds R64, R71 and R72.
"""

import zipfile
from pathlib import Path

import pypdf
import pytest
from canaries import ALLOWED, planted
from sending import BOTH, SECRET

from casualty import ledger
from casualty.release import making
from casualty.store import Store
from casualty.vocabulary import Tier

# The codebook of a deployment names its dimensions and groups, and the codes that tables use.
IN_PAPERS = {("dimension", "code"), ("identity_group", "code")}


def read(path: Path) -> str:
    """Return all text of a file: of a PDF what a reader can extract, of an archive what is packed in it."""
    data = path.read_bytes()
    text = data.decode("utf-8", "replace") + data.decode("utf-16-le", "replace")
    if path.suffix == ".pdf":
        pdf = pypdf.PdfReader(path)
        text += "".join(page.extract_text() for page in pdf.pages) + str(pdf.metadata)
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            text += "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
    return text


@pytest.mark.parametrize("tier", BOTH)
def test_no_file_of_a_package_has_a_canary(
    sqlite_store: Store, tmp_path: Path, tier: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R64, R71, R72: neither in papers, nor in the map file, nor in the report or its metadata."""
    canaries = planted(sqlite_store)
    monkeypatch.setattr(
        ledger, "verify", lambda connection, **told: None
    )  # canaries were written behind the ledger's back
    folder = tmp_path / "package"
    folder.mkdir()
    making.write(sqlite_store, folder, making.Wishes(tier, "R", "B", None, False), SECRET, None)
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            text = read(path)
            found |= {canaries[canary]: path.name for canary in canaries if canary in text}
    assert found.keys() <= ALLOWED[tier] | IN_PAPERS
    assert found[("incident", "narrative_public")]
    assert len(list(folder.rglob("*"))) > 15
