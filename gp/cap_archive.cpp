#include "gp/cap_archive.hpp"

#include <zip.h>

namespace tsms::gp {

namespace {

constexpr std::string_view manifest_name = "META-INF/MANIFEST.MF";
constexpr std::size_t manifest_limit = 64 * 1024;

[[noreturn]] void refuse(const std::string& text) {
    throw cap_error(text);
}

bool leads_out(std::string_view name) {
    if (name.empty() || name.front() == '/' || name.find('\\') != std::string_view::npos)
        return true;
    for (std::size_t start = 0; start <= name.size();) {
        const auto end = std::min(name.find('/', start), name.size());
        if (name.substr(start, end - start) == "..")
            return true;
        start = end + 1;
    }
    return false;
}

} // namespace

void cap_archive::discard::operator()(zip* archive) const {
    zip_discard(archive);
}

cap_archive::cap_archive(bytes_view octets, const cap_limits& limits) {
    if (octets.size() > limits.file)
        refuse("the file is larger than " + std::to_string(limits.file) + " octets");
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(octets.data(), octets.size(), 0, &error);
    if (source)
        zip_.reset(zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error));
    if (!zip_) {
        const std::string why = zip_error_strerror(&error);
        zip_source_free(source);
        zip_error_fini(&error);
        refuse("not a ZIP file: " + why);
    }
    zip_error_fini(&error);
    const auto count = zip_get_num_entries(zip_.get(), 0);
    if (count < 0 || static_cast<std::size_t>(count) > limits.entries)
        refuse("the ZIP holds more than " + std::to_string(limits.entries) + " files");
    for (zip_uint64_t k = 0; k < static_cast<zip_uint64_t>(count); ++k) {
        const char* raw = zip_get_name(zip_.get(), k, ZIP_FL_ENC_RAW);
        const std::string_view name = raw ? raw : "";
        if (leads_out(name))
            refuse("the ZIP holds a file name that leads out of its directory");
        if (name.ends_with(".capx"))
            refuse("extended CAP format (Java Card 3.1) is not supported: convert the package in the compact format");
        if (name != manifest_name && !name.ends_with(".cap"))
            continue;
        const auto slash = name == manifest_name ? std::string_view::npos : name.rfind('/');
        const auto file = slash == std::string_view::npos ? name : name.substr(slash + 1);
        if (!files_.emplace(file, k).second)
            refuse("the ZIP holds " + std::string(file) + " twice");
    }
}

bytes cap_archive::extract(std::uint64_t index, std::size_t limit) const {
    const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(zip_.get(), index, 0), &zip_fclose);
    if (!file)
        refuse(std::string("a file in the ZIP cannot be read: ") + zip_strerror(zip_.get()));
    // What counts is what comes out, not the size that the ZIP announces; the end is read to have the checksum
    // verified.
    bytes out;
    std::uint8_t block[4096];
    while (true) {
        const auto count = zip_fread(file.get(), block, sizeof block);
        if (count < 0)
            refuse("a file in the ZIP is damaged");
        if (count == 0)
            return out;
        append(out, {block, static_cast<std::size_t>(count)});
        if (out.size() > limit)
            refuse("a file in the ZIP is larger than " + std::to_string(limit) + " octets");
    }
}

std::optional<bytes> cap_archive::read(const std::string& file_name, std::size_t limit) const {
    const auto found = files_.find(file_name);
    if (found == files_.end())
        return std::nullopt;
    return extract(found->second, limit);
}

std::string cap_archive::manifest_value(std::string_view key) const {
    const auto found = files_.find(manifest_name);
    if (found == files_.end())
        return {};
    const auto octets = extract(found->second, manifest_limit);
    std::string_view rest(reinterpret_cast<const char*>(octets.data()), octets.size());
    std::string value;
    bool wanted = false;
    while (!rest.empty()) {
        auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        if (wanted && line.starts_with(' ')) { // continuation of a long line
            value += line.substr(1);
            continue;
        }
        if (wanted)
            break;
        wanted = line.starts_with(key) && line.substr(key.size()).starts_with(": ");
        if (wanted)
            value = line.substr(key.size() + 2);
    }
    return value;
}

} // namespace tsms::gp
