#pragma once
// The server's own OpenAPI 3 document: the tables of model/ in another notation.

#include "model/entities.hpp"
#include "json/json.hpp"

namespace tsms::rest {

/// OpenAPI 3.0.3. Paths are relative to the one server "/sptsm/<version>".
json::object openapi_document(model::dialect d);

} // namespace tsms::rest
