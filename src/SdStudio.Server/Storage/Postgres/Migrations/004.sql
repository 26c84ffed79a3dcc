-- People, styles, wildcards and the shared settings: files that every machine has in its data directory. What was deleted leaves its name, so that
-- machines that were away hear of it. Whoever writes holds a lock, so that versions grow in the order of their commits.
CREATE SEQUENCE shared_versions;
CREATE TABLE shared_files (
    path       text   COLLATE "C" PRIMARY KEY,
    version    bigint NOT NULL UNIQUE,
    -- NULL for one that was deleted.
    sha256     text,
    data       bytea
);
ALTER TABLE shared_files ALTER COLUMN data SET STORAGE EXTERNAL;
