// What this program frees is overwritten: keys, tokens and credentials pass through strings, buffers and vectors of
// many hands (HTTP heads, parsers, containers that grow), and none of them wipes. OpenSSL, SQLite and whoever else uses
// malloc() are not reached by this; OpenSSL wipes its own keys.

#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

namespace {

void* allocated(std::size_t octets, std::size_t alignment = 0) {
    while (true) {
        if (void* const p = alignment ? std::aligned_alloc(alignment, (octets + alignment - 1) / alignment * alignment)
                                      : std::malloc(octets ? octets : 1))
            return p;
        if (const auto handler = std::get_new_handler())
            handler();
        else
            throw std::bad_alloc();
    }
}

void freed(void* p) noexcept {
    if (!p)
        return;
    ::explicit_bzero(p, ::malloc_usable_size(p));
    std::free(p);
}

} // namespace

// The others of the standard library come down to these (N4950 17.6.3).
void* operator new(std::size_t octets) {
    return allocated(octets);
}
void* operator new(std::size_t octets, std::align_val_t alignment) {
    return allocated(octets, static_cast<std::size_t>(alignment));
}
void operator delete(void* p) noexcept {
    freed(p);
}
void operator delete(void* p, std::size_t) noexcept {
    freed(p);
}
void operator delete(void* p, std::align_val_t) noexcept {
    freed(p);
}
void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    freed(p);
}
