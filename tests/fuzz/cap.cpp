// A CAP file as it is uploaded: the ZIP and what is in it.

#include "gp/cap.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace tsms::fuzz {

void run(input in) {
    gp::cap_limits limits;
    limits.file = 64 << 10;
    limits.image = 256 << 10;
    const auto cap = attempt<gp::cap_error>([&] { return gp::parse_cap(in.rest(), limits); });
    if (!cap)
        return;
    require(in.rest().size() <= limits.file, "a file over the limit is refused");
    require(cap->package_aid.size() >= 5 && cap->package_aid.size() <= 16, "the AID has 5 to 16 octets");
    require(cap->load_image.size() <= limits.image, "the image is not larger than all components may be");
}

} // namespace tsms::fuzz
