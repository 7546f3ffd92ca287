"""The papers that a package carries for people: what it is, what is in it and what is not (R06, R49, R86)."""

from dataclasses import dataclass

from casualty.disclosure import CONSENT, MENTION, OFF, SEVERE, WITHDRAWN
from casualty.release.chain import Extracted
from casualty.release.records import Tally
from casualty.release.register import Carried
from casualty.summary import Sums
from casualty.vocabulary import IncidentStatus

CAVEAT = (
    "These are documented cases, not all deaths. What was not reported, or not found, is not here;\n"
    "a place or time without records is one without data, not one without harm."
)

WITHHELD_COLUMNS = ("category", "table", "fields", "count", "why", "who_decides")
WHY: dict[str, tuple[str, str]] = {
    CONSENT: (
        "No consent to share with a commission of inquiry: refused, withdrawn or not asked of a person, or of a source"
        " that is or may be a private person; with it the texts of the same incident.",
        "the person concerned; the custodian asks",
    ),
    OFF: ("Identity dimension that is switched off here.", "the deployment, under its protection assessment"),
    SEVERE: ("Disclosure could cost lives.", "the custodian, with a second person"),
    MENTION: ("Text in which something withheld is named.", "the custodian, after reading the text"),
    WITHDRAWN: ("Taken back; the code stands in the list of removed records.", "the one who took it back"),
    "merged": ("Duplicate; the record it was merged into is here.", "the reviewer"),
    "earlier": ("Would tell a text or a row that has since been changed or taken out.", "the custodian"),
    "not here": ("The original is not in this house; only its hash is known.", "nobody; ask who holds it"),
    "unanswered": ("Too little of what was asked is in this package to answer it.", "nobody; it is computed"),
    "house": ("The house's own: never in any package.", "nobody; it stays"),
}
HOUSE = (
    ("account", "whole table"),
    ("credential", "whole table"),
    ("release", "whole table"),
    ("consent", "taken_by"),
    ("dimension", "assessment"),
)


@dataclass(frozen=True)
class Facts:
    """What the papers tell: the deployment, the request, the ledger's head, and what was written and kept back."""

    deployment: str
    sample: bool
    minimum_origins: int
    tier: str
    recipient: str
    basis: str
    date: str
    seq: int
    head: str
    summary: Sums
    tally: Tally
    chain: Extracted
    carried: Carried
    second: bool
    follows: str
    report: bool = True


def withheld_rows(facts: Facts) -> list[tuple[str, ...]]:
    """Return what is withheld: category, table, fields, count, why, who decides; never any content."""
    rows: list[tuple[str, ...]] = [
        (category, name, fields, str(count), *WHY[category])
        for (category, name, fields), count in sorted(facts.tally.withheld.items())
    ]
    rows += [("house", name, fields, "", *WHY["house"]) for name, fields in HOUSE]
    if facts.chain.sealed:
        why = (
            "Links of accounts, clearances, consents, corrections asked for, second codings and packages, and reasons"
            " written on records of which something is withheld."
        )
        rows.append(("sealed", "revision", "all but seq and hash", str(facts.chain.sealed), why, "the custodian"))
    return rows


README = """CASUALTY RECORD PACKAGE
{sample}
From:    {deployment}
To:      {recipient}
Tier:    {tier}
Basis:   {basis}
As of:   {date} (last change of the record)
Ledger:  link {seq}, {head}

{caveat}

WHAT IS IN IT
  Incidents: {incidents}, by status of review (column `status`, repeated wherever an incident appears):
{statuses}
  Individual victims: {victims}. People killed, as stated: low {killed_low}, best {killed_best}, high {killed_high}.
  Incidents without a best number of people killed: {without_best}; without a point on the map: {without_place}.
  Only `verified` means that a stated standard of proof is met; do not quote figures of all statuses as verified.

  data/01_methodology.md      how it was collected, evaluated, corroborated and checked
  data/02_codebook/           what every field and term means (codebook.md, fields.csv, terms.csv)
  data/03_register/           every document: what it is, where it came from, who had it in hand and when
  data/04_records/            the records, one CSV per table, described for machines by datapackage.json; removed.csv
                              lists codes taken back or merged; pairings.csv says which rows are one person, who is
                              counted once
  data/05_geo/                incidents and administrative units, GeoJSON and GeoPackage (WGS 84, longitude first)
  data/06_ledger/             the chain of revisions, and the bodies of records that are shown whole
  data/07_analysis/           each analysis: what was asked, the answer, a figure, and its limitations
  data/08_withheld.csv        what is withheld, why, and who decides
  data/09_contradictory.csv   what speaks against the record as held: refuted, contested, disagreeing, denied
  data/10_items/              originals, byte for byte ({originals}), with working copies of pictures ({copies})
{changes}{report}  data/summary.json           the totals

  What a source says (claims), what is held (incidents, victims) and what was judged (reviews) are separate tables.
  Every involvement is an allegation; `side_a` and `side_b` do not mean attacker and attacked.
  CSV files are UTF-8 with a header. Import them as text: a spreadsheet that opens them by a double click may turn
  codes and P-codes into dates and numbers.

CONDITIONS
  For the recipient named above, on the basis named above, and for nobody else without asking the sender.
  Conditions that a consent carries stand in data/04_records/consents.csv and bind every later holder.
  The records and the ledger name the accounts that recorded and reviewed, so that anyone can see that they were two.
  Those who record may be in danger: do not publish these names, nor anything of data/06_ledger.
  Rows and fields withheld: {withheld} (data/08_withheld.csv); the totals above are not lowered by that.
  {second}

HOW TO VERIFY IT
{verify}  The first also computes again the links of the ledger ({links}), the digests of the bodies shown ({bodies}), the
  tables against these bodies, and the totals. Further links ({sealed}) are sealed: only their hash is given. What
  comes before a sealed link is bound to it in the sender's ledger only; every link after it is bound here.
  Ask the sender, by another way, for the ledger head: it must be the one above.
  With the program, every analysis can be run again of this package alone: casualty patterns rerun FOLDER
  Change nothing in this package. Corrections come as a further package, which names this one.
"""

README_OUTSIDE = """CASUALTY RECORD, {title}
{sample}
From:    {deployment}
To:      {recipient}
Tier:    {tier}
Basis:   {basis}
As of:   {date} (last change of the record)

{caveat}

WHAT IS IN IT
  Incidents: {incidents}, by status of review (column `status`):
{statuses}
  People killed, as stated: low {killed_low}, best {killed_best}, high {killed_high}; incidents without a best number: {without_best}.
  Only `verified` means that a stated standard of proof is met; do not quote figures of all statuses as verified.

  data/01_methodology.md      how it was collected, evaluated, corroborated and checked
  data/02_codebook/           what every field and term means
  data/04_records/            incidents, sources and, where it was decided, names; ids are drawn anew, {drawn}
  data/05_geo/                places as they are shown, GeoJSON and GeoPackage (WGS 84, longitude first)
  data/07_tables/             tables of people killed; a suppressed number reads `suppressed`, and is not 0
  data/08_withheld.csv        what is withheld, why, and who decides
{report}  data/disclosure.json        by which thresholds numbers are suppressed and places moved

HOW PEOPLE ARE PROTECTED
  Places are moved, always to the same spot, or told by their area alone. Who was killed is told in numbers that are large
  enough. Do not try to find out who or where: it could cost lives.
  {second}

HOW TO VERIFY IT
{verify}  If you find an error, write to the sender: corrections come as a further release, and are listed.
"""
VERIFY = """  python3 verify.py           Python 3.8 or later and nothing else; says what it checked and what does not hold
  python3 verify.py --key KEY with the sender's public key, which you were given by another way: shows who signed it
  minisign -Vm tagmanifest-sha256.txt -P KEY
  sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt
  Any validator of BagIt 1.0 (RFC 8493).
"""
REPORT = "  data/12_report.pdf          the same for people who read\n"
SECOND_OUTSIDE = "A second person approved that it leaves."
SECOND = "A second person approved that it leaves: bag-info.txt names who asked and who granted it."
ALONE = "No second person approved this package: the record is kept by one person alone."
CHANGES = "  data/11_changes.csv         what changed since the package {follows}\n"


def readme(facts: Facts) -> str:
    """Return the text that the recipient of a whole package reads first."""
    return README.format(
        **_told(facts),
        bodies=facts.tally.bodies,
        links=facts.chain.links - facts.chain.sealed,
        sealed=facts.chain.sealed,
        originals=facts.carried.originals,
        copies=facts.carried.copies,
        changes=CHANGES.format(follows=facts.follows) if facts.follows else "",
    )


def readme_outside(facts: Facts) -> str:
    """Return the text that a reader of a package without the records themselves, public or a partner, reads first."""
    title = {"public": "PUBLIC RELEASE", "partner": "PACKAGE FOR A PARTNER"}[facts.tier]
    told = _told(facts) | ({"second": SECOND_OUTSIDE} if facts.second else {})
    drawn = {"public": "the same in every public release", "partner": "for this recipient alone"}[facts.tier]
    return README_OUTSIDE.format(**told, title=title, drawn=drawn)


def _told(facts: Facts) -> dict[str, object]:
    counts, kept = facts.tally.statuses, ("deployment", "tier", "recipient", "basis", "date", "seq", "head")
    return {name: getattr(facts, name) for name in kept} | vars(facts.summary) | {
        "caveat": CAVEAT,
        "sample": "\nINVENTED SAMPLE DATA: no place, person or event in it is real.\n" if facts.sample else "",
        "statuses": "\n".join(f"    {status:<14}{counts[status]:>9}" for status in IncidentStatus if counts[status]),
        "withheld": sum(facts.tally.withheld.values()),
        "second": SECOND if facts.second else ALONE,
        "verify": VERIFY,
        "report": REPORT if facts.report else "",
    }  # fmt: skip
