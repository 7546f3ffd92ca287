"""Make the whole record from nothing.

Why: the first schema: the record, the house that keeps it, and the ledger.
What old rows become: there are none.
Evidence and ledger: made here, insert-only by triggers on both databases.
"""
# fmt: off

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

col = sa.Column

TABLES = (
    "victim_name", "consent", "claim", "attribution", "act", "victim", "review", "population", "involvement",
    "batch", "revision_body", "incident", "identity_group", "document", "credential", "source", "situation",
    "revision", "release", "origin", "ledger_head", "dimension", "deployment", "admin_unit", "actor",
    "account",
)


def words(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def held_columns() -> Iterator[sa.Column]:
    """The columns of every root record."""
    yield col('id', sa.String(36), nullable=False)
    yield col('version', sa.Integer(), nullable=False)
    yield col('recorded_at', sa.String(27), nullable=False)
    yield col('recorded_by', sa.String(80), nullable=False)
    yield col('sensitivity', words('sensitivity', 'low', 'moderate', 'high', 'severe'), nullable=False)
    yield col('codebook_version', sa.String(16), nullable=False)
    yield col('withdrawn_at', sa.String(27))
    yield col('withdrawn_by', sa.String(80))
    yield col('withdrawn_reason', sa.String())


def held_checks(table: str) -> Iterator[sa.CheckConstraint]:
    """The checks of every root record."""
    yield sa.CheckConstraint("version >= 1", name=op.f(f"ck_{table}_version_sign"))
    yield sa.CheckConstraint(
        "(withdrawn_at IS NULL AND withdrawn_by IS NULL AND withdrawn_reason IS NULL) OR "
        "(withdrawn_at IS NOT NULL AND withdrawn_by IS NOT NULL AND withdrawn_reason IS NOT NULL)",
        name=op.f(f"ck_{table}_withdrawal"),
    )


def upgrade() -> None:
    make_tables()
    op.execute(sa.text("INSERT INTO ledger_head (id, seq, hash) VALUES (1, 0, '" + "0" * 64 + "')"))
    if op.get_bind().dialect.name == "sqlite":
        guard_sqlite()
    else:
        guard_postgresql()


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for name in TABLES:
        op.drop_table(name)
    if postgresql:
        for function in ("casualty_refuse", "casualty_guard_body"):
            op.execute(sa.text(f"DROP FUNCTION {function}()"))


def guard_sqlite() -> None:
    """Refuse UPDATE, DELETE and INSERT OR REPLACE on the chain; let a body leave only after its erasure."""
    for table in ("revision", "revision_body"):
        for event, when in (("UPDATE", ""), ("INSERT", f"WHEN EXISTS (SELECT 1 FROM {table} WHERE seq = NEW.seq)")):
            op.execute(sa.text(
                f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} {when} "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is insert-only'); END"
            ))
    op.execute(sa.text(
        "CREATE TRIGGER revision_no_delete BEFORE DELETE ON revision "
        "BEGIN SELECT RAISE(ABORT, 'the ledger is insert-only'); END"
    ))
    op.execute(sa.text(
        "CREATE TRIGGER revision_body_no_delete BEFORE DELETE ON revision_body WHEN NOT EXISTS ("
        "SELECT 1 FROM revision e JOIN revision r ON r.record_id = e.record_id "
        "WHERE r.seq = OLD.seq AND e.operation = 'erase' AND e.seq > OLD.seq) "
        "BEGIN SELECT RAISE(ABORT, 'a body leaves only by an erasure in the chain'); END"
    ))


def guard_postgresql() -> None:
    """The same, and TRUNCATE too."""
    op.execute(sa.text(
        "CREATE FUNCTION casualty_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the ledger is insert-only'; END $$"
    ))
    op.execute(sa.text(
        "CREATE FUNCTION casualty_guard_body() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF EXISTS (SELECT 1 FROM revision e JOIN revision r ON r.record_id = e.record_id "
        "WHERE r.seq = OLD.seq AND e.operation = 'erase' AND e.seq > OLD.seq) THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION 'a body leaves only by an erasure in the chain'; END $$"
    ))
    for table, events in (("revision", "UPDATE OR DELETE"), ("revision_body", "UPDATE")):
        op.execute(sa.text(
            f"CREATE TRIGGER {table}_insert_only BEFORE {events} ON {table} FOR EACH ROW EXECUTE FUNCTION casualty_refuse()"
        ))
        op.execute(sa.text(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION casualty_refuse()"
        ))
    op.execute(sa.text(
        "CREATE TRIGGER revision_body_erasure BEFORE DELETE ON revision_body "
        "FOR EACH ROW EXECUTE FUNCTION casualty_guard_body()"
    ))


def make_tables() -> None:
    op.create_table('account',
    *held_columns(),
    col('name', sa.String(60), nullable=False),
    col('role', words('role', 'recorder', 'reviewer', 'analyst', 'custodian', 'administrator'), nullable=False),
    col('sample', sa.Boolean(), nullable=False),
    col('active', sa.Boolean(), nullable=False),
    col('credential_digest', sa.String(64), nullable=False),
    *held_checks('account'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('name', name=op.f('uq_account_name'))
    )
    op.create_table('actor',
    *held_columns(),
    col('name', sa.String(300), nullable=False),
    col('kind', words('actor_kind', 'state', 'non_state_armed', 'pro_state_militia', 'communal_militia', 'foreign_state', 'international', 'private', 'civilians', 'other', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('aliases', sa.String()),
    col('parent_id', sa.String(36)),
    col('affiliation', sa.String(200)),
    col('external_id', sa.String(80)),
    *held_checks('actor'),
    sa.CheckConstraint('parent_id <> id', name=op.f('ck_actor_parent_self')),
    sa.ForeignKeyConstraint(['parent_id'], ['actor.id'], name=op.f('fk_actor_parent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_actor')),
    sa.UniqueConstraint('name', name=op.f('uq_actor_name'))
    )
    op.create_table('admin_unit',
    *held_columns(),
    col('pcode', sa.String(40), nullable=False),
    col('boundary_set', sa.String(80), nullable=False),
    col('name', sa.String(200), nullable=False),
    col('name_local', sa.String(200)),
    col('level', sa.Integer(), nullable=False),
    col('parent_pcode', sa.String(40)),
    col('valid_from', sa.Date()),
    col('valid_to', sa.Date()),
    col('lat', sa.Float()),
    col('lon', sa.Float()),
    col('geometry', sa.String()),
    sa.CheckConstraint('(lat IS NULL AND lon IS NULL) OR (lat IS NOT NULL AND lon IS NOT NULL)', name=op.f('ck_admin_unit_lat_lon')),
    *held_checks('admin_unit'),
    sa.CheckConstraint('lat BETWEEN -90 AND 90', name=op.f('ck_admin_unit_lat_range')),
    sa.CheckConstraint('level BETWEEN 0 AND 6', name=op.f('ck_admin_unit_level_range')),
    sa.CheckConstraint('lon BETWEEN -180 AND 180', name=op.f('ck_admin_unit_lon_range')),
    sa.CheckConstraint('valid_to >= valid_from', name=op.f('ck_admin_unit_validity')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_admin_unit')),
    sa.UniqueConstraint('boundary_set', 'pcode', name=op.f('uq_admin_unit_boundary_set_pcode'))
    )
    op.create_table('deployment',
    *held_columns(),
    col('name', sa.String(200), nullable=False),
    col('sample', sa.Boolean(), nullable=False),
    col('minimum_origins', sa.Integer(), nullable=False),
    *held_checks('deployment'),
    sa.CheckConstraint('minimum_origins >= 1', name=op.f('ck_deployment_minimum_origins_sign')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deployment'))
    )
    op.create_table('dimension',
    *held_columns(),
    col('code', sa.String(60), nullable=False),
    col('label', sa.String(200), nullable=False),
    col('genocide_ground', words('genocide_ground', 'national', 'ethnical', 'racial', 'religious')),
    col('persecution_ground', words('persecution_ground', 'political', 'racial', 'national', 'ethnic', 'cultural', 'religious', 'gender', 'other')),
    col('state', words('dimension_state', 'on', 'imported', 'off'), nullable=False),
    col('assessment', sa.String()),
    sa.CheckConstraint("state <> 'on' OR coalesce(length(assessment), 0) > 0", name=op.f('ck_dimension_assessment_first')),
    *held_checks('dimension'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dimension')),
    sa.UniqueConstraint('code', name=op.f('uq_dimension_code'))
    )
    op.create_table('ledger_head',
    col('id', sa.Integer(), autoincrement=False, nullable=False),
    col('seq', sa.Integer(), nullable=False),
    col('hash', sa.String(64), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_ledger_head_one_row')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_head'))
    )
    op.create_table('origin',
    *held_columns(),
    col('label', sa.String(300), nullable=False),
    col('note', sa.String()),
    *held_checks('origin'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_origin')),
    sa.UniqueConstraint('label', name=op.f('uq_origin_label'))
    )
    op.create_table('release',
    *held_columns(),
    col('tier', words('tier', 'public', 'partner', 'commission', 'internal'), nullable=False),
    col('recipient', sa.String(300), nullable=False),
    col('basis', sa.String(), nullable=False),
    col('manifest_sha256', sa.String(64), nullable=False),
    col('ledger_head', sa.String(64), nullable=False),
    col('incidents', sa.Integer(), nullable=False),
    *held_checks('release'),
    sa.CheckConstraint('length(recipient) > 0 AND length(basis) > 0', name=op.f('ck_release_recipient_basis')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_release'))
    )
    op.create_table('revision',
    col('seq', sa.Integer(), autoincrement=False, nullable=False),
    col('at', sa.String(27), nullable=False),
    col('actor', sa.String(80), nullable=False),
    col('record_kind', sa.String(32), nullable=False),
    col('record_id', sa.String(36), nullable=False),
    col('operation', words('operation', 'record', 'amend', 'withdraw', 'restore', 'review', 'erase'), nullable=False),
    col('reason', sa.String(), nullable=False),
    col('batch_id', sa.String(36)),
    col('digest', sa.String(64), nullable=False),
    col('hash', sa.String(64), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_revision'))
    )
    op.create_index(op.f('ix_revision_batch_id'), 'revision', ['batch_id'], unique=False)
    op.create_index('ix_revision_record', 'revision', ['record_kind', 'record_id', 'seq'], unique=False)
    op.create_table('situation',
    *held_columns(),
    col('name', sa.String(200), nullable=False),
    col('kind', words('situation_kind', 'international', 'non_international', 'other_violence', 'not_assessed'), nullable=False),
    col('classified_by', sa.String(200)),
    col('date_start', sa.Date()),
    col('date_end', sa.Date()),
    sa.CheckConstraint("kind = 'not_assessed' OR classified_by IS NOT NULL", name=op.f('ck_situation_classified_by_whom')),
    *held_checks('situation'),
    sa.CheckConstraint('date_end >= date_start', name=op.f('ck_situation_date_order')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_situation')),
    sa.UniqueConstraint('name', name=op.f('uq_situation_name'))
    )
    op.create_table('source',
    *held_columns(),
    col('name', sa.String(300), nullable=False),
    col('kind', words('source_kind', 'dataset', 'media', 'ngo', 'un', 'government', 'witness', 'family', 'medical', 'social_media', 'armed_party', 'other', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('reliability', words('reliability', 'a', 'b', 'c', 'd', 'e', 'f')),
    col('affiliation', sa.String(300)),
    *held_checks('source'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_source')),
    sa.UniqueConstraint('name', name=op.f('uq_source_name'))
    )
    op.create_table('credential',
    col('account_id', sa.String(36), nullable=False),
    col('argon2', sa.String(200), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_credential_account_id')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_credential'))
    )
    op.create_table('document',
    *held_columns(),
    col('title', sa.String(400), nullable=False),
    col('source_id', sa.String(36)),
    col('sha256', sa.String(64)),
    col('bytes', sa.BigInteger()),
    col('media_type', sa.String(100)),
    col('url', sa.String(2000)),
    col('retrieved_at', sa.String(27)),
    col('language', sa.String(16)),
    col('custody_note', sa.String()),
    *held_checks('document'),
    sa.CheckConstraint('sha256 IS NULL OR length(sha256) = 64', name=op.f('ck_document_sha256_length')),
    sa.ForeignKeyConstraint(['source_id'], ['source.id'], name=op.f('fk_document_source_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document'))
    )
    op.create_index('ix_document_sha256', 'document', ['sha256'], unique=False)
    op.create_table('identity_group',
    *held_columns(),
    col('dimension_id', sa.String(36), nullable=False),
    col('code', sa.String(80), nullable=False),
    col('label', sa.String(200), nullable=False),
    col('label_local', sa.String(200)),
    col('parent_id', sa.String(36)),
    col('valid_from', sa.Date()),
    col('valid_to', sa.Date()),
    col('contested', sa.Boolean(), nullable=False),
    col('note', sa.String()),
    *held_checks('identity_group'),
    sa.CheckConstraint('parent_id <> id', name=op.f('ck_identity_group_parent_self')),
    sa.CheckConstraint('valid_to >= valid_from', name=op.f('ck_identity_group_validity')),
    sa.ForeignKeyConstraint(['dimension_id'], ['dimension.id'], name=op.f('fk_identity_group_dimension_id')),
    sa.ForeignKeyConstraint(['parent_id'], ['identity_group.id'], name=op.f('fk_identity_group_parent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_identity_group')),
    sa.UniqueConstraint('dimension_id', 'code', name=op.f('uq_identity_group_dimension_id_code'))
    )
    op.create_index(op.f('ix_identity_group_dimension_id'), 'identity_group', ['dimension_id'], unique=False)
    op.create_table('incident',
    *held_columns(),
    col('situation_id', sa.String(36)),
    col('incident_type', words('incident_type', 'state_based', 'non_state', 'one_sided', 'armed_clash', 'bombardment', 'explosive_device', 'raid', 'checkpoint', 'detention', 'abduction', 'law_enforcement', 'migration', 'other', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('title', sa.String(300)),
    col('date_start', sa.Date()),
    col('date_end', sa.Date()),
    col('date_precision', sa.Integer()),
    col('date_missing', words('date_missing', 'unknown', 'not_recorded', 'withheld', 'not_applicable')),
    col('date_as_reported', sa.String(300)),
    col('time_of_day', sa.String(120)),
    col('report_date', sa.Date()),
    col('lat', sa.Float()),
    col('lon', sa.Float()),
    col('place_precision', sa.Integer()),
    col('uncertainty_m', sa.Float()),
    col('place_as_reported', sa.String(1000)),
    col('place_missing', words('place_missing', 'unknown', 'not_recorded', 'withheld', 'not_applicable')),
    col('country', sa.String(120)),
    col('admin1', sa.String(200)),
    col('admin2', sa.String(200)),
    col('pcode', sa.String(40)),
    col('boundary_set', sa.String(80)),
    col('killed_low', sa.Integer()),
    col('killed_best', sa.Integer()),
    col('killed_high', sa.Integer()),
    col('injured_low', sa.Integer()),
    col('injured_best', sa.Integer()),
    col('injured_high', sa.Integer()),
    col('missing_low', sa.Integer()),
    col('missing_best', sa.Integer()),
    col('missing_high', sa.Integer()),
    col('count_conflict', sa.Boolean(), nullable=False),
    col('counted_how', sa.String(300)),
    col('clarity', sa.Integer()),
    col('narrative_public', sa.String()),
    col('narrative_restricted', sa.String()),
    col('code', sa.String(16), nullable=False),
    col('status', words('incident_status', 'draft', 'submitted', 'in_review', 'needs_work', 'corroborated', 'verified', 'contested', 'unverifiable', 'refuted', 'duplicate', 'withdrawn'), nullable=False),
    col('merged_into_id', sa.String(36)),
    sa.CheckConstraint("(status = 'duplicate') = (merged_into_id IS NOT NULL)", name=op.f('ck_incident_merge_status')),
    sa.CheckConstraint("(status = 'withdrawn') = (withdrawn_at IS NOT NULL)", name=op.f('ck_incident_withdrawn_status')),
    sa.CheckConstraint('(date_start IS NULL AND date_end IS NULL) OR (date_start IS NOT NULL AND date_end IS NOT NULL)', name=op.f('ck_incident_date_span')),
    sa.CheckConstraint('(date_start IS NULL) <> (date_missing IS NULL)', name=op.f('ck_incident_date_known')),
    sa.CheckConstraint('(lat IS NULL AND lon IS NULL) OR (lat IS NOT NULL AND lon IS NOT NULL)', name=op.f('ck_incident_lat_lon')),
    sa.CheckConstraint('(lat IS NULL AND place_as_reported IS NULL AND pcode IS NULL AND admin2 IS NULL AND admin1 IS NULL AND country IS NULL) = (place_missing IS NOT NULL)', name=op.f('ck_incident_place_known')),
    *held_checks('incident'),
    sa.CheckConstraint('clarity IN (1, 2)', name=op.f('ck_incident_clarity_code')),
    sa.CheckConstraint('count_conflict OR ((injured_low IS NULL OR injured_best IS NULL OR injured_low <= injured_best) AND (injured_best IS NULL OR injured_high IS NULL OR injured_best <= injured_high) AND (injured_low IS NULL OR injured_high IS NULL OR injured_low <= injured_high))', name=op.f('ck_incident_injured_order')),
    sa.CheckConstraint('count_conflict OR ((killed_low IS NULL OR killed_best IS NULL OR killed_low <= killed_best) AND (killed_best IS NULL OR killed_high IS NULL OR killed_best <= killed_high) AND (killed_low IS NULL OR killed_high IS NULL OR killed_low <= killed_high))', name=op.f('ck_incident_killed_order')),
    sa.CheckConstraint('count_conflict OR ((missing_low IS NULL OR missing_best IS NULL OR missing_low <= missing_best) AND (missing_best IS NULL OR missing_high IS NULL OR missing_best <= missing_high) AND (missing_low IS NULL OR missing_high IS NULL OR missing_low <= missing_high))', name=op.f('ck_incident_missing_order')),
    sa.CheckConstraint('date_end >= date_start', name=op.f('ck_incident_date_order')),
    sa.CheckConstraint('date_precision IN (1, 2, 3, 4, 5)', name=op.f('ck_incident_date_precision')),
    sa.CheckConstraint('injured_best >= 0', name=op.f('ck_incident_injured_best_sign')),
    sa.CheckConstraint('injured_high >= 0', name=op.f('ck_incident_injured_high_sign')),
    sa.CheckConstraint('injured_low >= 0', name=op.f('ck_incident_injured_low_sign')),
    sa.CheckConstraint('killed_best >= 0', name=op.f('ck_incident_killed_best_sign')),
    sa.CheckConstraint('killed_high >= 0', name=op.f('ck_incident_killed_high_sign')),
    sa.CheckConstraint('killed_low >= 0', name=op.f('ck_incident_killed_low_sign')),
    sa.CheckConstraint('lat BETWEEN -90 AND 90', name=op.f('ck_incident_lat_range')),
    sa.CheckConstraint('lon BETWEEN -180 AND 180', name=op.f('ck_incident_lon_range')),
    sa.CheckConstraint('merged_into_id <> id', name=op.f('ck_incident_merge_self')),
    sa.CheckConstraint('missing_best >= 0', name=op.f('ck_incident_missing_best_sign')),
    sa.CheckConstraint('missing_high >= 0', name=op.f('ck_incident_missing_high_sign')),
    sa.CheckConstraint('missing_low >= 0', name=op.f('ck_incident_missing_low_sign')),
    sa.CheckConstraint('place_precision IN (1, 2, 3, 4, 5, 6, 7)', name=op.f('ck_incident_place_precision')),
    sa.CheckConstraint('uncertainty_m >= 0', name=op.f('ck_incident_uncertainty_sign')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['incident.id'], name=op.f('fk_incident_merged_into_id')),
    sa.ForeignKeyConstraint(['situation_id'], ['situation.id'], name=op.f('fk_incident_situation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_incident')),
    sa.UniqueConstraint('code', name=op.f('uq_incident_code'))
    )
    op.create_index(op.f('ix_incident_date_start'), 'incident', ['date_start'], unique=False)
    op.create_index('ix_incident_lat_lon', 'incident', ['lat', 'lon'], unique=False)
    op.create_index(op.f('ix_incident_merged_into_id'), 'incident', ['merged_into_id'], unique=False)
    op.create_index(op.f('ix_incident_pcode'), 'incident', ['pcode'], unique=False)
    op.create_index(op.f('ix_incident_status'), 'incident', ['status'], unique=False)
    op.create_table('revision_body',
    col('seq', sa.Integer(), autoincrement=False, nullable=False),
    col('salt', sa.String(32), nullable=False),
    col('before', sa.String()),
    col('after', sa.String()),
    sa.ForeignKeyConstraint(['seq'], ['revision.seq'], name=op.f('fk_revision_body_seq')),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_revision_body'))
    )
    op.create_table('batch',
    *held_columns(),
    col('dataset', sa.String(120), nullable=False),
    col('format', words('intake_format', 'ged', 'ibc', 'hxl', 'victims', 'incidents', 'population', 'places', 'groups', 'actors'), nullable=False),
    col('document_id', sa.String(36), nullable=False),
    col('mapping', sa.String(), nullable=False),
    col('complete', sa.Boolean(), nullable=False),
    col('read', sa.Integer(), nullable=False),
    col('recorded', sa.Integer(), nullable=False),
    col('amended', sa.Integer(), nullable=False),
    col('unchanged', sa.Integer(), nullable=False),
    col('refused', sa.Integer(), nullable=False),
    col('vanished', sa.Integer(), nullable=False),
    col('warnings', sa.Integer(), nullable=False),
    col('number', sa.Integer(), nullable=False),
    *held_checks('batch'),
    sa.CheckConstraint('read = recorded + amended + unchanged + refused', name=op.f('ck_batch_rows_add_up')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_batch_document_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_batch')),
    sa.UniqueConstraint('number', name=op.f('uq_batch_number'))
    )
    op.create_index(op.f('ix_batch_document_id'), 'batch', ['document_id'], unique=False)
    op.create_table('involvement',
    col('actor_id', sa.String(36)),
    col('actor_missing', words('actor_missing', 'unknown', 'not_recorded', 'withheld', 'not_applicable')),
    col('role', words('involvement_role', 'side_a', 'side_b', 'alleged_perpetrator', 'alleged_command', 'alleged_support', 'present', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('confidence', words('confidence', 'high', 'medium', 'low', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('response', words('involvement_response', 'acknowledged', 'claimed', 'denied', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('document_id', sa.String(36)),
    col('note', sa.String(500)),
    col('id', sa.String(36), nullable=False),
    col('incident_id', sa.String(36), nullable=False),
    sa.CheckConstraint('(actor_id IS NULL) <> (actor_missing IS NULL)', name=op.f('ck_involvement_actor_known')),
    sa.ForeignKeyConstraint(['actor_id'], ['actor.id'], name=op.f('fk_involvement_actor_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_involvement_document_id')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_involvement_incident_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_involvement'))
    )
    op.create_index(op.f('ix_involvement_actor_id'), 'involvement', ['actor_id'], unique=False)
    op.create_index(op.f('ix_involvement_incident_id'), 'involvement', ['incident_id'], unique=False)
    op.create_table('population',
    *held_columns(),
    col('area', sa.String(200), nullable=False),
    col('dimension_id', sa.String(36)),
    col('group_id', sa.String(36)),
    col('year', sa.Integer(), nullable=False),
    col('number', sa.Float(), nullable=False),
    col('source', sa.String(300), nullable=False),
    col('document_id', sa.String(36)),
    sa.CheckConstraint('(group_id IS NULL) = (dimension_id IS NULL)', name=op.f('ck_population_group_dimension')),
    *held_checks('population'),
    sa.CheckConstraint('number >= 0', name=op.f('ck_population_number_sign')),
    sa.ForeignKeyConstraint(['dimension_id'], ['dimension.id'], name=op.f('fk_population_dimension_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_population_document_id')),
    sa.ForeignKeyConstraint(['group_id'], ['identity_group.id'], name=op.f('fk_population_group_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_population'))
    )
    op.create_index('ix_population_area_year', 'population', ['area', 'year'], unique=False)
    op.create_index(op.f('ix_population_dimension_id'), 'population', ['dimension_id'], unique=False)
    op.create_index(op.f('ix_population_group_id'), 'population', ['group_id'], unique=False)
    op.create_table('review',
    col('to_status', words('to_status', 'draft', 'submitted', 'in_review', 'needs_work', 'corroborated', 'verified', 'contested', 'unverifiable', 'refuted', 'duplicate', 'withdrawn'), nullable=False),
    col('reasons', sa.String(), nullable=False),
    col('standard_of_proof', words('standard_of_proof', 'reasonable_grounds', 'balance', 'reasonable_suspicion', 'beyond_doubt', 'not_stated'), nullable=False),
    col('id', sa.String(36), nullable=False),
    col('incident_id', sa.String(36), nullable=False),
    col('from_status', words('from_status', 'draft', 'submitted', 'in_review', 'needs_work', 'corroborated', 'verified', 'contested', 'unverifiable', 'refuted', 'duplicate', 'withdrawn'), nullable=False),
    col('reviewer', sa.String(80), nullable=False),
    col('recorder', sa.String(80), nullable=False),
    col('reviewed_at', sa.String(27), nullable=False),
    sa.CheckConstraint("to_status <> 'verified' OR standard_of_proof <> 'not_stated'", name=op.f('ck_review_verified_standard')),
    sa.CheckConstraint('length(reasons) > 0', name=op.f('ck_review_reasons_given')),
    sa.CheckConstraint('reviewer <> recorder', name=op.f('ck_review_second_person')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_review_incident_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review'))
    )
    op.create_index(op.f('ix_review_incident_id'), 'review', ['incident_id'], unique=False)
    op.create_table('victim',
    col('kind', words('victim_kind', 'person', 'group'), nullable=False),
    col('count_low', sa.Integer()),
    col('count_best', sa.Integer()),
    col('count_high', sa.Integer()),
    col('count_conflict', sa.Boolean(), nullable=False),
    col('resolved_out_of', sa.String(36)),
    col('harm', words('harm', 'killed', 'injured', 'missing', 'disappeared', 'detained', 'displaced', 'alive', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('sex', words('sex', 'woman', 'man', 'other', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('age_years', sa.Float()),
    col('age_low', sa.Float()),
    col('age_high', sa.Float()),
    col('age_band', words('age_band', 'infant', 'child', 'adult', 'older', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('civil_status', words('civil_status', 'civilian', 'other_protected', 'armed_forces', 'direct_part', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('cause', words('cause', 'heavy_weapons', 'planted_explosives', 'small_arms', 'incendiary', 'cbrn', 'electromagnetic', 'less_lethal', 'denial', 'accident', 'other_means', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('occupation', sa.String(120)),
    col('occupation_missing', words('occupation_missing', 'unknown', 'not_recorded', 'withheld', 'not_applicable')),
    col('date_of_death', sa.Date()),
    col('described_as', sa.String(400)),
    col('id', sa.String(36), nullable=False),
    col('incident_id', sa.String(36), nullable=False),
    col('code', sa.String(16), nullable=False),
    sa.CheckConstraint("kind <> 'person' OR (coalesce(count_low, 0) = 1 AND coalesce(count_best, 0) = 1 AND coalesce(count_high, 0) = 1)", name=op.f('ck_victim_person_counts_one')),
    sa.CheckConstraint("resolved_out_of IS NULL OR kind = 'person'", name=op.f('ck_victim_only_persons_resolve')),
    sa.CheckConstraint('age_low <= age_high', name=op.f('ck_victim_age_order')),
    sa.CheckConstraint('age_years BETWEEN 0 AND 130', name=op.f('ck_victim_age_range')),
    sa.CheckConstraint('count_best >= 0', name=op.f('ck_victim_count_best_sign')),
    sa.CheckConstraint('count_conflict OR ((count_low IS NULL OR count_best IS NULL OR count_low <= count_best) AND (count_best IS NULL OR count_high IS NULL OR count_best <= count_high) AND (count_low IS NULL OR count_high IS NULL OR count_low <= count_high))', name=op.f('ck_victim_count_order')),
    sa.CheckConstraint('count_high >= 0', name=op.f('ck_victim_count_high_sign')),
    sa.CheckConstraint('count_low >= 0', name=op.f('ck_victim_count_low_sign')),
    sa.CheckConstraint('occupation IS NULL OR occupation_missing IS NULL', name=op.f('ck_victim_occupation_known')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_victim_incident_id')),
    sa.ForeignKeyConstraint(['resolved_out_of'], ['victim.id'], name=op.f('fk_victim_resolved_out_of')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_victim')),
    sa.UniqueConstraint('code', name=op.f('uq_victim_code'))
    )
    op.create_index(op.f('ix_victim_incident_id'), 'victim', ['incident_id'], unique=False)
    op.create_index(op.f('ix_victim_resolved_out_of'), 'victim', ['resolved_out_of'], unique=False)
    op.create_table('act',
    col('kind', words('act_kind', 'killing', 'injury', 'abduction', 'disappearance', 'detention', 'torture', 'sexual_violence', 'displacement', 'destruction', 'deprivation', 'other', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('victim_id', sa.String(36)),
    col('involvement_id', sa.String(36)),
    col('means', sa.String(300)),
    col('note', sa.String(500)),
    col('id', sa.String(36), nullable=False),
    col('incident_id', sa.String(36), nullable=False),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_act_incident_id')),
    sa.ForeignKeyConstraint(['involvement_id'], ['involvement.id'], name=op.f('fk_act_involvement_id')),
    sa.ForeignKeyConstraint(['victim_id'], ['victim.id'], name=op.f('fk_act_victim_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_act'))
    )
    op.create_index(op.f('ix_act_incident_id'), 'act', ['incident_id'], unique=False)
    op.create_index(op.f('ix_act_victim_id'), 'act', ['victim_id'], unique=False)
    op.create_table('attribution',
    col('dimension_id', sa.String(36), nullable=False),
    col('group_id', sa.String(36)),
    col('group_missing', words('group_missing', 'unknown', 'not_recorded', 'withheld', 'not_applicable')),
    col('sense', words('identity_sense', 'own', 'perceived', 'targeting_ground'), nullable=False),
    col('basis', words('attribution_basis', 'self_stated', 'family', 'community_known', 'document', 'source_claim', 'person_inferred', 'perpetrator_perceived'), nullable=False),
    col('confidence', words('confidence', 'high', 'medium', 'low', 'unknown', 'not_recorded', 'withheld', 'not_applicable'), nullable=False),
    col('document_id', sa.String(36)),
    col('id', sa.String(36), nullable=False),
    col('incident_id', sa.String(36), nullable=False),
    col('victim_id', sa.String(36), nullable=False),
    sa.CheckConstraint('(group_id IS NULL) <> (group_missing IS NULL)', name=op.f('ck_attribution_group_known')),
    sa.ForeignKeyConstraint(['dimension_id'], ['dimension.id'], name=op.f('fk_attribution_dimension_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_attribution_document_id')),
    sa.ForeignKeyConstraint(['group_id'], ['identity_group.id'], name=op.f('fk_attribution_group_id')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_attribution_incident_id')),
    sa.ForeignKeyConstraint(['victim_id'], ['victim.id'], name=op.f('fk_attribution_victim_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attribution'))
    )
    op.create_index(op.f('ix_attribution_dimension_id'), 'attribution', ['dimension_id'], unique=False)
    op.create_index(op.f('ix_attribution_group_id'), 'attribution', ['group_id'], unique=False)
    op.create_index(op.f('ix_attribution_incident_id'), 'attribution', ['incident_id'], unique=False)
    op.create_index(op.f('ix_attribution_victim_id'), 'attribution', ['victim_id'], unique=False)
    op.create_table('claim',
    col('document_id', sa.String(36), nullable=False),
    col('source_id', sa.String(36)),
    col('origin_id', sa.String(36)),
    col('locator', sa.String(200)),
    col('killed_low', sa.Integer()),
    col('killed_best', sa.Integer()),
    col('killed_high', sa.Integer()),
    col('injured_low', sa.Integer()),
    col('injured_best', sa.Integer()),
    col('injured_high', sa.Integer()),
    col('count_conflict', sa.Boolean(), nullable=False),
    col('date_as_reported', sa.String(300)),
    col('actor_as_reported', sa.String(400)),
    col('cited', sa.String()),
    col('credibility', words('credibility', '1', '2', '3', '4', '5', '6')),
    col('stated', sa.String()),
    col('id', sa.String(36), nullable=False),
    col('incident_id', sa.String(36), nullable=False),
    col('standing', sa.String(16), nullable=False),
    col('dataset', sa.String(120)),
    col('external_id', sa.String(200)),
    col('occurrence', sa.Integer()),
    col('row_number', sa.Integer()),
    col('batch_id', sa.String(36)),
    col('digest', sa.String(64)),
    sa.CheckConstraint("standing IN ('current', 'superseded', 'withdrawn')", name=op.f('ck_claim_standing_terms')),
    sa.CheckConstraint('(dataset IS NULL AND external_id IS NULL AND occurrence IS NULL AND row_number IS NULL AND batch_id IS NULL AND digest IS NULL) OR (dataset IS NOT NULL AND external_id IS NOT NULL AND occurrence IS NOT NULL AND row_number IS NOT NULL AND batch_id IS NOT NULL AND digest IS NOT NULL)', name=op.f('ck_claim_intake_key')),
    sa.CheckConstraint('count_conflict OR ((injured_low IS NULL OR injured_best IS NULL OR injured_low <= injured_best) AND (injured_best IS NULL OR injured_high IS NULL OR injured_best <= injured_high) AND (injured_low IS NULL OR injured_high IS NULL OR injured_low <= injured_high))', name=op.f('ck_claim_injured_order')),
    sa.CheckConstraint('count_conflict OR ((killed_low IS NULL OR killed_best IS NULL OR killed_low <= killed_best) AND (killed_best IS NULL OR killed_high IS NULL OR killed_best <= killed_high) AND (killed_low IS NULL OR killed_high IS NULL OR killed_low <= killed_high))', name=op.f('ck_claim_killed_order')),
    sa.CheckConstraint('injured_best >= 0', name=op.f('ck_claim_injured_best_sign')),
    sa.CheckConstraint('injured_high >= 0', name=op.f('ck_claim_injured_high_sign')),
    sa.CheckConstraint('injured_low >= 0', name=op.f('ck_claim_injured_low_sign')),
    sa.CheckConstraint('killed_best >= 0', name=op.f('ck_claim_killed_best_sign')),
    sa.CheckConstraint('killed_high >= 0', name=op.f('ck_claim_killed_high_sign')),
    sa.CheckConstraint('killed_low >= 0', name=op.f('ck_claim_killed_low_sign')),
    sa.ForeignKeyConstraint(['batch_id'], ['batch.id'], name=op.f('fk_claim_batch_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_claim_document_id')),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_claim_incident_id')),
    sa.ForeignKeyConstraint(['origin_id'], ['origin.id'], name=op.f('fk_claim_origin_id')),
    sa.ForeignKeyConstraint(['source_id'], ['source.id'], name=op.f('fk_claim_source_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_claim'))
    )
    op.create_index(op.f('ix_claim_batch_id'), 'claim', ['batch_id'], unique=False)
    op.create_index(op.f('ix_claim_document_id'), 'claim', ['document_id'], unique=False)
    op.create_index(op.f('ix_claim_incident_id'), 'claim', ['incident_id'], unique=False)
    op.create_index('uq_claim_current_key', 'claim', ['dataset', 'external_id', 'occurrence'], unique=True, sqlite_where=sa.text("standing = 'current' AND dataset IS NOT NULL"), postgresql_where=sa.text("standing = 'current' AND dataset IS NOT NULL"))
    op.create_table('consent',
    *held_columns(),
    col('victim_id', sa.String(36)),
    col('source_id', sa.String(36)),
    col('document_id', sa.String(36)),
    col('purpose', words('consent_purpose', 'store', 'analysis', 'publish_aggregate', 'publish_individual', 'share_commission', 'share_court', 'share_humanitarian', 'tracing'), nullable=False),
    col('value', words('consent_value', 'given', 'refused', 'not_asked', 'withdrawn', 'not_required'), nullable=False),
    col('basis', sa.String(300)),
    col('conditions', sa.String()),
    col('given_on', sa.Date()),
    col('language', sa.String(16)),
    col('taken_by', sa.String(80)),
    sa.CheckConstraint("value <> 'not_required' OR basis IS NOT NULL", name=op.f('ck_consent_basis_named')),
    sa.CheckConstraint('(victim_id IS NOT NULL) OR (source_id IS NOT NULL) OR (document_id IS NOT NULL)', name=op.f('ck_consent_subject_named')),
    *held_checks('consent'),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_consent_document_id')),
    sa.ForeignKeyConstraint(['source_id'], ['source.id'], name=op.f('fk_consent_source_id')),
    sa.ForeignKeyConstraint(['victim_id'], ['victim.id'], name=op.f('fk_consent_victim_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent'))
    )
    op.create_index(op.f('ix_consent_document_id'), 'consent', ['document_id'], unique=False)
    op.create_index(op.f('ix_consent_source_id'), 'consent', ['source_id'], unique=False)
    op.create_index(op.f('ix_consent_victim_id'), 'consent', ['victim_id'], unique=False)
    op.create_table('victim_name',
    col('name', sa.String(300), nullable=False),
    col('kind', words('name_kind', 'full', 'alias', 'birth', 'transliteration'), nullable=False),
    col('script', sa.String(4)),
    col('language', sa.String(16)),
    col('id', sa.String(36), nullable=False),
    col('incident_id', sa.String(36), nullable=False),
    col('victim_id', sa.String(36), nullable=False),
    sa.ForeignKeyConstraint(['incident_id'], ['incident.id'], name=op.f('fk_victim_name_incident_id')),
    sa.ForeignKeyConstraint(['victim_id'], ['victim.id'], name=op.f('fk_victim_name_victim_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_victim_name'))
    )
    op.create_index(op.f('ix_victim_name_incident_id'), 'victim_name', ['incident_id'], unique=False)
    op.create_index(op.f('ix_victim_name_victim_id'), 'victim_name', ['victim_id'], unique=False)
