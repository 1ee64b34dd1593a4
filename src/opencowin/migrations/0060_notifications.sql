-- The room `notifications`: by what else than its mobile number a household is reached, each address proved first.
SET lock_timeout = '5s';

CREATE TABLE household_address (
    account_id uuid NOT NULL,
    medium text NOT NULL CHECK (medium IN ('email', 'telegram', 'signal')),
    address_hash bytea NOT NULL CHECK (octet_length(address_hash) = 32),
    address_sealed bytea NOT NULL,
    proved_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, medium, address_hash)
);
CREATE INDEX household_address_by_address ON household_address (address_hash);
COMMENT ON TABLE household_address IS 'An address that a household has proved to be its own, and wants its messages at. Nothing else is ever sent to: what is not proved yet is not here.';
COMMENT ON COLUMN household_address.account_id IS 'Person side key: whose messages go there.';
COMMENT ON COLUMN household_address.medium IS 'email, telegram (a chat with our bot) or signal (a number).';
COMMENT ON COLUMN household_address.address_hash IS 'Keyed hash of the address, to keep it once, and to find it when somebody writes from it or wants no more.';
COMMENT ON COLUMN household_address.address_sealed IS 'The address, sealed.';
COMMENT ON COLUMN household_address.proved_at IS 'When a code or token that was sent there came back.';

CREATE TABLE address_proof (
    account_id uuid NOT NULL,
    medium text NOT NULL CHECK (medium IN ('email', 'telegram', 'signal')),
    address_sealed bytea,
    proof_hash bytea NOT NULL CHECK (octet_length(proof_hash) = 32),
    tries smallint NOT NULL DEFAULT 0,
    asked_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, medium),
    CONSTRAINT address_proof_once UNIQUE (proof_hash),
    CONSTRAINT address_proof_of_address CHECK ((medium = 'telegram') = (address_sealed IS NULL))
);
CREATE INDEX address_proof_old ON address_proof (asked_at);
COMMENT ON TABLE address_proof IS 'An address that is being proved: at most one of each medium for a household, for an hour.';
COMMENT ON COLUMN address_proof.account_id IS 'Person side key: whose it shall be.';
COMMENT ON COLUMN address_proof.medium IS 'As in household_address.';
COMMENT ON COLUMN address_proof.address_sealed IS 'The address that the code was sent to, sealed; null for Telegram, where the chat shows itself with the token.';
COMMENT ON COLUMN address_proof.proof_hash IS 'Keyed hash of the code, or of the token of Telegram.';
COMMENT ON COLUMN address_proof.tries IS 'Wrong codes so far.';
COMMENT ON COLUMN address_proof.asked_at IS 'When it was asked for.';

CREATE TABLE sms_last (
    account_id uuid PRIMARY KEY,
    chosen_at timestamptz NOT NULL
);
COMMENT ON TABLE sms_last IS 'Households that want an SMS only where none of their other ways took a message.';
COMMENT ON COLUMN sms_last.account_id IS 'Person side key: which household.';
COMMENT ON COLUMN sms_last.chosen_at IS 'When it chose so.';

CREATE TABLE spare_message (
    cause_id uuid PRIMARY KEY,
    instead_of uuid[] NOT NULL CHECK (cardinality(instead_of) > 0),
    draft_sealed bytea NOT NULL,
    kept_at timestamptz NOT NULL,
    waits_until timestamptz NOT NULL
);
CREATE INDEX spare_message_old ON spare_message (kept_at);
COMMENT ON TABLE spare_message IS 'An SMS that is written only when the same news by other ways was not handed on; deleted when that is known.';
COMMENT ON COLUMN spare_message.cause_id IS 'The cause under which the SMS would be written.';
COMMENT ON COLUMN spare_message.instead_of IS 'The causes of the messages by other ways.';
COMMENT ON COLUMN spare_message.draft_sealed IS 'Number and text, sealed.';
COMMENT ON COLUMN spare_message.kept_at IS 'When the news was written by the other ways.';
COMMENT ON COLUMN spare_message.waits_until IS 'The SMS is written now, whatever became of the others by then.';

CREATE TABLE chat_line (
    gateway text PRIMARY KEY,
    next_update bigint NOT NULL DEFAULT 0,
    held_by uuid,
    held_until timestamptz NOT NULL
);
COMMENT ON TABLE chat_line IS 'Where people write back (a Telegram bot, a Signal number): read by one worker at a time, each message once.';
COMMENT ON COLUMN chat_line.gateway IS 'Name in the operator''s file.';
COMMENT ON COLUMN chat_line.next_update IS 'The first number of the carrier''s that was not heard yet.';
COMMENT ON COLUMN chat_line.held_by IS 'Which worker reads it.';
COMMENT ON COLUMN chat_line.held_until IS 'Another one may, from then on.';
