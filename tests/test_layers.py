"""The house: who may import whom, what stands in one place only, and how long things may be.

Holds the directions of docs/decisions.md, and with them R20 and R75: one door for reading and writing, so that no page
and no format can go round the rules, the ledger or the permissions.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Each floor stands on those above it in this list: a module imports from lower floors only, never from its own.
FLOORS = (
    ("geo",),
    ("errors",),
    ("vocabulary",),
    ("schema",),
    ("rules", "access", "settings", "ledger", "linkage", "dating", "migrating"),
    ("figures", "bodies", "guarding", "filters"),
    ("writing",),
    ("store",),
    ("evidence", "overlays", "desk", "keptfilters", "visits", "intake", "review", "recorded", "frames", "satscan"),
    ("overview",),
    ("patterns", "undercount", "risk", "summary", "targeting"),
    ("events", "points", "runs"),
    ("series", "workers"),
    ("asking",),
    ("calibrating", "readiness"),
    ("disclosure", "codebook"),
    ("release", "tables"),
    ("extract", "sample", "doctor", "telling"),
    ("cli",),
    ("__main__", "app"),
)
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}

# What a room may import of the house, where that is less than its floor allows.
NARROWER = {"codebook": {"vocabulary", "schema"}, "app": set(FLOOR) - {"cli"}}

# What stands in these modules only (a package stands for all within it).
ONLY_IN = {
    r"streamlit(\.|$)": ("app",),
    r"typer(\.|$)": ("casualty.cli",),
    r"(sa|orm|sqlalchemy|sqlmodel)\.(.*\.)?(create_engine|Session|sessionmaker)$": ("casualty.store", "migrations.env"),
}

# Data in, frozen result out: no database, no clock, no randomness but the `rng` that is handed in.
PURE = (
    "geo",
    "casualty.rules",
    "casualty.linkage",
    "casualty.dating",
    "casualty.figures",
    "casualty.patterns",
    "casualty.undercount",
    "casualty.disclosure.bounds",
    "casualty.disclosure.cells",
    "casualty.disclosure.differences",
    "casualty.disclosure.masking",
    "casualty.disclosure.naming",
    "casualty.disclosure.people",
)
IMPURE = re.compile(
    r"(sqlalchemy|sqlmodel\.Session|random|time|streamlit)(\.|$)|.*\b(datetime\.(now|today|utcnow)|date\.today)$"
    r"|.*\brandom\.(?!Generator$|SeedSequence$)\w+$"
)

NO_NAMES = re.compile(r"(^|[._])(utils?|helpers?|common|misc|v2)($|[._])")
GEO_KNOWS_NOT = re.compile(
    r"\b(incident|victim|casualt|killed|injur|death|perpetrator|actor|attribution|involvement|identity group|violence)",
    re.IGNORECASE,
)
LINES, FUNCTION_LINES, SHORT = 450, 40, 0.95


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def house(*folders: str) -> dict[str, str]:
    """The modules of these folders with their text."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {module_of(path): path.read_text(encoding="utf-8") for path in paths}


def imported(module: str, text: str, package: bool = False) -> Iterator[str]:
    """Every dotted name a module imports, wherever in it, relative ones too."""
    home = module.split(".") if package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*home[: len(home) + 1 - node.level], node.module] if node.level else [node.module]
            yield from (".".join([*filter(None, base), alias.name]) for alias in node.names)


def imported_by_string(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(arg.value) for arg in node.args if isinstance(arg, ast.Constant))


def used(text: str) -> Iterator[str]:
    """Every dotted name a module calls or reads, as it is written."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def room(name: str) -> str | None:
    """The room of a dotted name: geo, app, or the module of casualty; None outside the house."""
    parts = name.split(".")
    if parts[0] == "casualty":
        return parts[1] if len(parts) > 1 else None
    return parts[0] if parts[0] in ("geo", "app") else None


def stands_in(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith(f"{place}.") for place in places)


def upward(modules: Mapping[str, str], packages: frozenset[str]) -> Iterator[str]:
    for module, text in modules.items():
        here = room(module)
        if here is None:
            continue
        if here not in FLOOR:
            yield f"{module}: this room has no floor"
            continue
        allowed = NARROWER.get(here, {there for there in FLOOR if FLOOR[there] < FLOOR[here]}) | {here}
        # The command line names the app by its import string, so that only `serve` loads it.
        strings = () if stands_in(module, ("casualty.cli",)) else imported_by_string(text)
        for name in (*imported(module, text, module in packages), *strings):
            there = room(name)
            if (there is not None and there not in allowed) or name.split(".")[0] in ("tests", "bench"):
                yield f"{module} imports {name}"


def circles(modules: Mapping[str, str], packages: frozenset[str]) -> Iterator[str]:
    def known(name: str) -> str:
        while name and name not in modules:
            name = name.rpartition(".")[0]
        return name

    graph = {
        module: {known(name) for name in imported(module, text, module in packages)} - {module, ""}
        for module, text in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield "a circle: " + " < ".join(error.args[1])


def out_of_place(modules: Mapping[str, str], packages: frozenset[str]) -> Iterator[str]:
    for module, text in modules.items():
        names = [*imported(module, text, module in packages), *used(text)]
        for form, places in ONLY_IN.items():
            if not stands_in(module, places):
                yield from (f"{module} uses {name}" for name in names if re.match(form, name))
        if stands_in(module, PURE):
            yield from (f"{module} is pure and uses {name}" for name in names if IMPURE.match(name))
        if NO_NAMES.search(module):
            yield f"{module} is no name for a room"
        if stands_in(module, ("geo",)):
            yield from (f"{module} says {word}" for word in sorted({m.lower() for m in GEO_KNOWS_NOT.findall(text)}))


def functions(text: str) -> dict[str, int]:
    """Lines of each function, its own inner ones counted in and counted apart."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]
    return {f"{node.name} (line {node.lineno})": (node.end_lineno or node.lineno) - node.lineno + 1 for node in found}


def too_long(modules: Mapping[str, str]) -> Iterator[str]:
    for module, text in modules.items():
        if len(text.splitlines()) > LINES:
            yield f"{module} has {len(text.splitlines())} lines"
    lengths = {f"{module}.{name}": n for module, text in modules.items() for name, n in functions(text).items()}
    long = sorted((name for name in lengths if lengths[name] >= FUNCTION_LINES), key=lambda name: -lengths[name])
    if len(long) > (1 - SHORT) * len(lengths):
        worst = ", ".join(f"{name}: {lengths[name]}" for name in long)
        yield f"{len(long)} of {len(lengths)} functions have {FUNCTION_LINES} lines or more: {worst}"


def faults(modules: Mapping[str, str], packages: frozenset[str] = frozenset()) -> list[str]:
    checks = (upward, circles, out_of_place)
    return [*(fault for check in checks for fault in check(modules, packages)), *too_long(modules)]


def test_the_house_stands() -> None:
    """R20, R75: every arrow falls, and the store is the one door."""
    modules = house("geo", "casualty", "app")
    packages = frozenset(module_of(path) for path in ROOT.rglob("*/__init__.py") if ".venv" not in path.parts)
    modules |= {"migrations.env": (ROOT / "migrations/env.py").read_text(encoding="utf-8")}
    assert {"casualty.store", "casualty.schema", "geo.places"} <= modules.keys()
    assert faults(modules, packages) == []


def test_no_file_of_the_repository_is_too_long() -> None:
    """R75: a baseline migration lists every table once and is let be."""
    modules = house("tests", "bench", "sample_data")
    assert [module for module, text in modules.items() if len(text.splitlines()) > LINES] == []


LONG = "def f():\n" + "    x = 1\n" * 40
HELD = [
    # module                what it says                                           what is wrong with it
    ("geo.scan", "from casualty import errors", "geo.scan imports casualty.errors"),
    ("geo.scan", "import app.main", "geo.scan imports app.main"),
    ("geo.scan", "from .frame import sound", None),
    ("geo.scan", "from . import frame", None),
    ("geo.scan", "n = 'of victims'", "geo.scan says victim"),
    ("geo.scan", "factor = identity(2)", None),
    ("geo.scan", "import time", "geo.scan is pure and uses time"),
    ("geo.scan", "from datetime import datetime\nx = datetime.now()", "geo.scan is pure and uses datetime.now"),
    ("geo.scan", "import numpy as np\nx = np.random.default_rng(1)", "geo.scan is pure and uses np.random.default_rng"),
    ("geo.scan", "import numpy as np\ndef f(rng: np.random.Generator): return rng.random(3)", None),
    ("casualty.rules", "from casualty.schema import IncidentDraft", None),
    ("casualty.rules", "from casualty.store import Store", "casualty.rules imports casualty.store.Store"),
    ("casualty.rules", "def f():\n    from casualty import store", "casualty.rules imports casualty.store"),
    ("casualty.rules", "from casualty.access import Acting", "casualty.rules imports casualty.access.Acting"),
    ("casualty.rules", "from . import store", "casualty.rules imports casualty.store"),
    ("casualty.intake.ged", "from ..review import judge", "casualty.intake.ged imports casualty.review.judge"),
    ("casualty.intake.ged", "from .mapping import Mapping", None),
    ("casualty.frames", "from casualty.patterns import votes", "casualty.frames imports casualty.patterns.votes"),
    ("casualty.frames", "from geo.places import Locator", None),
    ("casualty.codebook", "from casualty.store import Store", "casualty.codebook imports casualty.store.Store"),
    ("casualty.release.bag", "from casualty.disclosure import allowed", None),
    ("casualty.release", "import importlib\nimportlib.import_module('app.main')", "casualty.release imports app.main"),
    ("casualty.release.bag", "from tests import conftest", "casualty.release.bag imports tests.conftest"),
    ("casualty.sample", "from casualty.intake import Intake", None),
    ("casualty.cli", "import importlib\nimportlib.import_module('app.server').serve()", None),
    ("casualty.cli", "from app.server import run", "casualty.cli imports app.server.run"),
    ("casualty.review", "import typer", "casualty.review uses typer"),
    ("casualty.review", "import streamlit as st", "casualty.review uses streamlit"),
    ("casualty.review", "import sqlalchemy as sa\ne = sa.create_engine('x')", "casualty.review uses sa.create_engine"),
    ("casualty.review", "from sqlmodel import Session", "casualty.review uses sqlmodel.Session"),
    ("casualty.review", "from sqlalchemy import orm\norm.Session", "casualty.review uses orm.Session"),
    ("casualty.review", "import sqlalchemy as sa\nsa.select", None),
    ("app.gate", "class Session: ...", None),
    ("app.guard", "from app.gate import Session", None),
    ("casualty.store", "from sqlalchemy import create_engine", None),
    ("casualty.utils", "", "casualty.utils: this room has no floor"),
    ("app.utils", "", "app.utils is no name for a room"),
    ("app.pages.map_v2", "", "app.pages.map_v2 is no name for a room"),
    ("app.main", "import streamlit\nfrom casualty.store import Store", None),
    ("app.main", "from casualty.cli import main", "app.main imports casualty.cli.main"),
    ("app.main", "x = 1\n" * 451, "app.main has 451 lines"),
    ("app.main", LONG, "1 of 1 functions have 40 lines or more: app.main.f (line 1): 41"),
    ("app.main", LONG + "\n" + "\n".join(f"def g{i}(): ..." for i in range(19)), None),
]  # fmt: skip


@pytest.mark.parametrize(("module", "text", "fault"), HELD)
def test_the_checks_find_what_is_wrong_and_nothing_else(module: str, text: str, fault: str | None) -> None:
    """R20, R75: a check that cannot fail would hold nothing."""
    found = faults({module: text})
    assert found[:1] == ([fault] if fault else [])
    assert fault or not found


def test_a_circle_within_a_floor_is_found() -> None:
    """R75"""
    modules = {"app.a": "from app import b", "app.b": "def f():\n    from app.c import x", "app.c": "import app.a"}
    (fault,) = faults(modules)
    assert fault.startswith("a circle: ")
    assert {"app.a", "app.b", "app.c"} == set(fault.removeprefix("a circle: ").split(" < "))


def test_a_package_sees_its_own_modules() -> None:
    """R75: in a package's __init__ one dot is the package itself."""
    assert list(imported("casualty.intake", "from .ged import read", package=True)) == ["casualty.intake.ged.read"]
    assert list(imported("casualty.intake.ged", "from .. import store")) == ["casualty.store"]
