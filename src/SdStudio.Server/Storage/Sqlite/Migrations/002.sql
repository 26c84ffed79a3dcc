-- The settings of a job become one JSON value: what a job draws grows with the engine, what is searched and sorted does not.
-- The number is the rowid by a name of its own, so that nothing ever renumbers it: the search index refers to it.
CREATE TABLE jobs2 (
    number           INTEGER PRIMARY KEY,
    id               TEXT    NOT NULL UNIQUE,
    type             TEXT    NOT NULL,
    model            TEXT    NOT NULL,
    settings         TEXT    NOT NULL,
    owner            TEXT    NOT NULL DEFAULT '',
    idempotency_key  TEXT,
    fingerprint      TEXT,
    priority         INTEGER NOT NULL DEFAULT 0,
    status           TEXT    NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    progress         REAL    NOT NULL DEFAULT 0,
    error            TEXT,
    error_code       TEXT,
    attempts         INTEGER NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    queued_at        INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    started_at       INTEGER,
    completed_at     INTEGER,
    model_loading_ms INTEGER,
    generation_ms    INTEGER
) STRICT;

INSERT INTO jobs2 (number, id, type, model, settings, priority, status, progress, error, error_code, attempts, created_at, queued_at,
                   updated_at, started_at, completed_at, model_loading_ms, generation_ms)
SELECT rowid, id, type, model,
       json_object('type', type, 'model', model, 'prompt', prompt, 'negative_prompt', negative_prompt, 'width', width, 'height', height,
                   'seed', seed, 'count', n, 'quality', quality, 'style', style, 'steps', steps, 'cfg_scale', cfg_scale,
                   'sampler', sampler, 'scheduler', scheduler, 'clip_skip', clip_skip),
       priority, status, progress, error, error_code, attempts, created_at, created_at, updated_at, started_at, completed_at,
       model_loading_ms, generation_ms
FROM jobs ORDER BY rowid;

CREATE TABLE images2 (
    id             TEXT    PRIMARY KEY,
    job_id         TEXT    NOT NULL REFERENCES jobs2 (id) ON DELETE CASCADE,
    index_in_batch INTEGER NOT NULL,
    file_path      TEXT    NOT NULL,
    mime_type      TEXT    NOT NULL,
    width          INTEGER NOT NULL,
    height         INTEGER NOT NULL,
    seed           INTEGER NOT NULL,
    UNIQUE (job_id, index_in_batch)
) STRICT;

INSERT INTO images2 SELECT id, job_id, index_in_batch, file_path, mime_type, width, height, seed FROM images;
DROP TABLE images;
DROP TABLE jobs;
ALTER TABLE jobs2 RENAME TO jobs;
ALTER TABLE images2 RENAME TO images;

CREATE INDEX jobs_by_status ON jobs (status, number);
CREATE INDEX jobs_by_model ON jobs (model, number);
CREATE UNIQUE INDEX jobs_by_key ON jobs (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- Any three characters in a row find a prompt, in every script.
CREATE VIRTUAL TABLE job_search USING fts5 (prompt, content = '', contentless_delete = 1, tokenize = 'trigram');
INSERT INTO job_search (rowid, prompt) SELECT number, json_extract(settings, '$.prompt') FROM jobs;
CREATE TRIGGER job_search_add AFTER INSERT ON jobs BEGIN
    INSERT INTO job_search (rowid, prompt) VALUES (new.number, json_extract(new.settings, '$.prompt'));
END;
CREATE TRIGGER job_search_remove AFTER DELETE ON jobs BEGIN
    DELETE FROM job_search WHERE rowid = old.number;
END;

-- How many jobs each status has: counting 100,000 rows for every look at the queue costs more than the rest of the look.
CREATE TABLE job_counts (status TEXT PRIMARY KEY, jobs INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO job_counts SELECT status, count(*) FROM jobs GROUP BY status;
CREATE TRIGGER job_counts_add AFTER INSERT ON jobs BEGIN
    INSERT INTO job_counts VALUES (new.status, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;
CREATE TRIGGER job_counts_remove AFTER DELETE ON jobs BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE status = old.status;
END;
CREATE TRIGGER job_counts_move AFTER UPDATE OF status ON jobs WHEN old.status <> new.status BEGIN
    UPDATE job_counts SET jobs = jobs - 1 WHERE status = old.status;
    INSERT INTO job_counts VALUES (new.status, 1) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;

-- What the phases of a model took on this machine, for progress and time left.
CREATE TABLE model_costs (model TEXT PRIMARY KEY, costs TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- SHA-256 of model files, as long as size and time of change stay the same.
CREATE TABLE file_hashes (
    path     TEXT PRIMARY KEY,
    bytes    INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    sha256   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What was set while the server ran and survives its end.
CREATE TABLE studio_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
