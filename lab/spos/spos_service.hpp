#pragma once
// The simulated SPOS-Service of a service provider (TR 4.3) as a function of requests, without a socket.

#include "http/net/message.hpp"
#include "model/process_result.hpp"

#include <filesystem>
#include <functional>
#include <mutex>
#include <unordered_set>

namespace tsms::lab {

class spos_service {
public:
    struct options {
        std::filesystem::path file; ///< where results are kept, one a line; empty: in memory only
        int fail_first = 0;         ///< this many deliveries are answered 503, to see them come again
        /// Called once for each result that is new, in the order of their arrival.
        std::function<void(const model::process_result&)> on_result;
        std::function<void(const std::string& line)> log;
    };

    /// Throws std::runtime_error or json::parse_error for an unusable file.
    explicit spos_service(options o);

    /// From any thread. Results are kept before they are answered, and once each: deliveries repeat (AMB-180).
    net::response handle(const net::request& request);

    std::vector<model::process_result> results() const;

private:
    net::response receive(const net::request& request);
    void remember(model::process_result result);

    options options_;
    mutable std::mutex mutex_;
    std::vector<model::process_result> results_;
    std::unordered_set<std::string> processes_; ///< of the results
};

/// One line for people: what was done with which instance, and how it ended.
std::string describe(const model::process_result& result);

} // namespace tsms::lab
