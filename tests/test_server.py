"""The guard, the sign-in and the sign-out, asked over the wire as a stranger would."""

import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import pytest
from conftest import minimum
from serving import HTML, PASSWORD, Running, database, running
from starlette.datastructures import Headers
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from app.gate import COOKIE
from app.guard import same_origin
from app.server import listen
from casualty.access import Acting
from casualty.errors import UsageFault
from casualty.schema import DocumentFields
from casualty.store import Store
from casualty.vocabulary import Role


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
    "/assets/maplibre-gl.js", "/assets/world.json", "/territory.geojson", "/layers/a.geojson", "/layers/a/0/0/0", "/session",
    "/packages/x.tar", "/organisation", "/organisation/back", "/oauth2callback",
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
    for name, kind in (("world", '"land":'), ("provinces", '"province":')):
        assert kind in served.ask(f"/assets/{name}.json", Cookie=cookie).text[:200]
    assert '"FeatureCollection"' in served.ask("/territory.geojson", Cookie=cookie).text
    for path in ("/assets/server.py", "/assets/..%2fserver.py", "/assets/", "/app/static/world.json"):
        assert "Land" not in served.ask(path, Cookie=cookie).text
        assert "def serve" not in served.ask(path, Cookie=cookie).text


def test_what_stays_the_same_is_sent_once_and_compressed(served: Running, cookie: str) -> None:
    """R73: a second opening of the map costs a few headers; a part that is asked for comes as it is."""
    for path in ("/assets/maplibre-gl.js", "/assets/world.json", "/assets/provinces.json", "/territory.geojson"):
        whole = served.ask(path, Cookie=cookie)
        again = served.ask(path, Cookie=cookie, If_None_Match=whole.headers["etag"], Accept_Encoding="gzip")
        assert (again.status, again.text, again.headers["etag"]) == (304, "", whole.headers["etag"])
        assert served.ask(path, Cookie=cookie, If_None_Match='"another"').text == whole.text
    packed = served.ask("/assets/world.json", Cookie=cookie, Accept_Encoding="br, gzip;q=0.5")
    assert (packed.headers["content-encoding"], int(packed.headers["content-length"]) < 120_000) == ("gzip", True)
    assert "Accept-Encoding" in packed.headers["vary"]
    for refused in ("", "br"):
        assert (
            "content-encoding" not in served.ask("/assets/world.json", Cookie=cookie, Accept_Encoding=refused).headers
        )
    part = served.ask("/assets/world.json", Cookie=cookie, Range="bytes=0-9", Accept_Encoding="gzip")
    assert (part.status, part.text) == (206, '{"scale":1')


def test_streamlit_s_own_files_come_compressed_and_once(served: Running, cookie: str) -> None:
    """R73: what a page is made of, by names that hold a hash of it, is a third of its bytes on the line and never asked for again."""
    page = served.ask("/map", Cookie=cookie).text
    [script] = re.findall(r'src="\.?(/static/js/index\.[\w-]+\.js)"', page)
    [font] = re.findall(r'href="\.?(/static/media/[\w.-]+\.woff2)"', page)[:1]
    whole, packed, letters = (
        served.ask(path, Cookie=cookie, Accept_Encoding=takes)
        for path, takes in ((script, ""), (script, "gzip"), (font, "gzip"))
    )
    assert (packed.headers["content-encoding"], "content-encoding" in letters.headers) == ("gzip", False)
    assert int(packed.headers["content-length"]) < int(whole.headers["content-length"]) / 2.5
    for answer in (whole, packed, letters):
        assert (answer.status, answer.headers["cache-control"]) == (200, "private, immutable, max-age=31536000")
    for path in ("/static/../index.html", "/static/%2e%2e/manifest.json"):
        assert served.ask(path, Cookie=cookie).status in (400, 404)


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
    assert "Shown 0 of 0; 0 outside this view; 0 without a place." in re.sub(r"<[^>]+>", "", text)
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
    by = Acting("recorder", Role.RECORDER)
    document = store.record("document", DocumentFields(title="private"), by).id
    store.record("incident", minimum(document, place_as_reported="private"), by)
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
            came = opened(line, "map", "filter=text.has(private)")
        shown = [
            message.delta.new_element.exception for message in came if message.delta.new_element.HasField("exception")
        ]
        assert len(shown) == 1
        assert "private" not in shown[0].message
        assert not shown[0].stack_trace
    told = " ".join(server.told)
    assert "Casualty record at http://127.0.0.1:" in told
    assert re.search(r"casualty: a page failed: \w+ at (\w+\.py:\d+(, )?)+", told)
    for word in ("recorder", "secret-word", PASSWORD, "private", "Traceback"):
        assert word not in told


def test_a_port_that_is_taken_is_said_in_words() -> None:
    """R74"""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageFault, match="already in use"):
        listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(UsageFault, match="Cannot listen"):
        listen("no.such.host.invalid", 0)


def test_no_part_of_an_answer_waits_for_the_part_before_it() -> None:
    """R74: a connection sends at once; else every answer in two parts would take 40 ms more, a hundred times a page."""
    with listen("127.0.0.1", 0) as line, socket.create_connection(line.getsockname()), line.accept()[0] as heard:
        assert heard.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


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


@pytest.mark.parametrize(
    ("query", "led", "kept"),
    [
        ("to=ar&next=%2Frecord%3Fcode%3DA", "/record?code=A", "ar"), ("to=fr", "/map", "fr"), ("to=xx&next=/map", "/map", ""),
        ("to=en&next=//evil.example", "/map", "en"), ("next=/map", "/map", ""), ("to=ar%0d%0aX:y", "/map", ""),
    ],
)  # fmt: skip
def test_a_language_is_chosen_before_the_sign_in(served: Running, query: str, led: str, kept: str) -> None:
    """R73: a known one only, and the way back stays inside."""
    answer = served.ask(f"/language?{query}")
    assert (answer.status, answer.headers["location"]) == (303, led)
    assert answer.headers.get("set-cookie", "").partition(";")[0] == (f"casualty_language={kept}" if kept else "")
    if kept:
        assert "SameSite=lax" in answer.headers["set-cookie"]
        assert f'<html lang="{kept}"' in served.ask("/sign-in", Cookie=answer.cookie).text


def test_a_database_that_does_not_answer_opens_nothing(tmp_path: Path) -> None:
    """R75: no page while nobody can be asked who it is for."""
    path = database(tmp_path / "r.db", sample=False, sample_accounts=False)
    for server in running(path):
        cookie = server.sign_in("recorder").cookie
        with sqlite3.connect(path) as connection:
            connection.execute("ALTER TABLE session RENAME TO gone")
        connection.close()
        assert server.ask("/map", Cookie=cookie, **HTML).status == 503
        assert server.sign_in("recorder").status == 503
