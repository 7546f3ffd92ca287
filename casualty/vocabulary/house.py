"""The terms of what incidents refer to, and of the house that keeps them: parties, sources, consent, accounts, releases."""

# One line a term: the tables are read more often than they are changed.
# fmt: off

from casualty.vocabulary.base import UNCERTAIN, Terms


class ActorKind(Terms):
    """What kind of party an actor is."""

    STATE = ("state", "State forces", "Armed forces, police or other organs of a State.")
    NON_STATE_ARMED = ("non_state_armed", "Non-State armed group", "An organised armed group that is not a State's.")
    PRO_STATE_MILITIA = ("pro_state_militia", "Militia aligned with a State", "Armed, irregular, said to act with a State.")
    COMMUNAL_MILITIA = ("communal_militia", "Communal militia", "Armed along communal lines.")
    FOREIGN_STATE = ("foreign_state", "Foreign State forces", "Forces of another State.")
    INTERNATIONAL = ("international", "International force", "Under an international organisation.")
    PRIVATE = ("private", "Private security or criminal group", "Armed for profit.")
    CIVILIANS = ("civilians", "Civilians", "People who are no organised armed party.")
    OTHER = ("other", "Other", "Known, and none of these.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class InvolvementRole(Terms):
    """The role alleged of an actor; always an allegation."""

    SIDE_A = ("side_a", "First party", "Named first by the source; does not mean attacker.")
    SIDE_B = ("side_b", "Second party", "Named second by the source; does not mean attacked.")
    ALLEGED_PERPETRATOR = ("alleged_perpetrator", "Alleged perpetrator", "Alleged to have done the act.")
    ALLEGED_COMMAND = ("alleged_command", "Alleged command", "Alleged to have ordered or directed.")
    ALLEGED_SUPPORT = ("alleged_support", "Alleged support", "Alleged to have aided.")
    PRESENT = ("present", "Present", "Said to have been there.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class InvolvementResponse(Terms):
    """What the actor says of the allegation."""

    ACKNOWLEDGED = ("acknowledged", "Acknowledged", "The actor acknowledges it.")
    CLAIMED = ("claimed", "Claimed", "The actor claims it unasked.")
    DENIED = ("denied", "Denied", "The actor denies it.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class SourceKind(Terms):
    """What kind of source speaks."""

    DATASET = ("dataset", "Data set", "A structured collection by others.")
    MEDIA = ("media", "Media", "Press, broadcast or online news.")
    NGO = ("ngo", "Non-governmental organisation", "Civil society, local or international.")
    UN = ("un", "United Nations", "An organ or mission of the United Nations.")
    GOVERNMENT = ("government", "Government", "A State authority.")
    WITNESS = ("witness", "Witness", "A person who saw or heard.")
    FAMILY = ("family", "Family", "Next of kin.")
    MEDICAL = ("medical", "Medical", "Hospital, morgue or forensic service.")
    SOCIAL_MEDIA = ("social_media", "Social media", "Posts by individuals or groups.")
    ARMED_PARTY = ("armed_party", "Armed party", "A party to the violence.")
    OTHER = ("other", "Other", "Known, and none of these.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class Reliability(Terms):
    """How reliable a source is, apart from what it says here (six steps)."""

    A = ("a", "Reliable", "No doubt of its record.")
    B = ("b", "Usually reliable", "Minor doubt.")
    C = ("c", "Fairly reliable", "Doubt, yet right in the past.")
    D = ("d", "Usually not reliable", "Significant doubt.")
    E = ("e", "Unreliable", "A record of false information.")
    F = ("f", "Cannot be judged", "No basis to judge.")


class Credibility(Terms):
    """How credible this piece of information is, apart from who says it (six steps)."""

    ONE = ("1", "Confirmed", "Confirmed by independent origins.")
    TWO = ("2", "Probably true", "Consistent with other information.")
    THREE = ("3", "Possibly true", "Reasonable, not confirmed.")
    FOUR = ("4", "Doubtful", "Possible, not logical.")
    FIVE = ("5", "Improbable", "Contradicted by other information.")
    SIX = ("6", "Cannot be judged", "No basis to judge.")


class SituationKind(Terms):
    """Legal classification of a situation, with its authority named in the record."""

    INTERNATIONAL = ("international", "International armed conflict", "Between States.")
    NON_INTERNATIONAL = ("non_international", "Non-international armed conflict", "With or between organised armed groups.")
    OTHER_VIOLENCE = ("other_violence", "Other armed violence", "Below or outside armed conflict.")
    NOT_ASSESSED = ("not_assessed", "Not assessed", "No authority has classified it here.")


class ConsentPurpose(Terms):
    """What a consent is for. Authority: Standards for Casualty Recording (2016), consent."""

    STORE = ("store", "Store", "To keep the information.")
    ANALYSIS = ("analysis", "Internal analysis", "To use it in analysis.")
    PUBLISH_AGGREGATE = ("publish_aggregate", "Publish in totals", "To count it in published figures.")
    PUBLISH_INDIVIDUAL = ("publish_individual", "Publish individually", "To publish about the person.")
    SHARE_COMMISSION = ("share_commission", "Share with a commission of inquiry", "To hand over to a UN inquiry.")
    SHARE_COURT = ("share_court", "Share with a court or prosecutor", "To hand over to justice.")
    SHARE_HUMANITARIAN = ("share_humanitarian", "Share with humanitarian actors", "To help the living.")
    TRACING = ("tracing", "Family tracing", "To find a missing person.")


class ConsentValue(Terms):
    """What was answered; the default is refusal."""

    GIVEN = ("given", "Given", "Agreed, knowing the purpose.")
    REFUSED = ("refused", "Refused", "Declined.")
    NOT_ASKED = ("not_asked", "Not asked", "Nobody asked; treated as refused.")
    WITHDRAWN = ("withdrawn", "Withdrawn", "Given once and taken back.")
    NOT_REQUIRED = ("not_required", "Not required", "Another basis, which must be named, applies.")


class Role(Terms):
    """What an account may do."""

    RECORDER = ("recorder", "Recorder", "Enters and amends incidents.")
    REVIEWER = ("reviewer", "Reviewer", "Judges what others recorded.")
    ANALYST = ("analyst", "Analyst", "Reads, analyses, keeps reference data.")
    CUSTODIAN = ("custodian", "Custodian", "Releases packages.")
    ADMINISTRATOR = ("administrator", "Administrator", "Keeps accounts and the deployment.")


class Tier(Terms):
    """Who may read a release."""

    PUBLIC = ("public", "Public", "Anyone.")
    PARTNER = ("partner", "Partner", "Under an agreement.")
    COMMISSION = ("commission", "Commission or prosecutor", "A named recipient on a legal basis.")
    INTERNAL = ("internal", "Internal", "The deployment's own need-to-know.")


class Operation(Terms):
    """What a revision did."""

    RECORD = ("record", "Record", "A new record.")
    AMEND = ("amend", "Amend", "A change to a record.")
    WITHDRAW = ("withdraw", "Withdraw", "A record taken back, with a reason.")
    RESTORE = ("restore", "Restore", "A record brought back to an earlier state.")
    REVIEW = ("review", "Review", "A signed judgement.")
    ERASE = ("erase", "Erase", "Bodies of a record destroyed under a lawful order; the chain stays whole.")


class IntakeFormat(Terms):
    """What a table holds."""

    GED = ("ged", "UCDP GED", "Georeferenced events of the Uppsala Conflict Data Program.")
    IBC = ("ibc", "Incident list with a minimum and a maximum", "As the Iraq Body Count publishes.")
    HXL = ("hxl", "HXL-tagged table", "A row of hashtags names the columns.")
    VICTIMS = ("victims", "Victim list", "One row a person, with identity where recorded.")
    INCIDENTS = ("incidents", "Incident list", "One row an incident, by a mapping.")
    POPULATION = ("population", "Population", "Group, area, year, number, source.")
    PLACES = ("places", "Administrative units", "Boundaries with P-codes.")
    GROUPS = ("groups", "Identity groups", "Dimension, group, and grounds.")
    ACTORS = ("actors", "Actors", "Names and kinds of parties.")


class AccountScope(Terms):
    """Which situations an account may see and work on. Incidents of no situation are seen by accounts of all situations only."""

    ALL = ("all", "All situations", "Every incident of the record.")
    NAMED = ("named", "Named situations", "Incidents of the situations that the account is cleared for, and what it recorded itself.")


class AskedBy(Terms):
    """Who asks for a correction."""

    FAMILY = ("family", "Family", "Next of kin of a victim.")
    SURVIVOR = ("survivor", "Survivor", "A victim who lives.")
    WITNESS = ("witness", "Witness", "A person who saw or heard.")
    SOURCE = ("source", "Source", "Who was cited.")
    ORGANISATION = ("organisation", "Organisation", "Civil society, a mission, an authority.")
    OTHER = ("other", "Other", "Known, and none of these.")


class CorrectionAnswer(Terms):
    """What became of a request for a correction."""

    OPEN = ("open", "Open", "Not yet answered.")
    ACCEPTED = ("accepted", "Accepted", "The record was corrected as asked.")
    PARTLY = ("partly", "Partly accepted", "Some of it was corrected; the answer says what.")
    DECLINED = ("declined", "Declined", "The record stays; the answer says why.")


class ReleaseAnswer(Terms):
    """What a second person said to a package that somebody wants to send."""

    OPEN = ("open", "Open", "Not yet answered; nothing has left.")
    GRANTED = ("granted", "Granted", "It may leave as it was shown.")
    REFUSED = ("refused", "Refused", "It does not leave; the reasons say why.")


class SameOrNot(Terms):
    """What a reviewer judged of two victim rows."""

    SAME = ("same", "Same person", "Both rows are one person, who is counted once.")
    DIFFERENT = ("different", "Different people", "Two people; the pair is not proposed again.")
