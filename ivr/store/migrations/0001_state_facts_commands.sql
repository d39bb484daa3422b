-- What the house remembers, what it says happened, and what is still to be done.
CREATE TABLE state (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;

-- The log. A number is never used twice, even when old rows are deleted.
CREATE TABLE facts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    call TEXT,
    line TEXT,
    volunteer TEXT,
    body TEXT NOT NULL
);

-- The outbox: a row is here as long as its command may have to be repeated.
CREATE TABLE commands (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    lane TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
);
