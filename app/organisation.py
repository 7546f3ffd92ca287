"""Signing in by an organisation's own provider (OpenID Connect Core 1.0, authorization code flow with PKCE).

This is our own route and not `st.login`: that one leaves a cookie that signs in for 30 days, holds the provider's tokens
and outlives our sign-out, and its callback cannot be told from the outside whether it succeeded. Here the provider is
asked once, who it names is looked up among our accounts, and our own session begins, of our length and ended by us.
"""

import os
import secrets
import threading
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from app.language import later
from casualty.errors import Refused, UsageFault
from casualty.store import digest_of

BEGIN = "/organisation"
BACK = "/organisation/back"
PATHS = frozenset({BEGIN, BACK})
COOKIE = "casualty_organisation"
UNDERWAY = 600.0  # seconds to sign in elsewhere
MOST_UNDERWAY = 1000
PATIENCE = 20.0  # seconds for an answer of the provider
LEEWAY = 60  # seconds by which the provider's clock may differ
SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
FAILED = later("Your organisation's sign-in did not succeed. Begin again.")
AWAY = later("Your organisation's sign-in cannot be reached.")
WANTED = ("issuer", "client_id", "secret_env", "name", "address")


@dataclass(frozen=True)
class Provider:
    """Who says who somebody is: its issuer, what it knows us by, and where it sends people back to."""

    issuer: str
    client_id: str
    secret: str
    name: str
    address: str

    @property
    def back(self) -> str:
        return self.address.rstrip("/") + BACK


@dataclass(frozen=True)
class Underway:
    """A sign-in that went to the provider: the browser's secret by its digest, what to check, where to go on."""

    browser: str
    verifier: str
    nonce: str
    onward: str
    until: float


def load(path: Path) -> Provider:
    """Return the provider that a TOML file names: issuer, client_id, secret_env, name, address (of this server).

    The secret itself comes from the environment variable named by `secret_env`. Raises UsageFault.
    """
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise UsageFault("{path} cannot be read: {why}.", values={"path": path, "why": wrong.strerror}) from wrong
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise UsageFault("{path} is no TOML file.", values={"path": path}) from wrong
    if set(stated) != set(WANTED) or not all(isinstance(value, str) and value for value in stated.values()):
        raise UsageFault("{path} must name exactly: {fields}.", values={"path": path, "fields": WANTED})
    secret = os.environ.get(stated["secret_env"], "")
    if not secret:
        raise UsageFault("Set {name} to the client's secret.", values={"name": stated["secret_env"]})
    for field in ("issuer", "address"):
        parts = urlsplit(stated[field])
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")):
            raise UsageFault("The {field} must begin with https://.", values={"field": field})
    return Provider(stated["issuer"], stated["client_id"], secret, stated["name"], stated["address"])


class Organisation:
    """The way to the provider and back."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._underway: dict[str, Underway] = {}
        self._lock = threading.Lock()

    async def begin(self, onward: str) -> tuple[str, str]:
        """Return the provider's address to go to, and the secret that the browser keeps meanwhile; raise Refused."""
        browser, verifier, nonce = (secrets.token_urlsafe(48) for _ in range(3))
        async with self._client() as client:
            about = await self._about(client)
            address, state = client.create_authorization_url(
                about["authorization_endpoint"], code_verifier=verifier, nonce=nonce
            )
        now = time.monotonic()
        with self._lock:
            self._underway = {key: one for key, one in self._underway.items() if one.until > now}
            while len(self._underway) >= MOST_UNDERWAY:
                del self._underway[next(iter(self._underway))]
            self._underway[digest_of(state)] = Underway(digest_of(browser), verifier, nonce, onward, now + UNDERWAY)
        return address, browser

    async def finish(self, state: str, code: str, browser: str) -> tuple[str, str]:
        """Return the subject whom the provider names and where to go on; raise Refused. A state serves once."""
        with self._lock:
            underway = self._underway.pop(digest_of(state), None)
        late = underway is None or underway.until <= time.monotonic()
        if underway is None or late or not code or not secrets.compare_digest(underway.browser, digest_of(browser)):
            raise Refused(FAILED)
        return await self._subject(code, underway), underway.onward

    async def _subject(self, code: str, underway: Underway) -> str:
        """Exchange the code and return the `sub` of an ID token that holds (OpenID Connect Core, 3.1.3.7)."""
        import httpx2
        from authlib.common.errors import AuthlibBaseError
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        async with self._client() as client:
            about = await self._about(client)
            try:
                token = await client.fetch_token(about["token_endpoint"], code=code, code_verifier=underway.verifier)
                keys = KeySet.import_key_set(await self._got(client, about["jwks_uri"]))
                claims = jwt.decode(token["id_token"], keys, algorithms=SIGNED_BY).claims
                jwt.JWTClaimsRegistry(
                    leeway=LEEWAY,
                    iss={"essential": True, "value": self.provider.issuer},
                    aud={"essential": True, "value": self.provider.client_id},
                    exp={"essential": True},
                    iat={"essential": True},
                    sub={"essential": True},
                    nonce={"essential": True, "value": underway.nonce},
                ).validate(claims)
            except (AuthlibBaseError, JoseError, httpx2.HTTPError, KeyError, TypeError, ValueError) as wrong:
                raise Refused(FAILED) from wrong
        if claims.get("azp", self.provider.client_id) != self.provider.client_id or not isinstance(claims["sub"], str):
            raise Refused(FAILED)
        return str(claims["sub"])

    def _client(self) -> Any:
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        return AsyncOAuth2Client(
            self.provider.client_id, self.provider.secret, scope="openid", redirect_uri=self.provider.back,
            code_challenge_method="S256", timeout=PATIENCE,
        )  # fmt: skip

    async def _about(self, client: Any) -> dict[str, Any]:
        """Return what the provider says of itself (OpenID Connect Discovery 1.0, section 4); raise Refused."""
        import httpx2

        try:
            about = await self._got(client, self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
        except (httpx2.HTTPError, ValueError) as wrong:
            raise Refused(AWAY) from wrong
        wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if about.get("issuer") != self.provider.issuer or not all(isinstance(about.get(name), str) for name in wanted):
            raise Refused(AWAY)
        return about

    async def _got(self, client: Any, address: str) -> dict[str, Any]:
        answer = await client.request("GET", address, withhold_token=True)
        answer.raise_for_status()
        found = answer.json()
        if not isinstance(found, dict):
            raise ValueError("no JSON object")
        return found
