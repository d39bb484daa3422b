-- Who decides: one row, one epoch. A transaction of an older epoch is refused.
CREATE TABLE lease (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL,
    holder TEXT NOT NULL,
    taken_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    released INTEGER NOT NULL
);

INSERT INTO lease VALUES (1, 0, '', '1970-01-01T00:00:00.000000Z', '1970-01-01T00:00:00.000000Z', 1);
