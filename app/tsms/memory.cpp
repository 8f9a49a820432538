#include "app/tsms/memory.hpp"

#include <cstddef>
#include <malloc.h>

namespace tsms::app {

void give_memory_back() {
    ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
    ::mallopt(M_TRIM_THRESHOLD, 256 << 10);
    ::mallopt(M_ARENA_MAX, 4);
}

void give_idle_memory_back() {
    constexpr std::size_t worth_it = 16 << 20;
    static std::size_t left = 0; // still counts as free, though the system has it back
    const auto free = ::mallinfo2().fordblks;
    if (free >= worth_it && free != left)
        ::malloc_trim(0);
    left = free;
}

} // namespace tsms::app
