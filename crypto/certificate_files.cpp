// Files of certificates as other people's tools write them: what may stand beside the certificates, and what may not.

#include "base/ascii.hpp"
#include "crypto/pki.hpp"

#include <algorithm>

namespace tsms::crypto {

namespace {

constexpr std::string_view any_begin = "-----BEGIN";
constexpr std::string_view certificate_begin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view certificate_end = "-----END CERTIFICATE-----";

bool is_alphanumeric(char c) {
    return (c >= '0' && c <= '9') || (text::lower(c) >= 'a' && text::lower(c) <= 'z');
}

/// The label of a block, as it can be told: a hostile file chooses it.
std::string label_of(std::string_view block) {
    constexpr std::size_t most = 40;
    auto label = block.substr(any_begin.size(), most);
    label.remove_prefix(std::min(label.find_first_not_of(" \t"), label.size()));
    label = label.substr(0, label.find_first_of("-\r\n"));
    std::string out;
    for (const char c : label)
        out += c >= ' ' && c < 0x7F ? c : '?';
    return out;
}

/// The label of the first block of another kind; nothing if there is none.
std::optional<std::string> foreign_block(std::string_view pem) {
    for (auto at = pem.find(any_begin); at != pem.npos; at = pem.find(any_begin, at + 1))
        if (const auto block = pem.substr(at); !block.starts_with(certificate_begin))
            return label_of(block);
    return std::nullopt;
}

struct parts {
    std::vector<certificate> certificates;
    std::string beside; ///< the text around the blocks
};

parts take_apart(std::string_view pem) {
    parts out;
    for (auto begin = pem.find(certificate_begin); begin != pem.npos; begin = pem.find(certificate_begin)) {
        const auto end = pem.find(certificate_end, begin);
        auto one = end == pem.npos
                       ? std::nullopt
                       : parse_certificate(as_bytes(pem.substr(begin, end + certificate_end.size() - begin)));
        if (!one)
            throw error("block " + std::to_string(out.certificates.size() + 1) +
                        " of the file is not exactly one X.509 certificate");
        out.certificates.push_back(*std::move(one));
        out.beside.append(pem.substr(0, begin)).append(1, '\n');
        pem.remove_prefix(end + certificate_end.size());
    }
    out.beside.append(pem);
    return out;
}

/// Is there a word that is longer than those that tools print of a certificate, in the alphabet of base64 or base64url
/// (RFC 4648 4 and 5), or in hexadecimal? The smallest private key has 43 characters (RFC 7518 6.2.2), the longest
/// serial number 40 (RFC 5280 4.1.2.2).
bool has_encoded_octets(std::string_view text) {
    constexpr std::size_t most = 40;
    for (const std::string_view others : {"+/", "-_"}) {
        std::size_t length = 0;
        bool any = false; // a ruler of hyphens is no word
        for (const char c : text) {
            const bool inside = is_alphanumeric(c) || others.find(c) != others.npos;
            length = inside ? length + 1 : 0;
            any = inside && (any || is_alphanumeric(c));
            if (length > most && any)
                return true;
        }
    }
    return false;
}

/// Does the line head a private key, in the words of `openssl pkey -text`, of `openssl rsa -text`, of PuTTY or of SSH2
/// files, or of a JWK? A name that speaks of private keys does not, nor the extension Private Key Usage Period.
bool heads_a_key(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const auto has = [&](std::string_view words) { return line.find(words) != line.npos; };
    // Armour of whatever characters: hyphens that a word processor has replaced, and blanks between them.
    if (!line.empty() && !is_alphanumeric(line.front()) && has("begin") && has("private") && has("key"))
        return true;
    return line.starts_with("priv:") || line.starts_with("privateexponent:") || has("private-key:") ||
           has("private-lines:") || line.starts_with("putty-user-key-file") || has("\"kty\"");
}

/// Why the text beside certificates may hold a key; empty: it cannot.
std::string fault_of(std::string text) {
    if (std::ranges::any_of(text, [](char c) {
            return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7F;
        }))
        return "octets beside the certificates that are no text";
    if (has_encoded_octets(text))
        return "something encoded beside the certificates";
    text = text::lower(text);
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find_first_of("\r\n", at), text.size());
        if (heads_a_key(std::string_view(text).substr(at, end - at)))
            return "text that heads a private key";
        at = end + 1;
    }
    return {};
}

} // namespace

std::vector<certificate> parse_only_certificates(bytes_view der_or_pem) {
    // A SEQUENCE as long as a certificate (X.690 8.1.3.5). Text may begin with the digit 0, such as "0 s:CN=…".
    if (der_or_pem.size() > 1 && der_or_pem[0] == 0x30 && der_or_pem[1] > 0x80) {
        if (auto one = parse_certificate(der_or_pem))
            return {*std::move(one)};
        throw error("the file begins like DER and is no X.509 certificate");
    }
    const std::string_view text(reinterpret_cast<const char*>(der_or_pem.data()), der_or_pem.size());
    if (const auto label = foreign_block(text))
        throw error("the file holds a PEM block ‘" + *label + "’; only certificates are taken");
    auto found = take_apart(text);
    if (const auto fault = fault_of(std::move(found.beside)); !fault.empty() && !found.certificates.empty())
        throw error("the file holds " + fault + "; only certificates are taken");
    if (found.certificates.empty())
        throw error("the file holds no X.509 certificate in PEM or DER");
    return std::move(found.certificates);
}

} // namespace tsms::crypto
