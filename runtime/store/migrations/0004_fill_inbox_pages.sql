-- A request's row is written once, together with its answer: no room for a second version is needed.
ALTER TABLE inbox_commands SET (fillfactor = 100);
