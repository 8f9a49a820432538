#pragma once
// One way to write a statement: its text, then its values in order. Only for store/sqlite.

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "store/sqlite/connection.hpp"

#include <concepts>
#include <optional>

namespace tsms::store {

inline void bind_value(SQLite::Statement& s, int index, const std::string& text) {
    s.bind(index, text);
}
inline void bind_value(SQLite::Statement& s, int index, bytes_view octets) {
    s.bind(index, octets.empty() ? "" : static_cast<const void*>(octets.data()), // nothing would be NULL
           static_cast<int>(octets.size()));
}
inline void bind_value(SQLite::Statement& s, int index, const std::optional<std::string>& text) {
    text ? s.bind(index, *text) : s.bind(index);
}
template <std::integral T> void bind_value(SQLite::Statement& s, int index, T number) {
    s.bind(index, static_cast<std::int64_t>(number));
}

/// The prepared statement of this text with these values. One text at a time: it is reset when it goes out of scope.
template <class... Values> running query(connection& session, const std::string& sql, const Values&... values) {
    auto& statement = session.statement(sql);
    int index = 0;
    (bind_value(statement, ++index, values), ...);
    return running(statement);
}

/// How many rows it has changed.
template <class... Values> int run(connection& session, const std::string& sql, const Values&... values) {
    return query(session, sql, values...)->exec();
}

/// Whether it finds anything.
template <class... Values> bool finds(connection& session, const std::string& sql, const Values&... values) {
    return query(session, sql, values...)->executeStep();
}

/// The only number that it finds.
template <class... Values> std::int64_t count(connection& session, const std::string& sql, const Values&... values) {
    auto row = query(session, sql, values...);
    row->executeStep();
    return row->getColumn(0).getInt64();
}

/// Each row that it finds, read by `read`.
template <class Read, class... Values>
auto all(connection& session, Read read, const std::string& sql, const Values&... values) {
    std::vector<decltype(read(std::declval<SQLite::Statement&>()))> found;
    auto rows = query(session, sql, values...);
    while (rows->executeStep())
        found.push_back(read(*rows));
    return found;
}

/// The first row, if there is one.
template <class Read, class... Values>
auto first(connection& session, Read read, const std::string& sql, const Values&... values) {
    auto rows = query(session, sql, values...);
    return rows->executeStep() ? std::optional(read(*rows)) : std::nullopt;
}

inline std::string text_of(SQLite::Statement& row, int column) {
    return row.getColumn(column).getString();
}

/// Nothing where this clock never says so: a conversion would make another time of it.
inline std::optional<wall_time> time_of(std::int64_t seconds) {
    constexpr auto latest = std::chrono::floor<std::chrono::seconds>(wall_time::max()).time_since_epoch().count();
    return seconds < 0 || seconds > latest ? std::nullopt : std::optional(wall_time(std::chrono::seconds(seconds)));
}

inline bytes octets_of(SQLite::Statement& row, int column) {
    const auto value = row.getColumn(column);
    const auto* p = static_cast<const std::uint8_t*>(value.getBlob());
    return bytes(p, p + value.getBytes());
}

} // namespace tsms::store
