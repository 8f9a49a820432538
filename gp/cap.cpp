#include "gp/cap.hpp"

#include "crypto/digest.hpp"
#include "gp/cap_archive.hpp"

#include <algorithm>
#include <array>

namespace tsms::gp {

namespace {

/// Tags of the components (JCVM 6.2, table 6-2).
enum component_tag : std::uint8_t {
    header = 1,
    directory,
    applet,
    import,
    constant_pool,
    class_,
    method,
    static_field,
    reference_location,
    export_,
    descriptor,
    debug,
};

constexpr std::array<std::string_view, 13> names{
    "",       "Header",      "Directory",   "Applet", "Import",     "ConstantPool", "Class",
    "Method", "StaticField", "RefLocation", "Export", "Descriptor", "Debug"};

/// Order on the way to the card (JCVM 6.2.1 recommends it so that a card can link while it loads; field lesson 12).
constexpr std::array load_order{header, directory,    import,  applet,        class_,
                                method, static_field, export_, constant_pool, reference_location};

[[noreturn]] void refuse(const std::string& text) {
    throw cap_error(text);
}

/// Reads one component from its start; every step is checked.
class component_reader {
public:
    component_reader(std::string_view name, bytes_view octets) : name_(name), rest_(octets) {}

    std::uint8_t u1() { return take(1)[0]; }
    std::uint16_t u2() {
        const auto octets = take(2);
        return static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
    }
    bytes_view take(std::size_t count) {
        if (count > rest_.size())
            refuse(std::string(name_) + " component is shorter than its contents");
        const auto out = rest_.first(count);
        rest_ = rest_.subspan(count);
        return out;
    }
    cap_version version() {
        const auto minor = u1();
        return {u1(), minor};
    }
    bytes aid() {
        const auto length = u1();
        if (length < 5 || length > 16)
            refuse(std::string(name_) + " component holds an AID that is not 5 to 16 octets long");
        return to_bytes(take(length));
    }
    bool at_end() const { return rest_.empty(); }

private:
    std::string_view name_;
    bytes_view rest_;
};

class cap_parser {
public:
    cap_parser(const cap_archive& archive, const cap_limits& limits) {
        for (std::uint8_t tag = header; tag < names.size(); ++tag)
            read(archive, tag, limits);
    }

    cap_file parse() {
        parse_header();
        parse_directory();
        parse_imports();
        if (present(applet))
            parse_applets();
        if (present(export_))
            cap_.exports = body(export_).u1();
        check_flags();
        for (auto tag : load_order)
            append(cap_.load_image, components_[tag]);
        cap_.sha256 = crypto::sha256(cap_.load_image);
        cap_.sha1 = crypto::sha1(cap_.load_image);
        cap_.java_card_version = java_card_version_of(cap_.imports);
        cap_.gp_api_version = gp_api_version_of(cap_.imports);
        return std::move(cap_);
    }

private:
    bool present(component_tag tag) const { return !components_[tag].empty(); }

    void read(const cap_archive& archive, std::uint8_t tag, const cap_limits& limits) {
        // Neither is loaded onto a card, and the size in a Debug component may overflow.
        if (tag == debug || tag == descriptor)
            return;
        auto octets = archive.read(std::string(names[tag]) + ".cap", limits.component);
        if (!octets) {
            if (tag != applet && tag != export_)
                refuse("the " + std::string(names[tag]) + " component is missing");
            return;
        }
        component_reader reader(names[tag], *octets);
        if (reader.u1() != tag)
            refuse(std::string(names[tag]) + ".cap holds another component");
        if (reader.u2() + 3u != octets->size())
            refuse("the size of the " + std::string(names[tag]) + " component is not the size of its file");
        components_[tag] = *std::move(octets);
    }

    component_reader body(component_tag tag) const { return {names[tag], bytes_view(components_[tag]).subspan(3)}; }

    /// JCVM 6.4
    void parse_header() {
        auto reader = body(header);
        static constexpr std::array<std::uint8_t, 4> magic{0xDE, 0xCA, 0xFF, 0xED};
        const auto start = reader.take(magic.size());
        if (!std::equal(start.begin(), start.end(), magic.begin()))
            refuse("the Header component does not start with DECAFFED");
        cap_.format = reader.version();
        cap_.flags = reader.u1();
        if ((cap_.flags & cap_flags::extended) != 0)
            refuse("extended CAP format (Java Card 3.1) is not supported: convert the package in the compact format");
        if (cap_.format.major != 2 || cap_.format.minor < 1 || cap_.format.minor > 3)
            refuse("CAP format " + to_string(cap_.format) + " is not supported (2.1 to 2.3 are)");
        cap_.package_version = reader.version();
        cap_.package_aid = reader.aid();
        if (!reader.at_end()) { // package_name_info, since 2.2
            const auto name = reader.take(reader.u1());
            cap_.package_name.assign(name.begin(), name.end());
        }
    }

    /// JCVM 6.5: the sizes recorded there are those of the components.
    void parse_directory() {
        auto reader = body(directory);
        const int recorded = cap_.format.minor == 1 ? descriptor : debug;
        for (int tag = header; tag <= recorded; ++tag) {
            const auto size = reader.u2();
            if (tag >= descriptor)
                continue;
            const auto& octets = components_[static_cast<std::size_t>(tag)];
            if (size != (octets.empty() ? 0 : octets.size() - 3))
                refuse("the Directory component records another size of the " +
                       std::string(names[static_cast<std::size_t>(tag)]) + " component");
        }
        reader.take(6); // static_field_size_info
        import_count_ = reader.u1();
        applet_count_ = reader.u1();
    }

    void parse_imports() {
        auto reader = body(import);
        const auto count = reader.u1();
        if (count != import_count_)
            refuse("the Directory component records another number of imports");
        for (int k = 0; k < count; ++k) {
            const auto version = reader.version();
            cap_.imports.push_back({reader.aid(), version});
        }
    }

    void parse_applets() {
        auto reader = body(applet);
        const auto count = reader.u1();
        for (int k = 0; k < count; ++k) {
            cap_.applets.push_back(reader.aid());
            reader.u2(); // install_method_offset
            // JCVM 6.6: an applet's AID starts with the RID of its package.
            if (!std::equal(cap_.package_aid.begin(), cap_.package_aid.begin() + 5, cap_.applets.back().begin()))
                refuse("an applet's AID does not start with the RID of its package");
        }
    }

    void check_flags() const {
        if (cap_.applets.size() != applet_count_)
            refuse("the Directory component records another number of applets");
        if (((cap_.flags & cap_flags::applets) != 0) != !cap_.applets.empty())
            refuse("the Header component's applet flag contradicts the Applet component");
        if (((cap_.flags & cap_flags::exports) != 0) != present(export_))
            refuse("the Header component's export flag contradicts the Export component");
    }

    std::array<bytes, names.size()> components_;
    std::size_t import_count_ = 0;
    std::size_t applet_count_ = 0;
    cap_file cap_;
};

/// Package names are written with dots or slashes; the result has dots and only characters of Java names.
std::string normalised(std::string name) {
    std::replace(name.begin(), name.end(), '/', '.');
    const bool good = name.size() <= 255 && std::all_of(name.begin(), name.end(), [](char c) {
                          return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                 c == '.' || c == '_' || c == '$';
                      });
    return good ? name : std::string();
}

} // namespace

std::string to_string(cap_version v) {
    return std::to_string(v.major) + "." + std::to_string(v.minor);
}

cap_file parse_cap(bytes_view zip, const cap_limits& limits) {
    const cap_archive archive(zip, limits);
    auto cap = cap_parser(archive, limits).parse();
    if (cap.package_name.empty())
        cap.package_name = archive.manifest_value("Java-Card-Package-Name");
    cap.package_name = normalised(std::move(cap.package_name));
    return cap;
}

} // namespace tsms::gp
