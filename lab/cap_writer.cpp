#include "lab/cap_writer.hpp"

#include "lab/card/load_image.hpp"
#include "lab/zip_writer.hpp"

#include <algorithm>
#include <stdexcept>

namespace tsms::lab {

namespace {

/// Tags of the components (JCVM 2.2.2, table 6-1).
enum tag : std::uint8_t {
    header = 1,
    directory = 2,
    applet = 3,
    import = 4,
    constant_pool = 5,
    class_ = 6,
    method = 7,
    static_field = 8,
    reference_location = 9,
    descriptor = 11,
};

constexpr const char* file_names[] = {"",      "Header", "Directory",   "Applet",      "Import", "ConstantPool",
                                      "Class", "Method", "StaticField", "RefLocation", "Export", "Descriptor"};

/// The order in which hosts load the components.
constexpr tag load_order[] = {header,        directory,         import, applet, class_, method, static_field,
                              constant_pool, reference_location};

class writer {
public:
    writer& u1(std::size_t value) {
        out_.push_back(static_cast<std::uint8_t>(value & 0xFF));
        return *this;
    }
    writer& u2(std::size_t value) { return u1(value >> 8 & 0xFF).u1(value & 0xFF); }
    writer& u4(std::size_t value) { return u2(value >> 16).u2(value & 0xFFFF); }
    writer& raw(bytes_view octets) {
        append(out_, octets);
        return *this;
    }
    writer& package(bytes_view aid, cap_version v) { return u1(v.minor).u1(v.major).u1(aid.size()).raw(aid); }
    std::size_t size() const { return out_.size(); }
    const bytes& octets() const { return out_; }

private:
    bytes out_;
};

struct imported_package {
    bytes aid;
    cap_version version;
    const char* name;
};

bool is_extended(const cap_request& r, std::size_t t) {
    return r.extended && (t == method || t == reference_location || t == descriptor);
}

std::vector<imported_package> imports_of(const cap_request& r) {
    // Package tokens are positions in this list: the constant pool relies on javacard.framework being 0.
    std::vector<imported_package> all{{hex("A0000000620101"), r.java_card, "javacard.framework"},
                                      {hex("A0000000620001"), {1, 0}, "java.lang"}};
    if (r.gp_api)
        all.push_back({hex("A00000015100"), *r.gp_api, "org.globalplatform"});
    if (r.library)
        all.push_back({*r.library, {1, 0}, "library"});
    return all;
}

// Every applet is the class
//     public class X extends javacard.framework.Applet {
//         public X() { super(); register(); }
//         public static void install(byte[] b, short o, byte l) { new X(); }
//         public void process(APDU apdu) {}
//     }
// followed, in the first class, by private static methods that fill the package up to the wanted size.

constexpr std::size_t class_info_octets = 12;
constexpr std::size_t class_info_extended_octets = 22;
constexpr std::size_t constructor_octets = 2 + 9;
constexpr std::size_t install_octets = 2 + 7;
constexpr std::size_t process_octets = 2 + 1;
constexpr std::size_t applet_octets = constructor_octets + install_octets + process_octets;
constexpr std::size_t most_padding_method = 4096;
constexpr std::size_t methods_per_block = 15; ///< of the longest padding methods: a block is shorter than 64 KiB

std::size_t constructor_offset(std::size_t i) {
    return 1 + i * applet_octets;
}
std::size_t install_offset(std::size_t i) {
    return constructor_offset(i) + constructor_octets;
}
std::size_t process_offset(std::size_t i) {
    return install_offset(i) + install_octets;
}

// Constant pool: Applet.<init>, Applet.register(), then for each applet its class and its constructor.
constexpr std::size_t pool_super = 0;
constexpr std::size_t pool_register = 1;
constexpr std::size_t pool_class(std::size_t i) {
    return 2 + 2 * i;
}
constexpr std::size_t pool_constructor(std::size_t i) {
    return 3 + 2 * i;
}

/// Lengths of the padding methods that together take this many octets; each one is a header, nops and a return.
std::vector<std::size_t> padding_methods(std::size_t octets) {
    std::vector<std::size_t> lengths;
    while (octets >= 3) {
        auto length = std::min(octets, most_padding_method);
        if (octets - length == 1 || octets - length == 2)
            length -= 3; // leave enough for a last method
        lengths.push_back(length);
        octets -= length;
    }
    return lengths;
}

class package_builder {
public:
    package_builder(const cap_request& request, std::size_t padding)
        : request_(request), imports_(imports_of(request)), padding_(padding_methods(padding)) {
        components_.resize(std::size(file_names));
        put(header, make_header());
        put(applet, make_applet());
        put(import, make_import());
        put(constant_pool, make_constant_pool());
        put(class_, make_class());
        put(method, make_method());
        put(static_field, make_static_field());
        put(reference_location, make_reference_location());
        put(descriptor, make_descriptor());
        put(directory, make_directory());
    }

    const bytes& component(std::size_t t) const { return components_[t]; }

    /// Extended format: the first block of methods has the applets, the others the padding.
    static std::size_t padding_blocks(std::size_t padding) {
        return (padding_methods(padding).size() + methods_per_block - 1) / methods_per_block;
    }

    bytes load_file_block() const {
        bytes out;
        for (auto t : load_order)
            append(out, components_[t]);
        return out;
    }

private:
    std::size_t applets() const { return request_.applets.size(); }

    std::size_t blocks() const { return 1 + (padding_.size() + methods_per_block - 1) / methods_per_block; }
    std::size_t size_octets(std::size_t t) const { return is_extended(request_, t) ? 4 : 2; }
    std::size_t class_offset(std::size_t i) const {
        return request_.extended ? 2 + i * class_info_extended_octets : i * class_info_octets;
    }

    void put(tag t, const writer& info) {
        writer w;
        w.u1(t);
        size_octets(t) == 4 ? w.u4(info.size()) : w.u2(info.size());
        components_[t] = w.raw(info.octets()).octets();
    }

    writer make_header() const {
        constexpr std::uint8_t flag_applet = 0x04;
        constexpr std::uint8_t flag_extended = 0x08;
        writer w;
        if (request_.extended) {
            w.raw(hex("DECAFFED")).u1(3).u1(2).u1(flag_applet | flag_extended);
            w.package(request_.package, request_.version);
            w.u1(1).package(package_in_extended(request_), request_.version);
            return w.u1(request_.name.size()).raw(as_bytes(request_.name));
        }
        w.raw(hex("DECAFFED")).u1(1).u1(2).u1(flag_applet).package(request_.package, request_.version);
        return w;
    }

    writer make_directory() const {
        const std::size_t own_octets = request_.extended ? 46 : 31;
        writer w;
        for (std::size_t t = header; t <= descriptor; ++t) {
            const auto octets = components_[t].size();
            const auto size = t == directory ? own_octets : octets == 0 ? 0 : octets - 1 - size_octets(t);
            size_octets(t) == 4 ? w.u4(size) : w.u2(size);
        }
        if (request_.extended)
            w.u4(0).u4(0); // Debug and StaticResources: none
        const auto array_octets = keeps_data() ? keeps_data_marker.size() : 0;
        w.u2(keeps_data() ? 2 : 0).u2(keeps_data() ? 1 : 0).u2(array_octets); // image and arrays of the static fields
        w.u1(imports_.size()).u1(applets());
        if (request_.extended)
            w.u1(blocks());
        return w.u1(0);
    }

    writer make_applet() const {
        writer w;
        w.u1(applets());
        for (std::size_t i = 0; i < applets(); ++i) {
            w.u1(request_.applets[i].size()).raw(request_.applets[i]);
            if (request_.extended)
                w.u1(0); // in the first block
            w.u2(install_offset(i));
        }
        return w;
    }

    writer make_import() const {
        writer w;
        w.u1(imports_.size());
        for (const auto& package : imports_)
            w.package(package.aid, package.version);
        return w;
    }

    writer make_constant_pool() const {
        writer w;
        w.u2(2 + 2 * applets());
        w.raw(hex("06800300")); // static method 0 of class 3 of package 0: Applet.<init>()V
        w.raw(hex("03800301")); // virtual method 1: Applet.register()V
        for (std::size_t i = 0; i < applets(); ++i) {
            w.u1(1).u2(class_offset(i)).u1(0);
            w.u1(6).u1(0).u2(constructor_offset(i));
        }
        return w;
    }

    writer make_class() const {
        writer w;
        if (request_.extended)
            w.u2(0); // signature pool
        for (std::size_t i = 0; i < applets(); ++i) {
            w.u1(0).raw(hex("8003"));  // no interfaces, superclass Applet
            w.u1(0).u1(0xFF).u1(0);    // no fields
            w.u1(7).u1(1).u1(0).u1(0); // virtual methods: from token 7 (process) one; none of package visibility
            if (request_.extended)
                w.u1(0); // in the first block
            w.u2(process_offset(i));
            if (request_.extended)
                w.raw(hex("0001020304050607")).u1(8); // tokens as in format 2.2
        }
        return w;
    }

    writer make_method() const {
        writer applet_block;
        applet_block.u1(0); // exception handlers
        for (std::size_t i = 0; i < applets(); ++i) {
            applet_block.raw(hex("0110")); // one word of stack, one argument
            applet_block.raw(hex("188C")).u2(pool_super).raw(hex("188B")).u2(pool_register).u1(0x7A);
            applet_block.raw(hex("0130"));
            applet_block.raw(hex("8F")).u2(pool_class(i)).u1(0x8C).u2(pool_constructor(i)).u1(0x7A);
            applet_block.raw(hex("0020")).u1(0x7A);
        }
        const auto pad = [](writer& w, std::size_t length) {
            w.raw(hex("0000")).raw(bytes(length - 3, 0x00)).u1(0x7A);
        };
        if (!request_.extended) {
            for (auto length : padding_)
                pad(applet_block, length);
            return applet_block;
        }
        std::vector<writer> all{applet_block};
        for (std::size_t k = 0; k < padding_.size(); ++k) {
            if (k % methods_per_block == 0)
                all.emplace_back().u1(0);
            pad(all.back(), padding_[k]);
        }
        writer w;
        w.u1(all.size());
        std::size_t offset = 1 + 4 * all.size();
        for (const auto& block : all) {
            w.u4(offset);
            offset += block.size();
        }
        for (const auto& block : all)
            w.raw(block.octets());
        return w;
    }

    bool keeps_data() const { return request_.keeps_data; }

    /// private static final byte[] KEEPS_DATA = {…}, which no method reads: one reference, one array of bytes.
    writer make_static_field() const {
        constexpr std::uint8_t type_byte = 3;
        writer w;
        if (!keeps_data())
            return w.u2(0).u2(0).u2(0).u2(0).u2(0);
        w.u2(2).u2(1).u2(1);
        w.u1(type_byte).u2(keeps_data_marker.size()).raw(as_bytes(keeps_data_marker));
        return w.u2(0).u2(0);
    }

    /// Where the method component refers to the constant pool, as distances from one place to the next.
    writer make_reference_location() const {
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < applets(); ++i)
            for (auto place :
                 {constructor_offset(i) + 4, constructor_offset(i) + 8, install_offset(i) + 3, install_offset(i) + 6})
                places.push_back(place);
        writer w;
        if (request_.extended)
            w.u1(blocks());
        w.u2(0); // no one-octet references
        w.u2(places.size());
        std::size_t last = 0;
        for (auto place : places) {
            w.u1(place - last); // below 255: applets follow one another without gaps
            last = place;
        }
        for (std::size_t block = 1; request_.extended && block < blocks(); ++block)
            w.u2(0).u2(0);
        return w;
    }

    writer make_descriptor() const {
        constexpr std::uint8_t access_public = 0x01, access_private = 0x02, access_static = 0x08, access_final = 0x10,
                               access_init = 0x80;
        constexpr std::uint8_t no_token = 0xFF;
        const auto pool_count = 2 + 2 * applets();
        const auto type_void = 2 + 2 * pool_count; // offsets within the type descriptors, behind the types of the pool
        const auto type_install = type_void + 2;
        const auto type_process = type_install + 3;
        const auto type_array = type_process + 4;
        writer w;
        std::size_t block = 0;
        const auto describe = [&](std::uint8_t token, unsigned access, std::size_t offset, std::size_t type,
                                  std::size_t octets) {
            w.u1(token).u1(access);
            if (request_.extended)
                w.u1(block);
            w.u2(offset).u2(type).u2(octets - 2).u2(0).u2(0);
        };
        if (request_.extended)
            w.u1(1); // package
        w.u1(applets());
        for (std::size_t i = 0; i < applets(); ++i) {
            const bool has_field = i == 0 && keeps_data();
            w.u1(i).u1(access_public).u2(class_offset(i)).u1(0).u2(has_field ? 1 : 0);
            w.u2(3 + (i == 0 ? padding_.size() : 0));
            if (has_field)
                w.u1(no_token).u1(access_private | access_static | access_final).raw(hex("000000")).u2(type_array);
            describe(0, access_public | access_init, constructor_offset(i), type_void, constructor_octets);
            describe(1, access_public | access_static, install_offset(i), type_install, install_octets);
            describe(7, access_public, process_offset(i), type_process, process_octets);
            if (i > 0)
                continue;
            auto offset = constructor_offset(applets());
            for (std::size_t k = 0; k < padding_.size(); ++k) {
                if (request_.extended && k % methods_per_block == 0) {
                    ++block;
                    offset = 1;
                }
                describe(no_token, access_private | access_static, offset, type_void, padding_[k]);
                offset += padding_[k];
            }
            block = 0;
        }
        w.u2(pool_count).u2(type_void).u2(type_void);
        for (std::size_t i = 0; i < applets(); ++i)
            w.u2(0xFFFF).u2(type_void);
        w.raw(hex("0110"));     // ()V
        w.raw(hex("04B431"));   // ([BSB)V
        w.raw(hex("066800A1")); // (APDU)V, APDU being class 10 of package 0
        if (keeps_data())
            w.raw(hex("01B0")); // [B
        return w;
    }

    const cap_request& request_;
    std::vector<imported_package> imports_;
    std::vector<std::size_t> padding_;
    std::vector<bytes> components_;
};

void check(const cap_request& r) {
    const auto bad = [](const bytes& aid) { return aid.size() < 5 || aid.size() > 16; };
    if (bad(r.package) || std::any_of(r.applets.begin(), r.applets.end(), bad))
        throw std::invalid_argument("an AID has 5 to 16 octets");
    if (r.applets.empty() || r.applets.size() > 16)
        throw std::invalid_argument("a package of the lab has 1 to 16 applets");
    for (const auto& aid : r.applets)
        if (!std::equal(aid.begin(), aid.begin() + 5, r.package.begin()))
            throw std::invalid_argument(
                "the AID of an applet begins with the RID of its package (its first five octets)");
    const auto most = r.extended ? most_extended_load_size : most_load_size;
    if (r.load_size > most)
        throw std::invalid_argument("a load file of the lab has at most " + std::to_string(most) + " octets");
    if (r.extended && r.name.size() > 255)
        throw std::invalid_argument("the name of a package has at most 255 characters");
}

package_builder build(const cap_request& r) {
    check(r);
    const auto least = package_builder(r, 0).load_file_block().size();
    auto padding = r.load_size > least ? r.load_size - least : 0;
    // Every further block of methods takes room for itself: its offset, its number of handlers, its references.
    constexpr std::size_t block_octets = 4 + 1 + 4;
    if (const auto all = padding; r.extended)
        while (padding > 0 && padding + block_octets * package_builder::padding_blocks(padding) > all)
            --padding;
    return {r, padding < 3 ? 0 : padding};
}

std::string colon_hex(bytes_view aid) {
    std::string out;
    for (auto octet : aid)
        out += (out.empty() ? "0x" : ":0x") + to_hex(bytes{octet});
    return out;
}

std::string text(cap_version v) {
    return std::to_string(v.major) + "." + std::to_string(v.minor);
}

/// The names that the extended format changes; who reads the rest reads the components.
std::string extended_manifest(const cap_request& r) {
    auto name = r.name;
    std::replace(name.begin(), name.end(), '/', '.');
    return "Manifest-Version: 1.0\r\nCreated-By: tsms-lab\r\n\r\nName: " + r.name +
           "\r\nJava-Card-CAP-File-Version: 2.3\r\nJava-Card-CAP-Name: " + name +
           "\r\nJava-Card-CAP-AID: " + colon_hex(r.package) + "\r\nJava-Card-CAP-Version: " + text(r.version) +
           "\r\nJava-Card-Package-1-Name: " + name +
           "\r\nJava-Card-Package-1-AID: " + colon_hex(package_in_extended(r)) +
           "\r\nJava-Card-Package-1-Version: " + text(r.version) + "\r\n\r\n";
}

/// META-INF/MANIFEST.MF as converters write it.
std::string manifest(const cap_request& r) {
    if (r.extended)
        return extended_manifest(r);
    auto name = r.name;
    std::string out = "Manifest-Version: 1.0\r\nCreated-By: tsms-lab\r\n\r\nName: " + name + "\r\n";
    std::replace(name.begin(), name.end(), '/', '.');
    out += "Java-Card-CAP-File-Version: 2.1\r\nJava-Card-Converter-Provider: "
           "tsms\r\nJava-Card-Integer-Support-Required: FALSE\r\n";
    out += "Java-Card-Package-Name: " + name + "\r\nJava-Card-Package-AID: " + colon_hex(r.package) +
           "\r\nJava-Card-Package-Version: " + text(r.version) + "\r\n";
    for (std::size_t i = 0; i < r.applets.size(); ++i) {
        const auto prefix = "Java-Card-Applet-" + std::to_string(i + 1);
        out +=
            prefix + "-Name: X" + std::to_string(i + 1) + "\r\n" + prefix + "-AID: " + colon_hex(r.applets[i]) + "\r\n";
    }
    const auto imports = imports_of(r);
    for (std::size_t i = 0; i < imports.size(); ++i) {
        const auto prefix = "Java-Card-Imported-Package-" + std::to_string(i + 1);
        out += prefix + "-AID: " + colon_hex(imports[i].aid) + "\r\n" + prefix +
               "-Version: " + text(imports[i].version) + "\r\n";
    }
    return out + "\r\n";
}

} // namespace

bytes package_in_extended(const cap_request& request) {
    auto aid = request.package;
    if (aid.size() == 16)
        aid.pop_back();
    aid.push_back(0x50);
    return aid;
}

bytes load_file_block(const cap_request& request) {
    return build(request).load_file_block();
}

bytes write_cap(const cap_request& request) {
    const auto package = build(request);
    const auto text = manifest(request);
    std::vector<zip_entry> files{{"META-INF/MANIFEST.MF", as_bytes(text)}};
    for (std::size_t t = header; t <= descriptor; ++t)
        if (!package.component(t).empty())
            files.push_back({request.name + "/javacard/" + file_names[t] + (is_extended(request, t) ? ".capx" : ".cap"),
                             package.component(t)});
    return write_zip(files);
}

} // namespace tsms::lab
