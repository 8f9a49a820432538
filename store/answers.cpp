#include "store/answers.hpp"

namespace tsms::store {

bool keep_answer(device_rows& rows, const std::optional<model::answered_call>& answer) {
    if (!answer)
        return true;
    if (rows.answers().find(answer->hash))
        return false;
    rows.answers().insert(*answer, rows.time().wall());
    return true;
}

} // namespace tsms::store
