-- Whose hands a running job is in. The number of the claim fences off whoever had it before; it grows even when an attempt does not count.
ALTER TABLE jobs ADD COLUMN worker TEXT;
ALTER TABLE jobs ADD COLUMN device TEXT;
ALTER TABLE jobs ADD COLUMN claim INTEGER NOT NULL DEFAULT 0;
-- Null: as long as the process lives.
ALTER TABLE jobs ADD COLUMN lease_until INTEGER;
-- How often the job itself ended the process, and whether its worker was stopping: then an end is not its doing.
ALTER TABLE jobs ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN stop_noted INTEGER NOT NULL DEFAULT 0;
-- Who asked, and under which name of the task, for clients that interrupt what they asked for.
ALTER TABLE jobs ADD COLUMN caller TEXT;
ALTER TABLE jobs ADD COLUMN task_id TEXT;

-- Every job has a place of its own in line. is_placed: 1 when it was put before the one behind it, 2 when after the one in front.
UPDATE jobs SET place = ranked.place
FROM (SELECT number, row_number() OVER (ORDER BY coalesce(place, number), number) AS place FROM jobs) AS ranked
WHERE ranked.number = jobs.number;
CREATE INDEX jobs_by_place ON jobs (place);

-- What one key sees.
CREATE INDEX jobs_by_owner ON jobs (owner, status, number);

-- When each owner was served last, as a count that only grows.
CREATE TABLE owners (owner TEXT PRIMARY KEY, served INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Costs differ between devices.
CREATE TABLE model_costs2 (model TEXT NOT NULL, device TEXT NOT NULL, costs TEXT NOT NULL, PRIMARY KEY (model, device)) STRICT, WITHOUT ROWID;
INSERT INTO model_costs2 SELECT model, '', costs FROM model_costs;
DROP TABLE model_costs;
ALTER TABLE model_costs2 RENAME TO model_costs;

-- What models were measured to take, bytes; it was text among other texts.
CREATE TABLE model_memory (key TEXT PRIMARY KEY, ram INTEGER NOT NULL, vram INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO model_memory
SELECT substr(key, 13), CAST(substr(value, 1, instr(value || ' ', ' ') - 1) AS INTEGER), CAST(substr(value, instr(value || ' ', ' ') + 1) AS INTEGER)
FROM studio_state WHERE substr(key, 1, 12) = 'model_bytes:';
DELETE FROM studio_state WHERE substr(key, 1, 12) = 'model_bytes:';
