#pragma once
// Sessions that read one database from several threads. Only for store/.

#include "store/sqlite/change_watch.hpp"
#include "store/sqlite/connection.hpp"

#include <array>
#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <semaphore>

namespace tsms::store {

/// Whether a session stays in its transaction, and goes on in it if nobody has committed since. Only for the process
/// that writes the database, because an old snapshot holds up checkpoints until let_go().
enum class keep_snapshots : bool { no, yes };

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
    /// Throws store::error, as read() does, for a database that is refused (open_reader).
    reader_pool(std::filesystem::path file, const database_kind& kind, keep_snapshots keep);
    ~reader_pool();
    reader_pool(const reader_pool&) = delete;
    reader_pool& operator=(const reader_pool&) = delete;

    /// Runs f on a session of its own, in a transaction that shows everything committed before. What the library throws
    /// becomes a store::error that names the file and what helps. A session whose f has thrown ends, and its
    /// transaction with it.
    void read(const std::function<void(connection&)>& f);

    /// Ends the transactions of sessions that nobody uses. Never throws what the database says.
    void let_go();

private:
    static constexpr std::ptrdiff_t most = 16;

    class turn;
    std::unique_ptr<reader> take();
    void give_back(std::unique_ptr<reader> r);
    void begin(reader& r) const;
    static void end(reader& r);

    std::filesystem::path file_;
    const database_kind& kind_;
    bool keeps_snapshots_;
    std::counting_semaphore<most> turns_{most};
    std::array<std::atomic<reader*>, most> free_{};
};

} // namespace tsms::store
