-- As of the runtime's tables: not every second while the table is small. Updates stay in their page, where they are
-- pruned on the way.
ALTER TABLE orders SET (autovacuum_vacuum_threshold = 50000, autovacuum_vacuum_insert_threshold = 100000,
	autovacuum_analyze_threshold = 100000);
