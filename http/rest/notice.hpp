#pragma once
// What a service provider has to know of what it is answered, where the norm's document has no place for it: that a
// SecureComponentProfile is going to be removed (TR 3.3.1.2, DIV-121).

#include "http/net/message.hpp"
#include "store/catalog.hpp"

namespace tsms::rest {

/// The header field of such an answer; one for each deprecated profile, of the first few.
inline constexpr const char* notice_field = "TSMS-Notice";

/// `rows`: those of the answer; Versions and SecureComponentProfiles have notices.
void add_notices(net::response& answer, const store::catalog_view& view, const std::vector<store::entity_row>& rows);

} // namespace tsms::rest
