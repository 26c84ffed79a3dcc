-- The earliest and the latest time of each thousand image numbers, or more than that: a list of images of a time reads only the thousands that may
-- contain some. Numbers grow with time, but imported images have times of their own. Each time the range of a thousand has to grow, it doubles, so
-- that few new images write here and none waits for the row of another.
CREATE TABLE image_times (first bigint PRIMARY KEY, earliest bigint NOT NULL, latest bigint NOT NULL);
CREATE FUNCTION sdstudio_note_time() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE thousand bigint := NEW.number - NEW.number % 1000;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM image_times WHERE first = thousand AND NEW.created_at BETWEEN earliest AND latest) THEN
        INSERT INTO image_times AS known VALUES (thousand, NEW.created_at, NEW.created_at) ON CONFLICT (first) DO UPDATE
        SET earliest = least(known.earliest, excluded.earliest), latest = greatest(known.latest, excluded.latest + excluded.latest - known.earliest);
    END IF;
    RETURN NULL;
END $$;
-- The trigger first, then the existing rows: creating it waits for transactions that are inserting images.
CREATE TRIGGER images_time_new AFTER INSERT ON images FOR EACH ROW EXECUTE FUNCTION sdstudio_note_time();
INSERT INTO image_times SELECT number - number % 1000, min(created_at), max(created_at) FROM images GROUP BY 1;
