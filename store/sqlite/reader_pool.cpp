#include "store/sqlite/reader_pool.hpp"

#include <chrono>

namespace tsms::store {

namespace {

constexpr std::chrono::seconds patience{5};

} // namespace

reader_pool::reader_pool(std::filesystem::path file, const database_kind& kind, bool keep_snapshots)
    : file_(std::move(file)), kind_(kind), keep_snapshots_(keep_snapshots) {
    turn(*this).finish(); // refuses a wrong database now
}

reader_pool::~reader_pool() {
    for (auto& slot : free_)
        delete slot.exchange(nullptr);
}

reader_pool::turn::turn(reader_pool& from) : from_(from) {
    if (!from_.turns_.try_acquire_for(patience))
        throw error(from_.file_.filename().string() + ": too many readers at once");
    try {
        held_ = from_.take();
        from_.begin(*held_);
    } catch (...) {
        from_.turns_.release();
        throw;
    }
}

reader_pool::turn::~turn() {
    held_.reset();
    from_.turns_.release();
}

void reader_pool::turn::finish() {
    if (!from_.keep_snapshots_)
        end(*held_);
    from_.give_back(std::move(held_));
}

std::unique_ptr<reader_pool::reader> reader_pool::take() {
    for (auto& slot : free_)
        if (slot.load(std::memory_order_relaxed))
            if (auto* r = slot.exchange(nullptr))
                return std::unique_ptr<reader>(r);
    return std::make_unique<reader>(open_reader(file_, kind_));
}

void reader_pool::give_back(std::unique_ptr<reader> r) {
    for (auto& slot : free_) {
        reader* nobody = nullptr;
        if (slot.compare_exchange_strong(nobody, r.get())) {
            static_cast<void>(r.release());
            return;
        }
    }
}

void reader_pool::begin(reader& r) const {
    // Taken before the transaction reads for the first time: what is committed in between is seen, and costs another
    // beginning next time.
    const auto now = r.changes.now();
    if (r.open && now && now == r.snapshot)
        return;
    end(r);
    r.session.run("BEGIN");
    r.open = true;
    r.snapshot = now;
}

void reader_pool::end(reader& r) {
    if (r.open)
        r.session.run("COMMIT");
    r.open = false;
}

void reader_pool::let_go() {
    for (auto& slot : free_)
        if (std::unique_ptr<reader> r(slot.exchange(nullptr)); r) {
            try {
                end(*r);
            } catch (const SQLite::Exception&) { // its reader has been served; the session ends instead
                continue;
            }
            give_back(std::move(r));
        }
}

} // namespace tsms::store
