#include "store/sqlite/catalog_sql.hpp"

namespace tsms::store {

const char* const catalog_schema = R"sql(
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

} // namespace tsms::store
