-- Reports ask for ended calls by the moment they came, and then for all that is known of each.
CREATE INDEX facts_by_call ON facts (call) WHERE call IS NOT NULL;

CREATE INDEX ended_calls_by_arrival ON facts (json_extract(body, '$.arrived_at')) WHERE kind = 'call_ended';

-- Bearer tokens of the HTTP API: what is kept cannot be used to get in.
CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    sha256 TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL
);
