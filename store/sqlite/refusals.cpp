#include "store/sqlite/refusals.hpp"

namespace tsms::store {

namespace {

refused_upload refusal_in(SQLite::Statement& row) {
    return {iso_time(number_of(row, 0)), text_of(row, 1), text_of(row, 2), static_cast<int>(number_of(row, 3)),
            text_of(row, 4)};
}

} // namespace

void sqlite_refusals::write(const std::string& provider, const std::deque<noted_refusal>& list) {
    for (const auto& [at, what] : list)
        run(session_.rows(),
            "INSERT INTO refused_upload (provider, at, kind, name, category, reason) VALUES (?, ?, ?, ?, ?, ?)",
            provider, at, what.kind, what.name, what.category, what.reason);
    run(session_.rows(),
        "DELETE FROM refused_upload WHERE provider = ?1 AND sequence <= (SELECT sequence FROM refused_upload "
        "WHERE provider = ?1 ORDER BY sequence DESC LIMIT 1 OFFSET ?2)",
        provider, refusals_kept);
}

void sqlite_refusals::write_refusals() {
    const auto noted = noted_.take();
    if (noted.empty())
        return;
    session_.change([&] { // without audit entry: nothing changes but this list
        for (const auto& [provider, list] : noted)
            write(provider, list);
    });
}

std::vector<refused_upload> sqlite_refusals::refusals(const std::string& provider) const {
    return session_.look([&] {
        return all(
            session_.rows(), refusal_in,
            "SELECT at, kind, name, category, reason FROM refused_upload WHERE provider = ? ORDER BY sequence DESC",
            provider);
    });
}

} // namespace tsms::store
