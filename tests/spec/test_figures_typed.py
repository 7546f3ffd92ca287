"""What a number of people says as it is typed (R07, R08): in any digits, in English, French and Arabic words.

`-` is a figure that is not stated, which is never 0. `unknown` says that nobody knows; `question` is asked back, with the mend.
"""

import pytest

from casualty import figures

TABLE = """
typed                      | low best high
                           | -    -    -
11                         | -    11   -
0                          | -    0    -
٠                          | -    0    -
١١                         | -    11   -
۱۱                         | -    11   -
１１                       | -    11   -
1,200                      | -    1200 -
1 200                      | -    1200 -
١٬٢٠٠                      | -    1200 -
1'200                      | -    1200 -
12,345,678                 | -    12345678 -
about 11                   | -    11   -
~11                        | -    11   -
environ 11                 | -    11   -
حوالي ١١                   | -    11   -
at least 9                 | 9    -    -
>= 9                       | 9    -    -
≥9                         | 9    -    -
9+                         | 9    -    -
au moins 9                 | 9    -    -
ما لا يقل عن 9             | 9    -    -
على الأقل ٩                | 9    -    -
up to 11                   | -    -    11
≤ 11                       | -    -    11
au plus 11                 | -    -    11
jusqu'à 11                 | -    -    11
jusqu’à 11                 | -    -    11
ما لا يزيد عن ١١           | -    -    11
9-11                       | 9    -    11
9 – 11                     | 9    -    11
9—11                       | 9    -    11
٩–١١                       | 9    -    11
9 to 11                    | 9    -    11
9 à 11                     | 9    -    11
من ٩ إلى ١١                | 9    -    11
between 9 and 11           | 9    -    11
entre 9 et 11              | 9    -    11
بين 9 و11                  | 9    -    11
9-9                        | 9    -    9
9-10-11                    | 9    10   11
10 (9-11)                  | 9    10   11
10 (>= 9)                  | 9    10   -
10 (at most 11)            | -    10   11
?                          | unknown
Unknown                    | unknown
inconnu                    | unknown
غير معروف                  | unknown
11-9                       | question
10 (11-12)                 | question
9 and 11                   | question
9 و 11                     | question
dozens                     | question
11 dead                    | question
-5                         | question
1.5                        | question
1e5                        | question
9/11                       | question
1,23,456                   | question
99999999999                | question
²                          | question
more than 9                | question
"""  # fmt: skip
ROWS = [tuple(cell.strip() for cell in line.split("|")) for line in TABLE.strip("\n").splitlines()[1:]]

# What cannot be seen in a table: marks of direction, soft hyphens, spaces without width.
UNSEEN = [
    ("\u200f9\u200f-\u200f11\u200e", (9, None, 11)),
    ("\u206711\u2069", (None, 11, None)),
    ("9\u00ad11", (9, None, 11)),
    ("jusqu'a\u0300 11", (None, None, 11)),
    ("1\u202f200", (None, 1200, None)),
    ("9\u200b11", None),
    ("9\u200f11", None),
    ("1\u03361", None),
    ("9\x0011", None),
    ("\ud80011", None),
]


@pytest.mark.parametrize(("typed", "stated"), ROWS)
def test_what_a_number_as_typed_says(typed: str, stated: str) -> None:
    """R07, R08: a figure, a range, one end of a range, unknown; what is anything else is asked about, never guessed."""
    if stated == "question":
        with pytest.raises(figures.NotUnderstood) as asked:
            figures.read(typed)
        assert asked.value.template
        assert asked.value.mend
    elif stated == "unknown":
        assert figures.read(typed) == figures.Figures(unknown=True)
    else:
        low, best, high = (None if part == "-" else int(part) for part in stated.split())
        assert figures.read(typed) == figures.Figures(low, best, high)


@pytest.mark.parametrize(("typed", "stated"), UNSEEN)
def test_what_is_not_seen_never_joins_two_numbers(
    typed: str, stated: tuple[int | None, int | None, int | None] | None
) -> None:
    """R08: 9 and 11 with something between them that no eye sees are not 911."""
    if stated is None:
        with pytest.raises(figures.NotUnderstood):
            figures.read(typed)
    else:
        assert figures.read(typed) == figures.Figures(*stated)
