#pragma once
// Sessions that read one database from several threads. Only for store/.

#include "store/sqlite/change_watch.hpp"
#include "store/sqlite/connection.hpp"

#include <array>
#include <atomic>
#include <filesystem>
#include <memory>
#include <semaphore>

namespace tsms::store {

/// Each session has a cache of its own, so there are few, and who comes later waits.
class reader_pool {
    struct reader {
        explicit reader(SQLite::Database db) : session(std::move(db)), changes(session.database()) {}
        connection session;
        change_watch changes;
        bool open = false; ///< in a transaction
        std::optional<change_stamp> snapshot;
    };

public:
    /// `keep_snapshots`: a session stays in its transaction, and goes on in it if nobody has committed since. Only for
    /// the process that writes the database, because an old snapshot holds up checkpoints until let_go().
    reader_pool(std::filesystem::path file, const database_kind& kind, bool keep_snapshots);
    ~reader_pool();
    reader_pool(const reader_pool&) = delete;
    reader_pool& operator=(const reader_pool&) = delete;

    /// A session of one caller, in a transaction that shows everything committed before. One that was not finished
    /// ends, and its transaction with it.
    class turn {
    public:
        explicit turn(reader_pool& from);
        ~turn();
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        connection& session() { return held_->session; }
        void finish();

    private:
        reader_pool& from_;
        std::unique_ptr<reader> held_;
    };

    /// Ends the transactions of sessions that nobody uses. Never throws what the database says.
    void let_go();

private:
    static constexpr std::ptrdiff_t most = 16;

    std::unique_ptr<reader> take();
    void give_back(std::unique_ptr<reader> r);
    void begin(reader& r) const;
    static void end(reader& r);

    std::filesystem::path file_;
    const database_kind& kind_;
    bool keep_snapshots_;
    std::counting_semaphore<most> turns_{most};
    std::array<std::atomic<reader*>, most> free_{};
};

} // namespace tsms::store
