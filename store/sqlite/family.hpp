#pragma once
// The databases that one program has open together, and whether they belong together (generation.hpp). Only for
// store/.

#include "store/sqlite/change_watch.hpp"
#include "store/sqlite/writable.hpp"

#include <memory>
#include <set>
#include <vector>

namespace tsms::store {

class family {
public:
    /// Opens them. Throws store::error for one that cannot be opened (open_writer).
    family(const std::vector<database_file>& writes, const std::vector<database_file>& reads,
           believe_mark mark = believe_mark::yes);

    /// What does not fit, one sentence for each: a database that lacks entries which another one has seen in it, or
    /// that is of another installation.
    std::vector<std::string> misfits();

    /// Refuses misfits. A database that was made before there were ids gets the id of the others; all get a new one if
    /// nobody has one and this program writes them all. Throws store::error with the remedy.
    void match();

    /// Makes one installation of them as they are.
    void adopt();

    /// Remembers in each that is written how far the others have come.
    void witness();

    /// Empties the logs of those that are written. False if a reader holds one up.
    bool checkpoint(std::chrono::milliseconds patience);

    /// Empty if each is still the file that was opened, else what became of the first that is not. From any thread.
    std::string displaced() const;

    /// Commits a change that says nothing, in each that is written. Throws store::error for one that does not take it.
    void try_writing();

    /// Reads in each of them the way to the first and to the last row of every table, from the file: over a connection
    /// that has nothing in its cache. Throws store::error for one that cannot be read.
    void try_reading() const;

    /// Equal: nobody has committed to any of them in between.
    std::vector<std::optional<change_stamp>> stamps() const;

private:
    struct relative {
        std::filesystem::path file;
        opened_file opened; ///< before the database
        const database_kind& kind;
        std::unique_ptr<writable> writer;
        std::unique_ptr<SQLite::Database> reader;
        std::unique_ptr<change_watch> watch;
        SQLite::Database& db() { return writer ? writer->database() : *reader; }
    };
    template <class F> static auto look(relative& r, F f);
    static std::optional<std::string> older(relative& seer, relative& seen);
    std::set<std::string> installations();
    void agree_on_installation();

    std::vector<relative> relatives_;
    bool agreed_ = false; ///< all have the id of the installation
};

} // namespace tsms::store
