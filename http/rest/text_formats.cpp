#include "http/rest/text_formats.hpp"

#include "base/bytes.hpp"
#include "base/utf8.hpp"
#include "gp/tlv.hpp"
#include "http/net/base_url.hpp"
#include "model/version_tag.hpp"

#include <algorithm>
#include <array>

namespace tsms::rest {

namespace {

/// Hexadecimal in upper case whose number of octets is accepted.
template <class Accepts> std::optional<std::string> hexadecimal(std::string_view text, Accepts accepts) {
    const auto octets = from_hex(text);
    if (!octets || !accepts(octets->size()))
        return std::nullopt;
    return to_hex(*octets);
}

constexpr bool is_aid_length(std::size_t n) {
    return n >= 5 && n <= 16;
}
constexpr bool is_device_app_length(std::size_t n) {
    return is_aid_length(n) || n == 20 || n == 32;
}

/// AMB-042: blanks and colons are dropped. A value with placeholders (AMB-147) is complete only after substitution and
/// is checked again then (AMB-221).
std::optional<std::string> install_parameters(std::string_view text) {
    std::string packed;
    std::ranges::copy_if(text, std::back_inserter(packed), [](char c) { return c != ' ' && c != ':'; });
    const bool has_placeholder = packed.find("${") != std::string::npos;
    if (!has_placeholder) {
        const auto octets = from_hex(packed);
        if (!octets || !gp::parse_tlvs(*octets))
            return std::nullopt;
        return to_hex(*octets);
    }
    bool inside = false;
    for (std::size_t i = 0; i < packed.size(); ++i) {
        if (packed.compare(i, 2, "${") == 0 && !inside)
            inside = true, ++i;
        else if (inside)
            inside = packed[i] != '}';
        else if (!from_hex(std::string{packed[i], '0'}))
            return std::nullopt;
    }
    if (inside)
        return std::nullopt;
    return packed;
}

constexpr std::array privileges = {"CVMManagement", "ContactlessSelfActivation", "GlobalService", "PrivacyTrusted"};

} // namespace

bool is_https_url(std::string_view url, bool with_query) {
    const auto plain = [](char c) { return c > ' ' && c != 0x7F && c != '"' && c != '<' && c != '>' && c != '\\'; };
    const auto address = with_query ? url.substr(0, url.find('?')) : url;
    return std::ranges::all_of(url, plain) && url.find('#') == url.npos && net::parse_base_url(address);
}

std::optional<std::string> canonical_uuid(std::string_view text) {
    if (text.size() != 36)
        return std::nullopt;
    std::string out(text);
    for (std::size_t i = 0; i < out.size(); ++i) {
        char& c = out[i];
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-')
                return std::nullopt;
            continue;
        }
        if (c >= 'A' && c <= 'F')
            c = static_cast<char>(c - 'A' + 'a');
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return std::nullopt;
    }
    return out;
}

std::optional<std::string> canonical(model::text_format format, std::string_view text, std::int64_t maximum) {
    if (!text::is_utf8(text) || static_cast<std::int64_t>(text::characters(text)) > maximum)
        return std::nullopt;
    const auto verbatim = [&](bool good) { return good ? std::optional(std::string(text)) : std::nullopt; };
    using enum model::text_format;
    switch (format) {
    case any:
        return std::string(text);
    case uuid:
    case deployments:
        return canonical_uuid(text);
    case aid:
        return hexadecimal(text, is_aid_length);
    case device_app:
        return hexadecimal(text, is_device_app_length);
    case tag:
        return verbatim(model::parse_tag(text).has_value());
    case platform:
        return verbatim(model::parse_platform_version(text).has_value());
    case java_card:
        return verbatim(model::parse_tag(text).has_value());
    case date_time:
        return std::string(text); // never set by a request
    case tlv:
        return install_parameters(text);
    case privilege:
        return verbatim(std::ranges::find(privileges, text) != privileges.end());
    case https_url:
        return verbatim(is_https_url(text, false));
    }
    return std::nullopt;
}

} // namespace tsms::rest
