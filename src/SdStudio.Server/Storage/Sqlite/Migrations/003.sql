-- Downloads of models: what was not ended goes on after a restart. Times are Unix milliseconds.
CREATE TABLE downloads (
    id               TEXT    PRIMARY KEY,
    model            TEXT    NOT NULL,
    status           TEXT    NOT NULL CHECK (status IN ('downloading', 'completed', 'failed', 'cancelled')),
    error            TEXT,
    bytes_downloaded INTEGER NOT NULL DEFAULT 0,
    total_bytes      INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
