#pragma once
// The one description of the REST data model (TR 4.1.4), in both dialects: what an attribute is called, what it may
// hold, who may set it. Checks of request bodies, answers, references and the served OpenAPI document all come from
// these rows.

#include "model/dialect.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace tsms::model {

using dialects = std::uint8_t; ///< a set of dialects
inline constexpr dialects no_dialect = 0;
inline constexpr dialects only_v1_0 = 1;
inline constexpr dialects only_v1_0_4 = 2;
inline constexpr dialects both_dialects = 3;
constexpr bool contains(dialects set, dialect d) {
    return (set & static_cast<dialects>(d)) != 0;
}

/// The numbers are stored: never change one.
enum class entity_kind : int {
    none = 0,
    service_provider = 1,
    service = 2,
    version = 3,
    flavor = 4,
    secure_component_profile = 5,
    executable_load_file = 6,
    executable_module = 7,
    application_config = 8,
    personalization_script = 9,
    certificate = 10,
    spos_config = 11,
    // Parts of others, without identity of their own.
    feature_config = 100,
    application_instantiation_config = 101,
    technical_requirements = 102,
    install_config = 103,
    activation_config = 104,
    personalization_config = 105,
    general_error = 106,
};

enum class value_type {
    string,
    boolean,
    integer,
    strings,     ///< string[]
    string_map,  ///< Map<string, string>
    boolean_map, ///< Map<string, boolean>
    strings_map, ///< Map<string, string[]>
    object,      ///< the entity `part`
    objects,     ///< list of the entity `part`
};

/// What the strings of an attribute look like; for containers, their elements.
enum class text_format {
    any,
    uuid,
    aid,         ///< AMB-041
    device_app,  ///< AMB-040
    tag,         ///< AMB-039
    platform,    ///< version of two or three numbers
    java_card,   ///< version of three numbers
    date_time,   ///< AMB-045
    tlv,         ///< AMB-042, AMB-204, AMB-221
    privilege,   ///< AMB-043
    https_url,   ///< AMB-075; an address that our client takes
    deployments, ///< keys are FlavorIds, values SecureComponentProfileIds (TR 4.1.4.3)
};
/// <<formatDefinition>> of TR 4.1.5.2.
std::string_view format_definition(text_format format);

enum class presence { mandatory, optional, automatic }; ///< M, O, A

struct attribute {
    std::string_view name;
    value_type type = value_type::string;
    presence mandatory = presence::optional;
    bool editable = true;
    text_format format = text_format::any;
    entity_kind part = entity_kind::none;   ///< of object and objects
    entity_kind target = entity_kind::none; ///< the string (or each string of the list) is the id of one of these
    std::int64_t minimum = 0;               ///< of an integer
    std::int64_t maximum = 255;             ///< of an integer; of a string: characters
    std::int64_t fallback = 0;              ///< of an integer or boolean that is not set
    bool may_be_empty = false;              ///< an empty list or map satisfies M (AMB-035)
    dialects in = both_dialects;            ///< where the attribute exists
    dialects optional_in = no_dialect;      ///< where M is O
    dialects frozen_in = no_dialect;        ///< where Editable is C: not once linked to a published Flavor (AMB-057)
    std::string_view stored_as = {};        ///< name in the store where a dialect has renamed it

    // The rows are written as chains: type("name").mandatory()…
    constexpr attribute required() const {
        auto a = *this;
        a.mandatory = presence::mandatory;
        return a;
    }
    constexpr attribute automatic() const {
        auto a = *this;
        a.mandatory = presence::automatic;
        return a;
    }
    constexpr attribute fixed() const {
        auto a = *this;
        a.editable = false;
        return a;
    }
    constexpr attribute as(text_format f) const {
        auto a = *this;
        a.format = f;
        return a;
    }
    constexpr attribute refers(entity_kind k) const {
        auto a = *this;
        a.target = k;
        a.format = text_format::uuid;
        return a;
    }
    constexpr attribute range(std::int64_t low, std::int64_t high) const {
        auto a = *this;
        a.minimum = low;
        a.maximum = high;
        return a;
    }
    constexpr attribute most(std::int64_t characters) const {
        auto a = *this;
        a.maximum = characters;
        return a;
    }
    constexpr attribute otherwise(std::int64_t v) const {
        auto a = *this;
        a.fallback = v;
        return a;
    }
    constexpr attribute empty_allowed() const {
        auto a = *this;
        a.may_be_empty = true;
        return a;
    }
    constexpr attribute only(dialects d) const {
        auto a = *this;
        a.in = d;
        return a;
    }
    constexpr attribute relaxed(dialects d) const {
        auto a = *this;
        a.optional_in = d;
        return a;
    }
    constexpr attribute frozen(dialects d) const {
        auto a = *this;
        a.frozen_in = d;
        return a;
    }
    constexpr attribute stored(std::string_view n) const {
        auto a = *this;
        a.stored_as = n;
        return a;
    }

    constexpr std::string_view key() const { return stored_as.empty() ? name : stored_as; }
    constexpr bool is_mandatory(dialect d) const {
        return mandatory == presence::mandatory && !contains(optional_in, d);
    }
};

struct entity {
    entity_kind kind;
    std::string_view name; ///< the TR's section title, as in error messages (AMB-210)
    std::span<const attribute> attributes;
};

/// Every row of the table.
std::span<const entity> entities();
/// Throws std::out_of_range for a kind that has no row.
const entity& describe(entity_kind kind);
/// The attribute of that name in the dialect, null if it has none (AMB-037).
const attribute* find_attribute(const entity& e, std::string_view name, dialect d);
inline std::string_view entity_name(entity_kind kind) {
    return describe(kind).name;
}

} // namespace tsms::model
