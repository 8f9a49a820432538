#pragma once
// Uploaded files: what the form must hold, and what the file must be (AMB-062, AMB-063, AMB-202).

#include "gp/cap.hpp"
#include "model/entities.hpp"
#include "model/rest_error.hpp"
#include "json/json.hpp"

#include <functional>
#include <optional>
#include <string>

namespace tsms::rest {

/// Largest uploads in octets (AMB-063, AMB-205).
struct upload_limits {
    std::size_t load_file = 2u << 20;
    std::size_t script = 1u << 20;
    std::size_t certificate = 64u << 10;

    std::size_t of(model::entity_kind kind) const;
};

struct upload {
    std::optional<std::string> name;         ///< the file-name part, else the file's own name
    std::optional<std::string_view> content; ///< into the body
    std::optional<gp::cap_file> cap;         ///< of an ExecutableLoadFile
};

/// Told why a file is not of the type that its route wants: the answer 1013 has no place for it. One line, without
/// control characters; names out of the file are quoted.
using wrong_type_sink = std::function<void(const std::string& file_name, const std::string& why)>;

/// Checks 1002, 1007, 1012, 1011, 1014, 1013 in this order. `replacing`: a name without a file is enough (AMB-061).
/// Throws rest_error.
upload read_upload(model::entity_kind kind, bool replacing, std::string_view content_type, std::string_view body,
                   const upload_limits& limits, const wrong_type_sink& on_wrong_type = {});

/// The upload was larger than the listener reads: 1014 with the size that was announced.
model::rest_error too_large(model::entity_kind kind, std::size_t announced, const upload_limits& limits);

/// AMB-211: syntax of a personalization script.
bool is_personalization_script(std::string_view content);

} // namespace tsms::rest
