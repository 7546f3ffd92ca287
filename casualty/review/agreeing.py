"""How far two coders agree beyond chance: Cohen's kappa with its interval. Pure: values in, result out."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Kappa:
    """The agreement of two coders on one field.

    `observed` is the share of the `n` records coded alike. `kappa` is None, with `why`, where it is not defined; `low`
    and `high` are its 95 % limits. `table` counts (first coder, second coder).
    """

    field: str
    n: int
    observed: float | None
    kappa: float | None
    low: float | None
    high: float | None
    why: str
    table: dict[tuple[str, str], int]


NONE = "No record was coded by both."
ONE = "Both coders used one category only: agreement by chance cannot be told from agreement."


def kappa(field: str, pairs: Sequence[tuple[Hashable, Hashable]]) -> Kappa:
    """Return the agreement over (first coder, second coder) pairs of categories.

    Source: Cohen (1960) for kappa; Fleiss, Cohen and Everitt (1969), the large-sample standard error when kappa is not
    zero, for the interval, cut at -1 and 1. It takes categories as they are: to be near is no agreement, and it depends on
    how common the categories are. With few records the interval is rough.
    """
    table = Counter((str(a), str(b)) for a, b in pairs)
    n = sum(table.values())
    if n == 0:
        return Kappa(field, 0, None, None, None, None, NONE, {})
    rows, columns = Counter[str](), Counter[str]()
    for (a, b), count in table.items():
        rows[a] += count
        columns[b] += count
    told = dict(sorted(table.items()))
    observed = sum(count for (a, b), count in table.items() if a == b) / n
    chance = sum(rows[name] * columns[name] for name in rows) / n**2
    if len({*rows, *columns}) == 1:
        return Kappa(field, n, observed, None, None, None, ONE, told)
    value = (observed - chance) / (1 - chance)
    error = _standard_error(table, rows, columns, n, value, chance)
    low, high = max(value - Z95 * error, -1.0), min(value + Z95 * error, 1.0)
    return Kappa(field, n, observed, value, low, high, "", told)


def _standard_error(
    table: Counter[tuple[str, str]], rows: Counter[str], columns: Counter[str], n: int, value: float, chance: float
) -> float:
    """Fleiss, Cohen and Everitt (1969), equation for the variance of kappa."""
    alike = unlike = 0.0
    for (a, b), count in table.items():
        if a == b:
            alike += count / n * (1 - (rows[a] + columns[a]) / n * (1 - value)) ** 2
        else:
            unlike += count / n * ((columns[a] + rows[b]) / n) ** 2
    variance = alike + (1 - value) ** 2 * unlike - (value - chance * (1 - value)) ** 2
    return math.sqrt(max(variance, 0.0) / n) / (1 - chance)
