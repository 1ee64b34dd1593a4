-- Identity: calls in which an operator acts for a household, with its consent, for a short time.
SET lock_timeout = '5s';

COMMENT ON COLUMN otp.purpose IS 'What the code is for: sign-in, consent to a status answer, or help by an operator.';

CREATE TABLE assisted_call (
    call_id uuid PRIMARY KEY,
    staff_id uuid NOT NULL,
    operator text NOT NULL,
    proof text NOT NULL CHECK (proof IN ('spoken_code', 'document')),
    txn_id uuid,
    ending text NOT NULL DEFAULT '',
    account_id uuid,
    begun_at timestamptz NOT NULL,
    confirmed_at timestamptz,
    ends_at timestamptz,
    CONSTRAINT assisted_call_bounded CHECK ((account_id IS NULL) = (ends_at IS NULL)),
    CONSTRAINT assisted_call_by_code CHECK (proof <> 'spoken_code' OR txn_id IS NOT NULL)
);
CREATE INDEX assisted_call_of_staff ON assisted_call (staff_id, begun_at);
CREATE INDEX assisted_call_of_account ON assisted_call (account_id, begun_at) WHERE account_id IS NOT NULL;
COMMENT ON TABLE assisted_call IS 'A call or a visit in which an operator may act for one household, once its consent is proved.';
COMMENT ON COLUMN assisted_call.call_id IS 'Identity.';
COMMENT ON COLUMN assisted_call.staff_id IS 'The operator.';
COMMENT ON COLUMN assisted_call.operator IS 'The operator''s user name, which the household is told.';
COMMENT ON COLUMN assisted_call.proof IS 'spoken_code: sent to the caller''s phone and told to the operator; document: shown in person.';
COMMENT ON COLUMN assisted_call.txn_id IS 'The one-time password that was sent.';
COMMENT ON COLUMN assisted_call.ending IS 'The last digits of the number, for the operator''s eyes; nothing else of it is kept.';
COMMENT ON COLUMN assisted_call.account_id IS 'The household, once its consent is proved.';
COMMENT ON COLUMN assisted_call.begun_at IS 'When it began.';
COMMENT ON COLUMN assisted_call.confirmed_at IS 'When the consent was proved.';
COMMENT ON COLUMN assisted_call.ends_at IS 'From then on the operator can do nothing for the household.';
