#include "lab/card/registry.hpp"

#include <algorithm>
#include <utility>

namespace tsms::lab {

namespace {

bool same(bytes_view a, bytes_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

} // namespace

std::size_t kept_data::octets() const {
    constexpr std::size_t name_octets = 2;
    std::size_t octets = personalization.size();
    for (const auto& [number, value] : objects)
        octets += name_octets + value.size();
    return octets;
}

key_set* security_domain::find_keys(std::uint8_t version) {
    for (auto& set : key_sets)
        if (set.version == version)
            return &set;
    return nullptr;
}

const application* registry::find_application(bytes_view aid) const {
    for (const auto& a : applications_)
        if (same(a.aid, aid))
            return &a;
    return nullptr;
}

application* registry::find_application(bytes_view aid) {
    return const_cast<application*>(std::as_const(*this).find_application(aid));
}

application* registry::find_domain(bytes_view aid) {
    auto* found = find_application(aid);
    return found && found->sd ? found : nullptr;
}

const load_file* registry::find_load_file(bytes_view aid) const {
    for (const auto& f : load_files_)
        if (same(f.package.aid, aid))
            return &f;
    return nullptr;
}

load_file* registry::find_load_file(bytes_view aid) {
    return const_cast<load_file*>(std::as_const(*this).find_load_file(aid));
}

void registry::erase_application(bytes_view aid) {
    std::erase_if(applications_, [&](const auto& a) { return same(a.aid, aid); });
    keep_one_card_reset();
}

void registry::rename(bytes_view domain, const bytes& to) {
    const auto from = to_bytes(domain);
    for (auto& a : applications_) {
        if (a.aid == from)
            a.aid = to;
        if (a.domain == from)
            a.domain = to;
    }
    for (auto& f : load_files_)
        if (f.domain == from)
            f.domain = to;
}

const application* registry::card_reset_holder() const {
    for (const auto& a : applications_)
        if (&a != &isd() && a.has(privilege::card_reset))
            return &a;
    return nullptr;
}

void registry::keep_one_card_reset() {
    if (card_reset_holder())
        isd().privileges &= ~privilege::card_reset;
    else
        isd().privileges |= privilege::card_reset;
}

void registry::erase_load_file(bytes_view aid) {
    std::erase_if(load_files_, [&](const auto& f) { return same(f.package.aid, aid); });
}

bool registry::within(bytes_view domain, bytes_view ancestor) const {
    // Bounded by the number of entries, so that a damaged state file cannot make it loop.
    for (std::size_t step = 0; step <= applications_.size(); ++step) {
        if (same(domain, ancestor))
            return true;
        const auto* sd = find_application(domain);
        if (!sd || same(sd->domain, sd->aid))
            return false;
        domain = sd->domain;
    }
    return false;
}

application& registry::key_holder(application& domain) {
    auto* holder = &domain;
    for (std::size_t step = 0; step < applications_.size() && holder->sd->key_sets.empty(); ++step) {
        auto* parent = find_domain(holder->domain);
        if (!parent)
            break;
        holder = parent;
    }
    return *holder;
}

bool registry::keeps_data(const application& a) const {
    const auto* file = find_load_file(a.load_file);
    return file && file->keeps_data && !a.sd;
}

bool registry::takes_personalization(const application& a) const {
    static const bytes org_globalplatform = hex("A00000015100");
    const auto* file = find_load_file(a.load_file);
    return a.sd || !file || file->preloaded || file->keeps_data ||
           std::ranges::any_of(file->imports, [](const auto& import) { return import.aid == org_globalplatform; });
}

std::vector<const application*> registry::instances_of(bytes_view load_file) const {
    std::vector<const application*> found;
    for (const auto& a : applications_)
        if (same(a.load_file, load_file))
            found.push_back(&a);
    return found;
}

bool registry::has_content(bytes_view domain) const {
    return std::any_of(applications_.begin(), applications_.end(),
                       [&](const auto& a) { return same(a.domain, domain) && !same(a.aid, domain); }) ||
           std::any_of(load_files_.begin(), load_files_.end(), [&](const auto& f) { return same(f.domain, domain); });
}

bool registry::provides(const package_version& import) const {
    const auto is = [&](const package_version& p) {
        return same(p.aid, import.aid) && p.major == import.major && p.minor >= import.minor;
    };
    return std::any_of(load_files_.begin(), load_files_.end(), [&](const load_file& f) {
        return is(f.package) || std::any_of(f.packages.begin(), f.packages.end(), is);
    });
}

bool registry::imported_by_another(bytes_view package) const {
    const auto* imported = find_load_file(package);
    const auto is = [&](const package_version& import) {
        return same(import.aid, package) ||
               (imported && std::any_of(imported->packages.begin(), imported->packages.end(),
                                        [&](const package_version& p) { return same(p.aid, import.aid); }));
    };
    return std::any_of(load_files_.begin(), load_files_.end(), [&](const load_file& f) {
        return !same(f.package.aid, package) && std::any_of(f.imports.begin(), f.imports.end(), is);
    });
}

std::size_t registry::memory_used() const {
    std::size_t used = 0;
    for (const auto& a : applications_)
        used += a.memory;
    for (const auto& f : load_files_)
        used += f.memory;
    return used;
}

} // namespace tsms::lab
