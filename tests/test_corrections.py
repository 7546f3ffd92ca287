"""Corrections asked for by families and others: taken down, answered by a second person with reasons, kept (R19)."""

from datetime import date, timedelta

import pytest
from conftest import minimum

from casualty import review
from casualty.access import Acting
from casualty.errors import InvalidRecords, NotFound, Refused
from casualty.schema import CorrectionFields, DocumentFields
from casualty.store import Store
from casualty.vocabulary import AskedBy, CorrectionAnswer

A = CorrectionAnswer
CONTACT = "+00 000 CANARY"


@pytest.fixture
def victim(store: Store, accounts: dict[str, Acting]) -> str:
    document = store.record("document", DocumentFields(title="Paper"), accounts["recorder"]).id
    draft = minimum(document, victims=[{"harm": "killed"}])
    key = store.record("incident", draft, accounts["recorder"]).id
    return str(store.current("incident", key)["victim"][0]["code"])


def test_asked_and_answered(store: Store, accounts: dict[str, Acting], victim: str) -> None:
    """R19: with its reasons and its day; every step stays in the ledger."""
    day = store.today() - timedelta(days=9)
    asked = review.ask(store, accounts["recorder"], wanted="The name is misspelt", asked_by=AskedBy.FAMILY, code=victim,
                       received_on=day, contact=CONTACT)  # fmt: skip
    (open_one,) = review.corrections(store, accounts["reviewer"], A.OPEN)
    assert (open_one.id, open_one.code, open_one.age_days, open_one.contact) == (asked.id, victim, 9, CONTACT)
    assert open_one.incident_id is not None
    review.answer(store, asked.id, A.ACCEPTED, "Mended as asked", accounts["reviewer"], expected=1)
    (told,) = review.corrections(store, accounts["reviewer"], A.ACCEPTED)
    assert (told.answer_reasons, told.answered_on, told.age_days) == ("Mended as asked", store.today(), 9)
    assert review.corrections(store, accounts["reviewer"], A.OPEN) == []
    review.answer(store, asked.id, A.PARTLY, "One of two names", accounts["reviewer"])
    assert [r.after and r.after["correction"][0]["answer"] for r in store.history("correction", asked.id)] == [
        "open", "accepted", "partly",
    ]  # fmt: skip
    with pytest.raises(InvalidRecords, match="Somebody else"):
        review.answer(store, asked.id, A.DECLINED, "No", accounts["reviewer"], expected=1)
    store.verify()


def test_the_oldest_comes_first_and_some_have_no_record_yet(
    store: Store, accounts: dict[str, Acting], victim: str
) -> None:
    """R19"""
    by = accounts["recorder"]
    days = (date(2024, 3, 1), date(2024, 1, 1), date(2024, 2, 1))
    for day, code in zip(days, (victim, None, store.identify(victim)[1]), strict=True):
        review.ask(store, by, wanted=f"of {day}", asked_by=AskedBy.WITNESS, code=code, received_on=day)
    found = review.corrections(store, accounts["reviewer"])
    assert [one.received_on for one in found] == sorted(days)
    assert [one.code is None for one in found] == [True, False, False]


CONTACTS = [
    # who reads         sees the contact
    ("recorder",        True),
    ("recorder2",       False),
    ("analyst",         False),
    ("custodian",       False),
    ("reviewer",        True),
    ("administrator",   True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "sees"), CONTACTS)
def test_the_contact_is_for_who_took_it_down_and_who_answers(
    store: Store, accounts: dict[str, Acting], victim: str, name: str, sees: bool
) -> None:
    """R19, R63"""
    review.ask(store, accounts["recorder"], wanted="x", asked_by=AskedBy.FAMILY, code=victim, contact=CONTACT)
    (told,) = review.corrections(store, accounts[name])
    assert told.contact == (CONTACT if sees else None)
    assert ("CANARY" in repr(told)) is sees


def test_who_may_ask_and_who_may_answer(store: Store, accounts: dict[str, Acting], victim: str) -> None:
    """R13, R19: in the store, by every door."""
    with pytest.raises(Refused):
        review.ask(store, accounts["custodian"], wanted="x", asked_by=AskedBy.FAMILY, code=victim)
    # To question a record is part of reading it; judging it is not.
    review.ask(store, accounts["analyst"], wanted="x", asked_by=AskedBy.OTHER, code=victim)
    asked = review.ask(store, accounts["recorder"], wanted="x", asked_by=AskedBy.FAMILY, code=victim).id
    for name in ("recorder", "recorder2", "analyst", "custodian", "administrator"):
        with pytest.raises(Refused):
            review.answer(store, asked, A.DECLINED, "No", accounts[name])
    fields = {"wanted": "x", "asked_by": "family", "received_on": store.today()}
    told = CorrectionFields.model_validate(
        {**fields, "answer": "accepted", "answer_reasons": "Yes", "answered_on": store.today()}
    )
    with pytest.raises(Refused):
        store.record("correction", told, accounts["recorder"])
    with pytest.raises(Refused):
        store.amend("correction", asked, told, expected=1, by=accounts["recorder"])
    review.answer(store, asked, A.DECLINED, "No", accounts["reviewer"])


def test_nobody_answers_for_their_own_work(sqlite_store: Store) -> None:
    """R13: who recorded or amended the incident leaves the answer to a second person."""
    by, second = sqlite_store.local("recorder"), sqlite_store.local("second")
    document = sqlite_store.record("document", DocumentFields(title="Paper"), by).id
    code = str(sqlite_store.record("incident", minimum(document), by).code)
    asked = review.ask(sqlite_store, second, wanted="x", asked_by=AskedBy.FAMILY, code=code).id
    with pytest.raises(InvalidRecords) as told:
        review.answer(sqlite_store, asked, A.DECLINED, "It is right", by)
    assert [fault.field for fault in told.value.faults] == ["reviewer"]
    review.answer(sqlite_store, asked, A.DECLINED, "It is right", second)


BAD = [
    # what is answered      reasons    wrong
    (A.ACCEPTED,            " ",       "reasons"),
    (A.OPEN,                "Why",     "answer"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "reasons", "field"), BAD)
def test_an_answer_has_reasons_and_is_one(
    store: Store, accounts: dict[str, Acting], victim: str, answer: A, reasons: str, field: str
) -> None:
    """R19"""
    asked = review.ask(store, accounts["recorder"], wanted="x", asked_by=AskedBy.FAMILY, code=victim).id
    with pytest.raises(InvalidRecords) as told:
        review.answer(store, asked, answer, reasons, accounts["reviewer"])
    assert [fault.field for fault in told.value.faults] == [field]


def test_what_cannot_be_asked(store: Store, accounts: dict[str, Acting]) -> None:
    """R19"""
    by, tomorrow = accounts["recorder"], store.today() + timedelta(days=1)
    for wanted, received in (("", None), ("x", tomorrow)):
        with pytest.raises(InvalidRecords):
            review.ask(store, by, wanted=wanted, asked_by=AskedBy.OTHER, received_on=received)
    with pytest.raises(NotFound):
        review.ask(store, by, wanted="x", asked_by=AskedBy.OTHER, code="ZZZZ-ZZZZ-ZZZZ")
