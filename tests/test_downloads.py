"""A package taken from the server by a link: for one account, for an hour, and only as it left."""

import asyncio
import io
import tarfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import released
import reviewed
from filled import fill
from released import ANALYST, CUSTODIAN, OTHER
from starlette.applications import Starlette
from test_release import TO, asked, contents

from app import downloads, releases, session
from app.downloads import HOLDS, Downloads, link
from app.gate import COOKIE, Sessions
from app.guard import Guard
from casualty import release
from casualty.access import Acting
from casualty.errors import NotFound, Refused, UsageFault
from casualty.release import Released
from casualty.store import Store
from casualty.vocabulary import Role, Tier

NOW = 1_700_000_000.0
UNTIL = int(NOW) + HOLDS


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


def get(app: Any, address: str, cookie: str = "") -> Answer:
    """Ask an application for an address, as uvicorn would."""
    parts = urlsplit(address)
    sent: list[dict[str, Any]] = []

    async def through() -> None:
        async def receive() -> dict[str, Any]:
            await asyncio.sleep(0 if not sent else 60)
            return {"type": "http.request", "body": b""}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        head = [(b"host", b"h"), (b"cookie", f"{COOKIE}={cookie}".encode())]
        await app(
            {"type": "http", "method": "GET", "path": parts.path, "raw_path": parts.path.encode(), "headers": head,
             "query_string": parts.query.encode(), "scheme": "http", "http_version": "1.1", "root_path": "",
             "server": ("h", 80), "client": ("127.0.0.1", 1), "asgi": {"spec_version": "2.4"}},
            receive, send,
        )  # fmt: skip

    asyncio.run(through())
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], headers, b"".join(part.get("body", b"") for part in sent))


@pytest.fixture
def house(sqlite_store: Store, quick_hashes: None) -> Store:
    """A record with something of everything, with its accounts and a second custodian."""
    return released.filled(sqlite_store)


@pytest.fixture
def left(house: Store, tmp_path: Path) -> Released:
    """A package that was asked for and granted."""
    return release.grant(house, asked(house, ANALYST, tmp_path / "for the commission" / "bag"), CUSTODIAN)


@pytest.fixture
def at(house: Store) -> Callable[..., Answer]:
    """What asks for an address as somebody, at a moment."""

    def at(address: str, by: Acting = CUSTODIAN, now: float = NOW) -> Answer:
        sessions = Sessions(house)
        routes = Downloads(session.House(house, sessions), lambda: now).routes()
        answer = get(Guard(Starlette(routes=routes), sessions, "none"), address, house.begin_session(by))
        sessions.settle()
        return answer

    return at


def test_a_package_comes_whole_and_names_nobody(
    at: Callable[..., Answer], left: Released, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R86: the archive holds the package byte for byte and verifies; file name and log tell no recipient."""
    address, until = link(left.release_id, CUSTODIAN, NOW)
    assert until.timestamp() == UNTIL
    answer = at(address)
    assert answer.status == 200
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["content-disposition"] == f'attachment; filename="casualty-package-{left.release_id[:8]}.tar"'
    assert answer.headers["Cache-Control".lower()] == "no-store"
    with tarfile.open(fileobj=io.BytesIO(answer.body)) as tar:
        tar.extractall(tmp_path / "out", filter="data")
    assert contents(tmp_path / "out" / "bag") == contents(left.path)
    assert release.verify(tmp_path / "out" / "bag")
    assert at(address).body == answer.body
    told = capsys.readouterr().err.splitlines()
    assert told == [f"casualty: release {left.release_id}: {len(answer.body)} bytes sent"] * 2
    assert list(left.path.parent.glob(".*")) == []


def test_a_link_is_for_one_account_and_one_release(at: Callable[..., Answer], left: Released, house: Store) -> None:
    """R75: another custodian, another release, a longer time and a made-up mark are refused, and nothing is told of why."""
    address, _ = link(left.release_id, CUSTODIAN, NOW)
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    path = urlsplit(address).path
    longer, made_up = query | {"until": str(UNTIL + 1)}, query | {"mark": "0" * 64}
    foreign = [
        at(address, OTHER),
        at(address.replace(left.release_id, "0" * 36)),
        at(f"{path}?{urlencode(longer)}"),
        at(f"{path}?{urlencode(made_up)}"),
        at(f"{path}?{urlencode({'until': query['until']})}"),
        at(f"{path}?{urlencode(query | {'mark': 'ü'})}"),
        at(path),
    ]
    assert {(answer.status, answer.body) for answer in foreign} == {(403, f"{downloads.FOREIGN}\n".encode())}
    assert get(Guard(Starlette(), Sessions(house), "none"), address, "guessed").status == 401


def test_a_link_ends_after_an_hour(at: Callable[..., Answer], left: Released) -> None:
    """R75: to the second."""
    address, _ = link(left.release_id, CUSTODIAN, NOW)
    assert at(address, now=UNTIL - 0.5).status == 200
    expired = at(address, now=UNTIL)
    assert (expired.status, expired.body) == (410, f"{downloads.EXPIRED}\n".encode())


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CUSTODIAN])
def test_a_link_gives_no_right(at: Callable[..., Answer], left: Released, role: Role) -> None:
    """R75: whose role is none of a custodian's takes nothing, even by a link that was made for them."""
    by = Acting(role.value, role)
    answer = at(link(left.release_id, by, NOW)[0], by)
    assert (answer.status, b"one of: Custodian." in answer.body) == (403, True)


def test_a_custodian_of_named_situations_takes_nothing(at: Callable[..., Answer], left: Released, house: Store) -> None:
    """R75: a package is of the whole record."""
    situation = house.record("situation", reviewed.SituationFields(name="Another"), reviewed.ADMINISTRATOR).id
    house.clear("custodian", situation, reviewed.ADMINISTRATOR, "works on one only")
    answer = at(link(left.release_id, CUSTODIAN, NOW)[0])
    assert (answer.status, b"whole record" in answer.body) == (403, True)


def test_a_package_that_was_changed_or_is_gone_is_not_sent(at: Callable[..., Answer], left: Released) -> None:
    """R84: the file is named; nothing of it goes out."""
    address, _ = link(left.release_id, CUSTODIAN, NOW)
    readme = left.path / "data/00_README.txt"
    readme.write_text(readme.read_text() + "more")
    changed = at(address)
    assert (changed.status, b"data/00_README.txt" in changed.body) == (409, True)
    left.path.rename(left.path.with_name("elsewhere"))
    assert at(address).status == 404
    assert at(link("0" * 36, CUSTODIAN, NOW)[0]).status == 404


# Where packages lie --------------------------------------------------------------------------------------------------


def test_packages_lie_beside_the_database_or_where_it_is_said(
    store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """R86: a server's database has no folder until one is named by a whole path."""
    monkeypatch.delenv(releases.VARIABLE, raising=False)
    with store.reading() as connection:
        url = connection.engine.url
    if url.drivername == "sqlite":
        assert releases.folder(store) == Path(f"{url.database}.releases")
        return
    for said in ("", "packages"):
        monkeypatch.setenv(releases.VARIABLE, said)
        with pytest.raises(UsageFault, match="CASUALTY_RELEASES"):
            releases.folder(store)
    monkeypatch.setenv(releases.VARIABLE, str(tmp_path / "packages"))
    assert releases.folder(store) == tmp_path / "packages"


def test_each_package_has_a_number_of_its_own(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """R88: taken at once, so that two never write to one place; given back only if nothing lies there."""
    first, second = (releases.taken(sqlite_store, "public") for _ in range(2))
    assert (first.name, second.name) == ("public-1", "public-2")
    assert first.parent.stat().st_mode & 0o077 == 0
    (second / "kept").write_text("kept")
    releases.given_back(first)
    releases.given_back(second)
    assert releases.taken(sqlite_store, "public") == first
    assert (second / "kept").is_file()
    half = first.parent / ".public-3.asked.unfinished"
    (half / "data").mkdir(parents=True)
    (half / "data" / "a.csv").write_text("a" * 9)
    stray = first.parent / ".public-1-x.unfinished"
    stray.write_bytes(b"tar")
    assert releases.underway(first.parent / "public-3") == (1, 9)
    releases.taken(sqlite_store, "public")
    assert half.is_dir()
    assert stray.is_file()
    late = time.time() + releases.STALE_SECONDS + 60
    monkeypatch.setattr(releases.time, "time", lambda: late)
    releases.taken(sqlite_store, "public")
    assert not half.exists()
    assert not stray.exists()


def test_a_folder_that_cannot_be_written_to_is_told(sqlite_store: Store) -> None:
    """R86: without a path in the text."""
    releases.folder(sqlite_store).write_text("in the way")
    with pytest.raises(UsageFault, match="cannot be written to: "):
        releases.taken(sqlite_store, "public")


def test_a_package_of_one_person_is_found_by_its_hash(sqlite_store: Store, quick_hashes: None) -> None:
    """R86: its record names no place; who keeps the record alone takes it, and nobody once there are two."""
    by = sqlite_store.local("tester")
    fill(sqlite_store, by, sqlite_store.local("second person"))
    sqlite_store.add_account("administrator", Role.ADMINISTRATOR, reviewed.PASSWORD, by)
    alone = reviewed.ADMINISTRATOR
    one, two = (
        release.build(sqlite_store, releases.taken(sqlite_store, "commission"), tier=Tier.COMMISSION, recipient=to,
                      basis="B", by=alone)
        for to in (TO, "Another")
    )  # fmt: skip
    assert releases.lies_at(sqlite_store, two.release_id) == two.path
    assert releases.lies_at(sqlite_store, one.release_id) == one.path
    file, size = downloads.archived(sqlite_store, one.release_id, alone)
    with file:
        assert len(file.read()) == size
    with pytest.raises(NotFound):
        releases.lies_at(sqlite_store, "0" * 36)
    sqlite_store.add_account("recorder", Role.RECORDER, reviewed.PASSWORD, alone)
    with pytest.raises(Refused):
        downloads.archived(sqlite_store, one.release_id, alone)
