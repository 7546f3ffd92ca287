"""What a public or a partner package says of what it does not hold: reasons, never content (R06, R67)."""

from collections.abc import Iterator, Mapping

from casualty.disclosure import CONSENT, MENTION, WITHDRAWN
from casualty.disclosure.masking import LEAST_M

COLUMNS = ("category", "table", "fields", "count", "why", "who_decides")
WHY: dict[str, tuple[str, str]] = {
    "tier": ("Not for readers of this tier.", "the list of columns by tier"),
    CONSENT: (
        "No consent for this purpose: refused, withdrawn, or not asked where it must be.",
        "the person concerned",
    ),
    "severe": ("Disclosure could do serious harm: only the figures are told.", "the custodian, with a second person"),
    "draft": ("Not yet put forward for review: only the figures are told.", "the recorder"),
    MENTION: ("The public summary names something that is withheld.", "the custodian, after reading the text"),
    "unreviewed": ("The public summary was not judged as it stands.", "the reviewer"),
    "unmaskable": (
        "No point of its area is far enough from the place: the area alone is told.",
        "nobody; it is computed",
    ),
    "few": ("So few people that they could be told apart.", "nobody; it is computed"),
    "difference": ("Beside an earlier package it would tell of few people.", "nobody; it is computed"),
    WITHDRAWN: ("Taken back.", "the one who took it back"),
    "merged": ("Duplicate; the record it was merged into is here.", "the reviewer"),
}
STATEMENT = (
    f"Headline totals are never changed. Points are moved by at least {LEAST_M:,.0f} metres, always to the same spot, and stay in the"
    " unit that is told of them. A suppressed number is shown as suppressed; it is not 0."
)

LEGEND = """TABLES OF PEOPLE KILLED (best number)

suppressed   fewer than {threshold} people, or a number that would give such a one away; it is not 0
together:    areas, groups or terms of too few people, in one line; its name says which
not known    nobody recorded it, or it was withheld; counted, so that every line adds up to its total. By sex and age, and by
             status and cause, it is everybody of whom not both are known: `man` is not all men, but all whose age is known
total        the sum of the line, suppressed numbers included; over all lines the best number of people killed that year.
             Where more people are recorded one by one than the best number says, as many are counted as it says
as_of        the day of the record that a table tells. One table a year of years that are over; a table is made anew when
             the difference from the last one tells of no small number of people, and until then goes out again as it was

by_year.csv  every incident and everybody killed, once: these rows add up to the headline totals. `in_tables` says whether
             their people stand in the other tables, or why not.
by_status.csv  the same by where the incident stands in review. Only `verified` meets a stated standard of proof: the other
             tables are of incidents of every status but refuted and drafts, and are not to be quoted as verified.

What a massacre did to one group is shown as a number of that group in that area: it is a fact about an event. Tables by
group and area are of each year alone; there is none by group and month.
"""


def rows(withheld: Mapping[tuple[str, str, str], int]) -> Iterator[tuple[str, ...]]:
    """Yield the rows of 08_withheld.csv: category, table, fields, count, why, who decides."""
    for (category, name, fields), count in sorted(withheld.items()):
        yield (category, name, fields, str(count), *WHY[category])
