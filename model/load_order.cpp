#include "model/load_order.hpp"

#include <algorithm>

namespace tsms::model {

std::vector<target_load_file> in_load_order(std::vector<target_load_file> files) {
    std::vector<target_load_file> out;
    const auto imports = [](const target_load_file& file, const std::string& package) {
        return std::ranges::find(file.imports, package) != file.imports.end();
    };
    const auto waits_for = [&](const target_load_file& file, const std::vector<target_load_file>& others) {
        return std::ranges::any_of(others, [&](const target_load_file& other) {
            return other.aid != file.aid &&
                   (imports(file, other.aid) ||
                    std::ranges::any_of(other.packages, [&](const auto& package) { return imports(file, package); }));
        });
    };
    while (!files.empty()) {
        auto next = std::ranges::find_if(files, [&](const auto& file) { return !waits_for(file, files); });
        if (next == files.end())
            next = files.begin();
        out.push_back(std::move(*next));
        files.erase(next);
    }
    return out;
}

} // namespace tsms::model
