#include "gp/procedures/service.hpp"

#include "gp/tlv.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

constexpr auto any = secured_batch::tolerance::any;

/// GPCS 11.5.2.3.2: an instance of the card's SD package. The TSM's domain has Authorized Management, this one has not.
void create_domain(secured_batch& card, const service_domain& domain) {
    instance_description instance;
    instance.load_file_aid = domain.package_aid;
    instance.module_aid = domain.module_aid;
    instance.instance_aid = domain.aid;
    instance.rights = privilege::security_domain;
    instance.privilege_octets = domain.privilege_octets;
    instance.parameters = encode_tlv(0xC9, domain.parameters);
    card.add(step::install_security_domain, install_and_make_selectable(instance));
}

/// Its keys, and the state PERSONALIZED without which it accepts no extradition. If the domain was not created, these
/// keys reach the TSM's own domain: their version is disjoint from its own, so nothing is overwritten (gp/procedures,
/// "the order to split at").
void personalize_domain(secured_batch& card, const service_domain& domain, std::size_t block_size) {
    card.add(step::install_for_personalization, install_for_personalization(domain.aid));
    const auto keys = key_dgis(domain.key_version, domain.key_bits, domain.keys);
    card.add_all(step::store_data, store_data(keys, block_size, store_data_format::encrypted | store_data_format::dgi));
    card.add(step::set_status, set_status(status_type::application, life_cycle::personalized, domain.aid));
}

void make_selectable(secured_batch& card, const std::vector<application>& applications,
                     secured_batch::tolerance accepted = secured_batch::tolerance::table) {
    for (const auto& app : applications)
        if (app.make_selectable)
            card.add(step::make_selectable,
                     install_for_make_selectable(app.instance.instance_aid, app.instance.rights,
                                                 app.instance.privilege_octets),
                     accepted);
}

/// Each rule names its receiver again: the last block of a STORE DATA chain ends a personalization (GPCS 7.3.3).
void change_rules(secured_batch& card, const access_client& client, std::size_t block_size, step what) {
    const auto command = what == step::access_rule ? store_rule : delete_rule;
    for (const auto& rule : client.rules) {
        card.add(step::install_for_personalization, install_for_personalization(client.instance.instance_aid));
        card.add_all(what, command(rule, block_size));
    }
}

/// GPD_SPE_013 5.1: the rules of a Service into our own ARA-C. Whether the card has it the listing proves; an INSTALL
/// too many is refused and changes nothing.
void write_rules(secured_batch& card, const std::optional<access_client>& client, std::size_t block_size) {
    if (!client)
        return;
    if (client->install)
        card.add(step::install_for_install, install_and_make_selectable(client->instance), any);
    change_rules(card, *client, block_size, step::access_rule);
}

std::vector<bytes> instance_aids(const std::vector<application>& applications) {
    std::vector<bytes> aids;
    for (const auto& app : applications)
        aids.push_back(app.instance.instance_aid);
    return aids;
}

/// AMB-224: with all applications in one command where the card can, else one by one; locking in reverse order
/// (AMB-108).
void set_lock(secured_batch& card, const bytes& domain, std::vector<bytes> instances, bool lock,
              bool with_applications) {
    const std::uint8_t state = lock ? life_cycle::locked : 0x00;
    if (with_applications) {
        card.add(step::lock, set_status(status_type::domain_with_applications, state, domain));
        return;
    }
    if (lock)
        std::reverse(instances.begin(), instances.end());
    for (const auto& aid : instances)
        card.add(step::lock, set_status(status_type::application, state, aid));
}

/// Answers of GET STATUS for one scope: the first and the speculative [next] ones behind it.
struct listing {
    registry_scope scope;
    std::size_t first;
    std::size_t count;
};
struct listings {
    listing applications;
    listing load_files;
    std::optional<std::size_t> keys = std::nullopt;      ///< GET DATA E0
    std::optional<std::size_t> resources = std::nullopt; ///< GET DATA FF21
};

/// GET STATUS [first] and as many [next] as the expected entries may need (GPCS 11.4.2.2): a [next] too many is refused
/// and changes nothing, one too few costs an exchange.
listing list(secured_batch& card, registry_scope scope, std::size_t expected) {
    constexpr std::size_t octets_an_entry = 56; // 4F, 9F70, C5, C4 and CC with AIDs of ten octets
    constexpr std::size_t octets_an_answer = 223;
    const auto count = 1 + expected * octets_an_entry / octets_an_answer;
    listing at{scope, card.size(), count};
    for (std::size_t i = 0; i < count; ++i)
        card.add(step::get_status, get_status(scope, {}, i > 0), any);
    return at;
}

/// Authenticated proof of what is there (GPCS 11.4).
listings list(secured_batch& card, std::size_t expected_applications) {
    const auto applications = list(card, registry_scope::applications, expected_applications + 2);
    const auto load_files = list(card, registry_scope::load_files_and_modules, 2 + expected_applications / 4);
    return {applications, load_files};
}

/// With what a card in doubt has to tell beyond it (gp/procedures, hazard 15).
listings list_all(secured_batch& card, std::size_t expected_applications) {
    auto at = list(card, expected_applications);
    at.keys = list_keys(card);
    at.resources = card.add(step::get_data, get_data(0xFF21), any);
    return at;
}

/// Entries of one scope. 6310 says that there is more (field lesson 7).
procedure<std::vector<registry_entry>> complete(channel_ptr channel, listing at, std::vector<response_apdu> all) {
    // Answers of one listing: far more than any card holds, and an end for a card that never ends.
    constexpr std::size_t most = 64;
    for (std::size_t expected = 16;; expected *= 4) {
        std::vector<bytes> answers;
        bool more = true;
        for (std::size_t i = at.first; more && i < at.first + at.count; ++i) {
            const auto& answer = all[i];
            more = answer.sw == 0x6310;
            // An error has no R-MAC: whoever carries the answer can make one (field lesson 8). That there are no load
            // files is a claim that the card cannot prove; but the selected domain itself is always listed, and no
            // listing ends with 6A88 behind a part that announced more.
            if (answer.sw == 0x6A88 && at.scope != registry_scope::applications && i == at.first)
                break;
            if (answer.sw != 0x9000 && answer.sw != 0x6310)
                throw status_failure(step::get_status, answer.sw);
            answers.push_back(answer.data);
        }
        if (!more) {
            auto entries = parse_registry(answers);
            if (!entries)
                throw card_failure(card_failure::kind::malformed, step::get_status, 2,
                                   "the card's registry listing is malformed");
            co_return *std::move(entries);
        }
        if (at.count >= most)
            throw card_failure(card_failure::kind::malformed, step::get_status, 2,
                               "the card's registry listing has no end");
        // Another GET STATUS has come in between: the listing begins again, in an order of its own.
        channel_batch card(channel);
        at = list(card, at.scope, expected);
        const auto sent = co_await card.take();
        all = card.accept(sent);
    }
}

procedure<card_contents> contents(channel_ptr channel, listings at, std::vector<response_apdu> answers) {
    card_contents found;
    found.key_versions = at.keys ? key_versions(answers[*at.keys]) : std::set<std::uint8_t>{};
    if (at.resources && answers[*at.resources].sw == 0x9000)
        found.resources = parse_card_resources(answers[*at.resources].data);
    auto applications = complete(channel, at.applications, answers);
    found.applications = co_await std::move(applications);
    found.load_files_proven = answers[at.load_files.first].sw != 0x6A88;
    auto load_files = complete(channel, at.load_files, std::move(answers));
    found.load_files = co_await std::move(load_files);
    co_return found;
}

void check_client(const card_contents& found, const std::optional<access_client>& client) {
    if (client && !find_entry(found.applications, client->instance.instance_aid))
        not_proven(step::access_rule, "the store of access rules " + to_hex(client->instance.instance_aid) +
                                          " is not in the card's registry");
}

bool is_locked(const registry_entry& entry) {
    return (entry.life_cycle & life_cycle::locked) != 0;
}

void check_lock(const card_contents& found, const std::vector<bytes>& instances, bool lock) {
    for (const auto& aid : instances) {
        const auto* entry = find_entry(found.applications, aid);
        if (!entry || is_locked(*entry) != lock)
            not_proven(step::lock, "application " + to_hex(aid) + " is not " + (lock ? "locked" : "unlocked") +
                                       " according to the card's registry");
    }
}

} // namespace

procedure<std::set<std::uint8_t>> install_service(channel_ptr channel, service_installation what) {
    const auto& progress = what.progress;
    const auto instances = instance_aids(what.applications);
    channel_batch card(channel);

    card.mark(5, progress.install);
    create_domain(card, what.domain);
    personalize_domain(card, what.domain, what.block_size);

    std::size_t octets = 0;
    for (const auto& file : what.load_files)
        octets += file.image.size();
    std::size_t loaded = 0;
    for (const auto& file : what.load_files) {
        card.add(step::install_for_load, install_for_load(file.aid, what.tsm_domain_aid, file.hash));
        std::size_t blocks = 0;
        for (auto& block : load(file.image, what.block_size)) {
            if (blocks++ % 32 == 0)
                card.mark(static_cast<int>(10 + 60 * loaded / std::max<std::size_t>(octets, 1)), progress.install);
            loaded += std::min(what.block_size, octets - loaded);
            card.add(step::load, std::move(block));
        }
    }

    card.mark(75, progress.install);
    for (const auto& app : what.applications)
        card.add(step::install_for_install, install_for_install(app.instance));
    card.mark(85, progress.activate);
    make_selectable(card, what.applications);
    write_rules(card, what.client, what.block_size);

    // Last, because INSTALL [for personalization] must go to the domain an application is associated with (AMB-231). A
    // card whose instances follow their load file refuses the second extradition as redundant.
    for (const auto& file : what.load_files)
        card.add(step::extradite, install_for_extradition(what.domain.aid, file.aid));
    for (const auto& aid : instances)
        card.add(step::extradite, install_for_extradition(what.domain.aid, aid));
    if (what.lock)
        set_lock(card, what.domain.aid, instances, true, what.lock_with_applications);

    std::optional<std::size_t> rotated;
    if (what.rotation)
        rotated = put_new_keys(card, *what.rotation);
    card.mark(95, progress.finalize);
    auto at = list(card, instances.size() + (what.client ? 1 : 0));
    at.keys = list_keys(card);

    const auto sent = co_await card.take();
    auto answers = card.accept(sent);

    if (rotated)
        check_new_keys(answers[*rotated], *what.rotation);
    auto reading = contents(channel, at, std::move(answers));
    const auto found = co_await std::move(reading);
    const auto* domain = find_entry(found.applications, what.domain.aid);
    if (!domain || (domain->life_cycle & ~life_cycle::locked) != life_cycle::personalized)
        not_proven(step::install_security_domain, "security domain " + to_hex(what.domain.aid) +
                                                      " is not personalized according to the card's registry");
    for (const auto& file : what.load_files) {
        const auto* entry = find_entry(found.load_files, file.aid);
        if (!entry)
            not_proven(step::load, "load file " + to_hex(file.aid) + " is not in the card's registry");
        if (!entry->security_domain_aid.empty() && entry->security_domain_aid != what.domain.aid)
            not_proven(step::extradite,
                       "load file " + to_hex(file.aid) + " is associated with another security domain");
    }
    for (const auto& aid : instances) {
        const auto* entry = find_entry(found.applications, aid);
        if (!entry)
            not_proven(step::install_for_install, "application " + to_hex(aid) + " is not in the card's registry");
        if (!entry->security_domain_aid.empty() && entry->security_domain_aid != what.domain.aid)
            not_proven(step::extradite, "application " + to_hex(aid) + " is associated with another security domain");
    }
    check_client(found, what.client);
    if (what.lock)
        check_lock(found, instances, true);
    co_return found.key_versions;
}

procedure<void> activate_service(channel_ptr channel, service_activation what) {
    const auto instances = instance_aids(what.applications);
    channel_batch card(channel);
    card.mark(20, what.progress.activate);
    // Repeated after a lost report (AMB-100), some are selectable already and the card refuses (GPCS 11.5): the listing
    // decides.
    make_selectable(card, what.applications, any);
    write_rules(card, what.client, what.block_size);
    if (what.lock)
        set_lock(card, what.domain_aid, instances, true, what.lock_with_applications);
    card.mark(80, what.progress.finalize);
    const auto at = list(card, instances.size() + (what.client ? 1 : 0));
    const auto sent = co_await card.take();
    auto answers = card.accept(sent);
    auto reading = contents(channel, at, std::move(answers));
    const auto found = co_await std::move(reading);
    for (const auto& app : what.applications) {
        const auto& aid = app.instance.instance_aid;
        const auto* entry = find_entry(found.applications, aid);
        if (!entry)
            not_proven(step::make_selectable, "application " + to_hex(aid) + " is not in the card's registry");
        if (app.make_selectable && (entry->life_cycle & life_cycle::selectable) != life_cycle::selectable)
            not_proven(step::make_selectable, "application " + to_hex(aid) + " is not selectable");
    }
    check_client(found, what.client);
    if (what.lock)
        check_lock(found, instances, true);
}

procedure<void> lock_service(channel_ptr channel, service_lock what) {
    channel_batch card(channel);
    card.mark(20, what.operation);
    set_lock(card, what.domain_aid, what.instances, what.lock, what.with_applications);
    card.mark(80, what.operation);
    const auto at = list(card, what.instances.size());
    const auto sent = co_await card.take();
    auto answers = card.accept(sent);
    auto reading = contents(channel, at, std::move(answers));
    const auto found = co_await std::move(reading);
    check_lock(found, what.instances, what.lock);
}

procedure<card_contents> inspect(channel_ptr channel, std::size_t expected_applications) {
    channel_batch card(channel);
    const auto at = list_all(card, expected_applications);
    const auto sent = co_await card.take();
    auto answers = card.accept(sent);
    auto reading = contents(channel, at, std::move(answers));
    auto found = co_await std::move(reading);
    co_return found;
}

procedure<card_contents> remove_service(channel_ptr channel, service_removal what) {
    channel_batch card(channel);
    card.mark(30, what.operation);
    if (what.client) // access first (gp/procedures, terminate)
        change_rules(card, *what.client, what.block_size, step::access_rule_removal);
    if (what.client && what.client->remove)
        card.add(step::delete_object, delete_object(what.client->instance.instance_aid));
    for (const auto& aid : what.instances)
        card.add(step::delete_object, delete_object(aid));
    card.mark(50, what.operation);
    for (const auto& aid : what.load_files)
        card.add(step::delete_object, delete_object(aid, true));
    for (const auto& aid : what.doubtful_load_files)
        card.add(step::delete_object, delete_object(aid, true), any);
    if (what.domain)
        card.add(step::delete_object, delete_object(*what.domain));
    for (const auto version : what.key_sets) // a card that keeps them is found out by the next installation
        card.add(step::delete_key, delete_keys(version), any);
    card.mark(80, what.operation);
    const auto at = list_all(card, 0);
    const auto sent = co_await card.take();
    auto answers = card.accept(sent);
    // 6A88 at DELETE counts as done only now, after the authenticated listing.
    auto reading = contents(channel, at, std::move(answers));
    auto found = co_await std::move(reading);
    for (const auto& aid : what.instances)
        if (find_entry(found.applications, aid))
            not_proven(step::delete_object, "application " + to_hex(aid) + " is still in the card's registry");
    for (const auto& aid : what.load_files)
        if (find_entry(found.load_files, aid))
            not_proven(step::delete_object, "load file " + to_hex(aid) + " is still in the card's registry");
    if (what.client && what.client->remove && find_entry(found.applications, what.client->instance.instance_aid))
        not_proven(step::delete_object, "the store of access rules " + to_hex(what.client->instance.instance_aid) +
                                            " is still in the card's registry");
    if (what.domain && find_entry(found.applications, *what.domain))
        not_proven(step::delete_object, "security domain " + to_hex(*what.domain) + " is still in the card's registry");
    co_return found;
}

} // namespace tsms::gp
