-- What each replica has begun and ended since its start, so that the brake (runtime/pace.h) knows what all of them have
-- open. Worth nothing after a crash: counting goes on from what is told next.
CREATE UNLOGGED TABLE paces (
	replica uuid PRIMARY KEY,
	begun   bigint NOT NULL,
	ended   bigint NOT NULL,
	told_at timestamptz NOT NULL
);
