#pragma once
// A CAP file built octet by octet, for what it may be and for its hostile variations.

#include "gp/cap.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <zip.h>

namespace tsms::cap_test {

struct zip_entry {
    std::string name;
    bytes content;
};

/// A ZIP file in memory.
inline bytes make_zip(const std::vector<zip_entry>& entries) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
    zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
    BOOST_REQUIRE(archive != nullptr);
    zip_source_keep(target);
    for (std::size_t k = 0; k < entries.size(); ++k) {
        const auto& [name, content] = entries[k];
        auto* source = zip_source_buffer(archive, content.data(), content.size(), 0);
        BOOST_REQUIRE(zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8) >= 0);
    }
    BOOST_REQUIRE(zip_close(archive) == 0);
    BOOST_REQUIRE(zip_source_open(target) == 0);
    zip_source_seek(target, 0, SEEK_END);
    bytes out(static_cast<std::size_t>(zip_source_tell(target)));
    zip_source_seek(target, 0, SEEK_SET);
    BOOST_REQUIRE(zip_source_read(target, out.data(), out.size()) == static_cast<zip_int64_t>(out.size()));
    zip_source_close(target);
    zip_source_free(target);
    return out;
}

inline bytes component(std::uint8_t tag, const std::string& body) {
    auto content = hex(body);
    bytes out{tag, static_cast<std::uint8_t>(content.size() >> 8), static_cast<std::uint8_t>(content.size())};
    append(out, content);
    return out;
}

/// A small applet package of format 2.2: one applet, imports of java.lang, javacard.framework 1.5 and
/// org.globalplatform 1.6.
struct sample_cap {
    std::string header = "DECAFFED"
                         "0202"
                         "04"
                         "0001"
                         "06D27600016301"
                         "08"
                         "64652F74736D7374"; // "de/tsmst"
    std::string applet = "01"
                         "07D2760001630101"
                         "0008";
    std::string import = "03"
                         "0001"
                         "07A0000000620001"
                         "0501"
                         "07A0000000620101"
                         "0601"
                         "06A00000015100";
    std::string constant_pool = "0000";
    std::string class_ = "0000"; // no signature pool
    std::string method = "00"    // no exception handlers
                         "00307A"
                         "0020007A"
                         "01307A"; // the applet's install(), at 8
    std::string static_field = "00000000000000000000";
    std::string ref_location = "00000000";
    std::vector<zip_entry> more;
    std::string directory; ///< computed if empty
    std::string folder = "de/tsms/test/javacard/";

    std::vector<zip_entry> entries() const {
        const auto size = [](const std::string& body) {
            const auto octets = body.size() / 2;
            return to_hex(bytes{static_cast<std::uint8_t>(octets >> 8), static_cast<std::uint8_t>(octets)});
        };
        auto sizes = directory;
        if (sizes.empty())
            sizes = size(header) + "0021" + size(applet) + size(import) + size(constant_pool) + size(class_) +
                    size(method) + size(static_field) + size(ref_location) + "0000" + "0001" + "0000" + "000000000000" +
                    "03" + "01" + "00";
        std::vector<zip_entry> out{{folder + "Header.cap", component(1, header)},
                                   {folder + "Directory.cap", component(2, sizes)},
                                   {folder + "Import.cap", component(4, import)},
                                   {folder + "ConstantPool.cap", component(5, constant_pool)},
                                   {folder + "Class.cap", component(6, class_)},
                                   {folder + "Method.cap", component(7, method)},
                                   {folder + "StaticField.cap", component(8, static_field)},
                                   {folder + "RefLocation.cap", component(9, ref_location)},
                                   {folder + "Descriptor.cap", component(11, "00")}};
        if (!applet.empty())
            out.push_back({folder + "Applet.cap", component(3, applet)});
        out.insert(out.end(), more.begin(), more.end());
        return out;
    }
    bytes zip() const { return make_zip(entries()); }
};

/// A component with a size of four octets.
inline bytes big_component(std::uint8_t tag, const std::string& body) {
    const auto content = hex(body);
    bytes out{tag};
    for (int shift = 24; shift >= 0; shift -= 8)
        out.push_back(static_cast<std::uint8_t>(content.size() >> shift));
    append(out, content);
    return out;
}

/// An application of the extended format 2.3: CAP file D27600016310 2.1, one public package D2760001631050 1.0, two
/// blocks of methods; one applet, whose install() is in the second.
struct extended_cap {
    std::string header = "DECAFFED"
                         "0302"
                         "0C"
                         "0102"
                         "06D27600016310"
                         "01"
                         "0001"
                         "07D2760001631050"
                         "06"
                         "64652F617070"; // "de/app"
    std::string applet = "01"
                         "07D2760001631001"
                         "01"
                         "0001";
    std::string import = "02"
                         "0001"
                         "07A0000000620001"
                         "0801"
                         "07A0000000620101";
    std::string constant_pool = "0001"
                                "06010001";
    std::string class_ = "0000"
                         "00800300FF0007010000"
                         "010004"
                         "000102030405060708";
    std::string method = "02"
                         "00000009"
                         "0000000D"
                         "00"
                         "00107A"
                         "00"
                         "01307A"
                         "00207A";
    std::string static_field = "00000000000000000000";
    std::string ref_location = "02"
                               "00000000"
                               "00000000";
    std::string static_resources; ///< none if empty
    std::string export_;          ///< none if empty
    std::string descriptor = "0100000000";
    std::string directory; ///< computed if empty
    std::string blocks = "02";
    std::string custom = "00";
    std::string folder = "app/javacard/";

    static std::string number(std::size_t value, int octets) {
        bytes out;
        while (octets-- > 0)
            out.push_back(static_cast<std::uint8_t>(value >> 8 * octets));
        return to_hex(out);
    }

    std::vector<zip_entry> entries() const {
        const auto size = [](const std::string& body, int octets = 2) { return number(body.size() / 2, octets); };
        auto sizes = directory;
        if (sizes.empty())
            sizes = size(header) + number(46 + (custom.size() - 2) / 2, 2) + size(applet) + size(import) +
                    size(constant_pool) + size(class_) + size(method, 4) + size(static_field) + size(ref_location, 4) +
                    size(export_) + size(descriptor, 4) + "00000000" + size(static_resources, 4) + "000000000000" +
                    import.substr(0, 2) + applet.substr(0, 2) + blocks + custom;
        std::vector<zip_entry> out{{folder + "Header.cap", component(1, header)},
                                   {folder + "Directory.cap", component(2, sizes)},
                                   {folder + "Applet.cap", component(3, applet)},
                                   {folder + "Import.cap", component(4, import)},
                                   {folder + "ConstantPool.cap", component(5, constant_pool)},
                                   {folder + "Class.cap", component(6, class_)},
                                   {folder + "Method.capx", big_component(7, method)},
                                   {folder + "StaticField.cap", component(8, static_field)},
                                   {folder + "RefLocation.capx", big_component(9, ref_location)},
                                   {folder + "Descriptor.capx", big_component(11, descriptor)}};
        if (!export_.empty())
            out.push_back({folder + "Export.cap", component(10, export_)});
        if (!static_resources.empty())
            out.push_back({folder + "StaticResources.capx", big_component(13, static_resources)});
        return out;
    }
    bytes zip() const { return make_zip(entries()); }
};

using gp::cap_error;
using gp::cap_limits;

inline void refused(const bytes& zip, std::string_view reason, const cap_limits& limits = {}) {
    BOOST_CHECK_EXCEPTION(gp::parse_cap(zip, limits), cap_error, [reason](const cap_error& e) {
        const bool found = std::string_view(e.what()).find(reason) != std::string_view::npos;
        if (!found)
            BOOST_TEST_MESSAGE("got: " << e.what());
        return found;
    });
}

template <class Cap>
void refused(const Cap& cap, std::string_view reason)
    requires requires { cap.zip(); }
{
    refused(cap.zip(), reason);
}

inline bytes without(std::vector<zip_entry> entries, std::string_view name) {
    std::erase_if(entries, [&](const zip_entry& e) { return e.name.ends_with(name); });
    return make_zip(entries);
}

inline std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

} // namespace tsms::cap_test
