#pragma once
// Whether a database is still the file that was opened (DIV-100): a rename puts another one under its name, and whoever
// has the former one open goes on with what nobody else sees. Only for store/.

#include <filesystem>
#include <sys/types.h>

namespace tsms::store {

class opened_file {
public:
    /// To be made before the database is opened: what is exchanged in between is found out too.
    explicit opened_file(std::filesystem::path path);

    /// Empty if it is still there, else what became of it.
    std::string displaced() const;

private:
    std::filesystem::path path_;
    dev_t device_ = 0;
    ino_t number_ = 0;
};

} // namespace tsms::store
