#pragma once
// A data directory with databases alone.

#include "store/access.hpp"
#include "store/catalog.hpp"
#include "store/device_store.hpp"
#include "store/upkeep.hpp"

#include "least_document.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <filesystem>
#include <string>
#include <vector>

namespace tsms::unit {

namespace fs = std::filesystem;
using store::database_name;

inline const auto year_2030 = wall_time(std::chrono::seconds(1'900'000'000));

inline store::entity_row a_profile(const std::string& id) {
    constexpr auto kind = model::entity_kind::secure_component_profile;
    return {id, kind, "", "", id, least_document(kind)};
}

/// A data directory with the three databases of one installation.
struct data_directory {
    explicit data_directory(const std::string& installation = "b1ad0f0e-0000-4000-8000-000000000001") {
        char name[] = "/tmp/tsms-databases-XXXXXX";
        folder = ::mkdtemp(name);
        for (const auto& file : all())
            store::create_database(file, installation);
    }
    ~data_directory() { fs::remove_all(folder); }
    data_directory(const data_directory&) = delete;
    data_directory& operator=(const data_directory&) = delete;

    fs::path file(const char* name) const { return folder / name; }
    store::database_file access() const { return {file("access.db"), database_name::access}; }
    store::database_file catalog() const { return {file("catalog.db"), database_name::catalog}; }
    store::database_file instances() const { return {file("instances.db"), database_name::instances}; }
    std::vector<store::database_file> all() const { return {access(), catalog(), instances()}; }

    store::upkeep::options rest() const {
        store::upkeep::options o;
        o.writes = {access(), catalog()};
        return o;
    }
    store::upkeep::options device() const {
        store::upkeep::options o;
        o.writes = {instances()};
        o.reads = {catalog()};
        return o;
    }
    void start_rest() const { const store::upkeep started(rest()); }
    void start_device() const { const store::upkeep started(device()); }
    void add_provider(const std::string& name) const {
        store::open_access(file("access.db"))->add_provider(name, year_2030);
    }
    void add_profile(const std::string& id) const {
        store::open_catalog(file("catalog.db"))->write([&](store::catalog_edit& edit) {
            edit.insert(a_profile(id), {});
            return true;
        });
    }
    void add_app(const std::string& caller) const {
        store::device_store(file("instances.db")).apps.add({caller, "provider", {1}, ""});
    }
    /// As a program of before there were ids wrote it, migrated since.
    void make_old() const {
        for (const auto& one : all()) {
            fs::remove(one.path.string() + "-mark");
            SQLite::Database(one.path, SQLite::OPEN_READWRITE)
                .exec("DELETE FROM installation; DELETE FROM witness; DELETE FROM write_probe");
        }
    }

    fs::path folder;
};

inline std::uintmax_t log_size(const store::database_file& file) {
    return fs::file_size(file.path.string() + "-wal");
}

} // namespace tsms::unit
