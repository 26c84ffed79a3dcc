-- How many rows there are of what lists tell a total of, by owner: counting a million of them for every look costs more than the rest of the look.
CREATE TABLE counts (kind TEXT NOT NULL, name TEXT NOT NULL, owner TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (kind, name, owner)) STRICT, WITHOUT ROWID;

-- Jobs by their status; this had no owners before.
DROP TRIGGER job_counts_add;
DROP TRIGGER job_counts_remove;
DROP TRIGGER job_counts_move;
DROP TABLE job_counts;
INSERT INTO counts SELECT 'status', status, owner, count(*) FROM jobs GROUP BY status, owner;
CREATE TRIGGER jobs_count_new AFTER INSERT ON jobs BEGIN
    INSERT INTO counts VALUES ('status', new.status, new.owner, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER jobs_count_gone AFTER DELETE ON jobs BEGIN
    UPDATE counts SET n = n - 1 WHERE kind = 'status' AND name = old.status AND owner = old.owner;
END;
CREATE TRIGGER jobs_count_moved AFTER UPDATE OF status ON jobs WHEN old.status <> new.status BEGIN
    UPDATE counts SET n = n - 1 WHERE kind = 'status' AND name = old.status AND owner = old.owner;
    INSERT INTO counts VALUES ('status', new.status, new.owner, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- Images, those of each board and of each tag; and how often anything happened to them but that they came: totals of other filters are remembered
-- until then.
INSERT INTO counts VALUES ('changes', '', '', 0);
INSERT INTO counts SELECT 'images', '', owner, count(*) FROM images GROUP BY owner;
INSERT INTO counts SELECT 'board', board, owner, count(*) FROM images WHERE board IS NOT NULL GROUP BY board, owner;
INSERT INTO counts SELECT 'tag', tag, owner, count(*) FROM image_tags JOIN images ON number = image GROUP BY tag, owner;
CREATE TRIGGER images_count_new AFTER INSERT ON images BEGIN
    INSERT INTO counts VALUES ('images', '', new.owner, 1) ON CONFLICT DO UPDATE SET n = n + 1;
    INSERT INTO counts SELECT 'board', new.board, new.owner, 1 WHERE new.board IS NOT NULL ON CONFLICT DO UPDATE SET n = n + 1;
END;
-- Tags go before their image: afterwards nobody knows whose they were.
CREATE TRIGGER images_remove_tags BEFORE DELETE ON images BEGIN
    DELETE FROM image_tags WHERE image = old.number;
END;
CREATE TRIGGER images_count_gone AFTER DELETE ON images BEGIN
    UPDATE counts SET n = n - 1 WHERE kind = 'images' AND owner = old.owner;
    UPDATE counts SET n = n - 1 WHERE kind = 'board' AND name = old.board AND owner = old.owner;
    UPDATE counts SET n = n + 1 WHERE kind = 'changes';
END;
CREATE TRIGGER images_count_changed AFTER UPDATE OF starred, rating, board ON images
WHEN old.starred <> new.starred OR old.rating <> new.rating OR old.board IS NOT new.board BEGIN
    UPDATE counts SET n = n + 1 WHERE kind = 'changes';
    UPDATE counts SET n = n - 1 WHERE old.board IS NOT new.board AND kind = 'board' AND name = old.board AND owner = old.owner;
    INSERT INTO counts SELECT 'board', new.board, new.owner, 1 WHERE old.board IS NOT new.board AND new.board IS NOT NULL ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER image_tags_count_new AFTER INSERT ON image_tags BEGIN
    INSERT INTO counts SELECT 'tag', new.tag, owner, 1 FROM images WHERE number = new.image ON CONFLICT DO UPDATE SET n = n + 1;
    UPDATE counts SET n = n + 1 WHERE kind = 'changes';
END;
CREATE TRIGGER image_tags_count_gone AFTER DELETE ON image_tags BEGIN
    UPDATE counts SET n = n - 1 WHERE kind = 'tag' AND name = old.tag AND owner = (SELECT owner FROM images WHERE number = old.image);
    UPDATE counts SET n = n + 1 WHERE kind = 'changes';
END;
