-- Images are listed by themselves, the newest first.
ALTER TABLE images ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
UPDATE images SET created_at = (SELECT coalesce(completed_at, created_at) FROM jobs WHERE jobs.id = images.job_id);
CREATE INDEX images_by_time ON images (created_at, index_in_batch, id);
