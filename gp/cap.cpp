#include "gp/cap.hpp"

#include "base/ascii.hpp"
#include "crypto/digest.hpp"
#include "gp/cap_archive.hpp"
#include "gp/cap_components.hpp"

#include <algorithm>

namespace tsms::gp {

namespace {

/// Order on the way to the card: the Reference Component Install Order (JCVM 3.1 6.3), in which a card can link while
/// it loads.
constexpr std::array load_order{header,          directory,    import,  applet,        class_,
                                method,          static_field, export_, constant_pool, reference_location,
                                static_resources};

/// What a host may leave out (6.2): without applets, exports and resources; and Descriptor, which is not loaded.
constexpr bool is_optional(std::size_t tag) {
    return tag == applet || tag == export_ || tag == static_resources || tag == descriptor;
}

constexpr std::uint8_t known_flags =
    cap_flags::uses_int | cap_flags::exports | cap_flags::applets | cap_flags::extended;

[[noreturn]] void refuse(const std::string& text) {
    throw cap_error(text);
}

std::string file_name(std::size_t tag, bool extended) {
    return text::lower(component_names[tag]) + (extended ? ".capx" : ".cap");
}

class cap_parser {
public:
    cap_parser(const cap_archive& archive, const cap_limits& limits) : archive_(archive), octets_left_(limits.image) {
        read(header);
        parse_header();
        check_files();
        for (std::size_t tag = directory; tag < component_count; ++tag)
            if (tag != debug) // not loaded onto a card, and the size in it may overflow
                read(tag);
    }

    cap_file parse() {
        const bool extended = cap_.extended();
        methods_ = read_method(body(method), extended);
        cap_.imports = read_import(body(import));
        check_constant_pool(body(constant_pool));
        check_class(body(class_), cap_.format);
        check_reference_location(body(reference_location), extended);
        if (present(applet))
            parse_applets();
        if (present(export_))
            cap_.exports = read_export(body(export_), extended, body(class_).left());
        if (present(static_resources))
            check_static_resources(body(static_resources));
        parse_directory();
        check_flags();
        for (auto tag : load_order)
            append(cap_.load_image, components_[tag]);
        cap_.sha256 = crypto::sha256(cap_.load_image);
        cap_.sha1 = crypto::sha1(cap_.load_image);
        cap_.java_card_version = java_card_version_of(cap_.format, cap_.imports);
        cap_.gp_api_version = gp_api_version_of(cap_.imports);
        return std::move(cap_);
    }

private:
    bool present(std::size_t tag) const { return !components_[tag].empty(); }

    /// Octets of the size behind the tag.
    std::size_t size_octets(std::size_t tag) const {
        return tag == static_resources || (cap_.extended() && may_be_extended(tag)) ? 4 : 2;
    }

    component_reader body(component_tag tag) const {
        return {tag, bytes_view(components_[tag]).subspan(1 + size_octets(tag))};
    }

    /// JCVM 3.1 6.2, table 6-2: which component stands in which file.
    void check_files() const {
        for (const auto& name : archive_.components()) {
            std::size_t tag = header;
            while (tag < component_count && name != file_name(tag, false) && name != file_name(tag, true))
                ++tag;
            if (tag == component_count)
                refuse("the ZIP holds " + printable_name(name) + ", which is no component of a CAP file");
            const bool as_extended = name.ends_with('x');
            if (as_extended != (size_octets(tag) == 4))
                refuse("the ZIP holds " + name + ", but the Header component says that the CAP file is of the " +
                       (cap_.extended() ? "extended" : "compact") + " format");
        }
    }

    void read(std::size_t tag) {
        const auto name = std::string(component_names[tag]);
        const auto size = size_octets(tag);
        const auto limit = size == 4 ? octets_left_ : std::min<std::size_t>(octets_left_, 0xFFFF + 3u);
        auto octets = archive_.read(file_name(tag, size == 4), limit);
        if (!octets) {
            if (!is_optional(tag))
                refuse("the " + name + " component is missing");
            return;
        }
        octets_left_ -= octets->size();
        component_reader reader(static_cast<component_tag>(tag), *octets);
        if (reader.u1() != tag)
            refuse(file_name(tag, size == 4) + " holds another component");
        const std::size_t recorded = size == 4 ? reader.u4() : reader.u2();
        if (recorded != reader.left())
            refuse("the size of the " + name + " component is not the size of its file");
        components_[tag] = *std::move(octets);
    }

    /// JCVM 3.1 6.4
    void parse_header() {
        auto in = body(header);
        static constexpr std::array<std::uint8_t, 4> magic{0xDE, 0xCA, 0xFF, 0xED};
        const auto start = in.take(magic.size());
        if (!std::equal(start.begin(), start.end(), magic.begin()))
            in.refuse("does not start with DECAFFED");
        cap_.format = in.version();
        cap_.flags = in.u1();
        if (cap_.format.major != 2 || cap_.format.minor < 1 || cap_.format.minor > 3)
            refuse("CAP format " + to_string(cap_.format) + " is not supported (2.1 to 2.3 are)");
        if ((cap_.flags & ~known_flags) != 0)
            in.refuse("has flags that are reserved");
        if (cap_.extended() && cap_.format < cap_version{2, 3})
            in.refuse("has the flag of the extended CAP format, which CAP format " + to_string(cap_.format) +
                      " does not have");
        cap_.package_version = in.version();
        cap_.package_aid = in.aid();
        if (cap_.extended())
            parse_packages(in);
        else if (cap_.format >= cap_version{2, 2} || in.left() != 0) // package_name_info, since 2.2
            cap_.package_name = name(in);
        in.must_end();
    }

    /// The public packages of the extended format, then their names.
    void parse_packages(component_reader& in) {
        const int count = in.u1();
        for (int k = 0; k < count; ++k) {
            const auto version = in.version();
            cap_.packages.push_back({in.aid(), version});
        }
        for (int k = 0; k < count; ++k)
            name(in);
    }

    static std::string name(component_reader& in) {
        const auto octets = in.take(in.u1());
        return {octets.begin(), octets.end()};
    }

    /// JCVM 3.1 6.5: it repeats what the other components are.
    void parse_directory() {
        auto in = body(directory);
        const std::size_t last = cap_.format.minor == 1   ? descriptor
                                 : cap_.format.minor == 2 ? debug
                                                          : static_resources;
        for (std::size_t tag = header; tag <= last; ++tag) {
            const std::size_t recorded = size_octets(tag) == 4 ? in.u4() : in.u2();
            // A CAP may have been stripped of what is not loaded.
            if (tag == debug || (tag == descriptor && !present(tag)))
                continue;
            const auto octets = components_[tag].size();
            if (recorded != (octets == 0 ? 0 : octets - 1 - size_octets(tag)))
                in.refuse("records another size of the " + std::string(component_names[tag]) + " component");
        }
        if (present(static_resources) && last != static_resources)
            in.refuse("does not record StaticResources: CAP format " + to_string(cap_.format) +
                      " has no such component");
        static_field_size fields;
        fields.image = in.u2();
        fields.arrays = in.u2();
        fields.array_octets = in.u2();
        if (fields != read_static_field(body(static_field)))
            in.refuse("records another static field image than the StaticField component's");
        if (in.u1() != cap_.imports.size())
            in.refuse("records another number of imports");
        if (in.u1() != cap_.applets.size())
            in.refuse("records another number of applets");
        if (cap_.extended() && in.u1() != methods_.size())
            in.refuse("records another number of blocks of the Method component");
        // A card would get a Directory that announces what a host does not know how to load.
        if (in.u1() != 0)
            in.refuse("announces custom components, which are not supported: convert the package without them");
        in.must_end();
    }

    /// JCVM 3.1 6.6
    void parse_applets() {
        auto in = body(applet);
        const int count = in.u1();
        if (count == 0)
            in.refuse("holds no applet");
        for (int k = 0; k < count; ++k) {
            const auto aid = in.aid();
            const std::size_t block = cap_.extended() ? in.u1() : 0;
            const auto install = in.u2();
            if (block >= methods_.size() || !methods_[block].has_method_at(install))
                in.refuse("has an install method outside the Method component");
            if (std::find(cap_.applets.begin(), cap_.applets.end(), aid) != cap_.applets.end())
                in.refuse("has two applets with one AID");
            // All have one RID; that of the package where there is one package (4.2).
            const auto& other = cap_.extended() && !cap_.applets.empty() ? cap_.applets.front() : cap_.package_aid;
            if ((!cap_.extended() || !cap_.applets.empty()) &&
                !std::equal(other.begin(), other.begin() + 5, aid.begin()))
                refuse(cap_.extended() ? "an applet's AID does not start with the RID of the other applets"
                                       : "an applet's AID does not start with the RID of its package");
            cap_.applets.push_back(aid);
        }
        in.must_end();
    }

    void check_flags() const {
        if (((cap_.flags & cap_flags::applets) != 0) != present(applet))
            refuse("the Header component's applet flag contradicts the Applet component");
        if (((cap_.flags & cap_flags::exports) != 0) != present(export_))
            refuse("the Header component's export flag contradicts the Export component");
    }

    const cap_archive& archive_;
    std::size_t octets_left_;
    std::array<bytes, component_count> components_;
    std::vector<method_block> methods_;
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

bool cap_file::extended() const {
    return (flags & cap_flags::extended) != 0;
}

cap_file parse_cap(bytes_view zip, const cap_limits& limits) {
    const cap_archive archive(zip, limits);
    auto cap = cap_parser(archive, limits).parse();
    if (cap.package_name.empty())
        cap.package_name = archive.manifest_value(cap.extended() ? "Java-Card-CAP-Name" : "Java-Card-Package-Name");
    cap.package_name = normalised(std::move(cap.package_name));
    return cap;
}

} // namespace tsms::gp
