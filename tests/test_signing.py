"""Signing in: waits after failures, passwords that are changed, second factors, and what an organisation says."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
import sqlalchemy as sa
from conftest import PASSWORD

from casualty.access import Acting
from casualty.errors import CheckFailed, InvalidRecords, NotFound, Refused
from casualty.schema import table
from casualty.store import Store
from casualty.store import accounts as keeping
from casualty.vocabulary import Role

pytestmark = pytest.mark.usefixtures("quick_hashes")
K, R = Role.ADMINISTRATOR, Role.RECORDER


@pytest.mark.parametrize("role", [role for role in Role if role is not K])
def test_the_first_account_keeps_the_others(sqlite_store: Store, role: Role) -> None:
    """R75: nobody could add another, or close this one, if it were not an administrator's."""
    with pytest.raises(Refused, match="must be administrator"):
        sqlite_store.add_account("one", role, PASSWORD, sqlite_store.local("tester"))
    assert not sqlite_store.has_accounts()


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2025, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


FIRST, RECORDER = Acting("administrator", K), Acting("recorder", R)


@pytest.fixture
def timed(target: str, clock: Clock) -> Iterator[Store]:
    """A store whose time is moved by hand, with an administrator and a recorder."""
    store = Store.create(target, clock=clock)
    store.add_account("administrator", K, PASSWORD, store.local("tester"))
    store.add_account("recorder", R, PASSWORD, FIRST)
    yield store
    store.close()


def refused(store: Store, name: str = "recorder", password: str = "a wrong password", code: str = "") -> str:
    """Return in what words a sign-in is refused."""
    with pytest.raises(Refused) as told:
        store.sign_in(name, password, code)
    return told.value.message


def waits(store: Store, clock: Clock, name: str = "recorder") -> timedelta:
    """Fail once, then return how long the right password is refused; found by trying every half minute."""
    refused(store, name)
    began = clock.now
    while clock.now - began < timedelta(hours=1):
        half = store.rows(sa.select(table("credential").c.locked_until))
        if all((row[0] or "") <= clock.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ") for row in half):
            break
        assert refused(store, name, PASSWORD) == keeping.WRONG
        clock.now += timedelta(seconds=30)
    return clock.now - began


def test_each_failure_after_the_fifth_doubles_the_wait_up_to_a_quarter_of_an_hour(timed: Store, clock: Clock) -> None:
    """R75: the same words throughout; the right password is refused too while it lasts, and lets in after it."""
    found = [waits(timed, clock) for _ in range(11)]
    assert [wait / timedelta(minutes=1) for wait in found] == [0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15]
    assert timed.sign_in("recorder", PASSWORD) == RECORDER
    assert waits(timed, clock) == timedelta()


def test_attempts_during_the_wait_do_not_prolong_it(timed: Store, clock: Clock) -> None:
    """R75: whoever floods a name keeps its owner out for the wait, no longer."""
    for _ in range(5):
        refused(timed)
    for _ in range(50):
        refused(timed)
    clock.now += keeping.FIRST_LOCK
    assert timed.sign_in("recorder", PASSWORD) == RECORDER


def test_the_wait_outlives_the_process_and_concerns_one_name(timed: Store, target: str, clock: Clock) -> None:
    """R75: it lies in the database; nobody else waits; unknown names leave nothing behind."""
    for name in ("recorder", "nobody"):
        for _ in range(5):
            refused(timed, name)
    other = Store.open(target, clock)
    assert refused(other, "recorder", PASSWORD) == refused(other, "nobody", PASSWORD) == keeping.WRONG
    assert other.sign_in("administrator", PASSWORD) == FIRST
    assert other.sign_in("recorder", PASSWORD, heed_lock=False) == RECORDER
    assert other.sign_in("recorder", PASSWORD) == RECORDER
    other.close()


def test_an_administrator_ends_the_wait(timed: Store) -> None:
    """R75: and nobody else."""
    for _ in range(6):
        refused(timed)
    with pytest.raises(Refused, match="must be one of"):
        timed.unlock("recorder", RECORDER)
    with pytest.raises(NotFound):
        timed.unlock("nobody", FIRST)
    timed.unlock("recorder", FIRST)
    assert timed.sign_in("recorder", PASSWORD) == RECORDER


def test_many_guesses_at_once_are_counted_as_many(timed: Store) -> None:
    """R75: a guess counts before it is tried, so that none slips by while others are looked at."""
    ready = threading.Barrier(8)

    def guess() -> None:
        ready.wait()
        refused(timed)

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused(timed, password=PASSWORD) == keeping.WRONG


def test_ones_own_password_is_changed_with_the_old_one(timed: Store) -> None:
    """R75, R20: a revision says that it was; the ledger knows the new hash, and no administrator is needed."""
    with pytest.raises(Refused, match="present password"):
        timed.set_password("recorder", "another password", RECORDER, old="a wrong password")
    with pytest.raises(Refused, match="present password"):
        timed.set_password("recorder", "another password", RECORDER)
    with pytest.raises(InvalidRecords, match="Under 8"):
        timed.set_password("recorder", "short", RECORDER, old=PASSWORD)
    with pytest.raises(Refused, match="must be one of"):
        timed.set_password("administrator", "another password", RECORDER, old=PASSWORD)
    assert timed.sign_in("recorder", PASSWORD) == RECORDER
    timed.set_password("recorder", "another password", RECORDER, old=PASSWORD)
    assert refused(timed, password=PASSWORD) == keeping.WRONG
    assert timed.sign_in("recorder", "another password") == RECORDER
    last = timed.history("account", key_of(timed, "recorder"))[-1]
    assert (last.actor, last.reason) == ("recorder", "password changed")
    assert [where.rpartition(".")[2] for where, _, _ in last.differences()] == ["credential_digest", "version"]
    timed.verify()


def test_an_administrator_sets_the_password_of_others(timed: Store) -> None:
    """R75: their own needs the old one all the same."""
    timed.set_password("recorder", "another password", FIRST)
    assert timed.sign_in("recorder", "another password") == RECORDER
    assert timed.history("account", key_of(timed, "recorder"))[-1].actor == "administrator"
    with pytest.raises(Refused, match="present password"):
        timed.set_password("administrator", "another password", FIRST)
    with pytest.raises(NotFound):
        timed.set_password("nobody", "another password", FIRST)


def key_of(store: Store, name: str) -> str:
    account = table("account")
    return str(store.rows(sa.select(account.c.id).where(account.c.name == name))[0][0])


def enrolled(store: Store, clock: Clock) -> pyotp.TOTP:
    """Set up the recorder's second factor, and let its first code's time go by."""
    totp = pyotp.TOTP(store.begin_second_factor(RECORDER, PASSWORD))
    store.confirm_second_factor(RECORDER, totp.at(clock.now))
    clock.now += timedelta(minutes=2)
    return totp


def test_a_second_factor_counts_once_a_code_was_shown(timed: Store, clock: Clock) -> None:
    """R75: RFC 6238; it needs the password to set up; until confirmed, the password alone signs in."""
    with pytest.raises(Refused, match="present password"):
        timed.begin_second_factor(RECORDER, "a wrong password")
    totp = pyotp.TOTP(timed.begin_second_factor(RECORDER, PASSWORD))
    assert timed.sign_in("recorder", PASSWORD) == RECORDER
    with pytest.raises(Refused, match="code is not right"):
        timed.confirm_second_factor(RECORDER, "000000")
    timed.confirm_second_factor(RECORDER, totp.at(clock.now))
    assert refused(timed, password=PASSWORD) == keeping.CODE_NEEDED
    assert refused(timed, password=PASSWORD, code=totp.at(clock.now)) == keeping.WRONG_CODE
    assert refused(timed, password="a wrong password", code=totp.at(clock.now)) == keeping.WRONG
    with pytest.raises(Refused, match="already"):
        timed.begin_second_factor(RECORDER, PASSWORD)
    last = timed.history("account", key_of(timed, "recorder"))[-1]
    assert (last.actor, last.reason) == ("recorder", "second factor set up")
    assert totp.secret not in str(timed.rows(sa.select(table("revision_body"))))
    timed.verify()


CODES = [
    # steps off   written                                       let in
    (0, lambda code: code, True),
    (-1, lambda code: code, True),
    (1, lambda code: code, True),
    (-2, lambda code: code, False),
    (2, lambda code: code, False),
    (0, lambda code: f" {code[:3]} {code[3:]} ", True),
    (0, lambda code: code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")), True),
    (0, lambda code: code[:5], False),
    (0, lambda code: code + "0", False),
    (0, lambda code: "²²²²²²", False),
    (0, lambda code: "\x00\ud800", False),
]


@pytest.mark.parametrize(("steps", "written", "let_in"), CODES)
def test_which_codes_let_in(
    timed: Store, clock: Clock, steps: int, written: Callable[[str], str], let_in: bool
) -> None:
    """R75: clocks may be one step apart, digits are read in any script."""
    code = written(enrolled(timed, clock).at(clock.now + timedelta(seconds=30 * steps)))
    if let_in:
        assert timed.sign_in("recorder", PASSWORD, code) == RECORDER
    else:
        assert refused(timed, password=PASSWORD, code=code) == keeping.WRONG_CODE


def test_no_code_serves_twice_nor_an_older_one(timed: Store, clock: Clock) -> None:
    """R75: a code read over somebody's shoulder is spent."""
    totp = enrolled(timed, clock)
    now, before = totp.at(clock.now), totp.at(clock.now - timedelta(seconds=30))
    assert timed.sign_in("recorder", PASSWORD, lambda: now) == RECORDER
    assert refused(timed, password=PASSWORD, code=now) == keeping.WRONG_CODE
    assert refused(timed, password=PASSWORD, code=before) == keeping.WRONG_CODE
    clock.now += timedelta(seconds=30)
    assert timed.sign_in("recorder", PASSWORD, totp.at(clock.now)) == RECORDER


def test_codes_cannot_be_guessed(timed: Store, clock: Clock) -> None:
    """R75: wrong codes count as failures, so that the right one waits too; signing in half way is none."""
    totp = enrolled(timed, clock)
    for _ in range(6):
        assert refused(timed, password=PASSWORD) == keeping.CODE_NEEDED
    for _ in range(5):
        assert refused(timed, password=PASSWORD, code="000000") == keeping.WRONG_CODE
    assert refused(timed, password=PASSWORD, code=totp.at(clock.now)) == keeping.WRONG
    clock.now += keeping.FIRST_LOCK
    assert timed.sign_in("recorder", PASSWORD, totp.at(clock.now)) == RECORDER


def test_an_administrator_takes_a_second_factor_away(timed: Store, clock: Clock) -> None:
    """R75, R20: when the telephone is lost, with a reason that stands in the ledger."""
    enrolled(timed, clock)
    with pytest.raises(Refused, match="must be one of"):
        timed.reset_second_factor("recorder", RECORDER, "telephone lost")
    with pytest.raises(InvalidRecords, match="reason"):
        timed.reset_second_factor("recorder", FIRST, " ")
    timed.reset_second_factor("recorder", FIRST, "telephone lost")
    assert timed.sign_in("recorder", PASSWORD) == RECORDER
    assert timed.history("account", key_of(timed, "recorder"))[-1].reason == "telephone lost"
    timed.verify()


@pytest.mark.parametrize("how", ["totp_secret = 'JBSWY3DPEHPK3PXP'", "totp_secret = NULL", "totp_since = NULL"])
def test_a_second_factor_changed_behind_the_back_is_found(timed: Store, clock: Clock, how: str) -> None:
    """R21: the account's digest in the ledger holds the second factor too."""
    enrolled(timed, clock)
    timed.verify()
    with timed.desk(FIRST) as desk:
        desk.connection.execute(sa.text(f"UPDATE credential SET {how} WHERE totp_since IS NOT NULL"))
    with pytest.raises(CheckFailed):
        timed.verify()


@pytest.mark.parametrize("subject", ["anna", "anna\nb", "أنا", ""])
def test_an_organisation_knows_an_account_by_its_digest(timed: Store, subject: str) -> None:
    """R75: roles stay here; whoever is not linked is told what to link, and gets no account; nor does a closed one."""
    issuer = "https://id.example"
    with pytest.raises(Refused) as told:
        timed.organisation_sign_in(issuer, subject)
    digest = keeping.organisation_digest(issuer, subject)
    assert digest in told.value.message
    timed.change_account("recorder", FIRST, "linked", organisation_digest=digest)
    assert timed.organisation_sign_in(issuer, subject) == RECORDER
    for other in ((issuer + "/", subject), (issuer, subject + "x")):
        with pytest.raises(Refused):
            timed.organisation_sign_in(*other)
    timed.change_account("recorder", FIRST, "left", active=False)
    with pytest.raises(Refused):
        timed.organisation_sign_in(issuer, subject)
