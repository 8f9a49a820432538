// What every connection to a database is opened with: a commit that was answered has to survive a loss of power
// (platform notes; DESIGN "Two roles").

#include "store/access.hpp"
#include "store/catalog.hpp"
#include "store/device_store.hpp"
#include "store/sqlite/sqlite.hpp"
#include "tests/unit/rest_fixture.hpp"

#include <sqlite3.h>

using namespace tsms;

namespace {

struct three_databases : rest_test::rest_databases {
    three_databases() { store::create_database({instances(), store::database_name::instances}, "an installation"); }
    std::filesystem::path instances() const { return path() / "instances.db"; }
    std::vector<std::pair<std::filesystem::path, const store::database_kind*>> all() const {
        return {{path() / "access.db", &store::access_kind()},
                {path() / "catalog.db", &store::catalog_kind()},
                {instances(), &store::instances_kind()}};
    }
};

/// Counts how often a write-ahead log is brought to the disk, in all connections of this process.
class counting_vfs {
public:
    counting_vfs() {
        original_ = sqlite3_vfs_find(nullptr);
        shim_ = *original_;
        shim_.zName = "counting";
        shim_.xOpen = [](sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
            const int rc = original_->xOpen(original_, name, file, flags, out);
            if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
                wal_methods_ = *file->pMethods;
                if (file->pMethods->xSync != sync)
                    original_sync_ = file->pMethods->xSync;
                wal_methods_.xSync = sync;
                file->pMethods = &wal_methods_;
            }
            return rc;
        };
        sqlite3_vfs_register(&shim_, 1);
        syncs_ = 0;
    }
    ~counting_vfs() {
        sqlite3_vfs_unregister(&shim_);
        sqlite3_vfs_register(original_, 1);
    }
    int syncs() const { return syncs_; }

private:
    static int sync(sqlite3_file* file, int flags) {
        ++syncs_;
        return original_sync_(file, flags);
    }
    sqlite3_vfs shim_{};
    static inline sqlite3_vfs* original_ = nullptr;
    static inline sqlite3_io_methods wal_methods_{};
    static inline int (*original_sync_)(sqlite3_file*, int) = nullptr;
    static inline int syncs_ = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(connections_to_databases)

BOOST_AUTO_TEST_CASE(every_writer_waits_for_the_disk) {
    const three_databases d;
    for (const auto& [file, kind] : d.all()) {
        BOOST_TEST_CONTEXT(file.filename()) {
            auto db = store::open_writer(file, *kind);
            BOOST_TEST(db.execAndGet("PRAGMA synchronous").getInt() == 2); // FULL
            BOOST_TEST(db.execAndGet("PRAGMA journal_mode").getString() == "wal");
            BOOST_TEST(db.execAndGet("PRAGMA foreign_keys").getInt() == 1);
            BOOST_TEST(db.execAndGet("PRAGMA journal_size_limit").getInt() == 4 << 20);
            BOOST_TEST(db.execAndGet("PRAGMA busy_timeout").getInt() == 2000);
            int persist = -1; // asks
            BOOST_TEST(sqlite3_file_control(db.getHandle(), nullptr, SQLITE_FCNTL_PERSIST_WAL, &persist) == SQLITE_OK);
            BOOST_TEST(persist == 1);
            auto reader = store::open_reader(file, *kind);
            BOOST_TEST(reader.execAndGet("PRAGMA busy_timeout").getInt() == 2000);
            BOOST_CHECK_THROW(reader.exec("CREATE TABLE more (x)"), SQLite::Exception);
        }
    }
}

// By what it does, through the classes that the roles use.
BOOST_AUTO_TEST_CASE(a_commit_is_answered_when_it_is_on_the_disk) {
    const three_databases d;
    const counting_vfs disk;
    const auto costs = [&](const auto& change) {
        change(); // once before: what is left of opening
        const int before = disk.syncs();
        change();
        return disk.syncs() - before;
    };
    const auto access = store::open_access(d.path() / "access.db");
    int names = 0;
    BOOST_TEST(costs([&] {
                   access->add_provider("provider " + std::to_string(++names), std::chrono::system_clock::now());
               }) >= 1);
    store::device_store instances(d.instances());
    BOOST_TEST(costs([&] {
                   model::outbox_entry e;
                   e.created = std::chrono::system_clock::now();
                   instances.outbox.add(e);
               }) >= 1);
    const auto catalog = store::open_catalog(d.path() / "catalog.db");
    BOOST_TEST(costs([&] {
                   ++names;
                   rest::import_profiles(*catalog,
                                         R"([{"name":")" + std::to_string(names) +
                                             R"(","scType":1,"hardwarePlatform":")" + std::to_string(names) +
                                             R"(","os":"LAB","osVersion":"1.0",)"
                                             R"("javaCardVersion":"3.0.5","javaCardFeatures":{},"gpSpecVersions":{},)"
                                             R"("gpApiVersions":{},"csp":{},"certifications":{},)"
                                             R"("identification":{"cplc":[")" +
                                             std::to_string(1000 + names) + R"("]},"card":{}}])",
                                         crypto::system_random(), std::chrono::system_clock::now());
               }) >= 1);
}

BOOST_AUTO_TEST_SUITE_END()
