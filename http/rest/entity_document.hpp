#pragma once
// Request bodies into stored documents, stored documents into answers, by the entity table (model/entities.hpp).
//
// A stored document has the entity's attributes by their stored names, in canonical form, and only those that have a
// value: defaults are filled in when it is answered (AMB-036). It is the same for every dialect.

#include "model/entities.hpp"
#include "json/json.hpp"

namespace tsms::rest {

/// A new document from the body of a POST. Checks 1007, 1003, 1004, 1008 in this order (AMB-011); throws
/// model::rest_error.
json::object created(model::entity_kind kind, model::dialect d, const json::value& body);

/// The stored document with the changes of a PUT (AMB-031 … 034, 200). Checks 1007, 1005, 1006, 1008; throws
/// model::rest_error.
json::object modified(model::entity_kind kind, model::dialect d, const json::value& body, const json::object& stored);

/// The document as the dialect answers it: every attribute, unset ones with their defaults. References
/// that are not set are left out (AMB-244); nothing is null.
json::object presented(model::entity_kind kind, model::dialect d, const json::object& stored);

/// The same, written at once.
void print(model::entity_kind kind, model::dialect d, const json::object& stored, json::printer& out);

/// An id of another entity in a document.
struct document_reference {
    model::entity_kind target;
    std::string id;
    std::string path; ///< of the attribute, for messages
    /// The partner in an association of three: the Flavor of a SecureComponentProfile in a Version, the
    /// ExecutableModule of an ApplicationConfig in a Flavor. Empty otherwise.
    std::string via;
};
/// In document order.
std::vector<document_reference> references(model::entity_kind kind, const json::object& stored);

/// Whether an attribute that freezes with a published Flavor differs (AMB-057, AMB-058).
bool frozen_differs(model::entity_kind kind, model::dialect d, const json::object& before, const json::object& after);

/// The body of Link Flavors, a map of FlavorIds to lists of SecureComponentProfileIds, in canonical form. Throws 1008
/// (AMB-050).
json::object deployment_map(const json::value& body);

/// The list of ids in a body that is a bare array (link, unlink), without duplicates. Throws 1008.
std::vector<std::string> id_list(const json::value& body, std::string_view name);

/// Body value as error 1008 quotes it: the text of a string, else its JSON.
std::string quoted(const json::value& v);

} // namespace tsms::rest
