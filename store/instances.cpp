#include "store/instances.hpp"

#include "store/audit.hpp"
#include "store/instance_records.hpp"
#include "store/sqlite.hpp"

#include <array>
#include <cstdio>
#include <ctime>

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
    created INTEGER NOT NULL, next_attempt INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT NOT NULL DEFAULT '',
    given_up INTEGER NOT NULL DEFAULT 0);
CREATE TABLE card_log (sequence INTEGER PRIMARY KEY AUTOINCREMENT, process TEXT NOT NULL, response INTEGER NOT NULL,
    apdu TEXT NOT NULL, note TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX card_log_by_process ON card_log(process);
CREATE INDEX card_log_by_time ON card_log(at);
CREATE TABLE issuers (name TEXT PRIMARY KEY, url TEXT NOT NULL, certificate TEXT NOT NULL, transport_key BLOB NOT NULL,
    cards TEXT NOT NULL);
CREATE TABLE apps (caller_id TEXT PRIMARY KEY, provider TEXT NOT NULL, credential_hash BLOB NOT NULL, created TEXT NOT NULL);
)";

std::int64_t seconds(clock::time_point t) {
    return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}

clock::time_point from_seconds(std::int64_t s) { return clock::time_point(std::chrono::seconds(s)); }

bytes blob(const SQLite::Column& column) {
    const auto* p = static_cast<const std::uint8_t*>(column.getBlob());
    return bytes(p, p + column.getBytes());
}

std::string join(const std::vector<model::operation>& operations) {
    std::string text;
    for (auto o : operations)
        text += (text.empty() ? "" : " ") + std::to_string(static_cast<int>(o));
    return text;
}

std::vector<model::operation> split(const std::string& text) {
    std::vector<model::operation> operations;
    for (std::size_t at = 0; at < text.size(); at = text.find(' ', at), at = at == std::string::npos ? text.size() : at + 1)
        operations.push_back(static_cast<model::operation>(std::stoi(text.substr(at))));
    return operations;
}

/// Each entry's hash covers the entry and the hash before it, so that none can be changed or taken out unseen.
} // namespace

std::string iso8601(clock::time_point when) {
    using namespace std::chrono;
    const auto ms = duration_cast<milliseconds>(when.time_since_epoch()).count();
    const std::time_t s = ms / 1000;
    std::tm utc{};
    gmtime_r(&s, &utc);
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                  utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(ms % 1000));
    return text.data();
}

struct instance_db::state {
    explicit state(const std::filesystem::path& file) : db(open_writer(file, schema_version, (std::string(schema) + audit_schema).c_str())) {}

    mutable SQLite::Database db;

    SQLite::Statement query(const char* sql) const { return SQLite::Statement(db, sql); }

    template <class... Values> SQLite::Statement bound(const char* sql, const Values&... values) const {
        SQLite::Statement statement(db, sql);
        int index = 0;
        (statement.bind(++index, values), ...);
        return statement;
    }

    template <class... Values> int run(const char* sql, const Values&... values) { return bound(sql, values...).exec(); }

    /// Runs `change` in one transaction and turns the library's exceptions into ours.
    template <class F> auto write(F change) {
        return guarded([&] {
            SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
            if constexpr (std::is_void_v<decltype(change())>) {
                change();
                transaction.commit();
            } else {
                auto result = change();
                transaction.commit();
                return result;
            }
        });
    }

    template <class F> auto guarded(F work) const {
        try {
            return work();
        } catch (const SQLite::Exception& e) {
            throw error(std::string("instance database: ") + e.what());
        }
    }

    void audit(const std::string& what, const std::string& subject) { append_audit(db, what, subject); }

    void put(const model::service_instance& i) {
        run("INSERT INTO service_instances (id, service, card, state, document) VALUES (?, ?, ?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET state = excluded.state, document = excluded.document",
            i.id, i.target.service_id, i.secure_component_id, static_cast<int>(i.state), encode(i));
        audit("instance state " + std::to_string(static_cast<int>(i.state)), i.id);
    }

    void put(const model::secure_component& c) {
        run("INSERT INTO secure_components (id, identity, document) VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET identity = excluded.identity, document = excluded.document",
            c.id, c.identity, encode(c));
        audit(c.quarantined ? "card quarantined" : "card written", c.id);
    }

    std::optional<model::secure_component> one_card(const char* sql, const std::string& key) const {
        return guarded([&]() -> std::optional<model::secure_component> {
            auto rows = bound(sql, key);
            if (!rows.executeStep())
                return std::nullopt;
            return decode_card(rows.getColumn(0).getString());
        });
    }

    void add(outbox_entry& d) {
        run("INSERT INTO outbox (process, spos, body, created, next_attempt) VALUES (?, ?, ?, ?, ?)", d.process, encode(d.spos),
            d.body, seconds(d.created), seconds(d.next_attempt));
        d.id = db.getLastInsertRowid();
    }
};

instance_db::instance_db(const std::filesystem::path& file) : state_(std::make_unique<state>(file)) {}
instance_db::~instance_db() = default;
instance_db::instance_db(instance_db&&) noexcept = default;
instance_db& instance_db::operator=(instance_db&&) noexcept = default;

// -- Service Instances and secure components -------------------------------------------------------------------------------------

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
            auto rows = state_->bound("SELECT document FROM service_instances WHERE service = ? AND card = ?", service, card);
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
    return state_->guarded([&] {
        std::vector<model::service_instance> found;
        auto rows = state_->bound("SELECT document FROM service_instances WHERE card = ? ORDER BY id", card);
        while (rows.executeStep())
            found.push_back(decode_instance(rows.getColumn(0).getString()));
        return found;
    });
}

std::optional<model::secure_component> instance_db::card(const std::string& id) const {
    return state_->one_card("SELECT document FROM secure_components WHERE id = ?", id);
}

std::optional<model::secure_component> instance_db::card_by_identity(const std::string& identity) const {
    return state_->one_card("SELECT document FROM secure_components WHERE identity = ?", identity);
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

bool instance_db::create(model::service_instance instance, const model::secure_component& card) {
    return state_->write([&] {
        auto known = card_by_identity(card.identity); // since it was looked up, another call may have stored it
        if (known)
            instance.secure_component_id = known->id;
        if (!instances_of(instance.target.service_id, {instance.secure_component_id}).empty())
            return false;
        if (!known) {
            state_->put(card);
        } else if (known->issuer != card.issuer && known->issuer.empty()) {
            known->issuer = card.issuer; // the rest of the row belongs to the processes
            state_->put(*known);
        }
        state_->put(instance);
        return true;
    });
}

// -- processes -----------------------------------------------------------------------------------------------------------------------

void instance_db::begin(const process_record& p, const model::service_instance& shown) {
    state_->write([&] {
        state_->run("INSERT INTO processes (id, session, instance, card, caller, version, requested, start_state, started) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    p.id, p.session, p.instance, p.card, p.caller, p.version_tag, join(p.requested),
                    static_cast<int>(p.start_state), p.started);
        state_->audit("process begins", p.id);
        state_->put(shown);
    });
}

void instance_db::acknowledge(const std::string& process) {
    state_->write([&] { state_->run("UPDATE processes SET acknowledged = 1 WHERE id = ?", process); });
}

void instance_db::journal(const std::string& process, const std::string& what) {
    state_->write([&] {
        state_->run("INSERT INTO journal (process, what, at) VALUES (?, ?, ?)", process, what, iso8601(clock::now()));
    });
}

void instance_db::commit(const std::string& process, const model::service_instance& instance,
                         const model::secure_component& card) {
    state_->write([&] {
        state_->put(card);
        state_->put(instance);
        state_->run("UPDATE journal SET settled = 1 WHERE process = ?", process);
    });
}

void instance_db::end(const process_end& p, const model::service_instance& instance,
                      const std::optional<model::secure_component>& card, bool gone, std::optional<outbox_entry>& delivery) {
    state_->write([&] {
        auto ended = state_->bound("SELECT 1 FROM processes WHERE id = ? AND ended IS NOT NULL", p.id);
        if (ended.executeStep()) { // told again, because the first answer was lost
            auto waiting = state_->bound("SELECT id FROM outbox WHERE process = ? AND given_up = 0", p.id);
            if (!waiting.executeStep())
                delivery.reset();
            else if (delivery)
                delivery->id = waiting.getColumn(0).getInt64();
            return;
        }
        if (card)
            state_->put(*card);
        if (gone) {
            state_->run("DELETE FROM service_instances WHERE id = ?", instance.id);
            state_->audit("instance removed", instance.id);
        } else {
            state_->put(instance);
        }
        state_->run("UPDATE processes SET status = ?, message = ?, ended = ? WHERE id = ?", static_cast<int>(p.status), p.message,
                    p.ended, p.id);
        state_->run("UPDATE journal SET settled = 1 WHERE process = ?", p.id);
        state_->audit("process ends with " + std::to_string(static_cast<int>(p.status)), p.id);
        if (delivery)
            state_->add(*delivery);
    });
}

std::vector<instance_db::interrupted_process> instance_db::interrupted() const {
    return state_->guarded([&] {
        std::vector<interrupted_process> found;
        auto rows = state_->query("SELECT p.id, p.session, p.instance, p.card, p.caller, p.version, p.requested, p.start_state, "
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
            p.requested = split(text(6));
            p.start_state = static_cast<model::instance_state>(rows.getColumn(7).getInt());
            p.started = text(8);
            found.push_back({std::move(p), decode_instance(text(9)), decode_card(text(10)), rows.getColumn(11).getInt() != 0});
        }
        return found;
    });
}

// -- outbox --------------------------------------------------------------------------------------------------------------------------

void instance_db::enqueue(outbox_entry& delivery) {
    state_->write([&] { state_->add(delivery); });
}

std::vector<outbox_entry> instance_db::outbox() const {
    return state_->guarded([&] {
        std::vector<outbox_entry> found;
        auto rows = state_->query("SELECT id, process, spos, body, created, next_attempt, attempts, last_error FROM outbox "
                                  "WHERE given_up = 0 ORDER BY id");
        while (rows.executeStep()) {
            outbox_entry d;
            d.id = rows.getColumn(0).getInt64();
            d.process = rows.getColumn(1).getString();
            d.spos = decode_spos(rows.getColumn(2).getString());
            d.body = rows.getColumn(3).getString();
            d.created = from_seconds(rows.getColumn(4).getInt64());
            d.next_attempt = from_seconds(rows.getColumn(5).getInt64());
            d.attempts = rows.getColumn(6).getInt();
            d.last_error = rows.getColumn(7).getString();
            found.push_back(std::move(d));
        }
        return found;
    });
}

void instance_db::delivered(std::int64_t id) {
    state_->write([&] {
        state_->run("DELETE FROM outbox WHERE id = ?", id);
        state_->audit("result delivered", std::to_string(id));
    });
}

void instance_db::attempt_failed(std::int64_t id, clock::time_point next, const std::string& error_text) {
    state_->write([&] {
        state_->run("UPDATE outbox SET attempts = attempts + 1, next_attempt = ?, last_error = ? WHERE id = ?", seconds(next),
                    error_text, id);
    });
}

void instance_db::give_up(std::int64_t id, const std::string& error_text) {
    state_->write([&] {
        state_->run("UPDATE outbox SET given_up = 1, last_error = ? WHERE id = ?", error_text, id);
        state_->audit("result given up", std::to_string(id));
    });
}

// -- card log ------------------------------------------------------------------------------------------------------------------------

void instance_db::log(const std::vector<card_log_entry>& entries) {
    state_->write([&] {
        const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now().time_since_epoch()).count();
        auto insert = state_->query("INSERT INTO card_log (process, response, apdu, note, at) VALUES (?, ?, ?, ?, ?)");
        for (const auto& e : entries) {
            insert.bind(1, e.process);
            insert.bind(2, e.response ? 1 : 0);
            insert.bind(3, e.apdu);
            insert.bind(4, e.note);
            insert.bind(5, static_cast<std::int64_t>(now));
            insert.exec();
            insert.reset();
        }
    });
}

std::vector<card_log_entry> instance_db::card_log(const std::string& process) const {
    return state_->guarded([&] {
        std::vector<card_log_entry> found;
        auto rows = state_->bound("SELECT process, response, apdu, note, at FROM card_log WHERE process = ? ORDER BY sequence",
                                  process);
        while (rows.executeStep())
            found.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getInt() != 0, rows.getColumn(2).getString(),
                             rows.getColumn(3).getString(),
                             iso8601(clock::time_point(std::chrono::milliseconds(rows.getColumn(4).getInt64())))});
        return found;
    });
}

void instance_db::forget_log_before(clock::time_point limit) {
    state_->write([&] { state_->run("DELETE FROM card_log WHERE at < ?", seconds(limit) * 1000); });
}

// -- administration ------------------------------------------------------------------------------------------------------------------

bool instance_db::add_issuer(const issuer_record& issuer) {
    return state_->write([&] {
        auto taken = state_->bound("SELECT 1 FROM issuers WHERE name = ?", issuer.name);
        if (taken.executeStep())
            return false;
        auto insert = state_->bound("INSERT INTO issuers (name, url, certificate, cards, transport_key) VALUES (?, ?, ?, ?, ?5)",
                                    issuer.name, issuer.url, issuer.certificate_pem, encode(issuer.cards));
        insert.bind(5, issuer.transport_key.data(), static_cast<int>(issuer.transport_key.size()));
        insert.exec();
        state_->audit("issuer added", issuer.name);
        return true;
    });
}

bool instance_db::remove_issuer(const std::string& name) {
    return state_->write([&] {
        state_->audit("issuer removed", name);
        return state_->run("DELETE FROM issuers WHERE name = ?", name) > 0;
    });
}

std::vector<issuer_record> instance_db::issuers() const {
    return state_->guarded([&] {
        std::vector<issuer_record> found;
        auto rows = state_->query("SELECT name, url, certificate, transport_key, cards FROM issuers ORDER BY name");
        while (rows.executeStep())
            found.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getString(), rows.getColumn(2).getString(),
                             blob(rows.getColumn(3)), decode_identification(rows.getColumn(4).getString())});
        return found;
    });
}

bool instance_db::add_app(const app_record& app) {
    return state_->write([&] {
        auto taken = state_->bound("SELECT 1 FROM apps WHERE caller_id = ? AND (provider <> ? OR length(credential_hash) > 0)",
                                   app.caller_id, app.provider);
        if (taken.executeStep())
            return false;
        auto insert = state_->bound("INSERT OR REPLACE INTO apps (caller_id, provider, created, credential_hash) VALUES (?, ?, ?, ?4)",
                                    app.caller_id, app.provider, iso8601(clock::now()));
        insert.bind(4, app.credential_hash.data(), static_cast<int>(app.credential_hash.size()));
        insert.exec();
        state_->audit("app added", app.caller_id);
        return true;
    });
}

bool instance_db::revoke_app(const std::string& caller_id) {
    return state_->write([&] {
        state_->audit("app revoked", caller_id);
        return state_->run("UPDATE apps SET credential_hash = x'' WHERE caller_id = ? AND length(credential_hash) > 0", caller_id) > 0;
    });
}

std::vector<app_record> instance_db::apps() const {
    return state_->guarded([&] {
        std::vector<app_record> found;
        auto rows = state_->query("SELECT caller_id, provider, credential_hash, created FROM apps ORDER BY provider, caller_id");
        while (rows.executeStep())
            found.push_back({rows.getColumn(0).getString(), rows.getColumn(1).getString(), blob(rows.getColumn(2)),
                             rows.getColumn(3).getString()});
        return found;
    });
}

bool instance_db::has_had_apps(const std::string& provider) const {
    return state_->guarded([&] { return state_->bound("SELECT 1 FROM apps WHERE provider = ? LIMIT 1", provider).executeStep(); });
}

// -- audit ---------------------------------------------------------------------------------------------------------------------------

std::optional<std::int64_t> instance_db::broken_audit_entry() const {
    return state_->guarded([&] { return first_broken_audit_entry(state_->db); });
}

std::size_t instance_db::audit_entries() const {
    return state_->guarded([&] { return static_cast<std::size_t>(state_->db.execAndGet("SELECT count(*) FROM audit").getInt64()); });
}

bool instance_db::responds() const {
    return state_->guarded([&] { return state_->db.execAndGet("SELECT 1").getInt() == 1; });
}

} // namespace tsms::store
