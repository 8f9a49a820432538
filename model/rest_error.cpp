#include "model/rest_error.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <vector>

namespace tsms::model {

namespace {

struct row {
    rest_category category;
    int status;
    std::string_view text; ///< {} stands for the next parameter
};

using enum rest_category;

constexpr row rows[] = {
    {not_authenticated, 401, "Not authenticated."},
    {authentication_failed, 401, "Authentication failed."},
    {invalid_request, 400, "Invalid request: {}."},
    {not_allowed_for_post, 400,
     "Create failed: attribute {} not allowed for POST. It is automatically assigned when created."},
    {missing_in_post, 400, "Create failed: attribute {} is missing, but it is mandatory for {}."},
    {not_allowed_for_put, 400,
     "Modify failed: attribute {} not allowed for PUT. Attribute cannot be modified after creation."},
    {missing_in_put, 400, "Modify failed: attribute {} is missing, but it is mandatory for {}."},
    {unknown_attribute, 400, "Unknown: ‘{}’ is not a valid attribute."},
    {invalid_format, 400, "Invalid format ‘{}’ for {}. Supported format is {}."},
    {not_existing, 400, "Not existing: {} with id ‘{}’ does not exist."},
    {still_referenced, 400, "Delete failed: {} is referenced in {}."},
    {missing_file, 400, "Upload failed: missing file."},
    {too_many_files, 400, "Upload failed: too many files provided. Method supports uploading one file."},
    {invalid_file_type, 400, "Upload failed: invalid file type. Supported file types are {}."},
    {file_too_large, 400, "Upload failed: {}MB exceeds maximum upload file size of {}MB."},
    {already_published, 400,
     "Already Published: {} cannot be modified. It is already published via Flavor identifier ‘{}’."},
    {constraints_failed, 400,
     "Technical constraints failed: minimal {} version not supported by SecureComponentProfile."},
    {internal, 500, "Internal server error: {}."},
};

const row& find(rest_category category) {
    return *std::ranges::find(rows, category, &row::category);
}

bool starts_character(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
}

/// Drops characters from the end and marks the place.
void shorten(std::string& utf8, std::size_t drop) {
    while (drop > 0 && !utf8.empty()) {
        if (starts_character(utf8.back()))
            --drop;
        utf8.pop_back();
    }
    utf8 += "…";
}

std::string compose(std::string_view text, const std::vector<std::string>& parameters) {
    std::string out;
    auto parameter = parameters.begin();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i, 2) == "{}" && parameter != parameters.end()) {
            out += *parameter++;
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

constexpr std::size_t message_limit = 255;

std::string message(std::string_view text, std::initializer_list<std::string_view> given) {
    std::vector<std::string> parameters;
    for (const auto parameter : given)
        parameters.push_back(text::quotable(parameter));
    auto out = compose(text, parameters);
    while (text::characters(out) > message_limit) {
        auto& longest = *std::ranges::max_element(parameters, {}, text::characters);
        const auto excess = text::characters(out) - message_limit + 1;
        shorten(longest, std::min(excess, text::characters(longest) / 2 + 1));
        out = compose(text, parameters);
    }
    return out;
}

} // namespace

rest_error::rest_error(rest_category category, std::initializer_list<std::string_view> parameters)
    : std::runtime_error(message(find(category).text, parameters)), category_(category) {}

int rest_error::status() const {
    return find(category_).status;
}

rest_error body_not_allowed(dialect d) {
    if (d == dialect::v1_0)
        return {"Invalid: request body not allowed.", invalid_request};
    return rest_error(invalid_request, {"request body not allowed"});
}

std::string megabytes(std::size_t octets) {
    const auto tenths = (octets * 10 + (1 << 20) - 1) >> 20;
    auto out = std::to_string(tenths / 10);
    if (tenths % 10 != 0)
        out += "," + std::to_string(tenths % 10);
    return out;
}

} // namespace tsms::model
