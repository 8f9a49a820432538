#include "model/eligibility.hpp"

#include "base/ascii.hpp"
#include "model/version_tag.hpp"

#include <algorithm>
#include <tuple>

namespace tsms::model {

namespace {

bool any_prefix(const std::vector<std::string>& patterns, const std::string& hex) {
    return patterns.empty() ||
           std::any_of(patterns.begin(), patterns.end(), [&](const auto& p) { return has_prefix(hex, p); });
}

const offered_version* version_with(const offered_service& service, const std::string& tag) {
    const auto found =
        std::find_if(service.versions.begin(), service.versions.end(), [&](const auto& v) { return v.tag == tag; });
    return found == service.versions.end() ? nullptr : &*found;
}

/// The Versions that a pattern matches, the highest first. Of tags that are the same version (1.0.0, 1.00.0) always the
/// same one comes first.
std::vector<const offered_version*> matching(const offered_service& service, const std::string& pattern) {
    const auto parsed = parse_pattern(pattern);
    std::vector<const offered_version*> found;
    for (const auto& version : service.versions)
        if (const auto number = parse_tag(version.tag); parsed && number && parsed->matches(*number))
            found.push_back(&version);
    std::ranges::sort(found, [](const offered_version* a, const offered_version* b) {
        const auto first = parse_tag(a->tag), second = parse_tag(b->tag);
        return first != second ? first > second : a->tag < b->tag;
    });
    return found;
}

refusal invalid(std::string details) {
    return {error_category::invalid_request, std::move(details)};
}
refusal not_there(std::string details) {
    return {error_category::not_found, std::move(details)};
}
refusal not_eligible(std::string details) {
    return {error_category::no_eligible_sc, std::move(details)};
}

/// A Service that does not exist has none.
std::optional<refusal> refuse_version(const offered_service* service, const std::string& tag) {
    if (!service || !version_with(*service, tag))
        return not_there("version ‘" + tag + "’ does not exist");
    return std::nullopt;
}

refusal unsupported(const std::string& pattern) {
    return invalid("unsupported version RegExp ‘" + pattern + "’");
}

/// As SCP03 writes it.
std::string hex_level(int level) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    return {digits[static_cast<std::size_t>(level) >> 4 & 15], digits[static_cast<std::size_t>(level) & 15]};
}

struct candidate {
    std::size_t card;
    const card_profile* profile;

    auto rank(const std::vector<seen_card>& cards) const {
        return std::make_tuple(!profile->csp, profile->sc_type, profile->id, cards[card].reader);
    }
};

/// Cards of a Version, best first.
std::vector<candidate> candidates(const offered_version& version, const std::vector<seen_card>& cards,
                                  const std::vector<card_profile>& profiles, std::vector<std::string>* reasons) {
    const auto explain = [&](const seen_card& card, const std::string& text) {
        if (reasons)
            reasons->push_back("reader ‘" + card.reader + "’: " + text);
    };
    std::vector<candidate> found;
    for (std::size_t i = 0; i < cards.size(); ++i) {
        const auto& card = cards[i];
        if (!card.accessible) {
            explain(card, "not accessible");
            continue;
        }
        if (auto why = why_unknowable(card); !why.empty()) {
            explain(card, why);
            continue;
        }
        const auto* profile = profile_of(card, profiles);
        if (!profile) {
            explain(card, "no SecureComponentProfile recognises it");
            continue;
        }
        if (std::find(version.profiles.begin(), version.profiles.end(), profile->id) == version.profiles.end()) {
            explain(card, "version " + version.tag + " has no published Flavor for profile ‘" + profile->name + "’");
            continue;
        }
        // What the issuer would find out on the card (DIV-057).
        if (card.highest_level && *card.highest_level < profile->card.minimum_level) {
            explain(card, "its SCP03 allows security level " + hex_level(*card.highest_level) + " at most, profile ‘" +
                              profile->name + "’ demands " + hex_level(profile->card.minimum_level));
            continue;
        }
        explain(card, "eligible with profile ‘" + profile->name + "’");
        found.push_back({i, profile});
    }
    std::sort(found.begin(), found.end(), [&](const auto& a, const auto& b) { return a.rank(cards) < b.rank(cards); });
    return found;
}

} // namespace

std::optional<card_identity> identity_of(const seen_card& card) {
    if (auto by_cplc = card_identity::of_cplc(card.cplc))
        return by_cplc;
    // A CPLC that is told and is no identity counts as none; one that is not told now may be there all the same.
    if (card.cplc.empty() && !card.without_cplc)
        return std::nullopt;
    return card_identity::of_issuers_number(card.iin, card.cin);
}

std::optional<card_identity> identity_of(const secure_component& row) {
    return card_identity::of_row(row.identity);
}

std::string why_unknowable(const seen_card& card) {
    if (identity_of(card))
        return {};
    if (card.cplc.empty() && !card.without_cplc)
        return "does not tell its CPLC now, so it cannot be known again";
    return "cannot be told from other cards: " + why_no_identity(card.cplc) + ", and it has no IIN and CIN of its own";
}

std::string claims_of(const seen_card& card) {
    return card.atr + "/" + card.isd_aid + "/" + card.card_data + "/" + card.iin + "/" + card.cin;
}

likeness compare(const secure_component& row, const seen_card& card) {
    const auto known = identity_of(row);
    if (!known)
        return likeness::unknown;
    if (known->kind() == card_identity::basis::cplc) {
        if (!card.cplc.empty()) // a blank one says, too, that it is another card
            return card.cplc == known->text() ? likeness::same : likeness::other;
        const auto number = issuers_number(card.iin, card.cin);
        return number && !row.cin_iin.empty() && *number != row.cin_iin ? likeness::other : likeness::unknown;
    }
    const auto told = card_identity::of_issuers_number(card.iin, card.cin);
    if (!told)
        return likeness::unknown;
    return *told == *known ? likeness::same : likeness::other;
}

std::optional<refusal> refuse_caller(const std::optional<std::string>& provider, const std::string& owner,
                                     bool owner_has_apps, const std::string& thing) {
    if (provider && *provider != owner)
        return refusal{error_category::not_found, thing + " does not exist"};
    if (!provider && owner_has_apps)
        return refusal{error_category::unauthorized,
                       "the app is not registered for this service provider (tsms app add)"};
    return std::nullopt;
}

bool has_prefix(std::string_view hex, std::string_view pattern) {
    if (hex.size() < pattern.size())
        return false;
    for (std::size_t i = 0; i < pattern.size(); ++i)
        if (pattern[i] != '.' && text::upper(pattern[i]) != text::upper(hex[i]))
            return false;
    return true;
}

bool recognises(const identification& by, const seen_card& card) {
    if (by.cplc.empty() && by.atr.empty() && by.isd.empty() && by.card_data.empty())
        return false;
    // A phone may keep the answer to SELECT, and with it the ISD's AID, to itself: then the other lists decide
    // (DIV-034).
    const bool others_decide = card.isd_aid.empty() && !(by.cplc.empty() && by.atr.empty() && by.card_data.empty());
    return any_prefix(by.cplc, card.cplc) && any_prefix(by.atr, card.atr) &&
           (others_decide || any_prefix(by.isd, card.isd_aid)) && any_prefix(by.card_data, card.card_data);
}

const card_profile* profile_of(const seen_card& card, const std::vector<card_profile>& profiles) {
    const card_profile* found = nullptr;
    for (const auto& p : profiles)
        if (recognises(p.recognised_by, card) && (!found || p.id < found->id))
            found = &p;
    return found;
}

std::optional<refusal> could_not_look(const std::vector<seen_card>& cards) {
    const auto silent = std::find_if(cards.begin(), cards.end(), [](const auto& c) { return c.fell_silent; });
    if (silent == cards.end())
        return std::nullopt;
    return refusal{silent->problem, "reader ‘" + silent->reader + "’: " + silent->problem_details};
}

std::optional<refusal> refuse_create(const offered_service* service, const std::string& service_id,
                                     const std::string& tag) {
    if (!parse_tag(tag))
        return invalid("version ‘" + tag + "’ is not of the form a.b.c");
    if (!service)
        return not_there("service ‘" + service_id + "’ does not exist");
    if (auto refused = refuse_version(service, tag))
        return refused;
    if (!service->has_flavors)
        return not_there("no flavors defined for service ‘" + service_id + "’");
    if (!version_with(*service, tag)->has_flavors)
        return not_there("no flavors allocated to version ‘" + tag + "’");
    return std::nullopt;
}

std::optional<refusal> refuse_check(const offered_service* service, const std::string& service_id,
                                    const std::string& pattern) {
    const auto parsed = parse_pattern(pattern);
    if (!parsed)
        return unsupported(pattern);
    if (!service)
        return not_there("service ‘" + service_id + "’ does not exist");
    return parsed->is_concrete() ? refuse_version(service, pattern) : std::nullopt;
}

std::optional<refusal> refuse_update_check(const offered_service* service, const std::string& pattern) {
    const auto parsed = parse_pattern(pattern);
    if (!parsed)
        return unsupported(pattern);
    return parsed->is_concrete() ? refuse_version(service, pattern) : std::nullopt;
}

decision choose_card(const offered_service& service, const std::string& tag, const std::vector<seen_card>& cards,
                     const std::vector<card_profile>& profiles) {
    decision d{refusal{}, {}};
    const auto has_service = std::find_if(cards.begin(), cards.end(), [](const auto& c) { return c.has_service; });
    if (has_service != cards.end()) { // AMB-115: on any card of the handset
        d.reasons.push_back("reader ‘" + has_service->reader + "’: has an instance of the service");
        d.outcome = service_is_there;
        return d;
    }
    if (auto silent = could_not_look(cards)) { // an instance may be on it: an app must not create a second one
        d.reasons.push_back(silent->details);
        d.outcome = *std::move(silent);
        return d;
    }
    const auto* version = version_with(service, tag);
    if (!version) {
        d.outcome = not_there("version ‘" + tag + "’ does not exist");
        return d;
    }
    const auto found = candidates(*version, cards, profiles, &d.reasons);
    if (!found.empty()) {
        const auto& best = found.front();
        d.reasons.push_back("chosen: reader ‘" + cards[best.card].reader + "’" +
                            (found.size() > 1 ? ", first of " + std::to_string(found.size()) +
                                                    " by CSP, secure component type, profile id and reader"
                                              : ", the only eligible one"));
        d.outcome = choice{best.card, best.profile->id, tag};
        return d;
    }
    if (cards.empty()) {
        d.outcome = not_eligible("the handset has no secure component");
    } else if (std::none_of(cards.begin(), cards.end(), [](const auto& c) { return c.accessible; })) {
        const auto problem = cards.front().problem;
        d.outcome = refusal{problem == error_category::none ? error_category::sc_inaccessible : problem,
                            "no secure component of the handset could be accessed"};
    } else {
        std::string text;
        for (const auto& reason : d.reasons)
            text += (text.empty() ? "" : "; ") + reason;
        d.outcome = not_eligible(text);
    }
    return d;
}

std::optional<choice> find_deployment(const offered_service& service, const std::string& pattern,
                                      const std::vector<seen_card>& cards, const std::vector<card_profile>& profiles) {
    for (const auto* version : matching(service, pattern))
        if (const auto found = candidates(*version, cards, profiles, nullptr); !found.empty())
            return choice{found.front().card, found.front().profile->id, version->tag};
    return std::nullopt;
}

std::optional<std::string> find_update(const offered_service& service, const std::string& pattern,
                                       const deployment_target& installed) {
    const auto now = parse_tag(installed.version_tag);
    for (const auto* version : matching(service, pattern))
        if (parse_tag(version->tag) > now && std::ranges::count(version->profiles, installed.profile_id) != 0)
            return version->tag;
    return std::nullopt;
}

} // namespace tsms::model
