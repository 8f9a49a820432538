#include "store/sqlite/device_session.hpp"

namespace tsms::store {

namespace {

constexpr int schema_version = 1;
constexpr const char* schema = R"(
CREATE TABLE secure_components (id TEXT PRIMARY KEY, identity TEXT NOT NULL UNIQUE, document TEXT NOT NULL);
CREATE TABLE service_instances (id TEXT PRIMARY KEY, service TEXT NOT NULL, card TEXT NOT NULL REFERENCES secure_components(id),
    state INTEGER NOT NULL, document TEXT NOT NULL, UNIQUE (service, card));
CREATE INDEX instances_by_card ON service_instances(card);
CREATE TABLE processes (id TEXT PRIMARY KEY, session TEXT NOT NULL, instance TEXT NOT NULL, card TEXT NOT NULL, caller TEXT NOT NULL,
    version TEXT NOT NULL, requested TEXT NOT NULL, start_state INTEGER NOT NULL, started TEXT NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0, status INTEGER, message TEXT, ended TEXT);
CREATE INDEX processes_running ON processes(id) WHERE ended IS NULL;
CREATE TABLE journal (sequence INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, what TEXT NOT NULL, at TEXT NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0);
CREATE INDEX journal_by_process ON journal(process);
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, spos TEXT NOT NULL, body TEXT NOT NULL,
    created INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT NOT NULL DEFAULT '',
    given_up INTEGER NOT NULL DEFAULT 0, provider TEXT NOT NULL DEFAULT '', waited INTEGER NOT NULL DEFAULT 0);
CREATE TABLE card_log (sequence INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, response INTEGER NOT NULL,
    apdu TEXT NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX card_log_by_process ON card_log(process);
CREATE INDEX card_log_by_time ON card_log(at);
CREATE TABLE issuers (name TEXT PRIMARY KEY, url TEXT NOT NULL, certificate TEXT NOT NULL, transport_key BLOB NOT NULL,
    cards TEXT NOT NULL);
CREATE TABLE apps (caller_id TEXT PRIMARY KEY, provider TEXT NOT NULL, credential_hash BLOB NOT NULL, created TEXT NOT NULL);
)";

/// Not in the schema: databases of before have these made when they are opened.
constexpr const char* tombstones = "CREATE TABLE IF NOT EXISTS tombstones (id TEXT PRIMARY KEY, card TEXT NOT NULL "
                                   "REFERENCES secure_components(id), document TEXT NOT NULL)";
constexpr const char* tombstones_index = "CREATE INDEX IF NOT EXISTS tombstones_by_card ON tombstones(card)";
constexpr const char* claims_index =
    "CREATE INDEX IF NOT EXISTS cards_by_claim ON secure_components(json_extract(document, '$.claimed')) "
    "WHERE json_extract(document, '$.tsmDomain') IS NULL";

constexpr const char* identity_index =
    "CREATE INDEX IF NOT EXISTS cards_by_identity ON secure_components(json_extract(document, '$.identity'))";
constexpr const char* reader_index =
    "CREATE INDEX IF NOT EXISTS instances_by_reader ON service_instances(json_extract(document, '$.reader'), "
    "json_extract(document, '$.atr')) WHERE state <> 1"; // not those that a stranger can make
constexpr const char* issuers_number_index =
    "CREATE INDEX IF NOT EXISTS cards_by_issuers_number ON secure_components(json_extract(document, '$.cinIin'))";
/// When instance_db::may_forget was asked last, and how many times more it says no.
constexpr const char* forgetting = "CREATE TABLE IF NOT EXISTS forgetting (id INTEGER PRIMARY KEY CHECK (id = 1), "
                                   "asked INTEGER NOT NULL, held INTEGER NOT NULL)";
constexpr const char* ended_index =
    "CREATE INDEX IF NOT EXISTS processes_by_end ON processes(ended) WHERE ended IS NOT NULL";

/// A database of before has an outbox whose attempts were due at dates (DIV-051). The time that those deliveries have
/// waited is not known: they begin anew.
void count_waiting_in_outbox(SQLite::Database& db) {
    const auto dated = [&db] {
        return db.execAndGet("SELECT count(*) FROM pragma_table_info('outbox') WHERE name = 'next_attempt'").getInt() >
               0;
    };
    if (!dated())
        return;
    transaction change(db);
    if (dated()) { // else another program was faster
        db.exec("ALTER TABLE outbox DROP COLUMN next_attempt");
        db.exec("ALTER TABLE outbox ADD COLUMN provider TEXT NOT NULL DEFAULT ''");
        db.exec("ALTER TABLE outbox ADD COLUMN waited INTEGER NOT NULL DEFAULT 0");
    }
    change.commit();
}
constexpr const char* by_card_index = "CREATE INDEX IF NOT EXISTS processes_by_card ON processes(card)";

} // namespace

const database_kind& instances_kind() {
    static const database_kind kind{"instances.db", schema_version, schema};
    return kind;
}

device_session::device_session(std::filesystem::path f, believe_mark mark, const time_source& t)
    : path(std::move(f)), file(path, instances_kind(), mark), time(t) {
    write([&] {
        for (const auto* addition : {claims_index, tombstones, tombstones_index, identity_index, reader_index,
                                     issuers_number_index, ended_index, forgetting, by_card_index})
            rows().database().exec(addition);
        count_waiting_in_outbox(rows().database());
    });
}

} // namespace tsms::store
