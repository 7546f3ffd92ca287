"""The terms of an incident and of all that stands under it."""

# One line a term: the tables are read more often than they are changed.
# fmt: off

from casualty.vocabulary.base import UNCERTAIN, Codes, Terms


class DatePrecision(Codes):
    """How closely the date is known. Authority: UCDP GED codebook, date_prec."""

    DAY = (1, "Exact day", "The day is known.")
    DAYS = (2, "Two to six days", "Known to within two to six days.")
    WEEK = (3, "Week", "The week is known.")
    MONTH = (4, "Month", "The month is known, or a span of eight to thirty days.")
    YEAR = (5, "Longer than a month", "Known to within a span of more than a month, up to a year or more.")


class PlacePrecision(Codes):
    """How closely the place is known. Authority: UCDP GED codebook, where_prec. Caution: from 3 on the
    coordinates stand for an area; they never enter a test on points."""

    EXACT = (1, "Exact place", "The place itself is known.")
    NEAR = (2, "Near a known place", "Within about 25 km of a known place.")
    ADMIN2 = (3, "Second-order unit", "Only the district is known; the point stands for it.")
    ADMIN1 = (4, "First-order unit", "Only the region is known; the point stands for it.")
    LARGER = (5, "Larger or linear area", "A road, river, border or a part of a country; the point stands for it.")
    COUNTRY = (6, "Country", "Only the country is known; the point stands for it.")
    WATERS = (7, "International waters or airspace", "At sea or in the air outside any territory.")


class Sensitivity(Terms):
    """Harm that disclosure could do. Authority: OCHA Data Responsibility Guidelines (four levels)."""

    LOW = ("low", "Low", "Disclosure is unlikely to cause harm.")
    MODERATE = ("moderate", "Moderate", "Disclosure could cause limited harm.")
    HIGH = ("high", "High", "Disclosure could cause serious harm to a person or a group.")
    SEVERE = ("severe", "Severe", "Disclosure could cost lives.")


class IncidentType(Terms):
    """What happened, in neutral words. Caution: a description by the source, not a legal qualification."""

    STATE_BASED = ("state_based", "State-based armed violence", "Armed force between parties of which one at least is a State.")
    NON_STATE = ("non_state", "Non-State armed violence", "Armed force between organised groups, none of them a State.")
    ONE_SIDED = ("one_sided", "One-sided violence", "Armed force by an organised party against civilians.")
    ARMED_CLASH = ("armed_clash", "Armed clash", "An exchange of fire between armed parties.")
    BOMBARDMENT = ("bombardment", "Bombardment or shelling", "Explosive force from the air or from a distance.")
    EXPLOSIVE_DEVICE = ("explosive_device", "Planted explosive device", "A mine, roadside bomb or other placed charge.")
    RAID = ("raid", "Raid or attack on a settlement", "An armed entry into a place where people live.")
    CHECKPOINT = ("checkpoint", "Violence at a checkpoint", "Force used at a control post or during a search.")
    DETENTION = ("detention", "Death or harm in detention", "Harm to a person held by others.")
    ABDUCTION = ("abduction", "Abduction or disappearance", "A person taken, or missing after being taken.")
    LAW_ENFORCEMENT = ("law_enforcement", "Use of force in law enforcement", "Harm by or in contact with law-enforcement officials.")
    MIGRATION = ("migration", "Death or disappearance in migration", "Harm to people on the move.")
    OTHER = ("other", "Other", "Known, and none of these.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class IncidentStatus(Terms):
    """Where an incident stands in review. Authority: OHCHR Guidance on Casualty Recording (2019)."""

    DRAFT = ("draft", "Draft", "Being written; not yet put forward.")
    SUBMITTED = ("submitted", "Submitted", "Put forward, not yet reviewed (as are all imported rows).")
    IN_REVIEW = ("in_review", "In review", "A reviewer is at work on it.")
    NEEDS_WORK = ("needs_work", "Needs work", "Returned to the recorder with reasons.")
    CORROBORATED = ("corroborated", "Partly corroborated", "Supported by more than one origin, short of the standard of proof.")
    VERIFIED = ("verified", "Verified", "The stated standard of proof is met, in the written judgement of a second person.")
    CONTESTED = ("contested", "Contested", "Credible accounts contradict each other; all are kept.")
    UNVERIFIABLE = ("unverifiable", "Unverifiable", "Cannot be confirmed or refuted with what can be had.")
    REFUTED = ("refuted", "Refuted", "Shown not to have happened as alleged; kept.")
    DUPLICATE = ("duplicate", "Duplicate", "The same event as another record, to which it points.")
    WITHDRAWN = ("withdrawn", "Withdrawn", "Taken back, with a reason; kept in the ledger.")


class StandardOfProof(Terms):
    """The measure by which a reviewer judged. Authority: OHCHR practice for commissions of inquiry."""

    REASONABLE_GROUNDS = ("reasonable_grounds", "Reasonable grounds to believe", "An ordinarily prudent person would believe it on this body of information.")
    BALANCE = ("balance", "Balance of probabilities", "More likely than not.")
    REASONABLE_SUSPICION = ("reasonable_suspicion", "Reasonable suspicion", "Enough to look further, not enough to conclude.")
    BEYOND_DOUBT = ("beyond_doubt", "Beyond reasonable doubt", "No other reasonable explanation remains.")
    NOT_STATED = ("not_stated", "Not stated", "No standard was named; not allowed for verification.")


class VictimKind(Terms):
    """Whether a victim row is one person or an unnamed group."""

    PERSON = ("person", "Person", "One individual, named or not.")
    GROUP = ("group", "Unnamed group", "Several people not told apart, with a low, best and high number.")


class Harm(Terms):
    """What befell a victim. Caution: injured and missing are never counted as killed."""

    KILLED = ("killed", "Killed", "Died of the incident.")
    INJURED = ("injured", "Injured", "Hurt and alive.")
    MISSING = ("missing", "Missing", "Whereabouts not known to those who ask.")
    DISAPPEARED = ("disappeared", "Forcibly disappeared", "Taken, and the taking or the fate denied.")
    DETAINED = ("detained", "Detained", "Held by others.")
    DISPLACED = ("displaced", "Displaced", "Made to leave home.")
    ALIVE = ("alive", "Alive, verified", "Reported a victim and later found alive.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class Sex(Terms):
    """Sex of a person. Authority: SDG indicator 16.1.2 (man, woman, unknown) with 'other' if so recorded."""

    WOMAN = ("woman", "Woman or girl", "Recorded as female.")
    MAN = ("man", "Man or boy", "Recorded as male.")
    OTHER = ("other", "Other", "Recorded by the source as neither.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class AgeBand(Terms):
    """Age at the incident. Authority: SDG 16.1.2; a person of exactly 18 is an adult."""

    INFANT = ("infant", "Infant", "Under one year.")
    CHILD = ("child", "Child", "Under 18.")
    ADULT = ("adult", "Adult", "18 to 59, or adult with no closer age.")
    OLDER = ("older", "Older person", "60 and over.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class CivilStatus(Terms):
    """Status of a person at the incident. Authority: SDG indicator 16.1.2, the five statuses."""

    CIVILIAN = ("civilian", "Civilian", "Not a member of armed forces and taking no direct part in hostilities.")
    OTHER_PROTECTED = ("other_protected", "Other protected person", "Protected on another ground, such as medical personnel of a party.")
    ARMED_FORCES = ("armed_forces", "Member of armed forces", "Member of the armed forces of a party.")
    DIRECT_PART = ("direct_part", "Person directly participating in hostilities", "Took a direct part at that time.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class Cause(Terms):
    """Cause of death. Authority: SDG indicator 16.1.2, the eleven causes."""

    HEAVY_WEAPONS = ("heavy_weapons", "Heavy weapons and explosive munitions", "Shells, bombs, rockets and the like.")
    PLANTED_EXPLOSIVES = ("planted_explosives", "Planted explosives and unexploded ordnance", "Mines, placed charges, remnants.")
    SMALL_ARMS = ("small_arms", "Small arms and light weapons", "Rifles, pistols, machine guns and the like.")
    INCENDIARY = ("incendiary", "Incendiary", "Weapons that burn.")
    CBRN = ("cbrn", "Chemical, biological, radiological, nuclear", "Agents of these four kinds.")
    ELECTROMAGNETIC = ("electromagnetic", "Electromagnetic weapons", "Directed energy.")
    LESS_LETHAL = ("less_lethal", "Less lethal weapons", "Tear gas, batons, electric weapons and the like.")
    DENIAL = ("denial", "Denial of access to or destruction of objects indispensable to survival", "Food, water, care.")
    ACCIDENT = ("accident", "Accidents related to conflict", "Accidents that the conflict brought about.")
    OTHER_MEANS = ("other_means", "Use of objects and other means", "Blades, vehicles, hands and other means.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class NameKind(Terms):
    """What kind of name this is."""

    FULL = ("full", "Full name", "As the source gives it.")
    ALIAS = ("alias", "Alias or nickname", "Another name in use.")
    BIRTH = ("birth", "Name at birth", "A name held before marriage or change.")
    TRANSLITERATION = ("transliteration", "Transliteration", "The same name written in another script.")


class GenocideGround(Terms):
    """The four protected groups. Authority: Genocide Convention, article II. Caution: political groups are not among them."""

    NATIONAL = ("national", "National", "A group by nationality.")
    ETHNICAL = ("ethnical", "Ethnical", "A group by ethnicity.")
    RACIAL = ("racial", "Racial", "A group by race as perceived or held.")
    RELIGIOUS = ("religious", "Religious", "A group by religion or belief.")


class PersecutionGround(Terms):
    """Grounds of persecution. Authority: Rome Statute, article 7(1)(h). Wider than, and apart from, the Convention's four."""

    POLITICAL = ("political", "Political", "Political opinion or affiliation.")
    RACIAL = ("racial", "Racial", "Race as perceived or held.")
    NATIONAL = ("national", "National", "Nationality.")
    ETHNIC = ("ethnic", "Ethnic", "Ethnicity.")
    CULTURAL = ("cultural", "Cultural", "Culture or language.")
    RELIGIOUS = ("religious", "Religious", "Religion or belief.")
    GENDER = ("gender", "Gender", "Gender in the sense of article 7(3).")
    OTHER = ("other", "Other recognised ground", "Another ground universally recognised as impermissible.")


class DimensionState(Terms):
    """Whether a deployment uses an identity dimension. Authority: Standards for Casualty Recording (2016), protection."""

    ON = ("on", "On", "A protection assessment is signed; recorders may enter it.")
    IMPORTED = ("imported", "Imported only", "Came with a data set; no assessment yet, so no entry form offers it.")
    OFF = ("off", "Off", "In no form, no analysis and no export.")


class IdentitySense(Terms):
    """Which of three things an attribution speaks of; they are never mixed in one analysis."""

    OWN = ("own", "Own identity", "What the person was, or was known as.")
    PERCEIVED = ("perceived", "Perceived identity", "What the alleged perpetrator is said to have taken the person for.")
    TARGETING_GROUND = ("targeting_ground", "Targeting ground", "The characteristic alleged as the reason.")


class AttributionBasis(Terms):
    """How an identity came to be attributed. Caution: no algorithm attributes identity, least of all from a name."""

    SELF_STATED = ("self_stated", "Self-stated", "The person said so.")
    FAMILY = ("family", "Family", "Next of kin said so.")
    COMMUNITY_KNOWN = ("community_known", "Community-known", "Known to neighbours or community.")
    DOCUMENT = ("document", "Document", "Written in a document of the person.")
    SOURCE_CLAIM = ("source_claim", "Source's claim", "The source says so and gives no ground.")
    PERSON_INFERRED = ("person_inferred", "Inferred by a person", "A named person concluded it; left out of analysis unless asked for.")
    PERPETRATOR_PERCEIVED = ("perpetrator_perceived", "Perpetrator-perceived", "Said or shown by the alleged perpetrator.")


class Confidence(Terms):
    """How sure the recorder or source is."""

    HIGH = ("high", "High", "Little doubt remains.")
    MEDIUM = ("medium", "Medium", "More likely than not.")
    LOW = ("low", "Low", "Possible.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN


class ActKind(Terms):
    """What was done to a victim. Authority: after HURIDOCS Events Standard Formats. Caution: descriptive, not a charge."""

    KILLING = ("killing", "Killing", "An act that caused death.")
    INJURY = ("injury", "Injury", "An act that caused bodily harm.")
    ABDUCTION = ("abduction", "Abduction", "Taking a person by force.")
    DISAPPEARANCE = ("disappearance", "Enforced disappearance", "Taking a person and denying the taking or the fate.")
    DETENTION = ("detention", "Arbitrary detention", "Holding a person without lawful ground, as alleged.")
    TORTURE = ("torture", "Torture or ill-treatment", "Severe pain inflicted, as alleged.")
    SEXUAL_VIOLENCE = ("sexual_violence", "Sexual violence", "An act of a sexual nature by force or coercion.")
    DISPLACEMENT = ("displacement", "Forced displacement", "Making people leave.")
    DESTRUCTION = ("destruction", "Destruction of property", "Destroying homes, worship or means of life.")
    DEPRIVATION = ("deprivation", "Deprivation of means of survival", "Denying food, water or care.")
    OTHER = ("other", "Other", "Known, and none of these.")
    UNKNOWN, NOT_RECORDED, WITHHELD, NOT_APPLICABLE = UNCERTAIN
