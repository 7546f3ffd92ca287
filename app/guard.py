"""The guard in front of everything: without a live session there is no page, websocket, file or download.

What is not named as open is refused, so that no path can be forgotten. There is no setting that turns it off.
"""

import asyncio
import base64
import hashlib
import re
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.gate import COOKIE, Sessions
from casualty.errors import CasualtyError
from casualty.store import Session

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
ALIVE = "/session"
LANGUAGE = "/language"
OPEN = frozenset({SIGN_IN, SIGN_OUT, LANGUAGE})
LOOK_EVERY = 2.0  # seconds until a session that was ended elsewhere is noticed by its open websockets
CODE = ("/static/", "/assets/")
SIGNED_OUT = 4401
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def inline_hashes(html: str, tag: str) -> str:
    """Return the CSP hashes of the inline scripts or styles of a page."""
    bodies = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for body in bodies]
    return " ".join(f"'sha256-{digest}'" for digest in digests)


# What the map's page asks for late, after Streamlit's own files and its first messages: the browser may fetch it meanwhile.
MAP = "/map"
EARLY = ", ".join(
    f"</assets/{name}>; rel=preload; as={kind}"
    for name, kind in (("maplibre-gl.js", "script"), ("maplibre-gl.css", "style"), ("world.json", "fetch; crossorigin"))
)


def page_policy(index: Path) -> str:
    """Return the content security policy of the app: nothing from any other host.

    Streamlit writes styles at run time and loads a component's script and MapLibre's worker from blob URLs,
    hence 'unsafe-inline' for styles and `blob:`; evaluated strings stay forbidden.
    """
    scripts = inline_hashes(index.read_text(encoding="utf-8"), "script")
    return (
        f"default-src 'none'; script-src 'self' blob: {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
        "media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def same_origin(headers: Headers) -> bool:
    """Return whether a request comes from a page of this server, or from no page at all."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    return headers.get("sec-fetch-site", "none") in ("none", "same-origin")


class Guard:
    """ASGI middleware that lets through what has a live session, and adds the security headers to every answer."""

    def __init__(self, app: ASGIApp, sessions: Sessions, policy: str, also_open: frozenset[str] = frozenset()) -> None:
        self.app = app
        self.sessions = sessions
        self.policy = policy
        self.open = OPEN | also_open

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _session(self, scope: Scope) -> Session | None:
        return await run_in_threadpool(self.sessions.find, HTTPConnection(scope).cookies.get(COOKIE))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        passed = scope["path"] in self.open
        try:
            session = None if passed else await self._session(scope)
        except CasualtyError:
            answer: ASGIApp = PlainTextResponse(
                "The database cannot be asked who you are. Try again.\n", status_code=503
            )
        else:
            if session is not None and scope["path"] != ALIVE:
                self.sessions.use(session)
            answer = self.app if passed or session is not None else refusal(scope)
        await answer(scope, receive, partial(self._headed, scope["path"], send))

    async def _headed(self, path: str, send: Send, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in {**HEADERS, "Content-Security-Policy": self.policy}.items():
                headers.setdefault(name, value)
            if path == MAP and message["status"] == 200:
                headers["Link"] = EARLY
            if path.startswith(CODE) and message["status"] in (200, 206, 304):
                headers["Cache-Control"] = headers.get("Cache-Control", "max-age=86400").replace("public", "private")
            else:
                headers["Cache-Control"] = "no-store"
        await send(message)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = await self._session(scope) if same_origin(Headers(scope=scope)) else None
        if session is None:
            await receive()
            await send({"type": "websocket.close", "code": SIGNED_OUT})
            return
        line = _Line(self.sessions, session, receive, send)
        self.sessions.opened(session, line.close)
        try:
            await self.app(scope, line.receive, line.send)
        finally:
            self.sessions.closed(session, line.close)
            line.drop()


class _Line:
    """One open websocket, which ends with its session: asked every few seconds, and before each message is heard."""

    def __init__(self, sessions: Sessions, session: Session, receive: Receive, send: Send) -> None:
        self._sessions, self._session = sessions, session
        self._receive, self._send = receive, send
        self._ended = asyncio.Event()
        self._ending = asyncio.ensure_future(self._ended.wait())
        self._coming: asyncio.Future[Message] | None = None
        self.close = partial(asyncio.get_running_loop().call_soon_threadsafe, self._ended.set)

    async def receive(self) -> Message:
        """Return the next message, or a disconnection once the session is over."""
        coming: Any = self._coming or asyncio.ensure_future(self._receive())
        self._coming = coming
        while (session := await self._again()) is not None:
            if coming.done():
                self._coming = None
                if not by_itself(coming.result()):
                    self._sessions.use(session)
                return coming.result()
            await asyncio.wait({coming, self._ending}, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
        self._ended.set()
        await self._send({"type": "websocket.close", "code": SIGNED_OUT})
        return {"type": "websocket.disconnect", "code": SIGNED_OUT}

    async def _again(self) -> Session | None:
        """Return the session as it stands now, None if it is over; a database that does not answer lets nothing through."""
        if self._ended.is_set():
            return None
        try:
            return await run_in_threadpool(self._sessions.again, self._session)
        except CasualtyError:
            return None

    async def send(self, message: Message) -> None:
        """Send a message, unless the session is over."""
        if not self._ended.is_set():
            await self._send(message)

    def drop(self) -> None:
        """Let go of what is still waited for."""
        self._ending.cancel()
        if self._coming is not None:
            self._coming.cancel()


def by_itself(message: Message) -> bool:
    """Return whether a page sent this by itself, at an interval, and nobody did anything."""
    from google.protobuf.message import DecodeError
    from streamlit.proto.BackMsg_pb2 import BackMsg

    asked = BackMsg()
    try:
        asked.ParseFromString(message.get("bytes") or b"")
    except DecodeError:
        return False
    return bool(asked.rerun_script.is_auto_rerun)


def refusal(scope: Scope) -> Response:
    """Return what a request without a session gets: the way to the sign-in for a page, 401 for anything else."""
    if scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", ""):
        path = quote(scope["path"]) + ("?" + scope["query_string"].decode("latin-1") if scope["query_string"] else "")
        return RedirectResponse(f"{SIGN_IN}?next={quote(path, safe='')}", status_code=303)
    return PlainTextResponse("Sign in first.\n", status_code=401)
