#pragma once
// Access rules in an ARA (GPD_SPE_013), read back through a channel to its domain: our own ARA-C, or the issuer's
// ARA-M.

#include "gp/access_rules.hpp"
#include "gp/channel_batch.hpp"
#include "gp/commands.hpp"

namespace tsms::gp {

/// The TSM's rule store on the card (ARA-C, GPD_SPE_013) and the rules of one Service in it.
struct access_client {
    instance_description instance; ///< from the module that the card has preloaded
    bool install = false;          ///< it may be missing: installed first; one that is there stays
    bool remove = false;           ///< in a removal: the last Service takes it along
    bool read_back = true;         ///< it tells its rules in the channel (profile); else a 9000 is all there is
    bool of_card = false;          ///< the card's own ARA-M, which need not stand in its registry
    std::vector<access_rule> rules;
};

/// Where the answers to one question stand (the rules for one application, or the registered ARA-Cs): the first, and
/// the [next] ones behind it.
struct rule_answers {
    std::vector<std::size_t> parts;
    std::uint16_t tag = rules_tag; ///< of the object that they are together
};
using rule_listing = std::vector<rule_answers>;

/// Adds the commands that read the rules for the applications of `expected` back: Command-Get with the AID, and as many
/// Command-Get-Next as these rules fill answers, and `more` for rules that nobody expects.
rule_listing list_rules(secured_batch& card, bytes_view ara_aid, const std::vector<access_rule>& expected,
                        std::size_t more = 0);

/// Adds the commands that read the registered ARA-Cs back, with `more` Command-Get-Next.
rule_answers list_clients(secured_batch& card, bytes_view ara_m_aid, std::size_t more = 0);

/// Have the answers an end, or does the ARA have more to tell? Throws card_failure where one question is not answered.
bool is_complete(const rule_listing& at, const std::vector<response_apdu>& answers);

/// The rules out of complete answers. Throws card_failure.
std::vector<access_rule> rules_in(const rule_listing& at, const std::vector<response_apdu>& answers);

/// The AIDs of the registered ARA-Cs out of complete answers. Throws card_failure.
std::vector<bytes> clients_in(const rule_answers& at, const std::vector<response_apdu>& answers);

/// A rule, and whether the ARA must have it or must not.
using wanted_rule = std::pair<access_rule, bool>;

/// Throws card_failure where the ARA tells otherwise. `during`: the phase that changes them.
void check_rules(const std::vector<wanted_rule>& wanted, const std::vector<access_rule>& told,
                 std::optional<phase> during = std::nullopt);

} // namespace tsms::gp
