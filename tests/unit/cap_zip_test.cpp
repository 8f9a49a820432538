// Hostile ZIPs around a good CAP file, written octet by octet (APPNOTE 6.3): each is refused with its reason.

#include "tests/unit/cap_sample.hpp"

#include <algorithm>
#include <chrono>

using namespace tsms;
using namespace tsms::gp;
using namespace tsms::cap_test;

namespace {

std::uint32_t crc32_of(bytes_view data) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (auto octet : data) {
        crc ^= octet;
        for (int bit = 0; bit < 8; ++bit)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

class little_endian {
public:
    little_endian& u2(std::uint32_t value) {
        out.push_back(static_cast<std::uint8_t>(value));
        out.push_back(static_cast<std::uint8_t>(value >> 8));
        return *this;
    }
    little_endian& u4(std::uint32_t value) { return u2(value).u2(value >> 16); }
    little_endian& raw(bytes_view octets) {
        append(out, octets);
        return *this;
    }
    little_endian& raw(std::string_view text) { return raw(as_bytes(text)); }
    bytes out;
};

/// What a header says of a file; the local header and the directory have one each, so that they can differ.
struct said {
    std::string name;
    std::uint16_t version = 20;
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::uint32_t crc = 0;
    std::uint32_t compressed = 0;
    std::uint32_t size = 0;
    bytes extra;
};

struct raw_file {
    said local;
    said central;
    bytes packed; ///< as it stands in the ZIP
    bytes behind; ///< a data descriptor, or something that does not belong there
    std::uint32_t attributes = 0;
    std::uint16_t disk = 0;
    bytes comment;
    std::uint32_t signature = 0x04034B50; ///< of the local header
    std::uint16_t local_excess = 0;       ///< octets of extra field that are announced and not there
    std::uint16_t central_excess = 0;     ///< the same of the comment
    std::optional<std::uint32_t> place;   ///< what the directory says, where it is not where the file is
};

raw_file stored(const std::string& name, bytes_view content) {
    raw_file file;
    const auto size = static_cast<std::uint32_t>(content.size());
    file.local = {.name = name, .crc = crc32_of(content), .compressed = size, .size = size, .extra = {}};
    file.central = file.local;
    file.packed = to_bytes(content);
    return file;
}

/// One stored block of deflate (RFC 1951, 3.2.4).
raw_file deflated(const std::string& name, bytes_view content) {
    auto file = stored(name, content);
    little_endian block;
    block.out.push_back(1);
    const auto length = static_cast<std::uint32_t>(content.size());
    block.u2(length).u2(~length & 0xFFFF).raw(content);
    file.packed = block.out;
    for (auto* s : {&file.local, &file.central}) {
        s->method = 8;
        s->compressed = static_cast<std::uint32_t>(block.out.size());
    }
    return file;
}

bytes descriptor_of(const raw_file& file, bool sealed) {
    little_endian out;
    if (sealed)
        out.u4(0x08074B50);
    return out.u4(file.central.crc).u4(file.central.compressed).u4(file.central.size).out;
}

/// Sizes behind the contents, as JARs have them (APPNOTE 4.3.9).
void put_sizes_behind(raw_file& file, bool sealed) {
    file.local.flags = file.central.flags = 0x0008;
    file.local.crc = file.local.compressed = file.local.size = 0;
    file.behind = descriptor_of(file, sealed);
}

struct raw_zip {
    std::vector<raw_file> files;
    bytes prefix;
    bool offsets_count_prefix = true;
    bytes before_directory, behind_directory, comment, suffix;
    std::optional<std::uint16_t> entries, entries_here;
    std::uint16_t disk = 0;
    std::uint16_t comment_excess = 0;

    raw_zip() {
        const sample_cap good;
        for (const auto& e : good.entries())
            files.push_back(stored(e.name, e.content));
    }
    raw_file& named(std::string_view end) {
        return *std::find_if(files.begin(), files.end(),
                             [&](const raw_file& f) { return f.local.name.ends_with(end); });
    }

    bytes octets() const {
        little_endian out;
        out.raw(prefix);
        const auto here = [&] {
            return static_cast<std::uint32_t>(out.out.size() - (offsets_count_prefix ? 0 : prefix.size()));
        };
        std::vector<std::uint32_t> places;
        for (const auto& f : files) {
            places.push_back(here());
            out.u4(f.signature).u2(f.local.version).u2(f.local.flags).u2(f.local.method).u4(0);
            out.u4(f.local.crc).u4(f.local.compressed).u4(f.local.size);
            out.u2(static_cast<std::uint32_t>(f.local.name.size()));
            out.u2(static_cast<std::uint32_t>(f.local.extra.size() + f.local_excess));
            out.raw(f.local.name).raw(f.local.extra).raw(f.packed).raw(f.behind);
        }
        out.raw(before_directory);
        const auto directory = here();
        for (std::size_t k = 0; k < files.size(); ++k) {
            const auto& f = files[k];
            out.u4(0x02014B50).u2(0x0314).u2(f.central.version).u2(f.central.flags).u2(f.central.method).u4(0);
            out.u4(f.central.crc).u4(f.central.compressed).u4(f.central.size);
            out.u2(static_cast<std::uint32_t>(f.central.name.size()));
            out.u2(static_cast<std::uint32_t>(f.central.extra.size()));
            out.u2(static_cast<std::uint32_t>(f.comment.size() + f.central_excess)).u2(f.disk).u2(0).u4(f.attributes);
            out.u4(f.place.value_or(places[k]));
            out.raw(f.central.name).raw(f.central.extra).raw(f.comment);
        }
        const auto size = here() - directory;
        out.raw(behind_directory);
        const auto count = static_cast<std::uint16_t>(files.size());
        out.u4(0x06054B50).u2(disk).u2(disk).u2(entries_here.value_or(entries.value_or(count)));
        out.u2(entries.value_or(count)).u4(size).u4(directory);
        out.u2(static_cast<std::uint32_t>(comment.size() + comment_excess)).raw(comment).raw(suffix);
        return out.out;
    }
};

void refused(const raw_zip& zip, std::string_view reason, const cap_limits& limits = {}) {
    cap_test::refused(zip.octets(), reason, limits);
}

void accepted(const raw_zip& zip) {
    static const auto image = parse_cap(sample_cap().zip()).load_image;
    BOOST_CHECK(parse_cap(zip.octets()).load_image == image);
}

bytes joined(bytes front, bytes_view back) {
    append(front, back);
    return front;
}

bytes text(std::string_view t) {
    return to_bytes(as_bytes(t));
}

} // namespace

BOOST_AUTO_TEST_SUITE(cap_zip)

BOOST_AUTO_TEST_CASE(good_zips) {
    accepted({});
    raw_zip zip;
    zip.comment = text("made by hand");
    zip.named("Method.cap").comment = text("a comment");
    zip.files.push_back(stored("de/tsms/test/javacard/", {}));
    accepted(zip);
    zip = {};
    for (std::size_t k = 0; k < zip.files.size(); ++k) {
        auto content = zip.files[k].packed;
        zip.files[k] = deflated(zip.files[k].local.name, content);
        if (k % 3 != 0)
            put_sizes_behind(zip.files[k], k % 3 == 1);
    }
    accepted(zip);
    zip = {};
    zip.named("Method.cap").local.extra = hex("CAFE0000"); // as jar marks the first file
    accepted(zip);
}

BOOST_AUTO_TEST_CASE(hostile_zips) {
    const sample_cap good;
    const auto zip = good.zip();
    cap_test::refused(bytes{}, "not a ZIP file: a CAP file is a ZIP, and this is too short");
    raw_zip empty;
    empty.files.clear();
    refused(empty, "the Header component is missing");
    empty.prefix = bytes(4);
    refused(empty, "preceded by 4 octets");
    cap_test::refused(text("no ZIP at all, only text that is long enough to be one"), "not a ZIP");
    for (std::size_t length = 1; length < zip.size(); ++length)
        BOOST_CHECK_THROW(parse_cap(bytes_view(zip).first(length)), cap_error);
    cap_test::refused(zip, "larger than 100 octets", {.file = 100});
    refused(raw_zip(), "more than 3 files", {.entries = 3});
}

BOOST_AUTO_TEST_CASE(names) {
    for (const auto* name :
         {"../../etc/passwd", "/Method.cap", "a\\Method.cap", "C:Method.cap", "a/../Method.cap", "..", "a/.."}) {
        raw_zip zip;
        zip.files.push_back(stored(name, bytes(3)));
        refused(zip, "leads out of its directory");
    }
    raw_zip zip;
    zip.files.push_back(stored("", bytes(3)));
    refused(zip, "a file name of 0 octets");
    zip = {};
    zip.files.push_back(stored(std::string(256, 'x'), bytes(3)));
    refused(zip, "a file name of 256 octets");
    zip = {};
    zip.files.push_back(stored(std::string("a\0b", 3), bytes(3)));
    refused(zip, "‘a?b’ with control characters");
    zip = {};
    zip.files.push_back(stored("x/\x1b[31mMethod.cap", bytes(3)));
    refused(zip, "‘x/?[31mMethod.cap’ with control characters");
    zip = {};
    zip.files.push_back(stored("de/tsms/test/javacard/Custom.cap", bytes(3)));
    refused(zip, "custom.cap, which is no component");
    zip = {};
    zip.named("Method.cap").local.name = "de/tsms/test/javacard/Methud.cap";
    refused(zip, "another name in front of ‘de/tsms/test/javacard/Method.cap’");
    zip = {};
    zip.named("Method.cap").central.extra = hex("75700900010000000041414141"); // a name in UTF-8 (APPNOTE 4.6.9)
    refused(zip, "a second name for ‘de/tsms/test/javacard/Method.cap’");
}

BOOST_AUTO_TEST_CASE(duplicates) {
    const auto method = component(7, "00");
    raw_zip zip;
    zip.files.push_back(stored("de/tsms/test/javacard/Method.cap", method));
    refused(zip, "holds ‘de/tsms/test/javacard/Method.cap’ twice");
    zip = {};
    zip.files.push_back(stored("de/tsms/test/javacard/METHOD.CAP", method));
    refused(zip, "holds ‘de/tsms/test/javacard/METHOD.CAP’ twice");
    zip = {};
    zip.files.push_back(stored("other/javacard/Method.cap", method));
    refused(zip, "method.cap twice, in two directories");
    zip = {};
    zip.files.push_back(stored("other/javacard/method.Cap", method));
    refused(zip, "method.cap twice, in two directories");
    zip = {};
    zip.files.push_back(stored("META-INF/MANIFEST.MF", text("a")));
    zip.files.push_back(stored("meta-inf/manifest.mf", text("b")));
    refused(zip, "‘meta-inf/manifest.mf’ twice");
}

BOOST_AUTO_TEST_CASE(bombs) {
    // 64 MiB of zeros that compress to nothing: not one octet of them is unpacked.
    const sample_cap good;
    auto entries = good.entries();
    entries[5].content.assign(64u << 20, 0);
    auto bomb = make_zip(entries);
    BOOST_TEST(bomb.size() < (1u << 20));
    const auto start = std::chrono::steady_clock::now();
    cap_test::refused(bomb, "unpacks to more than 16777216 octets");
    BOOST_CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30)); // a deadline, not a measurement
    entries[5].content.assign(1u << 20, 0);
    cap_test::refused(make_zip(entries), "larger than 65538 octets");
    entries = extended_cap().entries();
    entries[6].content.assign(5u << 20, 0);
    cap_test::refused(make_zip(entries), "‘app/javacard/Method.capx’ in the ZIP is larger than");

    // Announced sizes that deflate cannot give, and contents that give more or less than was announced.
    raw_zip zip;
    auto& method = zip.named("Method.cap");
    method = deflated(method.local.name, method.packed);
    method.local.size = method.central.size = 60000;
    refused(zip, "more than deflate can give");
    method.local.size = method.central.size = 15;
    refused(zip, "another size than its directory says");
    method.local.size = method.central.size = 13;
    refused(zip, "another size than its directory says");
    method.local.size = method.central.size = 14;
    accepted(zip);

    // A ZIP in a ZIP is no CAP file, whatever is in it: nothing but components is unpacked.
    raw_zip nested;
    nested.files = {stored("inner.zip", good.zip())};
    refused(nested, "the Header component is missing");
    nested.files = {stored("inner.cap", good.zip())};
    refused(nested, "the Header component is missing");
    nested = {};
    nested.files.push_back(stored("lib/more.zip", bomb));
    accepted(nested);
}

BOOST_AUTO_TEST_CASE(sizes_that_contradict) {
    const auto change = [](auto what, std::string_view reason) {
        raw_zip zip;
        what(zip.named("Method.cap"));
        refused(zip, reason);
    };
    change([](raw_file& f) { ++f.local.size; }, "other sizes in front of");
    change([](raw_file& f) { ++f.local.compressed; }, "other sizes in front of");
    change([](raw_file& f) { ++f.local.crc; }, "other sizes in front of");
    change([](raw_file& f) { ++f.central.size; }, "two sizes for the stored file");
    change([](raw_file& f) { ++f.central.size, ++f.central.compressed; }, "shares octets between");
    change([](raw_file& f) { --f.central.size, --f.central.compressed, f.local = f.central; }, "octets between");
    change([](raw_file& f) { ++f.central.crc, ++f.local.crc; }, "is damaged");
    change([](raw_file& f) { f.signature = 0x04034B51; }, "no file where its directory says");
    change([](raw_file& f) { f.local_excess = 0x7FFF; }, "shares octets between");
    raw_zip cut;
    cut.files.back().central_excess = 1;
    refused(cut, "central directory of the ZIP is cut off");
    change([](raw_file& f) { f.local.method = 8; }, "two things about how");
    change([](raw_file& f) { f.local.flags = 0x0800; }, "two things about how");
    for (bool sealed : {false, true}) {
        change(
            [&](raw_file& f) {
                put_sizes_behind(f, sealed);
                f.behind.back() ^= 1;
            },
            "other sizes behind");
        change(
            [&](raw_file& f) {
                put_sizes_behind(f, sealed);
                f.behind.push_back(0);
            },
            "octets between");
        change(
            [&](raw_file& f) {
                put_sizes_behind(f, sealed);
                f.local.size = 5;
            },
            "other sizes in front of");
    }
    change([](raw_file& f) { put_sizes_behind(f, true), f.behind.clear(); }, "octets between");
}

BOOST_AUTO_TEST_CASE(octets_that_two_readers_would_read_differently) {
    raw_zip zip;
    zip.prefix = text("#!/bin/sh\n");
    refused(zip, "preceded by 10 octets");
    zip.offsets_count_prefix = false; // as a self-extracting archive has it
    refused(zip, "octets stand in front of it or between");
    zip = {};
    zip.suffix = text("more");
    refused(zip, "followed by 4 octets");
    zip = {};
    zip.comment_excess = 3;
    refused(zip, "comment at the end of the ZIP is cut off");
    zip = {};
    zip.before_directory = bytes(5);
    refused(zip, "octets between");
    zip = {};
    zip.behind_directory = bytes(5);
    refused(zip, "octets stand in front of it or between");
    zip = {};
    zip.named("Import.cap").behind = bytes(7);
    refused(zip, "octets between ‘de/tsms/test/javacard/Import.cap’ and what follows it");

    // Two names for one place, and a file inside another's contents.
    zip = {};
    auto copy = zip.files[1];
    copy.local.name = copy.central.name = "x/notes.txt";
    copy.place = 0;
    zip.files.push_back(copy);
    refused(zip, "shares octets between");
    zip = {};
    const raw_zip inner;
    zip.files.insert(zip.files.begin(), stored("x/notes.txt", inner.octets()));
    zip.files[1].place = 30 + 11; // Header.cap of the inner ZIP
    refused(zip, "shares octets between ‘x/notes.txt’ and what follows it");

    // A whole second end, or a second ZIP, in the comment: the last one counts for most readers, the first for some.
    zip = {};
    const auto whole = zip.octets();
    zip.comment = to_bytes(bytes_view(whole).last(22));
    refused(zip, "octets stand in front of it or between");
    zip.comment = whole;
    refused(zip, "octets stand in front of it or between");
    zip.comment = text("PK\5\6, which begins an end that is none");
    refused(zip, "comment at the end of the ZIP is cut off");
}

BOOST_AUTO_TEST_CASE(entry_counts) {
    raw_zip zip;
    zip.entries = static_cast<std::uint16_t>(zip.files.size() - 1);
    refused(zip, "more octets than files");
    zip.entries = static_cast<std::uint16_t>(zip.files.size() + 1);
    refused(zip, "fewer files than its end says");
    zip.entries = 0;
    refused(zip, "more octets than files");
    zip = {};
    zip.entries_here = 1;
    refused(zip, "split archive");
    zip = {};
    zip.disk = 1;
    refused(zip, "split archive");
    zip = {};
    zip.files[2].disk = 1;
    refused(zip, "split archive");
    zip = {};
    for (int k = 0; k < 600; ++k)
        zip.files.push_back(stored("f/" + std::to_string(k), {}));
    refused(zip, "more than 512 files");
}

BOOST_AUTO_TEST_CASE(kinds_of_files) {
    const auto change = [](auto what, std::string_view reason) {
        raw_zip zip;
        auto& file = zip.named("Method.cap");
        what(file);
        refused(zip, reason);
    };
    const auto both = [](raw_file& f, auto member, std::uint16_t value) {
        f.local.*member = f.central.*member = value;
    };
    for (std::uint16_t flags : {0x0001, 0x0041, 0x2000})
        change([&](raw_file& f) { both(f, &said::flags, flags); }, "encrypted ‘de/tsms/test/javacard/Method.cap’");
    change(
        [](raw_file& f) {
            f.central.extra = hex("01990700020041450300"
                                  "00");
        },
        "encrypted");
    change([&](raw_file& f) { both(f, &said::flags, 0x0020); }, "unknown flags"); // patched data
    for (std::uint16_t method : {1, 9, 12, 14, 93, 99})
        change([&](raw_file& f) { both(f, &said::method, method); }, "with method " + std::to_string(method));
    change([&](raw_file& f) { both(f, &said::version, 45); }, "needs version 45");
    change([](raw_file& f) { f.attributes = 0xA1FF0000; }, "symbolic link");
    change([](raw_file& f) { f.attributes = 0x61B00000; }, "special file"); // a block device
    change([](raw_file& f) { f.attributes = 0x41ED0000; }, "contents for the directory");
    raw_zip zip;
    zip.files.push_back(stored("x/", bytes(3)));
    refused(zip, "contents for the directory ‘x/’");
}

BOOST_AUTO_TEST_CASE(zip64) {
    const auto change = [](auto what, std::string_view reason) {
        raw_zip zip;
        what(zip, zip.named("Method.cap"));
        refused(zip, reason);
    };
    change([](raw_zip& z, raw_file&) { z.entries = 0xFFFF; }, "ZIP64");
    change([](raw_zip& z, raw_file&) { z.disk = 0xFFFF; }, "ZIP64");
    change([](raw_zip& z, raw_file&) { z.behind_directory = joined(hex("504B0607"), bytes(16)); }, "ZIP64");
    for (auto member : {&said::compressed, &said::size})
        change([&](raw_zip&, raw_file& f) { f.central.*member = 0xFFFFFFFF; }, "ZIP64 sizes");
    change([](raw_zip&, raw_file& f) { f.place = 0xFFFFFFFF; }, "ZIP64 sizes");
    change([](raw_zip&, raw_file& f) { f.central.extra = joined(hex("01000800"), bytes(8)); }, "ZIP64 sizes");
    change([](raw_zip&, raw_file& f) { f.local.extra = joined(hex("01000800"), bytes(8)); }, "ZIP64 sizes");
}

BOOST_AUTO_TEST_CASE(damaged_octets_never_pass_unnoticed) {
    // Whatever single octet is changed: refused, or the same load image (dates, attributes, Descriptor).
    const sample_cap good;
    const auto zip = good.zip();
    const auto image = parse_cap(zip).load_image;
    std::size_t noticed = 0;
    for (std::size_t k = 0; k < zip.size(); ++k) {
        auto damaged = zip;
        damaged[k] ^= 0x41;
        try {
            BOOST_CHECK(parse_cap(damaged).load_image == image);
        } catch (const cap_error&) {
            ++noticed;
        }
    }
    BOOST_TEST(noticed > zip.size() / 4);
}

BOOST_AUTO_TEST_SUITE_END()
