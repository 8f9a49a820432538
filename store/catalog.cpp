#include "store/catalog.hpp"

#include "base/time.hpp"
#include "model/version_tag.hpp"
#include "store/sqlite/audit.hpp"
#include "store/sqlite/catalog_sql.hpp"
#include "store/sqlite/reader_pool.hpp"
#include "store/sqlite/writable.hpp"

#include <mutex>

namespace tsms::store {

namespace {

const std::string by_id = std::string("SELECT ") + entity_columns + " FROM entity WHERE id = ? AND kind = ?";

/// What was written is read: the bounds of a document are for whoever sends one, and the TSM has added to it.
json::value document_in(const SQLite::Column& column) {
    const auto text = column.getString();
    return json::parse(text, {.bytes = text.size(), .values = text.size()});
}

entity_row row_of(SQLite::Statement& s) {
    entity_row row;
    row.id = s.getColumn(0).getString();
    row.kind = static_cast<model::entity_kind>(s.getColumn(1).getInt());
    row.provider = s.getColumn(2).getString();
    row.parent = s.getColumn(3).getString();
    row.position = s.getColumn(4).getString();
    auto document = document_in(s.getColumn(5));
    row.document = std::move(*document.as_object());
    return row;
}

std::vector<entity_row> rows_of(SQLite::Statement& s) {
    std::vector<entity_row> rows;
    while (s.executeStep())
        rows.push_back(row_of(s));
    return rows;
}

void bind_or_null(SQLite::Statement& s, int index, const std::string& text) {
    if (text.empty())
        s.bind(index);
    else
        s.bind(index, text);
}

std::string subject_of(const entity_row& row) {
    return std::string(model::entity_name(row.kind)) + " " + row.id +
           (row.provider.empty() ? "" : " of " + row.provider);
}

void bind_blob(SQLite::Statement& s, int index, const void* data, std::size_t size) {
    s.bind(index, data, static_cast<int>(size));
}

} // namespace

std::optional<entity_row> catalog_view::find_any(model::entity_kind kind, const std::string& id) const {
    auto s = session_.prepare(by_id);
    s->bind(1, id);
    s->bind(2, static_cast<int>(kind));
    if (!s->executeStep())
        return std::nullopt;
    return row_of(*s);
}

std::optional<entity_row> catalog_view::find(model::entity_kind kind, const std::string& provider,
                                             const std::string& id) const {
    auto row = find_any(kind, id);
    if (row && !row->provider.empty() && row->provider != provider)
        return std::nullopt;
    return row;
}

std::optional<entity_row> catalog_view::find_version(const std::string& provider, const std::string& service,
                                                     const std::string& tag) const {
    const auto number = model::parse_tag(tag);
    if (!number)
        return std::nullopt;
    static const auto sql =
        std::string("SELECT ") + entity_columns + " FROM entity WHERE kind = 3 AND parent = ? AND position = ?";
    auto s = session_.prepare(sql);
    s->bind(1, service);
    s->bind(2, number->sort_key());
    if (!s->executeStep())
        return std::nullopt;
    auto row = row_of(*s);
    const auto* exact = row.document.find("tag");
    if (row.provider != provider || !exact || *exact != json::value(tag))
        return std::nullopt;
    return row;
}

std::vector<entity_row> catalog_view::list(model::entity_kind kind, const std::string& provider,
                                           const std::string& parent) const {
    static const auto sql = std::string("SELECT ") + entity_columns +
                            " FROM entity WHERE provider = ? AND kind = ? AND parent IS ? ORDER BY position, id";
    auto s = session_.prepare(sql);
    s->bind(1, provider);
    s->bind(2, static_cast<int>(kind));
    bind_or_null(*s, 3, parent);
    return rows_of(*s);
}

std::vector<entity_row> catalog_view::related(model::relation walk, model::entity_kind kind,
                                              const walk_start& start) const {
    auto s = session_.prepare(relation_query(walk));
    for (int i = 1; i < 12; ++i)
        s->bind(i, start.id(static_cast<model::entity_kind>(i)));
    s->bind(12, static_cast<int>(kind));
    return rows_of(*s);
}

std::optional<model::entity_kind> catalog_view::first_referrer(const std::string& id) const {
    auto s = session_.prepare("SELECT e.kind FROM reference r JOIN entity e ON e.id = r.source WHERE r.target = ?1 OR "
                              "r.target IN (SELECT id FROM entity WHERE parent = ?1 AND kind = 7) "
                              "ORDER BY e.position, e.id LIMIT 1");
    s->bind(1, id);
    if (!s->executeStep())
        return std::nullopt;
    return static_cast<model::entity_kind>(s->getColumn(0).getInt());
}

std::optional<std::string> catalog_view::published_flavor_of(const std::string& id) const {
    auto s = session_.prepare("SELECT e.id FROM reference r JOIN entity e ON e.id = r.source WHERE r.target = ?1 AND "
                              "e.kind = 4 AND e.document ->> '$.published' ORDER BY e.position, e.id LIMIT 1");
    s->bind(1, id);
    if (!s->executeStep())
        return std::nullopt;
    return s->getColumn(0).getString();
}

std::vector<entity_row> catalog_view::flavors_for_profile(const std::string& id) const {
    static const auto sql = std::string("SELECT ") + entity_columns +
                            " FROM entity WHERE id IN (SELECT via FROM reference WHERE target = ?) AND +kind = 4 "
                            "ORDER BY position, id";
    auto s = session_.prepare(sql);
    s->bind(1, id);
    return rows_of(*s);
}

std::size_t catalog_view::file_size(const std::string& id) const {
    auto s = session_.prepare("SELECT length(content) FROM file WHERE entity = ?");
    s->bind(1, id);
    return s->executeStep() ? static_cast<std::size_t>(s->getColumn(0).getInt64()) : 0;
}

std::optional<std::string> catalog_view::file(const std::string& id) const {
    auto s = session_.prepare("SELECT content FROM file WHERE entity = ?");
    s->bind(1, id);
    if (!s->executeStep())
        return std::nullopt;
    return s->getColumn(0).getString();
}

std::optional<std::int64_t> catalog_view::broken_audit_entry() const {
    return first_broken_audit_entry(session_.database());
}

std::optional<bytes> catalog_view::load_image(const std::string& sha256) const {
    auto s = session_.prepare("SELECT image FROM load_image WHERE sha256 = ? LIMIT 1");
    s->bind(1, sha256);
    if (!s->executeStep())
        return std::nullopt;
    const auto image = s->getColumn(0).getString();
    return to_bytes(as_bytes(image));
}

json::object catalog_view::profile_internals(const std::string& id) const {
    auto s = session_.prepare("SELECT document FROM profile_internals WHERE profile = ?");
    s->bind(1, id);
    if (!s->executeStep())
        return {};
    return json::root_object(document_in(s->getColumn(0)));
}

void catalog_edit::insert_references(const entity_row& row, const std::vector<entity_reference>& references) {
    for (const auto& r : references) {
        auto s =
            session_.prepare("INSERT OR IGNORE INTO reference (source, target, via, provider) VALUES (?, ?, ?, ?)");
        s->bind(1, row.id);
        s->bind(2, r.target);
        s->bind(3, r.via);
        s->bind(4, row.provider);
        s->exec();
    }
}

void catalog_edit::insert(const entity_row& row, const std::vector<entity_reference>& references) {
    {
        auto s = session_.prepare(
            "INSERT INTO entity (id, kind, provider, parent, position, document) VALUES (?, ?, ?, ?, ?, ?)");
        s->bind(1, row.id);
        s->bind(2, static_cast<int>(row.kind));
        s->bind(3, row.provider);
        bind_or_null(*s, 4, row.parent);
        s->bind(5, row.position);
        s->bind(6, json::dump(row.document));
        s->exec();
    }
    insert_references(row, references);
    append_audit(session_.database(), system_time().wall(), "created", subject_of(row));
}

void catalog_edit::update(const entity_row& row, const std::vector<entity_reference>& references) {
    {
        auto s = session_.prepare("UPDATE entity SET document = ? WHERE id = ?");
        s->bind(1, json::dump(row.document));
        s->bind(2, row.id);
        s->exec();
    }
    {
        auto s = session_.prepare("DELETE FROM reference WHERE source = ?");
        s->bind(1, row.id);
        s->exec();
    }
    insert_references(row, references);
    append_audit(session_.database(), system_time().wall(), "modified", subject_of(row));
}

void catalog_edit::remove(const std::string& id) {
    auto s = session_.prepare("DELETE FROM entity WHERE id = ?");
    s->bind(1, id);
    s->exec();
    append_audit(session_.database(), system_time().wall(), "removed", id);
}

void catalog_edit::put_file(const std::string& id, std::string_view content) {
    auto s = session_.prepare("INSERT OR REPLACE INTO file (entity, content) VALUES (?, ?)");
    s->bind(1, id);
    bind_blob(*s, 2, content.data(), content.size());
    s->exec();
    append_audit(session_.database(), system_time().wall(), "file stored", id);
}

void catalog_edit::put_load_image(const std::string& elf, const std::string& sha256, bytes_view image) {
    auto s = session_.prepare("INSERT OR REPLACE INTO load_image (entity, sha256, image) VALUES (?, ?, ?)");
    s->bind(1, elf);
    s->bind(2, sha256);
    bind_blob(*s, 3, image.data(), image.size());
    s->exec();
}

void catalog_edit::put_profile_internals(const std::string& id, const json::object& internals) {
    auto s = session_.prepare("INSERT OR REPLACE INTO profile_internals (profile, document) VALUES (?, ?)");
    s->bind(1, id);
    s->bind(2, json::dump(internals));
    s->exec();
    append_audit(session_.database(), system_time().wall(), "profile internals stored", id);
}

catalog_reader::catalog_reader(std::filesystem::path file) : catalog_reader(std::move(file), false) {}

catalog_reader::catalog_reader(std::filesystem::path file, bool keep_snapshots)
    : file_(std::move(file)), readers_(std::make_unique<reader_pool>(file_, catalog_kind(), keep_snapshots)) {}

catalog_reader::~catalog_reader() = default;

void catalog_reader::in_snapshot(const std::function<void(const catalog_view&)>& f) const {
    try {
        reader_pool::turn turn(*readers_);
        f(catalog_view(turn.session()));
        turn.finish();
    } catch (const SQLite::Exception& e) {
        throw failure("reading", file_, e, nullptr); // the session is another one's by now
    }
}

struct catalog::writer {
    explicit writer(const std::filesystem::path& f) : file(f, catalog_kind()) {}
    std::mutex mutex;
    writable file;
};

catalog::catalog(const std::filesystem::path& file) : catalog(file, std::make_unique<writer>(file)) {}
catalog::catalog(const std::filesystem::path& file, std::unique_ptr<writer> w)
    : catalog_reader(file, true), writer_(std::move(w)) {}

catalog::~catalog() {
    release_snapshots(); // so that the writer can empty the log
}

void catalog::release_snapshots() {
    readers_->let_go();
}

void catalog::in_transaction(const std::function<void(catalog_edit&)>& f) {
    const std::lock_guard lock(writer_->mutex);
    writer_->file.change([&] {
        catalog_edit edit(writer_->file.session());
        f(edit);
        release_snapshots(); // one that nobody uses shall not hold up the checkpoint
    });
}

} // namespace tsms::store
