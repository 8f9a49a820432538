#include "store/profile_internals.hpp"

#include "base/bytes.hpp"
#include "gp/scp03.hpp"
#include "gp/tlv.hpp"

#include <algorithm>
#include <limits>
#include <variant>

namespace tsms::store {

namespace {

void check_prefix(std::string_view name, const std::string& prefix) {
    const auto fits = [](char c) {
        return std::string_view("0123456789abcdefABCDEF.").find(c) != std::string_view::npos;
    };
    if (prefix.empty() || !std::ranges::all_of(prefix, fits))
        throw json::parse_error("identification." + std::string(name) + ": '" + prefix +
                                "' is not a prefix of hexadecimal digits and '.'");
}

using parameters = model::card_parameters;
enum class content { text, aid, tlvs };
struct text_member {
    std::string parameters::*at;
    content what;
};
struct octet_member {
    std::uint8_t parameters::*at;
};
struct number_member {
    int parameters::*at;
    int least;
    int most;
};
struct flag_member {
    bool parameters::*at;
};

/// "S8" or "S16" (SCP03 5.1)
struct mode_member {
    int parameters::*at;
};

struct row {
    std::string_view name;
    std::variant<text_member, octet_member, number_member, flag_member, mode_member> member;
};

/// Not one of the parameters: nothing that is done to a card depends on it.
constexpr std::string_view preloaded_aids = "preloadedAids";

constexpr int any_size = std::numeric_limits<int>::max();

const row rows[] = {
    {"isdAid", text_member{&parameters::isd_aid, content::aid}},
    {"sdPackageAid", text_member{&parameters::sd_package_aid, content::aid}},
    {"sdModuleAid", text_member{&parameters::sd_module_aid, content::aid}},
    {"tsmSdAid", text_member{&parameters::tsm_sd_aid, content::aid}},
    {"sdInstallParameters", text_member{&parameters::sd_install_parameters, content::tlvs}},
    {"tsmKeyVersion", octet_member{&parameters::tsm_key_version}},
    {"tsmRotatedVersion", octet_member{&parameters::tsm_rotated_version}},
    {"serviceKeyVersion", octet_member{&parameters::service_key_version}},
    {"keyBits", number_member{&parameters::key_bits, 128, 256}},
    {"scp03Mode", mode_member{&parameters::scp03_mode}},
    {"minimumLevel", octet_member{&parameters::minimum_level}},
    {"blockSize", number_member{&parameters::block_size, 0, 65535}},
    {"extendedLength", flag_member{&parameters::extended_length}},
    {"extendedCap", flag_member{&parameters::extended_cap}},
    {"lockWithApplications", flag_member{&parameters::lock_with_applications}},
    {"ara", text_member{&parameters::ara, content::text}},
    {"aracPackageAid", text_member{&parameters::arac_package_aid, content::aid}},
    {"aracModuleAid", text_member{&parameters::arac_module_aid, content::aid}},
    {"aracAid", text_member{&parameters::arac_aid, content::aid}},
    {"rulesReadBack", flag_member{&parameters::rules_read_back}},
    {"keyForm", text_member{&parameters::key_form, content::text}},
    {"challengeCounter", flag_member{&parameters::challenge_counter}},
    {"privilegeBytes", number_member{&parameters::privilege_bytes, 1, 3}},
    {"millisecondsPerApdu", number_member{&parameters::milliseconds_per_apdu, 1, 60000}},
    {"orderApdus", number_member{&parameters::order_apdus, 1, any_size}},
    {"orderBytes", number_member{&parameters::order_bytes, 1024, any_size}},
    {"orderSeconds", number_member{&parameters::order_seconds, 1, 120}},
    {"memoryReserve", number_member{&parameters::memory_reserve, 0, any_size}},
    {"ruleHashSha1", flag_member{&parameters::rule_hash_sha1}},
    {"ruleHashSha256", flag_member{&parameters::rule_hash_sha256}},
    {"initializeUpdateCounts", flag_member{&parameters::initialize_update_counts}},
};

template <class... F> struct overload : F... {
    using F::operator()...;
};
template <class... F> overload(F...) -> overload<F...>;

[[noreturn]] void refuse(std::string_view name, const char* expected) {
    throw json::parse_error("card." + std::string(name) + " must be " + expected);
}

std::int64_t number_in(const json::value& v, std::string_view name, std::int64_t least, std::int64_t most) {
    const auto* n = v.as_integer();
    if (!n || *n < least || *n > most)
        refuse(name, "an integer in its range");
    return *n;
}

/// The text in the form that everything compares: hexadecimal in capitals.
std::string checked(std::string_view name, const std::string& text, content what) {
    if (what == content::text)
        return text;
    const auto octets = from_hex(text);
    if (what == content::aid && (!octets || octets->size() < 5 || octets->size() > 16))
        refuse(name, "an AID: 5 to 16 octets, hexadecimal");
    if (what == content::tlvs && (!octets || !gp::parse_tlvs(*octets)))
        refuse(name, "well-formed TLV objects, hexadecimal");
    return to_hex(*octets);
}

void assign(const row& r, const json::value& v, parameters& p) {
    std::visit(overload{
                   [&](const text_member& m) {
                       const auto* text = v.as_string();
                       if (!text)
                           refuse(r.name, "a string");
                       p.*m.at = checked(r.name, *text, m.what);
                   },
                   [&](const mode_member& m) {
                       const auto* text = v.as_string();
                       if (!text || (*text != "S8" && *text != "S16"))
                           refuse(r.name, "\"S8\" or \"S16\"");
                       p.*m.at = *text == "S16" ? 16 : 8;
                   },
                   [&](const octet_member& m) { p.*m.at = static_cast<std::uint8_t>(number_in(v, r.name, 1, 0xFF)); },
                   [&](const number_member& m) { p.*m.at = static_cast<int>(number_in(v, r.name, m.least, m.most)); },
                   [&](const flag_member& m) {
                       if (!v.as_boolean())
                           refuse(r.name, "true or false");
                       p.*m.at = *v.as_boolean();
                   },
               },
               r.member);
}

} // namespace

model::identification read_identification(const json::object& o) {
    model::identification out;
    const json::reader in(o, "identification");
    for (const auto& [name, v] : o) {
        auto* list = name == "cplc"       ? &out.cplc
                     : name == "atr"      ? &out.atr
                     : name == "isd"      ? &out.isd
                     : name == "cardData" ? &out.card_data
                                          : nullptr;
        if (!list)
            throw json::parse_error("identification." + name + " is unknown; known are cplc, atr, isd and cardData");
        *list = in.strings(name);
        for (auto& prefix : *list) {
            check_prefix(name, prefix);
            std::ranges::transform(prefix, prefix.begin(),
                                   [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c; });
        }
    }
    return out;
}

std::vector<std::string> read_preloaded_aids(const json::object& o) {
    std::vector<std::string> out;
    const auto* list = o.find(preloaded_aids);
    if (!list)
        return out;
    if (!list->as_array())
        refuse(preloaded_aids, "a list of AIDs");
    for (const auto& v : *list->as_array()) {
        if (!v.as_string())
            refuse(preloaded_aids, "a list of AIDs");
        out.push_back(checked(preloaded_aids, *v.as_string(), content::aid));
    }
    return out;
}

model::card_parameters read_card_parameters(const json::object& o) {
    parameters out;
    read_preloaded_aids(o);
    for (const auto& [name, v] : o) {
        if (name == preloaded_aids)
            continue;
        const auto known = std::ranges::find(rows, name, &row::name);
        if (known == std::end(rows))
            throw json::parse_error("card." + name + " is no card parameter");
        assign(*known, v, out);
    }
    if (out.ara != "none" && out.ara != "aram-issuer" && out.ara != "arac")
        refuse("ara", "one of none, aram-issuer, arac");
    if (out.key_form != "length" && out.key_form != "bare")
        refuse("keyForm", "\"length\" or \"bare\"");
    if (out.arac_aid == out.tsm_sd_aid)
        refuse("aracAid", "another AID than tsmSdAid");
    // Keys of one level must never replace keys of another (gp/procedures, "the order to split at").
    const auto versions = {out.tsm_key_version, out.tsm_rotated_version, out.service_key_version};
    for (auto v : versions)
        if (v > 0x7F || std::ranges::count(versions, v) != 1)
            refuse("tsmKeyVersion, tsmRotatedVersion and serviceKeyVersion", "different and at most 127");
    if (!std::ranges::count(std::initializer_list<int>{0x01, 0x03, 0x11, 0x13, 0x33}, int{out.minimum_level}))
        refuse("minimumLevel", "1, 3, 17, 19 or 51 (levels 01, 03, 11, 13, 33)");
    if (out.key_bits % 64 != 0)
        refuse("keyBits", "128, 192 or 256");
    if (out.privilege_bytes == 2)
        refuse("privilegeBytes", "1 or 3");
    const auto field = out.extended_length ? gp::extended_data_field : gp::short_data_field;
    const auto most = gp::max_plain_data(field, static_cast<std::size_t>(out.scp03_mode), out.minimum_level);
    if (static_cast<std::size_t>(out.block_size) > most)
        throw json::parse_error("card.blockSize " + std::to_string(out.block_size) +
                                " does not fit one command: at most " + std::to_string(most) +
                                " octets, more only with extendedLength");
    return out;
}

} // namespace tsms::store
