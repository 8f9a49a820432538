#include "store/backup.hpp"

#include "store/ownership.hpp"
#include "store/sqlite/failure.hpp"
#include "store/sqlite/mark.hpp"
#include "store/sqlite/sqlite.hpp"
#include "store/sqlite/transaction.hpp"

#include <SQLiteCpp/Backup.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <list>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tsms::store {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const char* doing, const fs::path& what, int number) {
    throw error(std::string("cannot ") + doing + " " + what.string() + ": " + std::strerror(number) + "; " +
                system_remedy(what, number));
}

void bring_to_disk(const fs::path& what) {
    const int file = ::open(what.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        refuse("open", what, errno);
    const int failed = ::fsync(file) == 0 ? 0 : errno;
    ::close(file);
    if (failed)
        refuse("bring to the disk", what, failed);
}

/// Nobody writes it as long as this lives.
struct held_database {
    explicit held_database(const database_file& f) try
        : file(f), db(open_former(f.path, kind_of(f.name))), holder(open_former(f.path, kind_of(f.name))),
          held(holder) {
    } catch (const SQLite::Exception& e) {
        throw failure("copying", f.path, e, nullptr);
    }
    const database_file& file;
    SQLite::Database db;
    SQLite::Database holder; ///< a connection that writes is not copied from
    transaction held;
};

void copy(held_database& from, const fs::path& to) {
    try {
        SQLite::Database target(to.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
        try {
            SQLite::Backup pages(target, from.db);
            if (pages.executeStep() != SQLITE_DONE)
                throw error("copying " + from.file.path.string() + " to " + to.string() +
                            " was not finished; repeat it");
        } catch (const SQLite::Exception& e) {
            throw failure("copying", from.file.path, e, target.getHandle()); // to a folder beside it
        }
    } catch (const SQLite::Exception& e) {
        throw failure("copying", from.file.path, e, nullptr);
    }
    give_to_owner_of(from.file.path, to); // and its mark, which is of whoever the copy is of
    bring_to_disk(to);
    // Behind the database, which nobody writes meanwhile: a mark is never ahead of it.
    if (const auto seen = read_mark(from.file.path)) {
        if (!write_mark(to, *seen))
            throw error("cannot write " + mark_file(to).string() + "; make room in " + to.parent_path().string());
        bring_to_disk(mark_file(to));
    }
}

/// A folder that is removed again, unless it gets its name.
class draft {
public:
    explicit draft(fs::path name) : name_(std::move(name)), path_(name_.string() + ".incomplete") {
        struct stat there {};
        if (::lstat(name_.c_str(), &there) == 0)
            refuse("make", name_, EEXIST);
        if (::mkdir(path_.c_str(), S_IRWXU) != 0)
            refuse("make", path_, errno);
    }
    ~draft() {
        std::error_code left;
        if (!path_.empty())
            fs::remove_all(path_, left);
    }
    draft(const draft&) = delete;
    draft& operator=(const draft&) = delete;

    const fs::path& path() const { return path_; }
    void finish() {
        give_to_owner_of(name_.parent_path(), path_);
        bring_to_disk(path_);
        if (::rename(path_.c_str(), name_.c_str()) != 0)
            refuse("make", name_, errno);
        path_.clear();
        bring_to_disk(name_.parent_path());
    }

private:
    fs::path name_, path_;
};

} // namespace

void back_up(const std::vector<database_file>& all, const fs::path& folder) {
    draft copies(folder);
    std::list<held_database> held;
    for (const auto& file : all)
        held.emplace_back(file);
    for (auto& one : held)
        copy(one, copies.path() / one.file.path.filename());
    copies.finish();
}

} // namespace tsms::store
