-- Valid refresh tokens beside the newest one. They were given for one token within its grace period. Each is 72 bytes:
-- its hash, the hash of the token that it was given for, and the first use of that (microseconds, big-endian).
ALTER TABLE sessions ADD COLUMN sibling_tokens bytea;
