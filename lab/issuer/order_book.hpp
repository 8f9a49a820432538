#pragma once
// What the simulated issuer remembers: its transport key, the orders it was given and the keys it made for them. In a
// journal (json_file.hpp), so that an order is idempotent across a restart and costs the same however many there were:
// one line with the transport key, and one for an order whenever it changes. The keys stand there in the clear: a lab
// card protects nothing.

#include "lab/issuer/card_work.hpp"
#include "json/json.hpp"

#include <filesystem>
#include <map>

namespace tsms::lab {

struct order_record {
    model::issuer_order order;
    std::optional<domain_keys> keys; ///< of the domain that the order creates
    std::uint8_t scp_i = 0;          ///< of the card, known once carried out
    bool carried_out = false;
};

class order_book {
public:
    struct options {
        std::optional<crypto::secret> transport_key; ///< 16 or 32 octets; none: the one in the file, or a new one
        std::size_t key_octets = 16;                 ///< of new keys: 16, 24 or 32
        std::uint8_t key_version = 0x30;
    };

    /// An empty path: nothing is kept. Throws std::runtime_error or json::parse_error for an unusable file. The random
    /// source must outlive the book.
    order_book(std::filesystem::path file, options o, crypto::random_source& random);

    const crypto::secret& transport_key() const { return transport_key_; }

    const order_record* find(const std::string& order_id) const;
    /// Writes the order down, with keys for the domain it creates: before any of them can leave.
    const order_record& accept(const model::issuer_order& order);
    void carried_out(const std::string& order_id, const authenticated_card& card);

private:
    void load();
    void remember(const json::value& line);
    void rewrite() const;
    void write(const order_record& record) const;

    std::filesystem::path file_;
    options options_;
    crypto::random_source& random_;
    crypto::secret transport_key_;
    std::map<std::string, order_record> orders_;
};

} // namespace tsms::lab
