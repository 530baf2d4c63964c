-- Accounts. Rows are updated in place now and then: room in each page keeps that off the indexes.
CREATE TABLE users (
	id            uuid PRIMARY KEY,
	email         text NOT NULL UNIQUE,        -- trimmed, lower case
	name          text NOT NULL,
	role          text NOT NULL CHECK (role IN ('customer', 'admin')),
	status        text NOT NULL CHECK (status IN ('active', 'disabled')),
	password_hash text NOT NULL,               -- argon2id, with its parameters
	session_epoch bigint NOT NULL,             -- sessions of an older one have ended
	version       bigint NOT NULL,
	created_at    timestamptz NOT NULL,
	updated_at    timestamptz NOT NULL
) WITH (fillfactor = 90);

-- Who holds an e-mail address; the id is a hash of it. What a registration loads and locks, since nobody can lock a
-- user that is not there yet. No foreign keys: their locks would join transactions that have nothing in common.
CREATE TABLE email_claims (
	id      uuid PRIMARY KEY,
	user_id uuid NOT NULL
);
