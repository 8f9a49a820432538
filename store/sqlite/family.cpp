#include "store/sqlite/family.hpp"

#include "base/time.hpp"
#include "crypto/random.hpp"
#include "store/sqlite/generation.hpp"
#include "store/sqlite/mark.hpp"
#include "store/sqlite/query.hpp"

#include <algorithm>

namespace tsms::store {

namespace {

/// Statements that walk to the first and to the last row of each table.
constexpr const char* looks_at_tables = R"sql(
SELECT format(iif(t.wr, 'SELECT * FROM "%w" ORDER BY 1 %s LIMIT 1',
        'SELECT rowid FROM "%w" NOT INDEXED ORDER BY rowid %s LIMIT 1'), t.name, ends.value)
    FROM pragma_table_list t, json_each('["ASC", "DESC"]') ends WHERE t.schema = 'main' AND t.type = 'table'
)sql";

} // namespace

template <class F> auto family::look(relative& r, F f) {
    try {
        return f(r.db());
    } catch (const SQLite::Exception& e) {
        throw failure("reading", r.file, e, r.db().getHandle());
    }
}

family::family(const std::vector<database_file>& writes, const std::vector<database_file>& reads, believe_mark mark) {
    for (const auto& w : writes)
        relatives_.push_back({w.path, opened_file(w.path), kind_of(w.name),
                              std::make_unique<writable>(w.path, kind_of(w.name), mark), nullptr, nullptr});
    for (const auto& r : reads)
        relatives_.push_back({r.path, opened_file(r.path), kind_of(r.name), nullptr,
                              std::make_unique<SQLite::Database>(open_reader(r.path, kind_of(r.name))), nullptr});
    for (auto& r : relatives_)
        r.watch = look(r, [](SQLite::Database& db) { return std::make_unique<change_watch>(db); });
}

/// The witness is read first: what it tells of was committed before it.
std::optional<std::string> family::older(relative& seer, relative& seen) {
    const auto witness = look(seer, [&](SQLite::Database& db) { return witness_of(db, seen.kind.name); });
    if (!witness || look(seen, [&](SQLite::Database& db) { return has_audit_entry(db, *witness); }))
        return std::nullopt;
    return seen.file.string() + " is older than " + seer.kind.name + ", or not its neighbour: " + seer.kind.name +
           " has seen an entry " + std::to_string(witness->sequence) +
           " of its audit chain that is not there; the chain ends at entry " +
           std::to_string(look(seen, last_audit_entry).sequence);
}

std::set<std::string> family::installations() {
    std::set<std::string> ids;
    for (auto& r : relatives_)
        if (const auto id = look(r, installation_of))
            ids.insert(*id);
    return ids;
}

std::vector<std::string> family::misfits() {
    std::vector<std::string> found;
    for (auto& seer : relatives_)
        for (auto& seen : relatives_)
            if (auto why = seer.writer && &seer != &seen ? older(seer, seen) : std::nullopt)
                found.push_back(std::move(*why));
    if (installations().size() > 1) {
        std::string text = "the databases are of different installations (tsms init):";
        for (auto& r : relatives_)
            text += " " + r.file.string() + " of " + look(r, installation_of).value_or("none");
        found.push_back(std::move(text));
    }
    return found;
}

void family::match() {
    if (const auto found = misfits(); !found.empty())
        throw error(found.front() + "; " + generation_remedy(relatives_.front().file));
    agree_on_installation();
    witness();
}

void family::agree_on_installation() {
    const auto known = installations();
    const bool writes_all = std::ranges::all_of(relatives_, [](const relative& r) { return r.writer != nullptr; });
    if (known.empty() && !writes_all)
        return; // the program that writes the other one gives it
    const auto id = known.empty() ? crypto::system_random().uuid() : *known.begin();
    agreed_ = true;
    for (auto& r : relatives_) {
        if (look(r, installation_of))
            continue;
        if (!r.writer) {
            agreed_ = false;
            continue;
        }
        r.writer->change([&] {
            set_installation(r.db(), id);
            append_audit(r.db(), system_time().wall(), "installation known", id);
        });
    }
}

void family::adopt() {
    const auto known = installations();
    const auto id = known.size() == 1 ? *known.begin() : crypto::system_random().uuid();
    for (auto& r : relatives_)
        r.writer->change([&] {
            forget_witnesses(r.db());
            set_installation(r.db(), id);
            append_audit(r.db(), system_time().wall(), "databases adopted as they are", id);
        });
    for (auto& r : relatives_)
        if (!write_mark(r.file, {id, look(r, last_audit_entry)}))
            throw error("cannot write " + mark_file(r.file).string() + "; may this user write to its folder?");
    agreed_ = true;
}

void family::witness() {
    if (!agreed_)
        agree_on_installation();
    for (auto& seer : relatives_)
        for (auto& seen : relatives_) {
            if (!seer.writer || &seer == &seen)
                continue;
            const auto tip = look(seen, last_audit_entry);
            if (tip != look(seer, [&](SQLite::Database& db) { return witness_of(db, seen.kind.name); }))
                seer.writer->change([&] { set_witness(seer.db(), seen.kind.name, tip); });
        }
}

bool family::checkpoint(std::chrono::milliseconds patience) {
    bool all = true;
    for (auto& r : relatives_)
        if (r.writer)
            all = r.writer->checkpoint(patience) && all;
    return all;
}

std::string family::displaced() const {
    for (const auto& r : relatives_)
        if (auto what = r.opened.displaced(); !what.empty())
            return what;
    return {};
}

void family::try_writing() {
    for (auto& r : relatives_)
        if (r.writer)
            r.writer->change([&] {
                r.db().exec("INSERT INTO write_probe (only, tries) VALUES (1, 1) "
                            "ON CONFLICT DO UPDATE SET tries = tries + 1");
            });
}

void family::try_reading() const {
    for (const auto& r : relatives_) {
        auto db = open_reader(r.file, r.kind);
        try {
            for (const auto& walk : all(db, only_text, looks_at_tables))
                finds(db, walk);
        } catch (const SQLite::Exception& e) {
            throw failure("reading", r.file, e, db.getHandle());
        }
    }
}

std::vector<std::optional<change_stamp>> family::stamps() const {
    std::vector<std::optional<change_stamp>> out;
    for (const auto& r : relatives_)
        out.push_back(r.watch->now());
    return out;
}

} // namespace tsms::store
