-- From format 3 to 4: warnings of photos.
-- What was kept for a fit lay otherwise before: it is let go, and a fit reads its photos again.
ALTER TABLE images ADD COLUMN warnings TEXT;
UPDATE images SET kept_first = NULL, kept_shapes = NULL, kept_crc = NULL;
