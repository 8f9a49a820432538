#include "gp/procedures/loading.hpp"

#include <algorithm>

namespace tsms::gp {

void load_all(changes& card, const load_work& what) {
    constexpr std::size_t blocks_a_mark = 32;
    std::size_t octets = 0;
    for (const auto& file : what.files)
        octets += file.image.size();
    std::size_t loaded = 0;
    for (const auto& file : what.files) {
        card.prepare_load(file, what.tsm_domain_aid);
        std::size_t blocks = 0;
        for (auto& block : load(file.image, what.block_size)) {
            if (blocks++ % blocks_a_mark == 0)
                card.mark(static_cast<int>(10 + 60 * loaded / std::max<std::size_t>(octets, 1)), what.operation);
            loaded += std::min(what.block_size, octets - loaded);
            card.load_block(std::move(block));
        }
    }
}

} // namespace tsms::gp
