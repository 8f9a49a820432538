#pragma once
// Pending calls in a file of the app: of its user alone, replaced at once and durably, used by one process at a time.

#include "sdk/pending_calls.hpp"

#include <filesystem>

namespace tsms::sdk {

class pending_file final : public pending_store {
public:
    /// The file may be missing. Beside it stand FILE.lock, as long as the app lives and afterwards, and for moments
    /// FILE.new. Throws pending_error where another process uses it.
    explicit pending_file(std::filesystem::path file);
    ~pending_file() override;
    pending_file(const pending_file&) = delete;
    pending_file& operator=(const pending_file&) = delete;

    /// Throws pending_error: it cannot be read, is another user's, can be used by others, is no file, or is too large.
    crypto::secret load() override;
    /// Throws pending_error.
    void save(const crypto::secret& text) override;

private:
    std::filesystem::path file_;
    int lock_;
};

} // namespace tsms::sdk
