#include "tests/sim/invariants.hpp"

#include "model/life_cycle.hpp"

#include <algorithm>

namespace tsms::sim {

namespace {

/// GPCS 11.1.1, ISO 7816-4
enum instruction : std::uint8_t {
    initialize_update = 0x50,
    manage_channel = 0x70,
    external_authenticate = 0x82,
    select = 0xA4,
    get_response = 0xC0,
    get_data = 0xCA,
    put_key = 0xD8,
    store_data = 0xE2,
    delete_ = 0xE4,
    install = 0xE6,
    load = 0xE8,
    set_status = 0xF0,
    get_status = 0xF2,
};

/// What is not known to ask only may change something.
bool only_asks(std::uint8_t ins) {
    switch (ins) {
    case initialize_update:
    case manage_channel:
    case external_authenticate:
    case select:
    case get_response:
    case get_data:
    case get_status:
        return true;
    default:
        return false;
    }
}

/// The commands that an intent stands for, by its first word.
struct promise {
    std::string_view verb;
    std::vector<std::uint8_t> commands;
};
const promise promises[] = {
    {"install ", {install, load, store_data, set_status, put_key}},
    {"activate ", {install, store_data, set_status}},
    {"personalize ", {install, store_data}},
    {"suspend ", {set_status}},
    {"resume ", {set_status}},
    {"remove ", {delete_, install, store_data}},
    {"update ", {install, load, store_data, set_status, delete_}},
};

bool promises_it(const std::string& intent, std::uint8_t ins) {
    const auto promised = std::ranges::find_if(promises, [&](const auto& p) { return intent.starts_with(p.verb); });
    if (promised == std::end(promises))
        throw broken_invariant("nobody knows what the intent ‘" + intent + "’ promises");
    return std::ranges::find(promised->commands, ins) != promised->commands.end();
}

[[noreturn]] void refuse(const std::string& command, const std::string& why) {
    throw broken_invariant(command + " leaves before " + why);
}

} // namespace

expected_traffic expected_traffic::of(const model::service_instance& instance, const model::secure_component& card,
                                      bool last) {
    const auto& ara = instance.target.card.ara;
    const auto& domain = card.tsm_domain;
    const bool has_rules = !instance.target.device_apps.empty();
    expected_traffic expected;
    expected.creates_domain = !domain || !domain->keys;
    expected.writes_rules =
        has_rules && (ara == "aram-issuer" || (ara == "arac" && !(domain && domain->arac_registered)));
    expected.removes_rules = has_rules && ara == "aram-issuer";
    expected.last = last && (domain || instance.on_card);
    for (const auto& app : instance.target.applications)
        expected.scripts = expected.scripts || app.script;
    expected.below = instance.on_card;
    expected.suspended = model::effective_state(instance) == model::instance_state::suspended;
    expected.renewal = domain && domain->keys && domain->keys->issuer_knows;
    expected.unproven =
        (domain && domain->arac_installed) ||
        (instance.on_card && !(instance.domain && instance.domain->keys && !instance.domain->keys_in_doubt));
    return expected;
}

void expected_traffic::check(model::operation what, std::size_t orders, std::size_t issuer_orders,
                             std::size_t extra) const {
    using enum model::operation;
    const bool terminates = what == service_termination;
    const bool updates = what >= service_update_installation && what <= service_update_finalize;
    const bool locks = what == service_suspension || what == service_resumption;
    const std::size_t conversations = terminates ? removes_rules + last : locks ? 0 : creates_domain || writes_rules;
    // The start with the channel, or with the identity for an issuer; the change. An issuer authenticates the card and
    // then works on it, and gives a new domain its keys. An update loads new load files first, and looks where
    // something is locked.
    // The scripts and, behind them, their part for selected applications. Later ones have a channel of their own, and
    // what comes behind them has one again.
    const std::size_t of_scripts = scripts && !terminates && !locks ? 2 + 3 * below : 0;
    const auto most = 2 + 2 * conversations + (!terminates && !locks && creates_domain) + updates +
                      (updates && suspended) + (terminates && unproven) + renewal + of_scripts + extra;
    if (issuer_orders > conversations || orders > most)
        throw broken_invariant("operation " + std::to_string(static_cast<int>(what)) + " took " +
                               std::to_string(orders) + " orders and " + std::to_string(issuer_orders) +
                               " of the issuer, expected at most " + std::to_string(most) + " and " +
                               std::to_string(conversations));
}

void write_ahead::begin(bool started) {
    *this = {};
    started_ = started;
}

void write_ahead::watch(const process::effect& effect, const rows& committed) {
    if (const auto* start = std::get_if<process::announce_start>(&effect)) {
        if (std::exchange(announced_, true))
            throw broken_invariant("the start of a process is announced twice");
        waits_ = true;
        if (start->reads)
            check_order(*start->reads, committed);
    } else if (const auto* intent = std::get_if<process::journal_intent>(&effect)) {
        expect_start("an intent");
        intents_.push_back(intent->what);
    } else if (const auto* session = std::get_if<process::open_issuer_session>(&effect)) {
        expect_start("an order for the issuer");
        order_ = session->order;
    } else if (std::holds_alternative<process::commit>(effect)) {
        expect_start("a commit");
    } else if (const auto* keys = std::get_if<process::encrypt_keys>(&effect)) {
        const auto& domain = committed.instance.target.card;
        if (keys->keys.version != domain.service_key_version)
            encrypted_ = keys->keys;
    } else if (const auto* order = std::get_if<process::exchange>(&effect)) {
        expect_start("an order without it");
        check_order(*order, committed);
    }
}

void write_ahead::hear(const process::answer_variant& answer) {
    if (std::exchange(waits_, false))
        started_ = !std::holds_alternative<process::failed>(answer);
}

void write_ahead::end() const {
    if (!announced_)
        throw broken_invariant("a process ends whose start was never announced");
}

void write_ahead::expect_start(const char* what) const {
    if (!started_)
        refuse(what, "the app has taken the start of its process (AMB-132)");
}

void write_ahead::check_order(const process::exchange& order, const rows& committed) const {
    for (const auto& command : order.commands.commands)
        check(command, committed);
}

void write_ahead::check(const gp::card_command& command, const rows& committed) const {
    const std::uint8_t ins = command.apdu.at(1);
    if (only_asks(ins) || command.what == gp::step::access_rule_reading)
        return;
    const std::string name(to_string(command.what));
    if (!command.changes_card)
        throw broken_invariant(name + " may change the card and is not said to");
    expect_start(name.c_str());
    if (command.what == gp::step::relayed)
        check_issuers(committed);
    else if (ins == put_key)
        check_new_keys(committed);
    else if (ins == delete_ && command.what == gp::step::delete_key)
        check_key_removal(committed);
    else if (command.what == gp::step::script_command)
        check_script(committed);
    else
        check_service(ins, committed);
}

/// The issuer's session keys hide what its commands do; its order tells it.
void write_ahead::check_issuers(const rows& committed) const {
    const auto& domain = committed.card.tsm_domain;
    const bool there = committed.instance.on_card || committed.card.doubt || committed.has_tombstones;
    if (!order_)
        refuse("a command of the issuer", "it was given an order");
    using change = model::issuer_order::domain_change;
    if (order_->domain == change::create && !(domain && domain->keys_in_doubt))
        refuse("the creation of the TSM's domain", "its row says that it may have keys");
    if (order_->domain == change::remove && !domain && !there)
        refuse("the removal of the TSM's domain", "any row says that it may be there");
    if (!order_->add_rules.empty() && !committed.instance.on_card)
        refuse("an access rule of the issuer", "the row says that something may be on the card (DIV-024)");
    if (!order_->remove_rules.empty() && !there)
        refuse("the removal of access rules", "any row says that they may be there");
}

/// Keys that only the card would have are lost with the process (DIV-002).
void write_ahead::check_new_keys(const rows& committed) const {
    const auto& domain = committed.card.tsm_domain;
    if (!encrypted_)
        refuse("PUT KEY", "its keys were encrypted");
    if (!domain ||
        !(domain->keys == encrypted_ || std::ranges::find(domain->other_keys, *encrypted_) != domain->other_keys.end()))
        refuse("PUT KEY", "its keys are in the row of the TSM's domain");
}

/// Which key sets the domain has is in doubt as long as the row says so; it forgets them when the card has shown it.
void write_ahead::check_key_removal(const rows& committed) const {
    const auto& domain = committed.card.tsm_domain;
    if (!domain || !(domain->keys_in_doubt || !domain->other_keys.empty() || committed.card.doubt))
        refuse("DELETE [key]", "the row says that there may be more than one key set");
}

/// To an application, which may make anything of any instruction.
void write_ahead::check_script(const rows& committed) const {
    const auto names_it = [](const std::string& intent) {
        return intent.starts_with("install ") || intent.starts_with("personalize ") || intent.starts_with("update ");
    };
    if (std::ranges::none_of(intents_, names_it))
        refuse("a command of a script", "an intent of its process names it");
    if (!committed.card.doubt)
        refuse("a command of a script", "the row of the card says that it is in doubt");
}

void write_ahead::check_service(std::uint8_t ins, const rows& committed) const {
    const auto name = "the instruction " + to_hex({&ins, 1});
    if (std::ranges::none_of(intents_, [&](const auto& intent) { return promises_it(intent, ins); }))
        refuse(name, "an intent of its process names it");
    if (!committed.card.doubt)
        refuse(name, "the row of the card says that it is in doubt");
}

} // namespace tsms::sim
