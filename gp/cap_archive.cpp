#include "gp/cap_archive.hpp"

#include "base/ascii.hpp"
#include <zip.h>

namespace tsms::gp {

namespace {

constexpr std::string_view manifest_name = "meta-inf/manifest.mf";
constexpr std::size_t manifest_limit = 64 * 1024;

[[noreturn]] void refuse(const std::string& text) {
    throw cap_error(text);
}

bool is_component(std::string_view lower_name) {
    return lower_name.ends_with(".cap") || lower_name.ends_with(".capx");
}

} // namespace

void cap_archive::discard::operator()(zip* archive) const {
    zip_discard(archive);
}

cap_archive::cap_archive(bytes_view octets, const cap_limits& limits) : members_(read_zip_layout(octets, limits)) {
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
    // The library finds the directory by rules of its own: it must have found the same one.
    bool same = zip_get_num_entries(zip_.get(), 0) == static_cast<zip_int64_t>(members_.size());
    for (std::size_t k = 0; same && k < members_.size(); ++k) {
        zip_stat_t entry;
        same = zip_stat_index(zip_.get(), k, ZIP_FL_ENC_RAW, &entry) == 0 && members_[k].name == entry.name &&
               members_[k].size == entry.size && members_[k].crc == entry.crc;
    }
    if (!same)
        refuse("the ZIP can be read in two ways");
    for (std::size_t k = 0; k < members_.size(); ++k) {
        const auto name = text::lower(members_[k].name);
        if (name != manifest_name && !is_component(name))
            continue;
        const auto slash = name == manifest_name ? std::string::npos : name.rfind('/');
        const auto file = slash == std::string::npos ? name : name.substr(slash + 1);
        if (!files_.emplace(file, k).second)
            refuse("the ZIP holds " + printable_name(file) + " twice, in two directories");
    }
}

std::vector<std::string> cap_archive::components() const {
    std::vector<std::string> out;
    for (const auto& [name, index] : files_)
        if (name != manifest_name)
            out.push_back(name);
    return out;
}

bytes cap_archive::extract(std::size_t index, std::size_t limit) const {
    const auto name = printable_name(members_[index].name);
    if (members_[index].size > limit)
        refuse("‘" + name + "’ in the ZIP is larger than " + std::to_string(limit) + " octets");
    const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(zip_.get(), index, 0), &zip_fclose);
    if (!file)
        refuse("‘" + name + "’ in the ZIP cannot be read: " + zip_strerror(zip_.get()));
    // What counts is what comes out, not the size that the ZIP announces; the end is read to have the checksum
    // verified.
    bytes out;
    std::uint8_t block[4096];
    while (true) {
        const auto count = zip_fread(file.get(), block, sizeof block);
        if (count < 0)
            refuse("‘" + name + "’ in the ZIP is damaged");
        if (count == 0)
            break;
        append(out, {block, static_cast<std::size_t>(count)});
        if (out.size() > members_[index].size)
            break;
    }
    if (out.size() != members_[index].size)
        refuse("‘" + name + "’ in the ZIP has another size than its directory says");
    return out;
}

std::optional<bytes> cap_archive::read(std::string_view file_name, std::size_t limit) const {
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
