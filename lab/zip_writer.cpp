#include "lab/zip_writer.hpp"

#include <stdexcept>
#include <zip.h>

namespace tsms::lab {

namespace {

class archive {
public:
    archive() : source_(zip_source_buffer_create(nullptr, 0, 0, nullptr)) {
        zip_source_keep(source_);
        zip_ = zip_open_from_source(source_, ZIP_TRUNCATE, nullptr);
        if (!zip_)
            throw std::runtime_error("a ZIP in memory cannot be opened");
    }
    archive(const archive&) = delete;
    archive& operator=(const archive&) = delete;
    ~archive() {
        if (zip_)
            zip_discard(zip_);
        zip_source_free(source_);
    }

    /// The octets must live until finish().
    void add(const std::string& name, bytes_view octets) {
        auto* entry = zip_source_buffer(zip_, octets.data(), octets.size(), 0);
        const auto index = zip_file_add(zip_, name.c_str(), entry, ZIP_FL_ENC_UTF_8);
        constexpr time_t january_2020 = 1577880000;
        if (index < 0 || zip_file_set_mtime(zip_, static_cast<zip_uint64_t>(index), january_2020, 0) != 0)
            throw std::runtime_error("a ZIP entry cannot be added");
    }

    bytes finish() {
        const auto failed = zip_close(zip_) != 0;
        if (failed)
            throw std::runtime_error("a ZIP in memory cannot be written");
        zip_ = nullptr;
        zip_stat_t status;
        if (zip_source_stat(source_, &status) != 0 || zip_source_open(source_) != 0)
            throw std::runtime_error("a ZIP in memory cannot be read");
        bytes out(status.size);
        const auto got = zip_source_read(source_, out.data(), out.size());
        zip_source_close(source_);
        if (got < 0 || static_cast<std::size_t>(got) != out.size())
            throw std::runtime_error("a ZIP in memory cannot be read");
        return out;
    }

private:
    zip_source_t* source_;
    zip_t* zip_ = nullptr;
};

} // namespace

bytes write_zip(const std::vector<zip_entry>& entries) {
    archive zip;
    for (const auto& entry : entries)
        zip.add(entry.name, entry.octets);
    return zip.finish();
}

} // namespace tsms::lab
