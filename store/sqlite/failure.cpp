#include "store/sqlite/failure.hpp"

#include <cerrno>
#include <cstring>
#include <sqlite3.h>

namespace tsms::store {

namespace {

const std::string file_is_damaged = std::string("the file is damaged: ") + to_restore;

std::string full(const std::filesystem::path& file) {
    return "make room in " + file.parent_path().string() + ", or raise the limit of this user";
}

} // namespace

std::string system_remedy(const std::filesystem::path& file, int number) {
    switch (number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return full(file);
    case EROFS:
        return "mount the file system of " + file.parent_path().string() + " for writing";
    case EACCES:
    case EPERM:
        return "let this user read and write " + file.string() + " and its folder";
    case EEXIST:
        return "move what is there away, or repeat it";
    case EMFILE:
    case ENFILE:
        return "raise the limit of open files";
    default:
        return "look into the system's log for errors of the disk under " + file.parent_path().string();
    }
}

namespace {

/// What the system said when the log or else the database could not be read or written: a COMMIT that fails does not
/// keep it in the connection.
int errno_of(sqlite3* connection) {
    if (const int told = sqlite3_system_errno(connection))
        return told;
    for (const int which : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
        sqlite3_file* file = nullptr;
        int last = 0;
        if (sqlite3_file_control(connection, "main", which, &file) == SQLITE_OK && file && file->pMethods &&
            file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &last) == SQLITE_OK && last != 0)
            return last;
    }
    return 0;
}

std::string remedy(const std::filesystem::path& file, int code, int number) {
    switch (code) {
    case SQLITE_FULL:
        return full(file);
    case SQLITE_CANTOPEN:
        if (number == 0 || number == ENOENT) // a role that only reads needs the -wal and -shm of one that writes
            return "let this user read and write " + file.string() +
                   " and its folder; does another user write it, start that role first";
        return system_remedy(file, number);
    case SQLITE_IOERR:
        return system_remedy(file, number);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return "let this user write " + file.string() + " and its folder; is the file system mounted for writing?";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "end the program that holds it, for example an sqlite3 shell or a backup in an open transaction";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: // a table or column that was there when the database was opened is not there any more
    case SQLITE_SCHEMA:
        return file_is_damaged;
    case SQLITE_CONSTRAINT:
        return "nothing was changed: what was to be written contradicts what is there by now; look at it, and repeat";
    case SQLITE_NOMEM:
        return "give this program more memory";
    case SQLITE_TOOBIG:
        return "nothing was changed: it is larger than a database takes";
    }
    return "restart this program; where that does not help, the code of the error (" + std::to_string(code) +
           ", sqlite.org/rescode.html) says more";
}

} // namespace

error failure(const char* doing, const std::filesystem::path& file, const SQLite::Exception& cause,
              sqlite3* connection) {
    const int code = cause.getErrorCode() & 0xFF; // without what only the extended code says
    const bool of_system = code == SQLITE_IOERR || code == SQLITE_CANTOPEN;
    const int number = of_system && connection ? errno_of(connection) : 0;
    std::string text = std::string(doing) + " " + file.filename().string() + " failed: " + cause.what();
    if (number != 0)
        text += std::string(" (") + std::strerror(number) + ")";
    return error(text + "; " + remedy(file, code, number));
}

damaged_row damage(const std::filesystem::path& file, const damaged_row& row) {
    const bool may_go = row.table == "outbox"; // nothing else refers to it
    return {row.table, row.id,
            "reading " + file.filename().string() + " failed: row ‘" + row.id + "’ of table " + row.table + ": " +
                row.what() + "; only what needs this row suffers. " +
                (may_go ? "Its SPOS is not told until you restore the databases from one backup; to give it up: tsms "
                          "outbox drop --id " +
                              row.id
                        : std::string("To have it again, ") + to_restore)};
}

error damage(const std::filesystem::path& file, const std::string& what) {
    return error("reading " + file.filename().string() + " failed: " + what + "; " + file_is_damaged);
}

} // namespace tsms::store
