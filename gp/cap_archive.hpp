#pragma once
// The ZIP around a CAP file, read from memory. Nothing is ever written to a file system, and only the named files are
// decompressed.

#include "gp/cap.hpp"

#include <map>
#include <memory>

struct zip;

namespace tsms::gp {

class cap_archive {
public:
    /// The octets must outlive the archive. Throws cap_error for what is no ZIP, has too many files, names that lead
    /// out of their directory, or a component twice.
    cap_archive(bytes_view octets, const cap_limits& limits);

    /// Contents of the one file with this name in whatever directory; nothing if there is none. Throws cap_error if it
    /// is longer than `limit`, encrypted or damaged.
    std::optional<bytes> read(const std::string& file_name, std::size_t limit) const;

    /// Value of a key of META-INF/MANIFEST.MF; empty if there is none.
    std::string manifest_value(std::string_view key) const;

private:
    struct discard {
        void operator()(zip* archive) const;
    };
    bytes extract(std::uint64_t index, std::size_t limit) const;

    std::unique_ptr<zip, discard> zip_;
    std::map<std::string, std::uint64_t, std::less<>> files_; ///< .cap files without directory, and the manifest
};

} // namespace tsms::gp
