#pragma once
// Answers to calls that have changed something and run no process (DIV-107).

#include "base/time.hpp"
#include "model/records.hpp"

namespace tsms::store {

class answer_rows {
public:
    virtual ~answer_rows() = default;

    /// By the hash of the callId. Throws damaged_row.
    virtual std::optional<model::answered_call> find(const std::string& call) const = 0;
    /// Refuses a call that has an answer.
    virtual void insert(const model::answered_call& answer, wall_time at) = 0;
    virtual void forget_before(wall_time limit) = 0; ///< to the second
};

} // namespace tsms::store
