#include "http/rest/upload.hpp"

#include "base/ascii.hpp"
#include "crypto/pki.hpp"
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
    std::string_view extension;
};
constexpr form forms[] = {
    {entity_kind::executable_load_file, {"elf-filename", "elfFilename"}, {"elf-file", "elfFile"}, "[cap]", ".cap"},
    {entity_kind::personalization_script,
     {"script-filename", "scriptFilename"},
     {"script-file", "scriptFile"},
     "[json]",
     ".json"},
    {entity_kind::certificate, {"cert-filename", "certFilename"}, {"cert-file", "certFile"}, "[pem, der]", ".cer"},
};

const form& form_of(entity_kind kind) {
    return *std::ranges::find(forms, kind, &form::kind);
}

template <class Names> bool is_one_of(const Names& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

void check_type(const form& f, upload& u, const upload_limits& limits) {
    const auto refuse = [&](std::string why) {
        throw rest_error(rest_category::invalid_file_type, {f.types}).because(std::move(why));
    };
    if (f.kind == entity_kind::executable_load_file) {
        try {
            u.cap = gp::parse_cap(as_bytes(*u.content), {.file = limits.load_file});
        } catch (const gp::cap_error& e) {
            refuse(e.what());
        }
    } else if (f.kind == entity_kind::certificate) {
        try {
            crypto::parse_only_certificates(as_bytes(*u.content));
        } catch (const crypto::error& e) {
            refuse(e.what());
        }
    } else if (auto fault = fault_of_script(*u.content)) {
        refuse("no personalization script: " + *fault);
    }
}

std::string checked_name(std::string_view part, std::string_view name) {
    auto text = canonical(model::text_format::any, name, 255);
    if (!text || *text == "." || *text == ".." || text::has_control(*text))
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

std::string_view extension_of(entity_kind kind) {
    return form_of(kind).extension;
}

upload_reader::upload_reader(entity_kind kind, std::string_view content_type, const upload_limits& limits,
                             std::filesystem::path folder, std::shared_ptr<budget> room)
    : kind_(kind), limits_(limits), room_(std::move(room)), file_(std::move(folder)) {
    if (const auto boundary = multipart_boundary(content_type))
        form_.emplace(*boundary, form_reader::receiver{[this](part_head head) { begin(std::move(head)); },
                                                       [this](std::string_view octets) { add(octets); }});
}

bool upload_reader::take(std::string_view octets) {
    try {
        well_formed_ = form_ && form_->feed(octets);
    } catch (...) { // memory, or the disk
        failure_ = std::current_exception();
    }
    return well_formed_ && !no_room_ && !failure_;
}

void upload_reader::begin(part_head head) {
    const auto& f = form_of(kind_);
    if (is_one_of(f.name_part, head.name)) {
        current_ = part::name;
        ++names_;
        name_part_ = std::move(head.name);
    } else if (is_one_of(f.file_part, head.name)) {
        current_ = part::file;
        ++files_;
        if (files_ == 1)
            file_part_ = std::move(head);
    } else {
        current_ = part::other;
        if (!unknown_)
            unknown_ = std::move(head.name);
    }
}

void upload_reader::add(std::string_view octets) {
    constexpr std::size_t enough = 4096; // a name that is longer is refused all the same
    if (current_ == part::name && names_ == 1)
        given_name_ += octets.substr(0, enough - std::min(enough, given_name_.size()));
    if (current_ == part::file && files_ == 1)
        keep(octets);
}

void upload_reader::keep(std::string_view octets) {
    file_size_ += octets.size();
    if (file_size_ > limits_.of(kind_) || no_room_)
        return;
    if (room_.grow(octets.size()))
        file_.append(octets);
    else
        no_room_ = true;
}

std::string upload_reader::file_name() const {
    const auto named = given_name_.substr(given_name_.find_last_of("/\\") + 1);
    return named.empty() && file_part_ ? file_part_->file_name.value_or("") : named;
}

upload upload_reader::finish(bool replacing, std::optional<std::size_t> announced) {
    if (!form_)
        throw rest_error(rest_category::invalid_request, {"unsupported content type"})
            .because("Content-Type must be multipart/form-data with a boundary of 1 to 70 characters");
    if (failure_)
        std::rethrow_exception(failure_);
    if (no_room_)
        throw busy();
    if (!well_formed_ || (!announced && !form_->complete()))
        throw rest_error(rest_category::invalid_request, {"malformed multipart body"}).because(form_->fault());
    if (names_ > 1)
        throw rest_error(rest_category::invalid_request, {"more than one file name"});
    if (unknown_)
        throw rest_error(rest_category::unknown_attribute, {*unknown_});
    upload u;
    // The base name wins here too: a name is never a path.
    if (name_part_)
        u.name = checked_name(*name_part_, given_name_.substr(given_name_.find_last_of("/\\") + 1));
    if (file_part_) {
        auto own = checked_name(file_part_->name, file_part_->file_name.value_or(""));
        if (!u.name || u.name->empty())
            u.name = std::move(own);
    }
    if (u.name && u.name->empty())
        u.name.reset(); // A is never empty (TR 4.1.4)
    if (files_ > 1)
        throw rest_error(rest_category::too_many_files);
    const auto limit = limits_.of(kind_);
    if (announced || file_size_ > limit)
        throw rest_error(
            rest_category::file_too_large,
            {model::megabytes(std::max({announced.value_or(0), file_size_, limit + 1})), model::megabytes(limit)});
    if (files_ == 0 && replacing && name_part_)
        return u;
    if (file_size_ == 0)
        throw rest_error(rest_category::missing_file);
    u.content = file_.content();
    check_type(form_of(kind_), u, limits_);
    return u;
}

} // namespace tsms::rest
