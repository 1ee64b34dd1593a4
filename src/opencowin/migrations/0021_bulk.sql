-- Bulk: tables that officers upload, row by row, and what became of each row; tables that they take away.
SET lock_timeout = '5s';

CREATE TABLE bulk_upload (
    upload_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('centres', 'sessions', 'staff', 'lists', 'doses')),
    state text NOT NULL DEFAULT 'received' CHECK (state IN (
        'received', 'checked', 'confirmed', 'saved', 'undoing', 'undone', 'stopped', 'dropped')),
    staff_id uuid NOT NULL,
    state_id integer,
    district_id integer REFERENCES district ON UPDATE CASCADE,
    centre_id integer,
    address text NOT NULL,
    language text NOT NULL,
    file_name_sealed bytea NOT NULL,
    header text[] NOT NULL DEFAULT '{}',
    problem_sealed bytea,
    rows_read integer NOT NULL DEFAULT 0,
    rows_wrong integer NOT NULL DEFAULT 0,
    rows_saved integer NOT NULL DEFAULT 0,
    rows_failed integer NOT NULL DEFAULT 0,
    rows_undone integer NOT NULL DEFAULT 0,
    rows_kept integer NOT NULL DEFAULT 0,
    received_at timestamptz NOT NULL,
    checked_at timestamptz,
    confirmed_at timestamptz,
    ended_at timestamptz,
    forgotten_at timestamptz
);
CREATE INDEX bulk_upload_of_staff ON bulk_upload (staff_id, received_at);
CREATE INDEX bulk_upload_to_forget ON bulk_upload (received_at) WHERE forgotten_at IS NULL;
COMMENT ON TABLE bulk_upload IS 'A table that an officer uploaded: checked without saving anything, saved when confirmed, undone when asked.';
COMMENT ON COLUMN bulk_upload.upload_id IS 'Identity.';
COMMENT ON COLUMN bulk_upload.kind IS 'What its rows are.';
COMMENT ON COLUMN bulk_upload.state IS 'received, checked (nothing is saved), confirmed (being saved), saved, undoing, undone; stopped: could not be read or the officer left; dropped: by the officer.';
COMMENT ON COLUMN bulk_upload.staff_id IS 'Who uploaded it; acts in its jobs, with the rights held at that time.';
COMMENT ON COLUMN bulk_upload.state_id IS 'Scope of the officer when it was uploaded; null: the nation.';
COMMENT ON COLUMN bulk_upload.district_id IS 'Likewise.';
COMMENT ON COLUMN bulk_upload.centre_id IS 'Likewise.';
COMMENT ON COLUMN bulk_upload.address IS 'Network address of the upload, for the audit trail.';
COMMENT ON COLUMN bulk_upload.language IS 'Language of the officer.';
COMMENT ON COLUMN bulk_upload.file_name_sealed IS 'Name of the file, sealed.';
COMMENT ON COLUMN bulk_upload.header IS 'Columns that the file has, in its order.';
COMMENT ON COLUMN bulk_upload.problem_sealed IS 'Why it was stopped (a refusal''s code and details), sealed.';
COMMENT ON COLUMN bulk_upload.rows_read IS 'Rows read so far.';
COMMENT ON COLUMN bulk_upload.rows_wrong IS 'Rows with an error.';
COMMENT ON COLUMN bulk_upload.rows_saved IS 'Rows saved.';
COMMENT ON COLUMN bulk_upload.rows_failed IS 'Rows that were right when checked and refused when saved.';
COMMENT ON COLUMN bulk_upload.rows_undone IS 'Rows undone.';
COMMENT ON COLUMN bulk_upload.rows_kept IS 'Rows that could not be undone.';
COMMENT ON COLUMN bulk_upload.received_at IS 'When it was uploaded.';
COMMENT ON COLUMN bulk_upload.checked_at IS 'When its check ended.';
COMMENT ON COLUMN bulk_upload.confirmed_at IS 'When the officer confirmed it.';
COMMENT ON COLUMN bulk_upload.ended_at IS 'When its last job ended.';
COMMENT ON COLUMN bulk_upload.forgotten_at IS 'When its rows'' contents were removed.';

CREATE TABLE bulk_chunk (
    upload_id uuid NOT NULL REFERENCES bulk_upload,
    number integer NOT NULL,
    content_sealed bytea NOT NULL,
    PRIMARY KEY (upload_id, number)
);
COMMENT ON TABLE bulk_chunk IS 'The uploaded file in pieces, until its rows are read.';
COMMENT ON COLUMN bulk_chunk.upload_id IS 'Which upload.';
COMMENT ON COLUMN bulk_chunk.number IS 'Place of the piece.';
COMMENT ON COLUMN bulk_chunk.content_sealed IS 'The piece, sealed.';

CREATE TABLE bulk_row (
    upload_id uuid NOT NULL REFERENCES bulk_upload,
    row_number integer NOT NULL,
    state text NOT NULL CHECK (state IN ('good', 'wrong', 'saved', 'failed', 'undone', 'kept')),
    cells_sealed bytea NOT NULL,
    problems_sealed bytea,
    made jsonb,
    PRIMARY KEY (upload_id, row_number)
);
CREATE INDEX bulk_row_in_state ON bulk_row (upload_id, state, row_number);
COMMENT ON TABLE bulk_row IS 'A row of an upload and what became of it.';
COMMENT ON COLUMN bulk_row.upload_id IS 'Which upload.';
COMMENT ON COLUMN bulk_row.row_number IS 'Row of the file, as a spreadsheet counts.';
COMMENT ON COLUMN bulk_row.state IS 'good, wrong (not saved), saved, failed (refused when saved), undone, kept (could not be undone).';
COMMENT ON COLUMN bulk_row.cells_sealed IS 'Its cells, sealed; empty once forgotten.';
COMMENT ON COLUMN bulk_row.problems_sealed IS 'What is wrong: column, code and details of each refusal, sealed.';
COMMENT ON COLUMN bulk_row.made IS 'Ids of what was made of it, by which it is undone.';

CREATE TABLE bulk_export (
    export_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('doses', 'sessions', 'stock', 'adverse_events', 'coverage')),
    staff_id uuid NOT NULL,
    state_id integer,
    district_id integer REFERENCES district ON UPDATE CASCADE,
    centre_id integer,
    address text NOT NULL,
    first_on date NOT NULL,
    last_on date NOT NULL CHECK (last_on >= first_on),
    asked_at timestamptz NOT NULL,
    rows_written integer,
    made_at timestamptz,
    expires_at timestamptz NOT NULL,
    content_sealed bytea
);
CREATE INDEX bulk_export_of_staff ON bulk_export (staff_id, asked_at);
COMMENT ON TABLE bulk_export IS 'A table that an officer takes away: without names, numbers or references, for a short time.';
COMMENT ON COLUMN bulk_export.export_id IS 'Identity.';
COMMENT ON COLUMN bulk_export.kind IS 'What its rows are.';
COMMENT ON COLUMN bulk_export.staff_id IS 'Who asked for it; nobody else can fetch it.';
COMMENT ON COLUMN bulk_export.state_id IS 'Scope of the officer when it was asked for; null: the nation.';
COMMENT ON COLUMN bulk_export.district_id IS 'Likewise.';
COMMENT ON COLUMN bulk_export.centre_id IS 'Likewise.';
COMMENT ON COLUMN bulk_export.address IS 'Network address of the request, for the audit trail.';
COMMENT ON COLUMN bulk_export.first_on IS 'First day that it covers.';
COMMENT ON COLUMN bulk_export.last_on IS 'Last day that it covers.';
COMMENT ON COLUMN bulk_export.asked_at IS 'When it was asked for.';
COMMENT ON COLUMN bulk_export.rows_written IS 'How many rows it has.';
COMMENT ON COLUMN bulk_export.made_at IS 'When it was ready.';
COMMENT ON COLUMN bulk_export.expires_at IS 'When it is removed.';
COMMENT ON COLUMN bulk_export.content_sealed IS 'The file, gzip, sealed; null until it is ready and after it is removed.';
