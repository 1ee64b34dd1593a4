-- beneficiary.registered_at tells when somebody was registered; nothing has read or written this one since 0061.
SET lock_timeout = '5s';

ALTER TABLE identity_document DROP COLUMN registered_at;
