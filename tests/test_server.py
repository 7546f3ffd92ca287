"""The guard, the sign-in and the sign-out, asked over the wire as a stranger would."""

import asyncio
import http.client
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from app import entry
from app.gate import COOKIE, IDLE, Sessions
from app.guard import Guard, same_origin
from app.server import listen
from casualty.access import Acting
from casualty.errors import UsageFault
from casualty.store import Store
from casualty.vocabulary import Role

PASSWORD = "a long password"
SERVE = "import sys; from app.server import serve; serve(sys.argv[1], sys.argv[2], 0)"
HTML = {"Accept": "text/html,application/xhtml+xml"}


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def cookie(self) -> str:
        return self.headers.get("set-cookie", "").partition(";")[0]


@dataclass
class Running:
    """A server in a process of its own."""

    process: subprocess.Popen[str]
    host: str
    port: int
    told: list[str] = field(default_factory=list)

    def ask(self, path: str, method: str = "GET", body: str | None = None, **headers: str) -> Answer:
        """Send one request and return the answer, redirects not followed."""
        line = http.client.HTTPConnection(self.host, self.port, timeout=30)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        line.request(method, path, body, {**form, **{name.replace("_", "-"): value for name, value in headers.items()}})
        answer = line.getresponse()
        text = answer.read().decode("utf-8", "replace")
        line.close()
        return Answer(answer.status, Headers(dict(answer.getheaders())), text)

    def sign_in(self, name: str, password: str = PASSWORD, **headers: str) -> Answer:
        """Send the sign-in form."""
        return self.ask("/sign-in", "POST", urlencode({"name": name, "password": password}), **headers)

    def socket(self, cookie: str = "", **headers: str) -> ClientConnection:
        """Open the websocket of the pages."""
        address = f"ws://{self.host}:{self.port}/_stcore/stream"
        return connect(address, additional_headers={"Cookie": cookie, **headers}, subprotocols=["streamlit"])


def running(path: Path, host: str = "127.0.0.1") -> Iterator[Running]:
    """Serve a database on a free port until the test is over."""
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(path), host], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    told = [process.stderr.readline()]
    port = int(told[0].split("/ ")[0].rpartition(":")[2])
    yield Running(process, "127.0.0.1", port, told)
    process.terminate()
    told += process.stderr.readlines()
    process.wait(timeout=30)
    process.stderr.close()


def database(path: Path, *, sample: bool, sample_accounts: bool) -> Path:
    """Make a database with a recorder's account."""
    store = Store.create(path, sample=sample)
    store.add_account("recorder", Role.RECORDER, PASSWORD, store.local("tester"), sample=sample_accounts)
    store.close()
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A record with a real account, served to this machine."""
    yield from running(database(tmp_path_factory.mktemp("served") / "r.db", sample=False, sample_accounts=False))


@pytest.fixture
def cookie(served: Running) -> str:
    """The cookie of somebody signed in."""
    return served.sign_in("recorder").cookie


PATHS = [
    "/map", "/record", "/record?code=X", "/home", "/nothing", "/index.html", "/favicon.png",
    "/_stcore/health", "/_stcore/host-config", "/_stcore/metrics", "/_stcore/script-health-check",
    "/_stcore/agent/openapi.json", "/_stcore/bidi-components/casualty_map/x.js", "/_stcore/upload_file/a/b",
    "/media/abc.csv", "/component/x/index.html", "/static/js/index.js", "/app/static/pages.css", "/auth/login",
    "/assets/maplibre-gl.js", "/assets/world.geojson", "/territory.geojson", "/session",
    "//map", "/sign-in/../map", "/sign-in%2f..%2fmap", "/sign-in/", "/SIGN-IN", "/sign-in.html", "/%2e%2e/etc/passwd",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_nothing_but_the_sign_in_is_open(served: Running, path: str) -> None:
    """R75: a page leads to the sign-in, anything else is refused, whatever the path is written like."""
    asked = served.ask(path, **HTML)
    assert (asked.status, asked.headers["location"].partition("?")[0]) == (303, "/sign-in")
    assert served.ask(path).status == 401
    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS"):
        assert served.ask(path, method, **HTML).status == 401
    assert served.ask(path, Cookie=f"{COOKIE}=guessed").status == 401


def test_the_websocket_is_closed_to_strangers(served: Running, cookie: str) -> None:
    """R75: without a session, and with one from the page of another host."""
    strangers: list[dict[str, str]] = [{}, {"cookie": f"{COOKIE}=x"}]
    strangers += [
        {"cookie": cookie, "Origin": origin} for origin in ("http://evil.example", "http://localhost:1", "null")
    ]
    for stranger in strangers:
        with pytest.raises(InvalidStatus) as refused:
            served.socket(**stranger)
        assert refused.value.response.status_code == 403
    with served.socket(cookie, Origin=f"http://{served.host}:{served.port}") as line:
        assert line.subprotocol == "streamlit"


def test_signing_in_leads_on_and_gives_a_cookie_that_scripts_cannot_read(served: Running) -> None:
    """R75, R77"""
    answer = served.sign_in("recorder")
    assert (answer.status, answer.headers["location"]) == (303, "/map")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(answer.headers["set-cookie"].split("; "))
    assert "Secure" not in answer.headers["set-cookie"]
    behind_tls = served.sign_in("recorder", X_Forwarded_Proto="https")
    assert "Secure" in behind_tls.headers["set-cookie"]
    page = served.ask("/map", Cookie=answer.cookie, **HTML)
    assert (page.status, '<div id="root">' in page.text) == (200, True)
    assert served.ask("/session", Cookie=answer.cookie).status == 204
    assert served.ask("/", Cookie=answer.cookie).headers["location"] == "/map"


@pytest.mark.parametrize(
    ("onward", "led"),
    [
        ("/record?code=AB%20C", "/record?code=AB%20C"), ("/map?q=%D8%B3", "/map?q=%D8%B3"),
        ("//evil.example", "/map"), ("https://evil.example/", "/map"), ("/\\evil.example", "/map"), ("map", "/map"),
        ("/sign-out", "/map"), ("/a\r\nSet-Cookie: x=y", "/map"), ("", "/map"),
    ],
)  # fmt: skip
def test_the_way_on_never_leads_elsewhere(served: Running, onward: str, led: str) -> None:
    """R73"""
    body = urlencode({"name": "recorder", "password": PASSWORD, "next": onward})
    answer = served.ask("/sign-in", "POST", body)
    assert (answer.status, answer.headers["location"]) == (303, led)
    assert answer.headers["set-cookie"].count("=") == answer.headers["set-cookie"].count(COOKIE) + 2


def test_a_link_survives_the_sign_in(served: Running) -> None:
    """R74: the address asked for is offered again after the sign-in."""
    page = served.ask(served.ask("/map?q=a%26b&status=verified", **HTML).headers["location"], **HTML)
    assert 'name="next" value="/map?q=a%26b&amp;status=verified"' in page.text


def test_a_wrong_name_and_a_wrong_password_look_the_same(served: Running) -> None:
    """R75: who has an account cannot be found out, and what was typed is given back as text."""
    wrong = served.sign_in("recorder", "not the password")
    unknown = served.sign_in("<b>nobody</b>", "not the password")
    assert wrong.status == unknown.status == 401
    assert "Name or password is not right." in wrong.text
    assert wrong.text.replace("recorder", "X") == unknown.text.replace("&lt;b&gt;nobody&lt;/b&gt;", "X")
    assert not wrong.cookie
    assert not unknown.cookie


def test_guessing_becomes_slower(served: Running) -> None:
    """R75"""
    took = []
    for _ in range(4):
        began = time.monotonic()
        served.sign_in("guessed", "not the password")
        took.append(time.monotonic() - began)
    assert took[3] > took[0] + 0.5


def test_a_form_from_another_host_is_refused(served: Running, cookie: str) -> None:
    """R75: neither signed in nor signed out by a page of somebody else."""
    for origin in ("http://evil.example", "null", f"http://{served.host}:1"):
        assert served.sign_in("recorder", Origin=origin).status == 403
        assert served.ask("/sign-out", "POST", "", Cookie=cookie, Origin=origin).status == 403
    assert served.ask("/sign-out", Cookie=cookie, Sec_Fetch_Site="cross-site").status == 403
    assert served.ask("/session", Cookie=cookie).status == 204
    assert served.sign_in("recorder", Origin=f"http://{served.host}:{served.port}").status == 303
    assert served.ask("/sign-in", "POST", "name=" + "x" * 20_000).status == 413


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_signing_out_closes_the_open_pages(served: Running, method: str) -> None:
    """R77: the websocket of the session closes at once, that of another session stays."""
    cookie, other = (served.sign_in("recorder").cookie for _ in range(2))
    with served.socket(cookie) as line, served.socket(other) as stays:
        answer = served.ask("/sign-out", method, "" if method == "POST" else None, Cookie=cookie)
        assert (answer.status, answer.headers["location"]) == (303, "/sign-in")
        assert f'{COOKIE}=""' in answer.headers["set-cookie"]
        with pytest.raises(ConnectionClosed):
            list(iter(partial(line.recv, timeout=5), None))
        assert served.ask("/map", Cookie=cookie).status == 401
        assert served.ask("/session", Cookie=other).status == 204
        stays.ping().wait(5)
    assert "Your session has ended" in served.ask("/sign-in", Cookie=cookie).text


def test_every_answer_forbids_what_a_page_needs_not(served: Running, cookie: str) -> None:
    """R73, R77: no frame, no foreign script or picture, no referrer, nothing kept in the browser but code."""
    for path in ("/sign-in", "/map", "/session", "/nothing.js", "/assets/maplibre-gl.js", "/territory.geojson"):
        for headers in ({"Cookie": cookie}, {}):
            answer = served.ask(path, **headers)
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["x-content-type-options"] == "nosniff"
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe-eval" not in policy
            assert "http" not in policy
            kept = path.startswith("/assets/") and bool(headers)
            assert answer.headers["cache-control"] == ("max-age=86400" if kept else "no-store")
            if path != "/sign-in":
                assert answer.headers["referrer-policy"] == "no-referrer"


def test_the_files_of_the_map_come_from_here(served: Running, cookie: str) -> None:
    """R73: library, land and units, and no other file."""
    assert "MapLibre GL JS" in served.ask("/assets/maplibre-gl.js", Cookie=cookie).text[:200]
    assert '"MultiPolygon"' in served.ask("/assets/world.geojson", Cookie=cookie).text[:200]
    assert '"FeatureCollection"' in served.ask("/territory.geojson", Cookie=cookie).text
    for path in ("/assets/server.py", "/assets/..%2fserver.py", "/assets/", "/app/static/world.geojson"):
        assert "Land" not in served.ask(path, Cookie=cookie).text
        assert "def serve" not in served.ask(path, Cookie=cookie).text


LOCAL = [{}, {"Host": "localhost:1"}, {"Host": "[::1]"}]
FOREIGN = [{"Host": "casualty.example"}, {"X_Forwarded_For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}]
SAMPLE = [
    # database is a sample   host         let in   refused
    (True, "127.0.0.1", LOCAL, FOREIGN),
    (True, "0.0.0.0", [], [*LOCAL, *FOREIGN]),
    (False, "127.0.0.1", [], LOCAL),
]


@pytest.mark.parametrize(("sample", "host", "let_in", "refused"), SAMPLE)
def test_sample_accounts_work_on_a_sample_and_on_this_machine_only(
    tmp_path: Path, sample: bool, host: str, let_in: list[dict[str, str]], refused: list[dict[str, str]]
) -> None:
    """R75: a password that everybody knows opens nothing real."""
    path = database(tmp_path / "r.db", sample=True, sample_accounts=True)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE deployment SET sample = ?", (sample,))
    connection.close()
    for server in running(path, host):
        assert [server.sign_in("recorder", **headers).status for headers in let_in] == [303] * len(let_in)
        for headers in refused:
            answer = server.sign_in("recorder", **headers)
            assert (answer.status, answer.cookie) == (401, "")
            assert "Sample accounts sign in only on a sample database" in answer.text


def test_a_real_account_works_from_other_machines_too(tmp_path: Path) -> None:
    """R75: and the one who serves it is told to put it behind HTTPS."""
    for server in running(database(tmp_path / "r.db", sample=True, sample_accounts=False), "0.0.0.0"):
        assert server.sign_in("recorder", Host="casualty.example").status == 303
    assert any("HTTPS" in line for line in server.told)


def test_a_house_without_accounts_says_how_to_make_one(tmp_path: Path) -> None:
    """R75: there is no way in without an account."""
    Store.create(tmp_path / "r.db").close()
    for server in running(tmp_path / "r.db"):
        assert "casualty account add NAME --role administrator" in server.ask("/sign-in").text
        assert server.sign_in("local:tester", "").status == 401


def opened(line: ClientConnection, page: str, query: str) -> list[ForwardMsg]:
    """Ask for a page over the websocket, as a browser does, and return what came until it was done."""
    asked = BackMsg()
    asked.rerun_script.page_name, asked.rerun_script.query_string = page, query
    line.send(asked.SerializeToString())
    came: list[ForwardMsg] = []
    while not came or came[-1].WhichOneof("type") != "script_finished":
        message = ForwardMsg()
        message.ParseFromString(line.recv(timeout=30))
        came.append(message)
    return came


def test_the_first_page_asked_for_goes_through_the_router(served: Running, cookie: str) -> None:
    """R73, R75: straight to the map of a fresh server, who is signed in is shown, and nobody is told of the visit."""
    with served.socket(cookie) as line:
        came = opened(line, "map", "")
    text = " ".join(message.delta.new_element.html.body for message in came)
    assert "Sign out" in text
    assert "Shown 0 of 0, 0 without a place." in text
    (begun,) = [message.new_session for message in came if message.WhichOneof("type") == "new_session"]
    assert not begun.config.gather_usage_stats
    assert begun.config.disable_data_export


def test_no_setting_and_no_variable_changes_the_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """R73, R75: what lies in the folder or the environment cannot open the guard or tell others."""
    (tmp_path / ".streamlit").mkdir()
    settings = "[browser]\ngatherUsageStats = true\n[server]\nenableAgentApi = true\nenableStaticServing = true\n"
    (tmp_path / ".streamlit" / "config.toml").write_text(
        settings + 'baseUrlPath = "elsewhere"\nenableXsrfProtection = false\n'
    )
    for name in ("BROWSER_GATHER_USAGE_STATS", "SERVER_ENABLE_AGENT_API", "GLOBAL_DEVELOPMENT_MODE"):
        monkeypatch.setenv(f"STREAMLIT_{name}", "true")
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    path = database(tmp_path / "r.db", sample=False, sample_accounts=False)
    monkeypatch.chdir(tmp_path)
    for server in running(path):
        assert server.ask("/map").status == 401
        cookie = server.sign_in("recorder").cookie
        assert server.ask("/_stcore/agent/interact", "POST", "{}", Cookie=cookie).status >= 400
        assert server.ask("/app/static/pages.css", Cookie=cookie).text.startswith("<!--")
        with server.socket(cookie) as line:
            (begun,) = [m.new_session for m in opened(line, "map", "") if m.WhichOneof("type") == "new_session"]
        assert not begun.config.gather_usage_stats


def test_the_log_holds_no_name_no_password_and_nothing_of_the_record(tmp_path: Path) -> None:
    """R76: what goes to the terminal, and from there into files, says nothing of who asked for what."""
    path = database(tmp_path / "r.db", sample=False, sample_accounts=False)
    store = Store.open(path)
    typed = {"date_from": "2024", "place_as_reported": "private", "killed_best": 1, "source": "private"}
    entry.record(store, Acting("recorder", Role.RECORDER), typed, [])
    store.close()
    for server in running(path):
        server.sign_in("recorder", "wrong-secret-word")
        cookie = server.sign_in("recorder").cookie
        with server.socket(cookie) as line:
            line.send(b"not a message")
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE incident SET date_start = 'private', date_end = 'private'")
        connection.close()
        with server.socket(cookie) as line:
            came = opened(line, "map", "q=private")
        shown = [
            message.delta.new_element.exception for message in came if message.delta.new_element.HasField("exception")
        ]
        assert len(shown) == 1
        assert "private" not in shown[0].message
        assert not shown[0].stack_trace
    told = " ".join(server.told)
    assert "Casualty record at http://127.0.0.1:" in told
    assert re.search(r"casualty: a page failed: \w+ at .*frames.py:\d+", told)
    for word in ("recorder", "secret-word", PASSWORD, "private", "Traceback"):
        assert word not in told


def test_a_port_that_is_taken_is_said_in_words() -> None:
    """R74"""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageFault, match="already in use"):
        listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(UsageFault, match="Cannot listen"):
        listen("no.such.host.invalid", 0)


@pytest.mark.parametrize(
    ("headers", "same"),
    [
        ({"host": "a:1", "origin": "http://a:1"}, True), ({"host": "A:1", "origin": "http://a:1"}, True),
        ({"host": "a:1", "origin": "http://a:2"}, False), ({"host": "a:1", "origin": "null"}, False),
        ({"host": "a:1", "origin": ""}, False), ({"host": "a:1"}, True),
        ({"host": "a:1", "sec-fetch-site": "same-origin"}, True), ({"host": "a:1", "sec-fetch-site": "none"}, True),
        ({"host": "a:1", "sec-fetch-site": "same-site"}, False), ({"host": "a:1", "sec-fetch-site": "cross-site"}, False),
    ],
)  # fmt: skip
def test_same_origin(headers: dict[str, str], same: bool) -> None:
    """R75"""
    assert same_origin(Headers(headers)) is same


def test_a_websocket_that_nobody_uses_ends_with_its_session() -> None:
    """R77: after an hour without a message the page is cut off; a message puts that off."""
    later = [0.0]
    sessions = Sessions(lambda: time.monotonic() + later[0])
    token = sessions.begin(Acting("recorder", Role.RECORDER))
    sent, heard = asyncio.run(_idle(sessions, token, later))
    assert heard == ["websocket.connect", "websocket.receive", "alive", "websocket.disconnect"]
    assert sent == ["websocket.accept", "websocket.close"]
    assert sessions.find(token) is None


async def _idle(sessions: Sessions, token: str, later: list[float]) -> tuple[list[str], list[str]]:
    """Use a websocket after half an hour, then leave it alone until an hour has gone by."""
    sent, heard, coming = [], [], ["websocket.connect", "websocket.receive"]

    async def receive() -> Message:
        if not coming:
            await asyncio.sleep(60)
        return {"type": coming.pop(0)}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        heard.append((await receive())["type"])
        later[0] += IDLE / 2
        heard.append((await receive())["type"])
        later[0] += IDLE - 0.2
        heard.append("alive" if sessions.find(token) else "gone")
        heard.append((await receive())["type"])
        await send({"type": "websocket.send", "text": "too late"})

    headers = [(b"cookie", f"{COOKIE}={token}".encode()), (b"host", b"a")]
    scope = {"type": "websocket", "path": "/", "headers": headers}
    await asyncio.wait_for(Guard(page, sessions, "")(scope, receive, send), 30)
    return sent, heard
