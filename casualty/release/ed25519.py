"""Whether a signature holds: Ed25519 (RFC 8032, sections 5.1.3 and 5.1.7) with the standard library alone.

It travels within `verify.py`, so it is written for Python 3.8. It only checks: nothing here touches a secret, so that its
slowness (a tenth of a second) and its timing tell nobody anything.
"""

import hashlib

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)


def signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether the signature (64 bytes) of a message holds under a public key (32 bytes)."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key, given = _curve_point(public), _curve_point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or given is None or scalar >= _ORDER:
        return False
    told = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _ORDER
    return _curve_same(_curve_times(scalar, _BASE), _curve_sum(given, _curve_times(told, key)))


def _curve_point(data: bytes) -> "tuple[int, int, int, int] | None":
    """Return a point in extended coordinates (x, y, z, t) from its 32 bytes; None if there is none."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = _P - x if x & 1 != sign else x
    return x, y, 1, x * y % _P


def _curve_sum(one: "tuple[int, int, int, int]", other: "tuple[int, int, int, int]") -> "tuple[int, int, int, int]":
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c, d = 2 * one[3] * other[3] * _D % _P, 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _curve_times(scalar: int, point: "tuple[int, int, int, int]") -> "tuple[int, int, int, int]":
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = _curve_sum(total, point)
        point, scalar = _curve_sum(point, point), scalar >> 1
    return total


def _curve_same(one: "tuple[int, int, int, int]", other: "tuple[int, int, int, int]") -> bool:
    return (one[0] * other[2] - other[0] * one[2]) % _P == 0 and (one[1] * other[2] - other[1] * one[2]) % _P == 0


_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE = _curve_point(_Y.to_bytes(32, "little")) or (0, 1, 1, 0)
