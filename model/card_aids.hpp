#pragma once
// AIDs that meet on one card. Load files, applications and security domains have one name space there (GPCS 6.4.1), so
// that two of one AID cannot be together. ExecutableModules stand beside it: an instance may have its module's AID.

#include "model/device.hpp"

namespace tsms::model {

/// An AID (hex) on a card, and whose it is, in words that complete "is the AID of …".
struct held_aid {
    std::string aid;
    std::string holder;
};

/// What a Service brings onto a card.
struct card_content {
    std::vector<target_load_file> load_files;
    std::vector<target_application> applications;
    std::string sd_aid; ///< of the Service's own security domain; empty: not known
};

/// Something that cannot come onto a card.
struct aid_conflict {
    enum class part { domain, load_file, application };
    part what = part::load_file;
    std::size_t index = 0; ///< in its list; there is one domain
    std::string aid;
    std::string holder; ///< as in held_aid
};

/// What the holder of an AID is called that an earlier application of the same Service has.
inline constexpr const char* an_application = "an application of the same Flavor";

/// "load file"
std::string_view name_of(aid_conflict::part what);

/// The parts of the content that would have the AID of an earlier one, or of something that is there: first the domain,
/// then load files, then applications.
std::vector<aid_conflict> aid_conflicts_of(const card_content& content, const std::vector<held_aid>& there);
/// The first of them.
std::optional<aid_conflict> aid_conflict_of(const card_content& content, const std::vector<held_aid>& there);

/// What every card has: the packages of its platform, and the AID that GlobalPlatform has registered for ISDs.
std::vector<held_aid> aids_of_every_card();
/// What cards with these parameters have, or will have from the TSM, beside that.
std::vector<held_aid> aids_of_cards(const card_parameters& card);

} // namespace tsms::model
