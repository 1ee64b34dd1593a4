-- The audit trail by month: months are made ahead, a closed one can be put away into a file (opencowin archive).
--
-- What was written before stays where it is, as the first part. Its key is built anew and its rows are looked through
-- once under a lock: some ten seconds for each ten million rows, in which nobody else writes to the trail.
SET lock_timeout = '5s';

CREATE FUNCTION partition_bounds(p_table text)
RETURNS TABLE (partition text, starts_at timestamptz, ends_at timestamptz) LANGUAGE sql STABLE AS $$
    SELECT part.relname::text, substring(bound FROM 'FROM \(''([^'']+)''\)')::timestamptz,
           substring(bound FROM 'TO \(''([^'']+)''\)')::timestamptz
    FROM pg_inherits
    JOIN pg_class AS part ON part.oid = inhrelid
    CROSS JOIN LATERAL pg_get_expr(part.relpartbound, part.oid) AS bound
    WHERE inhparent = p_table::regclass AND bound <> 'DEFAULT'
$$;
COMMENT ON FUNCTION partition_bounds IS 'Parts of a table that is partitioned by time; starts_at is null for the first.';

-- A month that has no part gets one. What came to the default part meanwhile moves into it.
CREATE FUNCTION partition_make(p_table text, p_month timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_from timestamptz := date_trunc('month', p_month, 'UTC');
    v_to timestamptz := date_trunc('month', date_trunc('month', p_month, 'UTC') + interval '40 days', 'UTC');
    v_name text := p_table || to_char(v_from AT TIME ZONE 'UTC', '_YYYY_MM');
    v_rest text := p_table || '_default';
    v_key name := (SELECT attname FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid
                   WHERE partrelid = p_table::regclass AND attnum = partattrs[0]);
    v_strays boolean;
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', v_name, p_table);
    EXECUTE format('COMMENT ON TABLE %I IS %L', v_name, format('Rows of %s of one month, by UTC.', p_table));
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I >= $1 AND %I < $2)', v_rest, v_key, v_key)
        INTO v_strays USING v_from, v_to;
    IF v_strays THEN
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', p_table, v_rest);
        EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= $1 AND %I < $2 RETURNING *)
                        INSERT INTO %I SELECT * FROM moved', v_rest, v_key, v_key, v_name) USING v_from, v_to;
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', p_table, v_rest);
    END IF;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', p_table, v_name, v_from, v_to);
END $$;
COMMENT ON FUNCTION partition_make IS 'Make the part of a month.';

CREATE FUNCTION partition_ahead(p_table text, p_months integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_month timestamptz;
    v_made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('partition_ahead', 0));
    FOR i IN 0 .. p_months LOOP
        v_month := date_trunc('month', now() AT TIME ZONE 'UTC' + make_interval(months => i)) AT TIME ZONE 'UTC';
        IF NOT EXISTS (SELECT FROM partition_bounds(p_table)
                       WHERE coalesce(starts_at, '-infinity') <= v_month AND v_month < ends_at) THEN
            PERFORM partition_make(p_table, v_month);
            v_made := v_made + 1;
        END IF;
    END LOOP;
    RETURN v_made;
END $$;
COMMENT ON FUNCTION partition_ahead IS 'Make the parts of this month and of so many after it, where they are missing.';

DROP TRIGGER audit_append_only ON audit;
ALTER TABLE audit ALTER COLUMN audit_id DROP IDENTITY;
ALTER TABLE audit DROP CONSTRAINT audit_pkey;
ALTER TABLE audit RENAME TO audit_first;
ALTER TABLE audit_first ADD CONSTRAINT audit_first_pkey PRIMARY KEY (audit_id, at);
ALTER INDEX audit_subject RENAME TO audit_first_subject;
ALTER INDEX audit_actor RENAME TO audit_first_actor;
ALTER INDEX audit_unchained RENAME TO audit_first_unchained;
ALTER INDEX audit_by_time RENAME TO audit_first_by_time;
COMMENT ON TABLE audit_first IS 'Rows of audit from before it was partitioned, and of the month in which it was.';

CREATE SEQUENCE audit_number;
SELECT setval('audit_number', coalesce((SELECT max(audit_id) FROM audit_first), 0) + 1, false);

CREATE TABLE audit (
    audit_id bigint NOT NULL DEFAULT nextval('audit_number'),
    transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    address text NOT NULL DEFAULT '',
    action text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    reason text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    chain_hash bytea CONSTRAINT audit_chain_hash_check CHECK (octet_length(chain_hash) = 32),
    PRIMARY KEY (audit_id, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE audit_number OWNED BY audit.audit_id;
COMMENT ON TABLE audit IS 'Every look at a person and every change by staff: who, whom, why, from where. Append-only, a part a month.';
COMMENT ON COLUMN audit.audit_id IS 'Order of the chain.';
COMMENT ON COLUMN audit.transaction_id IS 'Writer, so that rows are chained only when no earlier one can still appear.';
COMMENT ON COLUMN audit.at IS 'When it happened.';
COMMENT ON COLUMN audit.actor_kind IS 'public, citizen, partner, staff or system.';
COMMENT ON COLUMN audit.actor_id IS 'Who: an account, key or staff id, or the name of a command.';
COMMENT ON COLUMN audit.address IS 'Network address of the caller.';
COMMENT ON COLUMN audit.action IS 'What was done, as room.verb.';
COMMENT ON COLUMN audit.subject_kind IS 'Kind of thing that was looked at or changed.';
COMMENT ON COLUMN audit.subject_id IS 'Its id; never a personal datum.';
COMMENT ON COLUMN audit.reason IS 'Why the look was allowed.';
COMMENT ON COLUMN audit.detail IS 'Further facts; never a personal datum.';
COMMENT ON COLUMN audit.chain_hash IS 'SHA-256 over the previous hash and this row; null until chained.';
CREATE INDEX audit_subject ON audit (subject_kind, subject_id, audit_id);
CREATE INDEX audit_actor ON audit (actor_kind, actor_id, audit_id);
CREATE INDEX audit_unchained ON audit (audit_id) WHERE chain_hash IS NULL;
CREATE INDEX audit_by_time ON audit USING brin (at);

CREATE TABLE audit_default (LIKE audit INCLUDING ALL);
COMMENT ON TABLE audit_default IS 'Rows of audit whose month has no part; empty as long as a worker runs.';
ALTER TABLE audit ATTACH PARTITION audit_default DEFAULT;
DO $$
DECLARE
    v_newest timestamptz := greatest(now(), (SELECT max(at) FROM audit_first));
BEGIN
    EXECUTE format('ALTER TABLE audit ATTACH PARTITION audit_first FOR VALUES FROM (MINVALUE) TO (%L)',
                   date_trunc('month', date_trunc('month', v_newest, 'UTC') + interval '40 days', 'UTC'));
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
SELECT partition_ahead('audit', 3);

CREATE TABLE archived_partition (
    partition text PRIMARY KEY,
    table_name text NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz NOT NULL,
    row_count bigint NOT NULL CHECK (row_count >= 0),
    content_sha256 text NOT NULL CHECK (length(content_sha256) = 64),
    file_name text NOT NULL,
    archived_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE archived_partition IS 'Parts of tables that were put away into files; a row goes when its part is restored.';
COMMENT ON COLUMN archived_partition.partition IS 'Name of the part.';
COMMENT ON COLUMN archived_partition.table_name IS 'Of which table.';
COMMENT ON COLUMN archived_partition.starts_at IS 'Its rows are from this instant on; null: from the first on.';
COMMENT ON COLUMN archived_partition.ends_at IS 'Its rows are from before this instant.';
COMMENT ON COLUMN archived_partition.row_count IS 'How many.';
COMMENT ON COLUMN archived_partition.content_sha256 IS 'SHA-256 of the rows as they were written, before compression; hexadecimal.';
COMMENT ON COLUMN archived_partition.file_name IS 'Name of the file, without its folder.';
COMMENT ON COLUMN archived_partition.archived_at IS 'When.';

CREATE TABLE audit_seam (
    audit_id bigint PRIMARY KEY,
    previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
    partition text NOT NULL
);
COMMENT ON TABLE audit_seam IS 'Where the chain of the audit trail passes from one part to another, so that it can be followed without an archived one.';
COMMENT ON COLUMN audit_seam.audit_id IS 'The row after the seam.';
COMMENT ON COLUMN audit_seam.previous_hash IS 'Hash of the row before it.';
COMMENT ON COLUMN audit_seam.partition IS 'Part in which that row is or was.';
