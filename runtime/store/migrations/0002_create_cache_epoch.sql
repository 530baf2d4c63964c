-- One row: which cached values count. Raised by a writer that cannot reach the cache; see runtime/cache_epoch.h.
CREATE TABLE cache_epoch (
	one          boolean PRIMARY KEY DEFAULT true CHECK (one),
	epoch        bigint NOT NULL,
	enabled_from timestamptz NOT NULL, -- readers bypass the cache before
	closed_to    timestamptz NOT NULL  -- enabled_from as it was before the last raise
) WITH (fillfactor = 10);

INSERT INTO cache_epoch (epoch, enabled_from, closed_to) VALUES (1, now(), now());
