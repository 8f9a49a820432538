// Uploads: the first line is the Content-Type, the rest the body.

#include "http/rest/multipart.hpp"
#include "http/rest/upload.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace tsms::fuzz {

void run(input in) {
    const std::string type(in.line());
    const auto body = in.text();
    for (auto kind : {model::entity_kind::executable_load_file, model::entity_kind::personalization_script,
                      model::entity_kind::certificate})
        attempt<model::rest_error>([&] { return rest::read_upload(kind, false, type, body, {}).name.has_value(); });
    const auto boundary = rest::multipart_boundary(type);
    if (!boundary)
        return;
    const auto parts = rest::parse_multipart(body, *boundary);
    if (!parts)
        return;
    require(parts->size() <= 16, "at most 16 parts");
    for (const auto& part : *parts) {
        require(part.content.empty() || (part.content.data() >= body.data() &&
                                         part.content.data() + part.content.size() <= body.data() + body.size()),
                "a part is a part of the body");
        require(!part.file_name || part.file_name->find('/') == std::string::npos, "a file name has no directory");
    }
}

} // namespace tsms::fuzz
