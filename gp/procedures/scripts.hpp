#pragma once
// Personalization scripts at the card (GPCS 7.3.3): a service provider's commands to its applications, through their
// security domain or after a SELECT. What they do nobody can see: each is opaque, and one that was interrupted is not
// repeated (docs/personalization.md).
//
// The domain hands on STORE DATA alone, and only from INSTALL [for personalization] to the last block of a chain; what
// comes behind a refused INSTALL it takes for its own. So a script's data leave when an order before has shown under
// R-MAC that its application can be named, and the application that comes first is still named (DIV-115).

#include "gp/channel_batch.hpp"
#include "gp/commands.hpp"

#include <map>
#include <set>

namespace tsms::gp {

/// A command of a script, its placeholders filled in.
struct script_apdu {
    std::string tag;
    command_apdu command;              ///< plain; the data encrypted where the script wants them so
    std::vector<std::uint16_t> expect; ///< status words that are a success
};

/// What one application gets.
struct application_script {
    bytes aid;
    std::vector<script_apdu> commands;
};

/// Of each script, of each of its commands.
using script_answers = std::vector<std::vector<response_apdu>>;

/// Adds scripts to an order, and reads their answers.
class sent_scripts {
public:
    /// INSTALL [for personalization]: does the application take data of its domain?
    void name_receiver(secured_batch& card, const bytes& aid);
    /// All of it. `named`: the last command in front of it has named its application.
    void store(secured_batch& card, const application_script& script, bool named);
    /// SELECT and all of it, with plain commands.
    void send_selected(secured_batch& card, const application_script& script);

    script_answers answers(const std::vector<response_apdu>& all) const;
    /// A failure of one of these commands in the words of the script; any other one as it is.
    card_failure in_words(const card_failure& failure) const;

private:
    void remember(std::size_t index, const application_script& script, const script_apdu& command);

    std::vector<std::vector<std::size_t>> places_; ///< indices of commands, by script
    std::map<std::size_t, std::string> names_;     ///< by index
};

/// Through a channel to the domain with which the applications are associated. First each is named, the first one last;
/// then, in an order of its own, run_scripts. Both throw card_failure.
procedure<void> name_script_receivers(channel_ptr channel, std::vector<application_script> scripts);

struct scripts_run {
    script_answers answers;
    std::set<std::uint8_t> key_versions; ///< of the domain, afterwards (gp/procedures, "the order to split at")
    std::set<bytes> selected;            ///< of those that were to be selected
};
/// `to_select`: applications that are selected at the end, which ends the channel.
procedure<scripts_run> run_scripts(channel_ptr channel, std::vector<application_script> scripts,
                                   std::vector<bytes> to_select);

/// With plain commands, to each application behind its SELECT.
procedure<script_answers> run_selected_scripts(std::vector<application_script> scripts);

} // namespace tsms::gp
