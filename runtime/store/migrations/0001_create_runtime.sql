-- Requests that were decided, and what was answered: a repeat of the id gets the same answer.
CREATE TABLE inbox_commands (
	id           uuid PRIMARY KEY,
	request_hash uuid NOT NULL,        -- of the request: another one under the same id is refused
	answer       text,                 -- the reply's JSON without its id; null while the deciding transaction is open
	received_at  timestamptz NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.2);

-- Events that were handled.
CREATE TABLE inbox_events (
	id          uuid PRIMARY KEY,
	received_at timestamptz NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.2);

-- Rows arrive in order of time, which is what BRIN is for: pruning finds the old ones at next to no cost per insert.
CREATE INDEX inbox_commands_age ON inbox_commands USING brin (received_at) WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX inbox_events_age ON inbox_events USING brin (received_at) WITH (pages_per_range = 16, autosummarize = on);

-- Events that a crash may be due to: counted before they are decided.
CREATE TABLE attempts (
	id       uuid PRIMARY KEY,
	attempts integer NOT NULL,
	first_at timestamptz NOT NULL
);

-- What must be sent and is not known to have arrived. due_at is a lease: whoever holds the row sends it before then.
CREATE TABLE outbox (
	id          uuid PRIMARY KEY,      -- the event's id
	exchange    text NOT NULL,
	routing_key text NOT NULL,
	type        text NOT NULL,
	subject     uuid,                  -- the aggregate: events of one travel in order where they can
	headers     text,                  -- JSON object of texts; null: none
	body        bytea NOT NULL,
	created_at  timestamptz NOT NULL,
	due_at      timestamptz NOT NULL,
	attempts    integer NOT NULL DEFAULT 0, -- times the broker closed the connection on it
	parked      boolean NOT NULL DEFAULT false
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);

CREATE INDEX outbox_due ON outbox (due_at) WHERE NOT parked;

-- Notes that this service sends to its own queue when they are due, again and again until they are cleared.
CREATE TABLE deadlines (
	subject  uuid NOT NULL,
	type     text NOT NULL,
	due_at   timestamptz NOT NULL,
	attempts integer NOT NULL DEFAULT 0,
	PRIMARY KEY (subject, type)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

CREATE INDEX deadlines_due ON deadlines (due_at);
