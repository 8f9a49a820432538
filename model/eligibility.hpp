#pragma once
// Which secure component a Service goes to (TR 3.3.1, 3.3.1.2): recognition of cards, the eligibility check and the
// device check, and the choice among several. Pure; what it decided is explained for the log.

#include "model/card_identity.hpp"
#include "model/device.hpp"
#include "model/life_cycle.hpp"

#include <variant>

namespace tsms::model {

/// A SecureComponentProfile as far as the device side needs it.
struct card_profile {
    std::string id;
    std::string name;
    int sc_type = 0;
    bool csp = false;
    identification recognised_by;
    card_parameters card;
};

/// A Version as far as deployment needs it.
struct offered_version {
    std::string tag;
    bool has_flavors = false;          ///< allowedDeployments is not empty
    std::vector<std::string> profiles; ///< ids of those that a published Flavor serves (AMB-054, AMB-055)
};

/// AMB-115: on one card of the handset.
inline const refusal service_is_there{error_category::already_exists, "service is already deployed"};

struct offered_service {
    std::string id;
    std::string provider;
    bool has_flavors = false;
    std::vector<offered_version> versions;
    std::optional<spos_target> spos;
};

/// A card as it presents itself; a claim (AMB-226).
struct seen_card {
    std::string reader;
    bool accessible = false; ///< it has told what it is
    /// It answered in this session and then did not any more, or there is no channel to it, or no NFC: what is on it
    /// nobody knows (AMB-240). Where it was only not there, or access was denied, neither this nor `accessible` is
    /// true.
    bool fell_silent = false;
    error_category problem = error_category::none; ///< 6, 9, 10 or 11 where not accessible or silent
    std::string problem_details;
    std::string atr, cplc, isd_aid, iin, cin, card_data; ///< hex
    bool without_cplc = false; ///< it says that it has none, or has it for who is authenticated only
    /// The highest security level of SCP03 that its card recognition data offer; none where they offer no SCP03.
    std::optional<int> highest_level;
    bool has_service = false; ///< the TSM knows an instance of the Service on it, and may say so
};

/// What the card is known by: its CPLC; of one that tells none to anybody, or one that is no identity, IIN and CIN.
/// Nothing for a card that tells neither: no row is made for it, and none found.
std::optional<card_identity> identity_of(const seen_card& card);
/// Nothing for a row of before that more than one card may have: no claim finds it, and no issuer works for it.
std::optional<card_identity> identity_of(const secure_component& row);

/// All that profile and issuer of a card are found by, beside its identity, as one text.
std::string claims_of(const seen_card& card);

/// Why the card of a reader cannot be told from others; empty where it can.
std::string why_unknowable(const seen_card& card);

/// Is the card in a reader the one of a row, as far as it says? Like is compared with like: one that does not tell now
/// what the row knows it by may be any, unless IIN and CIN say that it is another.
enum class likeness { same, other, unknown };
likeness compare(const secure_component& row, const seen_card& card);

/// Does a hex text begin with the pattern, '.' standing for any nibble?
bool has_prefix(std::string_view hex, std::string_view pattern);
/// Every list that is given has a match; without any list nothing is recognised.
bool recognises(const identification& by, const seen_card& card);
/// A card that fell silent, and may hold what was looked for (AMB-240): what the app is told instead of "there is
/// none". Nothing if every card either could be read or was not accessible.
std::optional<refusal> could_not_look(const std::vector<seen_card>& cards);

/// The profile of a card; of several the first by id, so that the same card always has the same one.
const card_profile* profile_of(const seen_card& card, const std::vector<card_profile>& profiles);

/// May an app of `provider` act on what belongs to `owner`? Nothing if it may. An anonymous app (no provider) may only
/// act for an owner that has never registered an app (AMB-194, AMB-236); others do not learn that the thing exists.
std::optional<refusal> refuse_caller(const std::optional<std::string>& provider, const std::string& owner,
                                     bool owner_has_apps, const std::string& thing);

/// Is the request itself possible, before any card is asked (AMB-135, AMB-136)? Null service: it does not exist.
std::optional<refusal> refuse_create(const offered_service* service, const std::string& service_id,
                                     const std::string& tag);
std::optional<refusal> refuse_check(const offered_service* service, const std::string& service_id,
                                    const std::string& pattern);
/// The Service is the one of an instance.
std::optional<refusal> refuse_update_check(const offered_service* service, const std::string& pattern);

struct choice {
    std::size_t card = 0; ///< index into the cards
    std::string profile_id;
    std::string version_tag;
};

struct decision {
    std::variant<choice, refusal> outcome;
    std::vector<std::string> reasons; ///< one line for each card and for the choice
};

/// Eligibility check for one Version. Order among eligible cards: CSP, scType, profile id, reader (AMB-117).
decision choose_card(const offered_service& service, const std::string& tag, const std::vector<seen_card>& cards,
                     const std::vector<card_profile>& profiles);

/// Device check (TR 4.2.5.7): the highest applicable Version that the pattern matches; instances that exist do not
/// matter.
std::optional<choice> find_deployment(const offered_service& service, const std::string& pattern,
                                      const std::vector<seen_card>& cards, const std::vector<card_profile>& profiles);

/// Update check (TR 4.2.5.8): the tag of the highest Version that the pattern matches, is higher than the one of the
/// instance (AMB-137), and has a published Flavor for the profile of its card.
std::optional<std::string> find_update(const offered_service& service, const std::string& pattern,
                                       const deployment_target& installed);

} // namespace tsms::model
