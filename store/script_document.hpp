#pragma once
// The document of a personalization script (AMB-211; docs/personalization.md), read once for all: the upload is checked
// by what the device role will execute.

#include "model/personalization_script.hpp"

#include <stdexcept>
#include <variant>

namespace tsms::store {

/// The other kind of script: somebody else's server has the commands.
struct remote_script {
    std::string url;
};
using script_document = std::variant<model::personalization_script, remote_script>;

/// The text names the command and its fault. It may quote the document: for text::quotable.
class script_fault : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Throws script_fault. The URL of a remote script is not looked at.
script_document parse_script(std::string_view document);

/// The script of an uploaded file; one that cannot be executed says why.
model::personalization_script executable_script(std::string_view document);

} // namespace tsms::store
