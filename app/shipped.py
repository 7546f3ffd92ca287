"""Answers whose bytes stay the same for long: compressed once, and not sent again to a browser that has them."""

import gzip
import hashlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import request_response
from starlette.types import ASGIApp, Receive, Scope, Send

TYPES = {
    ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".svg": "image/svg+xml", ".png": "image/png",
    ".gif": "image/gif", ".woff2": "font/woff2",
}  # fmt: skip
PACKED = ("image/png", "image/gif", "font/woff2")  # compressed already
WORTH = 1000  # bytes: less gains nothing by being compressed
FOR_EVER = "public, immutable, max-age=31536000"


@dataclass(frozen=True)
class Kept:
    """The bytes of an answer, with their media type."""

    body: bytes = field(repr=False)
    media_type: str

    @cached_property
    def tag(self) -> str:
        """The entity tag; a weak one, as it stands for the bytes compressed and not."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.body, mtime=0)

    def answer(self, request: Request) -> Response:
        """Return the bytes, compressed for whom takes it; or 304 for a browser that names their tag."""
        headers = {"ETag": self.tag, "Vary": "Accept-Encoding"}
        if held(request, self.tag):
            return Response(status_code=304, headers=headers)
        if len(self.body) < WORTH or self.media_type in PACKED or not takes_gzip(request):
            return Response(self.body, media_type=self.media_type, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return Response(self.compressed, media_type=self.media_type, headers=headers)


def held(request: Request, tag: str) -> bool:
    """Return whether a request says that the browser has what this tag stands for."""
    named = request.headers.get("if-none-match", "").split(",")
    return tag.removeprefix("W/") in [name.strip().removeprefix("W/") for name in named]


def takes_gzip(request: Request) -> bool:
    """Return whether a request accepts gzip, with any weight but nought."""
    for part in request.headers.get("accept-encoding", "").split(","):
        name, _, weight = part.replace(" ", "").partition(";q=")
        if name == "gzip":
            return weight.strip("0.") != "" or not weight
    return False


@lru_cache
def _kept(path: Path) -> Kept:
    return Kept(path.read_bytes(), TYPES[path.suffix])


def file(request: Request, path: Path) -> Response:
    """Return a file that stays the same as long as the program runs; a part of it, if a part is asked for."""
    if "range" in request.headers:
        return FileResponse(path, media_type=TYPES[path.suffix])
    return _kept(path).answer(request)


class Own:
    """ASGI middleware that sends the files of a folder whose names hold a hash of what they hold, so that none is asked for twice.

    Streamlit sends its own such files as they are, which is three times as many bytes; and it lets no route stand in their place.
    """

    def __init__(self, app: ASGIApp, path: str, folder: Path) -> None:
        self.app, self.path = app, path
        self.files = {
            f"{path}{one.relative_to(folder).as_posix()}": one for one in folder.rglob("*") if one.suffix in TYPES
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = self.files.get(scope["path"]) if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") else None
        await (self._file(held) if held else self.app)(scope, receive, send)

    def _file(self, path: Path) -> ASGIApp:
        def send(request: Request) -> Response:
            answer = file(request, path)
            answer.headers["Cache-Control"] = FOR_EVER
            return answer

        return request_response(send)
