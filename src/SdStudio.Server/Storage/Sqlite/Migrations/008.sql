-- What people sort their images by. A board is its owner's.
CREATE TABLE boards (
    id         TEXT    PRIMARY KEY,
    owner      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (owner, name)
) STRICT;

-- An image is a thing of its own: with a number that is never given to another, and beside it what lists are filtered by.
CREATE TABLE images2 (
    number         INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT    NOT NULL UNIQUE,
    job_id         TEXT    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    index_in_batch INTEGER NOT NULL,
    file_path      TEXT    NOT NULL,
    mime_type      TEXT    NOT NULL,
    width          INTEGER NOT NULL,
    height         INTEGER NOT NULL,
    seed           INTEGER NOT NULL,
    created_at     INTEGER NOT NULL DEFAULT 0,
    owner          TEXT    NOT NULL DEFAULT '',
    type           TEXT    NOT NULL DEFAULT '',
    model          TEXT    NOT NULL DEFAULT '',
    -- Null where its job's settings are its own.
    settings       TEXT,
    starred        INTEGER NOT NULL DEFAULT 0,
    rating         INTEGER NOT NULL DEFAULT 0,
    board          TEXT    REFERENCES boards (id) ON DELETE SET NULL,
    UNIQUE (job_id, index_in_batch)
) STRICT;

INSERT INTO images2 (id, job_id, index_in_batch, file_path, mime_type, width, height, seed, created_at, owner, type, model)
SELECT images.id, job_id, index_in_batch, file_path, mime_type, width, height, seed, images.created_at, owner, type, model
FROM images JOIN jobs ON jobs.id = job_id ORDER BY images.created_at, index_in_batch, images.id;
DROP TABLE images;
ALTER TABLE images2 RENAME TO images;

-- Each ends with the number, by which lists are ordered.
CREATE INDEX images_by_owner ON images (owner);
CREATE INDEX images_by_type ON images (type);
CREATE INDEX images_by_model ON images (model);
CREATE INDEX images_by_board ON images (board) WHERE board IS NOT NULL;
CREATE INDEX images_by_star ON images (starred) WHERE starred = 1;
CREATE INDEX images_by_rating ON images (rating);
CREATE INDEX images_by_size ON images (width, height);
CREATE INDEX images_by_seed ON images (seed);
CREATE INDEX images_by_time ON images (created_at);

CREATE TABLE image_tags (
    tag   TEXT    NOT NULL,
    image INTEGER NOT NULL REFERENCES images (number) ON DELETE CASCADE,
    PRIMARY KEY (tag, image)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_tags_by_image ON image_tags (image);

CREATE TABLE image_loras (
    lora  TEXT    NOT NULL,
    image INTEGER NOT NULL REFERENCES images (number) ON DELETE CASCADE,
    PRIMARY KEY (lora, image)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_loras_by_image ON image_loras (image);
INSERT OR IGNORE INTO image_loras
SELECT json_extract(lora.value, '$.name'), images.number
FROM images JOIN jobs ON jobs.id = images.job_id, json_each(jobs.settings, '$.loras') AS lora WHERE json_extract(lora.value, '$.name') IS NOT NULL;

-- Words are found from their beginning; what a word is, search_text has decided.
CREATE VIRTUAL TABLE image_search USING fts5 (
    words, content = '', contentless_delete = 1, prefix = '2 3', tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co M*'"
);
INSERT INTO image_search (rowid, words)
SELECT images.number, search_text(json_extract(jobs.settings, '$.prompt')) FROM images JOIN jobs ON jobs.id = images.job_id ORDER BY images.number;
CREATE TRIGGER image_search_remove AFTER DELETE ON images BEGIN
    DELETE FROM image_search WHERE rowid = old.number;
END;

-- Named sets of settings, each owner's own.
CREATE TABLE presets (owner TEXT NOT NULL, name TEXT NOT NULL, settings TEXT NOT NULL, PRIMARY KEY (owner, name)) STRICT, WITHOUT ROWID;
