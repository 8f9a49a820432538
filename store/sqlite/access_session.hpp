#pragma once
// The open access.db behind its row classes, for several threads. Only for store/sqlite.

#include "store/sqlite/audit.hpp"
#include "store/sqlite/query.hpp"
#include "store/sqlite/writable.hpp"

#include <mutex>

namespace tsms::store {

class access_session {
public:
    explicit access_session(const std::filesystem::path& file) : file_(file, access_kind()) {}

    /// Runs f under the lock; errors of the database become store::error.
    template <class F> auto look(F f) {
        const std::lock_guard lock(mutex_);
        return file_.look(f);
    }
    /// As look(), in one transaction.
    template <class F> auto change(F f) {
        const std::lock_guard lock(mutex_);
        return file_.change(f);
    }

    // Within one of them.
    connection& rows() { return file_.session(); }
    void audit(const std::string& what, const std::string& subject) {
        append_audit(file_.database(), system_time().wall(), what, subject);
    }

private:
    std::mutex mutex_;
    writable file_;
};

} // namespace tsms::store
