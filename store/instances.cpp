#include "base/number.hpp"
#include "base/split.hpp"
#include "store/instance_db_state.hpp"
#include "store/sqlite/generation.hpp"

#include <cstdio>

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

std::string join(const std::vector<model::operation>& operations) {
    std::string text;
    for (auto o : operations)
        text += (text.empty() ? "" : " ") + std::to_string(static_cast<int>(o));
    return text;
}

std::vector<model::operation> operations_of(const std::string& row) {
    std::vector<model::operation> operations;
    if (row.empty())
        return operations;
    for (const auto name : text::split(row, ' ')) {
        const auto number = text::number<int>(name);
        if (!number)
            throw error("instances.db: a process has requested ‘" + row + "’; restore the database from a backup");
        operations.push_back(static_cast<model::operation>(*number));
    }
    return operations;
}

} // namespace

const database_kind& instances_kind() {
    static const database_kind kind{"instances.db", schema_version, schema};
    return kind;
}

instance_db::state::state(const std::filesystem::path& f, believe_mark mark, const time_source& t)
    : time(t), file(f, instances_kind(), mark), db(file.database()) {
    guarded([&] {
        for (const auto* addition : {claims_index, tombstones, tombstones_index, identity_index, reader_index,
                                     issuers_number_index, ended_index, forgetting, by_card_index})
            db.exec(addition);
        count_waiting_in_outbox(db);
    });
}

instance_db::instance_db(const std::filesystem::path& file, believe_mark mark, const time_source& time)
    : state_(std::make_unique<state>(file, mark, time)) {}
instance_db::~instance_db() = default;
instance_db::instance_db(instance_db&&) noexcept = default;
instance_db& instance_db::operator=(instance_db&&) noexcept = default;

// -- Service Instances and secure components
// -------------------------------------------------------------------------------------

std::optional<model::service_instance> instance_db::instance(const std::string& id) const {
    return state_->guarded([&]() -> std::optional<model::service_instance> {
        auto rows = state_->bound("SELECT document FROM service_instances WHERE id = ?", id);
        if (!rows.executeStep())
            return std::nullopt;
        return decode_instance(rows.getColumn(0).getString());
    });
}

std::vector<model::service_instance> instance_db::instances_of(const std::string& service,
                                                               const std::vector<std::string>& cards) const {
    return state_->guarded([&] {
        std::vector<model::service_instance> found;
        for (const auto& card : cards) {
            auto rows =
                state_->bound("SELECT document FROM service_instances WHERE service = ? AND card = ?", service, card);
            while (rows.executeStep())
                found.push_back(decode_instance(rows.getColumn(0).getString()));
        }
        return found;
    });
}

std::size_t instance_db::instances_on(const std::string& card) const {
    return state_->guarded([&] {
        auto rows = state_->bound("SELECT count(*) FROM service_instances WHERE card = ?", card);
        rows.executeStep();
        return static_cast<std::size_t>(rows.getColumn(0).getInt64());
    });
}

std::vector<model::service_instance> instance_db::instances_on_card(const std::string& card) const {
    return state_->instances("SELECT document FROM service_instances WHERE card = ? ORDER BY id", card);
}

std::vector<model::service_instance> instance_db::tombstones_on(const std::string& card) const {
    return state_->instances("SELECT document FROM tombstones WHERE card = ? ORDER BY id", card);
}

std::optional<model::secure_component> instance_db::card(const std::string& id) const {
    return state_->one_card("SELECT document FROM secure_components WHERE id = ?", id);
}

std::vector<model::secure_component> instance_db::cards() const {
    return state_->guarded([&] {
        std::vector<model::secure_component> found;
        auto rows = state_->query("SELECT document FROM secure_components ORDER BY id");
        while (rows.executeStep())
            found.push_back(decode_card(rows.getColumn(0).getString()));
        return found;
    });
}

// -- processes
// -----------------------------------------------------------------------------------------------------------------------

bool instance_db::begin(const process_record& p, const process_rows& read, const process_rows& shown) {
    return state_->write([&] {
        const auto stored = instance(p.instance);
        if (!stored || encode(*stored) != encode(read.instance))
            return false;
        if (read.card) {
            const auto stored_card = card(p.card);
            if (!stored_card || encode(*stored_card) != encode(*read.card))
                return false;
        }
        if (shown.card && read.card && shown.card->issuer != read.card->issuer && !shown.card->issuer.empty() &&
            !state_->has_issuer(shown.card->issuer))
            return false;
        state_->run(
            "INSERT INTO processes (id, session, instance, card, caller, version, requested, start_state, started) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            p.id, p.session, p.instance, p.card, p.caller, p.version_tag, join(p.requested),
            static_cast<int>(p.start_state), p.started);
        state_->audit("process begins", p.id);
        state_->update(shown.instance);
        if (shown.card)
            state_->update(*shown.card);
        return true;
    });
}

void instance_db::acknowledge(const std::string& process) {
    state_->write([&] { state_->run("UPDATE processes SET acknowledged = 1 WHERE id = ?", process); });
}

void instance_db::journal(const std::string& process, const std::string& what) {
    state_->write([&] {
        state_->run("INSERT INTO journal (process, what, at) VALUES (?, ?, ?)", process, what,
                    iso8601(state_->time.wall()));
    });
}

void instance_db::commit(const model::service_instance& instance, const model::secure_component& card) {
    state_->write([&] {
        state_->update(card);
        state_->update(instance);
    });
}

bool instance_db::end(const process_end& p, const model::service_instance& instance,
                      const std::optional<model::secure_component>& card, bool gone,
                      std::optional<outbox_entry>& delivery) {
    return state_->write([&] {
        auto ended = state_->bound("SELECT 1 FROM processes WHERE id = ? AND ended IS NOT NULL", p.id);
        if (ended.executeStep()) { // told again, because the first answer was lost
            auto waiting = state_->bound("SELECT id FROM outbox WHERE process = ? AND given_up = 0", p.id);
            if (!waiting.executeStep())
                delivery.reset();
            else if (delivery)
                delivery->id = waiting.getColumn(0).getInt64();
            return false;
        }
        if (card)
            state_->update(*card);
        for (const auto& id : p.cleaned) {
            state_->run("DELETE FROM tombstones WHERE id = ?", id);
            state_->audit("tombstone cleaned up", id);
        }
        if (gone) {
            state_->run("DELETE FROM service_instances WHERE id = ?", instance.id);
            state_->audit("instance removed", instance.id);
        } else {
            state_->update(instance);
        }
        state_->run("UPDATE processes SET status = ?, message = ?, ended = ? WHERE id = ?", static_cast<int>(p.status),
                    p.message, p.ended, p.id);
        state_->run("UPDATE journal SET settled = 1 WHERE process = ?", p.id);
        state_->audit("process ends with " + std::to_string(static_cast<int>(p.status)), p.id);
        if (card)
            state_->unite(*card, gone ? instance.target.service_id : std::string());
        if (delivery)
            state_->add(*delivery);
        return true;
    });
}

std::vector<instance_db::interrupted_process> instance_db::interrupted() const {
    return state_->guarded([&] {
        std::vector<interrupted_process> found;
        auto rows = state_->query(
            "SELECT p.id, p.session, p.instance, p.card, p.caller, p.version, p.requested, p.start_state, "
            "p.started, i.document, c.document, "
            "EXISTS (SELECT 1 FROM journal j WHERE j.process = p.id AND j.settled = 0) "
            "FROM processes p JOIN service_instances i ON i.id = p.instance "
            "JOIN secure_components c ON c.id = p.card WHERE p.ended IS NULL");
        while (rows.executeStep()) {
            const auto text = [&](int column) { return rows.getColumn(column).getString(); };
            process_record p;
            p.id = text(0);
            p.session = text(1);
            p.instance = text(2);
            p.card = text(3);
            p.caller = text(4);
            p.version_tag = text(5);
            p.requested = operations_of(text(6));
            p.start_state = static_cast<model::instance_state>(rows.getColumn(7).getInt());
            p.started = text(8);
            found.push_back(
                {std::move(p), decode_instance(text(9)), decode_card(text(10)), rows.getColumn(11).getInt() != 0});
        }
        return found;
    });
}

std::vector<instance_db::stranded_instance> instance_db::stranded() const {
    return state_->guarded([&] {
        std::vector<stranded_instance> found;
        auto rows = state_->query(
            "SELECT i.document, c.document FROM service_instances i JOIN secure_components c ON c.id = i.card "
            "WHERE json_extract(i.document, '$.runningProcess') <> '' AND NOT EXISTS (SELECT 1 FROM processes p "
            "WHERE p.id = json_extract(i.document, '$.runningProcess') AND p.ended IS NULL)");
        while (rows.executeStep())
            found.push_back(
                {decode_instance(rows.getColumn(0).getString()), decode_card(rows.getColumn(1).getString())});
        return found;
    });
}

void instance_db::heal(const model::service_instance& instance, const model::secure_component& card) {
    state_->write([&] {
        state_->audit("row healed", instance.id);
        state_->update(instance);
        state_->update(card);
    });
}

// -- audit
// ---------------------------------------------------------------------------------------------------------------------------

std::optional<std::int64_t> instance_db::broken_audit_entry() const {
    return state_->guarded([&] { return first_broken_audit_entry(state_->db); });
}

std::size_t instance_db::audit_entries() const {
    return state_->guarded(
        [&] { return static_cast<std::size_t>(state_->db.execAndGet("SELECT count(*) FROM audit").getInt64()); });
}

bool instance_db::responds() const {
    return state_->guarded([&] { return state_->db.execAndGet("SELECT 1").getInt() == 1; });
}

// -- vault
// ---------------------------------------------------------------------------------------------------------------------------

std::optional<bytes> instance_db::vault_seal() const {
    return state_->guarded([&] { return vault_seal_of(state_->db); });
}

void instance_db::keep_vault_seal(bytes_view seal) {
    state_->write([&] {
        set_vault_seal(state_->db, seal);
        state_->audit("vault sealed", "");
    });
}

} // namespace tsms::store
