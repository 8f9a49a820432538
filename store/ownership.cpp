#include "store/ownership.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tsms::store {

namespace {

namespace fs = std::filesystem;

std::string name_of(uid_t user) {
    const auto* entry = ::getpwuid(user);
    return entry ? entry->pw_name : "user " + std::to_string(user);
}

bool may_use(const fs::path& file, const struct stat& found) {
    const int wanted = R_OK | W_OK | (S_ISDIR(found.st_mode) ? X_OK : 0);
    return ::faccessat(AT_FDCWD, file.c_str(), wanted, AT_EACCESS) == 0;
}

} // namespace

void give_to_owner_of(const fs::path& neighbour, int made) noexcept {
    struct stat owner {
    }, found{};
    if (::geteuid() != 0 || ::stat(neighbour.c_str(), &owner) != 0 || ::fstat(made, &found) != 0)
        return;
    const bool ours = S_ISDIR(found.st_mode) || (S_ISREG(found.st_mode) && found.st_nlink == 1);
    if (ours && found.st_uid == 0 && (found.st_uid != owner.st_uid || found.st_gid != owner.st_gid))
        static_cast<void>(!::fchown(made, owner.st_uid, owner.st_gid)); // who cannot use it then is told whose it is
}

void give_to_owner_of(const fs::path& neighbour, const fs::path& made) noexcept {
    const int file = ::open(made.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return;
    give_to_owner_of(neighbour, file);
    ::close(file);
}

std::string whose(const std::vector<fs::path>& files) {
    std::string text;
    for (const auto& file : files) {
        struct stat found {};
        if (::stat(file.c_str(), &found) == 0 && !may_use(file, found))
            text += (text.empty() ? " (" : ", ") + file.string() + " belongs to " + name_of(found.st_uid);
    }
    return text.empty() ? text : text + ", and this is " + name_of(::geteuid()) + ")";
}

} // namespace tsms::store
