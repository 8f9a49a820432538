#include "store/sqlite/audit.hpp"

#include "crypto/digest.hpp"

namespace tsms::store {

const char* const audit_schema = R"(
CREATE TABLE audit (sequence INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, what TEXT NOT NULL, subject TEXT NOT NULL,
    chain BLOB NOT NULL);
)";

namespace {

bytes blob(const SQLite::Column& column) {
    const auto* p = static_cast<const std::uint8_t*>(column.getBlob());
    return bytes(p, p + column.getBytes());
}

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
    SQLite::Statement last(db, "SELECT sequence, chain FROM audit ORDER BY sequence DESC LIMIT 1");
    if (!last.executeStep())
        return {};
    return {last.getColumn(0).getInt64(), blob(last.getColumn(1))};
}

bool has_audit_entry(SQLite::Database& db, const audit_tip& entry) {
    if (entry.sequence == 0)
        return true;
    SQLite::Statement found(db, "SELECT chain FROM audit WHERE sequence = ?");
    found.bind(1, entry.sequence);
    return found.executeStep() && blob(found.getColumn(0)) == entry.chain;
}

void append_audit(SQLite::Database& db, wall_time when, const std::string& what, const std::string& subject) {
    const auto previous = last_audit_entry(db).chain;
    const auto at = iso8601(when);
    const auto link = chain_link(previous, at, what, subject);
    SQLite::Statement insert(db, "INSERT INTO audit (at, what, subject, chain) VALUES (?, ?, ?, ?)");
    insert.bind(1, at);
    insert.bind(2, what);
    insert.bind(3, subject);
    insert.bind(4, link.data(), static_cast<int>(link.size()));
    insert.exec();
}

std::optional<std::int64_t> first_broken_audit_entry(SQLite::Database& db) {
    bytes previous;
    SQLite::Statement rows(db, "SELECT sequence, at, what, subject, chain FROM audit ORDER BY sequence");
    while (rows.executeStep()) {
        const auto link = chain_link(previous, rows.getColumn(1).getString(), rows.getColumn(2).getString(),
                                     rows.getColumn(3).getString());
        if (link != blob(rows.getColumn(4)))
            return rows.getColumn(0).getInt64();
        previous = link;
    }
    return std::nullopt;
}

} // namespace tsms::store
