"""A second coder who does not see the first coding, and how far the two agree (R13)."""

import hashlib
import json
import math
from typing import Any

import pytest
from conftest import minimum
from hypothesis import given
from hypothesis import strategies as st

from casualty import review
from casualty.access import Acting
from casualty.errors import InvalidRecords, NotEnoughData, NotFound, Refused
from casualty.schema import CodingFields, DocumentFields, OriginFields, SourceFields
from casualty.store import Store
from casualty.vocabulary import IncidentStatus

S = IncidentStatus


def pairs_of(table: list[list[int]]) -> list[tuple[str, str]]:
    return [(str(a), str(b)) for a, row in enumerate(table) for b, n in enumerate(row) for _ in range(n)]


TABLES = [
    # first coder by second                        kappa      standard error     from
    ([[75, 1, 4], [5, 4, 1], [0, 0, 10]],          0.6765,    0.0877),         # Fleiss, Levin and Paik (2003), table 18.1
    ([[20, 5], [10, 15]],                          0.4000,    0.1270),         # by hand: 0.7 and 0.5 by chance; 0.2016 / 50 / 0.25
    ([[10, 0], [0, 10]],                           1.0000,    0.0000),
    ([[0, 10], [10, 0]],                           -1.0000,   0.0000),
    ([[25, 25], [25, 25]],                         0.0000,    0.1000),         # by hand: chance alone, 1 / sqrt(n)
]  # fmt: skip


@pytest.mark.parametrize(("table", "value", "error"), TABLES)
def test_kappa_is_as_published(table: list[list[int]], value: float, error: float) -> None:
    """R13: Cohen (1960), and the standard error of Fleiss, Cohen and Everitt (1969)."""
    found = review.kappa("field", pairs_of(table))
    assert found.kappa == pytest.approx(value, abs=5e-5)
    assert (found.low, found.high) == pytest.approx(
        (max(value - 1.96 * error, -1), min(value + 1.96 * error, 1)), abs=3e-4
    )
    assert found.n == sum(map(sum, table))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=40))
def test_kappa_is_its_definition(pairs: list[tuple[str, str]]) -> None:
    """R13: whatever was coded, in any order; where chance is certain it is not defined, and says so."""
    found = review.kappa("field", pairs)
    n = len(pairs)
    observed = sum(a == b for a, b in pairs) / n
    chance = sum([a for a, _ in pairs].count(c) * [b for _, b in pairs].count(c) for c in "abc") / n**2
    assert found.observed == pytest.approx(observed)
    assert sum(found.table.values()) == n
    if math.isclose(chance, 1):
        assert (found.kappa, found.low, found.high) == (None, None, None)
        assert "one category" in found.why
        return
    assert found.kappa == pytest.approx((observed - chance) / (1 - chance))
    assert found.low is not None
    assert found.high is not None
    assert found.kappa is not None
    assert -1 <= found.low <= found.kappa + 1e-12
    assert found.kappa - 1e-12 <= found.high <= 1
    turned = review.kappa("field", [(b, a) for a, b in pairs])
    assert (turned.kappa, turned.low) == (pytest.approx(found.kappa), pytest.approx(found.low, abs=1e-9))


def test_nothing_coded_is_no_agreement() -> None:
    """R13"""
    found = review.kappa("field", [])
    assert (found.n, found.observed, found.kappa) == (0, None, None)
    assert found.why


class Desk:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.by, self.second, self.coder = (store.local(name) for name in ("recorder", "second", "coder"))
        source = store.record("source", SourceFields(name="Radio"), self.by).id
        draft = DocumentFields(title="News at nine", source_id=source, url="https://example.org/9")
        self.document = store.record("document", draft, self.by).id

    def record(self, by: Acting | None = None, **fields: Any) -> str:
        return self.store.record("incident", minimum(self.document, **fields), by or self.by).id

    def judged(self, to: S = S.CONTESTED, **fields: Any) -> str:
        key = self.record(**fields)
        for status in (S.IN_REVIEW, to):
            self.store.review(key, status, "Seen", self.second)
        return key

    def draw(self, size: int, seed: int = 1, **asked: Any) -> review.Sample:
        return review.draw(self.store, self.second, self.coder.name, size, seed, **asked)

    def code(self, sample: str, key: str, by: Acting | None = None, **fields: Any) -> Any:
        stated = {"incident_type": "raid", "date_precision": 1, "place_precision": None, "killed_best": 7,
                  "to_status": S.CONTESTED, **fields}  # fmt: skip
        return review.code(self.store, sample, key, by or self.coder, **stated)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def test_a_sample_can_be_drawn_again_by_anybody(desk: Desk) -> None:
    """R13: from what was put forward and is not the coder's own; what it was drawn from is recorded."""
    keys = [desk.record() for _ in range(6)] + [desk.judged()]
    amended = desk.record()
    draft, version = desk.store.draft(amended)
    desk.store.amend("incident", amended, draft.model_copy(update={"title": "x"}), expected=version, by=desk.coder)
    desk.record(desk.coder)
    desk.store.record("incident", minimum(desk.document), desk.by, status=S.DRAFT)
    desk.store.withdraw("incident", desk.record(), desk.by, "a mistake")
    review.merge(desk.store, desk.record(), keys[0], "same", desk.second)
    for seed in (1, 2):
        sample = desk.draw(4, seed)
        wanted = sorted(keys, key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).hexdigest())[:4]
        assert (list(sample.incidents), sample.population, sample.seed) == (wanted, 7, seed)
        assert "submitted" in sample.drawn_from
    assert desk.draw(1, status=[S.CONTESTED]).population == 1
    assert [one.id for one in review.samples(desk.store)][1] == sample.id
    for size in (0, 8):
        with pytest.raises(NotEnoughData):
            desk.draw(size)
    with pytest.raises(NotFound):
        review.sample(desk.store, "nothing")
    desk.store.verify()


def test_the_coder_sees_what_the_documents_say_and_no_coding(desk: Desk) -> None:
    """R13: blind: nothing of how it was coded or rated is handed over."""
    wire = desk.store.record("origin", OriginFields(label="CANARY wire"), desk.by).id
    claim = {
        "document_id": desk.document,
        "killed_best": 5,
        "origin_id": wire,
        "credibility": "3",
        "cited": "They said",
    }
    key = desk.judged(claims=[claim], killed_best=7654321, title="CANARY title", narrative_public="CANARY narrative",
                      admin1="CANARY unit", incident_type="raid", place_as_reported="CANARY place")  # fmt: skip
    sample = desk.draw(1)
    told = review.next_uncoded(desk.store, sample.id, desk.coder)
    assert told is not None
    assert (told.incident_id, told.number, told.size) == (key, 1, 1)
    text = json.dumps([dict(claim) for claim in told.claims], default=str)
    assert "CANARY" not in text
    assert all(word not in text for word in ("7654321", "contested", "credibility", "raid"))
    assert told.claims[0]["killed_best"] == 5
    assert (told.claims[0]["source"], told.claims[0]["document"]["url"]) == ("Radio", "https://example.org/9")
    with pytest.raises(Refused):
        review.next_uncoded(desk.store, sample.id, desk.second)


def test_each_is_coded_once_by_its_coder(desk: Desk) -> None:
    """R13: by no door by anybody else, nor anything that was not drawn."""
    for _ in range(2):
        desk.record()
    sample = desk.draw(2)
    seen = []
    while (told := review.next_uncoded(desk.store, sample.id, desk.coder)) is not None:
        seen.append(told.incident_id)
        desk.code(sample.id, told.incident_id)
    assert seen == list(sample.incidents)
    assert review.sample(desk.store, sample.id).coded == 2
    with pytest.raises(InvalidRecords, match="already"):
        desk.code(sample.id, seen[0])
    more = desk.draw(1, 5)
    with pytest.raises(Refused):
        desk.code(more.id, more.incidents[0], desk.second)
    with pytest.raises(InvalidRecords, match="no judgement"):
        desk.code(more.id, more.incidents[0], to_status=S.DRAFT)
    stray = CodingFields(sample_id=more.id, incident_id=desk.record(), incident_type="raid", to_status="refuted")
    with pytest.raises(InvalidRecords, match="not in this sample"):
        desk.store.record("coding", stray, desk.coder)
    desk.store.verify()


def test_the_agreement_is_with_the_coding_when_it_was_drawn(desk: Desk) -> None:
    """R13: mended afterwards, the first coding does not agree better."""
    keys = [desk.judged(incident_type=kind, killed_best=n) for kind, n in (("raid", 7), ("raid", 8), ("other", 7))]
    submitted = desk.record(incident_type="raid", killed_best=7, date_precision=1)
    sample = desk.draw(4)
    for key in keys:
        draft, version = desk.store.draft(key)
        changed = draft.model_copy(update={"incident_type": "checkpoint", "killed_best": 99})
        desk.store.amend("incident", key, changed, expected=version, by=desk.by)
    for key in (*keys, submitted):
        desk.code(sample.id, key)
    found = {one.field: one for one in review.agreement(desk.store, sample.id).fields}
    assert found["incident_type"].table == {("other", "raid"): 1, ("raid", "raid"): 3}
    assert found["killed_best"].table == {("7", "7"): 3, ("8", "7"): 1}
    assert found["date_precision"].table == {("1", "1"): 1, ("not stated", "1"): 3}
    assert (found["to_status"].n, found["to_status"].observed) == (3, 1.0)
    assert found["to_status"].kappa is None
    assert review.agreement(desk.store, sample.id).missing == 0
