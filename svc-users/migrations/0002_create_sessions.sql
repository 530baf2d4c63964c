-- Sign-ins, each with the family of refresh tokens that came of it. Tokens are here as hashes only.
CREATE TABLE sessions (
	id            uuid PRIMARY KEY,
	user_id       uuid NOT NULL,
	current_hash  bytea NOT NULL,       -- of the one token that is good
	previous_hash bytea,                -- of the one before it: good for a moment, if the answer was lost
	epoch         bigint NOT NULL,      -- users.session_epoch at sign-in
	created_at    timestamptz NOT NULL,
	expires_at    timestamptz NOT NULL,
	rotated_at    timestamptz,          -- null: never
	revoked       boolean NOT NULL
) WITH (fillfactor = 70);

-- For pruning: the oldest first.
CREATE INDEX sessions_age ON sessions (expires_at);
