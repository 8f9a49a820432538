#include "lab/card/load_image.hpp"

#include <algorithm>
#include <map>

namespace tsms::lab {

namespace {

enum component : std::uint8_t {
    header = 1,
    directory = 2,
    applet = 3,
    import = 4,
    constant_pool = 5,
    class_ = 6,
    method = 7,
    static_field = 8,
    reference_location = 9,
    export_ = 10,
    descriptor = 11,
    debug = 12,
    static_resources = 13,
};

constexpr component mandatory[] = {header, directory, import,       constant_pool,
                                   class_, method,    static_field, reference_location};
constexpr std::uint8_t flag_extended = 0x08;

struct malformed {};

class cursor {
public:
    explicit cursor(bytes_view data) : rest_(data) {}
    bool empty() const { return rest_.empty(); }
    bytes_view take(std::size_t count) {
        if (count > rest_.size())
            throw malformed{};
        const auto out = rest_.first(count);
        rest_ = rest_.subspan(count);
        return out;
    }
    std::uint8_t u1() { return take(1)[0]; }
    std::uint16_t u2() {
        const auto octets = take(2);
        return static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
    }
    std::uint32_t u4() {
        const auto high = u2();
        return static_cast<std::uint32_t>(high) << 16 | u2();
    }
    bytes aid() {
        const auto length = u1();
        if (length < 5 || length > 16)
            throw malformed{};
        return to_bytes(take(length));
    }
    package_version package() {
        package_version p;
        p.minor = u1();
        p.major = u1();
        p.aid = aid();
        return p;
    }

private:
    bytes_view rest_;
};

/// Octets of a component's size: the big ones of the extended format have four.
int size_octets(std::uint8_t tag, bool extended) {
    const bool big = tag == method || tag == reference_location || tag == descriptor || tag == debug;
    return tag == static_resources || (extended && big) ? 4 : 2;
}

/// The flags stand in the first component, at a fixed place: they decide how the others are read.
bool is_extended(bytes_view block) {
    constexpr std::size_t flags_at = 3 + 4 + 2;
    if (block.size() <= flags_at || block[0] != header)
        throw malformed{};
    return (block[flags_at] & flag_extended) != 0;
}

std::map<std::uint8_t, bytes_view> components_of(bytes_view block, bool extended) {
    std::map<std::uint8_t, bytes_view> components;
    cursor at(block);
    while (!at.empty()) {
        const auto tag = at.u1();
        const std::size_t size = size_octets(tag, extended) == 4 ? at.u4() : at.u2();
        if (tag < header || tag > static_resources || !components.emplace(tag, at.take(size)).second)
            throw malformed{};
    }
    for (auto tag : mandatory)
        if (!components.contains(tag))
            throw malformed{};
    return components;
}

/// True where one of the static arrays is the marker (JCVM 6.10: image, references, arrays, then the other values).
bool has_marker(cursor fields) {
    bool found = false;
    fields.take(4);
    for (int left = fields.u2(); left > 0; --left) {
        fields.u1(); // type
        const auto array = fields.take(fields.u2());
        found = found || std::ranges::equal(array, as_bytes(keeps_data_marker));
    }
    return found;
}

load_image read(bytes_view block) {
    load_image image;
    image.extended = is_extended(block);
    image.code_octets = block.size();
    const auto components = components_of(block, image.extended);

    cursor head(components.at(header));
    const auto magic = head.u4();
    const auto minor = head.u1(); // of the format
    const auto major = head.u1();
    head.u1(); // flags
    if (magic != 0xDECAFFED || major != 2 || (image.extended && minor < 3))
        throw malformed{};
    image.package = head.package();
    if (image.extended)
        for (int left = head.u1(); left > 0; --left)
            image.packages.push_back(head.package());

    // Component sizes in the order of their tags, as far as this version of the format lists them.
    cursor sizes(components.at(directory));
    const std::uint8_t last = minor >= 3 ? static_resources : minor == 2 ? debug : descriptor;
    for (std::uint8_t tag = header; tag <= last; ++tag) {
        const std::size_t size = size_octets(tag, image.extended) == 4 ? sizes.u4() : sizes.u2();
        const auto found = components.find(tag);
        if (found != components.end() && found->second.size() != size)
            throw malformed{};
    }

    cursor packages(components.at(import));
    for (int left = packages.u1(); left > 0; --left)
        image.imports.push_back(packages.package());

    image.keeps_data = has_marker(cursor(components.at(static_field)));

    if (const auto found = components.find(applet); found != components.end()) {
        cursor applets(found->second);
        for (int left = applets.u1(); left > 0; --left) {
            image.applets.push_back(applets.aid());
            applets.take(image.extended ? 3 : 2); // install(): the block and the offset in it
        }
    }
    return image;
}

} // namespace

std::optional<load_image> read_load_image(bytes_view block) {
    try {
        return read(block);
    } catch (const malformed&) {
        return std::nullopt;
    }
}

} // namespace tsms::lab
