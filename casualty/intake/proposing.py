"""Proposing a mapping from a file's header and first rows: by known formats, known names, and what the values look like."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from casualty.errors import UsageFault
from casualty.intake import values
from casualty.intake.mapping import FIELDS, NEEDED, Identity, Mapping, term
from casualty.intake.reading import Table
from casualty.linkage import fold, slug
from casualty.vocabulary import Harm, IntakeFormat

SAMPLE_ROWS = 5000
MOST_GROUPS = 60
TOTALS = ("total", "all", "everybody")

ALIASES: dict[str, str] = {
    "incident": "incident incident_id incident_code event_id event_code event_number",
    "date_start": "date_start start_date date incident_date event_date date_of_incident date_of_event date_occurred fecha"
    " date_of_incident_month_day_year fecha_de_secuestro",
    "date_end": "date_end end_date",
    "date_year": "year yr annee anio", "date_month": "month mes mois", "date_day": "day dia jour",
    "date_precision": "date_prec date_precision time_precision",
    "time_of_day": "time time_of_day hour", "report_date": "report_date date_reported reported_on",
    "lat": "lat latitude y_lat geo_lat lat_dd", "lon": "lon longitude lng long x_lon geo_lon lon_dd",
    "place_precision": "where_prec place_precision location_precision geo_precision_ucdp", "uncertainty_m": "uncertainty_m",
    "place": "place location where_coordinates place_name place_as_reported city town streetaddress street_address"
    " street_address_of_incident where_description lieu lugar lugar_de_secuestro",
    "country": "country pays pais country_name", "admin1": "adm_1 admin1 adm1 adm1_name admin1_name state province region governorate",
    "admin2": "adm_2 admin2 adm2 adm2_name admin2_name district county",
    "pcode": "pcode p_code admin_pcode adm2_pcode adm3_pcode adm1_pcode adm1_code adm2_code",
    "killed_low": "low low_est low_death deaths_low killed_low killed_min reported_minimum min minimum deaths_min",
    "killed_best": "best best_est best_death deaths_best killed killed_best deaths fatalities dead number_killed total_killed muertos",
    "killed_high": "high high_est high_death deaths_high killed_high killed_max reported_maximum max maximum deaths_max",
    "injured_best": "injured wounded injured_best number_injured heridos", "injured_low": "injured_low injured_min",
    "injured_high": "injured_high injured_max",
    "missing_best": "missing missing_best number_missing", "missing_low": "missing_low", "missing_high": "missing_high",
    "deaths_a": "deaths_a", "deaths_b": "deaths_b", "deaths_civilians": "deaths_civilians", "deaths_unknown": "deaths_unknown",
    "incident_type": "type_of_violence incident_type event_type", "title": "title headline", "narrative": "notes narrative description",
    "clarity": "event_clarity", "situation": "conflict_name situation", "actor_a": "side_a actor1 actor alleged_actor actor_a",
    "actor_b": "side_b actor2 actor_b", "origin": "source_original", "cited": "source_article sources source source_office",
    "name": "name victim_s_name victim_name victim full_name nombre apellido_paterno_nombres",
    "age": "age victim_s_age edad edad_al_momento_del_hecho age_years", "sex": "sex gender victim_s_gender sexo",
    "civil_status": "civil_status status_ihl", "cause": "cause_sdg", "occupation": "occupation ocupaciones profession",
    "described_as": "cause_of_death classification manner_of_death", "date_of_death": "date_of_death",
    "harm": "harm outcome tipificacion_ruvte estado",
    "id": "id uid incident_id event_id ibc_code code record_id victim_id mpv_id id_unico_ruvte",
}  # fmt: skip
IDENTITY_ALIASES = {
    "race": "race victim_s_race raceethnicity", "ethnicity": "ethnicity ethnic_group ethnic", "religion": "religion faith sect",
    "group": "group identity_group victim_group community", "nationality": "nationality nacionalidad",
}  # fmt: skip
REFERENCE_ALIASES: dict[IntakeFormat, dict[str, str]] = {
    IntakeFormat.POPULATION: {
        "area": "area pcode p_code adm2_pcode adm1_pcode admin1 adm1 state district region county fips unit",
        "dimension": "dimension", "group": "group identity_group race ethnicity religion community group_code",
        "year": "year", "number": "number population pop people count", "source": "source",
    },
    IntakeFormat.GROUPS: {
        "dimension": "dimension dimension_code", "dimension_label": "dimension_label", "genocide_ground": "genocide_ground",
        "persecution_ground": "persecution_ground", "assessment": "assessment protection_assessment",
        "group": "group group_code code identity_group", "group_label": "group_label label name", "label_local": "label_local",
        "parent": "parent parent_group",
    },
    IntakeFormat.ACTORS: {
        "name": "name actor actor_name", "kind": "kind type actor_kind", "aliases": "aliases alias other_names",
        "affiliation": "affiliation affiliated_with", "id": "id actor_id external_id",
    },
    IntakeFormat.PLACES: {
        "name": "name place place_name toponym featurename featurename_en name_en",
        "also": "also other_names alternate_names alternatenames aliases name_local name_ar featurename_ar", "lat": "lat latitude y",
        "lon": "lon lng long longitude x", "uncertainty_m": "uncertainty_m", "pcode": "pcode p_code adm3_pcode adm2_pcode adm1_pcode",
        "country": "country", "admin1": "admin1 adm1_name adm1_en adm1 governorate province region",
    },
}  # fmt: skip
HXL: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("id", "event", frozenset({"id"})), ("id", "event", frozenset({"code"})), ("incident_type", "event", frozenset({"type"})),
    ("described_as", "cause", frozenset({"type"})),
    ("date_start", "date", frozenset({"occurred", "start"})), ("date_end", "date", frozenset({"occurred", "end"})),
    ("date_start", "date", frozenset({"start"})), ("date_end", "date", frozenset({"end"})),
    ("date_start", "date", frozenset({"occurred"})), ("date_start", "date", frozenset({"event"})),
    ("report_date", "date", frozenset({"reported"})), ("date_start", "date", frozenset()),
    ("country", "country", frozenset({"name"})), ("country", "country", frozenset()),
    ("pcode", "adm3", frozenset({"code"})), ("pcode", "adm2", frozenset({"code"})), ("pcode", "adm1", frozenset({"code"})),
    ("admin1", "adm1", frozenset({"name"})), ("admin1", "adm1", frozenset()), ("admin2", "adm2", frozenset({"name"})),
    ("admin2", "adm2", frozenset()), ("place", "loc", frozenset({"name"})), ("place", "loc", frozenset()),
    ("place", "region", frozenset({"incident"})), ("lat", "geo", frozenset({"lat"})), ("lon", "geo", frozenset({"lon"})),
    ("place_precision", "geo", frozenset({"precision"})),
    ("killed_low", "affected", frozenset({"killed", "min"})), ("killed_high", "affected", frozenset({"killed", "max"})),
    ("killed_best", "affected", frozenset({"killed"})), ("killed_best", "affected", frozenset({"dead"})),
    ("injured_best", "affected", frozenset({"injured"})), ("missing_best", "affected", frozenset({"missing"})),
    ("cited", "meta", frozenset({"source", "name"})), ("cited", "meta", frozenset({"source"})),
    ("actor_a", "org", frozenset({"alleged"})),
)  # fmt: skip
GED_TYPES = {
    "1": "state_based", "2": "non_state", "3": "one_sided", "State-based violence": "state_based",
    "Non-state violence": "non_state", "One-sided violence": "one_sided",
}  # fmt: skip

# Words that tell what befell a victim, each looked for before those after it.
HARM_WORDS = (
    (Harm.ALIVE, ("found alive", "released", "localizad", "restituid", "liberad")),
    (Harm.DISAPPEARED, ("disappear", "desapar", "disparu")),
    (Harm.KILLED, ("killed", "dead", "died", "deceased", "fatal", "asesin", "muert", "tue")),
    (Harm.INJURED, ("injured", "wounded", "herid", "blesse")),
    (Harm.MISSING, ("missing",)),
    (Harm.DETAINED, ("detained", "detenid")),
)


def detect(table: Table) -> IntakeFormat:
    """Return the format that a table's header speaks of."""
    if table.tagged:
        return IntakeFormat.HXL
    names = {slug(header) for header in table.headers}
    if {"type_of_violence", "side_a"} <= names:
        return IntakeFormat.GED
    if {"reported_minimum", "reported_maximum"} <= names or {"ibc_code"} <= names:
        return IntakeFormat.IBC
    if "dimension" in names and "number" not in names and "population" not in names:
        return IntakeFormat.GROUPS
    if names & {"population", "number", "people"} and not names & {"date", "lat", "latitude"}:
        return IntakeFormat.POPULATION
    counts = any(_columns(field, table.headers) for field in ("killed_low", "killed_best", "killed_high"))
    dated = any(_columns(field, table.headers) for field in ("date_start", "date_year"))
    if names & {"kind", "actor_kind"} and not dated:
        return IntakeFormat.ACTORS
    if not counts and any(_columns(field, table.headers) for field in ("name", "age", "sex")):
        return IntakeFormat.VICTIMS
    persons = any(header in IDENTITY_ALIASES[name].split() for name in IDENTITY_ALIASES for header in names)
    return IntakeFormat.VICTIMS if persons and not counts else IntakeFormat.INCIDENTS


def _columns(field: str, headers: list[str], aliases: dict[str, str] = ALIASES) -> list[str]:
    """Return the columns that look like a field, the likeliest first."""
    by_slug = {slug(header): header for header in reversed(headers)}
    return [by_slug[alias] for alias in aliases[field].split() if alias in by_slug]


def propose(table: Table, dataset: str, wanted: IntakeFormat | None = None) -> Mapping:
    """Return a mapping for a table; `wanted` settles the format instead of the header.

    Raises UsageFault if nothing that the format needs can be found.
    """
    kind = wanted or detect(table)
    mapping = Mapping(
        kind,
        dataset,
        source=_publisher(kind, dataset),
        encoding=table.encoding if table.notes else "",
        remarks=list(table.notes),
    )
    if kind in REFERENCE_ALIASES:
        return _propose_reference(table, mapping)
    columns = _hxl_columns(table.headers) if table.tagged else _incident_columns(table.headers, kind)
    sample = list(islice(table.rows(), SAMPLE_ROWS))
    mapping = replace(
        mapping, columns=columns, values={"incident_type": dict(GED_TYPES)} if kind == IntakeFormat.GED else {}
    )
    mapping = _with_harm(mapping, table, sample)
    mapping = _with_dates(mapping, table, sample)
    mapping = _with_identity(mapping, table, sample)
    used = {name for names in mapping.columns.values() for name in names} | {
        part.column for part in mapping.identity.values()
    }
    mapping = replace(mapping, unused=[header for header in table.headers if header not in used])
    if not mapping.columns.keys() & {"date_start", "date_year", "report_date"} and not mapping.columns.keys() & {
        "killed_best",
        "killed_low",
        "name",
    }:
        raise UsageFault(
            f"{table.path.name} looks like none of the known formats: no date, no number and no name is among its columns"
            f" ({', '.join(table.headers[:8])} ...). Write a mapping for it and give it with --mapping."
        )
    return mapping


def _publisher(kind: IntakeFormat, dataset: str) -> str:
    return {IntakeFormat.GED: "UCDP Georeferenced Event Dataset", IntakeFormat.IBC: "Iraq Body Count"}.get(
        kind, dataset
    )


def _incident_columns(headers: list[str], kind: IntakeFormat) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    taken: set[str] = set()
    order = sorted(ALIASES, key=lambda field: (field == "id") if kind != IntakeFormat.VICTIMS else (field == "id") * 2)
    for field in order:
        if field == "incident" and kind != IntakeFormat.VICTIMS:
            continue
        found = [name for name in _columns(field, headers) if name not in taken]
        # A place may be written in several columns, and sources too; everything else stands in one.
        if found := found if field in ("place", "cited") else found[:1]:
            columns[field] = found
            taken |= set(found)
    if "date_start" in columns and kind != IntakeFormat.GED:
        for part in ("date_year", "date_month", "date_day"):
            columns.pop(part, None)
    if kind == IntakeFormat.GED and "date_start" in columns:
        columns = {
            name: value for name, value in columns.items() if name not in ("date_year", "date_month", "date_day")
        }
    return {name: columns[name] for name in FIELDS[kind] if name in columns}


def _hxl_columns(headers: list[str]) -> dict[str, list[str]]:
    columns: dict[str, list[str]] = {}
    parsed = [(header, *_tag(header)) for header in headers]
    for field, tag, attributes in HXL:
        found = [header for header, name, given in parsed if name == tag and attributes <= given]
        if found and field not in columns and found[0] not in {name for names in columns.values() for name in names}:
            columns[field] = found[:1]
    return {name: columns[name] for name in FIELDS[IntakeFormat.HXL] if name in columns}


def _tag(header: str) -> tuple[str, frozenset[str]]:
    tag, *attributes = header.lower().replace(" ", "").lstrip("#").split("+")
    return tag, frozenset(attributes)


def _with_harm(mapping: Mapping, table: Table, sample: list[list[str]]) -> Mapping:
    """Settle what befell the victims: by the words of a column, or else killed, as lists of the dead leave unsaid."""
    if mapping.format != IntakeFormat.VICTIMS:
        return mapping
    meant = _harms(table, mapping.columns.get("harm", [""])[0], sample)
    if not meant:
        columns = {name: named for name, named in mapping.columns.items() if name != "harm"}
        remark = "No column says what befell the victims: all are taken as killed. If that is not so, change it under [defaults]."
        defaults = {**mapping.defaults, "harm": Harm.KILLED.value}
        return replace(mapping, columns=columns, defaults=defaults, remarks=[*mapping.remarks, remark])
    words = {word: harm for word, harm in meant.items() if term(Harm, word) is None}
    if not words:
        return mapping
    remark = f"What befell the victims is read from {mapping.columns['harm'][0]!r}: look at [values.harm]."
    return replace(mapping, values={**mapping.values, "harm": words}, remarks=[*mapping.remarks, remark])


def _harms(table: Table, column: str, sample: list[list[str]]) -> dict[str, str]:
    """Return what the words of a column mean, or nothing where most of them speak of something else."""
    if column not in table.headers:
        return {}
    at = table.headers.index(column)
    said = [word for cells in sample if at < len(cells) and (word := cells[at].strip())]
    meant = {word: harm for word in sorted(set(said)) if (harm := term(Harm, word) or _harm(word)) is not None}
    return meant if sum(word in meant for word in said) > len(said) / 2 else {}


def _harm(word: str) -> str | None:
    return next((harm.value for harm, parts in HARM_WORDS if any(part in fold(word) for part in parts)), None)


def _with_dates(mapping: Mapping, table: Table, sample: list[list[str]]) -> Mapping:
    """Settle day-month or month-day from all dates together."""
    if mapping.format == IntakeFormat.HXL and "date_start" not in mapping.columns and "report_date" in mapping.columns:
        remark = (
            "No date of the event is tagged; the date of the report stands for it. Say otherwise if you know better."
        )
        columns = {**mapping.columns, "date_start": mapping.columns["report_date"]}
        mapping = replace(mapping, columns=columns, remarks=[*mapping.remarks, remark])
    named = ("date_start", "date_end", "report_date", "date_of_death")
    places = [table.headers.index(mapping.columns[name][0]) for name in named if name in mapping.columns]
    written = {cells[at].strip() for cells in sample for at in places if at < len(cells)}
    parts = [tuple(map(int, found.groups())) for text in written if (found := values.NUMERIC_DATE.fullmatch(text))]
    first, second = (max((part[i] for part in parts if part[0] <= 31), default=0) for i in (0, 1))
    if first > 12 >= second or second > 12 >= first:
        return replace(mapping, date_order="dmy" if first > second else "mdy")
    if not first:
        return mapping
    remark = "Dates such as 05/11/2015 occur and nothing shows which is the month: set date_order to dmy or mdy."
    return replace(mapping, remarks=[*mapping.remarks, remark])


def _with_identity(mapping: Mapping, table: Table, sample: list[list[str]]) -> Mapping:
    found = {}
    for dimension, aliases in IDENTITY_ALIASES.items():
        column = next((h for h in table.headers if slug(h) in aliases.split()), None)
        if column is None or mapping.format == IntakeFormat.GED:
            continue
        at = table.headers.index(column)
        words = Counter(cells[at].strip() for cells in sample if at < len(cells))
        words.pop("", None)
        if words and len({slug(word) for word in words}) <= MOST_GROUPS:
            groups = {word: values.missing_group(word) or slug(word) for word in sorted(words)}
            found[dimension] = Identity(column, label=dimension.capitalize(), groups=groups)
    return replace(mapping, identity=found)


def _propose_reference(table: Table, mapping: Mapping) -> Mapping:
    aliases = REFERENCE_ALIASES[mapping.format]
    columns = {name: found[:1] for name in aliases if (found := _columns(name, table.headers, aliases))}
    defaults: dict[str, str] = {}
    wide: dict[str, str] = {}
    if mapping.format == IntakeFormat.POPULATION:
        if "group" in columns and "dimension" not in columns:
            word = slug(columns["group"][0])
            defaults["dimension"] = next(
                (name for name, words in IDENTITY_ALIASES.items() if word in words.split()), word
            )
        if "year" not in columns:
            defaults["year"] = ""
            mapping.remarks.append("No column states the year: write it under [defaults].")
        if "source" not in columns:
            defaults["source"] = mapping.source
        if "group" not in columns and "number" not in columns:
            wide = _wide_groups(table)
            defaults["dimension"] = "group"
    lacking = [name for name in NEEDED[mapping.format] if name not in columns and not (name == "number" and wide)]
    if lacking:
        raise UsageFault(
            f"{table.path.name}: no column looks like {', '.join(lacking)}; write a mapping (see: casualty intake propose)."
        )
    used = {name for names in columns.values() for name in names} | set(wide)
    return replace(
        mapping, columns=columns, defaults=defaults, wide=wide, unused=[h for h in table.headers if h not in used]
    )


def _wide_groups(table: Table) -> dict[str, str]:
    """A table with one column a group: those of whole numbers, some above a hundred, so that no share is taken for one."""
    sample: Iterable[list[str]] = list(islice(table.rows(), 50))
    found = {}
    for at, header in enumerate(table.headers):
        cells = [cells[at].strip().replace(",", "") for cells in sample if at < len(cells) and cells[at].strip()]
        people = bool(cells) and all(map(str.isdecimal, cells)) and max(map(int, cells)) > 100
        if people and slug(header) not in ("year", "fips", "code", "id"):
            found[header] = "" if slug(header) in TOTALS else slug(header)
    return found
