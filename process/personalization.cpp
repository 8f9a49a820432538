#include "process/personalization.hpp"

#include "gp/domain_data.hpp"
#include "gp/procedures/open_channel.hpp"
#include "process/effect_proof.hpp"
#include "process/offered_channel.hpp"

#include <algorithm>

namespace tsms::process {

namespace {

using gp::card_failure;
using model::script_error;
using model::script_way;

constexpr std::size_t cipher_block = 16;
constexpr std::uint8_t store_data = 0xE2;

std::uint16_t status_word(const std::string& text) {
    const auto octets = hex(text);
    return static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
}

personal_command filled(const model::script_command& script, const model::script_values& values) {
    const auto header = hex(script.header);
    personal_command out;
    out.tag = script.tag;
    out.command = {header[0], header[1], header[2], header[3], model::fill(script.data, values), std::nullopt};
    if (!script.le.empty()) {
        const auto le = hex(script.le)[0];
        out.command.le = le == 0 ? gp::le_max_short : le;
    }
    for (const auto& sw : script.expect)
        out.expect.push_back(status_word(sw));
    out.encrypt = script.encrypt;
    return out;
}

void require(bool good, const std::string& fault) {
    if (!good)
        throw script_error(fault);
}

void check_size(const personal_command& c, std::size_t longest) {
    const auto size = c.command.data.size();
    require(size <= longest, "its data are " + std::to_string(size) + " octets, at most " + std::to_string(longest) +
                                 " fit into its command");
}

/// Its data could reach the security domain itself: what the upload could not see yet, because values were missing.
void check_stored(const personal_command& c, std::size_t longest, bool below_own_domain, gp::domain_data_check& chain) {
    const auto& command = c.command;
    require(command.cla == 0x80 && command.ins == store_data,
            "the application is not selectable, and the security domain hands on STORE DATA alone");
    require((command.p1 & 0x18) != 0x18, "its P1 is reserved");
    check_size(c, longest);
    require(!c.encrypt || (!command.data.empty() && command.data.size() % cipher_block == 0),
            "its data are to be encrypted, and are no multiple of 16 octets");
    // The TSM's keys are wrapped with the same key: who may have data of his choice encrypted could make one (DIV-115).
    require(
        !c.encrypt || below_own_domain,
        "its data would be encrypted with the key of the TSM's own domain; personalize in a call behind the one that "
        "installs, when the application is below the domain of its Service");
    const auto fault = chain.add(command.p1, command.p2, command.data);
    require(!fault, "it " + fault.value_or(""));
}

application_personalization fill_script(const model::target_application& app, const model::script_values& values,
                                        bool selectable, bool below_own_domain, std::size_t longest) {
    application_personalization out;
    out.aid = app.instance_aid;
    gp::domain_data_check chain;
    for (const auto& script : app.script->commands)
        try {
            auto command = filled(script, values);
            if (way_of(script, selectable) == script_way::select) {
                require(selectable, "it goes via select, and the application is not selectable by then");
                check_size(command, gp::short_data_field);
                out.selected.push_back(std::move(command));
            } else {
                require(out.selected.empty(), "it goes via store-data behind one that goes via select");
                check_stored(command, longest, below_own_domain, chain);
                out.stored.push_back(std::move(command));
            }
        } catch (const script_error& error) {
            throw script_error("personalization script of application " + app.instance_aid + ", command ‘" +
                               script.tag + "’: " + error.what());
        }
    if (const auto fault = chain.end())
        throw script_error("personalization script of application " + app.instance_aid + ": its last command " +
                           *fault);
    return out;
}

bool is_executable(const model::target_application& app) {
    return app.script && app.script->hindrance.empty();
}

std::size_t longest_stored(const model::card_parameters& card) {
    return gp::max_plain_data(gp::short_data_field, static_cast<std::size_t>(card.scp03_mode), card.minimum_level);
}

gp::script_apdu as_sent(const personal_command& c) {
    return {c.tag, c.command, c.expect};
}

void add_results(work& w, const gp::application_script& sent, const std::vector<gp::response_apdu>& answers) {
    const auto aid = to_hex(sent.aid);
    auto& result = *std::ranges::find(w.personalized, aid, &model::personalization_result::application_instance_aid);
    for (std::size_t k = 0; k < sent.commands.size(); ++k)
        result.results.push_back(
            {sent.commands[k].tag, to_hex(gp::encode(sent.commands[k].command)), to_hex(gp::encode(answers[k]))});
}

/// Each application with a script has a result, also one whose script says nothing.
void begin_results(work& w, const personalization& scripts) {
    if (w.personalized.empty())
        for (const auto& script : scripts)
            w.personalized.push_back({script.aid, {}});
}

} // namespace

bool activates_before(const std::vector<command_request>& commands) {
    using enum model::service_command;
    const auto first =
        std::ranges::find_if(commands, [](const auto& c) { return c.what == activate || c.what == personalize; });
    return first != commands.end() && first->what == activate;
}

personalization fill_scripts(const std::vector<model::target_application>& applications,
                             const std::map<std::string, std::string>& sp_parameters,
                             const std::map<std::string, std::string>& data, bool activated, bool below_own_domain,
                             std::size_t longest) {
    personalization scripts;
    for (const auto& app : applications)
        if (is_executable(app))
            scripts.push_back(
                fill_script(app, {data, sp_parameters}, activated && app.make_selectable, below_own_domain, longest));
    return scripts;
}

personalization scripts_to_run(const work& w, const deployment& d,
                               const std::vector<model::target_application>& applications, bool below_own_domain) {
    const auto* personalize = d.find(model::service_command::personalize);
    if (!personalize)
        return {};
    const auto& executed = w.request.instance.executed;
    const bool was_activated = !d.has(model::service_command::install) &&
                               std::ranges::find(executed, model::service_command::activate) != executed.end();
    const auto& channel = *w.link.channel;
    const auto longest = gp::max_plain_data(gp::short_data_field, channel.mode_length(), channel.level());
    try {
        return fill_scripts(applications, w.wanted().sp_parameters, personalize->data,
                            activates_before(d.commands) || was_activated, below_own_domain, longest);
    } catch (const script_error& error) {
        refuse_content(model::error_category::invalid_request, error.what());
    }
}

void require_usable(const personalization& scripts, bool locks) {
    if (locks && !to_select(scripts).empty())
        refuse_content(model::error_category::invalid_request,
                       "a personalization script selects its application, which this call suspends; finalize the "
                       "deployment in another one");
}

void require_executable(const std::vector<model::target_application>& applications) {
    for (const auto& app : applications) {
        if (app.script && !app.script->hindrance.empty())
            refuse_content(model::error_category::unspecified,
                           "personalization script of application " + app.instance_aid + ": " + app.script->hindrance);
        if (app.has_personalization && !app.script)
            refuse_content(model::error_category::unspecified, "attestation tokens are not supported yet");
    }
}

process<std::vector<gp::application_script>> stored_scripts(const personalization* scripts, model::key_set keys) {
    std::vector<gp::application_script> out;
    for (const auto& script : *scripts) {
        if (script.stored.empty())
            continue;
        gp::application_script one{octets(script.aid), {}};
        for (const auto& command : script.stored) {
            auto sent = as_sent(command);
            if (command.encrypt)
                sent.command.data = co_await encrypt_data(keys, command.command.data);
            one.commands.push_back(std::move(sent));
        }
        out.push_back(std::move(one));
    }
    co_return out;
}

std::vector<bytes> to_select(const personalization& scripts) {
    std::vector<bytes> aids;
    for (const auto& script : scripts)
        if (!script.selected.empty())
            aids.push_back(octets(script.aid));
    return aids;
}

void note_answers(work& w, const personalization& scripts, const std::vector<gp::application_script>& sent,
                  const gp::script_answers& answers) {
    begin_results(w, scripts);
    for (std::size_t k = 0; k < sent.size(); ++k)
        add_results(w, sent[k], answers.at(k));
}

void require_selected(const personalization& scripts, const std::set<bytes>& selected) {
    for (const auto& aid : to_select(scripts))
        if (!selected.contains(aid)) {
            card_failure failure(card_failure::kind::refused, gp::step::select,
                                 static_cast<int>(model::error_category::sc_inaccessible),
                                 "application " + to_hex(aid) + " cannot be selected for its personalization script");
            failure.during = gp::phase::personalize;
            throw failure;
        }
}

process<void> run_selected(work* w, const personalization* scripts, std::set<bytes> selected) {
    begin_results(*w, *scripts);
    require_selected(*scripts, selected);
    std::vector<gp::application_script> to_send;
    for (const auto& script : *scripts) {
        if (script.selected.empty())
            continue;
        auto& one = to_send.emplace_back(gp::application_script{octets(script.aid), {}});
        std::ranges::transform(script.selected, std::back_inserter(one.commands), as_sent);
    }
    if (to_send.empty())
        co_return;
    w->link.channel.reset();
    const auto answers = co_await on_card(w, gp::run_selected_scripts(to_send));
    note_answers(*w, *scripts, to_send, answers);
}

void note_personalized(const work& w, std::vector<model::target_application>& applications) {
    for (auto& app : applications)
        if (std::ranges::find(w.personalized, app.instance_aid,
                              &model::personalization_result::application_instance_aid) != w.personalized.end())
            app.personalized = true;
}

void tell_personalized(process_outcome& outcome, work& w, const deployment& d) {
    const auto* personalize = d.find(model::service_command::personalize);
    if (!personalize || outcome.status != model::error_category::none)
        return;
    outcome.personalize_at = static_cast<std::size_t>(personalize - d.commands.data());
    outcome.personalized = std::move(w.personalized);
}

namespace {

/// In an order of its own, where the offer at the end of the one before is over, or could not be had.
process<gp::initialize_update_response> ask_domain_again(work* w, gp::plain_questions asked) {
    gp::secured_batch orders;
    const gp::channel_request request(orders, *asked.domain, asked.key_version, asked.host_challenge);
    const auto answers = orders.accept(co_await send(w, orders.take()));
    if (request.found(answers) != gp::channel_request::finding::answered)
        refuse_content(model::error_category::sc_inaccessible,
                       "security domain " + to_hex(*asked.domain) + " of the service opens no channel");
    co_return request.offer(answers);
}

process<void> open_channel_of_service(work* w, gp::plain_questions asked,
                                      std::optional<gp::initialize_update_response> offer) {
    w->link.channel.reset();
    if (!offer)
        offer = co_await ask_domain_again(w, asked);
    const auto& domain = *w->instance.domain;
    try {
        auto opened = co_await open_offered(*domain.keys, row_with_keys(w->instance),
                                            {domain.aid, asked.host_challenge, *std::move(offer)},
                                            w->parameters().minimum_level, counter_of(*w));
        w->link.channel = std::make_shared<gp::tsm_channel>(std::move(opened), expected_cplc(w->card));
        w->link.channel_keys = *domain.keys;
    } catch (const gp::scp03_error& error) {
        auto failure = gp::channel_failure(gp::step::initialize_update, error);
        failure.during = gp::phase::personalize;
        throw failure;
    }
}

/// Nothing of what was for an application has keyed the domain instead.
void check_keys(const work& w, const std::set<std::uint8_t>& versions) {
    for (const auto version : versions)
        if (version != w.instance.domain->keys->version)
            gp::not_proven(gp::step::script_data,
                           "security domain " + w.instance.domain->aid + " has keys that nobody has given it",
                           gp::phase::personalize);
}

} // namespace

process<void> personalize_below_domain(work* w, const personalization* scripts, gp::plain_questions asked,
                                       gp::shown_contents shown) {
    auto selected = std::move(shown.selected);
    if (std::ranges::any_of(*scripts, [](const auto& s) { return !s.stored.empty(); })) {
        co_await open_channel_of_service(w, std::move(asked), std::move(shown.domain_offer));
        const auto stored = co_await stored_scripts(scripts, w->link.channel_keys);
        co_await write_intent(w, "personalize service " + w->instance.target.service_id);
        co_await on_card(w, gp::name_script_receivers(w->link.channel, stored));
        w->instance.half_personalized = true;
        co_await commit(w->instance, w->card);
        auto run = co_await on_card(w, gp::run_scripts(w->link.channel, stored, to_select(*scripts)));
        check_keys(*w, run.key_versions);
        note_answers(*w, *scripts, stored, run.answers);
        selected = std::move(run.selected);
    } else if (!to_select(*scripts).empty()) {
        require_selected(*scripts, selected);
        w->instance.half_personalized = true;
        co_await write_intent(w, "personalize service " + w->instance.target.service_id);
    }
    co_await run_selected(w, scripts, std::move(selected)); // half done until the process has its end (note_success)
    w->found.proven = true; // the Service was shown before, and what its applications hold shows nobody
    w->link.channel.reset();
}

std::optional<std::string> refuse_scripts(const model::deployment_target& target,
                                          const std::vector<command_request>& commands,
                                          const std::vector<model::service_command>& executed) {
    using enum model::service_command;
    const auto personalization = std::ranges::find(commands, personalize, &command_request::what);
    if (personalization == commands.end())
        return std::nullopt;
    const bool installs = std::ranges::find(commands, install, &command_request::what) != commands.end();
    const bool below_own_domain = !installs && std::ranges::find(executed, install) != executed.end();
    const bool activated =
        activates_before(commands) || (!installs && std::ranges::find(executed, activate) != executed.end());
    try {
        fill_scripts(target.applications, target.sp_parameters, personalization->data, activated, below_own_domain,
                     longest_stored(target.card));
    } catch (const script_error& error) {
        return error.what();
    }
    return std::nullopt;
}

} // namespace tsms::process
