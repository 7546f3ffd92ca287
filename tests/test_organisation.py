"""Signing in by an organisation's own provider: glewlwyd, running here, asked as a browser would; and forged answers."""

import asyncio
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from serving import PASSWORD, Running, database, running

from app import organisation
from app.gate import COOKIE
from app.organisation import Organisation, Provider, load
from casualty.access import Acting
from casualty.errors import Refused, UsageFault
from casualty.store import Store
from casualty.store.accounts import organisation_digest
from casualty.vocabulary import Role

FIRST = Acting("administrator", Role.ADMINISTRATOR)
SECRET = "the secret of the client"
INSTALLED = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
SETTINGS = """
port={port}
external_url="http://localhost:{port}"
login_url="login.html"
api_prefix="api"
log_mode="console"
log_level="ERROR"
cookie_secure=0
session_expiration=3600
session_key="PROVIDER"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
hash_algorithm="SHA512"
database = {{ type = "sqlite3" path = "{path}" }};
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@dataclass
class Known:
    """The provider running here, and the server that it sends people back to."""

    issuer: str
    server: Running
    store: Store

    @property
    def address(self) -> str:
        return f"http://localhost:{self.server.port}"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """A provider with one person in it; yields its address and the port that our server is to use."""
    if shutil.which("glewlwyd") is None:
        if os.environ.get("CI"):
            pytest.fail("glewlwyd is not installed")
        pytest.skip("glewlwyd is not installed")
    folder, port, ours = tmp_path_factory.mktemp("provider"), free_port(), free_port()
    connection = sqlite3.connect(folder / "provider.db")
    connection.executescript(INSTALLED.read_text(encoding="utf-8"))
    connection.close()
    (folder / "provider.conf").write_text(SETTINGS.format(port=port, path=folder / "provider.db"))
    process = subprocess.Popen(
        ["glewlwyd", f"--config-file={folder / 'provider.conf'}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        settle(f"http://localhost:{port}", f"http://localhost:{ours}")
        yield f"http://localhost:{port}", ours
    finally:
        process.terminate()
        process.communicate(timeout=30)


def settle(address: str, ours: str) -> None:
    """Have the provider speak OpenID Connect, know our server as a client and a person called anna."""
    key = RSAKey.generate_key(2048)
    flags = {
        f"auth-type-{name}-enabled": False for name in ("token", "password", "client", "refresh", "device", "none")
    }
    plugin = {
        **flags, "iss": f"{address}/api/oidc", "jwt-type": "rsa", "jwt-key-size": "256", "key": key.as_pem(private=True).decode(),
        "cert": key.as_pem(private=False).decode(), "access-token-duration": 600, "refresh-token-duration": 600,
        "code-duration": 60, "refresh-token-rolling": False, "allow-non-oidc": False, "auth-type-code-enabled": True,
        "auth-type-id-token-enabled": True, "pkce-allowed": True, "pkce-method-plain-allowed": False,
        "pkce-required": True, "subject-type": "public", "jwks-show": True, "scope": [], "claims": [],
        "additional-parameters": [],
    }  # fmt: skip
    client = {
        "client_id": "casualty", "name": "casualty", "confidential": True, "enabled": True, "client_secret": SECRET,
        "redirect_uri": [f"{ours}/organisation/back"], "authorization_type": ["code"],
        "token_endpoint_auth_method": ["client_secret_basic"], "scope": [],
    }  # fmt: skip
    anna = {"username": "anna", "name": "Anna", "password": PASSWORD, "scope": ["openid", "g_profile"], "enabled": True}
    with httpx2.Client(base_url=f"{address}/api") as admin:
        for _ in range(100):
            with suppress(httpx2.ConnectError):
                admin.get("/config")
                break
            time.sleep(0.1)
        oidc = {"module": "oidc", "name": "oidc", "display_name": "oidc", "order_rank": 0, "readonly": False}
        for path, stated in (
            ("/auth/", {"username": "admin", "password": "password"}), ("/mod/plugin/", oidc | {"parameters": plugin}),
            ("/client/", client), ("/user/", anna),
        ):  # fmt: skip
            admin.post(path, json=stated).raise_for_status()


def stated(folder: Path, **changed: str) -> Path:
    """Write the file that names a provider."""
    fields = {
        "issuer": "https://id.example", "client_id": "casualty", "secret_env": "CASUALTY_TEST_SECRET",
        "name": "Hospitals", "address": "https://record.example",
    }  # fmt: skip
    path = folder / "oidc.toml"
    path.write_text("".join(f'{name} = "{value}"\n' for name, value in (fields | changed).items() if value))
    return path


@pytest.fixture(scope="module")
def known(provider: tuple[str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Known]:
    """Our server, which knows the provider."""
    address, port = provider
    folder = tmp_path_factory.mktemp("known")
    file = stated(folder, issuer=f"{address}/api/oidc", address=f"http://localhost:{port}")
    path = database(folder / "r.db", sample=False, sample_accounts=False)
    store = Store.open(path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CASUALTY_TEST_SECRET", SECRET)
        for server in running(path, "127.0.0.1", port, file):
            yield Known(f"{address}/api/oidc", server, store)
    store.close()


def went(known: Known, browser: httpx2.Client, onward: str = "/record?code=A") -> str:
    """Go to the provider from our sign-in page, sign in there, and return the address that it sends the browser back to."""
    page = browser.get(f"{known.address}/sign-in", params={"next": onward})
    link = re.search(r'<a class="organisation" href="([^"]+)">Sign in with Hospitals</a>', page.text)
    assert link is not None
    away = browser.get(known.address + link[1].replace("&amp;", "&"))
    assert away.status_code == 303
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid"]
    origin = known.issuer.removesuffix("/oidc")
    browser.post(f"{origin}/auth/", json={"username": "anna", "password": PASSWORD}).raise_for_status()
    browser.put(f"{origin}/auth/grant/casualty", json={"scope": "openid"}).raise_for_status()
    back = browser.get(away.headers["location"] + "&g_continue")
    assert back.headers["location"].startswith(f"{known.address}/organisation/back?")
    return str(back.headers["location"])


def test_who_is_not_linked_is_told_what_to_link_and_then_let_in(known: Known) -> None:
    """R75: no account comes of itself; roles stay in our tables; our session begins, and ends by us."""
    with httpx2.Client() as browser:
        refused = browser.get(went(known, browser))
        assert refused.status_code == 401
        digest = re.search(r"\b[0-9a-f]{64}\b", refused.text)
        assert digest is not None
        assert COOKIE not in browser.cookies
    known.store.change_account("recorder", FIRST, "linked", organisation_digest=digest[0])
    with httpx2.Client() as browser:
        back = went(known, browser)
        let_in = browser.get(back)
        assert let_in.status_code == 200
        assert 'content="0; url=/record?code=A"' in let_in.text
        assert re.search(rf"{COOKIE}=[^;]+; HttpOnly; Path=/; SameSite=strict", str(let_in.headers))
        assert browser.get(f"{known.address}/session").status_code == 204
        (live,) = known.store.sessions(FIRST, "recorder")
        assert live.by == Acting("recorder", Role.RECORDER)
        assert browser.get(back).status_code == 401, "a code and its state serve once"
        browser.get(f"{known.address}/sign-out")
        assert browser.get(f"{known.address}/session").status_code == 401
        assert known.store.sessions(FIRST, "recorder") == []
    known.store.change_account("recorder", FIRST, "unlinked", organisation_digest=None)


def test_a_closed_account_is_not_let_in(known: Known) -> None:
    """R75: and an organisation does not open what was closed here."""
    with httpx2.Client() as browser:
        page = browser.get(went(known, browser))
    digest = re.search(r"\b[0-9a-f]{64}\b", page.text)
    assert digest is not None
    known.store.change_account("recorder", FIRST, "linked", organisation_digest=digest[0], active=False)
    with httpx2.Client() as browser:
        assert browser.get(went(known, browser)).status_code == 401
    known.store.change_account("recorder", FIRST, "back", organisation_digest=None, active=True)


def test_the_way_back_belongs_to_the_browser_that_left(known: Known) -> None:
    """R75: nobody is signed in by a link that somebody else prepared, with no state, or with a code of their own."""
    with httpx2.Client() as browser, httpx2.Client() as other:
        back = went(known, browser)
        assert other.get(back).status_code == 401
        assert browser.get(back).status_code == 401, "the state was spent by the attempt"
        back = went(known, browser)
        parts = parse_qs(urlsplit(back).query)
        forged = urlencode({"state": parts["state"][0], "code": "forged"})
        assert browser.get(f"{known.address}/organisation/back?{forged}").status_code == 401
    for query in ("", "?state=x&code=y", "?error=access_denied"):
        answer = known.server.ask(f"/organisation/back{query}")
        assert (answer.status, COOKIE in answer.headers.get("set-cookie", "")) == (401, False)
        assert "did not succeed" in answer.text


def test_nothing_else_opens_by_it(known: Known) -> None:
    """R75"""
    for path in ("/organisation/x", "/organisation/back/", "/map", "/auth/login", "/oauth2callback", "/media/x"):
        assert known.server.ask(path).status == 401


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"issuer": "http://id.example"}, "issuer must begin with https"), ({"address": "http://record.example"}, "address must"),
        ({"client_id": ""}, "must name exactly"), ({"extra": "x"}, "must name exactly"),
        ({"secret_env": "CASUALTY_NOT_SET"}, "Set CASUALTY_NOT_SET"), ({"name": 'x"y'}, "no TOML"),
    ],
)  # fmt: skip
def test_a_file_that_names_no_provider_is_refused(
    tmp_path: Path, changed: dict[str, str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R74: with what is wrong; the secret is never in the file."""
    monkeypatch.setenv("CASUALTY_TEST_SECRET", SECRET)
    assert load(stated(tmp_path)).back == "https://record.example/organisation/back"
    with pytest.raises(UsageFault, match=why):
        load(stated(tmp_path, **changed))
    with pytest.raises(UsageFault, match="cannot be read"):
        load(tmp_path / "absent.toml")


# Forged answers -------------------------------------------------------------------------------------------------------

ISSUER = "https://id.example"
KEY, OTHER_KEY = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
NOW = int(time.time())
FORGED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    # claims changed                       the rest changed
    ({"iss": "https://other.example"},     {}),
    ({"aud": "another client"},            {}),
    ({"aud": ["casualty"], "azp": "x"},    {}),
    ({"nonce": "another"},                 {}),
    ({"nonce": None},                      {}),
    ({"exp": NOW - 3600},                  {}),
    ({"exp": None},                        {}),
    ({"sub": None},                        {}),
    ({"sub": 7},                           {}),
    ({},                                   {"key": OTHER_KEY}),
    ({},                                   {"alg": "HS256"}),
    ({},                                   {"alg": "none"}),
    ({},                                   {"issuer": "https://other.example"}),
    ({},                                   {"status": 500}),
    ({},                                   {"token": {}}),
    ({},                                   {"token": {"id_token": "x.y.z"}}),
]  # fmt: skip


def answers(claims: dict[str, Any], rest: dict[str, Any], nonce: list[str]) -> httpx2.MockTransport:
    """A provider whose answers are made here."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("openid-configuration"):
            ends = {f"{name}_endpoint": f"{ISSUER}/{name}" for name in ("authorization", "token")}
            return httpx2.Response(
                200, json={"issuer": rest.get("issuer", ISSUER), "jwks_uri": f"{ISSUER}/jwks", **ends}
            )
        if request.url.path == "/jwks":
            return httpx2.Response(rest.get("status", 200), json={"keys": [KEY.as_dict(private=False)]})
        sure = {
            "iss": ISSUER,
            "aud": "casualty",
            "sub": "anna",
            "iat": int(time.time()),
            "exp": int(time.time()) + 600,
            "nonce": nonce[0],
        }
        told = {name: value for name, value in (sure | claims).items() if value is not None}
        signed = signature(told, rest)
        return httpx2.Response(
            200, json=rest.get("token", {"access_token": "a", "token_type": "Bearer", "id_token": signed})
        )

    return httpx2.MockTransport(answer)


def signature(told: dict[str, Any], rest: dict[str, Any]) -> str:
    import base64
    import hashlib
    import hmac
    import json

    if "alg" not in rest:
        return jwt.encode({"alg": "RS256"}, told, rest.get("key", KEY))
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": rest["alg"]}, told)
    )
    public = KEY.as_pem(private=False)
    mark = hmac.new(public, head + b"." + body, hashlib.sha256).digest() if rest["alg"] != "none" else b""
    return b".".join([head, body, base64.urlsafe_b64encode(mark).rstrip(b"=")]).decode()


def signed_in(claims: dict[str, Any], rest: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Go through a sign-in with a provider whose answers are made here."""
    nonce: list[str] = []
    asked = Organisation(Provider(ISSUER, "casualty", SECRET, "Hospitals", "https://record.example"))
    genuine = asked._client
    transport = answers(claims, rest, nonce)

    def client() -> Any:
        made = genuine()
        made._transport = transport
        return made

    monkeypatch.setattr(asked, "_client", client)

    async def through() -> tuple[str, str]:
        address, browser = await asked.begin("/map")
        query = parse_qs(urlsplit(address).query)
        nonce.append(query["nonce"][0])
        return await asked.finish(query["state"][0], "code", browser)

    return asyncio.run(through())


@pytest.mark.parametrize(("claims", "rest"), FORGED)
def test_an_answer_that_does_not_hold_signs_nobody_in(
    claims: dict[str, Any], rest: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R75: OpenID Connect Core 1.0, section 3.1.3.7."""
    with pytest.raises(Refused, match="organisation's sign-in"):
        signed_in(claims, rest, monkeypatch)


def test_an_answer_that_holds_names_the_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    """R75"""
    assert signed_in({}, {}, monkeypatch) == ("anna", "/map")
    assert signed_in({"aud": ["casualty"], "azp": "casualty"}, {}, monkeypatch) == ("anna", "/map")
    monkeypatch.setattr(organisation, "UNDERWAY", 0.0)
    with pytest.raises(Refused):
        signed_in({}, {}, monkeypatch)


def test_a_digest_tells_issuer_and_subject_apart() -> None:
    """R76: what stands in the account is no name."""
    assert organisation_digest("a", "b") != organisation_digest("ab", "")
    assert re.fullmatch(r"[0-9a-f]{64}", organisation_digest(ISSUER, "anna"))
