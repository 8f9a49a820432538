#pragma once
// The open database behind instance_db, shared by its source files.

#include "base/time.hpp"
#include "store/instance_records.hpp"
#include "store/instances.hpp"
#include "store/sqlite/audit.hpp"
#include "store/sqlite/writable.hpp"

namespace tsms::store {

inline std::int64_t seconds(clock::time_point t) {
    return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}

inline clock::time_point from_seconds(std::int64_t s) {
    return clock::time_point(std::chrono::seconds(s));
}

struct instance_db::state {
    state(const std::filesystem::path& f, believe_mark mark, const time_source& t);

    const time_source& time;
    mutable writable file;
    SQLite::Database& db;
    int seen_version = -1; ///< of the database, when changed_by_others() was asked last

    SQLite::Statement query(const char* sql) const { return SQLite::Statement(db, sql); }

    template <class... Values> SQLite::Statement bound(const char* sql, const Values&... values) const {
        SQLite::Statement statement(db, sql);
        int index = 0;
        (statement.bind(++index, values), ...);
        return statement;
    }

    template <class... Values> int run(const char* sql, const Values&... values) {
        return bound(sql, values...).exec();
    }

    /// Runs `change` in one transaction and turns the library's exceptions into ours.
    template <class F> auto write(F change) { return file.change(change); }

    template <class F> auto guarded(F work) const { return file.look(work); }

    void audit(const std::string& what, const std::string& subject) { append_audit(db, time.wall(), what, subject); }

    void insert(const model::service_instance& i) {
        run("INSERT INTO service_instances (id, service, card, state, document) VALUES (?, ?, ?, ?, ?)", i.id,
            i.target.service_id, i.secure_component_id, static_cast<int>(i.state), encode(i));
        audit("instance state " + std::to_string(static_cast<int>(i.state)), i.id);
    }

    /// The column is unique, and a row beside the first one of its identity may outlive that: it is a name for the row.
    /// Who looks for an identity asks the documents.
    void insert(const model::secure_component& c) {
        const bool taken = bound("SELECT 1 FROM secure_components WHERE identity = ?", c.identity).executeStep();
        run("INSERT INTO secure_components (id, identity, document) VALUES (?, ?, ?)", c.id,
            taken ? c.identity + "/" + c.id : c.identity, encode(c));
        audit("card written", c.id);
    }

    /// A row that is there: what somebody has taken away does not come back. Throws store::error if it is not.
    void update(const model::service_instance& i) {
        if (run("UPDATE service_instances SET state = ?, document = ? WHERE id = ?", static_cast<int>(i.state),
                encode(i), i.id) != 1)
            throw error("service instance " + i.id + " is not in the instance database any more");
        audit("instance state " + std::to_string(static_cast<int>(i.state)), i.id);
    }

    void update(const model::secure_component& c) {
        if (run("UPDATE secure_components SET document = ? WHERE id = ?", encode(c), c.id) != 1)
            throw error("secure component " + c.id + " is not in the instance database any more");
        audit(c.quarantined ? "card quarantined" : "card written", c.id);
    }

    bool has_issuer(const std::string& name) const {
        return bound("SELECT 1 FROM issuers WHERE name = ?", name).executeStep();
    }

    /// The app's id is invalid from now on. What may be on the card is kept for whoever meets the card again.
    void lose(const model::service_instance& i) {
        run("DELETE FROM service_instances WHERE id = ?", i.id);
        if (model::may_be_on_card(i))
            run("INSERT OR REPLACE INTO tombstones (id, card, document) VALUES (?, ?, ?)", i.id, i.secure_component_id,
                encode(i));
        audit("instance lost", i.id);
    }

    std::optional<model::secure_component> one_card(const char* sql, const std::string& key) const {
        return guarded([&]() -> std::optional<model::secure_component> {
            auto rows = bound(sql, key);
            if (!rows.executeStep())
                return std::nullopt;
            return decode_card(rows.getColumn(0).getString());
        });
    }

    std::vector<model::service_instance> instances(const char* sql, const std::string& key) const {
        return guarded([&] {
            std::vector<model::service_instance> found;
            auto rows = bound(sql, key);
            while (rows.executeStep())
                found.push_back(decode_instance(rows.getColumn(0).getString()));
            return found;
        });
    }

    bool is_at_work(const std::string& card) const {
        return bound("SELECT 1 FROM processes WHERE card = ? AND ended IS NULL", card).executeStep();
    }

    /// Rows beside this one that are the same physical card, as its issuer says, become a part of it; not while a
    /// process works on them. `gone`: the service whose instance the process has just removed from the card, if any.
    void unite(model::secure_component card, const std::string& gone);
    void take_instance(model::secure_component& card, model::service_instance theirs, const std::string& gone);
    void take_tombstones(const model::secure_component& card, const std::string& other, const std::string& gone);

    /// An operator's change of a card's row, in one transaction with the look whether a process is at work on it.
    template <class F> card_change change_card(const std::string& id, const char* what, F change) {
        return write([&] {
            auto card = one_card("SELECT document FROM secure_components WHERE id = ?", id);
            if (!card)
                return card_change::unknown_card;
            if (is_at_work(id))
                return card_change::process_running;
            const auto changed = change(*card);
            if (changed == card_change::done) {
                update(*card);
                audit(what, id);
            }
            return changed;
        });
    }

    /// Cards on which nothing is, last named before `limit`, with instances that were created before it too.
    std::vector<model::secure_component> claims_before(clock::time_point limit, bool proven_once) const;
    void forget(const model::secure_component& card);

    void add(outbox_entry& d) {
        if (d.created == wall_time{})
            d.created = time.wall();
        run("INSERT INTO outbox (process, provider, spos, body, created) VALUES (?, ?, ?, ?, ?)", d.process, d.provider,
            encode(d.spos), d.body, seconds(d.created));
        d.id = db.getLastInsertRowid();
    }
};

} // namespace tsms::store
