-- For `comanda order` and a sandbox's comparison.
DO $$
BEGIN
	IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'comanda_operator') THEN
		GRANT SELECT ON products, sku_claims, reservations TO comanda_operator;
	END IF;
END $$;
