#pragma once
// Octets of an upload that is still coming: in memory while they are few, else in a file without a name, so that memory
// does not follow the number of uploads and nothing stays behind when the program ends.

#include <filesystem>
#include <string>
#include <string_view>

namespace tsms::rest {

class spool {
public:
    /// `folder`: where the file is made when it is needed.
    explicit spool(std::filesystem::path folder) : folder_(std::move(folder)) {}
    ~spool();
    spool(const spool&) = delete;
    spool& operator=(const spool&) = delete;

    /// Throws std::system_error where there is no room. Not after content().
    void append(std::string_view octets);
    std::size_t size() const { return size_; }
    /// All octets, valid as long as the spool. Throws std::system_error.
    std::string_view content();

private:
    void open();
    void write(std::string_view octets);

    std::filesystem::path folder_;
    std::string few_;
    std::size_t size_ = 0;
    int fd_ = -1;
    void* mapped_ = nullptr;
};

} // namespace tsms::rest
