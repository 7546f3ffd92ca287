"""Answers whose bytes stay the same for long: compressed once, and not sent again to a browser that has them."""

import gzip
import hashlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
WORTH = 1000  # bytes: less gains nothing by being compressed


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
        if len(self.body) < WORTH or not takes_gzip(request):
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
