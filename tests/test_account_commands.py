"""The account commands: what they change, what they ask for, and what they exit with."""

import json
from pathlib import Path

import pyotp
import pytest
from conftest import PASSWORD

from casualty.access import Acting
from casualty.cli import run
from casualty.errors import Refused
from casualty.schema import SituationFields
from casualty.store import Store
from casualty.vocabulary import Role

FIRST, RECORDER = Acting("administrator", Role.ADMINISTRATOR), Acting("recorder", Role.RECORDER)
pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with an administrator, a recorder and a situation; the administrator's password is set."""
    path = tmp_path / "r.db"
    store = Store.create(path)
    store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, store.local("tester"))
    store.add_account("recorder", Role.RECORDER, PASSWORD, FIRST)
    store.record("situation", SituationFields(name="North"), FIRST)
    store.close()
    monkeypatch.setenv("CASUALTY_PASSWORD", PASSWORD)
    for name in ("CASUALTY_NEW_PASSWORD", "CASUALTY_CODE"):
        monkeypatch.delenv(name, raising=False)
    return str(path)


def said(db: str, *words: str, who: str = "administrator") -> int:
    return run(["--db", db, "--as", who, "account", *words])


def listed(db: str, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    capsys.readouterr()
    assert said(db, "list", "--json") == 0
    return {one["name"]: one for one in json.loads(capsys.readouterr().out)}


def test_accounts_are_kept(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    """R75, R20: role, closing and clearances change with a reason, which stands in the ledger."""
    assert said(db, "role", "recorder", "analyst", "--reason", "trained") == 0
    assert said(db, "clear", "recorder", "North", "--reason", "works there") == 0
    assert (listed(db, capsys)["recorder"]["role"], listed(db, capsys)["recorder"]["scope"]) == ("analyst", "named")
    assert said(db, "clear", "recorder", "North", "--end", "--reason", "moved") == 0
    assert said(db, "clear", "recorder", "--all", "--reason", "whole desk") == 0
    assert said(db, "close", "recorder", "--reason", "left") == 0
    assert listed(db, capsys)["recorder"]["open"] is False
    assert said(db, "reopen", "recorder", "--reason", "back") == 0
    store = Store.open(db)
    kind, key = "account", next(row.id for row in store.accounts(FIRST) if row.name == "recorder")
    reasons = [one.reason for one in store.history(kind, key)]
    assert reasons == ["", "trained", "works there", "whole desk", "left", "back"]
    store.verify()
    store.close()
    assert said(db, "list") == 0
    assert "recorder" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["role", "recorder", "king", "--reason", "x"], 2), (["role", "nobody", "analyst", "--reason", "x"], 11),
        (["close", "recorder", "--reason", " "], 10), (["close", "administrator", "--reason", "x"], 10),
        (["clear", "recorder", "South", "--reason", "x"], 11), (["clear", "recorder", "--reason", "x"], 2),
        (["clear", "recorder", "North", "--all", "--reason", "x"], 2), (["end-sessions"], 2), (["unlock", "nobody"], 11),
        (["end-sessions", "recorder", "--all"], 2), (["second-factor-reset", "recorder", "--reason", ""], 10),
        (["clear", "recorder", "North", "--end", "--reason", "never was"], 11),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(db: str, words: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """R74"""
    assert said(db, *words) == code
    assert "Traceback" not in capsys.readouterr().err


def test_a_password_comes_from_no_argument(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: one's own by the old one, others' by an administrator; without a new one nothing happens."""
    assert said(db, "password", "recorder", who="recorder") == 12
    monkeypatch.setenv("CASUALTY_NEW_PASSWORD", "another password")
    assert said(db, "password", "administrator", who="recorder") == 12
    assert said(db, "password", "recorder", who="recorder") == 0
    monkeypatch.setenv("CASUALTY_PASSWORD", "another password")
    assert said(db, "list", who="recorder") == 12
    monkeypatch.setenv("CASUALTY_PASSWORD", PASSWORD)
    monkeypatch.setenv("CASUALTY_NEW_PASSWORD", "a third password")
    assert said(db, "password", "recorder") == 0
    store = Store.open(db)
    assert store.sign_in("recorder", "a third password") == RECORDER
    store.close()


def test_a_name_that_has_to_wait_is_let_in_at_the_machine_itself(db: str) -> None:
    """R75: so that nobody who floods a name keeps its owner out for ever; there it can be unlocked too."""
    store = Store.open(db)
    for name in ("administrator", "recorder"):
        for _ in range(6):
            with pytest.raises(Refused, match="not right"):
                store.sign_in(name, "a wrong password")
    assert said(db, "unlock", "recorder") == 0
    assert store.sign_in("recorder", PASSWORD) == RECORDER
    assert store.sign_in("administrator", PASSWORD) == FIRST
    store.close()


def test_sessions_end_by_command(db: str, capsys: pytest.CaptureFixture[str]) -> None:
    """R77"""
    store = Store.open(db)
    for by in (FIRST, RECORDER, RECORDER):
        store.begin_session(by)
    assert said(db, "end-sessions", "recorder") == 0
    assert "Ended 2 sessions." in capsys.readouterr().err
    assert said(db, "end-sessions", "--all") == 0
    assert store.sessions(FIRST) == []
    store.close()


def test_a_second_factor_is_asked_for_here_too(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: from CASUALTY_CODE or a prompt; and can be taken away."""
    store = Store.open(db)
    totp = pyotp.TOTP(store.begin_second_factor(RECORDER, PASSWORD))
    now = store.now().timestamp()
    store.confirm_second_factor(RECORDER, totp.at(int(now) - 30))
    assert said(db, "end-sessions", "recorder", who="recorder") == 12
    monkeypatch.setenv("CASUALTY_CODE", totp.at(int(now) + 30))
    assert said(db, "end-sessions", "recorder", who="recorder") == 0
    assert said(db, "end-sessions", "recorder", who="recorder") == 12
    assert said(db, "second-factor-reset", "recorder", "--reason", "telephone lost") == 0
    assert said(db, "end-sessions", "recorder", who="recorder") == 0
    store.close()
