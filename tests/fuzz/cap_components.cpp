// The components of a CAP file without the ZIP in the way: the input is components, one behind the other, each with its
// tag and size, and the target packs them.

#include "gp/cap.hpp"
#include "lab/card/load_image.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <array>
#include <memory>
#include <zip.h>

namespace tsms::fuzz {

namespace {

constexpr std::array<const char*, 14> names{
    "META-INF/MANIFEST.MF",       "a/javacard/Header.cap",         "a/javacard/Directory.cap",
    "a/javacard/Applet.cap",      "a/javacard/Import.cap",         "a/javacard/ConstantPool.cap",
    "a/javacard/Class.cap",       "a/javacard/Method.cap",         "a/javacard/StaticField.cap",
    "a/javacard/RefLocation.cap", "a/javacard/Export.cap",         "a/javacard/Descriptor.cap",
    "a/javacard/Debug.cap",       "a/javacard/StaticResources.cap"};

struct part {
    std::string name;
    bytes octets;
};

constexpr std::uint8_t mended_directory = 0x82;

/// Tag and size of two octets as in the component itself. The name follows the tag; a size that promises more than
/// there is stays as it is. With the high bit the tag's file is a .capx, and its size gets two more octets in front.
/// Tag 0 is the manifest, whose text has no tag and size of its own.
std::vector<part> split(input in) {
    std::vector<part> parts;
    while (!in.empty() && parts.size() < 16) {
        const auto head = to_bytes(in.take(3));
        if (head.size() < 3)
            break;
        const auto body = in.take(static_cast<std::size_t>(head[1]) << 8 | head[2]);
        const bool extended = (head[0] & 0x80) != 0 && head[0] != mended_directory;
        const std::size_t tag = (head[0] & 0x7F) % names.size();
        bytes octets = tag == 0 ? bytes{} : head;
        if (tag != 0 && extended) {
            octets[0] &= 0x7F;
            octets.insert(octets.begin() + 1, 2, 0);
        }
        append(octets, body);
        parts.push_back({std::string(names[tag]) + (tag != 0 && extended ? "x" : ""), std::move(octets)});
    }
    return parts;
}

/// Writes the sizes of the other components into a Directory that asks for it by its tag: otherwise no component that
/// has another length than its seed would get past it.
void mend_directory(std::vector<part>& parts) {
    std::array<const bytes*, names.size()> components{};
    bytes* directory = nullptr;
    for (auto& p : parts) {
        if (p.octets.empty())
            continue;
        if (p.octets[0] == mended_directory) {
            p.octets[0] = 2;
            directory = &p.octets;
        }
        if (p.octets[0] < names.size() && !components[p.octets[0]])
            components[p.octets[0]] = &p.octets;
    }
    const auto* header = components[1];
    if (!directory || !header || header->size() < 10)
        return;
    const bool extended = ((*header)[9] & 0x08) != 0;
    const std::size_t last = (*header)[7] >= 3 ? 13 : (*header)[7] == 2 ? 12 : 11;
    std::size_t at = 3;
    for (std::size_t tag = 1; tag <= last; ++tag) {
        const std::size_t octets = tag == 13 || (extended && (tag == 7 || tag == 9 || tag == 11 || tag == 12)) ? 4 : 2;
        if (at + octets > directory->size())
            return;
        const auto* component = components[tag];
        const auto size = component && component->size() > octets ? component->size() - 1 - octets : 0;
        for (std::size_t k = 0; k < octets; ++k)
            (*directory)[at++] = static_cast<std::uint8_t>(size >> 8 * (octets - 1 - k));
    }
}

bytes pack(const std::vector<part>& parts) {
    zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, nullptr);
    zip_source_keep(target);
    const std::unique_ptr<zip_source_t, void (*)(zip_source_t*)> kept(target, zip_source_free);
    zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, nullptr);
    for (const auto& p : parts) {
        auto* content = zip_source_buffer(archive, p.octets.data(), p.octets.size(), 0);
        const auto index = zip_file_add(archive, p.name.c_str(), content, ZIP_FL_ENC_UTF_8);
        if (index < 0) // the name is there already
            zip_source_free(content);
        else
            zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
    }
    if (zip_close(archive) != 0) {
        zip_discard(archive);
        return {};
    }
    zip_stat_t status;
    if (zip_source_stat(target, &status) != 0 || zip_source_open(target) != 0)
        return {};
    bytes out(status.size);
    zip_source_read(target, out.data(), out.size());
    zip_source_close(target);
    return out;
}

} // namespace

void run(input in) {
    auto parts = split(in);
    if (parts.empty())
        return;
    mend_directory(parts);
    const auto cap = attempt<gp::cap_error>([&] { return gp::parse_cap(pack(parts)); });
    if (!cap)
        return;
    require(cap->package_aid.size() >= 5 && cap->package_aid.size() <= 16, "the AID has 5 to 16 octets");
    std::size_t total = 0;
    for (const auto& p : parts)
        total += p.octets.size();
    require(cap->load_image.size() <= total, "the image is made of the components");
    // The simulated card reads the same octets with code of its own.
    const auto image = lab::read_load_image(cap->load_image);
    require(image.has_value(), "what the backend accepts a card can read");
    require(image->extended == cap->extended(), "card and backend read the same format");
    require(image->package.aid == cap->package_aid && image->package.major == cap->package_version.major &&
                image->package.minor == cap->package_version.minor,
            "card and backend read the same package");
    require(image->applets == cap->applets, "card and backend read the same applets");
    require(image->imports.size() == cap->imports.size(), "card and backend read the same imports");
    for (std::size_t k = 0; k < cap->imports.size(); ++k)
        require(image->imports[k].aid == cap->imports[k].aid, "card and backend read the same imports");
}

} // namespace tsms::fuzz
