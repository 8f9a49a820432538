#pragma once
// What a failed activation must not leave: access rules for applications that are not there, or not usable.

#include "process/work.hpp"

namespace tsms::process {

/// Commands behind a failed one are executed all the same (gp/procedures, hazard 1), and rules that the issuer writes
/// come before ours. Where this process may have given apps access and then failed, and the secure component still
/// answers, the rules of the Service leave it again, in the same session. Never throws card_failure: what could not be
/// withdrawn the operator is told, and the next deploy or terminate of the Service removes it.
process<void> withdraw_access(work* w, ending failed);

} // namespace tsms::process
