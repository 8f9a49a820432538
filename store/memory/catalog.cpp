#include "store/memory/catalog.hpp"

#include "store/document_shape.hpp"
#include "store/memory/catalog_rows.hpp"

#include <algorithm>
#include <mutex>

namespace tsms::store {

namespace {

bool is_published(const entity_row& row) {
    const auto* published = row.document.find("published");
    return published && *published == json::value(true);
}

} // namespace

template <class Fits> std::vector<entity_row> catalog_rows::sorted(Fits fits) const {
    std::vector<entity_row> out;
    for (const auto& [id, row] : entities_)
        if (fits(row))
            out.push_back(row);
    std::ranges::stable_sort(out, {}, &entity_row::position); // and they come by id
    return out;
}

std::optional<entity_row> catalog_rows::find_any(model::entity_kind kind, const std::string& id) const {
    const auto found = entities_.find(id);
    return found != entities_.end() && found->second.kind == kind ? std::optional(found->second) : std::nullopt;
}

std::optional<entity_row> catalog_rows::version_at(const std::string& service, const std::string& position) const {
    for (const auto& [id, row] : entities_)
        if (row.kind == model::entity_kind::version && row.parent == service && row.position == position)
            return row;
    return std::nullopt;
}

std::vector<entity_row> catalog_rows::list(model::entity_kind kind, const std::string& provider,
                                           const std::string& parent) const {
    return sorted(
        [&](const entity_row& row) { return row.kind == kind && row.provider == provider && row.parent == parent; });
}

std::vector<entity_row> catalog_rows::related(model::relation walk, model::entity_kind kind,
                                              const walk_start& start) const {
    const auto found = found_by(walk, start);
    const auto& tenant = start.id(model::entity_kind::service_provider);
    return sorted([&](const entity_row& row) {
        return row.kind == kind && found.contains(row.id) && (row.provider.empty() || row.provider == tenant);
    });
}

std::optional<model::entity_kind> catalog_rows::first_referrer(const std::string& id) const {
    ids wanted{id};
    for (const auto& [module, row] : entities_)
        if (row.kind == model::entity_kind::executable_module && row.parent == id)
            wanted.insert(module);
    const auto referring = sources_of(wanted);
    const auto rows = sorted([&](const entity_row& row) { return referring.contains(row.id); });
    return rows.empty() ? std::nullopt : std::optional(rows.front().kind);
}

std::optional<std::string> catalog_rows::published_flavor_of(const std::string& id) const {
    const auto referring = sources_of({id});
    const auto rows = sorted([&](const entity_row& row) {
        return row.kind == model::entity_kind::flavor && referring.contains(row.id) && is_published(row);
    });
    return rows.empty() ? std::nullopt : std::optional(rows.front().id);
}

std::vector<entity_row> catalog_rows::flavors_for_profile(const std::string& id) const {
    ids by;
    for (const auto& e : edges_)
        if (e.target == id)
            by.insert(e.via);
    return sorted([&](const entity_row& row) { return row.kind == model::entity_kind::flavor && by.contains(row.id); });
}

std::vector<entity_row> catalog_rows::versions_for_profile(const std::string& id) const {
    ids with;
    for (const auto& e : edges_)
        if (e.target == id)
            with.insert(e.source);
    return sorted(
        [&](const entity_row& row) { return row.kind == model::entity_kind::version && with.contains(row.id); });
}

std::size_t catalog_rows::file_size(const std::string& id) const {
    return file(id).value_or("").size();
}

std::optional<std::string> catalog_rows::file(const std::string& id) const {
    const auto found = files_.find(id);
    return found == files_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<bytes> catalog_rows::load_image(const std::string& sha256) const {
    for (const auto& [elf, image] : images_)
        if (image.sha256 == sha256)
            return image.content;
    return std::nullopt;
}

json::object catalog_rows::profile_internals(const std::string& id) const {
    const auto found = internals_.find(id);
    return found == internals_.end() ? json::object() : found->second;
}

error catalog_rows::damaged(const std::string& what) const {
    return error("the catalog in memory holds what is never written: " + what + "; begin with an empty one");
}

void catalog_rows::refuse_contradiction(const entity_row& row) const {
    const auto* sd_aid = row.kind == model::entity_kind::service ? row.document.find("sdAid") : nullptr;
    for (const auto& [id, other] : entities_) {
        if (id == row.id || other.kind != row.kind)
            continue;
        if (row.kind == model::entity_kind::version && other.parent == row.parent && other.position == row.position)
            throw error("there is a Version at " + row.position + " already");
        const auto* of_other = sd_aid ? other.document.find("sdAid") : nullptr;
        if (of_other && *of_other == *sd_aid)
            throw error("there is a Service with this sdAid already: " + id);
    }
}

void catalog_rows::refuse_missing(const std::string& id) const {
    if (!entities_.contains(id))
        throw error("there is no entity " + id);
}

void catalog_rows::refer(const entity_row& row, const std::vector<entity_reference>& references) {
    std::erase_if(edges_, [&](const edge& e) { return e.source == row.id; });
    for (const auto& r : references) {
        refuse_missing(r.target);
        const bool known = std::ranges::any_of(
            edges_, [&](const edge& e) { return e.source == row.id && e.target == r.target && e.via == r.via; });
        if (!known)
            edges_.push_back({row.id, r.target, r.via, row.provider});
    }
}

void catalog_rows::insert(const entity_row& row, const std::vector<entity_reference>& references) {
    refuse_misshapen(row);
    if (entities_.contains(row.id))
        throw error("there is an entity " + row.id + " already");
    if (!row.parent.empty() && row.parent != row.id)
        refuse_missing(row.parent);
    refuse_contradiction(row);
    entities_.emplace(row.id, row);
    refer(row, references);
}

void catalog_rows::update(const entity_row& row, const std::vector<entity_reference>& references) {
    refuse_misshapen(row);
    refuse_missing(row.id);
    auto changed = entities_.at(row.id);
    changed.document = row.document;
    refuse_contradiction(changed);
    entities_.at(row.id) = std::move(changed);
    refer(row, references);
}

catalog_rows::ids catalog_rows::with_children(const std::string& id) const {
    ids out{id};
    for (bool more = true; more;) {
        more = false;
        for (const auto& [child, row] : entities_)
            if (out.contains(row.parent))
                more |= out.insert(child).second;
    }
    return out;
}

void catalog_rows::remove(const std::string& id) {
    const auto gone = with_children(id);
    std::erase_if(edges_, [&](const edge& e) { return gone.contains(e.source); });
    for (const auto& e : edges_)
        if (gone.contains(e.target))
            throw error(e.source + " still refers to " + e.target);
    for (const auto& one : gone) {
        entities_.erase(one);
        files_.erase(one);
        images_.erase(one);
        internals_.erase(one);
    }
}

void catalog_rows::put_file(const std::string& id, std::string_view content) {
    refuse_missing(id);
    files_.insert_or_assign(id, std::string(content));
}

void catalog_rows::put_load_image(const std::string& elf, const std::string& sha256, bytes_view image) {
    refuse_missing(elf);
    images_.insert_or_assign(elf, catalog_rows::image{sha256, to_bytes(image)});
}

void catalog_rows::put_profile_internals(const std::string& id, const json::object& internals) {
    refuse_misshapen_internals(internals);
    refuse_missing(id);
    internals_.insert_or_assign(id, internals);
}

namespace {

class memory_catalog final : public catalog {
public:
    void release_snapshots() override {} // each ends with its reader

private:
    void in_snapshot(const std::function<void(const catalog_view&)>& f) const override { f(*now()); }

    void in_transaction(const std::function<void(catalog_edit&)>& f) override {
        const std::lock_guard one_writer(writer_);
        const auto next = std::make_shared<catalog_rows>(*now());
        f(*next);
        const std::lock_guard lock(mutex_);
        now_ = next;
    }

    std::shared_ptr<const catalog_rows> now() const {
        const std::lock_guard lock(mutex_);
        return now_;
    }

    std::mutex writer_;
    mutable std::mutex mutex_; ///< held for as long as it takes to copy the pointer
    std::shared_ptr<const catalog_rows> now_ = std::make_shared<catalog_rows>();
};

} // namespace

std::unique_ptr<catalog> catalog_in_memory() {
    return std::make_unique<memory_catalog>();
}

} // namespace tsms::store
