#include "app/handset/component.hpp"

#include "app/handset/hostile_phone.hpp"
#include "app/handset/phone_access.hpp"
#include "app/handset/sim_transport.hpp"
#include "http/net/message.hpp"
#include "sdk/pcsc_transport.hpp"

#include <algorithm>

namespace tsms::app {

namespace {

using parameters = std::multimap<std::string, std::string>;

std::string take(parameters& from, const std::string& name, std::string otherwise) {
    const auto found = from.find(name);
    if (found == from.end())
        return otherwise;
    auto value = found->second;
    from.erase(found);
    return value;
}

std::string pcsc_reader(const std::string& wanted) {
    const auto readers = sdk::pcsc_readers();
    const auto found = std::ranges::find_if(readers, [&](const auto& name) { return name.starts_with(wanted); });
    if (found != readers.end())
        return *found;
    std::string names;
    for (const auto& name : readers)
        names += "\n  " + name;
    throw std::runtime_error("no PC/SC reader '" + wanted + "'" +
                             (names.empty() ? "; there is none at all" : "; there are" + names));
}

/// How an app reaches the card.
enum class access_kind { direct, omapi, omapi_quiet, omapi_denied, omapi_busy, omapi_rules, nfc_off, hostile };

constexpr struct {
    std::string_view name;
    access_kind kind;
} accesses[] = {
    {"direct", access_kind::direct},           {"omapi", access_kind::omapi},
    {"omapi-quiet", access_kind::omapi_quiet}, {"omapi-denied", access_kind::omapi_denied},
    {"omapi-busy", access_kind::omapi_busy},   {"omapi-rules", access_kind::omapi_rules},
    {"nfc-off", access_kind::nfc_off},         {"hostile", access_kind::hostile},
};

access_kind access_named(const std::string& name) {
    const auto* row = std::ranges::find_if(accesses, [&](const auto& a) { return a.name == name; });
    if (row != std::end(accesses))
        return row->kind;
    std::string names;
    for (const auto& a : accesses)
        names += (names.empty() ? "" : ", ") + std::string(a.name);
    throw std::runtime_error("access=" + name + " is none of " + names);
}

/// Hashes of the app's certificate, SHA-1 or SHA-256, with commas.
std::vector<bytes> app_hashes(const std::string& list) {
    std::vector<bytes> hashes;
    for (std::size_t at = 0; at <= list.size();) {
        const auto comma = std::min(list.find(',', at), list.size());
        auto hash = from_hex(std::string_view(list).substr(at, comma - at));
        if (!hash || (hash->size() != 20 && hash->size() != 32))
            throw std::runtime_error("app=" + list.substr(0, 80) + ": write hashes of 20 or 32 octets in hexadecimal");
        hashes.push_back(*std::move(hash));
        at = comma + 1;
    }
    return hashes;
}

std::unique_ptr<sdk::secure_component> open_simulated(const std::string& file, parameters& options,
                                                      const std::string& type) {
    const auto access = access_named(take(options, "access", "direct"));
    const auto faults = take(options, "faults", "");
    const auto profile = take(options, "profile", "");
    const auto reader = take(options, "reader", std::filesystem::path(file).stem().string());
    const auto app = options.contains("app") && access != access_kind::omapi_rules
                         ? throw std::runtime_error("app= has a meaning with access=omapi-rules only")
                         : take(options, "app", default_caller);
    // A hostile phone plays the faults itself: its card is honest.
    const bool hostile = access == access_kind::hostile;
    auto card = open_sim(file, profile, reader, type, hostile ? "none" : faults);
    switch (access) {
    case access_kind::direct:
        return card;
    case access_kind::omapi:
        return behind_phone(std::move(card), {});
    case access_kind::omapi_quiet:
        return behind_phone(std::move(card), {.fci = false});
    case access_kind::omapi_denied:
        return behind_phone(std::move(card), {.denied = {hex("A000000151000000"), hex("A000000003000000"),
                                                         hex("A0000005591010FFFFFFFF8900000200")}});
    case access_kind::omapi_busy:
        return behind_phone(std::move(card), {.busy = true});
    case access_kind::nfc_off:
        return behind_phone(std::move(card), {.nfc_off = true});
    case access_kind::omapi_rules:
        return behind_phone(std::move(card), {.app = app_hashes(app)});
    case access_kind::hostile:
        break;
    }
    return behind_hostile_phone(
        std::move(card), lab::fault_plan::parse(faults.empty() ? usual_tricks : faults, crypto::system_random()));
}

} // namespace

std::shared_ptr<sdk::secure_component> open_component(const std::string& specification) {
    const auto query = std::min(specification.find('?'), specification.size());
    auto options = net::parse_query(std::string_view(specification).substr(std::min(query + 1, specification.size())));
    const auto name = specification.substr(0, query);
    const auto colon = std::min(name.find(':'), name.size());
    const auto kind = name.substr(0, colon);
    const auto where = name.substr(std::min(colon + 1, name.size()));
    if (!options || where.empty() || (kind != "sim" && kind != "pcsc"))
        throw std::runtime_error("'" + specification + "' is no secure component; write sim:FILE or pcsc:READER");
    const auto type = take(*options, "type", kind == "sim" ? "eSE" : "undefined");
    std::shared_ptr<sdk::secure_component> component;
    if (kind == "sim")
        component = open_simulated(where, *options, type);
    else
        component = sdk::open_pcsc(pcsc_reader(where), type);
    if (!options->empty())
        throw std::runtime_error("'" + specification + "': unknown option '" + options->begin()->first + "'");
    return component;
}

std::vector<std::shared_ptr<sdk::secure_component>> open_components(const std::vector<std::string>& specifications) {
    std::vector<std::shared_ptr<sdk::secure_component>> all;
    for (const auto& specification : specifications) {
        auto component = open_component(specification);
        if (std::ranges::any_of(all, [&](const auto& c) { return c->reader() == component->reader(); }))
            throw std::runtime_error("two secure components are called '" + component->reader() +
                                     "'; name one of them with ?reader=NAME");
        all.push_back(std::move(component));
    }
    return all;
}

} // namespace tsms::app
