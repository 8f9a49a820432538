#include "app/handset/component.hpp"

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

/// How the app reaches the card: "direct", or like an app on a phone.
std::shared_ptr<sdk::secure_component> behind(const std::string& access, std::unique_ptr<sdk::secure_component> card) {
    if (access == "direct")
        return card;
    if (access == "omapi")
        return behind_phone(std::move(card), {});
    if (access == "omapi-quiet")
        return behind_phone(std::move(card), {.denied = {}, .fci = false});
    if (access == "omapi-denied")
        return behind_phone(std::move(card),
                            {.denied = {hex("A000000151000000"), hex("A000000003000000")}, .fci = true});
    throw std::runtime_error("access=" + access + " is none of direct, omapi, omapi-quiet, omapi-denied");
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
    if (kind == "sim") {
        const auto profile = take(*options, "profile", "");
        const auto access = take(*options, "access", "direct");
        const auto reader = take(*options, "reader", std::filesystem::path(where).stem().string());
        component = behind(access, open_sim(where, profile, reader, type));
    } else {
        component = sdk::open_pcsc(pcsc_reader(where), type);
    }
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
