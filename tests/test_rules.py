"""The pure rules beside their tables in tests/spec: ages, origins, and what they do not touch."""

import itertools
from typing import Any

import pytest
from conftest import minimum
from hypothesis import given
from hypothesis import strategies as st

from casualty import rules
from casualty.errors import InvalidRecords
from casualty.rules import after_amendment, age_band, independent_origins, may_move, may_submit
from casualty.schema import DocumentFields, OriginFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import AgeBand, IncidentStatus

S = IncidentStatus

AGES = [
    (None, "not_recorded"), (0, "infant"), (0.99, "infant"), (1, "child"), (17, "child"), (17 + 364 / 365, "child"),
    (18, "adult"), (59.9, "adult"), (60, "older"), (130, "older"),
]  # fmt: skip


@pytest.mark.parametrize(("years", "band"), AGES)
def test_age_bands(years: float | None, band: str) -> None:
    """R24: exactly 18 is an adult; unknown stays unknown."""
    assert age_band(years) == AgeBand(band)


# The claims of an incident: document, its source, the source the claim names, its origin, where it stands; and how many
# independent origins that makes.
ORIGINS = [
    ("",                                                                    0),
    ("d1",                                                                  1),
    ("d1; d1",                                                              1),
    ("d1; d2",                                                              2),
    ("d1=radio; d2=radio",                                                  1),
    ("d1=radio; d2=paper",                                                  2),
    ("d1=radio/wire; d2=paper/wire; d3=web/wire",                           1),
    ("d1=radio/wire; d2=paper/wire; d3=web",                                2),
    ("d1=radio/wire; d2=paper/own",                                         2),
    ("d1=radio!superseded; d2=paper",                                       1),
    ("d1=radio!withdrawn",                                                  0),
    ("d1=radio!gone; d2=paper",                                             1),
    ("d1=radio; d2=paper; d3=web; d4=family",                               4),
]  # fmt: skip


def claims(text: str) -> tuple[list[dict[str, Any]], dict[str, str | None]]:
    """Return the claims of a row of the table and the sources of the documents that stand."""
    found, sources = [], {}
    for part in filter(None, text.split("; ")):
        rest, _, standing = part.partition("!")
        rest, _, origin = rest.partition("/")
        document, _, source = rest.partition("=")
        found.append({"document_id": document, "standing": standing if standing not in ("", "gone") else "current"})
        if origin:
            found[-1]["origin_id"] = origin
        if standing != "gone":
            sources[document] = source or None
    return found, sources


@pytest.mark.parametrize(("said", "number"), ORIGINS)
def test_independent_origins(said: str, number: int) -> None:
    """R15: three papers on one wire are one; so are two reports of one source; withdrawn ones are none."""
    found, sources = claims(said)
    for order in itertools.permutations(found):
        assert independent_origins(order, sources) == number
    with_source = [
        claim | ({"source_id": sources[claim["document_id"]]} if sources.get(claim["document_id"]) else {})
        for claim in found
    ]
    assert independent_origins(with_source, sources) == number


def test_the_store_counts_origins_so(store: Store) -> None:
    """R15, R17: two issues of one paper do not verify; another source does; a withdrawn document does not."""
    by, second = store.local("tester"), store.local("second")
    paper, radio = (store.record("source", SourceFields(name=name), by).id for name in ("Paper", "Radio"))
    wire = store.record("origin", OriginFields(label="Wire"), by).id
    first, next_, other = (
        store.record("document", DocumentFields(title=title, source_id=source), by).id
        for title, source in (("Monday", paper), ("Tuesday", paper), ("News", radio))
    )
    cases = [
        ([{"document_id": first}, {"document_id": next_}], False),
        ([{"document_id": first}, {"document_id": other}], True),
        ([{"document_id": first, "origin_id": wire}, {"document_id": other, "origin_id": wire}], False),
    ]
    for stated, enough in cases:
        key = store.record("incident", minimum(first, claims=stated), by).id
        store.review(key, S.IN_REVIEW, "taken up", second)
        if enough:
            store.withdraw("document", other, by, "forged")
            with pytest.raises(InvalidRecords, match=r"1 independent origin\(s\), 2 needed"):
                store.review(key, S.VERIFIED, "seen", second)
            store.restore("document", other, by, "genuine after all")
            store.review(key, S.VERIFIED, "seen", second)
        else:
            with pytest.raises(InvalidRecords, match=r"1 independent origin\(s\), 2 needed"):
                store.review(key, S.VERIFIED, "seen", second)


def test_amending_never_raises_a_status() -> None:
    """R12, R18: it leaves it, or puts the incident forward again; and then a review may go on from there."""
    for status in S:
        after = after_amendment(status)
        assert after in (status, S.SUBMITTED)
        assert after == status or status not in (S.DRAFT, S.IN_REVIEW, S.DUPLICATE, S.WITHDRAWN)
    assert {status for status in S if may_submit(status)} == {
        status for status in S if may_move(status, S.SUBMITTED)
    } - {S.IN_REVIEW}


TEXT = st.sampled_from([None, "Market"])
COUNT = st.one_of(st.none(), st.integers(0, 4))
DAY = st.sampled_from([None, "2024-01-01", "2024-06-01"])


@given(low=COUNT, best=COUNT, high=COUNT, conflict=st.booleans(), start=DAY, end=DAY, place=TEXT, lat=st.sampled_from([None, 1.0]),
       missing=st.sampled_from([None, "unknown"]), nowhere=st.sampled_from([None, "withheld"]))  # fmt: skip
def test_the_rules_are_their_plain_reading(
    low: int | None, best: int | None, high: int | None, conflict: bool, start: str | None, end: str | None,
    place: str | None, lat: float | None, missing: str | None, nowhere: str | None,
) -> None:  # fmt: skip
    """R07, R08, R32: every combination, against the sentences written out again in another way."""
    from datetime import date

    draft = minimum("d", killed_low=low, killed_best=best, killed_high=high, count_conflict=conflict, date_start=start, date_end=end,
                    date_missing=missing, place_as_reported=place, lat=lat, lon=lat, place_missing=nowhere)  # fmt: skip
    known = [number for number in (low, best, high) if number is not None]
    date_good = bool((start and end and start <= end and not missing) or (missing and not start and not end))
    place_good = (place is not None or lat is not None) != (nowhere is not None)
    count_good = conflict or all(a <= b for a, b in itertools.combinations(known, 2))
    faults = {fault.field.removesuffix("_end") for fault in rules.check(draft, date(2025, 1, 1)).faults}
    assert faults == {
        name for name, good in (("date", date_good), ("place", place_good), ("killed", count_good)) if not good
    }
