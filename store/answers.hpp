#pragma once
// Answers to calls that have changed something and run no process. Each is kept in the transaction of what it tells
// (instances::create, outbox::add), so that a repetition gets it again in every life of the server (DIV-107), and for
// as long as results are (retention).

#include "store/ports/device_rows.hpp"

namespace tsms::store {

/// Within device_rows::change. False, and nothing is kept, if this call has an answer already.
bool keep_answer(device_rows& rows, const std::optional<model::answered_call>& answer);

/// Throws store::error, as every class of the store.
class answers {
public:
    explicit answers(device_rows& rows) : rows_(rows) {}

    /// By the hash of the callId.
    std::optional<model::answered_call> find(const std::string& call) const { return rows_.answers().find(call); }

private:
    device_rows& rows_;
};

} // namespace tsms::store
