-- PostgreSQL's thresholds of 50 changed or 1,000 inserted rows are reached every second while these tables are small: a
-- tenth of its CPU under load went into looking after them again and again. Their shares (scale factors) stay.
ALTER TABLE inbox_commands SET (autovacuum_vacuum_threshold = 50000, autovacuum_vacuum_insert_threshold = 100000,
	autovacuum_analyze_threshold = 100000);
ALTER TABLE inbox_events SET (autovacuum_vacuum_threshold = 50000, autovacuum_vacuum_insert_threshold = 100000,
	autovacuum_analyze_threshold = 100000);
