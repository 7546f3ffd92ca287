"""The analyses of a package: each with what was asked, of which data, by which program, and what it does not show (R87).

What is here is a conclusion of an analyst, never a fact and never a source's words. Where something of the record is withheld,
the house's own answer could be set beside the package to find it: there the question is asked again of what the package holds.
Anybody with the program may ask each again of the package alone: `casualty patterns rerun PACKAGE`.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from casualty import asking, runs
from casualty.errors import CheckFailed, NotEnoughData, NotFound, UsageFault
from casualty.patterns import figures, plainly
from casualty.patterns.answers import plain
from casualty.release import reopening
from casualty.release.bag import Bag
from casualty.release.package import Package
from casualty.runs import Rerun, Run
from casualty.store import Store

FOLDER = "data/07_analysis"
ASKED = ("code", "name", "method", "question", "recorded_at", "recorded_by", "withdrawn_reason", "ledger_head")
RECORD, PACKAGE = "the whole record", "what this package holds"
LIMITS = """LIMITATIONS OF {code}

Asked of {of}.

{caveats}

{beside}

It is consistent, or not, with what it says; it shows no intent and names nobody responsible. The unit is the incident: the
victims of one are not independent of each other. Documented cases are not all deaths: where reporting differs, so may the
answer.
"""


def write(bag: Bag, package: Package) -> dict[str, str]:
    """Write a folder for each analysis; return why it could not be done, by code, for those of which that is so."""
    kept = list(package.rows("analysis_run"))
    failed: dict[str, str] = {}
    for row in kept:
        if row["result"]:
            _one(
                bag,
                row,
                RECORD,
                {name: row[name] for name in ("data_sha256", "result_sha256")},
                row["result"],
                row["versions"],
            )
    again = [row for row in kept if not row["result"] and row["parameters"]]
    if again:
        with _opened(package) as store:
            for row in again:
                _anew(bag, store, row, failed)
    return failed


def _anew(bag: Bag, store: Store, row: Mapping[str, str], failed: dict[str, str]) -> None:
    """Ask a question again of what the package holds, and write that answer."""
    seed = {"seed": int(row["seed"])} if row["seed"] else {}
    try:
        data, document = asking.again(store)(row["method"], {**json.loads(row["parameters"]), **seed})
    except (NotEnoughData, NotFound, UsageFault) as told:  # too little of what was asked about is left to answer it
        failed[row["code"]] = str(told)
        return
    answer = runs.canonical(plain(document))
    hashes = {"data_sha256": data, "result_sha256": runs.sha256(answer)}
    _one(bag, row, PACKAGE, hashes, answer, runs.canonical(runs.versions()))


def _one(bag: Bag, row: Mapping[str, str], of: str, hashes: Mapping[str, str], result: str, versions: str) -> None:
    folder, answer = f"{FOLDER}/{row['code']}", json.loads(result)
    asked = {name: row[name] for name in ASKED} | {"asked_of": of, "seed": row["seed"], **hashes}
    asked |= {"parameters": json.loads(row["parameters"]), "versions": json.loads(versions)}
    bag.text(f"{folder}/asked.json", json.dumps(asked, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    bag.text(f"{folder}/result.json", result + "\n")
    bag.text(f"{folder}/result.txt", plainly.text(answer) + "\n")
    bag.bytes(f"{folder}/figure.svg", figures.picture(answer, "svg"))
    bag.text(f"{folder}/limitations.txt", _limits(row["code"], of, answer))


def _limits(code: str, of: str, answer: Mapping[str, Any]) -> str:
    caveats = "\n".join(f"- {plainly.clean(text)}" for text in answer.get("caveats", ())) or "- none was written down"
    beside = "\n".join(plainly.beside(answer)) or "Nothing was left out."
    return LIMITS.format(code=code, of=of, caveats=caveats, beside=beside)


# Again, of a package ----------------------------------------------------------------------------------------------------


def rerun(package: Package, code: str | None = None) -> list[Rerun]:
    """Ask the analyses of a package again of what it holds, or the one of a code; nothing is kept.

    Raises NotFound if the package holds no such analysis (one for the public or a partner holds none), CheckFailed for an answer
    that is not the one of its hash.
    """
    held = [
        _kept(folder) for folder in sorted((package.folder / FOLDER).glob("*")) if (folder / "asked.json").is_file()
    ]
    wanted = held if code is None else [run for run in held if run.code == code.strip().upper()]
    if not wanted:
        raise NotFound("The package holds no analysis{of}.", values={"of": f" {code}" if code else ""})
    with _opened(package) as store:
        return [runs.compared(run, asking.again(store)) for run in wanted]


@contextmanager
def _opened(package: Package) -> Iterator[Store]:
    with TemporaryDirectory(prefix="casualty-") as folder:
        store = Store.of_tables(Path(folder) / "package.db", reopening.tables(package))
        try:
            yield store
        finally:
            store.close()


def _kept(folder: Path) -> Run:
    asked = json.loads((folder / "asked.json").read_text(encoding="utf-8"))
    chosen, result = asked["parameters"], (folder / "result.json").read_text(encoding="utf-8").removesuffix("\n")
    if runs.sha256(result) != asked["result_sha256"]:
        raise CheckFailed("The answer under {code} is not the one of its hash.", values={"code": asked["code"]})
    return Run(
        asked["code"], asked["method"], asked["question"], chosen.get("dimension"), chosen.get("group"), chosen,
        int(asked["seed"]) if asked["seed"] else None, asked["data_sha256"], asked["ledger_head"], asked["versions"],
        json.loads(result), asked["result_sha256"], asked["recorded_at"],
        asked["recorded_by"], asked["withdrawn_reason"] or None, asked["name"] or None,
    )  # fmt: skip
