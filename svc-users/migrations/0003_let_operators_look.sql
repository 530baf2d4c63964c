-- For a sandbox's comparison. Neither passwords nor sessions.
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'comanda_operator') THEN
		GRANT SELECT (id, email, name, role, status, version, created_at, updated_at) ON users TO comanda_operator;
	END IF;
END $$;
