"""Coordinates as people write, copy and paste them, read into WGS 84 degrees, or questioned.

`read` takes decimal degrees, degrees with minutes and seconds, UTM, MGRS, geo: URIs (RFC 5870) and links of map sites,
with digits and letters of several scripts. What may mean two things is raised as a question with its readings; nothing
is guessed and nothing is fetched. Every notation is taken to be WGS 84: another datum shifts a point by up to some
hundred metres, and no notation says which one was used.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import cos, hypot, isfinite, radians
from typing import Literal
from urllib.parse import unquote

Notation = Literal["decimal", "DM", "DMS", "UTM", "MGRS", "geo URI", "link"]

LONGEST = 4000
SHOWN = 60
DEGREE_M = 111_700.0  # the longest degree of the ellipsoid, that of latitude at the poles

UNKNOWN = "“{text}” is not understood as coordinates. Give latitude and longitude, MGRS, UTM with its zone, or a link."
NOT_TWO = "“{text}” does not hold one latitude and one longitude."
ONE_NAMED = "“{text}” names the half of the globe for one number only. Is the other as read here?"
OFF_GLOBE = "“{text}” lies nowhere on the globe: a latitude is at most 90 degrees, a longitude at most 180."
SWAPPED = "“{text}” gives a latitude beyond 90 degrees. Was the longitude written first?"
AROUND = "“{text}” gives a longitude beyond 180 degrees. Was it counted eastward all round the globe?"
ZERO = "“{text}” is the point 0, 0 in the Atlantic, which mostly stands for no coordinates. Is it meant?"
SIXTY = "“{text}” has minutes or seconds that are not below 60."
TWICE = "“{text}” has both a minus and a letter for the half of the globe. Which counts?"
SEVERAL = "“{text}” can be read in more than one way, because of its commas, its dash or its letter S. Which is meant?"
HEMISPHERE = "“{text}” does not say clearly which half of the globe is meant. Which is it?"
BAND = "“{text}” has a band letter that does not fit its northing. Was it meant so?"
NO_ZONE = "“{text}” looks like metres of a grid without its zone. Add the zone and its band letter, such as 37S or 37N."
NO_UTM = "“{text}” looks like UTM, but there is no such zone, or no such point in it."
NO_SQUARE = "“{text}” looks like MGRS, but there is no such square, or its digits are not two equal halves."
PLUS_CODE = "“{text}” looks like a Plus code, which is not read here. Give coordinates in another notation."
NO_POINT = "The link holds no coordinates. A short link must be opened first; copy the long one, or the coordinates."
MANY = "The link holds more than one point. Which is meant?"
SHIFTED = "The link is of a site whose coordinates are shifted against WGS 84 (GCJ-02, BD-09). They are not read here."
OTHER_CRS = "“{text}” is in another reference system than WGS 84, which is not read here."


@dataclass(frozen=True)
class Point:
    """A point in WGS 84 degrees. `metres`: the radius within which everything written so lies.

    Half the diagonal of the cell of the last stated digits (point-radius method, Wieczorek et al. 2004, DOI
    10.1080/13658810412331280211), or the radius a geo: URI states. It says how finely a point was written, not how well it was known.
    """

    lat: float
    lon: float
    metres: float
    notation: Notation


class NotUnderstood(ValueError):
    """Text that is no coordinates, or may mean several: an English template, its values, and the possible readings."""

    def __init__(
        self, template: str, values: Mapping[str, str] | None = None, readings: tuple[Point, ...] = ()
    ) -> None:
        self.template, self.values, self.readings = template, dict(values or {}), readings
        super().__init__(template.format(**self.values))


_SIGNS = (
    dict.fromkeys(map(ord, "º˚ᵒ"), "°")
    | dict.fromkeys(map(ord, "′’‘ʹ´`ʼ‛"), "'")
    | dict.fromkeys(map(ord, "″”“„ʺ״"), '"')
    | dict.fromkeys(map(ord, "−–—‒‐‑﹣"), "-")
    | {ord("٫"): ".", ord("٬"): None, ord("،"): ",", ord("、"): ",", ord("؛"): ";", ord("Е"): "E", ord("е"): "E"}
)
_HALVES = {
    "N": ("N", "NORTH", "NORD", "NORTE", "С", "СЕВЕР", "С.Ш", "СШ", "ПН", "ПН.Ш", "شمال", "شمالا", "ش", "צפון"),
    "S": ("S", "SOUTH", "SUD", "SUR", "SUL", "Ю", "ЮГ", "Ю.Ш", "ЮШ", "ПД", "ПД.Ш", "جنوب", "جنوبا", "ج", "דרום"),
    "E": ("E", "EAST", "EST", "ESTE", "OST", "В", "ВОСТОК", "В.Д", "ВД", "СХ", "СХ.Д", "شرق", "شرقا", "ق", "מזרח"),
    "W": ("W", "WEST", "OUEST", "OESTE", "O", "З", "ЗАПАД", "З.Д", "ЗД", "ЗХ", "ЗХ.Д", "غرب", "غربا", "غ", "מערב"),
}
_WORDS = {
    **{word.translate(_SIGNS): letter for letter, words in _HALVES.items() for word in words},
    **dict.fromkeys(("LAT", "LATITUDE", "ШИРОТА", "خط العرض"), "<lat>"),
    **dict.fromkeys(("LON", "LNG", "LONG", "LONGITUDE", "ДОЛГОТА", "خط الطول"), "<lon>"),
    **dict.fromkeys(("D", "DEG", "DEGREE", "DEGREES", "DEGRES"), "°"),
    **dict.fromkeys(("M", "MIN", "MINUTE", "MINUTES"), "'"),
    **dict.fromkeys(("SEC", "SECOND", "SECONDS", "SECONDE", "SECONDES"), '"'),
}
_WORD = re.compile(
    rf"(?<![^\W\d_])({'|'.join(sorted(map(re.escape, _WORDS), key=len, reverse=True))})(?![^\W\d_])(?:\.(?!\d))?"
)
# What may also be meant: a decimal comma, a dash that is no minus, and an S of seconds after minutes with a letter.
_OTHERWISE = (
    (re.compile(r"(?<=\d),(?=\d)"), "."),
    (re.compile(r"(?<=[\w°'\"])(?:-| - )(?=[\w.])"), " "),
    (re.compile(r"(M(?:IN)?\s*\d+(?:\.\d+)?\s*)S(?=[NSEWO]?(?![^\W\d_]))"), r'\1"'),
)
_PACKED = re.compile(
    r"(?<![\d.])(\d\d)(\d\d)(\d\d(?:\.\d+)?)?\s*([NS])[\s,;/]*(\d{3})(\d\d)(\d\d(?:\.\d+)?)?\s*([EW])(?!\w)"
)
_WHOLE, _LAST = r"(\d+)(?![\d.])\s*", r"(\d+(?:\.\d+)?|\.\d+)(?![\d.])\s*"


def _half(parts: int, marks: str, letter_first: bool) -> str:
    """Return the pattern of one half of a pair with so many numbers; `marks` is ? where marks may be left out."""
    whole = "".join(rf"{_WHOLE}{mark}{marks}\s*" for mark in "°'"[: parts - 1])
    last = "°'\""[parts - 1] + ("" if parts == 1 and not marks else "?")
    first, after = ("([NSEW])?", "()") if letter_first else ("()", "([NSEW])?")
    return rf"(?:<(lat|lon)>)?\s*{first}\s*([+-])?\s*{whole}{_LAST}{last}\s*{after}"


_PAIRS = [
    (one, re.compile(rf"\s*{_half(one, marks, first)}\s*[,;/|~]?\s*{_half(two, marks, first)}\s*"))
    for first, one, two in product((False, True), (1, 2, 3), (1, 2, 3))
    for marks in [("?" if one == two else "")]
]


@dataclass(frozen=True)
class _Half:
    """One half of a pair: degrees with the sign as written, the size of the last stated unit in degrees, its letter."""

    degrees: float
    unit: float
    letter: str
    label: str
    minus: bool

    @property
    def axis(self) -> str:
        return self.label or {"N": "lat", "S": "lat", "E": "lon", "W": "lon"}.get(self.letter, "")

    @property
    def value(self) -> float:
        return -self.degrees if self.minus or self.letter in ("S", "W") else self.degrees


def read(text: str) -> Point:
    """Return the point that the text states, with the resolution its notation carries.

    Read are: pairs of decimal degrees (decimal point or comma; comma, semicolon or blank between; any digits of
    Unicode), degrees with minutes and seconds, with signs or with letters and words for the halves of the globe in
    English, French (O is west), Spanish, Russian, Ukrainian, Arabic, Persian and Hebrew; packed 333036N0361724E; UTM;
    MGRS of any resolution; geo: URIs; long links of the usual map sites, whose middle of the map is taken where they
    have no marker. Without letters latitude comes first. Raises NotUnderstood, with the possible readings, for all
    else and for what may be meant otherwise.
    """
    shown = {"text": " ".join(text.split())[:SHOWN]}
    plain = _plain(text)
    if not plain or len(text) > LONGEST:
        raise NotUnderstood(UNKNOWN, shown)
    for reader in (_link, _plus_code, _mgrs, _utm):
        point = reader(plain, shown)
        if point is not None:
            return point
    return _pair(plain, shown)


def write(lat: float, lon: float, notation: Literal["decimal", "DMS", "MGRS"]) -> str:
    """Return the point as text that `read` understands: to 0.00001 degree, 0.1 second, or one metre of the grid."""
    if not (abs(lat) <= 90 and abs(lon) <= 180):
        raise ValueError(f"not on the globe: latitude {lat}, longitude {lon}")
    if notation == "decimal":
        return f"{lat:.5f}, {lon:.5f}"
    if notation == "DMS":
        return f"{_dms(lat)}{'S' if lat < 0 else 'N'} {_dms(lon)}{'W' if lon < 0 else 'E'}"
    from mgrs import MGRS

    zone, square, east, north = re.findall(r"(\d*[A-Z])([A-Z]{2})(\d{5})(\d{5})", MGRS().toMGRS(lat, lon))[0]
    return f"{zone} {square} {east} {north}"


def _dms(degrees: float) -> str:
    minutes, tenths = divmod(round(abs(degrees) * 36_000), 600)
    return f"{minutes // 60}°{minutes % 60:02d}'{tenths / 10:04.1f}\""


def _plain(text: str) -> str:
    """Return text in capitals with Western digits and plain marks, without signs of formatting and fullwidth forms."""
    wide = "".join(chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else char for char in text)
    digits = "".join(str(unicodedata.decimal(char, char)) for char in wide if unicodedata.category(char) != "Cf")
    bare = "".join(char for char in digits.translate(_SIGNS) if unicodedata.category(char) != "Mn")
    return " ".join(bare.upper().replace("''", '"').split()).rstrip(".,; ")


def _pair(plain: str, shown: dict[str, str]) -> Point:
    """Read a pair of degrees in every way it can be read: commas, dashes and S as one thing or the other."""
    ways = [_PACKED.sub(r"\1 \2 \3 \4 \5 \6 \7 \8", plain)]
    for pattern, other in _OTHERWISE:
        ways += [pattern.sub(other, way) for way in ways]
    points, questions = [], []
    for way in dict.fromkeys(map(_symbols, ways)):
        try:
            points.append(_pair_of(way, shown))
        except NotUnderstood as question:
            questions.append(question)
    distinct = tuple(dict.fromkeys(points))
    if len(distinct) > 1:
        raise NotUnderstood(SEVERAL, shown, distinct)
    if not distinct:
        raise next((question for question in questions if question.template != UNKNOWN), None) or _unknown(plain, shown)
    return distinct[0]


def _unknown(plain: str, shown: dict[str, str]) -> NotUnderstood:
    if four := re.fullmatch(r"([+-]?\d+),(\d+),([+-]?\d+),(\d+)", plain):
        try:
            return NotUnderstood(SEVERAL, shown, (read(f"{four[1]}.{four[2]} {four[3]}.{four[4]}"),))
        except NotUnderstood as question:
            return question
    return NotUnderstood(UNKNOWN, shown)


def _symbols(plain: str) -> str:
    """Return text in which words are letters and marks, and brackets and colons blanks."""
    text = _WORD.sub(lambda match: f" {_WORDS[match[1]]} ", plain)
    text = re.sub(r"[:=()\[\]{}]|(?<!\d)(?<!\d )\"", " ", text)
    return " ".join(text.replace(" ' ", "' ").replace(' " ', '" ').split())


def _pair_of(text: str, shown: dict[str, str]) -> Point:
    for parts, pattern in _PAIRS:
        if match := pattern.fullmatch(text):
            groups = match.groups()
            # Before the numbers stand a label, a letter and a sign, behind them a letter.
            first, second = _measured(groups[: parts + 4], shown), _measured(groups[parts + 4 :], shown)
            notation: Notation = ("decimal", "DM", "DMS")[max(parts, len(groups) - parts - 8) - 1]
            return _assigned(first, second, notation, shown)
    raise NotUnderstood(UNKNOWN, shown)


def _measured(groups: tuple[str | None, ...], shown: dict[str, str]) -> _Half:
    label, before, sign, *numbers, after = groups
    degrees, *lower = [float(number or 0) for number in numbers]
    if any(number >= 60 for number in lower):
        raise NotUnderstood(SIXTY, shown)
    degrees += sum(number / 60**place for place, number in enumerate(lower, 1))
    unit = 10.0 ** -_decimals(numbers[-1] or "") / 60 ** len(lower)
    return _Half(degrees, unit, before or after or "", label or "", sign == "-")


def _decimals(number: str) -> int:
    return len(number.partition(".")[2])


def _assigned(first: _Half, second: _Half, notation: Notation, shown: dict[str, str]) -> Point:
    """Return the point of two halves, by their letters or labels, or latitude first where there is none."""
    axes = (first.axis, second.axis)
    if axes[0] == axes[1] != "" or any(
        half.label and half.letter and half.axis != _axis(half) for half in (first, second)
    ):
        raise NotUnderstood(NOT_TWO, shown)
    lat, lon = (second, first) if axes[0] == "lon" or axes[1] == "lat" else (first, second)
    point = _on_globe(lat.value, lon.value, (lat.unit, lon.unit), notation, shown, fixed=any(axes))
    if any(half.minus and half.letter for half in (first, second)):
        other = replace(point, lat=-point.lat if lat.letter and lat.minus else point.lat)
        other = replace(other, lon=-point.lon if lon.letter and lon.minus else point.lon)
        raise NotUnderstood(TWICE, shown, (point, other))
    if any(axes) and not all(axes):
        raise NotUnderstood(ONE_NAMED, shown, (point,))
    return point


def _axis(half: _Half) -> str:
    return replace(half, label="").axis


def _on_globe(
    lat: float, lon: float, unit: tuple[float, float], notation: Notation, shown: dict[str, str], fixed: bool = False
) -> Point:
    """Return the point, or raise the question it puts; `fixed` says that letters tell which of the two is which."""

    def point(lat: float, lon: float, unit: tuple[float, float]) -> Point:
        metres = hypot(unit[0], unit[1] * cos(radians(lat))) / 2 * DEGREE_M
        return Point(lat, lon, metres, notation)

    if abs(lat) <= 90 and abs(lon) <= 180:
        if lat == 0 == lon:
            raise NotUnderstood(ZERO, shown, (point(lat, lon, unit),))
        return point(lat, lon, unit)
    if abs(lon) <= 90 and abs(lat) <= 180:
        raise NotUnderstood(OFF_GLOBE if fixed else SWAPPED, shown, (point(lon, lat, (unit[1], unit[0])),))
    if abs(lat) <= 90 and 180 < lon <= 360:
        raise NotUnderstood(AROUND, shown, (point(lat, lon - 360, unit),))
    metres = not fixed and min(abs(lat), abs(lon)) >= 100_000
    raise NotUnderstood(NO_ZONE if metres else OFF_GLOBE, shown)


def _plus_code(plain: str, shown: dict[str, str]) -> None:
    if re.match(r"(?=\S*[CFGHJMPQRVWX])[02-9CFGHJMPQRVWX]{2,8}\+[2-9CFGHJMPQRVWX]{0,7}(?![\w.])", plain):
        raise NotUnderstood(PLUS_CODE, shown)


def _mgrs(plain: str, shown: dict[str, str]) -> Point | None:
    """Read a square of the military grid, of 100 km to 1 m, by its middle (at one metre by its corner)."""
    bare = plain.removeprefix("MGRS").strip(" :")
    match = re.fullmatch(r"(\d{1,2}\s?[C-HJ-NP-X]|[ABYZ](?=\s?[A-Z]{2}\s?\d))\s?([A-HJ-NP-Z]{2})([\d ]*)", bare)
    if not match:
        return None
    from mgrs import MGRS
    from mgrs.core import MGRSError

    digits, groups = match[3].replace(" ", ""), match[3].split()
    half = len(digits) // 2
    if len(digits) % 2 or half > 5 or (len(groups) == 2 and len(groups[0]) != half) or len(groups) > 2:
        raise NotUnderstood(NO_SQUARE, shown)
    east, north = ((part + "50000")[:5] for part in (digits[:half], digits[half:]))
    try:
        with warnings.catch_warnings():
            # The middle of a square that a band's edge cuts may lie beyond that edge.
            warnings.simplefilter("ignore", RuntimeWarning)
            lat, lon = MGRS().toLatLon(f"{match[1].replace(' ', '')}{match[2]}{east}{north}")
    except MGRSError:
        raise NotUnderstood(NO_SQUARE, shown) from None
    # A metre may have been rounded or cut off; half the diagonal would not hold the latter.
    return Point(lat, lon, 1.5 if half == 5 else 10.0 ** (5 - half) * hypot(0.5, 0.5) + 1, "MGRS")


_UTM = re.compile(
    r"(?:UTM)?\s*(?:ZONE)?\s*(\d{1,2})\s*([A-Z]+)?[\s,:;]+E?[\s:=]*(\d{6}(?:\.\d+)?)\s*(?:M\s?E|E|M)?"
    r"[\s,;/]+N?[\s:=]*(\d{1,8}(?:\.\d+)?)\s*(?:M\s?N|N|M)?"
)
_BANDS = "CDEFGHJKLMNPQRSTUVWX"
_SIDES = {"NORTH": "N", "NORD": "N", "NORTE": "N", "SOUTH": "", "SUD": "", "SUR": ""}


def _utm(plain: str, shown: dict[str, str]) -> Point | None:
    match = _UTM.fullmatch(plain)
    if not match:
        return None
    zone, letter, east, north = match.groups()
    metres = 10.0 ** -min(_decimals(east), _decimals(north)) * hypot(0.5, 0.5)
    sides = {side: _unprojected(int(zone), side == "S", float(east), float(north), metres) for side in "NS"}
    readings = {side: point for side, point in sides.items() if point}
    letter = letter or ""
    if letter not in ("", *_SIDES, *_BANDS) or not readings:
        raise NotUnderstood(NO_UTM, shown)
    wanted = {"": "NS", **dict.fromkeys(_SIDES, "")}.get(letter)
    if wanted is None:
        wanted = "N" if letter >= "N" else "S"
        if letter == "S":
            wanted = "NS" if "N" in readings and _in_band(readings["N"], letter) else "S"
    if letter in _SIDES:
        wanted = _SIDES[letter] or "S"
    left = tuple(readings[side] for side in wanted if side in readings)
    if len(left) != 1:
        raise NotUnderstood(HEMISPHERE if left else NO_UTM, shown, left)
    if letter in _BANDS and letter not in ("", "N", "S") and not _in_band(left[0], letter):
        raise NotUnderstood(BAND, shown, left)
    return left[0]


def _in_band(point: Point, letter: str) -> bool:
    south = -80 + 8 * _BANDS.index(letter)
    return south - 0.1 <= point.lat <= south + (12 if letter == "X" else 8) + 0.1


def _unprojected(zone: int, south: bool, east: float, north: float, metres: float) -> Point | None:
    """Return a point of a zone, None where the zone, or the point in it, is none."""
    from pyproj import Proj

    if not (1 <= zone <= 60 and 100_000 <= east < 1_000_000 and 0 <= north <= 10_000_000):
        return None
    lon, lat = Proj(proj="utm", zone=zone, south=south, ellps="WGS84")(east, north, inverse=True)
    on_grid = isfinite(lat) and isfinite(lon) and -80.5 <= lat <= 84.5 and (lat <= 0 if south else lat >= 0)
    return Point(lat, (lon + 180) % 360 - 180, metres, "UTM") if on_grid else None


_NUMBER = r"(-?\d{1,3}(?:\.\d+)?)(?![\d.])"
_TWO = rf"{_NUMBER}(?:,| |~){{1,2}}{_NUMBER}"
# What a link may hold, the surest first: a pin, a place asked for, the middle of the map.
_IN_LINKS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"[?&#]MLAT={_NUMBER}&MLON={_NUMBER}",
        rf"[?&](?:Q|QUERY|DESTINATION|DADDR|COORDINATE|PT|WHATSHERE\[POINT\])=(?:LOC:)? ?{_TWO}",
        rf"[?&]SP=POINT\.{_NUMBER}_{_NUMBER}",
        rf"!3D{_NUMBER}!4D{_NUMBER}",
        rf"/(?:PLACE|SEARCH|GEO)/{_TWO}",
        rf"[?&#](?:LL|SLL|CENTER|CP|M|MAP)={_TWO}",
        rf"@{_TWO}",
        rf"#MAP=\d+(?:\.\d+)?/{_NUMBER}/{_NUMBER}",
        rf"[?&#]LAT(?:ITUDE)?={_NUMBER}&(?:LON|LNG|LONG|LONGITUDE)={_NUMBER}",
    )
)
_DEGREES_IN_LINK = re.compile(
    r"(?:[?&](?:Q|QUERY|PARAMS)=|/PLACE/|/SEARCH/)([\d.][^/&#?]*?[NS][ _,]*[\d.][^/&#?]*?[EW])(?![A-Z])"
)
_LON_FIRST = re.compile(r"^[^/]*//[^/]*(?:YANDEX|2GIS)\.")
_SHIFTED = re.compile(r"^[^/]*//[^/]*(?:BAIDU|AMAP|GAODE|MAP\.QQ)\.")


def _link(plain: str, shown: dict[str, str]) -> Point | None:
    """Read a geo: URI or a link of a map site, from its text alone."""
    if plain.startswith("GEO:"):
        return _geo_uri(plain, shown)
    if not re.match(r"[A-Z]+://|WWW\.|(?:[A-Z0-9-]+\.)+[A-Z]{2,}/", plain):
        return None
    link = _plain(unquote(unquote(plain)).replace("+", " "))
    link = link if "//" in link[:10] else f"HTTPS://{link}"
    if _SHIFTED.match(link):
        raise NotUnderstood(SHIFTED, shown)
    if degrees := _DEGREES_IN_LINK.search(link):
        return replace(_pair(degrees[1].replace("_", " "), shown), notation="link")
    points = next((found for found in (list(_linked(link, pattern, shown)) for pattern in _IN_LINKS) if found), [])
    if len(points) > 1:
        raise NotUnderstood(MANY, shown, tuple(points))
    if not points:
        raise NotUnderstood(NO_POINT, shown)
    return points[0]


def _linked(link: str, pattern: re.Pattern[str], shown: dict[str, str]) -> Iterator[Point]:
    for pair in dict.fromkeys(pattern.findall(link)):
        lat, lon = reversed(pair) if _LON_FIRST.match(link) else pair
        yield _stated(lat, lon, "link", shown)


def _stated(lat: str, lon: str, notation: Notation, shown: dict[str, str]) -> Point:
    return _on_globe(
        float(lat), float(lon), (10.0 ** -_decimals(lat), 10.0 ** -_decimals(lon)), notation, shown, fixed=True
    )


def _geo_uri(plain: str, shown: dict[str, str]) -> Point:
    """Read a geo: URI (RFC 5870), also with the q= that telephones add."""
    text = unquote(plain)
    match = re.match(rf"GEO:\s*{_NUMBER},{_NUMBER}(?:,-?[\d.]+)?(?=[;?]|$)", text)
    asked = re.search(rf"[?&]Q={_TWO}", text)
    if not match:
        raise NotUnderstood(UNKNOWN, shown)
    if re.search(r";CRS=(?!WGS84(?:;|\?|$))", text):
        raise NotUnderstood(OTHER_CRS, shown)
    given = asked or match
    point = _stated(given[1], given[2], "geo URI", shown)
    radius = re.search(r";U=(\d{1,9}(?:\.\d+)?)(?=[;?]|$)", text)
    return replace(point, metres=max(point.metres, float(radius[1]))) if radius else point
