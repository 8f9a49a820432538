// TR 3.3.1.1: the way to a secure channel with the TSM's own security domain. Exchanges O1 to O3 of a deploy.

#include "gp/procedures/identify.hpp"
#include "gp/procedures/open_channel.hpp"
#include "model/eligibility.hpp"
#include "process/domain_keys.hpp"
#include "process/issuer_session.hpp"
#include "process/issuers_domain.hpp"
#include "process/offered_channel.hpp"
#include "process/order_parts.hpp"
#include "process/work.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

using gp::card_failure;
using gp::part_of;
using model::error_category;

[[noreturn]] void refuse(error_category category, const std::string& details) {
    throw card_failure(card_failure::kind::refused, gp::step::select, static_cast<int>(category), details);
}

/// Is this still the card that the instance was created on? A claim, checked again by the keys of the channel.
void check_identity(work& w, const gp::card_claims& claims) {
    model::seen_card seen;
    seen.cplc = to_hex(claims.cplc);
    seen.iin = to_hex(claims.iin);
    seen.cin = to_hex(claims.cin);
    if (model::compare(w.card, seen) == model::likeness::other)
        refuse(error_category::sc_inaccessible, "reader ‘" + w.request.reader + "’ holds another secure component");
}

/// A channel to the TSM's domain that has been asked for, with the keys it was asked with.
struct asked_channel {
    gp::secured_batch orders;
    gp::channel_request request;
    bytes host_challenge;
    std::uint8_t version;

    asked_channel(const std::string& aid, std::uint8_t key_version, bytes challenge)
        : request(orders, octets(aid), key_version, challenge), host_challenge(std::move(challenge)),
          version(key_version) {}
};

/// Octets of the host challenge: what the domain was seen to use, else what the profile says. A domain of the other
/// mode refuses it with 6700 (field lesson 3).
std::size_t challenge_octets(const work& w) {
    const auto& domain = w.card.tsm_domain;
    return static_cast<std::size_t>(domain && domain->scp03_mode != 0 ? domain->scp03_mode : w.parameters().scp03_mode);
}

process<asked_channel> ask(std::string aid, std::uint8_t key_version, std::size_t octets) {
    auto challenge = co_await random_octets(octets);
    co_return asked_channel(aid, key_version, std::move(challenge));
}

/// The card's answer to our INITIALIZE UPDATE: derive the session keys, check the card's challenge and cryptogram. Only
/// then is the card the one whose keys we have. False if the security domain does not have these keys.
process<bool> accept_offer(work* w, model::key_set keys, bytes challenge, gp::initialize_update_response offer) {
    auto& domain = *w->card.tsm_domain;
    try {
        auto opened = co_await open_offered(keys, row_with_keys(w->card), {domain.aid, std::move(challenge), offer},
                                            w->parameters().minimum_level, counter_of(*w));
        w->link.channel = std::make_shared<gp::tsm_channel>(std::move(opened), expected_cplc(w->card));
    } catch (const gp::scp03_error& error) {
        using reason = gp::scp03_error::reason;
        if (error.why == reason::wrong_card_cryptogram || error.why == reason::wrong_card_challenge) {
            w->link.keys_refused = error.what();
            co_return false;
        }
        throw gp::channel_failure(gp::step::initialize_update, error);
    }
    w->found.card_proven = true;
    if (takes_extended_length(*w))
        w->link.channel->allow_extended_length();
    w->link.channel_keys = std::move(keys);
    domain.scp03_mode = static_cast<int>(offer.mode_length());
    domain.scp03_i = offer.i;
    co_return true;
}

void note_claims(work& w, const gp::card_claims& claims) {
    check_identity(w, claims);
    check_memory(w, claims.resources);
    w.link.identified = true;
    w.link.longest_data = claims.longest_data;
    w.link.highest_level = claims.highest_level;
    if (claims.resources)
        w.link.free_memory = claims.resources->non_volatile;
    if (!claims.isd_aid.empty()) // a claim: it serves this process; the row takes what an issuer has proven (AMB-226)
        w.link.isd_aid = to_hex(claims.isd_aid);
}

/// The Java Card API counts the octets of a command in a short (APDU.getIncomingLength).
constexpr std::size_t longest_extended_field = 32767;

/// Can each load file be sent in blocks of this size?
bool load_files_fit(const work& w, std::size_t block) {
    constexpr std::size_t most_blocks = 256; // the block number of LOAD is one octet
    return block > 0 && std::ranges::all_of(w.wanted().load_files, [&](const auto& file) {
               return gp::load_block_count(file.size, block) <= most_blocks;
           });
}

/// What fits one command of this card in this channel (field lesson 6). `of_domain`: 9F65 of the TSM's domain, which
/// gets the commands; where it does not tell, the ISD's counts.
///
/// 9F65 bounds what can be cut into blocks. Up to 255 it may be that of a card that tells nothing of extended length:
/// where its profile does, one command that has to be longer is tried, and so is a load file that has too many blocks.
void measure(work& w, std::optional<std::size_t> of_domain) {
    const auto& parameters = w.parameters();
    const auto& channel = *w.link.channel;
    const auto told = of_domain ? of_domain : w.link.longest_data;
    const auto plain = [&](std::size_t field) {
        return gp::max_plain_data(field, channel.mode_length(), channel.level());
    };
    const auto most = takes_extended_length(w) ? longest_extended_field : gp::short_data_field;
    const auto bounded = std::min(told.value_or(most), most);
    const bool tells_extended = bounded > gp::short_data_field;
    w.link.command_size = plain(tells_extended ? bounded : takes_extended_length(w) ? most : bounded);
    w.link.block_size = load_files_fit(w, plain(bounded)) ? plain(bounded) : w.link.command_size;
    if (parameters.block_size > 0)
        w.link.block_size = std::min(channel.max_data(), static_cast<std::size_t>(parameters.block_size));
}

/// The ways in which a request for our channel can end. Where it met other keys or another mode it is made again, in an
/// order of its own, once for each.
process<domain_access> judge_answer(work* w, asked_channel asked, gp::batch_answer answer) {
    using finding = gp::channel_request::finding;
    key_versions tried;
    bool other_mode_tried = false;
    while (true) {
        if (ends_at_select(answer))
            co_return domain_access::gone;
        const auto answers = asked.orders.accept(answer);
        const auto found = asked.request.found(answers);
        if (found == finding::no_domain)
            co_return domain_access::gone;
        auto version = asked.version;
        auto octets = asked.host_challenge.size();
        const auto keys = keys_of_version(*w->card.tsm_domain, version);
        if (found == finding::other_length) {
            if (std::exchange(other_mode_tried, true))
                refuse(error_category::sc_inaccessible,
                       "the TSM's security domain takes no host challenge of 8 or 16 octets");
            octets = octets == 8 ? 16 : 8;
        } else {
            w->link.keys_refused = found == finding::refused
                                       ? asked.request.refusal(answers)
                                       : "we have no key set of version " + std::to_string(version);
            if (found == finding::answered && keys) {
                const bool accepted =
                    co_await accept_offer(w, *keys, asked.host_challenge, asked.request.offer(answers));
                if (accepted) {
                    confirm_keys(*w->card.tsm_domain, *keys);
                    measure(*w, asked.request.longest_data(answers));
                    co_return domain_access::open;
                }
            }
            tried.insert(version);
            const auto other = untried_keys(*w->card.tsm_domain, tried);
            if (!other)
                co_return domain_access::keys_unknown;
            version = other->version;
        }
        asked = co_await ask(w->card.tsm_domain->aid, version, octets);
        answer = co_await send(w, asked.orders.take());
    }
}

/// The TSM's domain exists: reads and channel request in one order.
process<domain_access> open_known_domain(work* w) {
    const auto domain = *w->card.tsm_domain;
    if (w->parameters().initialize_update_counts) // so INITIALIZE UPDATE does not only read
        co_await require_start(w);
    gp::secured_batch reads;
    const gp::identification identify(reads);
    auto asked = co_await ask(domain.aid, domain.keys->version, challenge_octets(*w));

    joined_order order;
    const auto read_count = reads.size();
    const auto ask_count = asked.orders.size();
    order.add(reads.take());
    order.add(asked.orders.take());
    const auto answer = co_await send(w, std::move(order.commands));

    const auto claims = identify.claims(reads.accept(part_of(answer, 0, read_count)));
    note_claims(*w, claims);
    const auto access = co_await judge_answer(w, std::move(asked), part_of(answer, read_count, ask_count));
    co_return access;
}

/// The keys that the issuer gave the new domain, for the card it has authenticated.
process<void> take_over_domain(work* w) {
    auto got = co_await fetch_issuer_keys{};
    check_created_domain(*w, got);
    model::security_domain domain;
    domain.aid = got.aid;
    domain.keys = got.keys;
    domain.keys->issuer_knows = true;
    // That the domain was gone may have been the phone's word alone: the issuer then found it, and the former keys
    // still are on it.
    if (const auto& known = w->card.tsm_domain) {
        domain.arac_aid = known->arac_aid;
        domain.arac_registered = known->arac_registered;
        domain.scp03_mode = known->scp03_mode;
        domain.key_form = known->key_form;
        for (const auto& other : known->other_keys)
            remember_keys(domain, other);
        if (known->keys)
            remember_keys(domain, *known->keys);
    }
    w->card.tsm_domain = std::move(domain);
    co_await commit(w->instance, w->card);
}

/// The issuer goes on behind the card's first answers, so it has checked the card's cryptogram: before that no row
/// changes (AMB-239), because nothing can happen to the card either. From here on it may, whatever becomes of this
/// process.
process<void> expect_changes(work* w, issuer_need need, std::string domain_aid) {
    w->found.domain_created = w->found.domain_created || need.create_domain;
    w->found.access_given = w->found.access_given || !need.add_rules.empty();
    if (need.takes_access) {
        co_await write_intent(w, "remove access rules of service " + w->instance.target.service_id);
        // An app may have lost its access: unlike a new rule (DIV-024) that is the Service's matter.
        w->found.service_changed = true;
    }
    const bool may_get_keys = need.create_domain && !(w->card.tsm_domain && w->card.tsm_domain->keys_in_doubt);
    if (need.add_rules.empty() && !may_get_keys)
        co_return;
    if (!need.add_rules.empty()) { // what terminate has to look for (DIV-024)
        w->found.intent_written = true;
        w->instance.on_card = true;
    }
    if (may_get_keys) {
        if (!w->card.tsm_domain)
            w->card.tsm_domain.emplace().aid = std::move(domain_aid);
        w->card.tsm_domain->keys_in_doubt = true;
    }
    co_await commit(w->instance, w->card);
}

/// What the issuer is to do in a session, and how far that has come.
struct work_of_issuer {
    issuer_need need;
    model::issuer_order order;
    std::string domain_aid; ///< hex, of the TSM's domain
    std::uint8_t key_version = 0;
    bool card_answered = false;      ///< the issuer's first commands
    bool card_authenticated = false; ///< by the issuer
    // An issuer that goes on after its last commands has ended the session that we asked for behind them.
    std::optional<asked_channel> asked;
    std::optional<gp::batch_answer> asked_answer;
};

work_of_issuer work_for(const work& w, issuer_need need) {
    work_of_issuer out;
    auto& order = out.order;
    order = issuer_order_of(w, need.create_domain ? "create" : need.remove_rules.empty() ? "rules" : "clear");
    if (need.create_domain) {
        order.domain = model::issuer_order::domain_change::create;
        order.minimum_level = w.parameters().minimum_level;
    }
    order.add_rules = need.add_rules;
    order.remove_rules = need.remove_rules;
    const auto& known = w.card.tsm_domain;
    if (need.has_client && (need.create_domain || !known || !known->arac_registered))
        order.register_client = w.parameters().arac_aid;
    out.domain_aid = known ? known->aid : w.parameters().tsm_sd_aid;
    out.key_version =
        known && known->keys && !need.create_domain ? known->keys->version : w.parameters().tsm_key_version;
    out.need = std::move(need);
    return out;
}

/// One order to the card: the issuer's commands, and behind its last ones the request for our channel. Returns the
/// issuer's next step.
process<model::issuer_step> exchange_for_issuer(work* w, work_of_issuer* session, model::issuer_step step) {
    session->asked.reset();
    session->asked_answer.reset();
    joined_order order;
    order.add_relayed(step.commands);
    const auto relayed_count = order.commands.commands.size();
    std::size_t ask_count = 0;
    if (step.last) {
        session->asked = co_await ask(session->domain_aid, session->key_version, challenge_octets(*w));
        ask_count = session->asked->orders.size();
        order.add(session->asked->orders.take());
    }
    if (session->card_answered && !std::exchange(session->card_authenticated, true))
        co_await expect_changes(w, session->need, session->domain_aid);
    const auto answer = co_await send(w, std::move(order.commands));
    session->card_answered = true;
    auto relayed = part_of(answer, 0, relayed_count);
    if (relayed.end == gp::transmission::phone_lost ||
        (relayed.end != gp::transmission::complete && relayed.responses.empty()))
        throw gp::transmission_failure(gp::step::relayed, relayed.end, relayed.detail);
    if (step.last)
        session->asked_answer = part_of(answer, relayed_count, ask_count);
    relay_to_issuer report(std::move(relayed.responses), relayed.end != gp::transmission::complete);
    co_return co_await next_step(std::move(report), session->order);
}

/// The issuer has said that its work is done.
process<void> take_over_work(work* w, const work_of_issuer* session) {
    if (session->card_authenticated)
        w->card.isd_aid = session->order.isd_aid;
    if (session->need.create_domain) {
        w->found.domain_created = true;
        co_await take_over_domain(w);
    }
    if (!session->order.register_client.empty()) {
        w->card.tsm_domain->arac_registered = true;
        w->card.tsm_domain->arac_aid = w->parameters().arac_aid;
    }
}

/// The issuer works on the card, and behind its last commands we ask for our channel in the same order.
process<domain_access> open_with_issuer(work* w, issuer_need need) {
    require_told_apart(*w);
    co_await identify(w);
    if (need.create_domain)
        require_offered_level(*w);
    auto session = work_for(*w, std::move(need));
    auto step = co_await begin_issuer_session(w, session.order);
    issuer_bounds bounds;
    while (!step.done) {
        bounds.count(step);
        step = co_await exchange_for_issuer(w, &session, std::move(step));
    }
    co_await take_over_work(w, &session);
    if (!session.asked || !session.asked_answer) { // the issuer never said which commands are its last
        session.asked = co_await ask(w->card.tsm_domain->aid, w->card.tsm_domain->keys->version, challenge_octets(*w));
        session.asked_answer = co_await send(w, session.asked->orders.take());
    }
    co_return co_await judge_answer(w, *std::move(session.asked), *std::move(session.asked_answer));
}

/// As open_with_issuer. A new domain that cannot be used does not stay.
process<domain_access> let_issuer_open(work* w, issuer_need need) {
    std::optional<card_failure> refused;
    auto access = domain_access::gone;
    try {
        access = co_await open_with_issuer(w, need);
    } catch (const card_failure& failure) {
        if (failure.why != card_failure::kind::refused || !w->found.domain_created)
            throw;
        refused = failure;
    }
    if (refused) {
        co_await undo_creation(w, need.add_rules);
        throw *refused;
    }
    co_return access;
}

} // namespace

process<domain_access> open_tsm_domain(work* w, issuer_need need) {
    const bool keys_known = w->card.tsm_domain && w->card.tsm_domain->keys;
    if (!need.any() && !keys_known)
        co_return domain_access::gone;
    require_level_of_domain(*w);
    auto access = domain_access::gone;
    if (!need.any() && !(need.has_client && !w->card.tsm_domain->arac_registered)) {
        access = co_await open_known_domain(w);
    } else {
        access = co_await let_issuer_open(w, need);
    }
    // What the card says of our domain is a claim. The issuer, who authenticates the card, finds out: it creates the
    // domain, or gives new keys to one that is there (docs/issuer-protocol.md). Such a one is what remains of an order
    // whose answer was lost.
    const bool creates =
        access == domain_access::keys_unknown || (access == domain_access::gone && need.create_if_gone);
    if (!creates || need.create_domain)
        co_return access;
    need.create_domain = true;
    access = co_await let_issuer_open(w, std::move(need));
    co_return access;
}

void require_open(const work& w, domain_access access) {
    if (access == domain_access::gone)
        refuse(error_category::sc_inaccessible,
               "the secure component says that the TSM's security domain is not on it any more");
    if (access == domain_access::keys_unknown)
        refuse(error_category::sc_inaccessible, "the TSM's security domain on the secure component has none of the "
                                                "TSM's keys, nor those that its issuer has given it now: " +
                                                    w.link.keys_refused);
}

process<void> need_channel(work* w) {
    if (w->link.channel)
        co_return;
    w->link.memory_needed = 0;
    require_open(*w, co_await open_tsm_domain(w, {}));
}

process<void> identify(work* w) {
    if (w->link.identified)
        co_return;
    gp::secured_batch reads;
    const gp::identification identification(reads);
    const auto answer = co_await send(w, reads.take());
    note_claims(*w, identification.claims(reads.accept(answer)));
}

} // namespace tsms::process
