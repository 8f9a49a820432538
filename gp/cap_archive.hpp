#pragma once
// The ZIP around a CAP file, read from memory. Nothing is ever written to a file system, and only the named files are
// decompressed.

#include "gp/zip_layout.hpp"

#include <map>
#include <memory>

struct zip;

namespace tsms::gp {

class cap_archive {
public:
    /// The octets must outlive the archive. Throws cap_error for what read_zip_layout refuses, what libzip reads
    /// otherwise, and for two files that would be the same component.
    cap_archive(bytes_view octets, const cap_limits& limits);

    /// Names of the .cap and .capx files in lower case, without directory.
    std::vector<std::string> components() const;
    bool has(std::string_view file_name) const { return files_.find(file_name) != files_.end(); }

    /// Contents of the file with this name (lower case), in whatever directory it is; nothing if there is none. Throws
    /// cap_error if it is longer than `limit` or damaged.
    std::optional<bytes> read(std::string_view file_name, std::size_t limit) const;

    /// Value of a key of META-INF/MANIFEST.MF; empty if there is none.
    std::string manifest_value(std::string_view key) const;

private:
    struct discard {
        void operator()(zip* archive) const;
    };
    bytes extract(std::size_t index, std::size_t limit) const;

    std::vector<zip_member> members_; ///< in libzip's order too
    std::unique_ptr<zip, discard> zip_;
    std::map<std::string, std::size_t, std::less<>> files_; ///< components without directory, and the manifest
};

} // namespace tsms::gp
