#include "gp/procedure.hpp"

#include <algorithm>
#include <iterator>

namespace tsms::gp {

void batch::append(batch part) {
    std::move(part.commands.begin(), part.commands.end(), std::back_inserter(commands));
}

batch_answer part_of(const batch_answer& all, std::size_t from, std::size_t count) {
    batch_answer answer;
    for (std::size_t i = from; i < from + count && i < all.responses.size(); ++i)
        answer.responses.push_back(all.responses[i]);
    if (answer.responses.size() < count) {
        answer.end = all.end == transmission::complete ? transmission::failed : all.end;
        answer.detail = all.detail;
        if (all.responses.size() < from && answer.end == transmission::unavailable)
            answer.end = transmission::failed;
    }
    return answer;
}

} // namespace tsms::gp
