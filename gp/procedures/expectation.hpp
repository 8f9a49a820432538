#pragma once
// What a card must show of a Service: the one place where an effect is proven. Who adds a command also adds what the
// card must show of it afterwards (gp/procedures/changes.hpp), and the card shows it under R-MAC.

#include "gp/procedures/keys.hpp"
#include "gp/procedures/listing.hpp"
#include "gp/procedures/rules.hpp"

#include <map>

namespace tsms::gp {

/// Whose proof it is that the card shows something.
struct effect_of {
    step what;
    std::optional<phase> during = std::nullopt;
};

/// What the registry must show of an object; what is not set may be anything.
struct expected_object {
    effect_of effect{step::get_status}; ///< that it is there, or gone
    effect_of extradition{step::extradite};
    effect_of selection{step::make_selectable};
    effect_of locking{step::lock};
    bool absent = false;
    bool is_domain = false;
    bytes load_file;            ///< C4
    privileges has = 0;         ///< C5: at least these
    privileges never_has = 0;   ///< C5: none of these
    std::optional<bytes> below; ///< CC: the domain that it is associated with
    bool personalized = false;
    bool selectable = false;
    std::optional<bool> locked;
};

struct expectation {
    using objects = std::map<bytes, expected_object>; ///< by AID

    objects applications; ///< with security domains
    objects load_files;
    std::vector<wanted_rule> rules; ///< of our ARA-C, or of the issuer's ARA-M
    std::optional<phase> rules_during;
    std::optional<bytes> client;   ///< the one to be read back
    std::vector<bytes> registered; ///< ARA-Cs that the ARA-M must know
    std::optional<bytes> master;   ///< the ARA-M to be asked for them
    bool keys = false;             ///< E0 is asked for
    bool everything = false;       ///< so is FF21
    bool by_name = false;          ///< the registry is asked for these applications and nothing else
};

/// Where the answers stand that show it.
struct shown_at {
    listings registry;
    std::optional<rule_listing> rules;
    std::optional<rule_answers> clients;
};

/// Adds the commands that make the card show it. `others`: about how many applications the card has beside.
shown_at ask(channel_batch& card, const expectation& wanted, std::size_t others);

/// Have the answers an end? If not, the channel must be open for more.
bool is_complete(const shown_at& at, const std::vector<response_apdu>& answers);

/// What the card has shown. Throws card_failure where it is not what was expected; the step of the failure is the
/// effect that is not proven.
procedure<card_contents> show(channel_ptr channel, expectation wanted, shown_at at, std::vector<response_apdu> answers);

/// Asks and shows in an order of its own: what another one could not show because its channel had ended.
procedure<card_contents> show_again(channel_ptr channel, expectation wanted);

} // namespace tsms::gp
