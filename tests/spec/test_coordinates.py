"""What a recorder may type for the coordinates of a place, and what becomes of it.

To be discussed with recorders. The first table is read, to the metres that the digits carry; the second is asked back,
with the readings that are offered; the third is refused, with a sentence that says why.
"""

import pytest

from geo import notation
from geo.notation import NotUnderstood, read

# The same place in Damascus wherever nothing else is said: 33.51 north, 36.29 east.
READ = [
    # what is typed                          latitude  longitude  metres   what it was taken for
    ("33.5100, 36.2900", 33.51, 36.29, 7, "decimal"),
    ("33.51 36.29", 33.51, 36.29, 730, "decimal"),
    ("33,51; 36,29", 33.51, 36.29, 730, "decimal"),
    ("33,51 36,29", 33.51, 36.29, 730, "decimal"),
    ("33,51, 36,29", 33.51, 36.29, 730, "decimal"),
    ("٣٣٫٥١، ٣٦٫٢٩", 33.51, 36.29, 730, "decimal"),
    ("۳۳٫۵۱؛ ۳۶٫۲۹", 33.51, 36.29, 730, "decimal"),
    ("３３．５１，３６．２９", 33.51, 36.29, 730, "decimal"),
    ("\u200f33.51\u200f، \u200f36.29", 33.51, 36.29, 730, "decimal"),
    ("33.51° N, 36.29° E", 33.51, 36.29, 730, "decimal"),
    ("N33.51 E36.29", 33.51, 36.29, 730, "decimal"),
    ("36.29E 33.51N", 33.51, 36.29, 730, "decimal"),
    ("36.29 est, 33.51 nord", 33.51, 36.29, 730, "decimal"),
    ("48.85 N 2.35 O", 48.85, -2.35, 670, "decimal"),
    ("33.51 شمال 36.29 شرق", 33.51, 36.29, 730, "decimal"),
    ("33,51 с.ш. 36,29 в.д.", 33.51, 36.29, 730, "decimal"),
    ("33,51 север, 36,29 восток", 33.51, 36.29, 730, "decimal"),
    ("-33.51, -70.6", -33.51, -70.6, 4700, "decimal"),
    ("−33.51, −70.6", -33.51, -70.6, 4700, "decimal"),
    ("lat: 33.51 lon: 36.29", 33.51, 36.29, 730, "decimal"),
    ('{"lng": 36.29, "lat": 33.51}', 33.51, 36.29, 730, "decimal"),
    ("33.51, 36.29.", 33.51, 36.29, 730, "decimal"),
    ("33°30'36\"N 36°17'24\"E", 33.51, 36.29, 20, "DMS"),
    ("33º30′36″ N, 36º17’24” E", 33.51, 36.29, 20, "DMS"),
    ("33 30 36 N 36 17 24 E", 33.51, 36.29, 20, "DMS"),
    ("33:30:36 36:17:24", 33.51, 36.29, 20, "DMS"),
    ("33d30m36s 36d17m24s", 33.51, 36.29, 20, "DMS"),
    ("33d30m36sN 36d17m24sE", 33.51, 36.29, 20, "DMS"),
    ("33d30m36S 70d10m12W", -33.51, -70.17, 20, "DMS"),
    ("33°30'36,0\"N 36°17'24,0\"E", 33.51, 36.29, 2, "DMS"),
    ("33-30-36N 36-17-24E", 33.51, 36.29, 20, "DMS"),
    ("33.51N - 36.29E", 33.51, 36.29, 730, "decimal"),
    ("33.51 -36.29", 33.51, -36.29, 730, "decimal"),
    ("333036N 0361724E", 33.51, 36.29, 20, "DMS"),
    ("33° 30.6' N, 36° 17.4' E", 33.51, 36.29, 120, "DM"),
    ("33 30.600, 36 17.400", 33.51, 36.29, 1.2, "DM"),
    ("37S BT 48272 11116", 33.51, 36.29, 1.5, "MGRS"),
    ("37sbt4827211116", 33.51, 36.29, 1.5, "MGRS"),
    ("37S BT 482 111", 33.5103, 36.2898, 72, "MGRS"),
    ("37N 248272 3711116", 33.51, 36.29, 0.71, "UTM"),
    ("UTM zone 37 north 248272E 3711116N", 33.51, 36.29, 0.71, "UTM"),
    ("21H 435000 6200000", -34.33926, -57.70668, 0.71, "UTM"),
    ("geo:33.51,36.29;u=1500", 33.51, 36.29, 1500, "geo URI"),
    ("geo:0,0?q=33.51,36.29(the house)", 33.51, 36.29, 730, "geo URI"),
    ("https://www.google.com/maps/place/X/@33.6,36.2,12z/data=!8m2!3d33.5100!4d36.2900", 33.51, 36.29, 7, "link"),
    ("https://www.google.com/maps/@33.5100,36.2900,15z", 33.51, 36.29, 7, "link"),
    ("https://maps.google.com/?q=33.51,36.29", 33.51, 36.29, 730, "link"),
    ("https://www.google.com/maps/place/33%C2%B030'36.0%22N+36%C2%B017'24.0%22E/", 33.51, 36.29, 2, "link"),
    ("https://www.openstreetmap.org/?mlat=33.51&mlon=36.29#map=9/33.9/36.9", 33.51, 36.29, 730, "link"),
    ("https://www.openstreetmap.org/#map=12/33.51/36.29", 33.51, 36.29, 730, "link"),
    ("https://yandex.com/maps/?ll=36.29%2C33.51&z=12", 33.51, 36.29, 730, "link"),
    ("https://2gis.ae/geo/36.29,33.51", 33.51, 36.29, 730, "link"),
    ("https://www.bing.com/maps?cp=33.51~36.29&lvl=11", 33.51, 36.29, 730, "link"),
    ("https://maps.apple.com/?ll=33.51,36.29", 33.51, 36.29, 730, "link"),
    ("https://wikimapia.org/#lang=en&lat=33.51&lon=36.29&z=12", 33.51, 36.29, 730, "link"),
    ("geohack.example.org/geohack.php?params=33_30_36_N_36_17_24_E_type:city", 33.51, 36.29, 20, "link"),
]  # fmt: skip

ASKED = [
    # what is typed                why it is asked           what is offered
    ("120.5, 33.5", notation.SWAPPED, [(33.5, 120.5)]),
    ("120.5 N, 33.5 E", notation.OFF_GLOBE, [(33.5, 120.5)]),
    ("33.5, 236.3", notation.AROUND, [(33.5, -123.7)]),
    ("0, 0", notation.ZERO, [(0, 0)]),
    ("-33.5 S, 36 E", notation.TWICE, [(-33.5, 36), (33.5, 36)]),
    ("33.5 N 36.3", notation.ONE_NAMED, [(33.5, 36.3)]),
    ("33,51,36,29", notation.SEVERAL, [(33.51, 36.29)]),
    ("33.5-36.3", notation.SEVERAL, [(33.5, -36.3), (33.5, 36.3)]),
    ("33.5 - 36.3", notation.SEVERAL, [(33.5, -36.3), (33.5, 36.3)]),
    ("37S 248272 3711116", notation.HEMISPHERE, [(33.51, 36.29), (-56.6761, 34.8905)]),
    ("37 248272 3711116", notation.HEMISPHERE, [(33.51, 36.29), (-56.6761, 34.8905)]),
    ("37T 248272 3711116", notation.BAND, [(33.51, 36.29)]),
    ("https://maps.example.org/?mlat=1.5&mlon=2.5&mlat=3.5&mlon=4.5", notation.MANY, [(1.5, 2.5), (3.5, 4.5)]),
]

REFUSED = [
    ("", notation.UNKNOWN), ("Damascus", notation.UNKNOWN), ("33.5", notation.UNKNOWN), ("nan, inf", notation.UNKNOWN),
    ("1e5, 3", notation.UNKNOWN), ("33.51.2, 36", notation.UNKNOWN), ("33, 36, 39", notation.UNKNOWN),
    ("95, 195", notation.OFF_GLOBE), ("33 N, 36 N", notation.NOT_TWO), ("33 61 00 N 36 0 0 E", notation.SIXTY),
    ("248272 3711116", notation.NO_ZONE), ("61N 248272 3711116", notation.NO_UTM), ("37SZZ11", notation.NO_SQUARE),
    ("37S BT 4827 11", notation.NO_SQUARE), ("8G5F+2X Damascus", notation.PLUS_CODE), ("8FVC9G8F+6X", notation.PLUS_CODE),
    ("https://maps.app.goo.gl/abcDEF", notation.NO_POINT), ("https://map.baidu.com/@36.2,33.5,12z", notation.SHIFTED),
    ("geo:33.5,36.3;crs=nad83", notation.OTHER_CRS), ("geo:here", notation.UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "lat", "lon", "metres", "taken_for"), READ)
def test_read(typed: str, lat: float, lon: float, metres: float, taken_for: str) -> None:
    """R33, R36: the point and the radius its digits carry."""
    point = read(typed)
    assert (point.lat, point.lon) == pytest.approx((lat, lon), abs=1e-4)
    assert point.metres == pytest.approx(metres, rel=0.06)
    assert point.notation == taken_for


@pytest.mark.parametrize(("typed", "why", "offered"), ASKED)
def test_asked_back(typed: str, why: str, offered: list[tuple[float, float]]) -> None:
    """R36: nothing is guessed, and nothing is dropped."""
    with pytest.raises(NotUnderstood) as raised:
        read(typed)
    assert raised.value.template == why
    given = [part for point in raised.value.readings for part in (point.lat, point.lon)]
    assert given == pytest.approx([part for pair in offered for part in pair], abs=2e-4)


@pytest.mark.parametrize(("typed", "why"), REFUSED)
def test_refused(typed: str, why: str) -> None:
    """R36: a sentence with the text itself in it, and no reading."""
    with pytest.raises(NotUnderstood) as raised:
        read(typed)
    assert (raised.value.template, raised.value.readings) == (why, ())
    assert str(raised.value) == why.format(text=" ".join(typed.split())[:60])
