-- For `comanda order`, `comanda saga` and a sandbox's comparison.
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'comanda_operator') THEN
		GRANT SELECT ON orders TO comanda_operator;
	END IF;
END $$;
