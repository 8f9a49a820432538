#include "lab/issuer/card_work.hpp"

#include "crypto/kcv.hpp"
#include "crypto/kdf.hpp"
#include "gp/access_rules.hpp"
#include "gp/card_failure.hpp"
#include "gp/commands.hpp"
#include "gp/procedures/keys.hpp"
#include "gp/registry.hpp"
#include "gp/secured_batch.hpp"
#include "gp/tlv.hpp"
#include "lab/issuer/rule_proof.hpp"

#include <algorithm>
#include <memory>
#include <set>

namespace tsms::lab {

namespace {

using gp::secured_batch;
using gp::step;
using tolerance = gp::secured_batch::tolerance;
using domain_change = model::issuer_order::domain_change;

const bytes sd_package = hex("A0000001515350");
const bytes sd_module = hex("A000000151535041");
const bytes ara_m = hex("A00000015141434C00");
constexpr std::uint16_t ok = 0x9000;
constexpr std::uint16_t not_found = 0x6A88;
constexpr std::uint16_t wrong_length = 0x6700;
constexpr int sc_inaccessible = 9; // TR 4.2.4.4
constexpr std::uint8_t key_format = gp::store_data_format::dgi | gp::store_data_format::encrypted;

/// A key under the static DEK of the domain that holds the channel (SCP03 7.2): a key of 192 bits is filled up.
crypto::encrypted_key encrypt(const crypto::secret& dek, const crypto::secret& key) {
    auto plain = to_bytes(key.view());
    plain.resize((plain.size() + 15) / 16 * 16);
    crypto::encrypted_key out{crypto::aes_cbc(dek).encrypt({}, plain), crypto::aes_kcv(key)};
    crypto::wipe(plain);
    return out;
}

bytes personalization_data(const domain_keys& fresh, const crypto::secret& dek, gp::key_form form) {
    const crypto::encrypted_keys keys{encrypt(dek, fresh.keys.enc), encrypt(dek, fresh.keys.mac),
                                      encrypt(dek, fresh.keys.dek)};
    return gp::key_dgis(fresh.version, static_cast<int>(fresh.keys.enc.size() * 8), keys, form);
}

gp::access_rule to_rule(const model::access_rule& rule) {
    return {hex(rule.aid), hex(rule.device_app), rule.apdu, rule.nfc};
}

/// The last block of a STORE DATA chain ends the personalization of its receiver (GPCS 7.3.3), so each rule names ARA-M
/// again. Removing a rule that is not there is done: orders are repeated.
rule_proof add_rules(secured_batch& batch, const model::issuer_order& order, std::size_t block) {
    if (!order.register_client.empty()) {
        batch.add(step::install_for_personalization, gp::install_for_personalization(ara_m));
        batch.add_all(step::access_rule, gp::register_client(hex(order.register_client), block));
    }
    for (const auto& rule : order.remove_rules) {
        batch.add(step::install_for_personalization, gp::install_for_personalization(ara_m));
        batch.add_all(step::access_rule_removal, gp::delete_rule(to_rule(rule), block));
    }
    for (const auto& rule : order.add_rules) {
        batch.add(step::install_for_personalization, gp::install_for_personalization(ara_m));
        batch.add_all(step::access_rule, gp::store_rule(to_rule(rule), block));
    }
    return {batch, order};
}

/// Keys behind an INSTALL [for personalization] that was only pretended are in the ISD now ("the order to split at").
std::set<std::uint8_t> strayed_keys(const gp::response_apdu& before, const gp::response_apdu& after) {
    std::set<std::uint8_t> strayed;
    if (before.sw != ok || after.sw != ok)
        return strayed;
    strayed = gp::key_versions(after);
    for (const auto version : gp::key_versions(before))
        strayed.erase(version);
    return strayed;
}

/// SCP03 with the card's own "i" (81); content of other domains may be extradited to it (82) and deleted from it (87).
bytes domain_parameters(std::uint8_t i) {
    bytes content = hex("810203");
    content.push_back(i);
    append(content, hex("820120870120"));
    return gp::encode_tlv(0xC9, content);
}

std::size_t add_creation(secured_batch& batch, const model::issuer_order& order, std::uint8_t i) {
    const auto privileges = hex(order.privileges);
    gp::instance_description domain;
    domain.load_file_aid = sd_package;
    domain.module_aid = sd_module;
    domain.instance_aid = hex(order.domain_aid);
    domain.rights = gp::parse_privileges(privileges).value();
    domain.privilege_octets = static_cast<int>(privileges.size());
    domain.parameters = domain_parameters(i);
    return batch.add(step::install_security_domain, gp::install_and_make_selectable(domain), tolerance::any);
}

/// The card must be the one that the TSM spoke of: GET DATA under R-MAC. The keys of the ISD are bound to the CPLC as
/// well.
void require_identity(const gp::response_apdu& cplc, const model::issuer_order& order) {
    if (cplc.sw != ok)
        return; // a card without CPLC in a session: its keys are proof enough
    const auto objects = gp::parse_tlvs(cplc.data);
    const auto value = objects ? gp::find(*objects, 0x9F7F) : std::nullopt;
    if (!value || to_hex(*value) != order.secure_component_identity)
        throw gp::card_failure(gp::card_failure::kind::authentication, step::get_data, sc_inaccessible,
                               "the card has another CPLC than the order");
}

/// Without this state the domain can neither load nor extradite.
void require_personalized(const gp::response_apdu& listed, const bytes& domain) {
    const auto entries = gp::parse_registry({listed.data});
    const auto* entry = entries ? gp::find_entry(*entries, domain) : nullptr;
    if (!entry || entry->life_cycle != gp::life_cycle::personalized)
        gp::not_proven(step::set_status,
                       "security domain " + to_hex(domain) + " is not personalized according to the card's registry");
}

struct opened_channel {
    std::shared_ptr<gp::secure_channel> channel; ///< EXTERNAL AUTHENTICATE is its first command
    std::uint8_t scp_i = 0;
};

gp::procedure<opened_channel> open_channel(const card_work* work) {
    const auto& order = work->order;
    // Plain, and harmless without what follows. A card in S16 mode asks for a longer challenge (field lesson 3).
    bytes host_challenge;
    gp::response_apdu greeting;
    for (const std::size_t octets : {8, 16}) {
        host_challenge = work->random->take(octets);
        secured_batch opening;
        opening.add(step::select, gp::select(hex(order.isd_aid)));
        opening.add(step::initialize_update, gp::initialize_update(0, host_challenge), tolerance::any);
        auto plain = opening.take();
        greeting = opening.accept(co_await std::move(plain)).back();
        if (greeting.sw != wrong_length)
            break;
    }
    if (greeting.sw != ok)
        throw gp::status_failure(step::initialize_update, greeting.sw);
    const auto card = gp::parse_initialize_update(greeting.data, gp::missing_counter::taken_as_random);
    // The new domain gets the card's "i": what the TSM cannot use is not begun.
    if (order.minimum_level != 0)
        gp::require_level(order.minimum_level, card.i);
    if (!card.sequence_counter.empty()) // a pseudo-random challenge (SCP03 6.2.2.1)
        gp::check_card_challenge(card, crypto::scp03_card_challenge(work->isd_keys.enc, card.sequence_counter,
                                                                    hex(order.isd_aid), card.card_challenge.size()));
    co_return opened_channel{
        std::make_shared<gp::secure_channel>(
            crypto::derive_session_keys(work->isd_keys.enc, work->isd_keys.mac, host_challenge, card.card_challenge),
            host_challenge, card, gp::highest_level(card.i)),
        card.i};
}

/// What the order has changed in the rules; asked again where the card has more to tell. In a channel of its own: what
/// the TSM has appended to the commands that seemed to be the last has ended the former one.
gp::procedure<void> prove_rules(const card_work* work, rule_proof rules, std::vector<gp::response_apdu> answers) {
    constexpr std::size_t most = 64; // answers for one application: an end for a card that never ends
    for (std::size_t more = 4; more <= most && !rules.is_complete(answers); more *= 4) {
        *work->last_commands = false;
        const auto opened = co_await open_channel(work);
        secured_batch again(*opened.channel);
        again.add_plain(step::external_authenticate, opened.channel->external_authenticate());
        rules = rule_proof(again, work->order, more);
        *work->last_commands = true;
        answers = again.accept(co_await again.take());
    }
    rules.check(answers);
}

/// Its state and the keys of the ISD, which shows keys that have gone there instead, and the order's rules behind them.
struct personalized_domain {
    std::size_t data;
    std::size_t state;
    std::size_t keys_after;
    rule_proof rules;
};
personalized_domain add_keys(secured_batch& batch, const card_work& work, std::size_t block, gp::key_form form) {
    const auto domain = hex(work.order.domain_aid);
    personalized_domain at;
    at.data =
        batch.add_all(step::store_data,
                      gp::store_data(personalization_data(work.new_keys, work.isd_keys.dek, form), block, key_format),
                      tolerance::other_form);
    // Some cards change the state with the first key set and then refuse this.
    batch.add(step::set_status, gp::set_status(gp::status_type::application, gp::life_cycle::personalized, domain),
              tolerance::any);
    at.state =
        batch.add(step::get_status, gp::get_status(gp::registry_scope::applications, domain), tolerance::success);
    at.keys_after = batch.add(step::get_data, gp::get_data(0x00E0), tolerance::any);
    at.rules = add_rules(batch, work.order, block);
    return at;
}

/// A channel of its own: what the TSM appends behind the last commands has ended the former one.
gp::procedure<std::shared_ptr<gp::secure_channel>> reopen(const card_work* work, secured_batch* batch) {
    *work->last_commands = false;
    const auto again = co_await open_channel(work);
    *batch = secured_batch(*again.channel);
    batch->add_plain(step::external_authenticate, again.channel->external_authenticate());
    co_return again.channel;
}

/// The keys of the new domain, which waits for them. A card that refuses them with 6A80 gets them in the other form.
gp::procedure<void> personalize(const card_work* work, std::shared_ptr<gp::secure_channel> channel,
                                gp::response_apdu keys_before) {
    const auto domain = hex(work->order.domain_aid);
    secured_batch keys(*channel);
    auto at = add_keys(keys, *work, channel->max_data(), gp::key_form::with_length);
    *work->last_commands = true;
    auto stored = keys.accept(co_await keys.take());
    if (stored[at.data].sw != ok) {
        channel = co_await reopen(work, &keys);
        keys.add(step::install_for_personalization, gp::install_for_personalization(domain));
        keys.accept(co_await keys.take());
        keys = secured_batch(*channel);
        at = add_keys(keys, *work, channel->max_data(), gp::key_form::bare);
        *work->last_commands = true;
        stored = keys.accept(co_await keys.take());
        if (stored[at.data].sw != ok)
            throw gp::status_failure(step::store_data, stored[at.data].sw, at.data);
    }
    if (const auto strayed = strayed_keys(keys_before, stored[at.keys_after]); !strayed.empty()) {
        channel = co_await reopen(work, &keys);
        for (const auto version : strayed)
            keys.add(step::delete_key, gp::delete_keys(version));
        keys.accept(co_await keys.take());
        gp::not_proven(step::install_for_personalization, "the keys have reached the issuer security domain");
    }
    require_personalized(stored[at.state], domain);
    co_await prove_rules(work, std::move(at.rules), stored);
}

} // namespace

gp::procedure<authenticated_card> carry_out(card_work work) {
    const auto& order = work.order;

    const auto opened = co_await open_channel(&work);
    auto& channel = *opened.channel;

    const bool creates = order.domain == domain_change::create;
    secured_batch management(channel);
    management.add_plain(step::external_authenticate, channel.external_authenticate());
    const auto cplc = management.add(step::get_data, gp::get_data(0x9F7F));
    std::size_t listed = 0;
    if (order.domain != domain_change::none)
        listed =
            management.add(step::get_status, gp::get_status(gp::registry_scope::applications, hex(order.domain_aid)));
    std::size_t creation = 0, personalization = 0, keys_before = 0;
    rule_proof rules;
    if (creates) {
        keys_before = management.add(step::get_data, gp::get_data(0x00E0), tolerance::any);
        creation = add_creation(management, order, opened.scp_i);
        // Last in this order: nothing may come between it and the keys. A card that refuses it stores them in the ISD.
        personalization = management.add(step::install_for_personalization,
                                         gp::install_for_personalization(hex(order.domain_aid)), tolerance::any);
    } else {
        rules = add_rules(management, order, channel.max_data());
        // Without "and related objects": the domain must be empty, its contents belong to the TSM. 6A88 counts as done,
        // because the registry just listed says so under R-MAC.
        if (order.domain == domain_change::remove)
            management.add(step::delete_object, gp::delete_object(hex(order.domain_aid)), tolerance::any);
    }
    const auto managed = management.size() - 1;
    std::size_t still_listed = 0;
    if (!creates) {
        still_listed =
            management.add(step::get_status, gp::get_status(gp::registry_scope::applications, hex(order.domain_aid)));
        // "There is no such rule", "no such domain" has no R-MAC. A command behind it proves by its own that the card
        // was really asked: what was kept from it breaks the chain of C-MACs.
        management.add(step::get_status, gp::get_status(gp::registry_scope::issuer_security_domain),
                       tolerance::success);
    }
    *work.last_commands = !creates;
    auto commands = management.take();
    const auto answers = management.accept(co_await std::move(commands));
    require_identity(answers[cplc], order);
    co_await prove_rules(&work, std::move(rules), answers);
    const bool was_there = order.domain != domain_change::none && answers[listed].sw == ok;

    if (order.domain == domain_change::remove && answers[managed].sw != ok &&
        !(answers[managed].sw == not_found && !was_there))
        throw gp::status_failure(step::delete_object, answers[managed].sw, managed);
    if (order.domain == domain_change::remove && answers[still_listed].sw == ok)
        gp::not_proven(step::delete_object, "security domain " + order.domain_aid + " is still in the card's registry");
    if (creates) {
        // Key material only once its receiver is known to be waiting for it: a STORE DATA behind a failed INSTALL would
        // hit the ISD (hazard "the order to split at"). A domain from an earlier order is personalized again.
        if (answers[creation].sw != ok && !was_there)
            throw gp::status_failure(step::install_security_domain, answers[creation].sw, creation);
        if (answers[personalization].sw != ok)
            throw gp::status_failure(step::install_for_personalization, answers[personalization].sw, personalization);
        co_await personalize(&work, opened.channel, answers[keys_before]);
    }
    co_return authenticated_card{opened.scp_i};
}

} // namespace tsms::lab
