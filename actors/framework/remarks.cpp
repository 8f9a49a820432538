#include "actors/framework/remarks.hpp"

#include "base/overloaded.hpp"
#include "base/utf8.hpp"

namespace tsms::actors {

namespace {

constexpr std::size_t longest_remark = 1000;

std::string counted(std::size_t number, const char* one, const char* more) {
    return std::to_string(number) + " " + (number == 1 ? one : more);
}

std::string name_of(const model::command_request& command) {
    switch (command.what) {
    case model::service_command::install:
        return "install";
    case model::service_command::personalize:
        return "personalize";
    case model::service_command::activate:
        return command.suspension_control ? "activate (suspended)" : "activate";
    }
    throw std::logic_error("no command of a service");
}

/// The data are the provider's: how many there are, and no more.
std::string words_of(const std::vector<model::command_request>& commands, bool finalize) {
    std::string text;
    for (const auto& c : commands) {
        text += (text.empty() ? "" : ", ") + name_of(c);
        if (!c.data.empty())
            text += " with " + counted(c.data.size(), "value", "values") + " (not kept)";
    }
    return (text.empty() ? "no command" : text) + (finalize ? ", finalize" : "");
}

std::string words_of(const model::life_cycle_function& call) {
    return std::visit(overloaded{[](const model::deploy_service& f) {
                                     return std::string(f.name) + ": " + words_of(f.commands, f.finalize);
                                 },
                                 [](const model::update_service& f) {
                                     return std::string(f.name) + " to version ‘" + f.new_version +
                                            "’: " + words_of(f.commands, f.finalize);
                                 },
                                 [](const model::suspend_or_resume_service& f) {
                                     return std::string(f.name) + ": " + (f.suspension_control ? "suspend" : "resume");
                                 },
                                 [](const model::terminate_service& f) { return std::string(f.name); }},
                      call);
}

std::string words_of(const model::issuer_order& o) {
    std::string text;
    switch (o.domain) {
    case model::issuer_order::domain_change::none:
        break;
    case model::issuer_order::domain_change::create:
        text = "create security domain " + o.domain_aid;
        break;
    case model::issuer_order::domain_change::remove:
        text = "remove security domain " + o.domain_aid;
        break;
    }
    const auto also = [&](const std::string& what) { text += (text.empty() ? "" : ", ") + what; };
    if (!o.add_rules.empty())
        also("add " + counted(o.add_rules.size(), "access rule", "access rules"));
    if (!o.remove_rules.empty())
        also("remove " + counted(o.remove_rules.size(), "access rule", "access rules"));
    if (!o.register_client.empty())
        also("register ARA-C " + o.register_client);
    return "the issuer is asked: " + (text.empty() ? "nothing to change" : text);
}

std::string words_of(const model::issuer_step& s) {
    if (s.lost)
        return "the issuer does not know its session any more";
    if (s.done)
        return "the issuer has ended its work";
    if (s.commands.empty())
        return "the issuer is still at work";
    return "the issuer has " + counted(s.commands.size(), "command", "commands") + " for the card";
}

} // namespace

std::string words_of(const calls::process_begins& begun) {
    const auto& p = begun.record;
    return (p.asked ? words_of(p.asked->what) : std::string("called")) + "; app " + p.caller +
           (p.proof.provider ? " of provider " + *p.proof.provider : ", anonymous") + ", state " +
           std::to_string(static_cast<int>(p.start_state)) + ", service " + begun.service + " of provider " +
           begun.provider + ", version ‘" + p.version_tag + "’, issuer " +
           (begun.issuer.empty() ? "not known" : "‘" + begun.issuer + "’");
}

std::string words_of(const process::effect& asked) {
    using namespace process;
    return std::visit(
        overloaded{[](const announce_start&) { return std::string("the app is told that the process starts"); },
                   [](const exchange& x) {
                       return "order of " + counted(x.commands.commands.size(), "command", "commands") +
                              " for reader ‘" + x.reader + "’";
                   },
                   [](const open_issuer_session& o) { return words_of(o.order); },
                   [](const relay_to_issuer& r) {
                       return std::string(r.interrupted ? "the issuer is told where the card's answers broke off"
                                                        : "the issuer is told the card's answers");
                   },
                   [](const fetch_issuer_keys&) { return std::string("the issuer is asked for the domain's keys"); },
                   [](const derive_session& d) {
                       return "session keys of domain " + to_hex(d.domain_aid) + " from key version " +
                              std::to_string(d.keys.version);
                   },
                   [](const generate_keys& g) { return "new keys, version " + std::to_string(g.version); },
                   [](const encrypt_keys&) { return std::string(); }, [](const encrypt_data&) { return std::string(); },
                   [](const random_octets&) { return std::string(); },
                   [](const read_load_image&) { return std::string(); },
                   [](const journal_intent& j) { return "intends: " + j.what; },
                   [](const commit& c) {
                       return "the rows are kept: state " + std::to_string(static_cast<int>(c.instance.state)) +
                              (c.card.doubt ? ", card in doubt" : "");
                   }},
        static_cast<const effect_variant&>(asked));
}

std::string words_of(const process::answer_variant& answer) {
    if (const auto* f = std::get_if<process::failed>(&answer))
        return "failed: " + model::error_message(model::dialect::v1_0_4, f->category, f->details) +
               (f->phone_lost ? " (phone gone)" : "");
    if (const auto* step = std::get_if<model::issuer_step>(&answer))
        return words_of(*step);
    if (const auto* keys = std::get_if<model::issuer_keys>(&answer))
        return "the issuer's keys for domain " + keys->aid + ", version " + std::to_string(keys->keys.version) +
               ", are taken over";
    return {};
}

store::card_log_entry remark(const std::string& process, std::string_view text) {
    return {process, false, {}, text::quotable(text, longest_remark), {}};
}

} // namespace tsms::actors
