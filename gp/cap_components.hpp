#pragma once
// The components of a CAP file (JCVM 3.1, chapter 6), each checked by itself: what a component holds must fill it to
// the last octet. Byte order is big-endian. In the extended format Method, RefLocation and Descriptor stand in .capx
// files and have a size of four octets; StaticResources always has (6.2, table 6-2).

#include "gp/cap.hpp"

#include <array>

namespace tsms::gp {

/// JCVM 3.1 6.2, table 6-1.
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
    static_resources,
};
constexpr std::size_t component_count = 14; ///< the tags and 0, which is none

/// The file's name without ".cap" or ".capx".
constexpr std::array<std::string_view, component_count> component_names{
    "",       "Header",      "Directory",   "Applet", "Import",     "ConstantPool", "Class",
    "Method", "StaticField", "RefLocation", "Export", "Descriptor", "Debug",        "StaticResources"};

constexpr bool may_be_extended(std::size_t tag) {
    return tag == method || tag == reference_location || tag == descriptor || tag == debug;
}

/// Reads one component from its start; every step is checked. Throws cap_error that names the component.
class component_reader {
public:
    component_reader(component_tag tag, bytes_view octets) : tag_(tag), rest_(octets) {}

    std::uint8_t u1() { return take(1)[0]; }
    std::uint16_t u2() {
        const auto octets = take(2);
        return static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
    }
    std::uint32_t u4() {
        const auto high = u2();
        return static_cast<std::uint32_t>(high) << 16 | u2();
    }
    bytes_view take(std::size_t count);
    cap_version version();
    bytes aid();     ///< with its length, 5 to 16 octets (JCVM 4.2)
    void must_end(); ///< refuses trailing octets
    std::size_t left() const { return rest_.size(); }

    [[noreturn]] void refuse(const std::string& what) const; ///< "the … component " and `what`

private:
    component_tag tag_;
    bytes_view rest_;
};

/// JCVM 3.1 6.10: where methods can be. One block, the whole component, in the compact format.
struct method_block {
    std::size_t first_method = 0; ///< offset behind the exception handlers
    std::size_t size = 0;
    bool
    has_method_at(std::size_t offset) const; ///< as far as offsets tell: behind the handlers, with room for a header
};
std::vector<method_block> read_method(component_reader in, bool extended);

/// JCVM 3.1 6.11; the Directory repeats it (6.5).
struct static_field_size {
    std::size_t image = 0;
    std::size_t arrays = 0;
    std::size_t array_octets = 0;
    friend bool operator==(const static_field_size&, const static_field_size&) = default;
};
static_field_size read_static_field(component_reader in);

std::vector<cap_import> read_import(component_reader in);                                      ///< 6.7
void check_constant_pool(component_reader in);                                                 ///< 6.8
void check_class(component_reader in, cap_version format);                                     ///< 6.9, its start
void check_reference_location(component_reader in, bool extended);                             ///< 6.12
std::size_t read_export(component_reader in, bool extended, std::size_t class_component_size); ///< 6.13: classes
void check_static_resources(component_reader in);                                              ///< 6.2, tag 13

} // namespace tsms::gp
