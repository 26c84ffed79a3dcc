-- One row serves the queue and the list of generations. Times are Unix milliseconds.
CREATE TABLE jobs (
    id               TEXT    PRIMARY KEY,
    type             TEXT    NOT NULL,
    model            TEXT    NOT NULL,
    prompt           TEXT    NOT NULL,
    negative_prompt  TEXT,
    width            INTEGER NOT NULL,
    height           INTEGER NOT NULL,
    seed             INTEGER NOT NULL,
    n                INTEGER NOT NULL,
    quality          TEXT,
    style            TEXT,
    steps            INTEGER NOT NULL,
    cfg_scale        REAL    NOT NULL,
    sampler          TEXT,
    scheduler        TEXT,
    clip_skip        INTEGER NOT NULL,
    strength         REAL,
    priority         INTEGER NOT NULL DEFAULT 0,
    status           TEXT    NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    progress         REAL    NOT NULL DEFAULT 0,
    error            TEXT,
    error_code       TEXT,
    attempts         INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    started_at       INTEGER,
    completed_at     INTEGER,
    model_loading_ms INTEGER,
    generation_ms    INTEGER
) STRICT;

-- The order of work; the row number, which every index ends with, breaks ties within a millisecond.
CREATE INDEX jobs_waiting ON jobs (priority DESC, created_at) WHERE status = 'pending';
CREATE INDEX jobs_listed ON jobs (status, created_at DESC);

CREATE TABLE images (
    id             TEXT    PRIMARY KEY,
    job_id         TEXT    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    index_in_batch INTEGER NOT NULL,
    file_path      TEXT    NOT NULL,
    mime_type      TEXT    NOT NULL,
    width          INTEGER NOT NULL,
    height         INTEGER NOT NULL,
    seed           INTEGER NOT NULL,
    UNIQUE (job_id, index_in_batch)
) STRICT;
