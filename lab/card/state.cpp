#include "lab/card/state.hpp"

#include "lab/card/issuer_keys.hpp"

namespace tsms::lab {

namespace {

/// CPLC data (GP card production life cycle): fabricator, type and dates are the lab's, the serial is random, the batch
/// tells the length of the ISD's keys (issuer_keys.hpp).
bytes make_cplc(std::size_t key_octets, crypto::random_source& random) {
    auto cplc = hex("54534C424F5360010305" // fabricator, type, operating system: id, date, level
                    "6001");               // fabrication date
    append(cplc, random.take(4));          // serial number
    append(cplc, bytes{0x00, static_cast<std::uint8_t>(key_octets)}); // batch
    append(cplc, hex("54536001"));                                    // module fabricator, packaging date
    cplc.resize(42);                                                  // embedding and personalization: not done
    return cplc;
}

} // namespace

bytes card_state::identity() const {
    if (personality->tells_cplc)
        return cplc;
    bytes numbers;
    for (const auto tag : {0x42u, 0x45u})
        if (const auto found = registry.isd().sd->data.find(tag); found != registry.isd().sd->data.end())
            append(numbers, found->second);
    return numbers;
}

std::size_t card_state::free_memory() const {
    const auto used = registry.memory_used();
    return used < personality->nv_memory ? personality->nv_memory - used : 0;
}

card_state make_card(const personality& p, const crypto::secret& issuer_master, crypto::random_source& random) {
    card_state card;
    card.personality = &p;
    card.cplc = p.blank_cplc ? bytes(42, 0x00) : make_cplc(p.key_octets, random);

    security_domain sd;
    sd.scp03_i = p.scp03_i;
    sd.accepts_extradition = true;
    sd.accepts_deletion = true;
    if (*p.iin)
        sd.data[0x42] = hex(p.iin);
    if (*p.cin) {
        auto cin = hex(p.cin);
        append(cin, bytes_view(card.cplc).subspan(12, 4)); // another one on each card
        sd.data[0x45] = std::move(cin);
    }

    const auto isd_aid = hex(p.isd);
    application isd;
    isd.aid = isd_aid;
    isd.domain = isd_aid;
    isd.state = life_cycle::card_secured;
    isd.privileges = privilege::isd;
    isd.load_file = hex(security_domain_package);
    isd.module = hex(security_domain_module);
    isd.sd = std::move(sd);
    card.registry.add(std::move(isd));
    const auto keys = isd_keys(issuer_master, card.identity());
    card.registry.isd().sd->key_sets.push_back({p.key_version, {{1, keys.enc}, {2, keys.mac}, {3, keys.dek}}, 0, 0});

    for (const auto& package : p.packages) {
        load_file file;
        file.package = {hex(package.aid), package.major, package.minor};
        for (const auto* module : package.modules)
            file.modules.push_back(hex(module));
        file.domain = isd_aid;
        file.preloaded = true;
        file.listed = package.listed;
        card.registry.add(std::move(file));
    }
    if (p.ara_m) {
        load_file file;
        file.package = {hex(ara_m_package), 1, 0};
        file.modules = {hex(ara_m_aid)};
        file.domain = isd_aid;
        file.preloaded = true;
        card.registry.add(std::move(file));
        application ara;
        ara.aid = hex(ara_m_aid);
        ara.state = life_cycle::selectable;
        ara.load_file = hex(ara_m_package);
        ara.module = ara.aid;
        ara.domain = isd_aid;
        card.registry.add(std::move(ara));
    }
    if (p.ara_c) {
        load_file file;
        file.package = {hex(ara_c_package), 1, 0};
        file.modules = {hex(ara_c_module)};
        file.domain = isd_aid;
        file.preloaded = true;
        card.registry.add(std::move(file));
    }
    return card;
}

} // namespace tsms::lab
