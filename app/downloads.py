"""The way out of the pages for a package that left: one archive, by a link that holds an hour and for one account."""

import hashlib
import hmac
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app import locale, releases, session
from app.gate import COOKIE
from app.language import later
from casualty import release
from casualty.access import Acting
from casualty.errors import CasualtyError, CheckFailed, NotFound, Refused
from casualty.release import sending
from casualty.store import Store

HOLDS = 3600  # seconds
CHUNK = 1 << 20
EXPIRED = later("This link is no longer good. Make a new one on the page of releases.")
FOREIGN = later(
    "This link was not made for you, or before the server was started anew. Make one on the page of releases."
)
# Made anew with each start of the server: no link outlives it.
_SECRET = secrets.token_bytes(32)


def link(release_id: str, by: Acting, now: float) -> tuple[str, datetime]:
    """Return the address by which this account takes a package until an hour after `now` (seconds, UTC), and that moment."""
    until = str(int(now) + HOLDS)
    query = urlencode({"until": until, "mark": _mark(release_id, until, by.name)})
    return f"/packages/{release_id}.tar?{query}", datetime.fromtimestamp(int(until), UTC)


def _mark(release_id: str, until: str, name: str) -> str:
    return hmac.new(_SECRET, json.dumps([release_id, until, name]).encode(), hashlib.sha256).hexdigest()


class Downloads:
    """The route that packages are taken by."""

    def __init__(self, house: session.House, clock: Callable[[], float] = time.time) -> None:
        self.house, self.clock = house, clock

    def routes(self) -> list[Route]:
        """Return the route; it stands behind the guard like all that is not named as open."""
        return [Route("/packages/{key}.tar", self.send)]

    async def send(self, request: Request) -> Response:
        """Send a package as an archive to the account that the link was made for, or say why not."""
        key = request.path_params["key"]
        until, mark = (request.query_params.get(name, "") for name in ("until", "mark"))
        found = await run_in_threadpool(self.house.sessions.find, request.cookies.get(COOKIE))
        if found is None or not hmac.compare_digest(mark.encode(), _mark(key, until, found.by.name).encode()):
            return _said(request, Refused(FOREIGN), 403)
        if self.clock() >= int(until):
            return _said(request, Refused(EXPIRED), 410)
        try:
            file, size = await run_in_threadpool(archived, self.house.store, key, found.by)
        except CasualtyError as told:
            return _said(request, told, _status(told))
        headers = {
            "Content-Disposition": f'attachment; filename="casualty-package-{key[:8]}.tar"', "Content-Length": str(size)
        }  # fmt: skip
        return StreamingResponse(_sent(file, key), media_type="application/x-tar", headers=headers)


def archived(store: Store, release_id: str, by: Acting) -> tuple[BinaryIO, int]:
    """Return a package that still holds as one open archive, and its length; the file has no name any more.

    Raises Refused for whoever may not take it, NotFound, and CheckFailed with every file that is not as it left.
    """
    releases.permit_taking(store, by)
    package = releases.lies_at(store, release_id)
    release.verify(package)
    number, name = tempfile.mkstemp(".unfinished", f".{package.name}-", package.parent)
    os.close(number)
    try:
        sending.archive(package, Path(name))
        return Path(name).open("rb"), Path(name).stat().st_size
    finally:
        Path(name).unlink()


def _sent(file: BinaryIO, release_id: str) -> Iterator[bytes]:
    """Yield the bytes, and write down how many of them went out: id and number, no name."""
    gone = 0
    try:
        with file:
            while part := file.read(CHUNK):
                yield part
                gone += len(part)
    finally:
        sys.stderr.write(f"casualty: release {release_id}: {gone} bytes sent\n")


def _status(told: CasualtyError) -> int:
    for kind, status in ((Refused, 403), (NotFound, 404), (CheckFailed, 409)):
        if isinstance(told, kind):
            return status
    return 503


def _said(request: Request, told: CasualtyError, status: int) -> Response:
    spoken = locale.for_request(request.cookies, request.headers.get("accept-language"))
    said, faults = spoken.told(told)
    return PlainTextResponse("\n".join([said, *map(spoken.fault, faults)]) + "\n", status_code=status)
