#include "store/sqlite/device_rows.hpp"

#include "store/device_store.hpp"
#include "store/sqlite/generation.hpp"

#include <utility>

namespace tsms::store {

// -- audit --

void sqlite_device_audit::append(const std::string& what, const std::string& subject) {
    session_.write([&] { append_audit(session_.rows().database(), session_.time.wall(), what, subject); });
}

std::size_t sqlite_device_audit::count() const {
    return session_.look(
        [&] { return static_cast<std::size_t>(store::count(session_.rows(), "SELECT count(*) FROM audit")); });
}

std::optional<std::int64_t> sqlite_device_audit::first_broken() const {
    return session_.look([&] { return first_broken_audit_entry(session_.rows().database()); });
}

// -- all of it --

sqlite_device_rows::sqlite_device_rows(const std::filesystem::path& file, believe_mark mark, const time_source& time)
    : session_(file, mark, time) {}

std::optional<forgetting> sqlite_device_rows::last_forgetting() const {
    return session_.look([&] {
        return first(
            session_.rows(),
            [](SQLite::Statement& row) {
                return forgetting{moment_in(row, 0), static_cast<int>(number_of(row, 1))};
            },
            "SELECT asked, held FROM forgetting");
    });
}

void sqlite_device_rows::remember(const forgetting& asked) {
    session_.write([&] {
        run(session_.rows(), "INSERT OR REPLACE INTO forgetting (id, asked, held) VALUES (1, ?, ?)",
            seconds_of(asked.asked), asked.held);
    });
}

std::optional<bytes> sqlite_device_rows::vault_seal() const {
    return session_.look([&] { return vault_seal_of(session_.rows().database()); });
}

void sqlite_device_rows::keep_vault_seal(bytes_view seal) {
    session_.write([&] { set_vault_seal(session_.rows().database(), seal); });
}

bool sqlite_device_rows::changed_by_others() {
    return session_.look([&] {
        const auto version = count(session_.rows(), "PRAGMA data_version");
        return std::exchange(seen_version_, version) != version;
    });
}

bool sqlite_device_rows::responds() const {
    return session_.look([&] { return finds(session_.rows(), "SELECT 1"); });
}

void sqlite_device_rows::in_transaction(const std::function<void()>& f) {
    session_.file.change(f);
}

device_store::device_store(const std::filesystem::path& file, believe_mark mark, const time_source& time)
    : device_store(std::make_unique<sqlite_device_rows>(file, mark, time)) {}

} // namespace tsms::store
