#include "gp/access_rules.hpp"

#include "gp/commands.hpp"
#include "gp/tlv.hpp"

namespace tsms::gp {

namespace {

constexpr std::uint32_t aid_ref = 0x4F;
constexpr std::uint32_t app_ref = 0xC1;
constexpr std::uint32_t reference = 0xE1;
constexpr std::uint32_t rules = 0xE3;
constexpr std::uint32_t apdu_rule = 0xD0;
constexpr std::uint32_t nfc_rule = 0xD1;
constexpr std::uint32_t reference_and_rules = 0xE2;
constexpr std::uint32_t store_command = 0xF0;
constexpr std::uint32_t delete_command = 0xF1;
constexpr std::uint32_t get_command = 0xF3;
constexpr std::uint32_t get_next_command = 0xF5;
constexpr std::uint32_t get_clients_command = 0xF6;
constexpr std::uint32_t register_command = 0xF7;

constexpr std::size_t short_data = 32; ///< an AID and its tags

bytes encode_reference(const access_rule& rule) {
    bytes content;
    append_tlv(content, aid_ref, rule.aid);
    append_tlv(content, app_ref, rule.app_hash);
    return encode_tlv(reference, content);
}

std::vector<command_apdu> command(std::uint32_t tag, bytes_view content, std::size_t block_size) {
    return store_data(encode_tlv(tag, content), block_size, store_data_format::ber_tlv);
}

/// One block that expects response data (GPCS 11.11.2.1).
command_apdu question(std::uint32_t tag, bytes_view content) {
    auto store = store_data(encode_tlv(tag, content), short_data, store_data_format::ber_tlv).front();
    store.p1 |= 0x01;
    store.le = le_max_short;
    return store;
}

/// One octet 00 or 01; APDU filters are longer.
std::optional<bool> always_or_never(const std::vector<tlv>& objects, std::uint32_t tag) {
    const auto value = find(objects, tag);
    if (!value)
        return false;
    if (value->size() != 1 || (*value)[0] > 1)
        return std::nullopt;
    return (*value)[0] == 1;
}

} // namespace

bytes encode_rule(const access_rule& rule) {
    const std::uint8_t apdu = rule.apdu ? 0x01 : 0x00;
    const std::uint8_t nfc = rule.nfc ? 0x01 : 0x00;
    bytes permissions;
    append_tlv(permissions, apdu_rule, {&apdu, 1});
    append_tlv(permissions, nfc_rule, {&nfc, 1});
    auto content = encode_reference(rule);
    append_tlv(content, rules, permissions);
    return encode_tlv(reference_and_rules, content);
}

std::vector<command_apdu> store_rule(const access_rule& rule, std::size_t block_size) {
    return command(store_command, encode_rule(rule), block_size);
}

std::vector<command_apdu> delete_rule(const access_rule& rule, std::size_t block_size) {
    return command(delete_command, encode_reference(rule), block_size);
}

std::vector<command_apdu> register_client(bytes_view arac_aid, std::size_t block_size) {
    return command(register_command, encode_tlv(aid_ref, arac_aid), block_size);
}

command_apdu get_all_rules() {
    return get_data(0xFF40);
}

command_apdu get_next_rules() {
    return get_data(0xFF60);
}

command_apdu read_rules(bytes_view aid) {
    return question(get_command, encode_tlv(aid_ref, aid));
}

command_apdu read_next_rules() {
    return question(get_next_command, {});
}

command_apdu read_clients() {
    return question(get_clients_command, {});
}

std::optional<std::vector<bytes>> parse_clients(bytes_view answer) {
    const auto content = find_path(answer, {clients_tag});
    const auto objects = content ? parse_tlvs(*content) : std::nullopt;
    if (!objects)
        return std::nullopt;
    std::vector<bytes> aids;
    for (const auto& [tag, value] : *objects) {
        if (tag != aid_ref)
            return std::nullopt;
        aids.push_back(to_bytes(value));
    }
    return aids;
}

std::optional<std::size_t> announced_octets(bytes_view first_answer, std::uint16_t tag) {
    // The tag, then a length of one octet, or 81 or 82 and the octets of the length (ISO/IEC 8825-1).
    if (first_answer.size() < 3 || (first_answer[0] << 8 | first_answer[1]) != tag)
        return std::nullopt;
    const auto length = first_answer[2];
    if (length < 0x80)
        return std::size_t{3} + length;
    const std::size_t octets = length - 0x80u;
    if (octets < 1 || octets > 2 || first_answer.size() < 3 + octets)
        return std::nullopt;
    std::size_t value = 0;
    for (std::size_t i = 0; i < octets; ++i)
        value = value << 8 | first_answer[3 + i];
    return 3 + octets + value;
}

std::optional<std::vector<access_rule>> parse_rules(const std::vector<bytes>& answers) {
    // Response-ALL-REF-AR-DO (FF40) may be longer than one response: then the first holds its tag and length, the
    // others go on.
    bytes all;
    for (const auto& answer : answers)
        append(all, answer);
    std::vector<access_rule> out;
    if (all.empty())
        return out;
    const auto content = find_path(all, {0xFF40});
    const auto objects = content ? parse_tlvs(*content) : std::nullopt;
    if (!objects)
        return std::nullopt;
    for (const auto& [tag, value] : *objects) {
        const auto parts = tag == reference_and_rules ? parse_tlvs(value) : std::nullopt;
        const auto subject = parts ? find(*parts, reference) : std::nullopt;
        const auto permissions = parts ? find(*parts, rules) : std::nullopt;
        const auto subject_parts = subject ? parse_tlvs(*subject) : std::nullopt;
        const auto permission_parts = permissions ? parse_tlvs(*permissions) : std::nullopt;
        if (!subject_parts || !permission_parts)
            return std::nullopt;
        const auto apdu = always_or_never(*permission_parts, apdu_rule);
        const auto nfc = always_or_never(*permission_parts, nfc_rule);
        if (!apdu || !nfc)
            continue;
        const auto aid = find(*subject_parts, aid_ref);
        const auto hash = find(*subject_parts, app_ref);
        out.push_back({to_bytes(aid.value_or(bytes_view{})), to_bytes(hash.value_or(bytes_view{})), *apdu, *nfc});
    }
    return out;
}

} // namespace tsms::gp
