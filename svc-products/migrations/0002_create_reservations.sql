-- One row an order, from the first that is heard of it until long after its end. Made once, changed once: the free half
-- of each page takes the second version without touching the index.
CREATE TABLE reservations (
	order_id    uuid PRIMARY KEY,
	state       text NOT NULL CHECK (state IN ('held', 'refused', 'released', 'sold')),
	lines       text, -- {"lines":[{"product_id","name","quantity","unit_price_cents"}]}; null where nothing was held
	currency    text,
	total_cents bigint NOT NULL,
	expires_at  timestamptz,
	updated_at  timestamptz NOT NULL,
	version     bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
