#pragma once
// What rows of the catalog say about cards, and about what goes onto them. Each function throws store::error where
// something is not stored that always is.

#include "model/card_aids.hpp"
#include "model/eligibility.hpp"
#include "model/requirements.hpp"
#include "store/catalog.hpp"

namespace tsms::store {

/// The entity that this one refers to.
entity_row referred(const catalog_view& view, const entity_row& by, model::entity_kind kind, const std::string& id);
/// Of an ExecutableLoadFile or ExecutableModule.
std::string aid_of(const catalog_view& view, const entity_row& row);

/// A SecureComponentProfile as the device side needs it: its document, and what only the TSM knows of its cards.
model::card_profile card_profile_of(const catalog_view& view, const entity_row& profile);

/// What a SecureComponentProfile offers to technical requirements (AMB-055), by its document and its card parameters.
model::technical_offer offer_of(const catalog_view& view, const entity_row& profile);
/// What this load file asks for. `csp`: the Flavor's featureConfig.cspFull, where it is a requirement.
model::technical_requirement requirement_of(const json::object& load_file, bool csp);

/// The ExecutableLoadFiles of a Flavor, in the order of its document.
std::vector<entity_row> load_files_of(const catalog_view& view, const entity_row& flavor);
/// What the Flavor brings onto a card, its lists in the order of its document.
model::card_content content_of(const catalog_view& view, const entity_row& flavor);
/// The scripts of these applications, which are the Flavor's.
void read_scripts(const catalog_view& view, const entity_row& flavor, std::vector<model::target_application>& of);
/// AIDs that the cards of a profile have, or will have from the TSM, before anything of a Service is on them.
std::vector<model::held_aid> aids_of_profile(const catalog_view& view, const entity_row& profile);

} // namespace tsms::store
