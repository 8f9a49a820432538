#pragma once
// The audit chain of a writable database: every change appends an entry in its own transaction, and every entry's hash
// covers the one before it, so that nothing can be changed or taken out of the middle unseen. Only for store/.

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "store/sqlite/sqlite.hpp"

#include <optional>

namespace tsms::store {

/// Part of the schema of every writable database.
extern const char* const audit_schema;

/// Within the transaction of the change.
void append_audit(SQLite::Database& db, wall_time at, const std::string& what, const std::string& subject);

/// Sequence number of the first entry whose hash does not fit; nothing if the chain is whole.
std::optional<std::int64_t> first_broken_audit_entry(SQLite::Database& db);

/// An entry of the chain. Its hash stands for everything before it: a database that has this entry has all of that.
struct audit_tip {
    std::int64_t sequence = 0; ///< 0: of a chain without entries
    bytes chain;

    friend bool operator==(const audit_tip&, const audit_tip&) = default;
};

/// The newest entry.
audit_tip last_audit_entry(SQLite::Database& db);
bool has_audit_entry(SQLite::Database& db, const audit_tip& entry);

} // namespace tsms::store
