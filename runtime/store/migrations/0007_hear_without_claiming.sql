-- Events that the aggregates themselves remember are not claimed one by one: what a turn has heard is one row, for people
-- and for `comanda`. An array is found by its time: an id says when its event was made, and it is heard soon after.
CREATE TABLE heard_events (
	received_at timestamptz NOT NULL,
	ids         uuid[] NOT NULL
) WITH (autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_insert_threshold = 20000,
	autovacuum_vacuum_insert_scale_factor = 0.2, autovacuum_analyze_threshold = 20000, toast_tuple_target = 8160);

-- Ids do not compress, and a turn's fit in a page nearly always.
ALTER TABLE heard_events ALTER COLUMN ids SET STORAGE EXTERNAL;
CREATE INDEX heard_events_age ON heard_events USING brin (received_at) WITH (pages_per_range = 16, autosummarize = on);

-- The operator looks, and makes forget: an id is taken out of its array (see 0005).
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'comanda_operator') THEN
		GRANT SELECT, UPDATE (ids) ON heard_events TO comanda_operator;
	END IF;
END $$;
