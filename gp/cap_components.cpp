#include "gp/cap_components.hpp"

#include <set>

namespace tsms::gp {

namespace {

constexpr std::size_t handler_octets = 8;       ///< exception_handler_info (6.10.3)
constexpr std::size_t largest_block = 0xFFFF;   ///< 6.10.1
constexpr std::size_t method_header_octets = 2; ///< the short form (6.10.4)
constexpr std::size_t most_imports = 128;       ///< package tokens have seven bits (6.7)
constexpr std::size_t largest_resource = 0x7FFF;

method_block read_block(component_reader& in, std::size_t size) {
    component_reader block(method, in.take(size));
    const auto handlers = block.u1();
    block.take(handlers * handler_octets);
    return {1 + handlers * handler_octets, size};
}

} // namespace

bytes_view component_reader::take(std::size_t count) {
    if (count > rest_.size())
        refuse("is shorter than its contents");
    const auto out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return out;
}

cap_version component_reader::version() {
    const auto minor = u1();
    return {u1(), minor};
}

bytes component_reader::aid() {
    const auto length = u1();
    if (length < 5 || length > 16)
        refuse("holds an AID of " + std::to_string(length) + " octets; an AID has 5 to 16 octets");
    return to_bytes(take(length));
}

void component_reader::must_end() {
    if (!rest_.empty())
        refuse("has " + std::to_string(rest_.size()) + " octets behind its contents");
}

void component_reader::refuse(const std::string& what) const {
    throw cap_error("the " + std::string(component_names[tag_]) + " component " + what);
}

bool method_block::has_method_at(std::size_t offset) const {
    return offset >= first_method && offset + method_header_octets <= size;
}

std::vector<method_block> read_method(component_reader in, bool extended) {
    if (!extended)
        return {read_block(in, in.left())};
    const auto count = in.u1();
    std::vector<std::size_t> offsets;
    for (int k = 0; k < count; ++k)
        offsets.push_back(in.u4());
    // The blocks follow their offsets without a gap, so differences say where each is, whatever the offsets count from.
    std::vector<method_block> blocks;
    for (std::size_t k = 0; k < offsets.size(); ++k) {
        const bool last = k + 1 == offsets.size();
        if (!last && offsets[k + 1] <= offsets[k])
            in.refuse("has blocks whose offsets do not ascend");
        const auto size = last ? in.left() : offsets[k + 1] - offsets[k];
        if (size > largest_block)
            in.refuse("has a block of more than 65535 octets");
        blocks.push_back(read_block(in, size));
    }
    in.must_end();
    return blocks;
}

static_field_size read_static_field(component_reader in) {
    static_field_size out;
    out.image = in.u2();
    const std::size_t references = in.u2();
    out.arrays = in.u2();
    for (std::size_t k = 0; k < out.arrays; ++k) {
        in.u1(); // type
        const auto count = in.u2();
        in.take(count);
        out.array_octets += count;
    }
    const std::size_t defaults = in.u2();
    const std::size_t others = in.u2();
    in.take(others);
    in.must_end();
    if (out.image != 2 * references + defaults + others)
        in.refuse("has an image of another size than its fields");
    return out;
}

std::vector<cap_import> read_import(component_reader in) {
    const std::size_t count = in.u1();
    if (count > most_imports)
        in.refuse("imports more than 128 packages");
    std::vector<cap_import> out;
    for (std::size_t k = 0; k < count; ++k) {
        const auto version = in.version();
        out.push_back({in.aid(), version});
    }
    in.must_end();
    return out;
}

void check_constant_pool(component_reader in) {
    const auto count = in.u2();
    for (int k = 0; k < count; ++k) {
        const auto tag = in.u1();
        if (tag < 1 || tag > 6)
            in.refuse("has an entry with the unknown tag " + std::to_string(tag));
        in.take(3);
    }
    in.must_end();
}

void check_class(component_reader in, cap_version format) {
    if (format >= cap_version{2, 2})
        in.take(in.u2()); // the signature pool of remote methods; classes follow up to the end
}

void check_reference_location(component_reader in, bool extended) {
    const int blocks = extended ? in.u1() : 1;
    for (int k = 0; k < blocks; ++k)
        for (int width = 1; width <= 2; ++width)
            in.take(in.u2()); // distances to the next index of this width
    in.must_end();
}

std::size_t read_export(component_reader in, bool extended, std::size_t class_component_size) {
    const std::size_t method_reference = extended ? 3 : 2; // the block's index in front of the offset
    const int packages = extended ? in.u1() : 1;
    std::size_t classes = 0;
    for (int p = 0; p < packages; ++p) {
        const int count = in.u1();
        for (int k = 0; k < count; ++k) {
            if (in.u2() >= class_component_size)
                in.refuse("exports a class beyond the Class component");
            const std::size_t fields = in.u1();
            const std::size_t methods = in.u1();
            in.take(fields * 2 + methods * method_reference);
        }
        classes += static_cast<std::size_t>(count);
    }
    in.must_end();
    if (classes == 0)
        in.refuse("exports nothing");
    return classes;
}

void check_static_resources(component_reader in) {
    const std::size_t count = in.u2();
    if (count == 0)
        in.refuse("holds no resource");
    std::set<std::uint16_t> ids;
    std::size_t octets = 0;
    for (std::size_t k = 0; k < count; ++k) {
        if (!ids.insert(in.u2()).second)
            in.refuse("has two resources with one id");
        const std::size_t size = in.u4();
        if (size > largest_resource)
            in.refuse("has a resource of more than 32767 octets");
        octets += size;
    }
    in.take(octets);
    in.must_end();
}

} // namespace tsms::gp
