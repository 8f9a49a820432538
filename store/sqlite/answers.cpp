#include "store/sqlite/answers.hpp"

#include "store/call_records.hpp"

namespace tsms::store {

namespace {

model::answered_call answer_in(SQLite::Statement& row) {
    const auto call = text_of(row, 0);
    auto result = of_row("answered_calls", call, [&] { return decode_creation(text_of(row, 4)); });
    const auto provider = row.getColumn(3);
    return {call, text_of(row, 1), text_of(row, 2),
            provider.isNull() ? std::nullopt : std::optional(provider.getString()), std::move(result)};
}

} // namespace

std::optional<model::answered_call> sqlite_answers::find(const std::string& call) const {
    return session_.look([&] {
        return first(session_.rows(), answer_in,
                     "SELECT call, digest, caller, provider, result FROM answered_calls WHERE call = ?", call);
    });
}

void sqlite_answers::insert(const model::answered_call& a, wall_time at) {
    session_.write([&] {
        run(session_.rows(),
            "INSERT INTO answered_calls (call, digest, caller, provider, result, at) VALUES (?, ?, ?, ?, ?, ?)", a.hash,
            a.digest, a.caller, a.provider, encode(a.result), seconds_of(at));
    });
}

void sqlite_answers::forget_before(wall_time limit) {
    session_.write([&] { run(session_.rows(), "DELETE FROM answered_calls WHERE at < ?", seconds_of(limit)); });
}

} // namespace tsms::store
