#pragma once
// The open instances.db behind its row classes. Only for store/sqlite.

#include "base/time.hpp"
#include "store/instance_records.hpp"
#include "store/sqlite/query.hpp"
#include "store/sqlite/writable.hpp"

namespace tsms::store {

class device_session {
public:
    device_session(std::filesystem::path f, believe_mark mark, const time_source& t)
        : path(std::move(f)), file(path, instances_kind(), mark), time(t) {}

    /// Every method of a row class runs in it: nothing of SQLite, and no damaged document, comes out without the name
    /// of the file and what helps.
    template <class F> auto look(F f) {
        return told([&] { return file.look(f); });
    }
    /// Likewise one that writes, within a transaction.
    template <class F> auto write(F f) {
        return told([&] { return file.within_change(f); });
    }

    connection& rows() { return file.session(); }

    std::filesystem::path path;
    writable file;
    const time_source& time;

private:
    template <class F> auto told(F f) {
        try {
            return f();
        } catch (const damaged_document& e) {
            throw damage(path, e.what());
        }
    }
};

} // namespace tsms::store
