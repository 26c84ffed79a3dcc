-- The earliest and the latest time of each thousand image numbers, or more than that: a list of images of a time reads only the thousands that may
-- contain some. Numbers grow with time, but imported images have times of their own. Each time the range of a thousand has to grow, it doubles, so
-- that few new images write here.
CREATE TABLE image_times (first INTEGER PRIMARY KEY, earliest INTEGER NOT NULL, latest INTEGER NOT NULL) STRICT;
INSERT INTO image_times SELECT number - number % 1000, min(created_at), max(created_at) FROM images GROUP BY 1;
CREATE TRIGGER images_time_new AFTER INSERT ON images
WHEN NOT EXISTS (SELECT 1 FROM image_times WHERE first = new.number - new.number % 1000 AND new.created_at BETWEEN earliest AND latest) BEGIN
    INSERT INTO image_times VALUES (new.number - new.number % 1000, new.created_at, new.created_at) ON CONFLICT DO UPDATE
    SET earliest = min(earliest, new.created_at), latest = max(latest, new.created_at + new.created_at - earliest);
END;
