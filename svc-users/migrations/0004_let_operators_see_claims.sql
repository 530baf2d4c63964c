-- For a sandbox's comparison: who holds an address is a hash and an account's id, no credential.
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'comanda_operator') THEN
		GRANT SELECT ON email_claims TO comanda_operator;
	END IF;
END $$;
