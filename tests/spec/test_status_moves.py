"""Where an incident stands, and where it may go from there. One table for people, tried move by move (R10, R12, R18)."""

from typing import Any

import pytest
from conftest import PASSWORD, minimum

from casualty import review, rules
from casualty.errors import InvalidRecords
from casualty.schema import DocumentFields, SourceFields, VictimDraft
from casualty.store import Store
from casualty.vocabulary import IncidentStatus, Role, StandardOfProof

# From              may become (by a review or a withdrawal; a draft is put forward by its recorder; duplicate: by a merge)
MOVES = """
draft             | submitted withdrawn
submitted         | in_review duplicate withdrawn
in_review         | submitted needs_work corroborated verified contested unverifiable refuted duplicate withdrawn
needs_work        | submitted duplicate withdrawn
corroborated      | in_review verified contested duplicate withdrawn
verified          | in_review contested duplicate withdrawn
contested         | in_review duplicate withdrawn
unverifiable      | in_review duplicate withdrawn
refuted           | in_review duplicate withdrawn
duplicate         | in_review withdrawn
withdrawn         | in_review
"""
TABLE = {line.split("|")[0].strip(): set(line.split("|")[1].split()) for line in MOVES.strip().splitlines()}

# What else a judgement needs:
#    to            origins  least  standard               reviewer     what is missing
NEEDS = [
    ("verified",        2,     2,  "reasonable_grounds",  "second",    ""),
    ("verified",        1,     2,  "reasonable_grounds",  "second",    "origins"),
    ("verified",        1,     1,  "reasonable_grounds",  "second",    ""),
    ("verified",        2,     3,  "reasonable_grounds",  "second",    "origins"),
    ("verified",        2,     2,  "not_stated",          "second",    "standard_of_proof"),
    ("verified",        2,     2,  "balance",             "recorder",  "reviewer"),
    ("verified",        0,     2,  "not_stated",          "recorder",  "origins reviewer standard_of_proof"),
    ("corroborated",    2,     9,  "not_stated",          "second",    ""),
    ("corroborated",    1,     1,  "not_stated",          "second",    "origins"),
    ("contested",       1,     2,  "not_stated",          "second",    ""),
    ("unverifiable",    0,     2,  "not_stated",          "second",    ""),
    ("refuted",         0,     2,  "not_stated",          "amender",   "reviewer"),
    ("submitted",       0,     2,  "not_stated",          "second",    ""),
]  # fmt: skip


def test_the_rules_are_this_table() -> None:
    """R18: and every status can be left again: none is the end."""
    assert {before.value: {after.value for after in moves} for before, moves in rules.MOVES.items()} == TABLE
    assert set(TABLE) == set(IncidentStatus)
    assert all(TABLE.values())
    assert all(status not in moves for status, moves in TABLE.items())


def test_every_status_can_be_reached() -> None:
    """R10: from a draft."""
    reached = {"draft"}
    while more := {after for status in reached for after in TABLE[status]} - reached:
        reached |= more
    assert reached == set(TABLE)


@pytest.mark.parametrize(("to", "origins", "least", "standard", "reviewer", "missing"), NEEDS)
def test_what_a_judgement_needs(to: str, origins: int, least: int, standard: str, reviewer: str, missing: str) -> None:
    """R12, R13, R17: all that is missing is said at once."""
    faults = rules.check_review(
        IncidentStatus.IN_REVIEW, IncidentStatus(to), reviewer=reviewer, recorders={"recorder", "amender"}, reasons="Seen",
        standard=StandardOfProof(standard), origins=origins, minimum_origins=least,
    )  # fmt: skip
    assert sorted(fault.field for fault in faults) == missing.split()


@pytest.mark.parametrize("reasons", ["", " ", "\t\n"])
def test_a_judgement_has_reasons(reasons: str) -> None:
    """R12"""
    (fault,) = rules.check_review(
        IncidentStatus.SUBMITTED, IncidentStatus.IN_REVIEW, reviewer="second", recorders={"recorder"}, reasons=reasons,
        standard=StandardOfProof.NOT_STATED, origins=0, minimum_origins=2,
    )  # fmt: skip
    assert fault.field == "reasons"


PATHS = {
    "draft": (), "submitted": (), "in_review": ("in_review",), "needs_work": ("in_review", "needs_work"),
    "corroborated": ("in_review", "corroborated"), "verified": ("in_review", "verified"), "contested": ("in_review", "contested"),
    "unverifiable": ("in_review", "unverifiable"), "refuted": ("in_review", "refuted"), "withdrawn": ("in_review", "withdrawn"),
    "duplicate": ("duplicate",),
}  # fmt: skip


class House:
    """A store with two documents, a recorder and a second person; incidents are brought to any status."""

    def __init__(self, store: Store) -> None:
        self.store, self.by, self.second = store, store.local("recorder"), store.local("second")
        self.documents = []
        for name in ("one", "two"):
            source = store.record("source", SourceFields(name=name), self.by)
            draft = DocumentFields(title=name, source_id=source.id)
            self.documents.append(store.record("document", draft, self.by).id)
        self.other = self.record("submitted")

    def record(self, start: str, **fields: Any) -> str:
        claims = [{"document_id": document} for document in self.documents]
        draft = minimum(self.documents[0], claims=claims, **fields)
        return self.store.record("incident", draft, self.by, status=IncidentStatus(start)).id

    def at(self, status: str, **fields: Any) -> str:
        key = self.record("draft" if status == "draft" else "submitted", **fields)
        for step in PATHS[status]:
            self.move(key, step)
        return key

    def move(self, key: str, to: str, who: str = "second") -> None:
        if to == "duplicate":
            review.merge(self.store, key, self.other, "The same event", self.store.local(who))
        else:
            self.store.review(key, IncidentStatus(to), "Seen", self.store.local(who))

    def status(self, key: str) -> str:
        return str(self.store.current("incident", key)["incident"][0]["status"])


@pytest.fixture
def house(sqlite_store: Store) -> House:
    return House(sqlite_store)


@pytest.mark.parametrize("before", PATHS)
def test_the_store_makes_these_moves_and_no_other(house: House, before: str) -> None:
    """R10, R12, R18: from each status to each: made as the table says, or refused, and the ledger is whole."""
    for after in IncidentStatus:
        key = house.at(before)
        if after.value in TABLE[before]:
            house.move(key, after.value)
            assert house.status(key) == after
        else:
            with pytest.raises(InvalidRecords):
                house.move(key, after.value)
            assert house.status(key) == before
    house.store.verify()


@pytest.mark.parametrize("before", PATHS)
def test_no_review_makes_a_duplicate(house: House, before: str) -> None:
    """R18: only a merge does, which names the record that stands."""
    key = house.at(before)
    with pytest.raises(InvalidRecords):
        house.store.review(key, IncidentStatus.DUPLICATE, "Seen", house.second)
    assert house.status(key) == before


@pytest.mark.parametrize("before", PATHS)
def test_nobody_judges_their_own_work(house: House, before: str) -> None:
    """R13: whatever the move, and for who amended it too."""
    key = house.at(before)
    if before != "withdrawn":
        draft, version = house.store.draft(key)
        house.store.amend("incident", key, draft.model_copy(update={"killed_best": 8}), expected=version,
                          by=house.store.local("amender"))  # fmt: skip
    names = ("recorder",) if before == "withdrawn" else ("recorder", "amender")
    for name in names:
        for after in TABLE[house.status(key)]:
            with pytest.raises(InvalidRecords) as told:
                house.move(key, after, name)
            assert "reviewer" in {fault.field for fault in told.value.faults}


HANDS = [
    # signs as            their work is signed by   is known to be the same
    ("ada",               "ada",                    True),
    ("ada",               "local:ada",              True),
    ("local:ada",         "ada",                    True),
    ("ada",               "ada2",                   False),
    ("ada",               "Ada",                    False),
    ("local:ada",         "local:bea",              False),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "same"), HANDS)
def test_whose_hand_is_known_again(one: str, other: str, same: bool) -> None:
    """R13: an account of another name cannot be known to be the same person's."""
    assert rules.same_hand(one, other) is same


def test_a_login_does_not_judge_what_it_recorded_before_there_were_accounts(house: House) -> None:
    """R13"""
    store = house.store
    key = house.record("submitted")
    store.add_account("head", Role.ADMINISTRATOR, PASSWORD, house.by)
    head = store.sign_in("head", PASSWORD)
    for name in ("recorder", "stranger"):
        store.add_account(name, Role.REVIEWER, PASSWORD, head)
    with pytest.raises(InvalidRecords, match="cannot review"):
        store.review(key, IncidentStatus.IN_REVIEW, "Seen", store.sign_in("recorder", PASSWORD))
    store.review(key, IncidentStatus.IN_REVIEW, "Seen", store.sign_in("stranger", PASSWORD))


# Victims before and after an amendment; whether it makes somebody dead who was missing; a group: 3 missing
DEAD = """
missing                          | killed                                   | yes
disappeared                      | killed                                   | yes
missing                          | new killed                               | yes
missing, killed                  | killed, new killed                       | yes
3 missing                        | 2 missing, new killed                    | yes
3 missing                        | 3 missing, new killed of group           | yes
3 missing                        | new 3 killed                             | yes
missing, disappeared             | killed, disappeared                      | yes
missing, injured                 | alive, killed                            | yes
missing                          | alive                                    | no
missing                          | missing, new killed                      | no
missing                          |                                          | no
injured                          | killed                                   | no
3 missing                        | 3 missing, new alive of group            | no
killed, missing                  | killed, missing                          | no
detained                         | killed                                   | no
"""
DEAD_ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in DEAD.strip().splitlines()]


def victims(text: str, held: list[VictimDraft] | None = None) -> list[VictimDraft]:
    """Return the victims that a cell says; those not new are the held ones in their order."""
    drafts = []
    ids = [victim.id for victim in held or ()]
    group = next((victim.id for victim in held or () if victim.kind == "group"), None)
    for number, part in enumerate(part.strip() for part in text.split(",") if part.strip()):
        words = part.removeprefix("new ").removesuffix(" of group").split()
        fields: dict[str, Any] = {"harm": words[-1]}
        if len(words) == 2:
            fields |= {"kind": "group", **dict.fromkeys(("count_low", "count_best", "count_high"), int(words[0]))}
        if not part.startswith("new ") and ids:
            fields["id"] = ids[number]
        if part.endswith(" of group"):
            fields["resolved_out_of"] = group
        drafts.append(VictimDraft.model_validate(fields))
    return drafts


@pytest.mark.parametrize(("before", "after", "dead"), DEAD_ROWS)
def test_from_missing_to_dead_is_for_a_review_to_say(house: House, before: str, after: str, dead: str) -> None:
    """R30: such an amendment has a reason, and waits for review again from every later status."""
    for status in (status for status in PATHS if status != "withdrawn"):
        key = house.at(status, killed_best=None, victims=victims(before))
        draft, version = house.store.draft(key)
        changed = draft.model_copy(update={"victims": victims(after, draft.victims)})
        if dead == "yes":
            with pytest.raises(InvalidRecords) as told:
                house.store.amend("incident", key, changed, expected=version, by=house.by)
            assert [fault.field for fault in told.value.faults] == ["reason"]
        saved = house.store.amend("incident", key, changed, expected=version, by=house.by, reason="Buried on Monday")
        waits = status in rules.WAITS_AGAIN and saved.version > version
        assert house.status(key) == ("submitted" if waits or (dead == "yes" and status == "in_review") else status)


FIGURES = [
    # killed  missing   becomes  killed  missing   dead
    (7,       3,                 9,      1,        True),
    (7,       3,                 7,      1,        False),
    (7,       3,                 9,      3,        False),
    (None,    3,                 3,      None,     True),
    (7,       None,              9,      None,     False),
    (9,       1,                 7,      3,        False),
]  # fmt: skip


@pytest.mark.parametrize(("killed", "missing", "now_killed", "now_missing", "dead"), FIGURES)
def test_stated_figures_move_from_missing_to_dead_by_review(
    house: House, killed: int | None, missing: int | None, now_killed: int | None, now_missing: int | None, dead: bool
) -> None:
    """R30"""
    key = house.at("in_review", killed_best=killed, missing_best=missing)
    draft, version = house.store.draft(key)
    changed = draft.model_copy(update={"killed_best": now_killed, "missing_best": now_missing})
    house.store.amend("incident", key, changed, expected=version, by=house.by, reason="Buried on Monday")
    assert house.status(key) == ("submitted" if dead else "in_review")


def test_a_recorder_may_take_back_at_any_time(sqlite_store: Store, document_of: str) -> None:
    """R18: withdrawing is every recorder's, whatever the reviewers have said."""
    store, by, second = sqlite_store, sqlite_store.local("recorder"), sqlite_store.local("second")
    for path in PATHS.values():
        if not {"verified", "corroborated", "withdrawn", "duplicate"} & {*path}:
            key = store.record("incident", minimum(document_of), by).id
            for step in path:
                store.review(key, IncidentStatus(step), "Seen", second)
            store.withdraw("incident", key, by, "a mistake")
            assert store.current("incident", key)["incident"][0]["status"] == "withdrawn"


@pytest.fixture
def document_of(sqlite_store: Store) -> str:
    return sqlite_store.record("document", DocumentFields(title="Paper"), sqlite_store.local("recorder")).id
