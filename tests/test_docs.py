"""The papers say what is so: commands exist, words are defined, labels are neutral, demands are traced to tests.

Holds R02 and R03 (a fresh codebook), R05 (neutral labels everywhere), R37 (a perpetrator only as alleged) and R52 (no
verdict, no score). Run as a program, it writes the last column of docs/requirements.md anew.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from casualty import codebook
from casualty.cli import app

ROOT = Path(__file__).parent.parent
PAPERS = ("README.md", "GLOSSARY.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/decisions.md")
REQUIREMENTS = ROOT / "docs/requirements.md"

# The words on which the house is built; each must have its line in GLOSSARY.md.
WORDS = """situation, incident, place, victim, harm, identity group, identity dimension, attribution, perceived
identity, targeting ground, actor, involvement, source, document, claim, origin, independence cluster, review,
verification status, revision, ledger, evidence item, custody, consent, tier, release, bag, frame, pattern, scan,
cluster, near-repeat, disparity, undercount, risk factor, act, population, batch, P-code, casualty recording"""

# Words that take a side, claim more than a figure can bear, or name someone guilty.
NEVER = (
    r"terroris[tm]\w*",
    r"martyr\w*",
    r"neutrali[sz]ed",
    r"liquidated",
    r"collateral damage",
    r"genocide (score|index|detected)",
    r"intent (detected|score)",
    r"(?<!nothing )\bproves\b(?! nothing)",
    r"(?<!alleged )(?<!alleged_)\bperpetrators?\b(?![-_ ]perceived)",
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code(markdown: str) -> Iterator[str]:
    """What a paper shows as code: indented lines, and words between backticks."""
    yield from (line.strip() for line in markdown.splitlines() if line.startswith("    "))
    yield from re.findall(r"`([^`\n]+)`", markdown)


def commands(group: Any = None) -> dict[str, Any]:
    """Each command by its words, `intake list`; a group by its own."""
    found = {}
    for name, command in (group or get_command(app)).commands.items():
        found[name] = command
        if hasattr(command, "commands"):
            found |= {f"{name} {inner}": below for inner, below in commands(command).items()}
    return found


def unknown_commands(markdown: str) -> list[str]:
    """Commands and options of `casualty` and targets of make that a paper names and that do not exist."""
    known, targets = commands(), set(re.findall(r"^([a-z]+):", text("Makefile"), re.M))
    options = {opt for command in known.values() for parameter in command.params for opt in parameter.opts}
    options |= {opt for parameter in get_command(app).params for opt in parameter.opts}
    wrong = []
    for line in code(markdown):
        named = re.match(
            r"(?:\.venv/bin/)?casualty(?: --(?:db|as) \S+)* ([a-z][a-z-]*)(?: ([a-z][a-z-]*)\b(?!\.))?", line
        )
        if named:
            first, second = named.groups()
            group = hasattr(known.get(first), "commands")
            if first not in known or (group and second is not None and f"{first} {second}" not in known):
                wrong.append(line)
        if named or line.startswith("--"):
            wrong += [f"{opt} ({line})" for opt in re.findall(r"(?<!\S)--[a-z][a-z-]*", line) if opt not in options]
        wrong += [line for target in re.findall(r"^(?:[A-Z]+=\S+ )?make ([a-z]+)", line) if target not in targets]
    return wrong


@pytest.mark.parametrize("paper", PAPERS)
def test_papers_name_only_commands_that_exist(paper: str) -> None:
    """R02: a first-time user follows the papers and nothing else."""
    assert unknown_commands(text(paper)) == []


def test_every_command_is_in_the_readme() -> None:
    """R02"""
    shown = [line for line in code(text("README.md")) if line.startswith("casualty ")]
    public = [name for name, command in commands().items() if not command.hidden and not hasattr(command, "commands")]
    assert [name for name in public if not any(f"{line} ".startswith(f"casualty {name} ") for line in shown)] == []


NAMED = [
    ("    casualty --db x.db intake file.csv --dry-run", 0),
    ("    .venv/bin/casualty ledger verify", 0),
    ("`casualty` alone", 0),
    ("    PORT=8600 make demo", 0),
    ("`casualty conjure`", 1),
    ("`casualty ledger burn`", 1),
    ("    casualty intake file.csv --force", 1),
    ("`--nosuch`", 1),
    ("`make coffee`", 1),
]


@pytest.mark.parametrize(("paper", "wrong"), NAMED)
def test_a_command_that_does_not_exist_is_found(paper: str, wrong: int) -> None:
    """R02: a check that cannot fail would hold nothing."""
    assert len(unknown_commands(paper)) == wrong


@pytest.mark.parametrize("paper", PAPERS)
def test_links_lead_somewhere(paper: str) -> None:
    """R02"""
    links = re.findall(r"\]\((?!\w+://)([^)#]+)", text(paper))
    assert [link for link in links if not ((ROOT / paper).parent / link).exists()] == []


def test_the_glossary_has_the_words_of_the_house() -> None:
    """R02"""
    defined = set(re.findall(r"^\| ([^|]+?) +\| [^|]+\.", text("GLOSSARY.md"), re.M))
    assert [word for word in " ".join(WORDS.split()).split(", ") if word not in defined] == []


def test_the_changelog_has_its_own_heading_for_figures() -> None:
    """R03: what alters a published figure is found in one place."""
    unreleased = text("CHANGELOG.md").split("\n## ")[1]
    assert "### Data and methods" in unreleased
    assert f"Codebook version {codebook.CODEBOOK_VERSION}." in text("CHANGELOG.md")


def test_the_codebook_is_fresh() -> None:
    """R02, R03: make codebook"""
    assert text("CODEBOOK.md") == codebook.markdown()


def not_neutral(words: str) -> list[str]:
    return [found.group() for form in NEVER for found in re.finditer(form, words, re.I)]


def spoken() -> list[Path]:
    """Every text that a person may come to read: pages, messages, papers, sample data."""
    folders = ("app", "casualty", "geo", "docs", "sample_data", "migrations")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")] + [*ROOT.glob("*.md"), ROOT / "NOTICE"]
    endings = {".py", ".md", ".html", ".js", ".css", ".csv", ".json", ".jsonl", ".toml", ".po", ""}
    return [path for path in paths if path.is_file() and path.suffix in endings]


def test_labels_are_neutral() -> None:
    """R05, R37, R52: in every page, message, paper and sample."""
    paths = spoken()
    assert ROOT / "casualty/vocabulary/record.py" in paths
    found = {str(path.relative_to(ROOT)): not_neutral(path.read_text(encoding="utf-8")) for path in paths}
    assert {name: words for name, words in found.items() if words} == {}


SAID = [
    ("alleged perpetrator", True),
    ("ALLEGED_PERPETRATOR, Perpetrator-perceived", True),
    ("consistent with targeting", True),
    ("which proves nothing", True),
    ("the perpetrator", False),
    ("Perpetrators", False),
    ("This proves intent", False),
    ("a Terrorist", False),
    ("was martyred", False),
    ("genocide score", False),
]


@pytest.mark.parametrize(("words", "neutral"), SAID)
def test_words_that_take_a_side_are_found(words: str, neutral: bool) -> None:
    """R05, R37, R52"""
    assert (not_neutral(words) == []) == neutral


def named_in(path: Path) -> set[str]:
    """The rows that the docstrings of a test module name."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, kinds)]
    return {row for node in nodes for row in re.findall(r"\bR\d{2,3}\b", ast.get_docstring(node) or "")}


def holders() -> dict[str, set[str]]:
    here = ROOT / "tests"
    return {path.relative_to(here).as_posix()[:-3]: named_in(path) for path in sorted(here.rglob("test_*.py"))}


def fresh(paper: str) -> str:
    """The table of requirements with its last column as the tests stand."""
    held = holders()

    def line(match: re.Match[str]) -> str:
        modules = ", ".join(f"`{name}`" for name, rows in held.items() if match[2] in rows)
        return f"{match[1]}{modules or 'planned'} |"

    return re.sub(r"^(\| (R\d{2,3}) \| [^|]+ \| )[^|]+ \|$", line, paper, flags=re.M)


def test_every_test_module_names_what_it_holds() -> None:
    """R02"""
    assert [name for name, rows in holders().items() if not rows] == []


def test_every_row_named_by_a_test_stands_in_the_paper() -> None:
    """R02: and the paper has all 102, each once."""
    listed = re.findall(r"^\| (R\d+) \|", REQUIREMENTS.read_text(encoding="utf-8"), re.M)
    assert listed == [f"R{number:02}" for number in range(1, 103)]
    assert {name: rows - set(listed) for name, rows in holders().items() if rows - set(listed)} == {}


def test_the_table_of_requirements_is_fresh() -> None:
    """R02: make requirements"""
    paper = REQUIREMENTS.read_text(encoding="utf-8")
    assert paper.splitlines() == fresh(paper).splitlines()


def test_constraints_are_names_and_versions_only() -> None:
    """R73: no address from which anything is fetched enters the repository."""
    lines = text("constraints.txt").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
    assert [name for name in ("Makefile", ".ci/run", "pyproject.toml") if "://" in text(name)] == []
    assert not (ROOT / "uv.lock").exists()


if __name__ == "__main__":
    REQUIREMENTS.write_text(fresh(REQUIREMENTS.read_text(encoding="utf-8")), encoding="utf-8")
