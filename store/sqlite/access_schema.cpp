#include "store/sqlite/database_kind.hpp"
#include "store/sqlite/generation.hpp"

namespace tsms::store {

namespace {

// Times of tokens are milliseconds since 1970, to compare them.
constexpr const char* schema = R"sql(
CREATE TABLE provider (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    created INTEGER NOT NULL
);
CREATE TABLE long_term_token (
    hash TEXT NOT NULL PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    provider TEXT NOT NULL REFERENCES provider (id),
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    revoked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX long_term_token_owners ON long_term_token (provider);
CREATE TABLE client_certificate (
    provider TEXT NOT NULL REFERENCES provider (id),
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (provider, fingerprint)
) WITHOUT ROWID;
CREATE TABLE access_token (
    hash TEXT NOT NULL PRIMARY KEY,
    long_term TEXT NOT NULL REFERENCES long_term_token (hash),
    expires INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX access_token_origins ON access_token (long_term);
CREATE INDEX access_token_ends ON access_token (expires);
CREATE TABLE refused_upload (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL REFERENCES provider (id),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    category INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX refused_upload_owners ON refused_upload (provider, sequence);
)sql";

void add_client_certificates(SQLite::Database& db) {
    db.exec(R"sql(
CREATE TABLE client_certificate (
    provider TEXT NOT NULL REFERENCES provider (id),
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (provider, fingerprint)
) WITHOUT ROWID;
)sql");
}

/// Version 2 is every database of the programs that made each of these at their opening: nothing tells them apart but
/// what is there.
void add_what_openings_made(SQLite::Database& db) {
    db.exec(R"sql(
CREATE TABLE IF NOT EXISTS refused_upload (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL REFERENCES provider (id),
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    category INTEGER NOT NULL,
    reason TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refused_upload_owners ON refused_upload (provider, sequence);
)sql");
    add_generation_tables(db);
}

constexpr migration migrations[] = {
    {2, "client certificates of service providers", add_client_certificates},
    {3, "refused uploads, and which databases belong together", add_what_openings_made},
};

} // namespace

const database_kind& access_kind() {
    static constexpr database_kind kind{"access.db", schema, migrations};
    return kind;
}

} // namespace tsms::store
