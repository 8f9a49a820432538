#include "store/sqlite/providers.hpp"

#include "store/access_rules.hpp"

namespace tsms::store {

namespace {

const std::string columns = "SELECT id, name, created FROM provider ";

provider_record provider_in(SQLite::Statement& row) {
    return {text_of(row, 0), text_of(row, 1), iso_time(number_of(row, 2))};
}

} // namespace

provider_record sqlite_providers::add_provider(const std::string& name, wall_time now) {
    check_provider_name(name);
    if (provider_by_name(name))
        throw provider_name_taken(name);
    return session_.change([&] {
        const auto id = random_.uuid();
        run(session_.rows(), "INSERT INTO provider (id, name, created) VALUES (?, ?, ?)", id, name, milliseconds(now));
        session_.audit("provider added", id);
        return provider_record{id, name, iso_time(milliseconds(now))};
    });
}

std::vector<provider_record> sqlite_providers::providers() const {
    return session_.look([&] { return all(session_.rows(), provider_in, columns + "ORDER BY name"); });
}

std::optional<provider_record> sqlite_providers::provider(const std::string& id) const {
    return session_.look([&] { return first(session_.rows(), provider_in, columns + "WHERE id = ?", id); });
}

std::optional<provider_record> sqlite_providers::provider_by_name(const std::string& name) const {
    return session_.look([&] { return first(session_.rows(), provider_in, columns + "WHERE name = ?", name); });
}

} // namespace tsms::store
