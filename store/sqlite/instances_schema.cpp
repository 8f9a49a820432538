#include "store/sqlite/database_kind.hpp"
#include "store/sqlite/generation.hpp"

namespace tsms::store {

namespace {

constexpr const char* schema = R"sql(
CREATE TABLE secure_components (id TEXT PRIMARY KEY, identity TEXT NOT NULL UNIQUE, document TEXT NOT NULL);
CREATE INDEX cards_by_claim ON secure_components(json_extract(document, '$.claimed'))
    WHERE json_extract(document, '$.tsmDomain') IS NULL;
CREATE INDEX cards_by_identity ON secure_components(json_extract(document, '$.identity'));
CREATE INDEX cards_by_issuers_number ON secure_components(json_extract(document, '$.cinIin'));
CREATE TABLE service_instances (id TEXT PRIMARY KEY, service TEXT NOT NULL, card TEXT NOT NULL REFERENCES secure_components(id),
    state INTEGER NOT NULL, document TEXT NOT NULL, UNIQUE (service, card));
CREATE INDEX instances_by_card ON service_instances(card);
-- Not those that a stranger can make.
CREATE INDEX instances_by_reader ON service_instances(json_extract(document, '$.reader'), json_extract(document, '$.atr'))
    WHERE state <> 1;
CREATE TABLE tombstones (id TEXT PRIMARY KEY, card TEXT NOT NULL REFERENCES secure_components(id), document TEXT NOT NULL);
CREATE INDEX tombstones_by_card ON tombstones(card);
CREATE TABLE processes (id TEXT PRIMARY KEY, session TEXT NOT NULL, instance TEXT NOT NULL, card TEXT NOT NULL, caller TEXT NOT NULL,
    version TEXT NOT NULL, requested TEXT NOT NULL, start_state INTEGER NOT NULL, started TEXT NOT NULL,
    acknowledged INTEGER NOT NULL DEFAULT 0, status INTEGER, message TEXT, ended TEXT,
    owner TEXT NOT NULL DEFAULT '', epoch INTEGER NOT NULL DEFAULT 0, holds_card INTEGER NOT NULL DEFAULT 0,
    lease_ends INTEGER NOT NULL DEFAULT 0, proof TEXT, asked TEXT, result TEXT);
CREATE INDEX processes_running ON processes(id) WHERE ended IS NULL;
CREATE INDEX processes_by_end ON processes(ended) WHERE ended IS NOT NULL;
CREATE INDEX processes_by_card ON processes(card);
CREATE INDEX processes_with_result ON processes(ended) WHERE result IS NOT NULL;
-- One process at a time works on a card (DIV-101).
CREATE UNIQUE INDEX one_process_holds_a_card ON processes(card) WHERE holds_card = 1 AND ended IS NULL;
-- The answers to calls that run no process (DIV-107).
CREATE TABLE answered_calls (call TEXT PRIMARY KEY, digest TEXT NOT NULL, caller TEXT NOT NULL, provider TEXT,
    result TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX answered_calls_by_time ON answered_calls(at);
CREATE TABLE servers (owner TEXT PRIMARY KEY, epoch INTEGER NOT NULL);
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
-- When retention::may_forget was asked last, and how many times more it says no.
CREATE TABLE forgetting (id INTEGER PRIMARY KEY CHECK (id = 1), asked INTEGER NOT NULL, held INTEGER NOT NULL);
CREATE TABLE issuers (name TEXT PRIMARY KEY, url TEXT NOT NULL, certificate TEXT NOT NULL, transport_key BLOB NOT NULL,
    cards TEXT NOT NULL);
CREATE TABLE apps (caller_id TEXT PRIMARY KEY, provider TEXT NOT NULL, credential_hash BLOB NOT NULL, created TEXT NOT NULL);
CREATE TABLE token_keys (issuer TEXT NOT NULL, key_id TEXT NOT NULL, provider TEXT NOT NULL, audience TEXT NOT NULL,
    public_key TEXT NOT NULL, created TEXT NOT NULL, PRIMARY KEY (issuer, key_id));
CREATE TABLE demanding_providers (provider TEXT PRIMARY KEY);
)sql";

/// An outbox whose attempts were due at dates (DIV-051). The time that its deliveries have waited is not known: they
/// begin anew.
void count_waiting_in_outbox(SQLite::Database& db) {
    const auto dated = db.execAndGet("SELECT count(*) FROM pragma_table_info('outbox') WHERE name = 'next_attempt'");
    if (dated.getInt() == 0)
        return;
    db.exec("ALTER TABLE outbox DROP COLUMN next_attempt;"
            "ALTER TABLE outbox ADD COLUMN provider TEXT NOT NULL DEFAULT '';"
            "ALTER TABLE outbox ADD COLUMN waited INTEGER NOT NULL DEFAULT 0;");
}

/// Domains have had `keys` and, beside them, `nextKeys`, which may be on the card too; at last they said whether the
/// issuer knows `keys`. Before that, the issuer's were those of the version that it gives a new domain: 48 (0x30)
/// unless the profile says otherwise. Whoever reads documents passes over members of these names: the keys would be
/// lost.
constexpr const char* keep_all_keys = R"sql(
UPDATE secure_components SET document = json_set(document, '$.tsmDomain.keys.issuerKnows', json(CASE
        WHEN coalesce(json_extract(document, '$.tsmDomain.issuerKnowsKeys'),
            json_extract(document, '$.tsmDomain.keys.version') = coalesce((SELECT json_extract(i.document,
                '$.target.card.tsmKeyVersion') FROM service_instances i WHERE i.card = secure_components.id LIMIT 1), 48))
        THEN 'true' ELSE 'false' END))
    WHERE json_type(document, '$.tsmDomain.keys') = 'object'
        AND json_type(document, '$.tsmDomain.keys.issuerKnows') IS NULL;
UPDATE secure_components SET document = json_set(document, '$.tsmDomain.otherKeys',
        json_array(json_extract(document, '$.tsmDomain.nextKeys')))
    WHERE json_type(document, '$.tsmDomain.nextKeys') = 'object'
        AND json_type(document, '$.tsmDomain.otherKeys') IS NULL;
UPDATE secure_components
    SET document = json_remove(document, '$.tsmDomain.nextKeys', '$.tsmDomain.issuerKnowsKeys')
    WHERE json_type(document, '$.tsmDomain.nextKeys') IS NOT NULL
        OR json_type(document, '$.tsmDomain.issuerKnowsKeys') IS NOT NULL;
)sql";

/// The parameter of a card that tells its access rules has had another name.
constexpr const char* rename_rules_read_back = R"sql(
UPDATE service_instances SET document = json_remove(json_insert(document, '$.target.card.rulesReadBack',
        json(CASE WHEN json_extract(document, '$.target.card.aracReadBack') THEN 'true' ELSE 'false' END)),
        '$.target.card.aracReadBack')
    WHERE json_type(document, '$.target.card.aracReadBack') IS NOT NULL;
UPDATE tombstones SET document = json_remove(json_insert(document, '$.target.card.rulesReadBack',
        json(CASE WHEN json_extract(document, '$.target.card.aracReadBack') THEN 'true' ELSE 'false' END)),
        '$.target.card.aracReadBack')
    WHERE json_type(document, '$.target.card.aracReadBack') IS NOT NULL;
)sql";

/// Version 1 is every database of the programs that made each of these tables and indexes at their opening, or wrote
/// their documents in another form: nothing tells them apart but what is there.
void bring_to_one_form(SQLite::Database& db) {
    db.exec(R"sql(
CREATE INDEX IF NOT EXISTS cards_by_claim ON secure_components(json_extract(document, '$.claimed'))
    WHERE json_extract(document, '$.tsmDomain') IS NULL;
CREATE TABLE IF NOT EXISTS tombstones (id TEXT PRIMARY KEY, card TEXT NOT NULL REFERENCES secure_components(id), document TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tombstones_by_card ON tombstones(card);
CREATE INDEX IF NOT EXISTS cards_by_identity ON secure_components(json_extract(document, '$.identity'));
CREATE INDEX IF NOT EXISTS instances_by_reader ON service_instances(json_extract(document, '$.reader'), json_extract(document, '$.atr'))
    WHERE state <> 1;
CREATE INDEX IF NOT EXISTS cards_by_issuers_number ON secure_components(json_extract(document, '$.cinIin'));
CREATE INDEX IF NOT EXISTS processes_by_end ON processes(ended) WHERE ended IS NOT NULL;
CREATE TABLE IF NOT EXISTS forgetting (id INTEGER PRIMARY KEY CHECK (id = 1), asked INTEGER NOT NULL, held INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS processes_by_card ON processes(card);
)sql");
    count_waiting_in_outbox(db);
    db.exec(keep_all_keys);
    db.exec(rename_rules_read_back);
    add_generation_tables(db);
}

/// Processes of before are nobody's: whichever server starts next ends those without an end.
void add_leases(SQLite::Database& db) {
    db.exec(R"sql(
ALTER TABLE processes ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE processes ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE processes ADD COLUMN holds_card INTEGER NOT NULL DEFAULT 0;
ALTER TABLE processes ADD COLUMN lease_ends INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX one_process_holds_a_card ON processes(card) WHERE holds_card = 1 AND ended IS NULL;
CREATE TABLE servers (owner TEXT PRIMARY KEY, epoch INTEGER NOT NULL);
)sql");
}

/// Nothing is known of the calls of before: another life of the server cannot go on with them.
void keep_calls(SQLite::Database& db) {
    db.exec(R"sql(
ALTER TABLE processes ADD COLUMN proof TEXT;
ALTER TABLE processes ADD COLUMN asked TEXT;
ALTER TABLE processes ADD COLUMN result TEXT;
CREATE INDEX processes_with_result ON processes(ended) WHERE result IS NOT NULL;
)sql");
}

/// Nothing is known of the calls of before: a repetition is judged anew.
void keep_answers(SQLite::Database& db) {
    db.exec(R"sql(
CREATE TABLE answered_calls (call TEXT PRIMARY KEY, digest TEXT NOT NULL, caller TEXT NOT NULL, provider TEXT,
    result TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX answered_calls_by_time ON answered_calls(at);
)sql");
}

void add_token_keys(SQLite::Database& db) {
    db.exec(R"sql(
CREATE TABLE token_keys (issuer TEXT NOT NULL, key_id TEXT NOT NULL, provider TEXT NOT NULL, audience TEXT NOT NULL,
    public_key TEXT NOT NULL, created TEXT NOT NULL, PRIMARY KEY (issuer, key_id));
CREATE TABLE demanding_providers (provider TEXT PRIMARY KEY);
)sql");
}

constexpr migration migrations[] = {
    {2,
     "tombstones, indexes, deliveries whose waiting is counted, all keys of a domain, and which databases belong "
     "together",
     bring_to_one_form},
    // No released program wrote version 2, so no database of it is kept as a sample (tests/unit/former_schemas): what
    // is migrated passes through it.
    {3, "leases of cards", add_leases},
    {4, "calls that outlive a start of the server, and their results", keep_calls},
    {5, "answers to calls that create an instance", keep_answers},
    {6, "keys of service providers' access tokens, and who demands credentials", add_token_keys},
};

} // namespace

const database_kind& instances_kind() {
    static constexpr database_kind kind{"instances.db", schema, migrations};
    return kind;
}

} // namespace tsms::store
