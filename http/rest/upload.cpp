#include "http/rest/upload.hpp"

#include "crypto/pki.hpp"
#include "http/rest/multipart.hpp"
#include "http/rest/text_formats.hpp"

#include <algorithm>
#include <array>

namespace tsms::rest {

using model::entity_kind;
using model::rest_category;
using model::rest_error;

namespace {

/// Names of the parts of one kind of upload, in both spellings (AMB-062), and the file types of error 1013.
struct form {
    entity_kind kind;
    std::array<std::string_view, 2> name_part;
    std::array<std::string_view, 2> file_part;
    std::string_view types;
};
constexpr form forms[] = {
    {entity_kind::executable_load_file, {"elf-filename", "elfFilename"}, {"elf-file", "elfFile"}, "[cap]"},
    {entity_kind::personalization_script,
     {"script-filename", "scriptFilename"},
     {"script-file", "scriptFile"},
     "[json]"},
    {entity_kind::certificate, {"cert-filename", "certFilename"}, {"cert-file", "certFile"}, "[pem, der]"},
};

const form& form_of(entity_kind kind) {
    return *std::ranges::find(forms, kind, &form::kind);
}

template <class Names> bool is_one_of(const Names& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

bool is_certificate(std::string_view content) {
    if (crypto::parse_certificate(as_bytes(content)))
        return true;
    try {
        return !crypto::parse_certificates(content).empty(); // a chain
    } catch (const crypto::error&) {
        return false;
    }
}

void check_type(const form& f, upload& u, const upload_limits& limits, const wrong_type_sink& on_wrong_type) {
    const auto refuse = [&](const std::string& why) {
        if (on_wrong_type)
            on_wrong_type(u.name.value_or(""), why);
        throw rest_error(rest_category::invalid_file_type, {f.types});
    };
    if (f.kind == entity_kind::executable_load_file) {
        try {
            u.cap = gp::parse_cap(as_bytes(*u.content), {.file = limits.load_file});
        } catch (const gp::cap_error& e) {
            refuse(e.what());
        }
    } else if (f.kind == entity_kind::certificate) {
        if (!is_certificate(*u.content))
            refuse("no X.509 certificate in PEM or DER");
    } else if (!is_personalization_script(*u.content)) {
        refuse("no personalization script (docs/rest-api.md has the format)");
    }
}

std::string checked_name(std::string_view part, std::string_view name) {
    auto text = canonical(model::text_format::any, name, 255);
    if (!text || std::ranges::any_of(*text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
        throw rest_error(rest_category::invalid_format, {name, part, "string of at most 255 characters"});
    return *text;
}

} // namespace

std::size_t upload_limits::of(entity_kind kind) const {
    switch (kind) {
    case entity_kind::executable_load_file:
        return load_file;
    case entity_kind::personalization_script:
        return script;
    default:
        return certificate;
    }
}

rest_error too_large(entity_kind kind, std::size_t announced, const upload_limits& limits) {
    const auto limit = limits.of(kind);
    return rest_error(rest_category::file_too_large,
                      {model::megabytes(std::max(announced, limit + 1)), model::megabytes(limit)});
}

upload read_upload(entity_kind kind, bool replacing, std::string_view content_type, std::string_view body,
                   const upload_limits& limits, const wrong_type_sink& on_wrong_type) {
    const auto boundary = multipart_boundary(content_type);
    if (!boundary)
        throw rest_error(rest_category::invalid_request, {"unsupported content type"});
    const auto parts = parse_multipart(body, *boundary);
    if (!parts)
        throw rest_error(rest_category::invalid_request, {"malformed multipart body"});
    const auto& f = form_of(kind);
    for (const auto& part : *parts)
        if (!is_one_of(f.name_part, part.name) && !is_one_of(f.file_part, part.name))
            throw rest_error(rest_category::unknown_attribute, {part.name});

    upload u;
    std::optional<std::string> given_name;
    for (const auto& part : *parts) {
        if (is_one_of(f.name_part, part.name)) {
            // The base name wins here too: a name is never a path.
            given_name = checked_name(part.name, part.content.substr(part.content.find_last_of("/\\") + 1));
            continue;
        }
        if (u.content)
            throw rest_error(rest_category::too_many_files);
        u.content = part.content;
        u.name = checked_name(part.name, part.file_name.value_or(""));
    }
    if (u.content && u.content->empty())
        throw rest_error(rest_category::missing_file);
    if (!u.content && !(replacing && given_name))
        throw rest_error(rest_category::missing_file);
    if (given_name)
        u.name = std::move(given_name);
    if (!u.content)
        return u;
    if (u.content->size() > limits.of(kind))
        throw too_large(kind, u.content->size(), limits);
    check_type(f, u, limits, on_wrong_type);
    return u;
}

} // namespace tsms::rest
