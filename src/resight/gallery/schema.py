"""The tables of a catalogue, column by column (docs/gallery-format.md)."""

FORMAT = 4

SCHEMA = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE images (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL,
    turn INTEGER NOT NULL DEFAULT 0,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    kept_first INTEGER,
    kept_shapes TEXT,
    kept_crc INTEGER,
    warnings TEXT,
    UNIQUE (sha256, turn)
);
CREATE TABLE files (
    relative PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    image INTEGER REFERENCES images (id),
    failure TEXT
) WITHOUT ROWID;
CREATE INDEX files_image ON files (image);
CREATE TABLE generations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    purpose TEXT NOT NULL,
    width INTEGER,
    rows INTEGER NOT NULL DEFAULT 0,
    parameters TEXT,
    provenance TEXT NOT NULL
);
CREATE TABLE descriptors (
    generation INTEGER NOT NULL REFERENCES generations (number),
    first_row INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    image INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    regions TEXT,
    PRIMARY KEY (generation, first_row)
) WITHOUT ROWID;
CREATE UNIQUE INDEX descriptors_image ON descriptors (image, generation);
CREATE TABLE samples (parameters TEXT, sha256 BLOB, PRIMARY KEY (parameters, sha256)) WITHOUT ROWID;
CREATE TABLE local (
    image INTEGER PRIMARY KEY,
    first_row INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    crc INTEGER NOT NULL
);
CREATE TABLE dead (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    generation INTEGER NOT NULL,
    first_row INTEGER NOT NULL,
    rows INTEGER NOT NULL
);
"""
