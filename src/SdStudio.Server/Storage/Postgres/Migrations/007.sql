-- When the images of each thousand of numbers were made, at the most: a list of a time goes through those thousands alone that may have any. Numbers
-- grow with time, but imported images bring times of their own. What a thousand took so far it may take again, so that few images write here and
-- nobody waits for another one's row.
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
-- Before the rows that are there: it waits for whoever is writing some.
CREATE TRIGGER images_time_new AFTER INSERT ON images FOR EACH ROW EXECUTE FUNCTION sdstudio_note_time();
INSERT INTO image_times SELECT number - number % 1000, min(created_at), max(created_at) FROM images GROUP BY 1;
