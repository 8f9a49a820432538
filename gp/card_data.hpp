#pragma once
// What GET DATA tells about a card. Read before a secure channel it is a claim, not a proof (AMB-226).

#include "base/bytes.hpp"

namespace tsms::gp {

/// Content of CPLC data (tag 9F7F, 42 octets) with or without its tag; nothing for other lengths.
std::optional<bytes> parse_cplc(bytes_view answer);

/// A secure channel protocol a card claims (GPCS H.2).
struct claimed_protocol {
    std::uint8_t scp = 0;
    std::uint8_t i = 0;
};
/// Card recognition data (tag 66, 73; GPCS H.2). Unknown objects are ignored.
struct card_recognition {
    std::string gp_version; ///< "2.3.1" out of OID 1.2.840.114283.2.*
    std::vector<claimed_protocol> protocols;
};
std::optional<card_recognition> parse_card_recognition(bytes_view answer);

/// Extended card resources (tag FF21, ETSI TS 102 226 8.2.1.7).
struct card_resources {
    std::uint32_t applications = 0;
    std::uint32_t non_volatile = 0; ///< free octets
    std::uint32_t volatile_ = 0;    ///< free octets
};
std::optional<card_resources> parse_card_resources(bytes_view answer);

/// One key of the key information template (tag E0 { C0 … }; GPCS 11.3.3.1). Cards may lie about the type (field lesson
/// 13).
struct key_information {
    std::uint8_t identifier = 0;
    std::uint8_t version = 0;
    std::uint8_t type = 0;
    std::uint16_t length = 0; ///< octets
};
std::optional<std::vector<key_information>> parse_key_information(bytes_view answer);

/// FCI of SELECT (tag 6F). Never depended on: a phone may answer SELECT with nothing.
struct selected_application {
    bytes aid;                               ///< 84; empty where absent
    std::optional<std::size_t> longest_data; ///< A5, 9F65: maximum length of a command's data field
};
selected_application parse_fci(bytes_view answer);

} // namespace tsms::gp
