#include "gp/zip_layout.hpp"
#include "base/ascii.hpp"

#include <algorithm>
#include <set>

namespace tsms::gp {

namespace {

constexpr std::uint32_t local_signature = 0x04034B50;
constexpr std::uint32_t central_signature = 0x02014B50;
constexpr std::uint32_t end_signature = 0x06054B50;
constexpr std::uint32_t descriptor_signature = 0x08074B50;
constexpr std::uint32_t zip64_locator_signature = 0x07064B50;

constexpr std::size_t local_octets = 30;
constexpr std::size_t central_octets = 46;
constexpr std::size_t end_octets = 22;
constexpr std::size_t zip64_locator_octets = 20;
constexpr std::size_t longest_comment = 0xFFFF;
constexpr std::size_t longest_name = 255; ///< a directory, "javacard/" and the name of a component

// Bits of the general purpose flags (APPNOTE 4.4.4) that say nothing about how the octets are to be read.
constexpr std::uint16_t flag_deflate_level = 0x0006;
constexpr std::uint16_t flag_descriptor = 0x0008;
constexpr std::uint16_t flag_utf8 = 0x0800;
constexpr std::uint16_t flags_encrypted = 0x0001 | 0x0040 | 0x2000;

/// Deflate cannot do better than 258 octets for two bits.
constexpr std::uint64_t best_ratio = 1032;

[[noreturn]] void refuse(const std::string& text) {
    throw cap_error(text);
}

std::string quoted(std::string_view name) {
    return "‘" + printable_name(name) + "’";
}

/// Little-endian fields at an offset; the caller has checked the length.
class fields {
public:
    fields(bytes_view octets, std::size_t at) : octets_(octets), at_(at) {}
    std::uint16_t u2() {
        const auto low = octets_[at_];
        const auto high = octets_[at_ + 1];
        at_ += 2;
        return static_cast<std::uint16_t>(high << 8 | low);
    }
    std::uint32_t u4() {
        const auto low = u2();
        return static_cast<std::uint32_t>(u2()) << 16 | low;
    }

private:
    bytes_view octets_;
    std::size_t at_;
};

bool has_signature(bytes_view octets, std::size_t at, std::uint32_t signature) {
    return at <= octets.size() && octets.size() - at >= 4 && fields(octets, at).u4() == signature;
}

std::string_view text_at(bytes_view octets, std::size_t at, std::size_t length) {
    return {reinterpret_cast<const char*>(octets.data()) + at, length};
}

/// APPNOTE 4.3.16. Readers look for it from the end of the file, so the last one counts, and its comment must end the
/// file: a signature in the comment, or octets behind it, would let them disagree.
std::size_t find_end(bytes_view octets) {
    if (octets.size() < end_octets)
        refuse("not a ZIP file: a CAP file is a ZIP, and this is too short to be one");
    const auto last = octets.size() - end_octets;
    const auto first = last - std::min(last, longest_comment);
    for (auto at = last + 1; at-- > first;) {
        if (!has_signature(octets, at, end_signature))
            continue;
        const auto comment = fields(octets, at + 20).u2();
        const auto behind = octets.size() - at - end_octets;
        if (comment < behind)
            refuse("the ZIP is followed by " + std::to_string(behind - comment) + " octets that do not belong to it");
        if (comment > behind)
            refuse("the comment at the end of the ZIP is cut off");
        return at;
    }
    refuse("not a ZIP file: there is no end of a central directory");
}

struct directory_place {
    std::size_t start = 0;
    std::size_t end = 0;
    std::size_t entries = 0;
};

directory_place find_directory(bytes_view octets, const cap_limits& limits) {
    const auto end = find_end(octets);
    fields in(octets, end + 4);
    const auto disk = in.u2();
    const auto directory_disk = in.u2();
    const auto entries_here = in.u2();
    const auto entries = in.u2();
    const auto size = in.u4();
    const auto start = in.u4();
    if (entries == 0xFFFF || size == 0xFFFFFFFF || start == 0xFFFFFFFF || disk == 0xFFFF ||
        (end >= zip64_locator_octets && has_signature(octets, end - zip64_locator_octets, zip64_locator_signature)))
        refuse("the ZIP is a ZIP64, which a CAP file is too small to need");
    if (disk != 0 || directory_disk != 0 || entries_here != entries)
        refuse("the ZIP is a part of a split archive");
    if (entries > limits.entries)
        refuse("the ZIP holds more than " + std::to_string(limits.entries) + " files");
    // Offsets count from the first octet of the file: with a prefix they do not fit.
    if (static_cast<std::uint64_t>(start) + size != end)
        refuse("the central directory of the ZIP is not where its end says: octets stand in front of it or between");
    return {start, end, entries};
}

void check_name(std::string_view name) {
    if (name.empty() || name.size() > longest_name)
        refuse("the ZIP holds a file name of " + std::to_string(name.size()) + " octets (1 to " +
               std::to_string(longest_name) + " are read)");
    if (text::has_control(name))
        refuse("the ZIP holds the file name " + quoted(name) + " with control characters");
    bool leads_out =
        name.front() == '/' || name.find('\\') != std::string_view::npos || (name.size() > 1 && name[1] == ':');
    for (std::size_t start = 0; start <= name.size();) {
        const auto end = std::min(name.find('/', start), name.size());
        leads_out = leads_out || name.substr(start, end - start) == "..";
        start = end + 1;
    }
    if (leads_out)
        refuse("the ZIP holds the file name " + quoted(name) + ", which leads out of its directory");
}

/// Extra fields that change what a file's name, sizes or contents are.
void check_extra(bytes_view octets, std::size_t at, std::size_t length, std::string_view name) {
    const auto end = at + length;
    while (end - at >= 4) {
        fields in(octets, at);
        const auto id = in.u2();
        const std::size_t size = in.u2();
        at += 4;
        if (size > end - at)
            break;
        if (id == 0x0001)
            refuse("the ZIP has ZIP64 sizes for " + quoted(name));
        if (id == 0x7075)
            refuse("the ZIP has a second name for " + quoted(name));
        if (id == 0x0017 || id == 0x9901)
            refuse("the ZIP has encrypted " + quoted(name));
        at += size;
    }
    // A few octets are left by tools that align files; they say nothing.
}

void check_kind(const zip_member& member, std::uint32_t attributes, std::uint16_t version) {
    if ((member.flags & flags_encrypted) != 0)
        refuse("the ZIP has encrypted " + quoted(member.name));
    if ((member.flags & ~(flag_deflate_level | flag_descriptor | flag_utf8)) != 0)
        refuse("the ZIP has unknown flags for " + quoted(member.name));
    if (member.method != 0 && member.method != 8)
        refuse("the ZIP has compressed " + quoted(member.name) + " with method " + std::to_string(member.method) +
               "; only stored and deflated files are read");
    if (version > 20)
        refuse("the ZIP needs version " + std::to_string(version) + " of the format to read " + quoted(member.name));
    // Unix file types stand in the upper half (APPNOTE 4.4.15); DOS leaves it zero.
    const auto type = attributes >> 28;
    if (type == 0xA)
        refuse("the ZIP holds the symbolic link " + quoted(member.name));
    if (type != 0 && type != 0x4 && type != 0x8)
        refuse("the ZIP holds the special file " + quoted(member.name));
    if (member.compressed == 0xFFFFFFFF || member.size == 0xFFFFFFFF || member.local_header == 0xFFFFFFFF)
        refuse("the ZIP has ZIP64 sizes for " + quoted(member.name));
    if ((member.name.ends_with('/') || type == 0x4) && member.size != 0)
        refuse("the ZIP holds contents for the directory " + quoted(member.name));
    if (member.method == 0 && member.size != member.compressed)
        refuse("the ZIP has two sizes for the stored file " + quoted(member.name));
    if (member.size > best_ratio * (member.compressed + 1ull))
        refuse("the ZIP announces " + std::to_string(member.size) + " octets for " + quoted(member.name) + " out of " +
               std::to_string(member.compressed) + ", more than deflate can give");
}

/// APPNOTE 4.3.12
std::vector<zip_member> read_directory(bytes_view octets, const directory_place& place, const cap_limits& limits) {
    std::vector<zip_member> members;
    std::set<std::string> names;
    std::uint64_t unpacked = 0;
    auto at = place.start;
    for (std::size_t k = 0; k < place.entries; ++k) {
        if (place.end - at < central_octets || !has_signature(octets, at, central_signature))
            refuse("the central directory of the ZIP has fewer files than its end says");
        fields in(octets, at + 6);
        zip_member member;
        const auto version = static_cast<std::uint16_t>(in.u2() & 0xFF);
        member.flags = in.u2();
        member.method = in.u2();
        in.u4(); // time and date
        member.crc = in.u4();
        member.compressed = in.u4();
        member.size = in.u4();
        const std::size_t name = in.u2();
        const std::size_t extra = in.u2();
        const std::size_t comment = in.u2();
        const auto disk = in.u2();
        in.u2(); // internal attributes
        const auto attributes = in.u4();
        member.local_header = in.u4();
        at += central_octets;
        if (place.end - at < name + extra + comment)
            refuse("the central directory of the ZIP is cut off");
        member.name = text_at(octets, at, name);
        check_name(member.name);
        check_extra(octets, at + name, extra, member.name);
        check_kind(member, attributes, version);
        if (disk != 0)
            refuse("the ZIP is a part of a split archive");
        if (!names.insert(text::lower(member.name)).second)
            refuse("the ZIP holds " + quoted(member.name) + " twice");
        unpacked += member.size;
        if (unpacked > limits.unpacked)
            refuse("the ZIP unpacks to more than " + std::to_string(limits.unpacked) + " octets");
        members.push_back(member);
        at += name + extra + comment;
    }
    if (at != place.end)
        refuse("the central directory of the ZIP has more octets than files");
    return members;
}

/// APPNOTE 4.3.9: behind the contents, with or without its signature. Returns its length.
std::size_t check_descriptor(bytes_view octets, std::size_t at, std::size_t end, const zip_member& member) {
    const auto length = end - at;
    const bool sealed = length == 16 && has_signature(octets, at, descriptor_signature);
    if (!sealed && length != 12)
        refuse("the ZIP has octets between " + quoted(member.name) + " and what follows it");
    fields in(octets, at + (sealed ? 4u : 0u));
    if (in.u4() != member.crc || in.u4() != member.compressed || in.u4() != member.size)
        refuse("the ZIP has other sizes behind " + quoted(member.name) + " than in its directory");
    return length;
}

/// APPNOTE 4.3.7. The file ends where the next one, or the directory, starts: `end`.
void check_local(bytes_view octets, const zip_member& member, std::size_t end) {
    std::size_t at = member.local_header;
    if (end - at < local_octets || !has_signature(octets, at, local_signature))
        refuse("the ZIP has no file where its directory says " + quoted(member.name) + " is");
    fields in(octets, at + 6); // behind the version
    const auto flags = in.u2();
    const auto method = in.u2();
    in.u4(); // time and date
    const auto crc = in.u4();
    const auto compressed = in.u4();
    const auto size = in.u4();
    const std::size_t name = in.u2();
    const std::size_t extra = in.u2();
    at += local_octets;
    if (end - at < name + extra)
        refuse("the ZIP shares octets between " + quoted(member.name) + " and what follows it");
    if (text_at(octets, at, name) != member.name)
        refuse("the ZIP has another name in front of " + quoted(member.name) + " than in its directory");
    if (flags != member.flags || method != member.method)
        refuse("the ZIP says two things about how " + quoted(member.name) + " is packed");
    check_extra(octets, at + name, extra, member.name);
    at += name + extra;
    if (end - at < member.compressed)
        refuse("the ZIP shares octets between " + quoted(member.name) + " and what follows it");
    at += member.compressed;
    const bool as_recorded = crc == member.crc && compressed == member.compressed && size == member.size;
    if ((flags & flag_descriptor) == 0) {
        if (!as_recorded)
            refuse("the ZIP has other sizes in front of " + quoted(member.name) + " than in its directory");
    } else {
        if (!as_recorded && (crc != 0 || compressed != 0 || size != 0))
            refuse("the ZIP has other sizes in front of " + quoted(member.name) + " than in its directory");
        at += check_descriptor(octets, at, end, member);
    }
    if (at != end)
        refuse("the ZIP has octets between " + quoted(member.name) + " and what follows it");
}

} // namespace

std::string printable_name(std::string_view name) {
    std::string out(name.substr(0, 60));
    std::replace_if(
        out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c > 0x7E; }, '?');
    return name.size() > out.size() ? out + "…" : out;
}

std::vector<zip_member> read_zip_layout(bytes_view octets, const cap_limits& limits) {
    if (octets.size() > limits.file)
        refuse("the file is larger than " + std::to_string(limits.file) + " octets");
    const auto place = find_directory(octets, limits);
    auto members = read_directory(octets, place, limits);
    auto by_place = members;
    std::sort(by_place.begin(), by_place.end(),
              [](const zip_member& a, const zip_member& b) { return a.local_header < b.local_header; });
    if (!by_place.empty() && by_place.front().local_header != 0)
        refuse("the ZIP is preceded by " + std::to_string(by_place.front().local_header) +
               " octets that do not belong to it");
    if (by_place.empty() && place.start != 0)
        refuse("the ZIP is preceded by " + std::to_string(place.start) + " octets that do not belong to it");
    for (std::size_t k = 0; k < by_place.size(); ++k) {
        const std::size_t end = k + 1 < by_place.size() ? by_place[k + 1].local_header : place.start;
        if (end <= by_place[k].local_header)
            refuse("the ZIP shares octets between " + quoted(by_place[k].name) + " and another file");
        check_local(octets, by_place[k], end);
    }
    return members;
}

} // namespace tsms::gp
