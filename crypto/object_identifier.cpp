#include "crypto/object_identifier.hpp"

#include "base/freed_by.hpp"
#include "crypto/error.hpp"

#include <algorithm>
#include <memory>
#include <openssl/err.h>
#include <openssl/objects.h>

namespace tsms::crypto {

namespace {

using object_ptr = std::unique_ptr<ASN1_OBJECT, freed_by<ASN1_OBJECT_free>>;

constexpr std::uint8_t tag = 0x06;
constexpr std::uint8_t first_two_numbers = 2 * 40 + 25;
constexpr std::size_t longest_text = 256; ///< more than three digits an octet there are not

std::optional<std::string> text_of(const ASN1_OBJECT* object) {
    char text[longest_text + 1] = {};
    const int length = OBJ_obj2txt(text, sizeof text, object, 1);
    if (length <= 0 || static_cast<std::size_t>(length) >= sizeof text)
        return std::nullopt;
    return std::string(text, static_cast<std::size_t>(length));
}

} // namespace

std::optional<bytes> object_identifier(std::string_view text) {
    if (text.empty() || text.size() > longest_text)
        return std::nullopt;
    const object_ptr object(OBJ_txt2obj(std::string(text).c_str(), 1));
    if (!object || text_of(object.get()) != text) { // OpenSSL takes blanks for dots, and zeros in front
        ERR_clear_error();
        return std::nullopt;
    }
    const auto* content = OBJ_get0_data(object.get());
    const auto length = OBJ_length(object.get());
    if (length == 0 || length > longest_object_identifier)
        return std::nullopt;
    return bytes(content, content + length);
}

std::optional<std::string> text_of_object_identifier(bytes_view content) {
    if (content.empty() || content.size() > longest_object_identifier)
        return std::nullopt;
    bytes der{tag, static_cast<std::uint8_t>(content.size())};
    append(der, content);
    const auto* at = static_cast<const unsigned char*>(der.data());
    const object_ptr object(d2i_ASN1_OBJECT(nullptr, &at, static_cast<long>(der.size())));
    if (!object || at != der.data() + der.size()) {
        ERR_clear_error();
        return std::nullopt;
    }
    auto text = text_of(object.get());
    if (!text || object_identifier(*text) != to_bytes(content))
        return std::nullopt;
    return text;
}

std::string object_identifier_of_uuid(bytes_view uuid) {
    if (uuid.size() != 16)
        throw error("a UUID has 16 octets");
    bytes groups; // of seven bits, the last one first
    unsigned left = 0, bits = 0;
    for (std::size_t k = uuid.size(); k-- > 0;) {
        left |= static_cast<unsigned>(uuid[k]) << bits;
        for (bits += 8; bits >= 7; bits -= 7, left >>= 7)
            groups.push_back(static_cast<std::uint8_t>((left & 0x7F) | (groups.empty() ? 0 : 0x80)));
    }
    groups.push_back(static_cast<std::uint8_t>(left | 0x80));
    while (groups.size() > 1 && groups.back() == 0x80) // no zeros in front
        groups.pop_back();
    groups.push_back(first_two_numbers);
    std::reverse(groups.begin(), groups.end());
    const auto text = text_of_object_identifier(groups);
    if (!text)
        throw error("the object identifier of a UUID failed");
    return *text;
}

} // namespace tsms::crypto
