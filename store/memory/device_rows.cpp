#include "store/memory/device_rows.hpp"

#include "store/device_store.hpp"

namespace tsms::store {

void memory_device_rows::in_transaction(const std::function<void()>& f) {
    auto before = tables_;
    try {
        f();
    } catch (...) {
        tables_ = std::move(before);
        throw;
    }
}

device_store make_memory_store(const time_source& time) {
    return device_store(std::make_unique<memory_device_rows>(time));
}

} // namespace tsms::store
