"""What must not be in a package for those outside: words of anybody, ids, names without consent.

Holds R60, R62-R64, R67, R71, R72 and R101: canaries in every written column of the schema, searched for in every file.
"""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from canaries import ALLOWED, planted
from filled import fill
from sending import BOTH, SECRET, contents, rows, sent

from casualty.access import Acting
from casualty.disclosure.naming import Pseudonyms
from casualty.release.bag import Bag
from casualty.release.outward import write
from casualty.schema import ConsentFields, PairingFields
from casualty.store import Store
from casualty.summary import summarise
from casualty.vocabulary import IncidentStatus, Tier

# Canaries ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def laid(sqlite_store: Store) -> tuple[Store, dict[str, tuple[str, str]]]:
    """A record with canaries, and where each stands."""
    return sqlite_store, planted(sqlite_store)


@pytest.mark.parametrize("tier", BOTH)
def test_no_canary_leaves(laid: tuple[Store, dict[str, tuple[str, str]]], tmp_path: Path, tier: Tier) -> None:
    """R64, R71, R72: of all that somebody wrote, in any table, only areas and a judged summary are in any file."""
    store, canaries = laid
    done = sent(store, tmp_path / "bag", tier)
    text = "\n".join(part.decode() for part in contents(tmp_path / "bag").values()) + json.dumps(done.kept)
    found = {column for canary, column in canaries.items() if canary in text}
    assert found <= ALLOWED[tier]
    assert ("incident", "narrative_public") in found
    assert len(canaries) > 90


@pytest.mark.parametrize("tier", BOTH)
def test_no_id_no_time_and_no_hand_leaves(
    laid: tuple[Store, dict[str, tuple[str, str]]], tmp_path: Path, tier: Tier
) -> None:
    """R62, R71: neither the ids of the record, which tell when it was made, nor the secret, nor a true point."""
    store, _ = laid
    sent(store, tmp_path / "bag", tier)
    data = b"\n".join(contents(tmp_path / "bag").values())
    ids = [row[0] for name in ("incident", "victim", "source", "document", "claim", "identity_group")
           for row in store.rows(sa.text(f'SELECT id FROM "{name}"'))]  # fmt: skip
    assert ids
    assert not [key for key in ids if key.encode() in data]
    for secret in (SECRET, SECRET.hex().encode(), b"1.25,2.5", b"[2.5,1.25]"):
        assert secret not in data


# Words, names and consent --------------------------------------------------------------------------------------------


def summary_of(store: Store, folder: Path, tier: Tier, code: str) -> str:
    done = sent(store, folder, tier)
    ids = Pseudonyms(SECRET, done.kept["recipient"])
    key = store.rows(sa.text("SELECT id FROM incident WHERE code = :c"), c=code)[0].id
    (row,) = [row for row in rows(folder, "04_records/incidents") if row["id"] == ids.id("incident", key)]
    return row["narrative_public"]


SUMMARIES = [
    # the public summary                     status       what stands in the package
    ("Shells fell on a market", "verified", "Shells fell on a market"),
    ("Shells fell on a market", "corroborated", "Shells fell on a market"),
    ("Shells fell on a market", "submitted", ""),
    ("Shells fell on a market", "contested", ""),
    ("Open Relative saw it", "verified", ""),
    ("أمينة المثال died", "verified", ""),
    ("At the market of the OLD town", "verified", ""),
    ("The Canarycult quarter", "verified", ""),
    ("Northfolk fled", "verified", ""),
]


@pytest.mark.parametrize("tier", BOTH)
@pytest.mark.parametrize(("text", "status", "shown"), SUMMARIES)
def test_a_summary_goes_out_only_judged_and_naming_nobody(
    sqlite_store: Store, tmp_path: Path, tier: Tier, text: str, status: str, shown: str
) -> None:
    """R72: not a draft, not one that names a victim, a private source, the place, or a dimension switched off."""
    by, second = sqlite_store.local("tester"), sqlite_store.local("second person")
    filled = fill(sqlite_store, by, second)
    with sqlite_store._engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE incident SET narrative_public = :t, status = :s WHERE id = :i"),
            {"t": text, "s": status, "i": filled.ids["representative"]},
        )
    assert summary_of(sqlite_store, tmp_path / "bag", tier, filled.codes["representative"]) == shown


def test_an_amended_summary_waits_for_its_judgement(sqlite_store: Store, tmp_path: Path) -> None:
    """R72: what was judged before it was changed does not cover what stands there now."""
    by, second = sqlite_store.local("tester"), sqlite_store.local("second person")
    filled = fill(sqlite_store, by, second)
    key, code = filled.ids["verified"], filled.codes["verified"]
    assert summary_of(sqlite_store, tmp_path / "one", Tier.PUBLIC, code).startswith("Public narrative")
    draft, version = sqlite_store.draft(key)
    draft.narrative_public = "Another text"
    sqlite_store.amend("incident", key, draft, expected=version, by=by, reason="clearer")
    assert summary_of(sqlite_store, tmp_path / "two", Tier.PUBLIC, code) == ""
    assert ["unreviewed" in row["withheld"] for row in rows(tmp_path / "two", "04_records/incidents")].count(True) >= 1


CONSENTS = [
    # purpose               value           the name is published
    (None, None, False),
    ("publish_individual", "given", True),
    ("publish_individual", "not_required", True),
    ("publish_individual", "refused", False),
    ("publish_individual", "withdrawn", False),
    ("publish_individual", "not_asked", False),
    ("publish_aggregate", "given", False),
    ("share_commission", "given", False),
]


@pytest.mark.parametrize("tier", BOTH)
@pytest.mark.parametrize(("purpose", "value", "named"), CONSENTS)
def test_a_name_is_published_only_by_decision(
    sqlite_store: Store, tmp_path: Path, tier: Tier, purpose: str | None, value: str | None, named: bool
) -> None:
    """R60, R101: silence is refusal, and a consent for another purpose is silence."""
    by = sqlite_store.local("tester")
    filled = fill(sqlite_store, by, sqlite_store.local("second person"))
    victim = sqlite_store.current("incident", filled.ids["verified"])["victim"][0]["id"]
    if purpose:
        asked = ConsentFields(victim_id=victim, purpose=purpose, value=value, basis="Decision of the family")
        sqlite_store.record("consent", asked, by)
    done = sent(sqlite_store, tmp_path / "bag", tier)
    names = [row["name"] for row in rows(tmp_path / "bag", "04_records/victim_names")]
    assert names == (["أمينة المثال"] if named else [])
    assert done.withheld["consent", "victim_name", "whole row"] > 0
    data = b"".join(contents(tmp_path / "bag").values()).decode()
    assert ("أمينة المثال" in data) is named
    assert "Decision of the family" not in data


def test_of_what_is_severe_only_the_figures_are_told(store: Store, by: Acting, tmp_path: Path) -> None:
    """R63, R67: it counts in the totals, with neither month nor area."""
    filled = fill(store, by, store.local("second person"))
    done = sent(store, tmp_path / "bag", Tier.PUBLIC)
    key = Pseudonyms(SECRET, "public").id("incident", filled.ids["severe"])
    (row,) = [row for row in rows(tmp_path / "bag", "04_records/incidents") if row["id"] == key]
    told = {name: value for name, value in row.items() if value not in ("", "withheld", "false")}
    assert told.keys() == {"id", "code", "status", "codebook_version", "killed_best", "withheld"}
    assert told["killed_best"] == "6"
    assert done.withheld["severe", "incident", "content"] == 1
    assert done.headline.incidents == summarise(store).total.incidents


def test_a_person_in_two_incidents_is_counted_once(store: Store, by: Acting, tmp_path: Path) -> None:
    """R09, R67: the headline is that of the record's own summary, with judged pairs and without."""
    filled = fill(store, by, store.local("second person"))

    def figures(name: str) -> list[tuple[int, ...]]:
        head, total = sent(store, tmp_path / name, Tier.PARTNER).headline, summarise(store).total
        parts = ("incidents", "killed_low", "killed_best", "killed_high", "without_best")
        return [tuple(getattr(found, part) for part in parts) for found in (head, total)]

    before = figures("before")
    victims = [store.current("incident", filled.ids[name])["victim"] for name in ("verified", "persons")]
    pair = [next(row["id"] for row in part if row["kind"] == "person" and row["harm"] == "killed") for part in victims]
    judged = PairingFields(victim_id=pair[0], other_id=pair[1], verdict="same", reasons="One woman")
    store.record("pairing", judged, store.local("second person"))
    after = figures("after")
    assert before[0] == before[1]
    assert after[0] == after[1]
    assert after[0][2] == before[0][2] - 1


def test_other_tiers_and_short_secrets_are_refused(sqlite_store: Store, tmp_path: Path) -> None:
    """R64: the records themselves are written elsewhere."""
    fill(sqlite_store, sqlite_store.local("tester"), sqlite_store.local("second person"))
    with sqlite_store.reading() as connection:
        with pytest.raises(ValueError, match="commission tier"):
            write(Bag(tmp_path), connection, Tier.COMMISSION, "x", SECRET, ())
        with pytest.raises(ValueError, match="protects nothing"):
            write(Bag(tmp_path), connection, Tier.PUBLIC, "x", b"short", ())
    assert IncidentStatus.DRAFT not in {row.status for row in sqlite_store.rows(sa.text("SELECT status FROM incident"))}
