#include "app/tsms/no_dumps.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>

namespace tsms::app {

bool forbid_dumps() {
    const rlimit none{0, 0}; // for a core that goes to a file; to a program it would go all the same
    return ::setrlimit(RLIMIT_CORE, &none) == 0 && ::prctl(PR_SET_DUMPABLE, 0) == 0;
}

} // namespace tsms::app
