"""Who sees what: one table for people, tried on a package of each tier (R60, R64, R68-R72)."""

import pytest

from casualty import disclosure
from casualty.release.outward.incidents import period
from casualty.release.outward.tables import why_not
from casualty.vocabulary import Tier

# What                                          public   partner  commission  internal
SEEN = """
incident.status                               | yes    | yes    | yes       | yes
incident.incident_type                        | yes    | yes    | yes       | yes
incident.killed_best                          | yes    | yes    | yes       | yes
incident.lat                                  | masked | masked | yes       | yes
incident.admin1                               | yes    | yes    | yes       | yes
incident.admin2                               | no     | yes    | yes       | yes
incident.date_start                           | no     | yes    | yes       | yes
incident.narrative_public                     | judged | judged | yes       | yes
incident.title                                | no     | no     | yes       | yes
incident.place_as_reported                    | no     | no     | yes       | yes
incident.narrative_restricted                 | no     | no     | yes       | yes
incident.recorded_by                          | no     | no     | yes       | yes
incident.recorded_at                          | no     | no     | yes       | yes
victim.sex                                    | no     | class  | yes       | yes
victim.age_years                              | no     | no     | yes       | yes
victim.occupation                             | no     | no     | yes       | yes
victim.described_as                           | no     | no     | yes       | yes
victim_name.name                              | agreed | agreed | yes       | yes
attribution.group_id                          | no     | no     | yes       | yes
involvement.actor_id                          | no     | no     | yes       | yes
claim.stated                                  | no     | no     | yes       | yes
source.kind                                   | yes    | yes    | yes       | yes
source.reliability                            | no     | yes    | yes       | yes
source.name                                   | no     | no     | yes       | yes
document.title                                | no     | no     | yes       | yes
document.url                                  | no     | no     | yes       | yes
document.file_name                            | no     | no     | no        | yes
review.reasons                                | no     | no     | yes       | yes
account.name                                  | no     | no     | no        | yes
credential.argon2                             | no     | no     | no        | no
"""
TIERS = (Tier.PUBLIC, Tier.PARTNER, Tier.COMMISSION, Tier.INTERNAL)
ROWS = [[part.strip() for part in line.split("|")] for line in SEEN.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_who_sees_what(row: list[str]) -> None:
    """R64: `no` is not in a package; masked, class, judged and agreed are there under that condition."""
    name, column = row[0].split(".")
    for tier, told in zip(TIERS, row[1:], strict=True):
        assert (column in disclosure.columns(name, tier)) == (told != "no"), tier


# start        end          precision   is told in public as
PERIODS = [
    ("2024-05-02", "2024-05-02", 1, "2024-05"),
    ("2024-05-30", "2024-06-02", 2, "2024"),
    ("2024-05-01", "2024-05-31", 4, "2024-05"),
    ("2024-05-01", "2024-05-31", 5, "2024"),
    ("2024-01-01", "2024-12-31", 5, "2024"),
    ("2023-12-31", "2024-01-01", 2, "2023 to 2024"),
    ("2024-05-02", "2024-05-02", None, "2024-05"),
    (None, None, None, "not known"),
]


@pytest.mark.parametrize(("start", "end", "precision", "told"), PERIODS)
def test_a_month_at_the_closest(start: str | None, end: str | None, precision: int | None, told: str) -> None:
    """R32, R69: never a day, and never closer than the date is known."""
    assert period({"date_start": start, "date_end": end, "date_precision": precision}) == told


# status       kept back   year         counted in the tables of that year, in a record that ends in 2024
COUNTED = [
    ("verified", None, "2023", ""),
    ("submitted", None, "2023", ""),
    ("contested", None, "2023", ""),
    ("refuted", None, "2023", "refuted"),
    ("verified", "severe", "withheld", "withheld"),
    ("draft", "draft", "withheld", "withheld"),
    ("verified", None, "2024", "year not over"),
    ("verified", None, "not known", "date not known"),
]


@pytest.mark.parametrize(("status", "kept", "year", "why"), COUNTED)
def test_whose_people_stand_in_the_tables(status: str, kept: str | None, year: str, why: str) -> None:
    """R66, R67: those of years that are over; for all others `by_year.csv` says why not."""
    assert why_not({"status": status}, kept, year, "2024") == why
