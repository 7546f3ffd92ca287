"""Sessions: how long they live, who ends them, that a restart does not, and what a second step of signing in asks."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pyotp
import pytest
import sqlalchemy as sa
from conftest import PASSWORD
from serving import HTML, Answer, Running, database, running
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed

from app import guard
from app.gate import COOKIE, HALF_DONE, Halves, Sessions
from app.guard import Guard
from casualty.access import Acting
from casualty.errors import NotFound, Refused
from casualty.schema import table
from casualty.store import Half, Store, digest_of
from casualty.store.sessions import IDLE, LONGEST, NOTED_EVERY
from casualty.vocabulary import Role

pytestmark = pytest.mark.usefixtures("quick_hashes")
K, R = Role.ADMINISTRATOR, Role.RECORDER


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2025, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(target: str, clock: Clock) -> Iterator[Store]:
    """A store whose time is moved by hand, with an administrator and a recorder."""
    store = Store.create(target, clock=clock)
    store.add_account("administrator", K, PASSWORD, store.local("tester"))
    store.add_account("recorder", R, PASSWORD, Acting("administrator", K))
    yield store
    store.close()


def key_of(store: Store, name: str) -> str:
    account = table("account")
    return str(store.rows(sa.select(account.c.id).where(account.c.name == name))[0][0])


FIRST, RECORDER = Acting("administrator", K), Acting("recorder", R)


def test_a_session_ends_after_an_hour_without_use(kept: Store, clock: Clock) -> None:
    """R77"""
    digest = digest_of(kept.begin_session(RECORDER))
    clock.now += IDLE - timedelta(seconds=1)
    kept.use_session(digest)
    clock.now += IDLE - timedelta(seconds=1)
    found = kept.session(digest)
    assert found is not None
    assert found.by == RECORDER
    clock.now += timedelta(seconds=1)
    assert kept.session(digest) is None
    assert kept.sessions(FIRST) == []


def test_a_session_ends_after_twelve_hours_whatever_is_done(kept: Store, clock: Clock) -> None:
    """R77"""
    digest = digest_of(kept.begin_session(RECORDER))
    for _ in range(LONGEST // (IDLE / 2) - 1):
        clock.now += IDLE / 2
        kept.use_session(digest)
        assert kept.session(digest) is not None
    clock.now += IDLE / 2
    assert kept.session(digest) is None


def test_a_use_is_written_once_a_minute_at_most(kept: Store, clock: Clock) -> None:
    """R77: what reads does not write."""
    digest = digest_of(kept.begin_session(RECORDER))

    def used_at() -> str:
        return str(kept.rows(sa.select(table("session").c.used_at))[0][0])

    begun = used_at()
    clock.now += NOTED_EVERY - timedelta(seconds=1)
    kept.use_session(digest)
    assert used_at() == begun
    clock.now += timedelta(seconds=1)
    kept.use_session(digest)
    assert used_at() > begun


def test_the_token_is_not_kept(kept: Store) -> None:
    """R76: who reads the database finds no token to use."""
    token = kept.begin_session(RECORDER)
    (row,) = kept.rows(sa.select(table("session")))
    assert token not in repr(row)
    assert row.token_digest == digest_of(token)
    sessions = Sessions(kept)
    for wrong in (token + "x", digest_of(token), "", None, "\udc80"):
        assert sessions.find(wrong) is None


def test_sessions_whose_time_is_over_are_cleared_away(kept: Store, clock: Clock) -> None:
    """R76: by the next sign-in."""
    kept.begin_session(RECORDER)
    clock.now += IDLE
    kept.begin_session(FIRST)
    assert len(kept.rows(sa.select(table("session")))) == 1


def test_one_place_ends_all_sessions(kept: Store) -> None:
    """R77: one's own for everybody; another's, and everybody's, for an administrator; one may stay."""
    mine = [digest_of(kept.begin_session(RECORDER)) for _ in range(3)]
    theirs = digest_of(kept.begin_session(FIRST))
    with pytest.raises(Refused):
        kept.end_sessions(RECORDER)
    with pytest.raises(Refused):
        kept.end_sessions(RECORDER, "administrator")
    with pytest.raises(Refused):
        kept.sessions(RECORDER)
    with pytest.raises(NotFound):
        kept.end_sessions(FIRST, "nobody")
    assert {one.digest for one in kept.sessions(RECORDER, "recorder")} == set(mine)
    assert kept.end_sessions(RECORDER, "recorder", but=mine[0]) == 2
    assert [one.digest for one in kept.sessions(RECORDER, "recorder")] == mine[:1]
    assert kept.session(theirs) is not None
    assert kept.end_sessions(FIRST) == 2
    assert kept.sessions(FIRST) == []


CHANGES = {
    "closed": lambda store: store.change_account("recorder", FIRST, "left", active=False),
    "role": lambda store: store.change_account("recorder", FIRST, "promoted", role=Role.REVIEWER),
    "scope": lambda store: store.change_account("recorder", FIRST, "narrowed", scope="named"),
    "withdrawn": lambda store: store.withdraw("account", key_of(store, "recorder"), FIRST, "twice"),
    "password": lambda store: store.set_password("recorder", "another password", FIRST),
    "second factor": lambda store: store.reset_second_factor("recorder", FIRST, "telephone lost"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_account_loses_its_sessions_at_once(kept: Store, change: str) -> None:
    """R77: and nobody else does."""
    mine, theirs = digest_of(kept.begin_session(RECORDER)), digest_of(kept.begin_session(FIRST))
    CHANGES[change](kept)
    assert kept.session(mine) is None
    assert kept.session(theirs) is not None
    assert kept.rows(sa.select(table("session").c.token_digest)) == [(theirs,)]
    kept.verify()


def test_who_may_not_act_gets_no_session(kept: Store) -> None:
    """R75"""
    for forged in (Acting("recorder", K), Acting("nobody", R), Acting("local:tester")):
        with pytest.raises(Refused):
            kept.begin_session(forged)


def test_signing_out_closes_what_is_open_and_no_other(kept: Store) -> None:
    """R77"""
    sessions, closed = Sessions(kept), []
    first, second = (kept.begin_session(RECORDER) for _ in range(2))
    for token in (first, second):
        session = sessions.find(token)
        assert session is not None
        sessions.opened(session, partial(closed.append, token))
    sessions.end(first)
    assert closed == [first]
    assert sessions.find(first) is None
    assert sessions.find(second) is not None


def test_a_ticket_serves_once_and_five_minutes() -> None:
    """R75: who left before the code was asked for begins again."""
    now = [0.0]
    halves, half = Halves(lambda: now[0]), Half(RECORDER, needs_code=True)
    ticket = halves.keep(half)
    assert halves.take(ticket + "x") is None
    assert halves.take(ticket) == half
    assert halves.take(ticket) is None
    ticket = halves.keep(half)
    now[0] += HALF_DONE
    assert halves.take(ticket) is None


# Over the wire -----------------------------------------------------------------------------------------------------


class Later:
    """A clock that runs, and can be put forward."""

    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def test_a_websocket_that_nobody_uses_ends_with_its_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R77: after an hour without a message the page is cut off; a message puts that off, one sent by itself does not."""
    monkeypatch.setattr(guard, "LOOK_EVERY", 0.05)
    later = Later()
    store = Store.open(database(tmp_path / "r.db", sample=False, sample_accounts=False), later)
    token = store.begin_session(Acting("recorder", Role.RECORDER))
    sessions = Sessions(store)
    sent, heard = asyncio.run(_idle(sessions, store, token, later))
    assert heard == ["websocket.connect", "websocket.receive", "websocket.receive", "websocket.disconnect"]
    assert sent == ["websocket.accept", "websocket.close"]
    assert sessions.find(token) is None
    store.close()


async def _idle(sessions: Sessions, store: Store, token: str, later: Later) -> tuple[list[str], list[str]]:
    """Use a websocket after half an hour, let the page ask by itself after another, then wait out the hour."""
    by_itself = BackMsg()
    by_itself.rerun_script.is_auto_rerun = True
    sent, heard = [], []
    coming: list[Message] = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "bytes": b"x"},
        {"type": "websocket.receive", "bytes": by_itself.SerializeToString()},
    ]

    async def receive() -> Message:
        if not coming:
            await asyncio.sleep(60)
        return coming.pop(0)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        heard.append((await receive())["type"])
        for _ in range(2):
            later.ahead += IDLE / 2
            heard.append((await receive())["type"])
            await asyncio.to_thread(sessions.settle)
        later.ahead += IDLE / 2
        heard.append((await receive())["type"])
        await send({"type": "websocket.send", "text": "too late"})

    headers = [(b"cookie", f"{COOKIE}={token}".encode()), (b"host", b"a")]
    scope = {"type": "websocket", "path": "/", "headers": headers}
    await asyncio.wait_for(Guard(page, sessions, "")(scope, receive, send), 30)
    return sent, heard


def test_a_restart_signs_nobody_out(tmp_path: Path) -> None:
    """R77: the sessions lie in the database, so that what is typed in an open page outlives the server."""
    path = database(tmp_path / "r.db", sample=False, sample_accounts=False)
    for server in running(path):
        cookie = server.sign_in("recorder").cookie
    for server in running(path):
        assert server.ask("/session", Cookie=cookie).status == 204
        assert server.ask("/map", Cookie=cookie, **HTML).status == 200


@pytest.mark.parametrize("how", ["command line", "closed account", "changed role", "new password"])
def test_a_session_ended_elsewhere_closes_its_websockets(tmp_path: Path, how: str) -> None:
    """R77: another process ends it; within seconds the open page is cut off, that of somebody else stays."""
    path = database(tmp_path / "r.db", sample=False, sample_accounts=False)
    store, first = Store.open(path), Acting("administrator", Role.ADMINISTRATOR)
    for server in running(path):
        cookie, other = server.sign_in("recorder").cookie, server.sign_in("administrator").cookie
        with server.socket(cookie) as line, server.socket(other) as stays:
            if how == "command line":
                said = {"CASUALTY_PASSWORD": PASSWORD, "PATH": ""}
                arguments = ["--db", str(path), "--as", "administrator", "account", "end-sessions", "recorder"]
                subprocess.run(
                    [sys.executable, "-m", "casualty", *arguments], env=said, check=True, capture_output=True
                )
            elif how == "closed account":
                store.change_account("recorder", first, "left", active=False)
            elif how == "changed role":
                store.change_account("recorder", first, "promoted", role=Role.REVIEWER)
            else:
                store.set_password("recorder", "another password", first)
            began = time.monotonic()
            with pytest.raises(ConnectionClosed):
                list(iter(partial(line.recv, timeout=10), None))
            assert time.monotonic() - began < 5
            assert server.ask("/session", Cookie=cookie).status == 401
            assert server.ask("/session", Cookie=other).status == 204
            stays.ping().wait(5)
    store.close()


def test_the_second_step_asks_for_a_code(tmp_path: Path) -> None:
    """R75: with the right password only; the ticket is good for one try at a time, and a code for one sign-in."""
    path = database(tmp_path / "r.db", sample=False, sample_accounts=False)
    store, by = Store.open(path), Acting("recorder", Role.RECORDER)
    totp = pyotp.TOTP(store.begin_second_factor(by, PASSWORD))
    at = time.time()
    store.confirm_second_factor(by, totp.at(at - 30))
    for server in running(path):
        assert 'name="code"' in server.sign_in("recorder", "not the password").text
        assert ticket_of(server.sign_in("recorder", "not the password")) == ""
        step = server.sign_in("recorder")
        assert (step.status, step.cookie) == (200, "")
        wrong = code(server, step, "000000")
        assert (wrong.status, wrong.cookie) == (401, "")
        assert "The code is not right" in wrong.text
        used_up = code(server, step, totp.at(at))
        assert (used_up.status, used_up.cookie) == (401, "")
        let_in = code(server, wrong, totp.at(at))
        assert (let_in.status, let_in.headers["location"]) == (303, "/record")
        assert server.ask("/session", Cookie=let_in.cookie).status == 204
        again = code(server, server.sign_in("recorder"), totp.at(at))
        assert (again.status, again.cookie) == (401, "")
    store.close()


def ticket_of(page: Answer) -> str:
    found = re.search(r'name="ticket" value="([^"]*)"', page.text)
    assert found is not None
    return found[1]


def code(server: Running, page: Answer, typed: str) -> Answer:
    """Send the second step of a sign-in."""
    return server.ask("/sign-in", "POST", urlencode({"ticket": ticket_of(page), "code": typed, "next": "/record"}))
