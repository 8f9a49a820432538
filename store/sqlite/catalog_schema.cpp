#include "store/sqlite/database_kind.hpp"
#include "store/sqlite/generation.hpp"

namespace tsms::store {

namespace {

constexpr const char* schema = R"sql(
CREATE TABLE entity (
    id TEXT NOT NULL PRIMARY KEY,
    kind INTEGER NOT NULL,
    provider TEXT NOT NULL,
    parent TEXT REFERENCES entity (id) ON DELETE CASCADE,
    position TEXT NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX entity_lists ON entity (provider, kind, parent, position, id);
CREATE INDEX entity_children ON entity (parent);
CREATE UNIQUE INDEX entity_tags ON entity (parent, position) WHERE kind = 3;
CREATE UNIQUE INDEX entity_sd_aids ON entity (document ->> '$.sdAid') WHERE kind = 2;

CREATE TABLE reference (
    source TEXT NOT NULL REFERENCES entity (id) ON DELETE CASCADE,
    target TEXT NOT NULL REFERENCES entity (id),
    via TEXT NOT NULL,
    provider TEXT NOT NULL,
    PRIMARY KEY (source, target, via)
) WITHOUT ROWID;
CREATE INDEX reference_targets ON reference (target, provider, source, via);

CREATE TABLE file (
    entity TEXT NOT NULL PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
    content BLOB NOT NULL
);
CREATE TABLE load_image (
    entity TEXT NOT NULL PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
    sha256 TEXT NOT NULL,
    image BLOB NOT NULL
);
CREATE INDEX load_image_hashes ON load_image (sha256);
CREATE TABLE profile_internals (
    profile TEXT NOT NULL PRIMARY KEY REFERENCES entity (id) ON DELETE CASCADE,
    document TEXT NOT NULL
);
)sql";

/// A parameter of cards that there is not any more would be refused, and one had another name.
void know_card_parameters(SQLite::Database& db) {
    db.exec(R"sql(
UPDATE profile_internals SET document = json_remove(document, '$.card.instanceFollowsElfDomain')
    WHERE json_type(document, '$.card.instanceFollowsElfDomain') IS NOT NULL;
UPDATE profile_internals SET document = json_remove(json_insert(document, '$.card.rulesReadBack',
        json(CASE WHEN json_extract(document, '$.card.aracReadBack') THEN 'true' ELSE 'false' END)), '$.card.aracReadBack')
    WHERE json_type(document, '$.card.aracReadBack') IS NOT NULL;
)sql");
}

/// Version 1 is every database of the programs that made the tables at their opening, and nothing tells them apart but
/// what is there.
void bring_to_one_form(SQLite::Database& db) {
    know_card_parameters(db);
    add_generation_tables(db);
}

constexpr migration migrations[] = {
    {2, "card parameters as they are called now, and which databases belong together", bring_to_one_form},
};

} // namespace

const database_kind& catalog_kind() {
    static constexpr database_kind kind{"catalog.db", schema, migrations};
    return kind;
}

} // namespace tsms::store
