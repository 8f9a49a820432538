#include "http/rest/notice.hpp"

#include "http/rest/entity_document.hpp"
#include "http/rest/profiles.hpp"
#include "http/rest/reason.hpp"

#include <set>

namespace tsms::rest {

namespace {

using model::entity_kind;

constexpr int most_notices = 8;

std::set<std::string> profiles_of(const std::vector<store::entity_row>& rows) {
    std::set<std::string> ids;
    for (const auto& row : rows) {
        if (row.kind == entity_kind::secure_component_profile)
            ids.insert(row.id);
        if (row.kind == entity_kind::version)
            for (const auto& reference : references(row.kind, row.document))
                if (reference.target == entity_kind::secure_component_profile)
                    ids.insert(reference.id);
    }
    return ids;
}

} // namespace

void add_notices(net::response& answer, const store::catalog_view& view, const std::vector<store::entity_row>& rows) {
    int notices = 0;
    for (const auto& id : profiles_of(rows)) {
        if (notices == most_notices || !is_deprecated(view, id))
            continue;
        const auto profile = view.find_any(entity_kind::secure_component_profile, id);
        const auto name = profile ? json::reader(profile->document).string_or("name", "") : std::string();
        answer.headers.add(notice_field,
                           field_text("SecureComponentProfile " + id + " (" + name +
                                      ") is deprecated: it gets no new Service Instances, and is going to be removed "
                                      "when no Version refers to it any more"));
        ++notices;
    }
}

} // namespace tsms::rest
