-- When the images of each thousand of numbers were made, at the most: a list of a time goes through those thousands alone that may have any. Numbers
-- grow with time, but imported images bring times of their own. What a thousand took so far it may take again, so that few images write here.
CREATE TABLE image_times (first INTEGER PRIMARY KEY, earliest INTEGER NOT NULL, latest INTEGER NOT NULL) STRICT;
INSERT INTO image_times SELECT number - number % 1000, min(created_at), max(created_at) FROM images GROUP BY 1;
CREATE TRIGGER images_time_new AFTER INSERT ON images
WHEN NOT EXISTS (SELECT 1 FROM image_times WHERE first = new.number - new.number % 1000 AND new.created_at BETWEEN earliest AND latest) BEGIN
    INSERT INTO image_times VALUES (new.number - new.number % 1000, new.created_at, new.created_at) ON CONFLICT DO UPDATE
    SET earliest = min(earliest, new.created_at), latest = max(latest, new.created_at + new.created_at - earliest);
END;
