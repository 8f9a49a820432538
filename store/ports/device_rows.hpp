#pragma once
// What the device role keeps, one port a subject. Two implementations: store/sqlite (instances.db) and store/memory.
// They only keep rows; what may be written when is decided once, above them (store/device_store.hpp).

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "store/damage_book.hpp"
#include "store/ports/answer_rows.hpp"
#include "store/ports/app_rows.hpp"
#include "store/ports/audit_rows.hpp"
#include "store/ports/card_log_rows.hpp"
#include "store/ports/card_rows.hpp"
#include "store/ports/instance_rows.hpp"
#include "store/ports/issuer_rows.hpp"
#include "store/ports/outbox_rows.hpp"
#include "store/ports/process_rows.hpp"
#include "store/ports/token_key_rows.hpp"

#include <functional>
#include <utility>

namespace tsms::store {

/// A change was not ready to be committed in time: it was undone.
class too_late : public error {
public:
    too_late() : error("the instance database was too slow; nothing was written") {}
};

/// When the store was asked last whether it may forget by age (DIV-053).
struct forgetting {
    wall_time asked{};
    int held = 0; ///< so many times more it says no
};

/// Used by one thread at a time.
class device_rows {
public:
    virtual ~device_rows() = default;

    virtual instance_rows& instances() = 0;
    virtual card_rows& cards() = 0;
    virtual process_rows& processes() = 0;
    virtual answer_rows& answers() = 0;
    virtual outbox_rows& outbox() = 0;
    virtual card_log_rows& card_log() = 0;
    virtual issuer_rows& issuers() = 0;
    virtual app_rows& apps() = 0;
    virtual token_key_rows& token_keys() = 0;
    virtual audit_rows& audit() = 0;
    virtual const time_source& time() const = 0;

    virtual std::optional<forgetting> last_forgetting() const = 0;
    virtual void remember(const forgetting& asked) = 0;

    /// What the vault sealed for these rows. Nothing in a database that was made before there was one.
    virtual std::optional<bytes> vault_seal() const = 0;
    virtual void keep_vault_seal(bytes_view seal) = 0;

    /// Has another connection, an operator's command, committed anything since the last time this was asked?
    virtual bool changed_by_others() = 0;
    virtual bool responds() const = 0;
    /// What of it could not be read.
    virtual damage_book& damage() = 0;

    /// Runs f in one transaction, committed when f returns and undone when it throws. Not within another one. Throws
    /// too_late where it is not ready to be committed by the deadline of in_time.
    template <class F> auto change(F f) {
        if constexpr (std::is_void_v<decltype(f())>) {
            in_transaction([&] {
                f();
                refuse_late();
            });
        } else {
            std::optional<decltype(f())> result;
            in_transaction([&] {
                result.emplace(f());
                refuse_late();
            });
            return std::move(*result);
        }
    }

    /// Runs f. What it changes is committed by this deadline, or not at all: who has asked for it gives up a little
    /// later, and acts on that. All waiting for other writers is within the deadline, because they wait before f runs.
    template <class F> auto in_time(steady_time deadline, F f) {
        struct restored {
            steady_time& at;
            steady_time before;
            ~restored() { at = before; }
        } const former{deadline_, std::exchange(deadline_, deadline)};
        refuse_late();
        return f();
    }

protected:
    virtual void in_transaction(const std::function<void()>& f) = 0;

private:
    void refuse_late() const {
        if (time().steady() > deadline_)
            throw too_late();
    }

    steady_time deadline_ = steady_time::max(); ///< of the changes that are made now
};

} // namespace tsms::store
