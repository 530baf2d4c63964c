-- Events of one turn share rows of up to a page, which are neither compressed (they live for milliseconds) nor cut up.
ALTER TABLE outbox ADD COLUMN events integer NOT NULL DEFAULT 1;
ALTER TABLE outbox ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE outbox SET (toast_tuple_target = 8160);
