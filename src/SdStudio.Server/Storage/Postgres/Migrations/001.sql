-- One studio on many machines. Times are Unix milliseconds of this database's clock: those of the machines may differ.
CREATE FUNCTION sdstudio_now() RETURNS bigint LANGUAGE sql VOLATILE AS $$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

-- Letters without their marks, as the index of SQLite has them.
CREATE FUNCTION sdstudio_fold(text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT lower(regexp_replace(normalize($1, NFD), '[\u0300-\u036f]', '', 'g')) $$;

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- A place in line grows with every job; places are only changed by trading them.
CREATE SEQUENCE job_places;
CREATE SEQUENCE owner_turns;

CREATE TABLE jobs (
    number           bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id               text    NOT NULL UNIQUE,
    type             text    NOT NULL,
    model            text    NOT NULL,
    settings         text    NOT NULL,
    -- What searches and the line look at, beside the settings that have it too.
    prompt           text    NOT NULL,
    upscaler         text,
    owner            text    NOT NULL DEFAULT '',
    idempotency_key  text,
    fingerprint      text,
    priority         integer NOT NULL DEFAULT 0,
    status           text    NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    progress         double precision NOT NULL DEFAULT 0,
    error            text,
    error_code       text,
    attempts         integer NOT NULL DEFAULT 0,
    cancel_requested boolean NOT NULL DEFAULT false,
    created_at       bigint  NOT NULL,
    queued_at        bigint  NOT NULL,
    updated_at       bigint  NOT NULL,
    started_at       bigint,
    completed_at     bigint,
    model_loading_ms bigint,
    generation_ms    bigint,
    place            bigint  NOT NULL DEFAULT nextval('job_places'),
    is_placed        integer NOT NULL DEFAULT 0,
    worker           text,
    device           text,
    claim            bigint  NOT NULL DEFAULT 0,
    -- Until when the job is its worker's; null for one that nobody runs.
    lease_until      bigint,
    deaths           integer NOT NULL DEFAULT 0,
    stop_noted       boolean NOT NULL DEFAULT false
);
CREATE INDEX jobs_by_status ON jobs (status, number);
CREATE INDEX jobs_by_model ON jobs (model, number);
CREATE INDEX jobs_by_owner ON jobs (owner, status, number);
CREATE INDEX jobs_waiting ON jobs (place) WHERE status = 'pending';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE status = 'processing';
CREATE UNIQUE INDEX jobs_by_key ON jobs (owner, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_by_prompt ON jobs USING gin (prompt gin_trgm_ops);

CREATE TABLE boards (
    id         text   PRIMARY KEY,
    owner      text   NOT NULL,
    name       text   NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE (owner, name)
);

CREATE TABLE images (
    number         bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id             text    NOT NULL UNIQUE,
    job_id         text    NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    index_in_batch integer NOT NULL,
    file_path      text    NOT NULL,
    mime_type      text    NOT NULL,
    width          integer NOT NULL,
    height         integer NOT NULL,
    seed           bigint  NOT NULL,
    created_at     bigint  NOT NULL,
    owner          text    NOT NULL,
    type           text    NOT NULL,
    model          text    NOT NULL,
    settings       text,
    device         text,
    prompt         text    NOT NULL,
    negative_prompt text,
    starred        boolean NOT NULL DEFAULT false,
    rating         integer NOT NULL DEFAULT 0,
    board          text    REFERENCES boards (id) ON DELETE SET NULL,
    words          tsvector NOT NULL,
    UNIQUE (job_id, index_in_batch)
);
CREATE INDEX images_by_owner ON images (owner, number);
CREATE INDEX images_by_model ON images (model, number);
CREATE INDEX images_by_type ON images (type, number);
CREATE INDEX images_by_board ON images (board, number) WHERE board IS NOT NULL;
CREATE INDEX images_by_star ON images (number) WHERE starred;
CREATE INDEX images_by_rating ON images (rating, number);
CREATE INDEX images_by_seed ON images (seed);
CREATE INDEX images_by_time ON images (created_at);
CREATE INDEX images_by_words ON images USING gin (words);

CREATE TABLE image_tags (tag text NOT NULL, image bigint NOT NULL REFERENCES images (number) ON DELETE CASCADE, PRIMARY KEY (tag, image));
CREATE INDEX image_tags_by_image ON image_tags (image);
CREATE TABLE image_loras (lora text NOT NULL, image bigint NOT NULL REFERENCES images (number) ON DELETE CASCADE, PRIMARY KEY (lora, image));
CREATE INDEX image_loras_by_image ON image_loras (image);

CREATE TABLE presets (owner text NOT NULL, name text NOT NULL, settings text NOT NULL, PRIMARY KEY (owner, name));
CREATE TABLE owners (owner text PRIMARY KEY, served bigint NOT NULL);
CREATE TABLE model_costs (model text NOT NULL, device text NOT NULL, costs text NOT NULL, PRIMARY KEY (model, device));
CREATE TABLE studio_state (key text PRIMARY KEY, value text NOT NULL);

-- What happened, in the order in which it was committed: the last thousands, for clients that come back to any machine.
CREATE TABLE events (number bigint PRIMARY KEY, channel text NOT NULL, type text NOT NULL, owner text, data bytea NOT NULL);
INSERT INTO studio_state VALUES ('event_epoch', sdstudio_now()::text);

-- The machines of this studio.
CREATE TABLE nodes (
    id         text    PRIMARY KEY,
    name       text    NOT NULL,
    version    text    NOT NULL,
    -- The process that runs its jobs.
    worker     text    NOT NULL,
    devices    text    NOT NULL,
    started_at bigint  NOT NULL,
    seen_at    bigint  NOT NULL,
    is_drained boolean NOT NULL DEFAULT false
);

-- Images, input images and thumbnails: each machine keeps copies of those that it shows.
CREATE TABLE blobs (name text COLLATE "C" PRIMARY KEY, data bytea NOT NULL, written_at bigint NOT NULL DEFAULT sdstudio_now());
ALTER TABLE blobs ALTER COLUMN data SET STORAGE EXTERNAL;
