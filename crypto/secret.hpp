#pragma once
// Octets that wipe themselves: keys, tokens, personal data. They have no text form, so they cannot reach a log by
// accident.

#include "base/bytes.hpp"

#include <iosfwd>

namespace tsms::crypto {

class secret {
public:
    secret() = default;
    explicit secret(bytes_view data) : data_(data.begin(), data.end()) {}
    /// Takes over the octets; the source is left empty.
    explicit secret(bytes&& data) : data_(std::move(data)) {}
    secret(const secret&) = default;
    secret(secret&& other) noexcept : data_(std::move(other.data_)) { other.data_.clear(); }
    secret& operator=(const secret& other);
    secret& operator=(secret&& other) noexcept;
    ~secret();

    bytes_view view() const { return data_; }
    std::size_t size() const { return data_.size(); }
    bool empty() const { return data_.empty(); }

    /// Takes the same time whatever the contents (not the lengths) are.
    friend bool operator==(const secret& a, const secret& b);
    friend std::ostream& operator<<(std::ostream&, const secret&) = delete;

private:
    void wipe() noexcept;
    bytes data_;
};

/// Constant-time comparison of octet strings (cryptograms, MACs, token hashes).
bool equal(bytes_view a, bytes_view b);

/// Overwrites memory in a way the compiler keeps.
void wipe(bytes& data) noexcept;

} // namespace tsms::crypto
