"""What may leave the house: columns by tier, and what of a row is withheld.

Holds R41 (a dimension switched off is nowhere), R60 (consent decides), R63 and R64 (allow-list, a new column is
sealed) and R71.
"""

import re
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import SQLModel

from casualty import codebook, disclosure, schema
from casualty.disclosure import CONSENT, MENTION, OFF, SEVERE, WITHDRAWN, Phrases, Shown, Withheld, show
from casualty.errors import Refused
from casualty.vocabulary import SCHEMES, Tier

TABLES = SQLModel.metadata.tables


def unclassed() -> set[tuple[str, str]]:
    """Columns of the schema that stand in no list, in two, or in a list and not in the schema."""
    held = [(name, column.name) for name, part in TABLES.items() for column in part.columns]
    classed = [
        (name, column) for name, lists in disclosure.COLUMNS.items() for part in lists for column in part.split()
    ]
    return set(held) ^ set(classed) | {pair for pair in classed if classed.count(pair) > 1}


def test_every_column_is_classed_exactly_once() -> None:
    """R63: a column that a migration adds fails here until somebody has decided about it."""
    assert unclassed() == set()


def test_a_column_that_nobody_classed_stays_in_the_house(monkeypatch: pytest.MonkeyPatch) -> None:
    """R63, R64: deny by default, and the check above sees it."""
    commission, internal, sealed = disclosure.COLUMNS["victim"]
    monkeypatch.setitem(disclosure.COLUMNS, "victim", (commission.replace(" described_as", ""), internal, sealed))
    assert "described_as" not in disclosure.columns("victim", Tier.COMMISSION)
    assert not disclosure.whole("incident", Tier.COMMISSION)
    assert unclassed() == {("victim", "described_as")}


@pytest.mark.parametrize("name", sorted(TABLES))
def test_each_tier_holds_the_one_before(name: str) -> None:
    """R64: public within partner within commission within internal, column by column; nothing is listed that is not there."""
    tiers = [
        set(disclosure.columns(name, tier)) for tier in (Tier.PUBLIC, Tier.PARTNER, Tier.COMMISSION, Tier.INTERNAL)
    ]
    assert tiers == sorted(tiers, key=len)
    assert all(narrow <= wide for narrow, wide in pairwise(tiers))
    listed = [column for part in disclosure.OUTWARD.get(name, ()) for column in part.split()]
    assert len(listed) == len(set(listed))
    assert set(listed) == tiers[1]


def test_a_column_cannot_go_to_the_public_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """R63, R64: listed for the public and not for a commission, a column breaks the order that the test above holds."""
    monkeypatch.setitem(disclosure.OUTWARD, "credential", ("argon2", ""))
    assert not set(disclosure.columns("credential", Tier.PUBLIC)) <= set(
        disclosure.columns("credential", Tier.COMMISSION)
    )


# Columns in which somebody writes freely; of these a public or partner tier may hold the reviewed summary, names of places
# and areas, and a name whose publication was decided.
MAY_STAND = {
    "incident": {"country", "admin1", "admin2", "narrative_public"}, "victim_name": {"name"}, "admin_unit": {"name"},
    "dimension": {"label", "code"}, "identity_group": {"label", "code"},
}  # fmt: skip
WRITTEN = re.compile(
    r"title|reported|narrative|note|counted_how|described|occupation|name|label|url|cited|locator|stated|reasons|basis"
    r"|conditions|custody|affiliation|aliases|time_of_day|_by$|reviewer|recorder|_at$|means|question|result|mapping"
)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_no_free_text_and_no_recorder_below_a_commission(name: str) -> None:
    """R71, R72: by the names of the columns, so that a new one of that kind cannot slip in."""
    held = set(disclosure.columns(name, Tier.PARTNER)) - MAY_STAND.get(name, set())
    assert not [column for column in held if WRITTEN.search(column)]


SEALED = [("account", "credential_digest"), ("credential", "argon2"), ("credential", "account_id")]
STAYS = [*SEALED, ("account", "name"), ("release", "recipient"), ("consent", "taken_by"), ("dimension", "assessment")]


@pytest.mark.parametrize(("name", "column"), STAYS)
def test_the_house_keeps_its_own(name: str, column: str) -> None:
    """R62, R64: neither accounts nor earlier packages, nor who asked for a consent, go to a commission."""
    assert column not in disclosure.columns(name, Tier.COMMISSION)
    assert (column in disclosure.columns(name, Tier.INTERNAL)) == ((name, column) not in SEALED)


def test_no_package_is_made_of_the_internal_tier() -> None:
    """R64: exit 12 and a sentence; the three others can be made."""
    with pytest.raises(Refused, match=r"internal tier cannot be made: .* commission, partner, public"):
        disclosure.require_tier(Tier.INTERNAL)
    for tier in (Tier.PUBLIC, Tier.PARTNER, Tier.COMMISSION):
        disclosure.require_tier(tier)


INCIDENT = {
    "id": "i", "version": 1, "recorded_at": "T", "recorded_by": "r", "sensitivity": "moderate", "codebook_version": "1",
    "incident_type": "raid", "title": "A raid", "date_start": "2024-01-01", "date_end": "2024-01-01", "lat": 1.0,
    "lon": 2.0, "killed_best": 3, "count_conflict": False, "status": "verified", "code": "C", "counted_how": "by hand",
}  # fmt: skip
VICTIM = {
    "id": "v", "incident_id": "i", "code": "V", "kind": "person", "count_low": 1, "count_best": 1, "count_high": 1,
    "count_conflict": False, "harm": "killed", "sex": "woman", "age_years": 30.0, "occupation": "baker",
}  # fmt: skip
CLAIM = {
    "id": "c", "incident_id": "i", "document_id": "d", "source_id": "s", "killed_best": 3, "stated": '{"group":"Moon"}',
    "digest": "f" * 64, "locator": "row 4", "standing": "current",
}  # fmt: skip
ROOT = {"id": "x", "version": 1, "sensitivity": "moderate", "codebook_version": "1"}
SOURCE = ROOT | {"name": "Zofia", "kind": "witness", "affiliation": "none"}
SEVERELY = {"sensitivity": "severe"}
MOON = Phrases.of(["Moon"])

# table, row, what is withheld in the database, what is taken from the row by which reason (or why the row stays)
WITHHOLDING: list[tuple[str, dict[str, Any], Withheld, object]] = [
    ("incident", INCIDENT, Withheld(), {}),
    ("incident", INCIDENT, Withheld(beside=frozenset("i")), {CONSENT: "counted_how title"}),
    ("incident", INCIDENT | SEVERELY, Withheld(),
     {SEVERE: "counted_how date_end date_start incident_type lat lon title"}),
    ("incident", INCIDENT | {"title": "At the MOON gate"}, Withheld(phrases=MOON), {MENTION: "title"}),
    ("incident", INCIDENT | {"title": "Moonrise"}, Withheld(phrases=MOON), {}),
    ("victim", VICTIM, Withheld(victims=frozenset("w")), {}),
    ("victim", VICTIM, Withheld(victims=frozenset("v")), {CONSENT: "age_years occupation sex"}),
    ("victim", VICTIM, Withheld(severe_incidents=frozenset("i")), {SEVERE: "age_years occupation sex"}),
    ("claim", CLAIM, Withheld(), {}),
    ("claim", CLAIM, Withheld(severe_incidents=frozenset("i")), SEVERE),
    ("claim", CLAIM, Withheld(documents=frozenset("d")), {CONSENT: "digest locator stated"}),
    ("claim", CLAIM, Withheld(sources=frozenset("s")), {CONSENT: "digest locator stated"}),
    ("claim", CLAIM, Withheld(tainted_incidents=frozenset("i")), {OFF: "digest stated"}),
    ("claim", CLAIM, Withheld(tainted_documents=frozenset("d")), {OFF: "digest stated"}),
    ("claim", CLAIM, Withheld(phrases=MOON), {MENTION: "digest stated"}),
    ("victim_name", {"id": "n", "incident_id": "i", "victim_id": "v"}, Withheld(victims=frozenset("v")), CONSENT),
    ("attribution", {"id": "a", "victim_id": "v", "dimension_id": "o"}, Withheld(dimensions=frozenset("o")), OFF),
    ("attribution", {"id": "a", "victim_id": "v", "dimension_id": "o"}, Withheld(victims=frozenset("v")), CONSENT),
    ("act", {"id": "a", "incident_id": "i", "victim_id": "v", "kind": "torture"}, Withheld(victims=frozenset("v")),
     {CONSENT: "kind"}),
    ("dimension", ROOT, Withheld(dimensions=frozenset("x")), OFF),
    ("identity_group", ROOT | {"dimension_id": "o"}, Withheld(dimensions=frozenset("o")), OFF),
    ("population", ROOT | {"dimension_id": "o"}, Withheld(dimensions=frozenset("o")), OFF),
    ("source", SOURCE, Withheld(), {}),
    ("source", SOURCE, Withheld(sources=frozenset("x")), {CONSENT: "affiliation name"}),
    ("document", ROOT | {"title": "T"}, Withheld(documents=frozenset("x")), {CONSENT: "title"}),
    ("actor", ROOT | SEVERELY | {"name": "N"}, Withheld(), {SEVERE: "name"}),
    ("actor", ROOT | {"name": "N", "withdrawn_at": "T"}, Withheld(), {WITHDRAWN: "name"}),
    ("batch", ROOT | {"document_id": "d", "mapping": "m"}, Withheld(tainted_documents=frozenset("d")),
     {OFF: "mapping"}),
    ("consent", {"id": "k", "victim_id": "v"}, Withheld(), {}),
    ("consent", {"id": "k", "victim_id": "v"}, Withheld(victims=frozenset("v")), CONSENT),
    ("consent", {"id": "k", "victim_id": "v"}, Withheld(absent=frozenset("v")), WITHDRAWN),
    ("consent", {"id": "k", "source_id": "s", "withdrawn_at": "T"}, Withheld(), WITHDRAWN),
]  # fmt: skip


@pytest.mark.parametrize(("name", "row", "held", "expected"), WITHHOLDING)
def test_what_is_withheld_of_a_row(name: str, row: dict[str, Any], held: Withheld, expected: object) -> None:
    """R41, R60: by person, source, document, dimension, sensitivity and mention; references and counts remain."""
    shown = show(name, row, held)
    if isinstance(shown, str):
        assert shown == expected
        return
    assert {reason: " ".join(fields) for reason, fields in shown.withheld} == expected
    gone = {column for _, fields in shown.withheld for column in fields}
    assert all(shown.values[column] in (None, "withheld") for column in gone)
    assert {column: shown.values[column] for column in row if column not in gone} == {
        column: value for column, value in row.items() if column not in gone
    }


def test_the_reason_for_absence_reads_withheld() -> None:
    """R25: what was known and is kept back is not told as unknown."""
    severe = show("incident", INCIDENT | SEVERELY, Withheld())
    person = show("victim", VICTIM, Withheld(victims=frozenset("v")))
    assert isinstance(severe, Shown)
    assert isinstance(person, Shown)
    assert [severe.values[key] for key in ("date_missing", "place_missing", "incident_type")] == ["withheld"] * 3
    assert [person.values[key] for key in ("occupation_missing", "sex")] == ["withheld"] * 2


def test_counts_survive_every_withholding() -> None:
    """R67: totals are not lowered because a person is protected."""
    everything = Withheld(
        victims=frozenset("v"), beside=frozenset("i"), severe_incidents=frozenset("i"), phrases=Phrases.of(["woman"])
    )
    severely = INCIDENT | SEVERELY
    for name, row, counts in (("incident", severely, "killed_best"), ("victim", VICTIM, "count_best harm kind")):
        shown = show(name, row, everything)
        assert isinstance(shown, Shown)
        assert [shown.values[column] for column in counts.split()] == [row[column] for column in counts.split()]


FOUND = [
    # phrase              text                                   stands in it
    ("Zofia Testowa", "said ZOFIA  testowa, twice", True),
    ("Zofia Testowa", "Zofia said; Testowa wept", False),
    ("Zoë", "zoe came", True),
    ("أمينة", "قالت أَمِينَة ذلك", True),
    ("Амина", "свидетель АМИНА", True),
    ("Амина", '{"n": "\\u0410\\u043c\\u0438\\u043d\\u0430"}', True),
    ("Moon", "Moonlight", False),
    ("Moon", "full-moon", True),
    ("Unknown", "an unknown man", False),
    ("a witness", "a witness said", False),
    ("AB", "AB said", False),
    (None, "None said", False),
]


@pytest.mark.parametrize(("phrase", "text", "within"), FOUND)
def test_a_phrase_is_found_whatever_its_writing(phrase: str | None, text: str, within: bool) -> None:
    """R41, R72: case, accents, punctuation and JSON escapes hide nothing; words that name nobody are not searched."""
    assert Phrases.of([phrase]).within(text) is within


WORDS = st.lists(st.sampled_from(["moon", "sun", "hill", "river", "x1"]), max_size=8)


@given(phrases=st.lists(WORDS.filter(bool), max_size=4), text=WORDS)
def test_phrases_agree_with_a_plain_search(phrases: list[list[str]], text: list[str]) -> None:
    """R41: the index by first word finds what a search through all the text finds."""
    whole = f" {' '.join(text)} "
    wanted = [" ".join(phrase) for phrase in phrases if len("".join(phrase)) >= 3]
    assert Phrases.of(" ".join(p) for p in phrases).within(" ".join(text)) == any(f" {p} " in whole for p in wanted)


def test_every_field_and_term_is_explained_and_nothing_else() -> None:
    """R02: the codebook knows every column and every term, and speaks of none that is gone."""
    rows = codebook.field_rows()
    assert {(row[0], row[1]) for row in rows} == {
        (name, column.name) for name, part in TABLES.items() if name not in codebook.EXCLUDED for column in part.columns
    }
    stale = {(name, field) for name, fields in codebook.MEANINGS.items() for field in fields} - {
        row[:2] for row in rows
    }
    assert stale == set()
    assert set(codebook.SHARED) <= {row[1] for row in rows}
    assert {row[:2] for row in codebook.term_rows()} == {(s.__name__, str(t.value)) for s in SCHEMES for t in s}
    assert all(re.fullmatch(r"[A-Z`0-9].*[.;]", row[-1]) for row in rows)


def test_the_codebook_names_the_scheme_of_every_coded_column() -> None:
    """R02, R25: a term that may be absent in the record is, in a package, one of the four reasons."""
    schemes = {row[:2]: row[4] for row in codebook.field_rows()}
    for name, field in schemes:
        column = schema.table(name).c[field]
        assert bool(schemes[name, field]) == (isinstance(column.type, sa.Enum) or field in codebook.CODED)
    assert schemes["source", "reliability"] == "Reliability, Missing"
    assert schemes["incident", "place_missing"] == "Missing"


def test_the_codebook_is_one_text() -> None:
    """R03: it states its version, and what a deployment defined itself stands at the end."""
    plain, used = codebook.markdown(), codebook.markdown({"Identity groups": [("n", "Nor|th", "of language")]})
    assert plain.startswith("# Codebook, version 2\n")
    assert used.startswith(plain.rstrip("\n"))
    assert used.endswith("| n | Nor\\|th | of language |\n")
    assert plain == codebook.markdown()
