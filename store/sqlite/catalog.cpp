#include "store/catalog.hpp"

#include "base/time.hpp"
#include "store/document_shape.hpp"
#include "store/sqlite/audit.hpp"
#include "store/sqlite/catalog_sql.hpp"
#include "store/sqlite/reader_pool.hpp"
#include "store/sqlite/writable.hpp"

#include <mutex>

namespace tsms::store {

namespace {

const std::string by_id = std::string("SELECT ") + entity_columns + " FROM entity WHERE id = ? AND kind = ?";

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

/// Over one connection: to a snapshot, where only the const functions are in reach, or in a transaction.
class catalog_session final : public catalog_edit {
public:
    catalog_session(connection& session, const std::filesystem::path& file) : session_(session), file_(file) {}

    std::optional<entity_row> find_any(model::entity_kind kind, const std::string& id) const override;
    std::vector<entity_row> list(model::entity_kind kind, const std::string& provider,
                                 const std::string& parent) const override;
    std::vector<entity_row> related(model::relation walk, model::entity_kind kind,
                                    const walk_start& start) const override;
    std::optional<model::entity_kind> first_referrer(const std::string& id) const override;
    std::optional<std::string> published_flavor_of(const std::string& id) const override;
    std::vector<entity_row> flavors_for_profile(const std::string& id) const override;
    std::size_t file_size(const std::string& id) const override;
    std::optional<std::string> file(const std::string& id) const override;
    std::optional<bytes> load_image(const std::string& sha256) const override;
    json::object profile_internals(const std::string& id) const override;
    error damaged(const std::string& what) const override { return damage(file_, what); }

    void insert(const entity_row& row, const std::vector<entity_reference>& references) override;
    void update(const entity_row& row, const std::vector<entity_reference>& references) override;
    void remove(const std::string& id) override;
    void put_file(const std::string& id, std::string_view content) override;
    void put_load_image(const std::string& elf, const std::string& sha256, bytes_view image) override;
    void put_profile_internals(const std::string& id, const json::object& internals) override;

private:
    std::optional<entity_row> version_at(const std::string& service, const std::string& position) const override;
    model::entity_kind kind_in(const SQLite::Column& column) const;
    json::object document_in(const SQLite::Column& column, const char* which, const std::string& of) const;
    entity_row row_of(SQLite::Statement& s) const;
    std::vector<entity_row> rows_of(SQLite::Statement& s) const;
    void insert_references(const entity_row& row, const std::vector<entity_reference>& references);
    void audit(const std::string& what, const std::string& subject) {
        append_audit(session_.database(), system_time().wall(), what, subject);
    }

    connection& session_;
    const std::filesystem::path& file_;
};

model::entity_kind catalog_session::kind_in(const SQLite::Column& column) const {
    const auto kind = static_cast<model::entity_kind>(column.getInt());
    if (kind <= model::entity_kind::service_provider || kind > model::entity_kind::spos_config)
        throw damaged("there is no kind of entities " + std::to_string(column.getInt()));
    return kind;
}

/// What was written is read: the bounds of a document are for whoever sends one, and the TSM has added to it.
json::object catalog_session::document_in(const SQLite::Column& column, const char* which,
                                          const std::string& of) const {
    const auto text = column.getString();
    try {
        auto document = json::parse(text, {.bytes = text.size(), .values = text.size()});
        if (auto* members = document.as_object())
            return std::move(*members);
    } catch (const json::parse_error& e) {
        throw damaged(which + of + ": " + e.what());
    }
    throw damaged(which + of + " is no JSON object");
}

entity_row catalog_session::row_of(SQLite::Statement& s) const {
    entity_row row;
    row.id = s.getColumn(0).getString();
    row.kind = kind_in(s.getColumn(1));
    row.provider = s.getColumn(2).getString();
    row.parent = s.getColumn(3).getString();
    row.position = s.getColumn(4).getString();
    row.document = document_in(s.getColumn(5), "the document of ", row.id);
    if (const auto fault = fault_of(row.kind, row.document))
        throw damaged("the document of " + std::string(model::entity_name(row.kind)) + " " + row.id + ": " + *fault);
    return row;
}

std::vector<entity_row> catalog_session::rows_of(SQLite::Statement& s) const {
    std::vector<entity_row> rows;
    while (s.executeStep())
        rows.push_back(row_of(s));
    return rows;
}

std::optional<entity_row> catalog_session::find_any(model::entity_kind kind, const std::string& id) const {
    auto s = session_.prepare(by_id);
    s->bind(1, id);
    s->bind(2, static_cast<int>(kind));
    if (!s->executeStep())
        return std::nullopt;
    return row_of(*s);
}

std::optional<entity_row> catalog_session::version_at(const std::string& service, const std::string& position) const {
    static const auto sql =
        std::string("SELECT ") + entity_columns + " FROM entity WHERE kind = 3 AND parent = ? AND position = ?";
    auto s = session_.prepare(sql);
    s->bind(1, service);
    s->bind(2, position);
    if (!s->executeStep())
        return std::nullopt;
    return row_of(*s);
}

std::vector<entity_row> catalog_session::list(model::entity_kind kind, const std::string& provider,
                                              const std::string& parent) const {
    static const auto sql = std::string("SELECT ") + entity_columns +
                            " FROM entity WHERE provider = ? AND kind = ? AND parent IS ? ORDER BY position, id";
    auto s = session_.prepare(sql);
    s->bind(1, provider);
    s->bind(2, static_cast<int>(kind));
    bind_or_null(*s, 3, parent);
    return rows_of(*s);
}

std::vector<entity_row> catalog_session::related(model::relation walk, model::entity_kind kind,
                                                 const walk_start& start) const {
    auto s = session_.prepare(relation_query(walk));
    for (int i = 1; i < 12; ++i)
        s->bind(i, start.id(static_cast<model::entity_kind>(i)));
    s->bind(12, static_cast<int>(kind));
    return rows_of(*s);
}

std::optional<model::entity_kind> catalog_session::first_referrer(const std::string& id) const {
    auto s = session_.prepare("SELECT e.kind FROM reference r JOIN entity e ON e.id = r.source WHERE r.target = ?1 OR "
                              "r.target IN (SELECT id FROM entity WHERE parent = ?1 AND kind = 7) "
                              "ORDER BY e.position, e.id LIMIT 1");
    s->bind(1, id);
    if (!s->executeStep())
        return std::nullopt;
    return kind_in(s->getColumn(0));
}

std::optional<std::string> catalog_session::published_flavor_of(const std::string& id) const {
    auto s = session_.prepare("SELECT e.id FROM reference r JOIN entity e ON e.id = r.source WHERE r.target = ?1 AND "
                              "e.kind = 4 AND e.document ->> '$.published' ORDER BY e.position, e.id LIMIT 1");
    s->bind(1, id);
    if (!s->executeStep())
        return std::nullopt;
    return s->getColumn(0).getString();
}

std::vector<entity_row> catalog_session::flavors_for_profile(const std::string& id) const {
    static const auto sql = std::string("SELECT ") + entity_columns +
                            " FROM entity WHERE id IN (SELECT via FROM reference WHERE target = ?) AND +kind = 4 "
                            "ORDER BY position, id";
    auto s = session_.prepare(sql);
    s->bind(1, id);
    return rows_of(*s);
}

std::size_t catalog_session::file_size(const std::string& id) const {
    auto s = session_.prepare("SELECT length(content) FROM file WHERE entity = ?");
    s->bind(1, id);
    return s->executeStep() ? static_cast<std::size_t>(s->getColumn(0).getInt64()) : 0;
}

std::optional<std::string> catalog_session::file(const std::string& id) const {
    auto s = session_.prepare("SELECT content FROM file WHERE entity = ?");
    s->bind(1, id);
    if (!s->executeStep())
        return std::nullopt;
    return s->getColumn(0).getString();
}

std::optional<bytes> catalog_session::load_image(const std::string& sha256) const {
    auto s = session_.prepare("SELECT image FROM load_image WHERE sha256 = ? LIMIT 1");
    s->bind(1, sha256);
    if (!s->executeStep())
        return std::nullopt;
    const auto image = s->getColumn(0).getString();
    return to_bytes(as_bytes(image));
}

json::object catalog_session::profile_internals(const std::string& id) const {
    auto s = session_.prepare("SELECT document FROM profile_internals WHERE profile = ?");
    s->bind(1, id);
    if (!s->executeStep())
        return {};
    auto internals = document_in(s->getColumn(0), "the internal part of ", id);
    if (const auto fault = fault_of_internals(internals))
        throw damaged("the internal part of " + id + ": " + *fault);
    return internals;
}

void catalog_session::insert_references(const entity_row& row, const std::vector<entity_reference>& references) {
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

void catalog_session::insert(const entity_row& row, const std::vector<entity_reference>& references) {
    refuse_misshapen(row);
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
    audit("created", subject_of(row));
}

void catalog_session::update(const entity_row& row, const std::vector<entity_reference>& references) {
    refuse_misshapen(row);
    {
        auto s = session_.prepare("UPDATE entity SET document = ? WHERE id = ?");
        s->bind(1, json::dump(row.document));
        s->bind(2, row.id);
        if (s->exec() != 1)
            throw error("there is no " + subject_of(row) + " that could be changed");
    }
    {
        auto s = session_.prepare("DELETE FROM reference WHERE source = ?");
        s->bind(1, row.id);
        s->exec();
    }
    insert_references(row, references);
    audit("modified", subject_of(row));
}

void catalog_session::remove(const std::string& id) {
    auto s = session_.prepare("DELETE FROM entity WHERE id = ?");
    s->bind(1, id);
    s->exec();
    audit("removed", id);
}

void catalog_session::put_file(const std::string& id, std::string_view content) {
    auto s = session_.prepare("INSERT OR REPLACE INTO file (entity, content) VALUES (?, ?)");
    s->bind(1, id);
    bind_blob(*s, 2, content.data(), content.size());
    s->exec();
    audit("file stored", id);
}

void catalog_session::put_load_image(const std::string& elf, const std::string& sha256, bytes_view image) {
    auto s = session_.prepare("INSERT OR REPLACE INTO load_image (entity, sha256, image) VALUES (?, ?, ?)");
    s->bind(1, elf);
    s->bind(2, sha256);
    bind_blob(*s, 3, image.data(), image.size());
    s->exec();
}

void catalog_session::put_profile_internals(const std::string& id, const json::object& internals) {
    refuse_misshapen_internals(internals);
    auto s = session_.prepare("INSERT OR REPLACE INTO profile_internals (profile, document) VALUES (?, ?)");
    s->bind(1, id);
    s->bind(2, json::dump(internals));
    s->exec();
    audit("profile internals stored", id);
}

/// Reads from several threads at a time, each over a connection of its own.
class catalog_file_reader final : public catalog_reader {
public:
    explicit catalog_file_reader(const std::filesystem::path& file)
        : file_(file), readers_(file, catalog_kind(), keep_snapshots::no) {}

private:
    void in_snapshot(const std::function<void(const catalog_view&)>& f) const override {
        readers_.read([&](connection& session) { f(catalog_session(session, file_)); });
    }

    std::filesystem::path file_;
    mutable reader_pool readers_;
};

class catalog_file final : public catalog {
public:
    explicit catalog_file(const std::filesystem::path& file)
        : file_(file), writer_(file, catalog_kind()), readers_(file, catalog_kind(), keep_snapshots::yes) {}
    ~catalog_file() override {
        readers_.let_go(); // so that the writer can empty the log
    }
    catalog_file(const catalog_file&) = delete;
    catalog_file& operator=(const catalog_file&) = delete;

    void release_snapshots() override { readers_.let_go(); }

private:
    void in_snapshot(const std::function<void(const catalog_view&)>& f) const override {
        readers_.read([&](connection& session) { f(catalog_session(session, file_)); });
    }
    void in_transaction(const std::function<void(catalog_edit&)>& f) override {
        const std::lock_guard lock(mutex_);
        writer_.change([&] {
            catalog_session edit(writer_.session(), file_);
            f(edit);
            release_snapshots(); // one that nobody uses shall not hold up the checkpoint
        });
    }

    std::filesystem::path file_;
    std::mutex mutex_; ///< of the writer
    writable writer_;
    mutable reader_pool readers_;
};

} // namespace

std::unique_ptr<catalog> open_catalog(const std::filesystem::path& file) {
    return std::make_unique<catalog_file>(file);
}

std::unique_ptr<catalog_reader> open_catalog_reader(const std::filesystem::path& file) {
    return std::make_unique<catalog_file_reader>(file);
}

} // namespace tsms::store
