"""What a scan is asked: places, records, expectation and the windows to be searched. Nothing here is computed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Model(StrEnum):
    """Which null and which likelihood ratio."""

    BERNOULLI = "bernoulli"
    POISSON = "poisson"
    PERMUTATION = "permutation"
    MULTINOMIAL = "multinomial"


class Kind(StrEnum):
    """Circles alone; cylinders of any time; cylinders that are still alive at the last bin."""

    SPATIAL = "spatial"
    RETROSPECTIVE = "retrospective"
    PROSPECTIVE = "prospective"


class Rates(StrEnum):
    """Whether windows with more than expected are looked for, with less, or both."""

    HIGH = "high"
    LOW = "low"
    BOTH = "both"


@dataclass(frozen=True)
class Places:
    """Where records lie or circles have their centres: ids, and x, y in any one unit.

    With `degrees` x is longitude and y latitude on WGS 84, distances are great-circle, and radii are kilometres.
    Several ids at one point are one place for the search.
    """

    ids: tuple[str, ...]
    x: Sequence[float]
    y: Sequence[float]
    degrees: bool = False


@dataclass(frozen=True)
class Records:
    """Columns of one length: what lies where and when.

    place: index into the places; bin: time bin from 0 (0 throughout for a spatial scan); number: how many alike, a
    whole number unless the model can do with parts; kind: 1 case and 0 control (bernoulli), category from 0
    (multinomial), stratum from 0 (permutation), 0 (poisson).
    share, for bernoulli only: the part of each record that is a case. A record then moves as a whole, `number` is its
    weight, and `kind` is the class within which shares are exchanged.
    mix, for multinomial only: the part of each category in each record, records times categories in row order, each row
    adding up to 1. Whole mixes are then exchanged, `number` is the record's weight and `kind` the class within which.
    """

    place: Sequence[int]
    bin: Sequence[int]
    number: Sequence[float]
    kind: Sequence[int]
    share: Sequence[float] | None = None
    mix: Sequence[float] | None = None


@dataclass(frozen=True)
class Windows:
    """Which windows are searched.

    share: the largest part of the whole measure (expectation, records or cases) that a circle may hold; radius: its
    largest radius (unit of the coordinates; kilometres for degrees), None without limit; shortest, longest: bins of a
    cylinder; looked_from: the first bin at whose end earlier prospective looks ended, to adjust for them (None: none);
    rates; least_high, least_low: the fewest cases in a window of high or of low rate; ellipses: shapes (longest axis
    over shortest) beside the circle, each turned `turns` ways; penalty: exponent a of (4s/(s+1)^2)^a.
    """

    kind: Kind = Kind.SPATIAL
    share: float = 0.5
    radius: float | None = None
    shortest: int = 1
    longest: int = 1
    looked_from: int | None = None
    rates: Rates = Rates.HIGH
    least_high: int = 2
    least_low: int = 0
    ellipses: tuple[float, ...] = ()
    turns: tuple[int, ...] = ()
    penalty: float = 0.5


@dataclass(frozen=True)
class Design:
    """One scan: model, places, records, number of time bins, windows.

    expected: for poisson, what is expected at each place in each bin, places times bins in row order, in any scale.
    centres: where circles are centred, None for the places. sizes: what `Windows.share` counts at each place, None for
    the model's own measure. earth_km: radius of the earth for degrees.
    """

    model: Model
    places: Places
    records: Records
    bins: int = 1
    windows: Windows = field(default_factory=Windows)
    expected: Sequence[float] | None = None
    centres: Places | None = None
    sizes: Sequence[float] | None = None
    earth_km: float = 6371.0088
