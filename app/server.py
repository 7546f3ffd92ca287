"""One process: the pages, the sign-in and the files they need, behind the guard."""

import asyncio
import gc
import ipaddress
import logging
import socket
import sys
import threading
import time
import traceback
from contextlib import suppress
from html import escape
from importlib.util import find_spec
from pathlib import Path
from string import Template
from urllib.parse import parse_qs, quote, urlsplit

import sqlalchemy as sa
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import URL
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app import locale, session, shipped
from app.downloads import Downloads
from app.gate import COOKIE, Halves, Sessions, Throttle
from app.guard import ALIVE, LANGUAGE, SIGN_IN, SIGN_OUT, Guard, inline_hashes, page_policy, same_origin
from app.language import later
from app.organisation import BACK, BEGIN, PATHS, UNDERWAY, Organisation, load
from app.organisation import COOKIE as AWAY
from app.outline import territory
from app.overlays import Layers
from casualty import overview
from casualty.access import Acting
from casualty.errors import CasualtyError, Refused, UsageFault
from casualty.schema import table
from casualty.store import Half, Store
from geo import gazetteer

HERE = Path(__file__).parent
HOME = "/map"
LONGEST_FORM = 10_000
MOST_AT_ONCE = 2  # a password takes 64 MiB to check
ANSWERED_EVERY = 0.5  # seconds: a refusal leaves at such marks only, so that its time tells nothing of the name
YEAR = 365 * 24 * 3600
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
NO_ACCOUNTS = later("This database has no accounts yet. Add the first: casualty account add NAME --role administrator")
TOO_MANY = later("Too many attempts under this name. Wait a minute, then try again.")
SAMPLE_ONLY = later("Sample accounts sign in only on a sample database, on the machine that serves it.")
TOO_LATE = later("Signing in took too long. Begin again.")
WITH = later("Sign in with {name}")
ENDED = later("Your session has ended. Sign in again.")
WORDS = {
    "house": later("Casualty record"),
    "sign_in": later("Sign in"),
    "greeting": later("Sign in to read or record."),
    "label_name": later("Name"),
    "label_password": later("Password"),
    "label_code": later("Code of your second factor"),
}
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

    def __init__(self, house: session.House, organisation: Organisation | None = None) -> None:
        self.house = house
        self.organisation = organisation
        self.throttle, self.halves = Throttle(), Halves()
        self.checking = asyncio.Semaphore(MOST_AT_ONCE)
        page = (HERE / "static" / "sign-in.html").read_text(encoding="utf-8")
        self.page = Template(page)
        self.policy = (
            f"default-src 'none'; script-src {inline_hashes(page, 'script')}; style-src {inline_hashes(page, 'style')}; img-src data:; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        maplibre = Path(next(iter(find_spec("maplibre").submodule_search_locations))) / "srcjs"
        self.files = {
            "maplibre-gl.js": maplibre / "maplibre-gl.js",
            "maplibre-gl.css": maplibre / "maplibre-gl.css",
            "world.json": HERE / "static" / "world.json",
            "provinces.json": HERE / "static" / "provinces.json",
        }

    def routes(self) -> list[Route]:
        """Return the routes; those of signing in and of the language stand open, all others behind the guard."""
        return [
            *([Route(BEGIN, self.to_organisation), Route(BACK, self.from_organisation)] if self.organisation else []),
            Route(SIGN_IN, self.sign_in, methods=["GET", "POST"]),
            Route(SIGN_OUT, self.sign_out, methods=["GET", "POST"]),
            Route(LANGUAGE, self.language),
            Route(ALIVE, self.alive),
            Route("/territory.geojson", self.territory),
            Route("/assets/{name}", self.asset),
            *Layers(self.house.store).routes(),
            *Downloads(self.house).routes(),
            Route("/", self.home),
        ]

    async def home(self, request: Request) -> Response:
        """Lead to the map."""
        return RedirectResponse(str(URL(HOME).replace(query=request.url.query)), status_code=303)

    async def alive(self, request: Request) -> Response:
        """Answer that the session lives; asked by open pages, and no use of the session."""
        return Response(status_code=204)

    async def language(self, request: Request) -> Response:
        """Remember a known language in the browser, and lead back."""
        answer = RedirectResponse(_inside(request.query_params.get("next", "")), status_code=303)
        tag = request.query_params.get("to", "")
        if tag in locale.tags():
            answer.set_cookie(locale.COOKIE, tag, max_age=YEAR, samesite="lax", secure=request.url.scheme == "https")
        return answer

    async def asset(self, request: Request) -> Response:
        """Send one of the files of the map that are the same in every house."""
        path = self.files.get(request.path_params["name"])
        return shipped.file(request, path) if path else PlainTextResponse("No such file.\n", status_code=404)

    async def territory(self, request: Request) -> Response:
        """Send the outlines of the administrative units held."""
        return (await run_in_threadpool(territory, self.house.store)).answer(request)

    async def sign_out(self, request: Request) -> Response:
        """End the session, close its websockets and forget the cookie."""
        if not same_origin(request.headers):
            return PlainTextResponse("Sign out on this server's own page.\n", status_code=403)
        await run_in_threadpool(self.house.sessions.end, request.cookies.get(COOKIE))
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
        began, onward, ticket = time.monotonic(), fields.get("next", ""), fields.get("ticket", "")
        half = self.halves.take(ticket)
        if ticket and half is None:
            return self._form(request, onward, fault=Refused(TOO_LATE), status=401)
        name = half.by.name if half else fields.get("name", "")
        wait = self.throttle.wait(name)
        if wait is None:
            return self._form(request, onward, name, Refused(TOO_MANY), 429)
        await asyncio.sleep(wait)
        try:
            async with self.checking:
                return await self._step(request, half, name, fields)
        except CasualtyError as told:
            await asyncio.sleep(ANSWERED_EVERY - (time.monotonic() - began) % ANSWERED_EVERY)
            status = 401 if isinstance(told, Refused) else 503
            return self._form(request, onward, name, told, status, ticket=self.halves.keep(half) if half else "")

    async def _step(self, request: Request, half: Half | None, name: str, fields: dict[str, str]) -> Response:
        """Take the first step, by password, or the second, by code; raise Refused."""
        onward = fields.get("next", "")
        if half is None:
            found = await run_in_threadpool(self._admit, request, name, fields.get("password", ""))
            if found.needs_code:
                return self._form(request, onward, name, ticket=self.halves.keep(found))
            by = found.by
        else:
            by = await run_in_threadpool(self.house.store.second_factor, half, fields.get("code", ""))
        self.throttle.forget(name)
        return await self.let_in(request, by, onward)

    async def to_organisation(self, request: Request) -> Response:
        """Send somebody to their organisation's own sign-in."""
        assert self.organisation is not None
        onward = _inside(request.query_params.get("next", ""))
        try:
            address, browser = await self.organisation.begin(onward)
        except Refused as told:
            return self._form(request, onward, fault=told, status=503)
        answer = RedirectResponse(address, status_code=303)
        secure = request.url.scheme == "https"
        answer.set_cookie(AWAY, browser, int(UNDERWAY), httponly=True, samesite="lax", secure=secure)
        return answer

    async def from_organisation(self, request: Request) -> Response:
        """Let in whom the organisation names, if an account is linked to them.

        The answer is a page and no redirection: a browser keeps a strict cookie from a chain that began elsewhere.
        """
        assert self.organisation is not None
        state, code = (request.query_params.get(name, "") for name in ("state", "code"))
        try:
            subject, onward = await self.organisation.finish(state, code, request.cookies.get(AWAY, ""))
            issuer = self.organisation.provider.issuer
            by = await run_in_threadpool(self.house.store.organisation_sign_in, issuer, subject)
        except Refused as told:
            answer = self._form(request, "", fault=told, status=401)
        else:
            led = await self.let_in(request, by, onward)
            link = escape(led.headers["location"])
            answer = HTMLResponse(
                f'<!DOCTYPE html><meta http-equiv="refresh" content="0; url={link}"><a href="{link}">&rarr;</a>'
            )
            answer.headers["Content-Security-Policy"] = self.policy
            answer.raw_headers += [part for part in led.raw_headers if part[0] == b"set-cookie"]
        answer.delete_cookie(AWAY, httponly=True, samesite="lax")
        return answer

    async def _greet(self, request: Request) -> Response:
        onward, token = request.query_params.get("next", ""), request.cookies.get(COOKIE)
        if await run_in_threadpool(self.house.sessions.find, token) is not None:
            return RedirectResponse(_inside(onward), status_code=303)
        note = "" if await run_in_threadpool(self.house.store.has_accounts) else NO_ACCOUNTS
        return self._form(request, onward, note=note or (ENDED if token else ""))

    async def let_in(self, request: Request, by: Acting, onward: str) -> Response:
        """Begin a session for somebody who showed who they are, in place of the one this browser had."""
        await run_in_threadpool(self.house.sessions.end, request.cookies.get(COOKIE))
        answer = RedirectResponse(_inside(onward), status_code=303)
        token = await run_in_threadpool(self.house.store.begin_session, by)
        answer.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer

    def _form(
        self, request: Request, onward: str, name: str = "", fault: CasualtyError | None = None, status: int = 200,
        note: str = "", ticket: str = "",
    ) -> Response:  # fmt: skip
        spoken = locale.for_request(request.cookies, request.headers.get("accept-language"))
        said = spoken.told(fault)[0] if fault else ""
        text = self.page.substitute(
            {name: escape(spoken.say(template)) for name, template in WORDS.items()},
            lang=spoken.language.tag,
            dir=spoken.language.direction,
            languages=locale.chooser(spoken.language.tag, _inside(onward)) + _unsigned(locale.remark(spoken)),
            fault=f'<p class="fault" role="alert">{escape(said)}</p>' if said else "",
            note=f'<p class="note">{escape(spoken.say(note))}</p>' if note else "",
            next=escape(_inside(onward)),
            name=escape(name[:200]),
            ticket=escape(ticket),
            first="hidden disabled" if ticket else "",
            second="" if ticket else "hidden disabled",
            focus_name="" if name else "autofocus",
            focus_password="autofocus" if name and not ticket else "",
            focus_code="autofocus" if ticket else "",
            organisation=self._button(spoken, onward),
        )
        # Without a referrer at all a browser would send this form with "Origin: null", which proves nothing.
        own = {"Content-Security-Policy": self.policy, "Referrer-Policy": "same-origin"}
        return HTMLResponse(text, status, headers=own)

    def _button(self, spoken: locale.Catalogue, onward: str) -> str:
        """Return the way to the organisation's own sign-in as HTML, if there is one."""
        if self.organisation is None:
            return ""
        said = spoken.say(WITH, name=self.organisation.provider.name)
        return f'<a class="organisation" href="{BEGIN}?next={quote(_inside(onward), safe="")}">{escape(said)}</a>'

    def _admit(self, request: Request, name: str, password: str) -> Half:
        """Return whose password this is; raise Refused with one sentence for a wrong name and a wrong password alike."""
        account = table("account")
        found = self.house.store.rows(sa.select(account.c.sample).where(account.c.name == name))
        sample = bool(found and found[0].sample)
        if sample and not self.house.store.deployment()["sample"]:
            raise Refused(SAMPLE_ONLY)
        half = self.house.store.first_factor(name, password)
        if sample and not (self.house.loopback and _at_this_machine(request)):
            raise Refused(SAMPLE_ONLY)
        return half


def _unsigned(remark: str) -> str:
    return f'<p class="unsigned">{remark}</p>' if remark else ""


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


def application(store: Store, *, loopback: bool = True, organisation: Organisation | None = None) -> ASGIApp:
    """Return the whole app over an open store; `loopback` says that it listens to this machine only.

    With an `organisation` people may sign in there too.
    """
    import streamlit as st
    from streamlit.web.bootstrap import load_config_options

    load_config_options(SETTINGS)
    logging.getLogger("streamlit.error_util").addFilter(lambda record: False)
    house = session.House(store, Sessions(store), loopback)
    session.move_in(house)
    also_open = PATHS if organisation else frozenset[str]()
    streamlit = Path(st.__file__).parent / "static"
    return st.App(
        HERE / "main.py",
        routes=Doors(house, organisation).routes(),
        middleware=[
            Middleware(
                Guard, sessions=house.sessions, policy=page_policy(streamlit / "index.html"), also_open=also_open
            ),
            Middleware(shipped.Own, path="/static/", folder=streamlit / "static"),
        ],
        on_script_error=_told,
    )


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens there; raise UsageFault if it cannot."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        line = socket.create_server(address[:2], family=family)
    except OSError as wrong:
        why = str(wrong.strerror).partition(" (")[0]
        raise UsageFault(
            "Cannot listen on {host} port {port}: {why}; choose another.",
            values={"host": host, "port": str(port), "why": why},
        ) from wrong
    # Every connection inherits it; else the second part of an answer waits up to 40 ms until the browser has heard of the first.
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def _make_ready(store: Store) -> None:
    """Read what the first page would wait for: the record as columns, the languages, the gazetteer."""
    with suppress(CasualtyError):  # whoever asks for a page is told of it
        held = overview.of(store)
        for name in ("source", "actor"):
            overview.ties(held, store, name)
    for tag in locale.tags():
        locale.catalogue(tag)
    gazetteer.shipped()
    # Streamlit collects what is unused after each run of a page; what stays need not be looked through each time.
    gc.collect()
    gc.freeze()


def serve(url: str, host: str = "127.0.0.1", port: int = 8501, oidc: Path | None = None) -> None:
    """Serve the database at a path or URL until stopped; the address goes to standard error.

    `oidc` is a file that names an organisation's provider, see `app.organisation.load`.
    """
    import uvicorn

    organisation = Organisation(load(oidc)) if oidc else None
    store = Store.open(url)
    threading.Thread(target=_make_ready, args=(store,), daemon=True).start()
    line = listen(host, port)
    address, number = line.getsockname()[:2]
    loopback = _loopback(address)
    config = uvicorn.Config(
        application(store, loopback=loopback, organisation=organisation),
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
