"""One door from a filter to rows: no page, chart, layer, question or export obtains rows of the record in another way."""

import ast
import re
from collections.abc import Iterator, Mapping

import pytest
from test_layers import house

RECORD = frozenset(
    {"incident", "victim", "victim_name", "attribution", "act", "involvement", "claim", "review", "coding", "pairing"}
)
# What stands behind the pages: it is handed a selection, or asks for one.
BEHIND = (
    "extract",
    "events",
    "targeting",
    "asking",
    "readiness",
    "points",
    "series",
    "calibrating",
    "tables",
    "keptfilters",
)
READERS = re.compile(r"(frames|summary|overview)\.\w+$")
# The one door, what is carried beside what came through it, and the names and outlines of units.
FREE = re.compile(
    r"overview\.(selected|ties|units|changes)$|frames\.(locator|unit_names|areas|dimension_id|dimensions|lineages|counted_under)$"
)
FROM = re.compile(rf"\b(?:FROM|JOIN)\s+({'|'.join(sorted(RECORD))})\b", re.IGNORECASE)
BY_KEY = "reads records by the keys that it is given"
SELECTED = "reads what a selection holds, by its keys"
WITHIN = "keeps of what it reads the ids that the filter lets in (`only`); without a filter the whole, for whoever sees it all"
ONE = "is about the one incident that is open, or those judged to be the same as it"
# What reads the record all the same: the function, and why no filter is passed by there.
ALLOWED = {
    "app.atlas.findings._points": "reads codes of a kept analysis, and shows of them what the selection holds",
    "app.atlas.listed.rows": SELECTED,
    "app.boards.changes._changes": SELECTED,
    "app.boards.changes._seen": "asks of withdrawn incidents, which no filter has, whether this person saw them",
    "app.boards.page._standing_in": "is a condition on what `changes` reads, and reads nothing",
    "app.boards.people.(module)": "is read once for all, and then counted where the selection is",
    "app.boards.people._read": "is read once for all, and then counted where the selection is",
    "app.boards.waiting._days": BY_KEY,
    "app.duplicates._decided": ONE,
    "app.duplicates._victims": ONE,
    "app.duplicates.merged": ONE,
    "app.entry._as_saved": BY_KEY,
    "app.entry.sources._held": "looks up sources and actors by their names",
    "app.filterwords.names": "looks up what ids of a filter are called, in tables without incidents",
    "app.places._mark": "looks whether units or named places were changed",
    "app.reading._counted_as": ONE,
    "app.reading.named": BY_KEY,
    "app.reviewing.own": ONE,
    "app.revisions._called": BY_KEY,
    "app.revisions._scheme": "looks at the columns of a table, and reads nothing",
    "app.server._make_ready": "reads the columns before anybody asks, and shows none of them",
    "app.session._listed": "reads small tables whole: those of the record by name are found by this test where they are asked for",
    "app.session._seen": "asks which incidents an account of named situations sees",
    "app.session.listed": "looks at the columns of a table, and reads nothing",
    "casualty.events._means": WITHIN, "casualty.events._told": WITHIN,
    "casualty.events._victims": WITHIN, "casualty.events.gathered": WITHIN,
    "casualty.extract._rows": SELECTED,
    "casualty.targeting.killed": WITHIN, "casualty.targeting.question": WITHIN,
}  # fmt: skip


def readings(text: str) -> Iterator[tuple[str, str]]:
    """Every reading of the record in a module: the function in which it stands, and what it reads."""
    for where, node in within(ast.parse(text), ""):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from ((where, f"SQL over {name.lower()}") for name in sorted(set(FROM.findall(node.value))))
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called in ("table", "schema.table", "session.listed"):
            name = node.args[0]
            if not isinstance(name, ast.Constant):
                if called != "session.listed" or not isinstance(name, ast.Name):
                    yield where, "a table of any name"
            elif name.value in RECORD:
                yield where, f"{called}({name.value})"
        elif (found := READERS.search(called)) and not FREE.match(found[0]):
            yield where, found[0]


def within(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
    """Every part of a module, with the outermost function or class in which it stands."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for part in ast.iter_child_nodes(node):
        inner = part.name if isinstance(part, kinds) and not where else where
        yield inner, part
        yield from within(part, inner)


def offences(modules: Mapping[str, str]) -> dict[str, set[str]]:
    """Where the record is read in another way than through the one door, and how."""
    found: dict[str, set[str]] = {}
    for module, text in modules.items():
        for where, what in readings(text):
            found.setdefault(f"{module}.{where or '(module)'}", set()).add(what)
    return found


def watched() -> dict[str, str]:
    behind = {name: text for name, text in house("casualty").items() if name.partition(".")[2].split(".")[0] in BEHIND}
    return house("app") | behind


def test_rows_come_through_the_one_door() -> None:
    """R74: what is shown, counted, drawn, asked of and let out by a filter comes from `overview.selected`."""
    modules = watched()
    assert {
        "app.screens.map",
        "app.atlas.units",
        "app.charts.showing",
        "casualty.extract",
        "casualty.asking",
    } <= modules.keys()
    found = offences(modules)
    assert {where: what for where, what in found.items() if where not in ALLOWED} == {}
    assert ALLOWED.keys() - found.keys() == set(), "take out what reads no more"


def test_what_is_asked_of_a_filter_calls_the_door() -> None:
    """R74: the door is called where pages and exports begin, and answers whoever is signed in."""
    called = {module for module, text in watched().items() if re.search(r"\b(overview|session)\.selected\(", text)}
    assert {
        "app.session",
        "app.screens.map",
        "app.atlas.times",
        "casualty.extract",
        "casualty.asking.gathering",
    } <= called
    for module, text in watched().items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "overview.selected":
                assert [ast.unparse(one) for one in node.args][1] in ("by", "who", "acting()"), module


PLANTED = [
    ("def chart():\n    return frames.incidents(session.store())", {"frames.incidents"}),
    ("from casualty import frames as f\nfrom casualty import frames\ndef f(): frames.victims(store)", {"frames.victims"}),
    ("def chart():\n    return store.rows(sa.select(table('incident')))", {"table(incident)"}),
    ("def f():\n    def g():\n        return table('claim').c", {"table(claim)"}),
    ("def layer():\n    return store.rows(sa.text('SELECT lat FROM  incident i'))", {"SQL over incident"}),
    ("SQL = 'select 1 from source s join Claim c on 1 = 1'", {"SQL over claim"}),
    ("def f(name):\n    return sa.select(table(name))", {"a table of any name"}),
    ("def f():\n    return session.listed('victim')", {"session.listed(victim)"}),
    ("def f():\n    return casualty.overview.of(store).columns.lat", {"overview.of"}),
    ("def f():\n    return summary.of(store)", {"summary.of"}),
    ("def f():\n    return session.selected(wanted), overview.selected(store, by, wanted), frames.unit_names(store, 1)", set()),
    ("def f():\n    return session.listed('actor'), widgets.table(heads, rows), table('admin_unit')", set()),
    ('"""From incidents to victims."""', set()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "what"), PLANTED)
def test_another_way_is_found(text: str, what: set[str]) -> None:
    """R74: a check that cannot fail would hold nothing."""
    found = offences({"app.charts.planted": text})
    assert set().union(*found.values()) == what
    assert not found.keys() & ALLOWED.keys()
