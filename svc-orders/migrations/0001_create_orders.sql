-- An order is one row. Its items and its history are read and written with it and never without it, so they lie in it:
-- an order that is confirmed costs one insert and two updates, whatever the number of its items.
CREATE TABLE orders (
	id                uuid PRIMARY KEY,
	user_id           uuid NOT NULL,
	state             smallint NOT NULL,     -- enum order_state in domain/saga.h
	version           bigint NOT NULL,
	created_at        timestamptz NOT NULL,
	updated_at        timestamptz NOT NULL,
	expires_at        timestamptz NOT NULL,
	note              text,
	items             json NOT NULL,         -- [{product_id, quantity, name, unit_price_cents}]
	total_cents       bigint,
	currency          text,
	reason_code       text,
	reason_detail     text,
	reason_product_id uuid,
	history           json NOT NULL          -- [{event_id, event, at, sequence}]
)
-- The row doubles while it walks through the saga. Each page keeps room for that, so that the later versions stay in the
-- page of the first (HOT): with no index on what changes, an update then touches no index.
WITH (fillfactor = 35);

-- A customer's orders, newest first.
CREATE INDEX orders_of_user ON orders (user_id, id DESC);
