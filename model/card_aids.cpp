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

std::optional<aid_conflict> aid_conflict_of(const card_content& content, const std::vector<held_aid>& there) {
    std::map<std::string, std::string> holders;
    for (const auto& held : aids_of_every_card())
        holders.emplace(held.aid, held.holder);
    for (const auto& held : there)
        holders.emplace(held.aid, held.holder);
    if (!content.sd_aid.empty())
        holders.emplace(content.sd_aid, "the security domain of the Service");
    for (std::size_t i = 0; i < content.load_files.size(); ++i)
        for (const auto& aid : aids_of(content.load_files[i]))
            if (const auto [at, is_new] = holders.emplace(aid, "a load file of the same Flavor"); !is_new)
                return aid_conflict{aid_conflict::part::load_file, i, aid, at->second};
    for (std::size_t i = 0; i < content.applications.size(); ++i) {
        const auto& aid = content.applications[i].instance_aid;
        if (const auto [at, is_new] = holders.emplace(aid, an_application); !is_new)
            return aid_conflict{aid_conflict::part::application, i, aid, at->second};
    }
    return std::nullopt;
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
