-- What the account of `comanda`, the operator's command, may do: look; release what is parked; forget that an event was
-- claimed that ended among the dead letters, so that it can be handed in again. The account is made with the databases;
-- where there is none, nobody is let in.
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'comanda_operator') THEN
		GRANT SELECT ON inbox_events, attempts, outbox, deadlines TO comanda_operator;
		GRANT SELECT (id, received_at) ON inbox_commands TO comanda_operator; -- not the answers
		GRANT DELETE ON inbox_events, attempts TO comanda_operator;
		GRANT UPDATE (due_at, attempts, parked) ON outbox TO comanda_operator;
	END IF;
END $$;
