#include "model/card_aids.hpp"

#include <set>

namespace tsms::model {

namespace {

constexpr const char* ara_m_aid = "A00000015141434C00"; // GPD_SPE_013 4.1.2

/// The AIDs under which a load file is known: its own, and those of the packages in one of the extended CAP format.
std::set<std::string> aids_of(const target_load_file& file) {
    std::set<std::string> aids(file.packages.begin(), file.packages.end());
    aids.insert(file.aid);
    return aids;
}

} // namespace

std::string_view name_of(aid_conflict::part what) {
    switch (what) {
    case aid_conflict::part::domain:
        return "security domain";
    case aid_conflict::part::load_file:
        return "load file";
    default:
        return "application";
    }
}

std::vector<aid_conflict> aid_conflicts_of(const card_content& content, const std::vector<held_aid>& there) {
    std::vector<aid_conflict> out;
    std::map<std::string, std::string> holders;
    for (const auto& held : aids_of_every_card())
        holders.emplace(held.aid, held.holder);
    for (const auto& held : there)
        holders.emplace(held.aid, held.holder);
    const auto hold = [&](aid_conflict::part what, std::size_t index, const std::string& aid, const char* holder) {
        if (const auto [at, is_new] = holders.emplace(aid, holder); !is_new)
            out.push_back({what, index, aid, at->second});
    };
    if (!content.sd_aid.empty())
        hold(aid_conflict::part::domain, 0, content.sd_aid, "the security domain of the Service");
    for (std::size_t i = 0; i < content.load_files.size(); ++i)
        for (const auto& aid : aids_of(content.load_files[i]))
            hold(aid_conflict::part::load_file, i, aid, "a load file of the same Flavor");
    for (std::size_t i = 0; i < content.applications.size(); ++i)
        hold(aid_conflict::part::application, i, content.applications[i].instance_aid, an_application);
    return out;
}

std::optional<aid_conflict> aid_conflict_of(const card_content& content, const std::vector<held_aid>& there) {
    const auto all = aid_conflicts_of(content, there);
    return all.empty() ? std::nullopt : std::optional(all.front());
}

std::vector<held_aid> aids_of_every_card() {
    return {{"A0000000620001", "java.lang, which is on every card"},
            {"A0000000620101", "javacard.framework, which is on every card"},
            {"A0000000620102", "javacard.security, which is on every card"},
            {"A00000015100", "org.globalplatform, which is on every card"},
            {"A000000151000000", "issuer security domains"}}; // GPCS H.1.3
}

std::vector<held_aid> aids_of_cards(const card_parameters& card) {
    std::vector<held_aid> out{{card.sd_package_aid, "the card's load file for security domains"},
                              {card.tsm_sd_aid, "the TSM's security domain"},
                              // Also without an ARA-C: what has that AID is taken for it when Services are removed.
                              {card.arac_aid, "the TSM's access rule client"}};
    if (!card.isd_aid.empty())
        out.push_back({card.isd_aid, "the issuer security domain"});
    if (card.ara != "none")
        out.push_back({ara_m_aid, "the card's access rule application (ARA-M)"});
    if (card.ara == "arac")
        out.push_back({card.arac_package_aid, "the card's load file for access rule clients"});
    return out;
}

} // namespace tsms::model
