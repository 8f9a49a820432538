#pragma once
// The rows of a catalog in memory: one consistent state. A transaction works on a copy. Only for store/memory.

#include "store/catalog.hpp"

#include <map>
#include <set>

namespace tsms::store {

class catalog_rows final : public catalog_edit {
public:
    std::optional<entity_row> find_any(model::entity_kind kind, const std::string& id) const override;
    std::vector<entity_row> list(model::entity_kind kind, const std::string& provider,
                                 const std::string& parent) const override;
    std::vector<entity_row> related(model::relation walk, model::entity_kind kind,
                                    const walk_start& start) const override;
    std::optional<model::entity_kind> first_referrer(const std::string& id) const override;
    std::optional<std::string> published_flavor_of(const std::string& id) const override;
    std::vector<entity_row> flavors_for_profile(const std::string& id) const override;
    std::vector<entity_row> versions_for_profile(const std::string& id) const override;
    std::size_t file_size(const std::string& id) const override;
    std::optional<std::string> file(const std::string& id) const override;
    std::optional<bytes> load_image(const std::string& sha256) const override;
    json::object profile_internals(const std::string& id) const override;
    error damaged(const std::string& what) const override;

    void insert(const entity_row& row, const std::vector<entity_reference>& references) override;
    void update(const entity_row& row, const std::vector<entity_reference>& references) override;
    void remove(const std::string& id) override;
    void put_file(const std::string& id, std::string_view content) override;
    void put_load_image(const std::string& elf, const std::string& sha256, bytes_view image) override;
    void put_profile_internals(const std::string& id, const json::object& internals) override;

private:
    using ids = std::set<std::string>;
    struct edge {
        std::string source;
        std::string target;
        std::string via;
        std::string provider; ///< of the source
    };
    struct image {
        std::string sha256;
        bytes content;
    };

    std::optional<entity_row> version_at(const std::string& service, const std::string& position) const override;
    void refuse_contradiction(const entity_row& row) const;
    void refuse_missing(const std::string& id) const;
    void refer(const entity_row& row, const std::vector<entity_reference>& references);
    ids with_children(const std::string& id) const;

    /// Those that fit, in the order of lists.
    template <class Fits> std::vector<entity_row> sorted(Fits fits) const;

    // Steps of walks.
    ids sources_of(const ids& targets) const;
    ids targets_of(const ids& sources) const;
    ids targets_by(const std::string& source, const std::string& way) const;
    ids ways_to(const ids& targets) const;
    ids had_by_way_of(const ids& ways) const;
    ids parents_of(const ids& children) const;
    ids in_service(const ids& some, const std::string& service) const;
    ids of_tenant(std::string edge::*end, const std::string& tenant, const std::string& target) const;
    ids found_by(model::relation walk, const walk_start& start) const;

    std::map<std::string, entity_row> entities_; ///< by id
    std::vector<edge> edges_;                    ///< no two alike
    std::map<std::string, std::string> files_;   ///< by entity, as the next ones
    std::map<std::string, image> images_;
    std::map<std::string, json::object> internals_;
};

} // namespace tsms::store
