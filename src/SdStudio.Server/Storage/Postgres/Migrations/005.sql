-- How many rows there are of what lists tell a total of: counting a million of them for every look costs more than the rest of the look. Whoever
-- changes a number adds a line, and so waits for nobody else's; every few seconds a machine adds the lines up.
CREATE TABLE counts (kind text NOT NULL, name text COLLATE "C" NOT NULL, owner text COLLATE "C" NOT NULL, n bigint NOT NULL, PRIMARY KEY (kind, name, owner));
CREATE TABLE count_changes (kind text NOT NULL, name text COLLATE "C" NOT NULL, owner text COLLATE "C" NOT NULL, n bigint NOT NULL);
-- Lines live for a moment: what is left of them is cleared away before it slows the sums.
ALTER TABLE count_changes SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE VIEW totals AS SELECT kind, name, owner, n FROM counts UNION ALL SELECT kind, name, owner, n FROM count_changes;

-- Jobs by their status.
CREATE FUNCTION sdstudio_count_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE each integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    INSERT INTO count_changes SELECT 'status', status, owner, each * count(*) FROM changed GROUP BY status, owner;
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_count_new AFTER INSERT ON jobs REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sdstudio_count_jobs();
CREATE TRIGGER jobs_count_gone AFTER DELETE ON jobs REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sdstudio_count_jobs();
CREATE FUNCTION sdstudio_count_moved_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO count_changes VALUES ('status', OLD.status, OLD.owner, -1), ('status', NEW.status, NEW.owner, 1);
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_count_moved AFTER UPDATE OF status ON jobs FOR EACH ROW WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION sdstudio_count_moved_job();

-- Images, those of each board and of each tag; and how often anything happened to them but that they came: totals of other filters are remembered
-- until then.
CREATE FUNCTION sdstudio_count_images() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE each integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    INSERT INTO count_changes SELECT 'images', '', owner, each * count(*) FROM changed GROUP BY owner;
    INSERT INTO count_changes SELECT 'board', board, owner, each * count(*) FROM changed WHERE board IS NOT NULL GROUP BY board, owner;
    IF TG_OP = 'DELETE' THEN
        INSERT INTO count_changes SELECT 'changes', '', '', count(*) FROM changed HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER images_count_new AFTER INSERT ON images REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sdstudio_count_images();
CREATE TRIGGER images_count_gone AFTER DELETE ON images REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sdstudio_count_images();
CREATE FUNCTION sdstudio_count_changed_image() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO count_changes VALUES ('changes', '', '', 1);
    IF OLD.board IS DISTINCT FROM NEW.board THEN
        INSERT INTO count_changes
        SELECT 'board', board, owner, n FROM (VALUES (OLD.board, OLD.owner, -1), (NEW.board, NEW.owner, 1)) AS moved (board, owner, n) WHERE board IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER images_count_changed AFTER UPDATE OF starred, rating, board ON images FOR EACH ROW
WHEN (OLD.starred <> NEW.starred OR OLD.rating <> NEW.rating OR OLD.board IS DISTINCT FROM NEW.board) EXECUTE FUNCTION sdstudio_count_changed_image();

-- Tags go before their image: afterwards nobody knows whose they were.
CREATE FUNCTION sdstudio_remove_tags() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM image_tags WHERE image = OLD.number; RETURN OLD; END $$;
CREATE TRIGGER images_remove_tags BEFORE DELETE ON images FOR EACH ROW EXECUTE FUNCTION sdstudio_remove_tags();
CREATE FUNCTION sdstudio_count_tags() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE each integer := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    INSERT INTO count_changes SELECT 'tag', tag, owner, each * count(*) FROM changed JOIN images ON images.number = changed.image GROUP BY tag, owner;
    INSERT INTO count_changes SELECT 'changes', '', '', count(*) FROM changed HAVING count(*) > 0;
    RETURN NULL;
END $$;
CREATE TRIGGER image_tags_count_new AFTER INSERT ON image_tags REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sdstudio_count_tags();
CREATE TRIGGER image_tags_count_gone AFTER DELETE ON image_tags REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sdstudio_count_tags();

INSERT INTO counts SELECT 'status', status, owner, count(*) FROM jobs GROUP BY status, owner;
INSERT INTO counts SELECT 'images', '', owner, count(*) FROM images GROUP BY owner;
INSERT INTO counts SELECT 'board', board, owner, count(*) FROM images WHERE board IS NOT NULL GROUP BY board, owner;
INSERT INTO counts SELECT 'tag', tag, owner, count(*) FROM image_tags JOIN images ON number = image GROUP BY tag, owner;
