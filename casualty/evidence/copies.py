"""What is shown of an original instead of the original: a copy without metadata, blurred or not; and what the file says of itself.

A copy is drawn anew from the picture alone, so that no camera, no place and no thumbnail goes with it. Standards: R71, R81,
R100; Berkeley Protocol (2022), chapter VI, on working copies.
"""

import io
import math
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from casualty.errors import Fault, InvalidRecords, Word

if TYPE_CHECKING:
    from PIL import Image

WIDEST, NARROWEST = 2400, 16
TALLEST = 4  # times as high as wide
GRAINS = 24  # pixels across that are left of a blurred picture
FINEST = (
    8 * GRAINS
)  # width at which a picture to be blurred is read: a large photograph then takes a fraction of the time
MOST_PIXELS = 50_000_000
MOST_BYTES = 200 * 1024**2
LONGEST_VALUE = 200
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF")
# What a picture that is damaged, or made to do damage, may raise while it is read.
BROKEN = (
    OSError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, AssertionError, SyntaxError, EOFError,
    MemoryError, RuntimeError, struct.error, zlib.error,
)  # fmt: skip
# Where in a file which bytes stand, and what kind of file that is; the first that fits.
SIGNS = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypavi", "image/avif"),
    (4, b"ftyphei", "image/heic"),
    (4, b"ftyphev", "image/heic"),
    (4, b"ftypmif1", "image/heif"),
    (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp3g", "video/3gpp"),
    (4, b"ftyp", "video/mp4"),
    (8, b"AVI ", "video/x-msvideo"),
    (8, b"WAVE", "audio/wav"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (0, b"OggS", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
)
POINTERS = frozenset({0x8769, 0x8825, 0xA005})


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a file says of itself; `name` is a `Word` of this program, or a tag's own name."""

    name: str
    value: str


def media_type_of(head: bytes, stated: str | None = None) -> str | None:
    """Return the media type that a file's first bytes show, else the one stated; None if nobody knows.

    A package of an office program shows only that it is a zip file: there the narrower statement stands.
    """
    shown = next((kind for at, sign, kind in SIGNS if head.startswith(sign, at)), None)
    if shown is None or (shown == "application/zip" and (stated or "").startswith("application/vnd.")):
        return stated or shown
    return shown


def is_image(media_type: str | None) -> bool:
    """Return whether a copy of such a file can be tried; HEIC is not read here."""
    return (media_type or "").startswith("image/") and media_type not in ("image/heic", "image/heif")


def copy_of(data: bytes, *, blurred: bool, width: int) -> bytes:
    """Return a JPEG of a picture, upright, at most `width` pixels wide, with none of the file's metadata.

    A blurred copy is made of at most 24 x 24 points, so that what it hides is not in it. Of a moving picture it is the first
    frame. Raises InvalidRecords for what is no picture, is broken, or has too many pixels.
    """
    wide = min(max(width, NARROWEST), WIDEST)
    try:
        drawn, full = _drawn(data, FINEST if blurred else wide)
        return _as_jpeg(_blurred(drawn, full, wide) if blurred else drawn)
    except BROKEN as wrong:
        raise _no_copy("It cannot be read as a picture: it is broken, or of a kind that is not read here.") from wrong


def _drawn(data: bytes, wide: int) -> tuple["Image.Image", tuple[int, int]]:
    """Return the picture alone, upright, on white, in a new image of at most this width, and its size in full."""
    from PIL import Image

    with _opened(data) as image:
        full = image.size
        image.draft("RGB", (wide, wide))
        if image.width * image.height > MOST_PIXELS:
            raise _no_copy("It has too many pixels to be shown here.")
        upright = _upright(image)
        turned = upright.size != image.size
        if upright.mode not in ("RGB", "RGBA"):
            upright = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
        upright.thumbnail((wide, TALLEST * wide))
        clean = Image.new("RGB", upright.size, "white")
        clean.paste(upright, mask=upright if upright.mode == "RGBA" else None)
        return clean, (full[1], full[0]) if turned else full


def _opened(data: bytes) -> "Image.Image":
    """Open a picture, which decodes nothing yet; raise InvalidRecords for one of a monstrous size."""
    from PIL import Image

    Image.init()
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as wrong:
        raise _no_copy("It has too many pixels to be shown here.") from wrong
    if image.width * image.height > (Image.MAX_IMAGE_PIXELS or MOST_PIXELS):
        raise _no_copy("It has too many pixels to be shown here.")
    return image


def _upright(image: "Image.Image") -> "Image.Image":
    """Return the picture as the camera was held; one whose metadata is broken stays as it lies."""
    from PIL import ImageOps

    image.load()
    try:
        return ImageOps.exif_transpose(image)
    except BROKEN:
        return image


def _blurred(image: "Image.Image", full: tuple[int, int], wide: int) -> "Image.Image":
    """Return a picture made of a few points of another, of the size that its sharp copy has."""
    from PIL import Image, ImageFilter

    scale = min(1.0, wide / full[0], TALLEST * wide / full[1])
    size = (max(1, round(full[0] * scale)), max(1, round(full[1] * scale)))
    grains = image.copy()
    grains.thumbnail((GRAINS, GRAINS))
    return grains.resize(size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(size[0] / GRAINS))


def _as_jpeg(image: "Image.Image") -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _no_copy(why: str) -> InvalidRecords:
    return InvalidRecords(
        "No copy of this document can be shown.", [Fault(0, "document", why, "The original is kept as it came.")]
    )


def must_be_image(media_type: str | None) -> None:
    """Raise InvalidRecords, saying so, for a kind of file of which no copy is made."""
    if not is_image(media_type):
        raise _no_copy("No copy is made of a file of this kind: video, sound, PDF and others are kept, not shown.")


def facts_of(data: bytes) -> list[Fact]:
    """Return what a picture says of itself: its size, its EXIF tags, and the coordinates that the camera wrote.

    A camera's clock and place may be wrong, and may have been written by anybody: nothing of it enters the record by
    itself. Raises InvalidRecords for what cannot be read.
    """
    try:
        with _opened(data) as image:
            size = Fact(Word("Width and height in pixels"), f"{image.width} x {image.height}")
            return [size, Fact(Word("Format"), str(image.format)), *_exif(image)]
    except BROKEN as wrong:
        raise InvalidRecords(
            "The metadata of this file cannot be read.",
            [Fault(0, "document", "It is broken, or of a kind that is not read here.", "Take the original out.")],
        ) from wrong


def _exif(image: "Image.Image") -> Iterator[Fact]:
    from PIL import ExifTags

    held = image.getexif()
    gps = held.get_ifd(ExifTags.IFD.GPSInfo)
    for tags, names in (
        (held, ExifTags.TAGS),
        (held.get_ifd(ExifTags.IFD.Exif), ExifTags.TAGS),
        (gps, ExifTags.GPSTAGS),
    ):
        for tag, value in tags.items():
            if tag not in POINTERS:
                yield Fact(str(names.get(tag, f"0x{tag:04x}")), _shown(value))
    if (point := _point(gps)) is not None:
        yield Fact(Word("Coordinates that the camera wrote (not of the incident)"), f"{point[0]:.6f}, {point[1]:.6f}")


def _shown(value: object) -> str:
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    text = "".join(sign if sign.isprintable() else " " for sign in str(value)).strip()
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]} ..."


def _point(gps: Mapping[int, Any]) -> tuple[float, float] | None:
    """Return the latitude and longitude (WGS 84, degrees) of GPS tags, None if they state none that is on Earth."""
    lat, lon = _degrees(gps.get(2), gps.get(1), "S"), _degrees(gps.get(4), gps.get(3), "W")
    on_earth = lat is not None and lon is not None and abs(lat) <= 90 and abs(lon) <= 180
    return (lat, lon) if on_earth and lat is not None and lon is not None else None


def _degrees(parts: Any, side: object, negative: str) -> float | None:
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    value = sum(float(part) / (60.0**power) for power, part in enumerate(parts))
    if not math.isfinite(value):
        return None
    return -value if str(side).strip("\x00 ").upper() == negative else value
