#include "store/memory/device_rows.hpp"

#include "store/device_store.hpp"

#include <stdexcept>

namespace tsms::store {

void memory_device_rows::in_transaction(const std::function<void()>& f) {
    if (std::exchange(is_changing_, true))
        throw std::logic_error("a transaction within another one");
    auto before = tables_;
    try {
        f();
    } catch (...) {
        tables_ = std::move(before);
        is_changing_ = false;
        throw;
    }
    is_changing_ = false;
}

device_store make_memory_store(const time_source& time) {
    return device_store(std::make_unique<memory_device_rows>(time));
}

} // namespace tsms::store
