#pragma once
// What the handset shows: progress on standard error, results on standard output.

#include "http/wire/tsm_api.hpp"
#include "sdk/tsm_api.hpp"

namespace tsms::app {

/// A bar on a terminal, lines elsewhere.
class progress_view : public sdk::ProcessListener {
public:
    explicit progress_view(bool terminal) : terminal_(terminal) {}
    ~progress_view() override;

    void onProcessStart(const model::process_start& processStartInfo) override;
    void onProcessProgress(const model::process_progress& processProgressInfo) override;

private:
    bool terminal_;
    bool drawn_ = false; ///< a bar stands in the line
};

/// The TR's names: OPERATIONAL, SERVICE_DEPLOYMENT_FINALIZE.
std::string_view state_name(model::instance_state state);
std::string_view operation_name(model::operation operation);

/// A result as a person wants to read it, several lines.
std::string result_text(const model::tsm_api_result& result);

/// {"exchanges", "bytesSent", "bytesReceived", "milliseconds", "apdus"}
json::value statistics_json(const sdk::statistics& s);

} // namespace tsms::app
