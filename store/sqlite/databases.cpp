#include "store/databases.hpp"

#include "base/time.hpp"
#include "store/sqlite/audit.hpp"
#include "store/sqlite/failure.hpp"
#include "store/sqlite/generation.hpp"
#include "store/sqlite/mark.hpp"
#include "store/sqlite/objects.hpp"
#include "store/sqlite/transaction.hpp"

#include <stdexcept>

namespace tsms::store {

const database_kind& kind_of(database_name name) {
    switch (name) {
    case database_name::access:
        return access_kind();
    case database_name::catalog:
        return catalog_kind();
    case database_name::instances:
        return instances_kind();
    }
    throw std::logic_error("no such database");
}

void create_database(const database_file& file, const std::string& installation) {
    const auto& kind = kind_of(file.name);
    try {
        auto db = create_file(file.path);
        transaction t(db);
        make_objects(db, kind);
        set_installation(db, installation);
        append_audit(db, system_time().wall(), "database made", installation);
        const auto tip = last_audit_entry(db);
        t.commit();
        db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        if (!write_mark(file.path, {installation, tip}))
            throw error("cannot write " + mark_file(file.path).string() + "; may this user write to its folder?");
    } catch (const SQLite::Exception& e) {
        throw failure("making", file.path, e, nullptr);
    }
}

} // namespace tsms::store
