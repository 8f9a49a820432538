#include "lab/issuer/card_work.hpp"

#include "crypto/kcv.hpp"
#include "crypto/kdf.hpp"
#include "gp/card_failure.hpp"
#include "gp/procedures/changes.hpp"
#include "gp/procedures/open_channel.hpp"
#include "gp/status_words.hpp"
#include "gp/tlv.hpp"
#include "model/card_identity.hpp"

#include <algorithm>
#include <iterator>

namespace tsms::lab {

namespace {

using gp::changes;
using gp::step;
using domain_change = model::issuer_order::domain_change;
using key_versions = std::set<std::uint8_t>;

const bytes sd_package = hex("A0000001515350");
const bytes sd_module = hex("A000000151535041");
const bytes ara_m = hex("A00000015141434C00");
constexpr std::uint16_t no_such_data = 0x6A88;

/// A key under the static DEK of the domain that holds the channel (SCP03 7.2): a key of 192 bits is filled up.
crypto::encrypted_key encrypt(const crypto::secret& dek, const crypto::secret& key) {
    auto plain = to_bytes(key.view());
    plain.resize((plain.size() + 15) / 16 * 16);
    crypto::encrypted_key out{crypto::aes_cbc(dek).encrypt({}, plain), crypto::aes_kcv(key)};
    crypto::wipe(plain);
    return out;
}

/// SCP03 with the card's own "i" (81); content of other domains may be extradited to it (82) and deleted from it (87).
bytes domain_options(std::uint8_t i) {
    auto content = hex("810203");
    content.push_back(i);
    append(content, hex("820120870120"));
    return content;
}

struct opened_channel {
    gp::channel_ptr channel; ///< EXTERNAL AUTHENTICATE is its first command
    std::uint8_t scp_i = 0;
    std::size_t block_size = 0;
};

/// The domain of the TSM as the order wants it, without keys.
gp::service_domain domain_of(const card_work& work, std::uint8_t scp_i) {
    const auto privileges = hex(work.order.privileges);
    gp::service_domain domain;
    domain.aid = hex(work.order.domain_aid);
    domain.rights = gp::parse_privileges(privileges).value();
    domain.privilege_octets = static_cast<int>(privileges.size());
    domain.package_aid = sd_package;
    domain.module_aid = sd_module;
    domain.parameters = domain_options(scp_i);
    return domain;
}

/// With the keys that were made for it.
gp::service_domain personalized_domain_of(const card_work& work, std::uint8_t scp_i) {
    auto domain = domain_of(work, scp_i);
    const auto& fresh = work.new_keys;
    domain.key_version = fresh.version;
    domain.key_bits = static_cast<int>(fresh.keys.enc.size() * 8);
    const auto& dek = work.isd_keys.dek;
    domain.keys = {encrypt(dek, fresh.keys.enc), encrypt(dek, fresh.keys.mac), encrypt(dek, fresh.keys.dek)};
    return domain;
}

/// Rules that leave go first; one that is not there is removed: orders are repeated.
void change_rules(changes& card, const model::issuer_order& order, std::size_t block_size) {
    gp::access_client master;
    master.instance.instance_aid = ara_m;
    master.of_card = true;
    master.read_back = order.rules_read_back;
    const auto rules_of = [](const std::vector<model::access_rule>& list) {
        std::vector<gp::access_rule> rules;
        for (const auto& rule : list)
            rules.push_back({hex(rule.aid), hex(rule.device_app), rule.apdu, rule.nfc});
        return rules;
    };
    if (!order.register_client.empty())
        card.register_client(master, hex(order.register_client), block_size);
    master.rules = rules_of(order.remove_rules);
    card.remove_rules(master, block_size);
    master.rules = rules_of(order.add_rules);
    card.write_rules(master, block_size);
}

/// The card must be the one that the TSM spoke of. Its CPLC is asked for again under R-MAC; one that has none is proven
/// by its keys, which are bound to IIN and CIN.
bytes cplc_of(const model::issuer_order& order) {
    const auto& identity = order.secure_component_identity;
    return identity.size() == model::cplc_digits ? hex(identity) : bytes{};
}

opened_channel accept_offer(const card_work& work, const gp::initialize_update_response& card,
                            const bytes& host_challenge, std::size_t field) {
    const auto& order = work.order;
    const auto& keys = work.isd_keys;
    // The new domain gets the card's "i": what the TSM cannot use is not begun.
    if (order.minimum_level != 0)
        gp::require_level(order.minimum_level, card.i);
    if (!card.sequence_counter.empty()) // a pseudo-random challenge (SCP03 6.2.2.1)
        gp::check_card_challenge(card, crypto::scp03_card_challenge(keys.enc, card.sequence_counter, hex(order.isd_aid),
                                                                    card.card_challenge.size()));
    gp::secure_channel channel(crypto::derive_session_keys(keys.enc, keys.mac, host_challenge, card.card_challenge),
                               host_challenge, card, gp::highest_level(card.i));
    const auto block = gp::max_plain_data(field, channel.mode_length(), channel.level());
    return {std::make_shared<gp::tsm_channel>(std::move(channel), cplc_of(order)), card.i, block};
}

/// Plain, and harmless without what follows. A card in S16 mode asks for a longer challenge (field lesson 3).
gp::procedure<opened_channel> open_channel(const card_work* work) {
    using finding = gp::channel_request::finding;
    constexpr std::uint8_t default_keys = 0x00;
    for (std::size_t octets = 8;; octets = 16) {
        const auto host_challenge = work->random->take(octets);
        gp::secured_batch orders;
        const gp::channel_request request(orders, hex(work->order.isd_aid), default_keys, host_challenge);
        const auto answers = orders.accept(co_await orders.take());
        const auto found = request.found(answers);
        if (found == finding::answered)
            co_return accept_offer(*work, request.offer(answers), host_challenge, request.short_field(answers));
        if (found == finding::no_domain)
            throw gp::status_failure(step::select, answers.front().sw);
        if (found == finding::refused || octets == 16)
            throw gp::status_failure(step::initialize_update, answers.back().sw);
    }
}

/// Sends the last changes of an order. What the TSM has appended to them has ended the channel: where the card has more
/// to tell it is asked in another one.
gp::procedure<gp::card_contents> prove_last(const card_work* work, changes card) {
    card.ask_for_keys(); // behind what has no R-MAC: a command that was kept from the card breaks the chain of C-MACs
    card.close_channel();
    *work->last_commands = true;
    auto shown = co_await gp::prove(std::move(card));
    if (!shown.not_shown)
        co_return static_cast<gp::card_contents&>(shown);
    *work->last_commands = false;
    const auto again = co_await open_channel(work);
    co_return co_await gp::show_again(again.channel, *std::move(shown.not_shown));
}

/// Keys behind an INSTALL [for personalization] that was only pretended are in the ISD now ("the order to split at").
/// Removes them, and says so; empty where there are none. Looks through a channel of its own.
gp::procedure<std::string> remove_strayed_keys(const card_work* work, key_versions before) {
    *work->last_commands = false;
    const auto again = co_await open_channel(work);
    gp::channel_batch looking(again.channel);
    const auto at = gp::list_keys(looking);
    const auto answers = looking.accept(co_await looking.take());
    key_versions strayed;
    std::ranges::set_difference(gp::key_versions(answers[at]), before, std::inserter(strayed, strayed.end()));
    if (strayed.empty())
        co_return std::string();
    std::string told = "the keys have reached the issuer security domain";
    try {
        co_await gp::remove_key_sets(again.channel, std::move(strayed));
    } catch (const gp::card_failure& failure) {
        told += " and may still be in it: " + failure.details();
    }
    co_return told;
}

/// How the keys of a domain have arrived.
struct delivery {
    std::optional<gp::card_failure> failed;
    key_versions of_issuer; ///< what the ISD has now

    /// The key block may have the wrong form (SCP03 7.2).
    bool refused_form() const { return failed && failed->what == step::store_data && failed->sw == gp::wrong_data; }
};

/// The receiver waits for them. The order's rules travel behind the keys.
gp::procedure<delivery> give_keys(const card_work* work, opened_channel opened, gp::service_domain domain) {
    changes keys(opened.channel, changes::registry::by_name);
    keys.store_keys(domain, opened.block_size);
    change_rules(keys, work->order, opened.block_size);
    delivery made;
    try {
        made.of_issuer = (co_await prove_last(work, std::move(keys))).key_versions;
    } catch (const gp::card_failure& failure) {
        made.failed = failure;
    } catch (const gp::scp03_error& error) { // of the channel in which the card had more to tell
        made.failed = gp::channel_failure(step::initialize_update, error);
    }
    co_return made;
}

/// Once more in the other form, in a channel of its own: what the TSM has appended has ended the former one.
gp::procedure<delivery> give_keys_otherwise(const card_work* work, gp::service_domain domain) {
    *work->last_commands = false;
    domain.key_form = gp::other(domain.key_form);
    try {
        const auto again = co_await open_channel(work);
        changes naming(again.channel, changes::registry::by_name);
        naming.name_receiver(domain.aid);
        co_await gp::prove(std::move(naming));
        co_return co_await give_keys(work, again, std::move(domain));
    } catch (const gp::card_failure& failure) {
        co_return delivery{failure, {}};
    } catch (const gp::scp03_error& error) {
        co_return delivery{gp::channel_failure(step::initialize_update, error), {}};
    }
}

/// Whatever a status word says of it, the keys may be in the ISD: errors have no R-MAC. The first failure is the one
/// to tell, unless the keys strayed.
gp::procedure<void> check_delivery(const card_work* work, delivery made, key_versions before) {
    std::string strayed;
    try {
        if (made.failed || made.of_issuer != before)
            strayed = co_await remove_strayed_keys(work, std::move(before));
    } catch (const gp::card_failure&) {
        if (!made.failed)
            throw;
    } catch (const gp::scp03_error&) {
        if (!made.failed)
            throw;
    }
    if (!strayed.empty())
        gp::not_proven(step::install_for_personalization, strayed);
    if (made.failed)
        throw *made.failed;
}

/// A version that the ISD has no keys of. Keys that stray would replace those of the same version, and nobody could
/// open a channel to the ISD any more, nor see that it happened.
std::uint8_t apart_from(const key_versions& of_issuer, std::uint8_t wanted) {
    constexpr std::uint8_t first = 0x30, last = 0x3F; // of SCP03 (GlobalPlatform UICC Configuration)
    for (auto version = last; of_issuer.contains(wanted) && version >= first; --version)
        if (!of_issuer.contains(version))
            return version;
    if (of_issuer.contains(wanted))
        throw gp::card_failure(gp::card_failure::kind::issuer, step::store_data, 100,
                               "the issuer security domain has keys of every version that a new domain could have");
    return wanted;
}

/// Key material only once its receiver is known to be waiting for it: a STORE DATA behind a failed INSTALL would hit
/// the ISD (hazard "the order to split at"). A domain from an earlier order is personalized again. Returns the version
/// of its keys.
gp::procedure<std::uint8_t> create_domain(const card_work* work, opened_channel opened) {
    auto domain = personalized_domain_of(*work, opened.scp_i);
    changes creation(opened.channel, changes::registry::by_name);
    creation.create_domain(domain, true);
    creation.ask_for_keys();
    creation.name_receiver(domain.aid);
    auto before = co_await gp::prove(std::move(creation));
    domain.key_version = apart_from(before.key_versions, domain.key_version);

    auto made = co_await give_keys(work, opened, domain);
    if (made.refused_form())
        made = co_await give_keys_otherwise(work, domain);
    co_await check_delivery(work, std::move(made), std::move(before.key_versions));
    co_return domain.key_version;
}

/// A card without any application cannot prove by a list that the domain is gone: 6A88 has no R-MAC. It proves it by
/// what it does: the domain can be created, which it could not be if it were there, and deleted.
gp::procedure<void> prove_by_creation(const card_work* work) {
    *work->last_commands = false;
    const auto again = co_await open_channel(work);
    const auto domain = domain_of(*work, again.scp_i);
    changes proof(again.channel, changes::registry::by_name);
    proof.create_domain(domain);
    proof.remove_application(domain.aid);
    proof.ask_for_keys();
    co_await gp::prove(std::move(proof));
}

/// Rules, and the end of a domain. Without "and related objects": it must be empty, its contents belong to the TSM.
gp::procedure<void> change_others(const card_work* work, opened_channel opened) {
    changes card(opened.channel, changes::registry::by_name);
    change_rules(card, work->order, opened.block_size);
    if (work->order.domain == domain_change::remove)
        card.remove_application(hex(work->order.domain_aid));
    std::optional<gp::card_failure> lists_nothing;
    try {
        co_await prove_last(work, std::move(card));
    } catch (const gp::card_failure& failure) {
        if (failure.what != step::get_status || failure.sw != no_such_data)
            throw;
        lists_nothing = failure;
    }
    if (!lists_nothing)
        co_return;
    try {
        co_await prove_by_creation(work);
    } catch (const gp::card_failure&) {
        throw *lists_nothing;
    }
}

} // namespace

gp::procedure<authenticated_card> carry_out(card_work work) {
    const auto opened = co_await open_channel(&work);
    authenticated_card done{opened.scp_i};
    if (work.order.domain == domain_change::create)
        done.key_version = co_await create_domain(&work, opened);
    else
        co_await change_others(&work, opened);
    co_return done;
}

} // namespace tsms::lab
