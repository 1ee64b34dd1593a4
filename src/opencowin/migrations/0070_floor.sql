-- Tables may be parted by month by ids that begin with an instant (UUIDs in the layout of version 7, RFC 9562), as well
-- as by time; and a part may be watched while it is written into a file, so that nobody has to wait meanwhile.
SET lock_timeout = '5s';

CREATE FUNCTION uuid_from(p_at timestamptz) RETURNS uuid LANGUAGE sql STABLE STRICT AS $$
    SELECT rpad(lpad(to_hex((extract(epoch FROM p_at) * 1000)::bigint), 12, '0'), 32, '0')::uuid
$$;
COMMENT ON FUNCTION uuid_from IS 'The first of all ids that begin with this instant.';

CREATE FUNCTION uuid_instant(p_id uuid) RETURNS timestamptz LANGUAGE sql STABLE STRICT AS $$
    SELECT to_timestamp(('x' || left(replace(p_id::text, '-', ''), 12))::bit(48)::bigint / 1000.0)
$$;
COMMENT ON FUNCTION uuid_instant IS 'The instant that an id begins with.';

CREATE FUNCTION partition_key(p_table text, OUT name name, OUT is_id boolean) LANGUAGE sql STABLE AS $$
    SELECT attname, atttypid = 'uuid'::regtype
    FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
    WHERE partrelid = p_table::regclass
$$;
COMMENT ON FUNCTION partition_key IS 'By which column a table is parted, and whether that is an id that begins with an instant.';

DROP FUNCTION partition_bounds(text);
CREATE FUNCTION partition_bounds(p_table text)
RETURNS TABLE (partition text, starts_at timestamptz, ends_at timestamptz, bounds text) LANGUAGE sql STABLE AS $$
    SELECT part.relname::text,
           CASE WHEN is_id THEN uuid_instant(substring(bound FROM 'FROM \(''([^'']+)''\)')::uuid)
                ELSE substring(bound FROM 'FROM \(''([^'']+)''\)')::timestamptz END,
           CASE WHEN is_id THEN uuid_instant(substring(bound FROM 'TO \(''([^'']+)''\)')::uuid)
                ELSE substring(bound FROM 'TO \(''([^'']+)''\)')::timestamptz END,
           bound
    FROM partition_key(p_table)
    CROSS JOIN pg_inherits
    JOIN pg_class AS part ON part.oid = inhrelid
    CROSS JOIN LATERAL pg_get_expr(part.relpartbound, part.oid) AS bound
    WHERE inhparent = p_table::regclass AND bound <> 'DEFAULT'
$$;
COMMENT ON FUNCTION partition_bounds IS 'Parts of a table that is parted by month; null: without a bound on that side.';

-- Makes a table part of another; what came to the default part meanwhile moves into it.
CREATE FUNCTION partition_attach(p_table text, p_part text, p_bounds text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_rest text := p_table || '_default';
    v_key name := (SELECT name FROM partition_key(p_table));
    v_from text := substring(p_bounds FROM 'FROM \(''([^'']+)''\)');
    v_to text := substring(p_bounds FROM 'TO \(''([^'']+)''\)');
    v_there text := concat_ws(' AND ', CASE WHEN v_from IS NOT NULL THEN format('%I >= %L', v_key, v_from) END,
                              CASE WHEN v_to IS NOT NULL THEN format('%I < %L', v_key, v_to) END);
    v_strays boolean;
BEGIN
    -- What is known to fit is not looked through again while others wait.
    EXECUTE format('ALTER TABLE %I ADD CONSTRAINT fits CHECK (%s)', p_part, v_there);
    EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %s)', v_rest, v_there) INTO v_strays;
    IF v_strays THEN
        EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', p_table, v_rest);
        EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %s RETURNING *) INSERT INTO %I SELECT * FROM moved',
                       v_rest, v_there, p_part);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', p_table, v_rest);
    END IF;
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I %s', p_table, p_part, p_bounds);
    EXECUTE format('ALTER TABLE %I DROP CONSTRAINT fits', p_part);
END $$;
COMMENT ON FUNCTION partition_attach IS 'Make a table part of another one, between these bounds.';

CREATE OR REPLACE FUNCTION partition_make(p_table text, p_month timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_month timestamptz := date_trunc('month', p_month, 'UTC');
    v_next timestamptz := date_trunc('month', date_trunc('month', p_month, 'UTC') + interval '40 days', 'UTC');
    v_name text := p_table || to_char(v_month AT TIME ZONE 'UTC', '_YYYY_MM');
    v_is_id boolean := (SELECT is_id FROM partition_key(p_table));
BEGIN
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', v_name, p_table);
    EXECUTE format('COMMENT ON TABLE %I IS %L', v_name, format('Rows of %s of one month, by UTC.', p_table));
    PERFORM partition_attach(p_table, v_name, format('FOR VALUES FROM (%L) TO (%L)',
        CASE WHEN v_is_id THEN uuid_from(v_month)::text ELSE v_month::text END,
        CASE WHEN v_is_id THEN uuid_from(v_next)::text ELSE v_next::text END));
END $$;
-- Others wait behind it while it waits for who reads the default part: it tries again later.
ALTER FUNCTION partition_ahead(text, integer) SET lock_timeout = '2s';

CREATE TABLE archived_partition_watch (
    partition text PRIMARY KEY,
    run uuid NOT NULL,
    changed boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE archived_partition_watch IS 'Parts that are being written into files; a trigger on each tells when one of its rows changes meanwhile.';
COMMENT ON COLUMN archived_partition_watch.partition IS 'Name of the part.';
COMMENT ON COLUMN archived_partition_watch.run IS 'Who watches: of two, only the later one may let the part go.';
COMMENT ON COLUMN archived_partition_watch.changed IS 'Whether a row has changed since: then the file is written anew.';

CREATE FUNCTION partition_was_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE archived_partition_watch SET changed = true WHERE partition = TG_TABLE_NAME AND NOT changed;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION partition_was_changed IS 'Row trigger of a part that is watched.';

ALTER TABLE archived_partition ADD COLUMN bounds text;
COMMENT ON COLUMN archived_partition.bounds IS 'Between which keys it lay, as it was attached; null: between the two instants.';

-- What a default part has though its month ought to have a part. Rows by id of months that are away, or that come later,
-- are where they belong.
CREATE FUNCTION partition_strays(p_table text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_key record := partition_key(p_table);
    v_month timestamptz := date_trunc('month', now(), 'UTC');
    v_found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %I', p_table || '_default') || CASE WHEN v_key.is_id THEN
            format(' WHERE %I < uuid_from(date_trunc(''month'', $1 + interval ''40 days'', ''UTC'')) AND NOT EXISTS (
                       SELECT FROM archived_partition WHERE table_name = $2 AND ends_at > uuid_instant(%I)
                       AND coalesce(starts_at, ''-infinity'') <= uuid_instant(%I)))', v_key.name, v_key.name, v_key.name)
            ELSE ')' END
        INTO v_found USING v_month, p_table;
    RETURN v_found;
END $$;
COMMENT ON FUNCTION partition_strays IS 'Whether the default part has rows for which there should be a part.';

CREATE FUNCTION partitioned_by_month() RETURNS SETOF text LANGUAGE sql STABLE AS $$
    SELECT partrelid::regclass::text FROM pg_partitioned_table WHERE partstrat = 'r' AND partdefid <> 0 ORDER BY 1
$$;
COMMENT ON FUNCTION partitioned_by_month IS 'Tables that have a part for each month, and a default one.';
