"""Accounts: who signs in and who does not, which passwords and names are taken, and what is kept of them."""

import hashlib
import threading
import time
from statistics import median

import argon2
import pytest
import sqlalchemy as sa
from conftest import PASSWORD

from casualty.access import Acting
from casualty.errors import CasualtyError, InvalidRecords, Refused, UsageFault
from casualty.schema import (
    AccountFields,
    table,
)
from casualty.store import Store
from casualty.store import accounts as keeping
from casualty.vocabulary import Role

Hasher = argon2.PasswordHasher


pytestmark = pytest.mark.usefixtures("quick_hashes")


K, R = Role.ADMINISTRATOR, Role.RECORDER


WRONG = [
    ("recorder", "a wrong password"), ("recorder", ""), ("recorder", PASSWORD + " "), ("Recorder", PASSWORD), ("recorder ", PASSWORD),
    ("nobody", PASSWORD), ("", ""), ("recorder\x00", PASSWORD), ("\udc80", PASSWORD), ("recorder", "\udc80"), ("' OR 1=1 --", PASSWORD),
    ("recorder", PASSWORD.upper()), ("x" * 5000, PASSWORD), ("local:tester", PASSWORD),
]  # fmt: skip


def test_what_does_not_sign_in(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: every wrong pair is refused in the same words; nothing tells a wrong name from a wrong password."""
    told = set()
    for name, password in WRONG:
        with pytest.raises(Refused) as refused:
            store.sign_in(name, password, heed_lock=False)
        told.add(str(refused.value))
    assert told == {keeping.WRONG}
    assert store.sign_in("recorder", PASSWORD, heed_lock=False) == Acting("recorder", R)


def test_a_wrong_name_takes_as_long_as_a_wrong_password(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: names cannot be listed with a clock (the work is the same: one argon2 verification each)."""
    monkeypatch.setattr(argon2, "PasswordHasher", Hasher)
    keeping._nobody.cache_clear()
    sqlite_store.add_account("known", K, PASSWORD, sqlite_store.local("tester"))

    def took(name: str) -> float:
        begun = time.process_time()
        with pytest.raises(Refused):
            sqlite_store.sign_in(name, "a wrong password")
        return time.process_time() - begun

    took("warm")
    known, unknown = (median(took(name) for _ in range(7)) for name in ("known", "unknown"))
    assert 0.6 < known / unknown < 1.6


def test_only_a_hash_is_kept(sqlite_store: Store) -> None:
    """R75: argon2id, salted: two equal passwords have two hashes, and the record holds their digest only."""
    by = sqlite_store.local("tester")
    sqlite_store.add_account("one", K, PASSWORD, by)
    sqlite_store.add_account("two", R, PASSWORD, sqlite_store.sign_in("one", PASSWORD))
    hashes = [row[0] for row in sqlite_store.rows(sa.text("SELECT argon2 FROM credential"))]
    assert len(set(hashes)) == 2
    assert all(text.startswith("$argon2id$") for text in hashes)
    digests = {row[0] for row in sqlite_store.rows(sa.select(table("account").c.credential_digest))}
    assert digests == {hashlib.sha256(text.encode()).hexdigest() for text in hashes}
    bodies = "".join(row[0] or "" for row in sqlite_store.rows(sa.select(table("revision_body").c.after)))
    assert "$argon2" not in bodies
    assert PASSWORD not in bodies


def test_a_broken_hash_signs_nobody_in(sqlite_store: Store) -> None:
    """R75: a hash that was exchanged for no hash refuses like a wrong password."""
    sqlite_store.add_account("one", K, PASSWORD, sqlite_store.local("tester"))
    with sqlite_store.writing(sqlite_store.sign_in("one", PASSWORD)) as writer:
        writer.connection.execute(sa.text("UPDATE credential SET argon2 = 'no hash'"))
    with pytest.raises(Refused, match="not right"):
        sqlite_store.sign_in("one", PASSWORD)


PASSWORDS = [
    ("short", "Under 8"), ("1234567", "Under"), ("", "Under"), ("administrator", "the name"), ("ADMINISTRATOR", "the name"),
    ("aaaaaaaaaaaaaaa", "different"), ("abababababab", "different"), ("sample-only", "papers"), ("x" * 199 + "yz", "Over"),
    ("a long \ud800 password", "no text"), ("a long\x00password", "no text"),
]  # fmt: skip


@pytest.mark.parametrize(("password", "why"), PASSWORDS)
def test_a_weak_password_is_refused(sqlite_store: Store, password: str, why: str) -> None:
    """R75: with the reason, and without an account half made."""
    with pytest.raises(InvalidRecords) as told:
        sqlite_store.add_account("administrator", K, password, sqlite_store.local("tester"))
    assert {fault.field for fault in told.value.faults} == {"password"}
    assert why in str(told.value)
    assert password == "" or password not in str(told.value)
    assert not sqlite_store.has_accounts()


@pytest.mark.parametrize("password", ["ten letter", "сложный пароль", "كلمة سر طويلة", " with spaces ", "🕯️🕯️ candles 🕯️"])
def test_a_password_may_be_in_any_script(sqlite_store: Store, password: str) -> None:
    """R80: to the letter, spaces too."""
    sqlite_store.add_account("one", K, password, sqlite_store.local("tester"))
    assert sqlite_store.sign_in("one", password).role == K
    with pytest.raises(Refused):
        sqlite_store.sign_in("one", password.strip() + "x")


@pytest.mark.parametrize("name", ["", "two words", "local:me", "a:b", "x" * 61, "nul\x00", "tab\t"])
def test_a_name_that_could_be_taken_for_another_is_refused(sqlite_store: Store, name: str) -> None:
    """R75"""
    if name.strip() != name:
        sqlite_store.add_account(name, K, PASSWORD, sqlite_store.local("tester"))
        assert sqlite_store.sign_in(name.strip(), PASSWORD).name == name.strip()
        return
    with pytest.raises(InvalidRecords) as told:
        sqlite_store.add_account(name, K, PASSWORD, sqlite_store.local("tester"))
    assert "name" in [fault.field for fault in told.value.faults]


def test_a_name_is_taken_once(store: Store, accounts: dict[str, Acting]) -> None:
    """R75: also by an account that was withdrawn: a name in the ledger is one person for ever."""
    first = accounts["administrator"]
    key = store.rows(sa.select(table("account").c.id).where(table("account").c.name == "recorder"))[0][0]
    store.withdraw("account", key, first, "left")
    with pytest.raises(InvalidRecords, match="already an account"):
        store.add_account("recorder", R, PASSWORD, first)


def test_sample_accounts_belong_to_a_sample(target: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """R75: neither made elsewhere, nor working elsewhere."""
    store = Store.create(target)
    with pytest.raises(Refused, match="sample database only"):
        store.add_account("one", K, "sample-only", store.local("tester"), sample=True)
    assert not store.has_accounts()
    store.close()
    path = tmp_path_factory.mktemp("sample") / "sample.db"
    sample = Store.create(path, sample=True)
    sample.add_account("one", K, "sample-only", sample.local("tester"), sample=True)
    assert sample.sign_in("one", "sample-only").role == K
    with sample.writing(sample.sign_in("one", "sample-only")) as writer:
        writer.connection.execute(sa.text("UPDATE deployment SET sample = false"))
    with pytest.raises(Refused, match="not right"):
        sample.sign_in("one", "sample-only")
    sample.close()


def test_an_account_comes_with_its_password(sqlite_store: Store) -> None:
    """R21, R75: an account recorded without one could never be verified."""
    fields = AccountFields(name="x", role="recorder", credential_digest="0" * 64)
    with pytest.raises(UsageFault, match="add_account"):
        sqlite_store.record("account", fields, sqlite_store.local("tester"))


def test_two_first_accounts_at_once_are_one(store: Store) -> None:
    """R75: who was local when the page opened, and is not any more, is refused by the transaction itself."""
    by = store.local("tester")
    ready = threading.Barrier(5)
    told: list[str] = []

    def add(number: int) -> None:
        ready.wait()
        try:
            store.add_account(f"first{number}", K, PASSWORD, by)
            told.append("added")
        except Refused as refused:
            told.append(refused.message)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["This database has accounts; say who acts with --as NAME."] * 4 + ["added"]
    assert store.verify().revisions == 2


def test_every_refusal_has_an_exit_code() -> None:
    """R75: 12 for what is not permitted."""
    assert Refused("x").exit_code == 12
    assert issubclass(Refused, CasualtyError)
