#pragma once
// The GlobalPlatform Registry (GPCS 6.6): who is on the card, in which state, under which Security Domain.

#include "lab/card/keys.hpp"

#include <deque>

namespace tsms::lab {

/// Life cycle states of applications and Security Domains (GPCS 11.1.1). A locked one keeps the state it returns to in
/// the lower bits.
namespace life_cycle {
inline constexpr std::uint8_t installed = 0x03;
inline constexpr std::uint8_t selectable = 0x07;
inline constexpr std::uint8_t personalized = 0x0F;
inline constexpr std::uint8_t locked = 0x80;
inline constexpr std::uint8_t load_file_loaded = 0x01;
inline constexpr std::uint8_t card_secured = 0x0F;
inline constexpr std::uint8_t card_locked = 0x7F;
inline constexpr std::uint8_t card_terminated = 0xFF;
} // namespace life_cycle

/// Privileges (GPCS 11.1.2) as the number of their three octets.
namespace privilege {
inline constexpr std::uint32_t security_domain = 0x800000;
inline constexpr std::uint32_t delegated_management = 0x200000;
inline constexpr std::uint32_t card_reset = 0x040000;
inline constexpr std::uint32_t cvm_management = 0x020000;
inline constexpr std::uint32_t authorized_management = 0x004000;
inline constexpr std::uint32_t token_verification = 0x002000;
inline constexpr std::uint32_t global_delete = 0x001000;
inline constexpr std::uint32_t global_lock = 0x000800;
inline constexpr std::uint32_t global_registry = 0x000400;
inline constexpr std::uint32_t receipt_generation = 0x000080;
inline constexpr std::uint32_t isd = 0x9EFE80;
} // namespace privilege

/// What only a Security Domain has.
struct security_domain {
    std::uint8_t scp03_i = 0x70;
    bool accepts_extradition = false;    ///< C9 tag 82
    bool accepts_deletion = false;       ///< C9 tag 87: an ancestor may delete what belongs to it
    std::vector<key_set> key_sets;       ///< the first one is the default
    std::map<std::uint32_t, bytes> data; ///< objects of STORE DATA, by tag

    key_set* find_keys(std::uint8_t version);
};

/// What an applet of the lab has been given to keep (kept_data.cpp). It goes with the application.
struct kept_data {
    bytes personalization;                 ///< what STORE DATA brought, all blocks of it
    std::map<std::uint8_t, bytes> objects; ///< of PUT DATA, by P2

    /// An object takes its octets and two for its name.
    std::size_t octets() const;
};

struct application {
    bytes aid;
    std::uint8_t state = life_cycle::installed; ///< for the ISD: the card's state
    std::uint32_t privileges = 0;
    bytes load_file;
    bytes module;
    bytes domain; ///< AID of the SD it is associated with; the ISD's own for the ISD
    std::size_t memory = 0;
    bytes parameters;     ///< C9 of INSTALL, as given
    int personalized = 0; ///< STORE DATA blocks it was given
    std::optional<security_domain> sd;
    kept_data kept;

    bool locked() const { return (state & life_cycle::locked) != 0; }
    bool has(std::uint32_t p) const { return (privileges & p) != 0; }
};

/// A package with the version that it has or that an import asks for.
struct package_version {
    bytes aid;
    std::uint8_t major = 0;
    std::uint8_t minor = 0;
};

struct load_file {
    package_version package;
    std::vector<package_version> packages; ///< of the extended CAP format: the packages in it, instead of `package`
    std::vector<bytes> modules;
    std::vector<package_version> imports;
    bytes domain;
    std::size_t memory = 0;
    bool preloaded = false;
    bool keeps_data = false; ///< its applets do (load_image.hpp)
    bool listed = true;
};

class registry {
public:
    application& isd() { return applications_.front(); }
    const application& isd() const { return applications_.front(); }

    application* find_application(bytes_view aid);
    const application* find_application(bytes_view aid) const;
    /// Null where the AID is unknown or no Security Domain's.
    application* find_domain(bytes_view aid);
    load_file* find_load_file(bytes_view aid);
    const load_file* find_load_file(bytes_view aid) const;
    /// The application that has Card Reset; null where it is the ISD.
    const application* card_reset_holder() const;

    const std::deque<application>& applications() const { return applications_; } ///< the ISD first
    const std::deque<load_file>& load_files() const { return load_files_; }

    void add(application a) { applications_.push_back(std::move(a)); }
    void add(load_file f) { load_files_.push_back(std::move(f)); }
    void erase_application(bytes_view aid);
    /// In every place that names this Security Domain.
    void rename(bytes_view domain, const bytes& to);
    /// At most one application has Card Reset; where none has it the ISD has (GPCS 6.6.2).
    void keep_one_card_reset();
    void erase_load_file(bytes_view aid);

    /// True where `domain` (the SD something is associated with) is `ancestor` or below it.
    bool within(bytes_view domain, bytes_view ancestor) const;
    /// The Security Domain that holds the keys for this one: itself, or its nearest ancestor with a key set.
    application& key_holder(application& domain);
    /// True for an application of the lab, which keeps what it is given.
    bool keeps_data(const application& a) const;
    /// Can its class have a personalization interface (GPCS 7.3.3)? One of a package that does not import
    /// org.globalplatform cannot; those of the lab do, and so does what the card itself has.
    bool takes_personalization(const application& a) const;
    std::vector<const application*> instances_of(bytes_view load_file) const;
    /// Applications and load files that are directly associated with a Security Domain.
    bool has_content(bytes_view domain) const;
    /// True where the card has the package in a version that satisfies the import.
    bool provides(const package_version& import) const;
    bool imported_by_another(bytes_view package) const;
    std::size_t memory_used() const;

private:
    std::deque<application> applications_;
    std::deque<load_file> load_files_;
};

} // namespace tsms::lab
