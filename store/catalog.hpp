#pragma once
// The catalog: everything that service providers manage over REST (TR 4.1.4), the SecureComponentProfiles, and uploaded
// files. The REST role and administration write it, the device role only reads.
//
// One row an entity, its attributes as a JSON document (http/rest/entity_document.hpp), and one row a reference between
// entities, so that "who uses this" and the related lists (AMB-072) are walks over one table.
//
// Two implementations: catalog.db (store/sqlite), and rows in memory (store/memory) for tests.

#include "base/bytes.hpp"
#include "model/operations.hpp"
#include "store/error.hpp"
#include "json/json.hpp"

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace tsms::store {

struct entity_row {
    std::string id; ///< a Version has one too, though the TR knows it by Service and tag only
    model::entity_kind kind = model::entity_kind::none;
    std::string provider; ///< ServiceProvider that owns it; empty for a SecureComponentProfile
    std::string parent;   ///< Service of a Version or Flavor, ExecutableLoadFile of an ExecutableModule; else empty
    std::string
        position; ///< order in lists (AMB-021): creation date, or a Version's numbers (then unique in the Service)
    json::object document;
};

/// An edge of the graph. `via` is the third partner: the Flavor by which a Version has a SecureComponentProfile, the
/// ExecutableModule by which a Flavor has an ApplicationConfig.
struct entity_reference {
    std::string target;
    std::string via;
};

/// Ids by entity kind: where a walk starts. The place of `service_provider` holds the tenant.
class walk_start {
public:
    explicit walk_start(std::string provider) { set(model::entity_kind::service_provider, std::move(provider)); }
    walk_start& set(model::entity_kind kind, std::string id) {
        ids_[static_cast<std::size_t>(kind)] = std::move(id);
        return *this;
    }
    const std::string& id(model::entity_kind kind) const { return ids_[static_cast<std::size_t>(kind)]; }

private:
    std::array<std::string, 12> ids_;
};

/// One consistent state of the catalog. Lives inside read() or write() only, for one thread.
class catalog_view {
public:
    virtual ~catalog_view() = default;

    /// The entity if it is this provider's own or global (AMB-020).
    std::optional<entity_row> find(model::entity_kind kind, const std::string& provider, const std::string& id) const;
    /// By its exact tag (AMB-039).
    std::optional<entity_row> find_version(const std::string& provider, const std::string& service,
                                           const std::string& tag) const;
    /// Whatever the provider: for the device role and administration.
    virtual std::optional<entity_row> find_any(model::entity_kind kind, const std::string& id) const = 0;

    /// In the order of lists. An empty parent: entities without one.
    virtual std::vector<entity_row> list(model::entity_kind kind, const std::string& provider,
                                         const std::string& parent) const = 0;
    /// In the order of lists. Throws std::out_of_range for relation::none.
    virtual std::vector<entity_row> related(model::relation walk, model::entity_kind kind,
                                            const walk_start& start) const = 0;

    /// Kind of the first entity that refers to this one or to one of its ExecutableModules (AMB-066).
    virtual std::optional<model::entity_kind> first_referrer(const std::string& id) const = 0;
    /// The first published Flavor that refers to this entity.
    virtual std::optional<std::string> published_flavor_of(const std::string& id) const = 0;

    /// The Flavors that Versions of any provider have for this SecureComponentProfile: for administration.
    virtual std::vector<entity_row> flavors_for_profile(const std::string& id) const = 0;
    /// Those Versions.
    virtual std::vector<entity_row> versions_for_profile(const std::string& id) const = 0;

    /// Of the uploaded octets; 0 if there are none.
    virtual std::size_t file_size(const std::string& id) const = 0;
    /// The uploaded octets.
    virtual std::optional<std::string> file(const std::string& id) const = 0;
    /// The content of tag C4 of an ExecutableLoadFile, by the SHA-256 over it (hex).
    virtual std::optional<bytes> load_image(const std::string& sha256) const = 0;
    /// What only the TSM knows of a SecureComponentProfile ("identification" and "card" of the profile file).
    virtual json::object profile_internals(const std::string& id) const = 0;

    /// What to throw where something is stored that is never written: it says where, what, and what helps.
    virtual error damaged(const std::string& what) const = 0;

protected:
    /// The Version of the Service at this position.
    virtual std::optional<entity_row> version_at(const std::string& service, const std::string& position) const = 0;
};

/// Every change appends to the audit chain, where there is one. What is refused (store::error) ends the transaction.
class catalog_edit : public catalog_view {
public:
    /// Refused: an id that is there, a second Version of these numbers in a Service, a second Service with this sdAid,
    /// a parent or a reference that is not there.
    virtual void insert(const entity_row& row, const std::vector<entity_reference>& references) = 0;
    /// Replaces document and references of a row that is there; the rest of it never changes. Refused as insert().
    virtual void update(const entity_row& row, const std::vector<entity_reference>& references) = 0;
    /// With everything that belongs to it; nothing, if it is not there. Refused: what is still referred to from
    /// outside.
    virtual void remove(const std::string& id) = 0;

    // In the place of what was there. Refused: an entity that is not there.
    virtual void put_file(const std::string& id, std::string_view content) = 0;
    virtual void put_load_image(const std::string& elf, const std::string& sha256, bytes_view image) = 0;
    virtual void put_profile_internals(const std::string& id, const json::object& internals) = 0;
};

/// Reads, from several threads at a time.
class catalog_reader {
public:
    virtual ~catalog_reader() = default;

    /// What f returns, of one state that shows everything committed before. Throws store::error; exceptions of f pass
    /// through.
    template <class F> auto read(F f) const {
        std::optional<std::invoke_result_t<F, const catalog_view&>> result;
        in_snapshot([&](const catalog_view& view) { result.emplace(f(view)); });
        return *std::move(result);
    }

protected:
    virtual void in_snapshot(const std::function<void(const catalog_view&)>& f) const = 0;
};

/// Reads and writes.
class catalog : public catalog_reader {
public:
    /// One transaction, one at a time; committed when f returns, undone when it throws. Throws store::error; exceptions
    /// of f pass through.
    template <class F> auto write(F f) {
        std::optional<std::invoke_result_t<F, catalog_edit&>> result;
        in_transaction([&](catalog_edit& edit) { result.emplace(f(edit)); });
        return *std::move(result);
    }

    /// Readers stay in their snapshot for the next call; one that nobody uses ends now, because the log cannot be
    /// emptied meanwhile.
    virtual void release_snapshots() = 0;

protected:
    virtual void in_transaction(const std::function<void(catalog_edit&)>& f) = 0;
};

/// catalog.db, by the process that writes it, or an operator's command. Throws store::error.
std::unique_ptr<catalog> open_catalog(const std::filesystem::path& file);
/// catalog.db, for who only reads it. Throws store::error.
std::unique_ptr<catalog_reader> open_catalog_reader(const std::filesystem::path& file);

} // namespace tsms::store
