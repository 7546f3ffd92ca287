"""What the forms of layers have in common: where they lie, what may be wrong with them, and how far they are unpacked."""

import math
import zlib
from collections.abc import Mapping
from typing import Any

Bounds = tuple[float, float, float, float]
WORLD: Bounds = (-180.0, -85.0511, 180.0, 85.0511)
WHOLE = "Copy it again from where it was made."


class Unusable(Exception):
    """A file, or a part of it, that cannot be used: templates of what is wrong and how to mend it, and their values."""

    def __init__(self, fault: str, mend: str, values: Mapping[str, object] | None = None) -> None:
        super().__init__(fault)
        self.fault, self.mend, self.values = fault, mend, dict(values or {})


def broken(why: str) -> Unusable:
    """Return the fault of a file that is not what its kind should be; `why` in a few words of English."""
    return Unusable("Is damaged: {why}.", WHOLE, {"why": why})


def unpacked(data: bytes, most: int) -> bytes:
    """Return gzip's bytes unpacked; raise Unusable if they are broken or come to more than `most` bytes."""
    unpacking = zlib.decompressobj(31)
    try:
        text = unpacking.decompress(data, most + 1)
    except zlib.error as wrong:
        raise broken("a part that should be gzip is not") from wrong
    if len(text) > most:
        raise broken("a part is too large when unpacked")
    if not unpacking.eof:
        raise broken("a part that is gzip has no end")
    return text


def bounds_of(numbers: Any) -> Bounds:
    """Return west, south, east and north as a map takes them; the whole world for what is no such window."""
    try:
        west, south, east, north = (float(number) for number in numbers)
    except (TypeError, ValueError):
        return WORLD
    if not all(map(math.isfinite, (west, south, east, north))) or west >= east or south >= north:
        return WORLD
    return max(west, -180.0), max(south, WORLD[1]), min(east, 180.0), min(north, WORLD[3])
