#pragma once
// catalog.db: everything that service providers manage over REST (TR 4.1.4), the SecureComponentProfiles, and uploaded
// files. The REST role and administration write it, the device role only reads.
//
// One row an entity, its attributes as a JSON document (http/rest/entity_document.hpp), and one row a reference between
// entities, so that "who uses this" and the related lists (AMB-072) are walks over one table.

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

class connection;
class reader_pool;

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

/// One consistent state of the catalog. Lives inside read() or write() only.
class catalog_view {
public:
    explicit catalog_view(connection& session) : session_(session) {}

    /// The entity if it is this provider's own or global (AMB-020).
    std::optional<entity_row> find(model::entity_kind kind, const std::string& provider, const std::string& id) const;
    /// By its exact tag (AMB-039).
    std::optional<entity_row> find_version(const std::string& provider, const std::string& service,
                                           const std::string& tag) const;
    /// Whatever the provider: for the device role and administration.
    std::optional<entity_row> find_any(model::entity_kind kind, const std::string& id) const;

    /// In the order of lists. An empty parent: entities without one.
    std::vector<entity_row> list(model::entity_kind kind, const std::string& provider, const std::string& parent) const;
    std::vector<entity_row> related(model::relation walk, model::entity_kind kind, const walk_start& start) const;

    /// Kind of the first entity that refers to this one or to one of its ExecutableModules (AMB-066).
    std::optional<model::entity_kind> first_referrer(const std::string& id) const;
    /// The first published Flavor that refers to this entity.
    std::optional<std::string> published_flavor_of(const std::string& id) const;

    /// The Flavors that Versions of any provider have for this SecureComponentProfile: for administration.
    std::vector<entity_row> flavors_for_profile(const std::string& id) const;

    /// Of the uploaded octets; 0 if there are none.
    std::size_t file_size(const std::string& id) const;
    /// The uploaded octets.
    std::optional<std::string> file(const std::string& id) const;
    /// The content of tag C4 of an ExecutableLoadFile, by the SHA-256 over it (hex).
    std::optional<bytes> load_image(const std::string& sha256) const;
    /// What only the TSM knows of a SecureComponentProfile ("identification" and "card" of the profile file).
    json::object profile_internals(const std::string& id) const;
    /// Sequence number of the first entry of the audit chain that does not fit; nothing if it is whole.
    std::optional<std::int64_t> broken_audit_entry() const;

protected:
    connection& session_;
};

/// Every change appends to the audit chain.
class catalog_edit : public catalog_view {
public:
    using catalog_view::catalog_view;

    void insert(const entity_row& row, const std::vector<entity_reference>& references);
    /// Replaces document and references; the rest of a row never changes.
    void update(const entity_row& row, const std::vector<entity_reference>& references);
    /// With everything that belongs to it. What is still referred to from outside cannot be removed (store::error).
    void remove(const std::string& id);

    void put_file(const std::string& id, std::string_view content);
    void put_load_image(const std::string& elf, const std::string& sha256, bytes_view image);
    void put_profile_internals(const std::string& id, const json::object& internals);

private:
    void insert_references(const entity_row& row, const std::vector<entity_reference>& references);
};

/// Reads from several threads at a time, each over a connection of its own.
class catalog_reader {
public:
    explicit catalog_reader(std::filesystem::path file);
    virtual ~catalog_reader();
    catalog_reader(const catalog_reader&) = delete;
    catalog_reader& operator=(const catalog_reader&) = delete;

    /// Throws store::error; exceptions of f pass through.
    template <class F> auto read(F f) const {
        std::invoke_result_t<F, const catalog_view&> result;
        in_snapshot([&](const catalog_view& view) { result = f(view); });
        return result;
    }

protected:
    catalog_reader(std::filesystem::path file, bool keep_snapshots);
    void in_snapshot(const std::function<void(const catalog_view&)>& f) const;
    std::filesystem::path file_;
    std::unique_ptr<reader_pool> readers_;
};

/// Reads and writes.
class catalog : public catalog_reader {
public:
    explicit catalog(const std::filesystem::path& file);
    ~catalog() override;

    /// One transaction, one at a time; committed when f returns, undone when it throws.
    template <class F> auto write(F f) {
        std::invoke_result_t<F, catalog_edit&> result;
        in_transaction([&](catalog_edit& edit) { result = f(edit); });
        return result;
    }

    /// Readers stay in their snapshot for the next call; one that nobody uses ends now, because the log cannot be
    /// emptied meanwhile.
    void release_snapshots();

private:
    struct writer;
    catalog(const std::filesystem::path& file, std::unique_ptr<writer> w);
    void in_transaction(const std::function<void(catalog_edit&)>& f);
    std::unique_ptr<writer> writer_;
};

} // namespace tsms::store
