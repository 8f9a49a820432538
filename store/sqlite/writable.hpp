#pragma once
// One connection that writes a database, for one thread at a time: the only wrapper of transactions. Only for store/.

#include "store/sqlite/audit.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/failure.hpp"
#include "store/sqlite/opened_file.hpp"
#include "store/sqlite/transaction.hpp"

#include <chrono>
#include <stdexcept>

namespace tsms::store {

class writable {
public:
    /// Throws store::error (open_writer).
    writable(std::filesystem::path file, const database_kind& kind, believe_mark mark = believe_mark::yes);
    /// Over one that is open already.
    writable(std::filesystem::path file, SQLite::Database db, believe_mark mark);
    /// Whoever has written empties the log into the database, unless somebody reads it just then.
    ~writable();
    writable(const writable&) = delete;
    writable& operator=(const writable&) = delete;

    connection& session() { return session_; }
    SQLite::Database& database() { return session_.database(); }

    /// Runs f; what the library throws becomes a store::error that names the file and what helps.
    template <class F> auto look(F f) { return told("reading", f); }

    /// Runs f in one transaction, committed when f returns and undone when it throws. The exception that comes out is
    /// what went wrong first. One within another is a bug: it would undo the outer one. Nothing is committed to a file
    /// that another one has replaced (opened_file).
    template <class F> auto change(F f) {
        return told("writing", [&] {
            const alone one(*this);
            transaction t(database());
            if constexpr (std::is_void_v<decltype(f())>) {
                f();
                commit(t);
            } else {
                auto result = f();
                commit(t);
                return result;
            }
        });
    }

    /// For a part of a change: what fails is told as in change().
    template <class F> auto within_change(F f) { return told("writing", f); }

    /// Moves the log into the database and empties it. False if somebody reads it, and holds it up for longer than the
    /// patience.
    bool checkpoint(std::chrono::milliseconds patience);

private:
    template <class F> auto told(const char* doing, F f) {
        try {
            return f();
        } catch (const SQLite::Exception& e) {
            throw failure(doing, file_, e, session_.database().getHandle());
        }
    }
    void commit(transaction& t);

    class alone {
    public:
        explicit alone(writable& of) : of_(of) {
            if (of_.is_changing_)
                throw std::logic_error("a transaction of " + of_.file_.filename().string() + " within another one");
            of_.is_changing_ = true;
        }
        ~alone() { of_.is_changing_ = false; }
        alone(const alone&) = delete;
        alone& operator=(const alone&) = delete;

    private:
        writable& of_;
    };

    std::filesystem::path file_;
    opened_file opened_; ///< before the session opens it
    connection session_;
    bool moves_mark_;
    std::string installation_; ///< empty: not known yet
    audit_tip marked_;         ///< the newest entry that this connection has marked
    bool has_written_ = false;
    bool is_changing_ = false;
};

} // namespace tsms::store
