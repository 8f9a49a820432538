#include "store/adoption.hpp"

#include "store/device_store.hpp"
#include "store/sqlite/failure.hpp"
#include "store/sqlite/family.hpp"
#include "store/sqlite/mark.hpp"

namespace tsms::store {

namespace {

/// Its marks stay as they are until everything is done: what is interrupted is refused, and found again.
std::size_t doubt_all_cards(const std::filesystem::path& instances) {
    const device_store store(instances, believe_mark::no);
    std::size_t doubted = 0;
    for (const auto& card : store.cards.all())
        doubted += store.cards.doubt(card.id, true) == card_change::done;
    return doubted; // recovery decides about the others: a process was at work on them
}

std::optional<std::string> unlike_its_mark(const database_file& file) {
    const auto seen = read_mark(file.path);
    auto db = open_writer(file.path, kind_of(file.name), believe_mark::no);
    try {
        return unlike_mark(db, file.path, seen);
    } catch (const SQLite::Exception& e) {
        throw failure("reading", file.path, e, db.getHandle());
    }
}

} // namespace

adoption adopt(const std::vector<database_file>& all) {
    adoption done;
    for (const auto& file : all)
        if (auto why = unlike_its_mark(file)) {
            done.misfits.push_back(std::move(*why));
            if (file.name == database_name::instances)
                done.cards_in_doubt = doubt_all_cards(file.path);
        }
    family together(all, {}, believe_mark::no);
    for (auto& why : together.misfits())
        done.misfits.push_back(std::move(why));
    together.adopt();
    return done;
}

} // namespace tsms::store
