#include "store/sqlite/reader_pool.hpp"

#include "store/sqlite/failure.hpp"

#include <chrono>

namespace tsms::store {

namespace {

constexpr std::chrono::seconds patience{5};

} // namespace

/// One of those that may read at the same time.
class reader_pool::turn {
public:
    explicit turn(reader_pool& of) : of_(of) {
        if (!of_.turns_.try_acquire_for(patience))
            throw error(of_.file_.filename().string() + ": too many readers at once; try again later");
    }
    ~turn() { of_.turns_.release(); }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

private:
    reader_pool& of_;
};

reader_pool::reader_pool(std::filesystem::path file, const database_kind& kind, keep_snapshots keep)
    : file_(std::move(file)), kind_(kind), keeps_snapshots_(keep == keep_snapshots::yes) {
    read([](connection&) {}); // refuses a wrong database now
}

reader_pool::~reader_pool() {
    for (auto& slot : free_)
        delete slot.exchange(nullptr);
}

void reader_pool::read(const std::function<void(connection&)>& f) {
    const turn one(*this);
    auto held = take();
    try {
        begin(*held);
        f(held->session);
        if (!keeps_snapshots_)
            end(*held);
    } catch (const SQLite::Exception& e) {
        throw failure("reading", file_, e, held->session.database().getHandle());
    }
    give_back(std::move(held));
}

std::unique_ptr<reader_pool::reader> reader_pool::take() {
    for (auto& slot : free_)
        if (slot.load(std::memory_order_relaxed))
            if (auto* r = slot.exchange(nullptr))
                return std::unique_ptr<reader>(r);
    auto db = open_reader(file_, kind_);
    try {
        return std::make_unique<reader>(std::move(db));
    } catch (const SQLite::Exception& e) {
        throw failure("opening", file_, e, nullptr);
    }
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
