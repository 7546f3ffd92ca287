"""One process: the pages, the sign-in and the files they need, behind the guard."""

import asyncio
import ipaddress
import logging
import socket
import sys
import traceback
from importlib.util import find_spec
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import URL
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app import session
from app.gate import COOKIE, Sessions, Throttle
from app.guard import ALIVE, SIGN_IN, SIGN_OUT, Guard, inline_hashes, page_policy, same_origin
from app.outline import territory
from casualty.access import Acting
from casualty.errors import Refused, UsageFault
from casualty.schema import table
from casualty.store import Store

HERE = Path(__file__).parent
HOME = "/map"
LONGEST_FORM = 10_000
MOST_AT_ONCE = 2  # a password takes 64 MiB to check
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
NO_ACCOUNTS = "This database has no accounts yet. Add the first: casualty account add NAME --role administrator"
TOO_MANY = "Too many attempts under this name. Wait a minute, then try again."
SAMPLE_ONLY = "Sample accounts sign in only on a sample database, on the machine that serves it."
SETTINGS = {
    "browser.gatherUsageStats": False,
    "client.disableDataExport": True,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.showSidebarNavigation": True,
    "client.toolbarMode": "minimal",
    "global.developmentMode": False,
    "logger.enableRich": False,
    "logger.level": "error",
    "runner.magicEnabled": False,
    "server.baseUrlPath": "",
    "server.enableAgentApi": False,
    "server.enableCORS": True,
    "server.enableStaticServing": False,
    "server.enableXsrfProtection": True,
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.runOnSave": False,
    "server.scriptHealthCheckEnabled": False,
    "server.showEmailPrompt": False,
    "theme.base": "light",
    "theme.headingFontSizes": ["1.9rem", "1.35rem", "1.15rem", "1rem", "1rem", "1rem"],
    "theme.primaryColor": "#1f4e79",
}


class Doors:
    """The routes of ours: sign-in, sign-out, whether a session lives, and the map's files."""

    def __init__(self, house: session.House) -> None:
        self.house = house
        self.throttle = Throttle()
        self.checking = asyncio.Semaphore(MOST_AT_ONCE)
        page = (HERE / "static" / "sign-in.html").read_text(encoding="utf-8")
        self.page = Template(page)
        self.policy = (
            f"default-src 'none'; style-src {inline_hashes(page, 'style')}; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        maplibre = Path(next(iter(find_spec("maplibre").submodule_search_locations))) / "srcjs"
        self.files = {
            "maplibre-gl.js": maplibre / "maplibre-gl.js",
            "maplibre-gl.css": maplibre / "maplibre-gl.css",
            "world.geojson": HERE / "static" / "world.geojson",
        }

    def routes(self) -> list[Route]:
        """Return the routes; all but the first two stand behind the guard."""
        return [
            Route(SIGN_IN, self.sign_in, methods=["GET", "POST"]),
            Route(SIGN_OUT, self.sign_out, methods=["GET", "POST"]),
            Route(ALIVE, self.alive),
            Route("/territory.geojson", self.territory),
            Route("/assets/{name}", self.asset),
            Route("/", self.home),
        ]

    async def home(self, request: Request) -> Response:
        """Lead to the map."""
        return RedirectResponse(str(URL(HOME).replace(query=request.url.query)), status_code=303)

    async def alive(self, request: Request) -> Response:
        """Answer that the session lives; asked by open pages, and no use of the session."""
        return Response(status_code=204)

    async def asset(self, request: Request) -> Response:
        """Send one of the files of the map that are the same in every house."""
        path = self.files.get(request.path_params["name"])
        return FileResponse(path) if path else PlainTextResponse("No such file.\n", status_code=404)

    async def territory(self, request: Request) -> Response:
        """Send the outlines of the administrative units held."""
        return Response(await run_in_threadpool(territory, self.house.store), media_type="application/geo+json")

    async def sign_out(self, request: Request) -> Response:
        """End the session, close its websockets and forget the cookie."""
        if not same_origin(request.headers):
            return PlainTextResponse("Sign out on this server's own page.\n", status_code=403)
        self.house.sessions.end(request.cookies.get(COOKIE))
        answer = RedirectResponse(SIGN_IN, status_code=303, headers={"Clear-Site-Data": '"storage"'})
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    async def sign_in(self, request: Request) -> Response:
        """Show the form, or let somebody in."""
        if request.method != "POST":
            return await self._greet(request)
        if not same_origin(request.headers):
            return PlainTextResponse("Sign in on this server's own page.\n", status_code=403)
        fields = await _fields(request)
        if fields is None:
            return PlainTextResponse("The form is too long.\n", status_code=413)
        name, password, onward = (fields.get(key, "") for key in ("name", "password", "next"))
        wait = self.throttle.wait(name)
        if wait is None:
            return self._form(onward, name, TOO_MANY, 429)
        await asyncio.sleep(wait)
        try:
            async with self.checking:
                by = await run_in_threadpool(self._admit, request, name, password)
        except Refused as refused:
            return self._form(onward, name, refused.message, 401)
        self.throttle.forget(name)
        return self._let_in(request, by, onward)

    async def _greet(self, request: Request) -> Response:
        onward, token = request.query_params.get("next", ""), request.cookies.get(COOKIE)
        if self.house.sessions.find(token) is not None:
            return RedirectResponse(_inside(onward), status_code=303)
        note = "" if await run_in_threadpool(self.house.store.has_accounts) else NO_ACCOUNTS
        return self._form(onward, note=note or ("Your session has ended. Sign in again." if token else ""))

    def _let_in(self, request: Request, by: Acting, onward: str) -> Response:
        self.house.sessions.end(request.cookies.get(COOKIE))
        answer = RedirectResponse(_inside(onward), status_code=303)
        token = self.house.sessions.begin(by)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer

    def _form(self, onward: str, name: str = "", fault: str = "", status: int = 200, note: str = "") -> Response:
        from html import escape

        text = self.page.substitute(
            fault=f'<p class="fault" role="alert">{escape(fault)}</p>' if fault else "",
            note=f'<p class="note">{escape(note)}</p>' if note else "",
            next=escape(_inside(onward)),
            name=escape(name[:200]),
            focus_name="" if name else "autofocus",
            focus_password="autofocus" if name else "",
        )
        # Without a referrer at all a browser would send this form with "Origin: null", which proves nothing.
        own = {"Content-Security-Policy": self.policy, "Referrer-Policy": "same-origin"}
        return HTMLResponse(text, status, headers=own)

    def _admit(self, request: Request, name: str, password: str) -> Acting:
        """Return who signs in; raise Refused with one sentence for a wrong name and a wrong password alike."""
        account = table("account")
        found = self.house.store.rows(sa.select(account.c.sample).where(account.c.name == name))
        sample = bool(found and found[0].sample)
        if sample and not self.house.store.deployment()["sample"]:
            raise Refused(SAMPLE_ONLY)
        by = self.house.store.sign_in(name, password)
        if sample and not (self.house.loopback and _at_this_machine(request)):
            raise Refused(SAMPLE_ONLY)
        return by


async def _fields(request: Request) -> dict[str, str] | None:
    """Return the fields of a URL-encoded form, or None if it is longer than a sign-in can be."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            return None
    return {key: values[0] for key, values in parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True).items()}


def _inside(onward: str) -> str:
    """Return a path of this server to go on to; anything that could lead elsewhere becomes the map."""
    parts = urlsplit(onward)
    safe = onward.startswith("/") and not onward.startswith(("//", SIGN_IN, SIGN_OUT)) and not parts.netloc
    return onward if safe and onward.isascii() and onward.isprintable() and "\\" not in onward else HOME


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _at_this_machine(request: Request) -> bool:
    """Return whether a request was made on this machine, to a name of this machine, through nobody else."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    client = request.client.host if request.client else ""
    return host in LOOPBACK_NAMES and _loopback(client) and not any(name in request.headers for name in FORWARDED)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _told(error: Exception) -> bool:
    """Write where a page failed, without its message, which could hold what must not be logged.

    Streamlit's own account of the failure, message and all, is left unwritten.
    """
    ours = [part for part in traceback.extract_tb(error.__traceback__) if "site-packages" not in part.filename]
    places = ", ".join(f"{Path(part.filename).name}:{part.lineno}" for part in ours)
    _tell(f"casualty: a page failed: {type(error).__name__} at {places}")
    return False


def application(store: Store, *, loopback: bool = True) -> ASGIApp:
    """Return the whole app over an open store; `loopback` says that it listens to this machine only."""
    import streamlit as st
    from streamlit.web.bootstrap import load_config_options

    load_config_options(SETTINGS)
    logging.getLogger("streamlit.error_util").addFilter(lambda record: False)
    house = session.House(store, Sessions(), loopback)
    session.move_in(house)
    index = Path(st.__file__).parent / "static" / "index.html"
    return st.App(
        HERE / "main.py",
        routes=Doors(house).routes(),
        middleware=[Middleware(Guard, sessions=house.sessions, policy=page_policy(index))],
        on_script_error=_told,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; raise UsageFault if it cannot."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as wrong:
        why = str(wrong.strerror).partition(" (")[0]
        raise UsageFault(f"Cannot listen on {host} port {port}: {why}; choose another.") from wrong


def serve(url: str, host: str = "127.0.0.1", port: int = 8501) -> None:
    """Serve the database at a path or URL until stopped; the address goes to standard error."""
    import uvicorn

    store = Store.open(url)
    line = listen(host, port)
    address, number = line.getsockname()[:2]
    loopback = _loopback(address)
    config = uvicorn.Config(
        application(store, loopback=loopback),
        log_level="warning",
        access_log=False,
        ws="websockets-sansio",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1,::1",
        timeout_graceful_shutdown=3,
    )
    shown = f"[{address}]" if ":" in address else address
    _tell(f"Casualty record at http://{shown}:{number}/ (stop with Ctrl-C)")
    if not loopback:
        _tell("Other machines can reach it: put it behind HTTPS before anybody signs in.")
    try:
        uvicorn.Server(config).run(sockets=[line])
    finally:
        line.close()
        store.close()
