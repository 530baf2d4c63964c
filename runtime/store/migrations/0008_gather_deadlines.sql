-- Deadlines of one turn and type share a row while they are young: nearly all are cleared some milliseconds later. What
-- still waits a second after its turn gets a row of its own in `deadlines` (runtime/mature.c).
CREATE TABLE deadline_turns (
	id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	type     text NOT NULL,
	due_at   timestamptz NOT NULL,     -- the earliest of `dues`
	subjects uuid[] NOT NULL,
	dues     timestamptz[] NOT NULL,   -- of each subject
	made_at  timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
	toast_tuple_target = 8160);

-- Up to a page of a row is neither compressed (it lives for a second) nor cut up.
ALTER TABLE deadline_turns ALTER COLUMN subjects SET STORAGE EXTERNAL;
ALTER TABLE deadline_turns ALTER COLUMN dues SET STORAGE EXTERNAL;

-- All that was set and is not known to be cleared. Of the young ones, nearly all are: ask what they are about. (By the
-- key, which is all that leads through the pages that earlier rows have left, in sessions that avoid to scan tables.)
CREATE VIEW deadlines_all AS
	SELECT subject, type, due_at, false AS young FROM deadlines
	UNION ALL
	SELECT each.subject, turn.type, each.due_at, true
	FROM deadline_turns AS turn, unnest(turn.subjects, turn.dues) AS each (subject, due_at)
	WHERE turn.id > 0;

DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'comanda_operator') THEN
		GRANT SELECT ON deadline_turns, deadlines_all TO comanda_operator;
	END IF;
END $$;
