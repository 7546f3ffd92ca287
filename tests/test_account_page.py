"""The account page: one's own password and second factor, and what an administrator changes."""

from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
from conftest import PASSWORD
from streamlit.testing.v1 import AppTest

from app import session
from app.gate import Sessions
from casualty.access import Acting
from casualty.errors import Refused
from casualty.schema import SituationFields, table
from casualty.store import Store
from casualty.vocabulary import Role

MAIN = str(Path(__file__).parent.parent / "app" / "main.py")
FIRST, RECORDER = Acting("administrator", Role.ADMINISTRATOR), Acting("recorder", Role.RECORDER)
pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def house(sqlite_store: Store) -> Store:
    session.move_in(session.House(sqlite_store, Sessions(sqlite_store)))
    sqlite_store.add_account("administrator", Role.ADMINISTRATOR, PASSWORD, sqlite_store.local("tester"))
    sqlite_store.add_account("recorder", Role.RECORDER, PASSWORD, FIRST)
    return sqlite_store


def page(monkeypatch: pytest.MonkeyPatch, by: Acting) -> AppTest:
    """Open the page as somebody."""
    monkeypatch.setattr(session, "acting", lambda: by)
    monkeypatch.setattr(session, "token", lambda: None)
    test = AppTest.from_file(MAIN, default_timeout=60).run()
    test.switch_page("screens/accounts.py").run()
    assert not test.exception
    return test


def fill(test: AppTest, **typed: str) -> None:
    """Type into boxes by the beginnings of their labels, with underscores for spaces."""
    for start, value in typed.items():
        label = start.replace("_", " ")
        next(box for box in test.text_input if box.label.startswith(label)).set_value(value)


def press(test: AppTest, label: str) -> str:
    """Press a button and return the text of the page's HTML."""
    next(button for button in test.button if button.label == label).click().run()
    assert not test.exception
    return "\n".join(part.proto.body for part in test.get("html"))


def choose(test: AppTest, label: str, value: object) -> None:
    next(box for box in test.selectbox if box.label == label).set_value(value).run()


def test_everybody_sees_their_own_and_an_administrator_all(house: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: hiding is not refusing; what is hidden here is refused in the store."""
    house.begin_session(RECORDER)
    own = page(monkeypatch, RECORDER)
    assert [title.value for title in own.title] == ["Your account"]
    assert "All accounts" not in [head.value for head in own.subheader]
    every = page(monkeypatch, FIRST)
    assert [title.value for title in every.title] == ["Accounts"]
    assert "All accounts" in [head.value for head in every.subheader]
    house.end_sessions(FIRST)


def test_the_password_is_changed_with_the_old_one(house: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R75"""
    test = page(monkeypatch, RECORDER)
    fill(test, Present_password="wrong", New_password="another password", New_password_once="another password")
    assert "The present password is not right" in press(test, "Change the password")
    fill(test, Present_password=PASSWORD, New_password="another password", New_password_once="a typing error")
    assert "The two new passwords differ." in press(test, "Change the password")
    fill(test, New_password_once="short", New_password="short")
    next(box for box in test.text_input if box.label == "New password").set_value("short")
    assert "Under 8 characters." in press(test, "Change the password")
    fill(test, New_password_once="another password")
    next(box for box in test.text_input if box.label == "New password").set_value("another password")
    assert "The password is changed." in press(test, "Change the password")
    assert house.sign_in("recorder", "another password") == RECORDER


def test_a_second_factor_is_set_up(house: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R75: the secret is shown as a picture drawn here, a link and letters; a code of it turns it on."""
    test = page(monkeypatch, RECORDER)
    next(box for box in test.text_input if box.label == "Present password" and box.form_id == "factor_begin").set_value(
        PASSWORD
    )
    shown = press(test, "Set up a second factor")
    secret = test.session_state["totp_secret"]
    assert 'src="data:image/svg+xml' in shown
    assert f"otpauth://totp/Casualty%20record:recorder?secret={secret}" in shown
    assert secret[:4] in shown
    fill(test, A_code="000000")
    assert "The code is not right" in press(test, "Turn the second factor on")
    fill(test, A_code=pyotp.TOTP(secret).now())
    assert "The second factor is on." in press(test, "Turn the second factor on")
    assert "totp_secret" not in test.session_state
    with pytest.raises(Refused, match="second factor"):
        house.sign_in("recorder", PASSWORD)


def test_an_administrator_keeps_the_accounts(house: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R75, R20: add, clear, give a role, close; a reason is asked for and stands in the ledger."""
    situation = house.record("situation", SituationFields(name="North"), FIRST).id
    test = page(monkeypatch, FIRST)
    next(box for box in test.text_input if box.label == "Name").set_value("fresh")
    fill(test, First_password="a first password")
    assert "fresh is added." in press(test, "Add")
    assert house.sign_in("fresh", "a first password").role is Role.RECORDER
    choose(test, "Account to change", "fresh")
    choose(test, "New role", Role.ANALYST)
    assert "Such a step needs its reason." in press(test, "Give the role")
    fill(test, Reason="trained")
    press(test, "Give the role")
    assert house.sign_in("fresh", "a first password").role is Role.ANALYST
    choose(test, "Situation", situation)
    press(test, "Clear for it")
    assert house.situations_of(Acting("fresh", Role.ANALYST)) == {situation}
    press(test, "End the clearance")
    assert house.situations_of(Acting("fresh", Role.ANALYST)) == frozenset()
    press(test, "Clear for all situations")
    assert house.situations_of(Acting("fresh", Role.ANALYST)) is None
    fill(test, Link_to="a" * 64)
    press(test, "Link")
    fill(test, New_password_for="a second password")
    press(test, "Set the password")
    house.begin_session(house.sign_in("fresh", "a second password"))
    press(test, "Sign it out everywhere")
    assert house.sessions(FIRST) == []
    press(test, "Close the account")
    account = table("account")
    row = house.rows(sa.select(account).where(account.c.name == "fresh"))[0]
    assert (row.active, row.organisation_digest) == (False, "a" * 64)
    assert house.history("account", row.id)[-1].reason == "trained"
    house.verify()
