#pragma once
// Calls that have begun and of which the app has no result yet. What is known of them outlives an app that is killed:
// its next start takes over what they have left at the backend (DIV-113).

#include "crypto/secret.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace tsms::sdk {

/// What is kept for the SDK cannot be used. The text says what helps.
class pending_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Keeps a text of at most most_pending_octets for one tsm_api, and for no other at the same time: who has it may end
/// what the app has begun. sdk/pending_file.hpp is one; an app may bring its own. Called on the threads of calls, never
/// by two at once; what is thrown goes to tsm_api_options::log, and the call goes on.
class pending_store {
public:
    virtual ~pending_store() = default;
    /// What was saved last; empty: nothing yet.
    virtual crypto::secret load() = 0;
    /// Durable when it returns.
    virtual void save(const crypto::secret& text) = 0;
};

inline constexpr std::size_t most_pending_octets = 4096;

/// The calls to one backend, in the store where there is one. Those to other backends stay there and are told to
/// nobody.
class pending_calls {
public:
    using log = std::function<void(const std::string&)>;

    /// `backend`: scheme, host and port. `store` and `log` may be null. Throws pending_error where the store has
    /// something else than what save() was given.
    pending_calls(std::shared_ptr<pending_store> store, std::string backend, log tell);

    /// Of those without a result, the oldest first: at most wire::most_former_calls.
    std::vector<std::string> former() const;
    /// Before this call leaves. What comes before it for too long is forgotten.
    void begin(const std::string& call_id);
    /// The backend has been told of these.
    void told(const std::vector<std::string>& call_ids);
    /// The app has the result of this call, or it has certainly not begun.
    void ended(const std::string& call_id);
    void save() noexcept;

private:
    struct pending_call {
        std::string backend;
        std::string call_id;
    };
    void read(std::string_view text);
    crypto::secret text() const;

    std::shared_ptr<pending_store> store_;
    std::string backend_;
    log tell_;
    std::vector<pending_call> calls_; ///< the oldest first
};

} // namespace tsms::sdk
