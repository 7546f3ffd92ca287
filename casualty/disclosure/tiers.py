"""Which columns may leave the house, at which tier: an allow-list, from the widest circle of readers to the narrowest.

Everything is denied until somebody allows it: a column that stands in no list is sealed. Standards: R63, R64; Standards
for Casualty Recording (2016), p. 41.
"""

from casualty.access import Acting, permit, permit_whole
from casualty.errors import Refused
from casualty.schema import CHILDREN, table
from casualty.vocabulary import Tier

BUILT = frozenset({Tier.PUBLIC, Tier.PARTNER, Tier.COMMISSION})

ROOT = "id version recorded_at recorded_by sensitivity codebook_version withdrawn_at withdrawn_by withdrawn_reason"

# Per table: the columns a commission of inquiry may be given, those that stay with the deployment's own staff, and
# those that no package may ever hold: every column of the schema stands here exactly once.
COLUMNS: dict[str, tuple[str, str, str]] = {
    "incident": (
        f"{ROOT} situation_id incident_type title date_start date_end date_precision date_missing date_as_reported"
        " time_of_day report_date lat lon place_precision uncertainty_m place_as_reported place_missing country admin1"
        " admin2 pcode boundary_set killed_low killed_best killed_high injured_low injured_best injured_high"
        " missing_low missing_best missing_high count_conflict counted_how clarity narrative_public"
        " narrative_restricted code status merged_into_id",
        "",
        "",
    ),
    "claim": (
        "id incident_id document_id source_id origin_id locator killed_low killed_best killed_high injured_low"
        " injured_best injured_high count_conflict date_as_reported actor_as_reported cited credibility stated standing"
        " dataset external_id occurrence row_number batch_id digest",
        "",
        "",
    ),
    "involvement": ("id incident_id actor_id actor_missing role confidence response document_id note", "", ""),
    "victim": (
        "id incident_id code kind count_low count_best count_high count_conflict resolved_out_of harm sex age_years"
        " age_low age_high age_band civil_status cause occupation occupation_missing date_of_death described_as",
        "",
        "",
    ),
    "victim_name": ("id incident_id victim_id name kind script language", "", ""),
    "attribution": (
        "id incident_id victim_id dimension_id group_id group_missing sense basis confidence document_id",
        "",
        "",
    ),
    "act": ("id incident_id victim_id involvement_id kind means note", "", ""),
    "review": (
        "id incident_id from_status to_status reasons standard_of_proof reviewer recorder reviewed_at",
        "",
        "",
    ),
    "situation": (f"{ROOT} name kind classified_by date_start date_end", "", ""),
    "dimension": (f"{ROOT} code label genocide_ground persecution_ground state", "assessment", ""),
    "identity_group": (
        f"{ROOT} dimension_id code label label_local parent_id valid_from valid_to contested note",
        "",
        "",
    ),
    "actor": (f"{ROOT} name kind aliases parent_id affiliation external_id", "", ""),
    "source": (f"{ROOT} name kind reliability affiliation", "", ""),
    "document": (
        f"{ROOT} title source_id sha256 bytes media_type url retrieved_at language custody_note",
        "file_name",
        "",
    ),
    "origin": (f"{ROOT} label note", "", ""),
    "admin_unit": (
        f"{ROOT} pcode boundary_set name name_local level parent_pcode valid_from valid_to lat lon geometry",
        "",
        "",
    ),
    "population": (f"{ROOT} area dimension_id group_id year number source document_id", "", ""),
    "consent": (
        f"{ROOT} victim_id source_id document_id purpose value basis conditions given_on language",
        "taken_by",
        "",
    ),
    "batch": (
        f"{ROOT} number dataset format document_id mapping complete read recorded amended unchanged refused vanished"
        " warnings",
        "",
        "",
    ),
    "revision": ("seq at actor record_kind record_id operation reason batch_id digest hash", "", ""),
    "revision_body": ("seq salt before after", "", ""),
    "deployment": (f"{ROOT} name sample minimum_origins", "", ""),
    "release": (
        "",
        f"{ROOT} tier recipient basis manifest_sha256 ledger_head incidents follows_id request_id received_on receipt",
        "published",
    ),
    "release_request": (
        "",
        f"{ROOT} tier recipient basis follows manifest_sha256 ledger_head incidents answer answered_by answer_reasons"
        " answered_at",
        "place",
    ),
    "seal": ("", "", "name secret made_at"),
    "account": ("", f"{ROOT} name role sample active scope", "credential_digest organisation_digest"),
    "clearance": ("", f"{ROOT} account_id situation_id", ""),
    "credential": ("", "", "account_id argon2 totp_secret totp_since totp_step failures locked_until"),
    "named_place": ("", f"{ROOT} name also lat lon uncertainty_m pcode country admin1", ""),
    "correction": (
        "",
        f"{ROOT} incident_id victim_id asked_by received_on wanted answer answer_reasons answered_on",
        "contact",
    ),
    "coding_sample": ("", f"{ROOT} coder seed drawn_from population incidents", ""),
    "coding": (
        "",
        f"{ROOT} sample_id incident_id incident_type date_precision place_precision killed_best to_status note",
        "",
    ),
    "pairing": (f"{ROOT} victim_id other_id verdict reasons", "", ""),
    "analysis_run": (
        f"{ROOT} code method question dimension_id group_id parameters seed data_sha256 ledger_head versions result"
        " result_sha256 name",
        "",
        "",
    ),
    "session": ("", "", "token_digest account_id begun_at used_at"),
    "unfinished": ("", "", "id account incident_id version begun_at typed_at typed saved_id"),
    "assignment": ("", "incident_id reviewer assigned_by assigned_at", ""),
    "viewing": ("", "", "incident_id account seen_at"),
    "saved_filter": ("", "", "account name filter saved_at"),
    "visit": ("", "", "account place seq at since_seq since_at"),
    "ledger_head": ("", "", "id seq hash"),
}

# Per table: which of a commission's columns may also go to the public, and which more to a partner under agreement. Each
# goes out changed by its protection: a masked point, a month, an area, a class of people, a random id in place of an id.
OUTWARD: dict[str, tuple[str, str]] = {
    "incident": (
        "id code status codebook_version incident_type date_precision date_missing lat lon place_precision uncertainty_m"
        " place_missing country admin1 pcode killed_low killed_best killed_high injured_low injured_best injured_high"
        " missing_low missing_best missing_high count_conflict narrative_public",
        "date_start date_end admin2 boundary_set",
    ),
    "victim": ("", "id sex age_band civil_status cause harm"),
    "victim_name": ("name script language", ""),
    "source": ("kind", "id reliability"),
    "dimension": ("code label", ""),
    "identity_group": ("code label", ""),
    "admin_unit": ("pcode name level", ""),
}


def require_tier(tier: Tier) -> None:
    """Return if packages of this tier can be made; raise Refused, saying why, if not."""
    if tier not in BUILT:
        raise Refused(
            f"Packages of the {tier.value} tier cannot be made: who may read that tier reads the record itself. One of:"
            f" {', '.join(sorted(BUILT))}."
        )


def columns(name: str, tier: Tier) -> tuple[str, ...]:
    """Return the columns of a table that may be in a package of this tier, in the order of the schema."""
    commission, internal, _ = COLUMNS.get(name, ("", "", ""))
    public, partner = OUTWARD.get(name, ("", ""))
    allowed = {
        Tier.PUBLIC: public,
        Tier.PARTNER: f"{public} {partner}",
        Tier.COMMISSION: commission,
        Tier.INTERNAL: f"{commission} {internal}",
    }[tier].split()
    return tuple(column.name for column in table(name).columns if column.name in allowed)


def whole(kind: str, tier: Tier) -> bool:
    """Return whether every column of a record of this kind, with all that stands under it, may go out at this tier."""
    return all(len(columns(name, tier)) == len(table(name).columns) for name in (kind, *CHILDREN.get(kind, ())))


def table_tier(by: Acting, situations: frozenset[str] | None) -> Tier:
    """Return the tier at which this person may take a table or a chart of an analysis out of the pages: internal.

    situations: those that their account is cleared for, None for all. Raises Refused for whoever may not ask questions of
    the whole record. Cells of few incidents are not blanked at this tier: who may ask may open each of these incidents.
    For any wider tier they would have to be: tables for those outside are made with a package (`cells`), and nowhere else.
    """
    permit(by, "analyse")
    permit_whole(situations)
    return Tier.INTERNAL
