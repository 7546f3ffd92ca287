"""Analyses that were run on the record: kept as they were asked and answered, and asked again to be compared.

A run is a record like any other: it has its revision in the ledger, is never amended, may be withdrawn with a reason and
travels in packages. What it holds is enough for somebody else to ask the same question of the same data and get the
same bytes; where the bytes differ, it tells whether the data, the program or neither has changed.
"""

import hashlib
import json
import math
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from casualty import frames
from casualty.access import Acting
from casualty.errors import CheckFailed, Fault, InvalidRecords, NotFound
from casualty.patterns.answers import plain
from casualty.patterns.events import Events
from casualty.schema import AnalysisRunFields, table
from casualty.store import Store

Document = Mapping[str, Any]
# (method, parameters) -> (hash of the data that were asked, document of the answer)
Ask = Callable[[str, Document], tuple[str, Document]]

# Positions are told to the millimetre: below it a projection may differ between two machines.
METRE_DIGITS, DEGREE_DIGITS = 3, 8
MOST_DIFFERENCES = 10
DIGITS = 1e-9
LONGEST_NAME = 120
HOUSE = Path(__file__).parent.parent
KERNEL = ("geo/kernel", "geo/scan")
METHODS = ("geo", "casualty/patterns", "casualty/asking.py", "casualty/asking")
SOURCES = (".py", ".c", ".h")


@dataclass(frozen=True)
class Run:
    """A run as it is kept. `name`: what somebody called it; `withdrawn`: why it was taken back, None while it stands."""

    code: str
    method: str
    question: str
    dimension: str | None
    group: str | None
    parameters: Document
    seed: int | None
    data_sha256: str
    ledger_head: str
    versions: Mapping[str, str]
    result: Document
    result_sha256: str
    at: str
    by: str
    withdrawn: str | None
    name: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The whole as values of strict JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Rerun:
    """A run asked again.

    same: the answer has the same bytes; agrees: it has the same counts, ranks and words, and numbers
    to nine digits; same_data: so had the incidents asked; program: (what, then, now) for each
    version that differs; differences: where the answers differ, the first few; document: the new answer.
    """

    run: Run
    same: bool
    agrees: bool
    same_data: bool
    program: tuple[tuple[str, str, str], ...]
    differences: tuple[str, ...]
    document: Document

    @property
    def sentence(self) -> str:
        """What may be said of it."""
        code = self.run.code
        if self.same:
            beside = "." if self.same_data else ", although the incidents asked are not the same as then."
            return f"{code} gives the same answer, byte for byte{beside}"
        if self.agrees and self.same_data:
            told = "; ".join(f"{what} {then}, now {now}" for what, then, now in self.program)
            return f"{code} gives the same counts and ranks, and numbers to nine digits, by another program: {told}."
        if not self.same_data:
            return f"{code} gives another answer, and the incidents asked are not the same as then: compare the ledger."
        if self.program:
            told = "; ".join(f"{what} {then}, now {now}" for what, then, now in self.program)
            return f"{code} gives another answer to the same incidents, by another program: {told}."
        return (
            f"{code} gives another answer to the same incidents by the same program: one of both is wrong, report it."
        )

    def as_json(self) -> dict[str, Any]:
        """The comparison as values of strict JSON."""
        return {
            "code": self.run.code, "same": self.same, "agrees": self.agrees, "same_data": self.same_data, "sentence": self.sentence,
            "program": [dict(zip(("what", "then", "now"), part, strict=True)) for part in self.program],
            "differences": list(self.differences), "result": self.document,
        }  # fmt: skip


def canonical(document: object) -> str:
    """Return strict JSON with sorted keys, no spaces and no escapes beyond those required; raise ValueError for NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(text: str) -> str:
    """Return the SHA-256 (hex) of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def digest(*asked: object) -> str:
    """Return the SHA-256 (hex) of what was asked: a table of incidents, and whatever else an answer came from.

    asked: dataclasses (`patterns.events.Events` among them), arrays, sets and what JSON has. Over canonical JSON, column
    by column, positions of incidents to the millimetre. The order of the incidents counts, because what is drawn by
    chance depends on it.
    """
    return sha256(canonical([_listed(one) for one in asked]))


def _listed(value: Any) -> Any:
    """Return a value as JSON has it, sets in order and tables as lists."""
    if hasattr(value, "__dataclass_fields__"):
        return _columns(value)
    if isinstance(value, Mapping):
        return {str(name): _listed(part) for name, part in value.items()}
    if isinstance(value, frozenset | set):
        return sorted(map(str, value))
    if hasattr(value, "tolist"):
        value = (value if value.dtype.kind in "bOUS" else value.astype(float)).tolist()
    return [_listed(part) for part in value] if isinstance(value, list | tuple) else plain(value)


def _columns(table: Any) -> dict[str, Any]:
    columns = {name: getattr(table, name) for name in table.__dataclass_fields__}
    if isinstance(table, Events):
        digits = DEGREE_DIGITS if table.degrees else METRE_DIGITS
        # The sign of a zero is dropped: which of both comes out depends on the way of rounding.
        columns |= {axis: columns[axis].round(digits) + 0.0 for axis in ("x", "y")}
    return {name: _listed(part) for name, part in columns.items()}


def versions() -> dict[str, str]:
    """Return what computes here: versions, and the SHA-256 (16 characters) of the methods' own source."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        **{name: _version(name) for name in ("numpy", "scipy", "casualty")},
        "kernel": _source(KERNEL),
        "methods": _source(METHODS),
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


@cache
def _source(parts: tuple[str, ...]) -> str:
    found = hashlib.sha256()
    for path in sorted(path for part in parts for path in _files(HOUSE / part)):
        text = path.read_bytes()
        found.update(f"{path.relative_to(HOUSE).as_posix()} {len(text)}\n".encode() + text)
    return found.hexdigest()[:16]


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    yield from (file for file in path.rglob("*") if file.suffix in SOURCES)


def keep(
    store: Store, by: Acting, *, method: str, question: str, parameters: Document, data_sha256: str, seed: int | None,
    result: Document, ledger_head: str | None = None, name: str | None = None,
) -> str:  # fmt: skip
    """Keep a run and return the code it is called by.

    parameters: everything that was chosen; its `dimension` and `group`, if there, are codes. result: the document of the
    answer. ledger_head: hash of the link at which the data were read, by default the last one. name: what to call it.

    Raises Refused (this role may not), NotFound (no such dimension or group), InvalidRecords (too long a name).
    """
    dimension_id, group_id = _identity(store, parameters)
    answer = canonical(plain(result))
    fields = {
        "method": method, "question": question, "dimension_id": dimension_id, "group_id": group_id,
        "parameters": canonical(plain(parameters)), "seed": None if seed is None else str(seed),
        "data_sha256": data_sha256, "ledger_head": store.head().hash if ledger_head is None else ledger_head,
        "versions": canonical(versions()), "result": answer, "result_sha256": sha256(answer),
        "name": named(name),
    }  # fmt: skip
    return str(store.record("analysis_run", AnalysisRunFields.model_validate(fields), by).code)


def named(name: str | None) -> str | None:
    """Return a name on one line, None for none; raise InvalidRecords for one that is longer than a name may be."""
    told = " ".join(_storable(name or "").split())
    if len(told) > LONGEST_NAME:
        fault = Fault(
            0, "name", "Has {n} letters, more than {most}.", "Shorten it.", {"n": len(told), "most": LONGEST_NAME}
        )
        raise InvalidRecords("The analysis cannot be kept under this name.", [fault])
    return told or None


def _identity(store: Store, parameters: Document) -> tuple[str | None, str | None]:
    """Return the ids of the dimension and the group that were asked about."""
    dimension, group = parameters.get("dimension"), parameters.get("group")
    if not isinstance(dimension, str):
        return None, None
    dimension_id = frames.dimension_id(store, dimension)
    if not isinstance(group, str):
        return dimension_id, None
    known = table("identity_group")
    chosen = sa.select(known.c.id).where(
        known.c.dimension_id == dimension_id, known.c.code == group, known.c.withdrawn_at.is_(None)
    )
    found = store.rows(chosen)
    if not found:
        raise NotFound(f"There is no group {group!r} of {dimension} in use.")
    return dimension_id, found[0].id


def listed(store: Store, *, by: Acting | None = None, method: str | None = None, name: str | None = None) -> list[Run]:
    """Return the runs kept, oldest first; none to an account of named situations, since each tells of every incident.

    method: only of this question; name: only those called so, in any case.
    """
    run = table("analysis_run")
    found = _read(store, by, run.c.method == method if method else sa.true())
    return [one for one in found if name is None or (one.name or "").casefold() == name.strip().casefold()]


def shown(store: Store, code: str, *, by: Acting | None = None) -> Run:
    """Return the run of this code; raise NotFound, or CheckFailed if its answer is not the one that was kept."""
    found = _read(store, by, table("analysis_run").c.code == _storable(code.strip().upper()))
    if not found:
        raise NotFound("No analysis is held under {code}.", values={"code": repr(code)})
    return found[0]


def _storable(text: str) -> str:
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def _read(store: Store, by: Acting | None, condition: sa.ColumnElement[bool]) -> list[Run]:
    if by is not None and store.situations_of(by) is not None:
        return []
    run, dimension, group = table("analysis_run"), table("dimension"), table("identity_group")
    joined = run.outerjoin(dimension, dimension.c.id == run.c.dimension_id).outerjoin(
        group, group.c.id == run.c.group_id
    )
    chosen = sa.select(run, dimension.c.code.label("dimension"), group.c.code.label("group_code")).select_from(joined)
    return [_run(row) for row in store.rows(chosen.where(condition).order_by(run.c.id))]


def _run(row: sa.Row[Any]) -> Run:
    if sha256(row.result) != row.result_sha256:
        raise CheckFailed(
            "The answer kept under {code} is not the one of its hash; see: casualty ledger verify",
            values={"code": row.code},
        )
    return Run(
        row.code, row.method, row.question, row.dimension, row.group_code, json.loads(row.parameters),
        None if row.seed is None else int(row.seed), row.data_sha256, row.ledger_head, json.loads(row.versions),
        json.loads(row.result), row.result_sha256, row.recorded_at, row.recorded_by, row.withdrawn_reason, row.name,
    )  # fmt: skip


def rerun(store: Store, code: str, ask: Ask, *, by: Acting | None = None) -> Rerun:
    """Ask a run's question again by `ask` and compare; nothing is kept.

    `ask` is given the method and the parameters with the seed among them, and returns the hash of the data as `digest`
    gives it, and the document of the answer.
    """
    return compared(shown(store, code, by=by), ask)


def compared(run: Run, ask: Ask) -> Rerun:
    """Ask a run's question again by `ask` and compare, as `rerun` does, wherever the run was kept."""
    seed = {} if run.seed is None else {"seed": run.seed}
    data, document = ask(run.method, {**run.parameters, **seed})
    now = versions()
    answer = canonical(plain(document))
    program = tuple(
        (what, run.versions.get(what, "none"), now.get(what, "none"))
        for what in sorted({*run.versions, *now})
        if run.versions.get(what) != now.get(what)
    )
    apart = tuple(islice(_apart(run.result, json.loads(answer)), MOST_DIFFERENCES))
    same, again = sha256(answer) == run.result_sha256, json.loads(answer)
    return Rerun(run, same, _agree(run.result, again), data == run.data_sha256, program, apart, again)


def _agree(then: object, now: object) -> bool:
    """Return whether two documents are the same but for the tenth digit of a number that is no count."""
    if isinstance(then, dict) and isinstance(now, dict):
        return then.keys() == now.keys() and all(_agree(then[name], now[name]) for name in then)
    if isinstance(then, list) and isinstance(now, list):
        return len(then) == len(now) and all(map(_agree, then, now))
    if isinstance(then, float) and isinstance(now, float):
        return math.isclose(then, now, rel_tol=DIGITS, abs_tol=DIGITS)
    return type(then) is type(now) and then == now


def _apart(then: object, now: object, place: str = "") -> Iterator[str]:
    """Yield each place at which two documents differ, with both values."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in sorted({*then, *now}):
            yield from _apart(then.get(name), now.get(name), f"{place}.{name}" if place else name)
    elif isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for at, (one, other) in enumerate(zip(then, now, strict=True)):
            yield from _apart(one, other, f"{place}[{at}]")
    elif isinstance(then, list) and isinstance(now, list):
        yield f"{place}: {len(then)} entries, now {len(now)}"
    elif canonical(then) != canonical(now):
        yield f"{place}: {canonical(then)}, now {canonical(now)}"
