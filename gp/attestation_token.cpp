#include "gp/attestation_token.hpp"

#include "crypto/ecdsa.hpp"
#include "crypto/object_identifier.hpp"
#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

constexpr std::uint32_t token_tag = 0x7F41;
constexpr std::uint32_t body_tag = 0xA0;
constexpr std::uint32_t signature_tag = 0x81;
// Within the body.
constexpr std::uint32_t tsm_identifier_tag = 0x80;
constexpr std::uint32_t process_id_tag = 0x81;
constexpr std::uint32_t flavor_id_tag = 0x82;
constexpr std::uint32_t master_key_index_tag = 0x83;
constexpr std::uint32_t key_diversification_tag = 0x84;
constexpr std::uint32_t signer_reference_tag = 0x85;

constexpr std::size_t uuid_octets = 16;
constexpr std::size_t key_id_octets = 20;
constexpr std::size_t longest_index = 16; ///< a UUID in the dialect of 1.0.4 (AMB-162)
constexpr std::size_t longest_diversification = 64;

std::string name_of(std::uint32_t tag, const char* what) {
    return "tag " +
           (tag > 0xFF ? to_hex(bytes{static_cast<std::uint8_t>(tag >> 8), static_cast<std::uint8_t>(tag)})
                       : to_hex(bytes{static_cast<std::uint8_t>(tag)})) +
           " (" + what + ")";
}

void require(bool good, const std::string& fault) {
    if (!good)
        throw token_error(fault);
}

/// The objects of one level, one behind the other.
class reader {
public:
    reader(bytes_view octets, std::string within) : rest_(octets), within_(std::move(within)) {}

    bool next_is(std::uint32_t tag) const {
        const auto octets = encode_tlv(tag, {});
        return std::ranges::equal(rest_.first(std::min(rest_.size(), octets.size() - 1)),
                                  bytes_view(octets).first(octets.size() - 1));
    }

    /// The value of the next object. DER: its length is written the shortest way.
    bytes_view take(std::uint32_t tag, const char* what) {
        const auto name = name_of(tag, what);
        require(next_is(tag), name + " is missing" + within_);
        const auto tag_octets = encode_tlv(tag, {}).size() - 1;
        const auto from = rest_.subspan(tag_octets);
        std::size_t length = 0, used = 0;
        require(!from.empty(), name + " has no length");
        if (from[0] < 0x80) {
            length = from[0];
            used = 1;
        } else {
            used = 1 + (from[0] & 0x7Fu);
            require(from[0] == 0x81 || from[0] == 0x82, name + " has a length that no token has");
            require(from.size() >= used, name + " is cut off");
            for (std::size_t k = 1; k < used; ++k)
                length = length << 8 | from[k];
            require(length > (used == 2 ? 0x7F : 0xFF), name + " has a length that is not written the shortest way");
        }
        require(from.size() - used >= length, name + " is cut off");
        rest_ = from.subspan(used + length);
        return from.subspan(used, length);
    }

    void require_end() const {
        require(rest_.empty(), "there are octets that belong to nothing" + (within_.empty() ? " behind it" : within_));
    }

private:
    bytes_view rest_;
    std::string within_;
};

void require_octets(bytes_view value, std::size_t octets, std::uint32_t tag, const char* what) {
    require(value.size() == octets,
            name_of(tag, what) + " has " + std::to_string(value.size()) + " octets, and not " + std::to_string(octets));
}

/// The content octets of an INTEGER in DER, or a UUID.
bool is_index(bytes_view value) {
    if (value.empty() || value.size() > longest_index)
        return false;
    const bool padded = value.size() > 1 && ((value[0] == 0x00 && value[1] < 0x80) || //
                                             (value[0] == 0xFF && value[1] >= 0x80));
    return value.size() == uuid_octets || !padded;
}

void check(const attestation& a) {
    require(crypto::text_of_object_identifier(a.tsm_identifier).has_value(),
            name_of(tsm_identifier_tag, "TSM identifier") + " is no object identifier in DER");
    require_octets(a.process_id, uuid_octets, process_id_tag, "Process ID");
    require_octets(a.flavor_id, uuid_octets, flavor_id_tag, "Flavor ID");
    require(!a.master_key_index || is_index(*a.master_key_index),
            name_of(master_key_index_tag, "master key index") + " is neither an INTEGER in DER nor a UUID");
    const auto& data = a.key_diversification_data;
    require(!data || (!data->empty() && data->size() <= longest_diversification),
            name_of(key_diversification_tag, "key diversification data") + " has no octets, or too many");
    require(data.has_value() == a.master_key_index.has_value(),
            "of master key index and key diversification data there is only one");
    require_octets(a.signer_reference, key_id_octets, signer_reference_tag, "signer reference");
}

bytes body_of(const attestation& a) {
    bytes value;
    append_tlv(value, tsm_identifier_tag, a.tsm_identifier);
    append_tlv(value, process_id_tag, a.process_id);
    append_tlv(value, flavor_id_tag, a.flavor_id);
    if (a.master_key_index)
        append_tlv(value, master_key_index_tag, *a.master_key_index);
    if (a.key_diversification_data)
        append_tlv(value, key_diversification_tag, *a.key_diversification_data);
    append_tlv(value, signer_reference_tag, a.signer_reference);
    return encode_tlv(body_tag, value);
}

attestation read_body(bytes_view value) {
    reader body(value, " in the body");
    attestation a;
    a.tsm_identifier = to_bytes(body.take(tsm_identifier_tag, "TSM identifier"));
    a.process_id = to_bytes(body.take(process_id_tag, "Process ID"));
    a.flavor_id = to_bytes(body.take(flavor_id_tag, "Flavor ID"));
    if (body.next_is(master_key_index_tag))
        a.master_key_index = to_bytes(body.take(master_key_index_tag, "master key index"));
    if (body.next_is(key_diversification_tag))
        a.key_diversification_data = to_bytes(body.take(key_diversification_tag, "key diversification data"));
    a.signer_reference = to_bytes(body.take(signer_reference_tag, "signer reference"));
    body.require_end();
    check(a);
    return a;
}

} // namespace

bytes make_attestation_token(const attestation& content, const std::function<bytes(bytes_view)>& sign) {
    check(content);
    auto value = body_of(content);
    append_tlv(value, signature_tag, sign(value));
    return encode_tlv(token_tag, value);
}

attestation_token parse_attestation_token(bytes_view octets) {
    require(octets.size() <= longest_token,
            "it has " + std::to_string(octets.size()) + " octets, more than a token can have");
    reader outside(octets, "");
    const auto value = outside.take(token_tag, "Attestation Token");
    outside.require_end();
    reader within(value, " in the token");
    attestation_token token;
    const auto body = within.take(body_tag, "body");
    token.content = read_body(body);
    token.body = encode_tlv(body_tag, body);
    token.signature = to_bytes(within.take(signature_tag, "signature"));
    within.require_end();
    return token;
}

const crypto::certificate& signer_of(const attestation_token& token, const std::vector<crypto::certificate>& known) {
    const auto& reference = token.content.signer_reference;
    std::string given;
    for (const auto& certificate : known) {
        if (certificate.public_key_id == reference) {
            const auto why = crypto::why_not_signed(certificate, token.body, token.signature);
            require(!why, why.value_or(""));
            return certificate;
        }
        given += (given.empty() ? "" : ", ") + to_hex(certificate.public_key_id);
    }
    throw token_error("no certificate is that of the signer " + to_hex(reference) +
                      (given.empty() ? "" : "; the keys of those that were given are " + given));
}

std::optional<bytes> octets_of_uuid(std::string_view text) {
    constexpr std::size_t hyphens[] = {8, 13, 18, 23};
    if (text.size() != 36)
        return std::nullopt;
    std::string digits;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool hyphen = std::ranges::find(hyphens, at) != std::end(hyphens);
        if (hyphen != (text[at] == '-'))
            return std::nullopt;
        if (!hyphen)
            digits += text[at];
    }
    return from_hex(digits);
}

std::string uuid_text(bytes_view octets) {
    auto text = to_hex(octets);
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    for (const std::size_t at : {8u, 13u, 18u, 23u})
        if (at < text.size())
            text.insert(at, 1, '-');
    return text;
}

} // namespace tsms::gp
