#include "store/catalog.hpp"

#include "base/time.hpp"
#include "store/document_shape.hpp"
#include "store/sqlite/audit.hpp"
#include "store/sqlite/catalog_sql.hpp"
#include "store/sqlite/query.hpp"
#include "store/sqlite/reader_pool.hpp"
#include "store/sqlite/writable.hpp"

#include <array>
#include <mutex>
#include <tuple>

namespace tsms::store {

namespace {

const std::string entities = std::string("SELECT ") + entity_columns + " FROM entity ";
const std::string by_id = entities + "WHERE id = ? AND kind = ?";
const std::string by_position = entities + "WHERE kind = 3 AND parent = ? AND position = ?";
const std::string of_parent = entities + "WHERE provider = ? AND kind = ? AND parent IS ? ORDER BY position, id";
const std::string for_profile =
    entities + "WHERE id IN (SELECT via FROM reference WHERE target = ?) AND +kind = 4 ORDER BY position, id";
const std::string versions_with =
    entities + "WHERE id IN (SELECT source FROM reference WHERE target = ?) AND +kind = 3 ORDER BY position, id";

/// An entity without parent has NULL.
std::optional<std::string> parent_or_null(const std::string& parent) {
    return parent.empty() ? std::nullopt : std::optional(parent);
}

std::string subject_of(const entity_row& row) {
    return std::string(model::entity_name(row.kind)) + " " + row.id +
           (row.provider.empty() ? "" : " of " + row.provider);
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
    std::vector<entity_row> versions_for_profile(const std::string& id) const override;
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
    model::entity_kind kind_in(SQLite::Statement& row, int column) const;
    json::object document_in(const std::string& text, const char* which, const std::string& of) const;
    entity_row entity_in(SQLite::Statement& row) const;
    auto reads_entity() const {
        return [this](SQLite::Statement& row) { return entity_in(row); };
    }
    void insert_references(const entity_row& row, const std::vector<entity_reference>& references);
    void audit(const std::string& what, const std::string& subject) {
        append_audit(session_.database(), system_time().wall(), what, subject);
    }

    connection& session_;
    const std::filesystem::path& file_;
};

model::entity_kind catalog_session::kind_in(SQLite::Statement& row, int column) const {
    const auto number = number_of(row, column);
    if (number <= static_cast<int>(model::entity_kind::service_provider) ||
        number > static_cast<int>(model::entity_kind::spos_config))
        throw damaged("there is no kind of entities " + std::to_string(number));
    return static_cast<model::entity_kind>(number);
}

/// What was written is read: the bounds of a document are for whoever sends one, and the TSM has added to it.
json::object catalog_session::document_in(const std::string& text, const char* which, const std::string& of) const {
    try {
        auto document = json::parse(text, {.bytes = text.size(), .values = text.size()});
        if (auto* members = document.as_object())
            return std::move(*members);
    } catch (const json::parse_error& e) {
        throw damaged(which + of + ": " + e.what());
    }
    throw damaged(which + of + " is no JSON object");
}

entity_row catalog_session::entity_in(SQLite::Statement& row) const {
    entity_row entity;
    entity.id = text_of(row, 0);
    entity.kind = kind_in(row, 1);
    entity.provider = text_of(row, 2);
    entity.parent = text_of(row, 3);
    entity.position = text_of(row, 4);
    entity.document = document_in(text_of(row, 5), "the document of ", entity.id);
    if (const auto fault = fault_of(entity.kind, entity.document))
        throw damaged("the document of " + std::string(model::entity_name(entity.kind)) + " " + entity.id + ": " +
                      *fault);
    return entity;
}

std::optional<entity_row> catalog_session::find_any(model::entity_kind kind, const std::string& id) const {
    return first(session_, reads_entity(), by_id, id, static_cast<int>(kind));
}

std::optional<entity_row> catalog_session::version_at(const std::string& service, const std::string& position) const {
    return first(session_, reads_entity(), by_position, service, position);
}

std::vector<entity_row> catalog_session::list(model::entity_kind kind, const std::string& provider,
                                              const std::string& parent) const {
    return all(session_, reads_entity(), of_parent, provider, static_cast<int>(kind), parent_or_null(parent));
}

std::vector<entity_row> catalog_session::related(model::relation walk, model::entity_kind kind,
                                                 const walk_start& start) const {
    std::array<std::string, relation_kind_parameter - 1> ids;
    for (std::size_t i = 0; i < ids.size(); ++i)
        ids[i] = start.id(static_cast<model::entity_kind>(i + 1));
    const auto with = [&](const auto&... id) {
        return all(session_, reads_entity(), relation_query(walk), id..., static_cast<int>(kind));
    };
    return std::apply(with, ids);
}

std::optional<model::entity_kind> catalog_session::first_referrer(const std::string& id) const {
    return first(
        session_, [this](SQLite::Statement& row) { return kind_in(row, 0); },
        "SELECT e.kind FROM reference r JOIN entity e ON e.id = r.source WHERE r.target = ?1 OR "
        "r.target IN (SELECT id FROM entity WHERE parent = ?1 AND kind = 7) ORDER BY e.position, e.id LIMIT 1",
        id);
}

std::optional<std::string> catalog_session::published_flavor_of(const std::string& id) const {
    return first(session_, only_text,
                 "SELECT e.id FROM reference r JOIN entity e ON e.id = r.source WHERE r.target = ?1 AND e.kind = 4 "
                 "AND e.document ->> '$.published' ORDER BY e.position, e.id LIMIT 1",
                 id);
}

std::vector<entity_row> catalog_session::flavors_for_profile(const std::string& id) const {
    return all(session_, reads_entity(), for_profile, id);
}

std::vector<entity_row> catalog_session::versions_for_profile(const std::string& id) const {
    return all(session_, reads_entity(), versions_with, id);
}

std::size_t catalog_session::file_size(const std::string& id) const {
    return static_cast<std::size_t>(
        first(session_, only_number, "SELECT length(content) FROM file WHERE entity = ?", id).value_or(0));
}

std::optional<std::string> catalog_session::file(const std::string& id) const {
    return first(session_, only_text, "SELECT content FROM file WHERE entity = ?", id);
}

std::optional<bytes> catalog_session::load_image(const std::string& sha256) const {
    return first(session_, only_octets, "SELECT image FROM load_image WHERE sha256 = ? LIMIT 1", sha256);
}

json::object catalog_session::profile_internals(const std::string& id) const {
    const auto text = first(session_, only_text, "SELECT document FROM profile_internals WHERE profile = ?", id);
    if (!text)
        return {};
    auto internals = document_in(*text, "the internal part of ", id);
    if (const auto fault = fault_of_internals(internals))
        throw damaged("the internal part of " + id + ": " + *fault);
    return internals;
}

void catalog_session::insert_references(const entity_row& row, const std::vector<entity_reference>& references) {
    for (const auto& r : references)
        run(session_, "INSERT OR IGNORE INTO reference (source, target, via, provider) VALUES (?, ?, ?, ?)", row.id,
            r.target, r.via, row.provider);
}

void catalog_session::insert(const entity_row& row, const std::vector<entity_reference>& references) {
    refuse_misshapen(row);
    run(session_, "INSERT INTO entity (id, kind, provider, parent, position, document) VALUES (?, ?, ?, ?, ?, ?)",
        row.id, static_cast<int>(row.kind), row.provider, parent_or_null(row.parent), row.position,
        json::dump(row.document));
    insert_references(row, references);
    audit("created", subject_of(row));
}

void catalog_session::update(const entity_row& row, const std::vector<entity_reference>& references) {
    refuse_misshapen(row);
    if (run(session_, "UPDATE entity SET document = ? WHERE id = ?", json::dump(row.document), row.id) != 1)
        throw error("there is no " + subject_of(row) + " that could be changed");
    run(session_, "DELETE FROM reference WHERE source = ?", row.id);
    insert_references(row, references);
    audit("modified", subject_of(row));
}

void catalog_session::remove(const std::string& id) {
    run(session_, "DELETE FROM entity WHERE id = ?", id);
    audit("removed", id);
}

void catalog_session::put_file(const std::string& id, std::string_view content) {
    run(session_, "INSERT OR REPLACE INTO file (entity, content) VALUES (?, ?)", id, as_bytes(content));
    audit("file stored", id);
}

void catalog_session::put_load_image(const std::string& elf, const std::string& sha256, bytes_view image) {
    run(session_, "INSERT OR REPLACE INTO load_image (entity, sha256, image) VALUES (?, ?, ?)", elf, sha256, image);
}

void catalog_session::put_profile_internals(const std::string& id, const json::object& internals) {
    refuse_misshapen_internals(internals);
    run(session_, "INSERT OR REPLACE INTO profile_internals (profile, document) VALUES (?, ?)", id,
        json::dump(internals));
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
