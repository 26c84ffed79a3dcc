-- Nothing wrote these.
ALTER TABLE jobs DROP COLUMN caller;
ALTER TABLE jobs DROP COLUMN task_id;
ALTER TABLE jobs DROP COLUMN lease_until;
