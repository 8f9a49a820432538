#pragma once
// One way to write a statement: its text, then its values in order. Only for store/sqlite.
//
// Over a `connection` it is prepared once; over an SQLite::Database, which is open for a moment or looked at seldom,
// each time.

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "store/sqlite/connection.hpp"

#include <concepts>
#include <optional>

namespace tsms::store {

// -- values

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
/// NULL without one.
template <class T> void bind_value(SQLite::Statement& s, int index, const std::optional<T>& value) {
    if (value)
        bind_value(s, index, *value);
    else
        s.bind(index);
}

/// A moment as a column keeps it: seconds since 1970.
inline std::int64_t seconds_of(wall_time t) {
    return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

// -- statements

/// A statement that is prepared for one use.
class prepared_once {
public:
    prepared_once(SQLite::Database& db, const std::string& sql) : statement_(db, sql) {}
    SQLite::Statement* operator->() { return &statement_; }
    SQLite::Statement& operator*() { return statement_; }

private:
    SQLite::Statement statement_;
};

/// The prepared statement of this text with these values. One text at a time: it is reset when it goes out of scope.
template <class... Values> running query(connection& session, const std::string& sql, const Values&... values) {
    auto& statement = session.statement(sql);
    int index = 0;
    (bind_value(statement, ++index, values), ...);
    return running(statement);
}
template <class... Values> prepared_once query(SQLite::Database& db, const std::string& sql, const Values&... values) {
    prepared_once statement(db, sql);
    int index = 0;
    (bind_value(*statement, ++index, values), ...);
    return statement;
}

/// How many rows it has changed.
template <class Session, class... Values> int run(Session& session, const std::string& sql, const Values&... values) {
    return query(session, sql, values...)->exec();
}

/// Whether it finds anything.
template <class Session, class... Values>
bool finds(Session& session, const std::string& sql, const Values&... values) {
    return query(session, sql, values...)->executeStep();
}

/// The only number that it finds.
template <class Session, class... Values>
std::int64_t count(Session& session, const std::string& sql, const Values&... values) {
    auto row = query(session, sql, values...);
    row->executeStep();
    return row->getColumn(0).getInt64();
}

/// Each row that it finds, read by `read`.
template <class Session, class Read, class... Values>
auto all(Session& session, Read read, const std::string& sql, const Values&... values) {
    std::vector<decltype(read(std::declval<SQLite::Statement&>()))> found;
    auto rows = query(session, sql, values...);
    while (rows->executeStep())
        found.push_back(read(*rows));
    return found;
}

/// The first row, if there is one.
template <class Session, class Read, class... Values>
auto first(Session& session, Read read, const std::string& sql, const Values&... values) {
    auto row = query(session, sql, values...);
    return row->executeStep() ? std::optional(read(*row)) : std::nullopt;
}

// -- columns of a row

inline std::string text_of(SQLite::Statement& row, int column) {
    return row.getColumn(column).getString();
}
inline std::string only_text(SQLite::Statement& row) {
    return text_of(row, 0);
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
inline bytes only_octets(SQLite::Statement& row) {
    return octets_of(row, 0);
}
inline std::int64_t number_of(SQLite::Statement& row, int column) {
    return row.getColumn(column).getInt64();
}
inline std::int64_t only_number(SQLite::Statement& row) {
    return number_of(row, 0);
}
inline bool flag_of(SQLite::Statement& row, int column) {
    return number_of(row, column) != 0;
}
inline wall_time moment_in(SQLite::Statement& row, int column) {
    return wall_time(std::chrono::seconds(number_of(row, column)));
}

} // namespace tsms::store
