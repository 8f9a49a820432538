#include "store/catalog.hpp"

#include "model/version_tag.hpp"

namespace tsms::store {

std::optional<entity_row> catalog_view::find(model::entity_kind kind, const std::string& provider,
                                             const std::string& id) const {
    auto row = find_any(kind, id);
    if (row && !row->provider.empty() && row->provider != provider)
        return std::nullopt;
    return row;
}

std::optional<entity_row> catalog_view::find_version(const std::string& provider, const std::string& service,
                                                     const std::string& tag) const {
    const auto number = model::parse_tag(tag);
    if (!number)
        return std::nullopt;
    auto row = version_at(service, number->sort_key());
    const auto* exact = row ? row->document.find("tag") : nullptr;
    if (!exact || row->provider != provider || *exact != json::value(tag))
        return std::nullopt;
    return row;
}

} // namespace tsms::store
