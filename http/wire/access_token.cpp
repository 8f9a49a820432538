#include "http/wire/access_token.hpp"

#include "base/ascii.hpp"
#include "base/base64url.hpp"

#include <algorithm>
#include <array>

namespace tsms::wire {

namespace {

constexpr std::size_t longest_token = 8192;
constexpr std::size_t longest_name = 256;
constexpr std::size_t most_of_audience = 16;
constexpr json::limits bounds{.bytes = 6144, .depth = 8, .values = 256};
/// Of a date; behind it no sum overflows.
constexpr std::int64_t latest = 253402300799; // 9999-12-31

[[noreturn]] void malformed(const char* why) {
    throw json::parse_error(std::string("the access token is malformed: ") + why);
}

/// Header, payload, signature: there are three and no more.
std::array<std::string_view, 3> parts_of(std::string_view text) {
    if (text.size() > longest_token)
        malformed("it is too long");
    const auto first = text.find('.'), last = text.rfind('.');
    if (first == last || text.find('.', first + 1) != last)
        malformed("it has not three parts");
    return {text.substr(0, first), text.substr(first + 1, last - first - 1), text.substr(last + 1)};
}

json::value document_of(std::string_view part) {
    const auto octets = from_base64url(part);
    if (!octets)
        malformed("it is not base64url");
    return json::parse({reinterpret_cast<const char*>(octets->data()), octets->size()}, bounds);
}

std::string bounded(std::string text) {
    if (text.empty() || text.size() > longest_name)
        malformed("a name in it is empty or too long");
    return text;
}

std::string name_or_none(const json::reader& r, std::string_view key) {
    return r.raw().find(key) ? bounded(r.string(key)) : std::string();
}

std::int64_t date(std::int64_t seconds) {
    if (seconds < 0 || seconds > latest)
        malformed("a date in it is none");
    return seconds;
}

std::optional<std::int64_t> date_or_none(const json::reader& r, std::string_view key) {
    return r.raw().find(key) ? std::optional(date(r.integer(key))) : std::nullopt;
}

void read_header(access_token& token, const json::reader& r) {
    token.algorithm = bounded(r.string("alg"));
    token.key_id = name_or_none(r, "kid");
    if (r.raw().find("crit")) // RFC 7515 4.1.11: understood, or refused
        malformed("its header has critical parameters");
    const auto type = text::lower(name_or_none(r, "typ"));
    if (!type.empty() && type != "jwt" && type != "at+jwt" && type != "application/at+jwt")
        malformed("its type is another one");
}

void read_claims(access_token& token, const json::reader& r) {
    token.issuer = bounded(r.string("iss"));
    const auto* audience = r.raw().find("aud");
    if (audience && audience->is_array())
        token.audience = r.strings("aud");
    else
        token.audience = {r.string("aud")};
    if (token.audience.size() > most_of_audience)
        malformed("it is for too many");
    token.expires = date(r.integer("exp"));
    token.not_before = date_or_none(r, "nbf");
    token.issued = date_or_none(r, "iat");
    token.caller_id = name_or_none(r, "callerId");
}

} // namespace

bool looks_like_token(std::string_view text) {
    return text.find('.') != std::string_view::npos;
}

access_token parse_access_token(std::string_view text) {
    const auto [header, payload, signature] = parts_of(text);
    access_token token;
    const auto head = document_of(header), claims = document_of(payload);
    read_header(token, json::root_object(head));
    read_claims(token, json::root_object(claims));
    const auto octets = from_base64url(signature);
    if (!octets || octets->empty())
        malformed("it has no signature");
    token.signature = *octets;
    token.signed_part = text.substr(0, header.size() + 1 + payload.size());
    return token;
}

const token_key* verify(const access_token& token, const std::vector<token_key>& keys) {
    const auto found = std::ranges::find_if(keys, [&](const token_key& k) {
        return k.issuer == token.issuer && (token.key_id.empty() || token.key_id == k.key_id) &&
               token.algorithm == k.key.algorithm() && k.key.verifies(as_bytes(token.signed_part), token.signature);
    });
    return found == keys.end() ? nullptr : &*found;
}

std::optional<std::string> refuse(const access_token& token, const token_key& key, std::string_view caller_id,
                                  wall_time now) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (std::ranges::count(token.audience, key.audience) == 0)
        return "it is for another audience than ‘" + key.audience + "’ (aud)";
    if (token.expires <= seconds - token_skew_seconds)
        return "it has expired (exp)";
    if (token.expires > seconds + token_skew_seconds + longest_token_seconds)
        return "it is valid for more than a day (exp)";
    if (token.not_before.value_or(0) > seconds + token_skew_seconds ||
        token.issued.value_or(0) > seconds + token_skew_seconds)
        return "it is not valid yet (nbf, iat)";
    if (!token.caller_id.empty() && text::upper(token.caller_id) != text::upper(caller_id))
        return "it is for another app (callerId)";
    return std::nullopt;
}

} // namespace tsms::wire
