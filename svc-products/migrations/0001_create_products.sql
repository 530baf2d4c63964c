-- The catalogue with its stock. No index on anything that a reservation changes, and room in each page: such updates
-- stay in their page and touch no index (HOT).
CREATE TABLE products (
	id          uuid PRIMARY KEY,
	sku         text NOT NULL,
	name        text NOT NULL,
	description text NOT NULL,
	price_cents bigint NOT NULL CHECK (price_cents >= 0),
	currency    text NOT NULL,
	on_hand     bigint NOT NULL,
	reserved    bigint NOT NULL,
	status      text NOT NULL CHECK (status IN ('active', 'withdrawn')),
	created_at  timestamptz NOT NULL,
	updated_at  timestamptz NOT NULL,
	version     bigint NOT NULL, -- of what people edit
	sequence    bigint NOT NULL, -- of every change
	CONSTRAINT stock_is_there CHECK (reserved >= 0 AND reserved <= on_hand)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

-- Who has which SKU; a row stays when its SKU is given up. The id is a hash of the SKU.
CREATE TABLE sku_claims (
	id         uuid PRIMARY KEY,
	sku        text NOT NULL,
	product_id uuid
);

CREATE INDEX sku_claims_product_id ON sku_claims (product_id);
