#include "store/sqlite/audit.hpp"

#include "crypto/digest.hpp"
#include "store/sqlite/query.hpp"

namespace tsms::store {

const char* const audit_schema = R"(
CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
    chain BLOB NOT NULL);
)";

namespace {

bytes chain_link(bytes_view previous, const std::string& at, const std::string& what, const std::string& subject) {
    bytes input = to_bytes(previous);
    for (const auto* part : {&at, &what, &subject}) {
        append(input, as_bytes(*part));
        input.push_back(0);
    }
    return crypto::sha256(input);
}

} // namespace

audit_tip last_audit_entry(SQLite::Database& db) {
    const auto tip_in = [](SQLite::Statement& row) { return audit_tip{number_of(row, 0), octets_of(row, 1)}; };
    return first(db, tip_in, "SELECT sequence, chain FROM audit ORDER BY sequence DESC LIMIT 1").value_or(audit_tip{});
}

bool has_audit_entry(SQLite::Database& db, const audit_tip& entry) {
    return entry.sequence == 0 ||
           first(db, only_octets, "SELECT chain FROM audit WHERE sequence = ?", entry.sequence) == entry.chain;
}

void append_audit(SQLite::Database& db, wall_time when, const std::string& what, const std::string& subject) {
    const auto at = iso8601(when);
    run(db, "INSERT INTO audit (at, what, subject, chain) VALUES (?, ?, ?, ?)", at, what, subject,
        chain_link(last_audit_entry(db).chain, at, what, subject));
}

std::optional<std::int64_t> first_broken_audit_entry(SQLite::Database& db) {
    bytes previous;
    auto rows = query(db, "SELECT sequence, at, what, subject, chain FROM audit ORDER BY sequence");
    while (rows->executeStep()) {
        auto link = chain_link(previous, text_of(*rows, 1), text_of(*rows, 2), text_of(*rows, 3));
        if (link != octets_of(*rows, 4))
            return number_of(*rows, 0);
        previous = std::move(link);
    }
    return std::nullopt;
}

} // namespace tsms::store
