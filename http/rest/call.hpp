#pragma once
// One request to the catalog on its way through the checks (AMB-011, AMB-202). Internal to http/rest.

#include "http/rest/api.hpp"
#include "http/rest/entity_document.hpp"

#include <map>

namespace tsms::rest {

struct call {
    const net::request& request;
    const api_options& options;
    crypto::random_source& random;
    model::dialect dialect;
    const model::rest_operation& operation;
    std::vector<model::path_parameter> parameters;
    std::string provider;
    std::shared_ptr<budget> memory;
    json::value body = {};    ///< where the operation has a JSON body
    std::string subject = {}; ///< what the sender calls what it sends, for messages
};

/// The entities that a path names, in its order. Throws 1009 for the first that does not exist (AMB-002, AMB-038).
class path_entities {
public:
    path_entities(const store::catalog_view& view, const call& c);

    const store::entity_row& last() const { return rows_.back(); }
    bool empty() const { return rows_.empty(); }
    /// The entity of that kind; the path has one.
    const store::entity_row& of(model::entity_kind kind) const;
    const store::walk_start& start() const { return start_; }

private:
    const store::entity_row* find(model::entity_kind kind) const;
    std::vector<store::entity_row> rows_;
    store::walk_start start_;
};

/// Operations that only read.
net::response read_operation(const store::catalog_view& view, const call& c);
/// Operations that change the catalog. A thrown rest_error undoes the transaction.
net::response write_operation(store::catalog_edit& edit, const call& c);
/// POST and PUT of files.
net::response upload_operation(store::catalog_edit& edit, const call& c, const upload& u);

/// The entity as the dialect shows it, with what there is to know of it (notice.hpp).
net::response answer(const store::catalog_view& view, const call& c, const store::entity_row& row);

std::string now_text(const call& c);

// Rules that hold for every operation that changes an entity (rules.cpp).

/// 1009 for the first id in the document that is no entity of this provider (AMB-020, AMB-054); then
/// check_key_provisioning() of the Flavors that the document concerns.
void check_references(const store::catalog_view& view, const call& c, const store::entity_row& row);
/// 1008 where the Flavor's featureConfig does not fit its ApplicationConfigs' personalizationConfigs, or itself: 1.0.4
/// only (AMB-170, AMB-171). `changed`: an ApplicationConfig as it is going to be.
void check_key_provisioning(const store::catalog_view& view, const call& c, const store::entity_row& flavor,
                            const store::entity_row* changed = nullptr);
/// AIDs that meet, and how often: a profile may have been imported since, or an older version was less strict.
using known_meetings = std::map<std::string, int>;
/// Those of the Flavors that the row concerns, for the catalog before a change. Nothing is known of Flavors that the
/// request names to be linked.
known_meetings meetings_before(const store::catalog_view& view, const store::entity_row& row,
                               const std::vector<std::string>& linked_anew = {});
/// 1008 where a Flavor that the change concerns would bring an AID onto a card that something else has there: two
/// ApplicationConfigs with one instanceAid (AMB-060), and everything else that meets (DIV-066). For the catalog as the
/// change has made it; what has met before is no fault of the change.
void check_aids(const store::catalog_view& view, const store::entity_row& changed, known_meetings known = {});
/// 1015 (AMB-057, AMB-058).
void check_not_frozen(const store::catalog_view& view, const call& c, const store::entity_row& before,
                      const json::object& after);
/// 1016 for every Flavor that the change concerns: all of a Version, one Flavor, all that have the load file (AMB-055).
void check_technical_requirements(const store::catalog_view& view, const call& c, const store::entity_row& changed);
/// The edges of a document, as the catalog stores them.
std::vector<store::entity_reference> edges_of(const store::entity_row& row);

} // namespace tsms::rest
