#include "gp/procedures/scripts.hpp"

#include "gp/procedures/keys.hpp"
#include "gp/status_words.hpp"

namespace tsms::gp {

namespace {

constexpr std::uint8_t last_block = 0x80; // P1 of STORE DATA
constexpr int content_related = 7;        // TR 4.2.4.4

std::string name_of(const script_apdu& command, const application_script& script) {
    return "command ‘" + command.tag + "’ of the personalization script of application " + to_hex(script.aid);
}

/// Every response carries an R-MAC, so what the script says of its length does not count.
command_apdu within_channel(command_apdu command) {
    command.le = le_max_short;
    return command;
}

/// What fails in here is the personalization's.
template <class Batch>
std::vector<response_apdu> accept(Batch& card, const batch_answer& answer, const sent_scripts& sent) {
    try {
        return card.accept(answer);
    } catch (const card_failure& failure) {
        auto told = sent.in_words(failure);
        told.during = phase::personalize;
        throw told;
    }
}

} // namespace

void sent_scripts::name_receiver(secured_batch& card, const bytes& aid) {
    const auto at = card.add(step::script_receiver, install_for_personalization(aid));
    names_[at] = "application " + to_hex(aid);
}

void sent_scripts::remember(std::size_t index, const application_script& script, const script_apdu& command) {
    places_.back().push_back(index);
    names_[index] = name_of(command, script);
}

void sent_scripts::store(secured_batch& card, const application_script& script, bool named) {
    places_.emplace_back();
    for (const auto& [tag, command, expect] : script.commands) {
        if (!named)
            name_receiver(card, script.aid);
        remember(card.add(step::script_data, within_channel(command), expect), script, {tag, command, expect});
        named = (command.p1 & last_block) == 0; // the last block ends the personalization
    }
}

void sent_scripts::send_selected(secured_batch& card, const application_script& script) {
    places_.emplace_back();
    names_[card.add_plain(step::select, select(script.aid))] = "application " + to_hex(script.aid);
    for (const auto& one : script.commands)
        remember(card.add_plain(step::script_command, one.command, one.expect), script, one);
}

script_answers sent_scripts::answers(const std::vector<response_apdu>& all) const {
    script_answers out;
    for (const auto& script : places_) {
        auto& answers = out.emplace_back();
        for (const auto index : script)
            answers.push_back(all.at(index));
    }
    return out;
}

card_failure sent_scripts::in_words(const card_failure& failure) const {
    const auto name = names_.find(failure.index);
    if (name == names_.end() || failure.why != card_failure::kind::status)
        return failure;
    const std::uint8_t sw[] = {static_cast<std::uint8_t>(failure.sw >> 8), static_cast<std::uint8_t>(failure.sw)};
    const bool of_script = failure.what == step::script_data || failure.what == step::script_command;
    const auto text =
        of_script ? name->second + " was answered " + to_hex(sw) : name->second + ": " + failure.details();
    card_failure told(failure.why, failure.what, of_script ? content_related : failure.category, text, failure.index,
                      failure.sw);
    told.mender = of_script ? to_string(mender::provider) : std::string_view(failure.mender);
    return told;
}

procedure<void> name_script_receivers(channel_ptr channel, std::vector<application_script> scripts) {
    channel_batch card(channel);
    sent_scripts sent;
    for (auto script = scripts.rbegin(); script != scripts.rend(); ++script)
        sent.name_receiver(card, script->aid);
    accept(card, co_await card.take(), sent);
}

procedure<scripts_run> run_scripts(channel_ptr channel, std::vector<application_script> scripts,
                                   std::vector<bytes> to_select) {
    channel_batch card(channel);
    sent_scripts sent;
    for (const auto& script : scripts)
        sent.store(card, script, &script == &scripts.front());
    const auto keys = list_keys(card);
    std::vector<std::size_t> selections;
    for (const auto& aid : to_select)
        selections.push_back(card.add_plain(step::select, select(aid), secured_batch::tolerance::any));
    const auto answers = accept(card, co_await card.take(), sent);
    scripts_run run;
    run.answers = sent.answers(answers);
    run.key_versions = key_versions(answers[keys]);
    for (std::size_t k = 0; k < selections.size(); ++k)
        if (is_success_or_warning(answers[selections[k]].sw))
            run.selected.insert(to_select[k]);
    co_return run;
}

procedure<script_answers> run_selected_scripts(std::vector<application_script> scripts) {
    secured_batch card;
    sent_scripts sent;
    for (const auto& script : scripts)
        sent.send_selected(card, script);
    co_return sent.answers(accept(card, co_await card.take(), sent));
}

} // namespace tsms::gp
