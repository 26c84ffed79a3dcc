-- Of a batch, several devices make images: each says which one it was.
ALTER TABLE images ADD COLUMN device TEXT;
