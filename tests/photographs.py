"""Pictures with secrets in them, and what is said instead of doing something, for the tests of documents."""

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from casualty.errors import CasualtyError

SECRET = "Confidential-Maker"


def photograph(size: tuple[int, int] = (400, 300), kind: str = "JPEG", **more: Any) -> bytes:
    """A picture, red on its left half, with a camera's name, a place, a comment, a thumbnail's worth of secrets."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = SECRET, more.pop("orientation", 1)
    place = exif.get_ifd(0x8825)
    place.update({1: "S", 2: (33.0, 30.0, 36.0), 3: "W", 4: (36.0, 15.0, 0.0)})
    out = io.BytesIO()
    noted: dict[str, Any] = {"comment": SECRET.encode()} if kind == "JPEG" else {}
    image.save(out, kind, exif=exif, **noted, **more)
    return out.getvalue()


def refusal(asked: Callable[..., Any], *given: Any, **more: Any) -> CasualtyError | None:
    """What was said instead of doing it, None if it was done; anything else that is raised fails the test."""
    try:
        asked(*given, **more)
    except CasualtyError as told:
        return told
    return None
