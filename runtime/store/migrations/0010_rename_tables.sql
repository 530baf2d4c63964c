-- Two tables get the names of what they hold: events that were processed, and deadlines that a batch has set.
ALTER TABLE heard_events RENAME TO processed_events;
ALTER INDEX heard_events_age RENAME TO processed_events_age;
ALTER TABLE deadline_turns RENAME TO deadline_batches;
ALTER INDEX deadline_turns_pkey RENAME TO deadline_batches_pkey;
ALTER SEQUENCE deadline_turns_id_seq RENAME TO deadline_batches_id_seq;

-- Replicas of an older build still use the old names. A simple view takes every statement of theirs: INSERT, DELETE with
-- a subselect FOR UPDATE SKIP LOCKED, and, because the view has a column of this name, DELETE by ctid.
-- A later migration drops both views, and the table paces, which no newer build uses.
CREATE VIEW heard_events AS SELECT ctid, received_at, ids FROM processed_events;
CREATE VIEW deadline_turns AS SELECT id, type, due_at, subjects, dues, made_at FROM deadline_batches;

-- in_batch: the deadline is still in the row of its batch. The column young says the same to an older build.
CREATE OR REPLACE VIEW deadlines_all AS
	SELECT subject, type, due_at, false AS young, false AS in_batch FROM deadlines
	UNION ALL
	SELECT each.subject, batch.type, each.due_at, true, true
	FROM deadline_batches AS batch, unnest(batch.subjects, batch.dues) AS each (subject, due_at)
	WHERE batch.id > 0;

-- Who may use a table may use its view. Rights are given here, and not after this transaction: an older replica that
-- lacked a right for a moment would take its message for the cause.
DO $$
DECLARE
	pair  record;
	given record;
BEGIN
	FOR pair IN SELECT * FROM (VALUES ('processed_events', 'heard_events'), ('deadline_batches', 'deadline_turns'))
		AS renamed (relation, old_name)
	LOOP
		FOR given IN SELECT acl.grantee::regrole AS role, acl.privilege_type AS privilege
			FROM pg_class, aclexplode(pg_class.relacl) AS acl
			WHERE pg_class.oid = pair.relation::regclass AND acl.grantee <> 0 AND acl.grantee <> pg_class.relowner
				AND acl.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
		LOOP
			EXECUTE format('GRANT %s ON %I TO %s', given.privilege, pair.old_name, given.role);
		END LOOP;
	END LOOP;
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'comanda_operator') THEN
		GRANT UPDATE (ids) ON heard_events TO comanda_operator;
	END IF;
END $$;
