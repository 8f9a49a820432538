#pragma once
// One connection to a database with its prepared statements, for one thread at a time. Only for store/.

#include "store/sqlite/sqlite.hpp"

#include <map>

namespace tsms::store {

/// A prepared statement in use: reset when it goes out of scope, so that no snapshot stays open.
class running {
public:
    explicit running(SQLite::Statement& statement) : statement_(statement) {}
    ~running() {
        statement_.tryReset();
        try {
            statement_.clearBindings();
        } catch (const SQLite::Exception&) { // of a statement that never was; who uses it next hears of it
        }
    }
    running(const running&) = delete;
    running& operator=(const running&) = delete;
    SQLite::Statement* operator->() { return &statement_; }
    SQLite::Statement& operator*() { return statement_; }

private:
    SQLite::Statement& statement_;
};

class connection {
public:
    explicit connection(SQLite::Database db) : db_(std::move(db)) {}

    /// The statement of this text, prepared once a connection. Whoever uses it makes it a `running`.
    SQLite::Statement& statement(const std::string& sql) {
        auto found = statements_.find(sql);
        if (found == statements_.end())
            found = statements_.emplace(sql, SQLite::Statement(db_, sql)).first;
        return found->second;
    }
    running prepare(const std::string& sql) { return running(statement(sql)); }
    SQLite::Database& database() { return db_; }
    void run(const std::string& sql) { prepare(sql)->exec(); }

private:
    SQLite::Database db_;
    std::map<std::string, SQLite::Statement> statements_; // end before the connection
};

} // namespace tsms::store
