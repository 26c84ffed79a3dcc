-- Where somebody put a waiting job in line; without it the job's own number says. What was put by hand is left there.
ALTER TABLE jobs ADD COLUMN place INTEGER;
ALTER TABLE jobs ADD COLUMN is_placed INTEGER NOT NULL DEFAULT 0;
