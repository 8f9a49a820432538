#include "store/sqlite/cards.hpp"

namespace tsms::store {

namespace {

model::secure_component card_in(SQLite::Statement& row) {
    return of_row("secure_components", text_of(row, 0), [&] { return decode_card(text_of(row, 1)); });
}

constexpr int never_deployed = static_cast<int>(model::instance_state::not_deployed);

// Their WHERE clauses are those of the indexes in instances_schema.cpp.
constexpr const char* by_identity =
    "SELECT id, document FROM secure_components WHERE json_extract(document, '$.identity') = ? "
    "ORDER BY json_extract(document, '$.tsmDomain.keys') IS NULL, rowid LIMIT ?";
constexpr const char* by_claims =
    "SELECT id, document FROM secure_components WHERE json_extract(document, '$.identity') = ?1 "
    "AND json_extract(document, '$.tsmDomain.keys') IS NULL "
    "AND coalesce(json_extract(document, '$.claims'), '') IN (?2, '') "
    "ORDER BY coalesce(json_extract(document, '$.claims'), '') = '', rowid LIMIT 1";
constexpr const char* by_issuers_number =
    "SELECT id, document FROM secure_components WHERE json_extract(document, '$.cinIin') = ? "
    "ORDER BY json_extract(document, '$.tsmDomain.keys') IS NULL, rowid LIMIT ?";
constexpr const char* by_reader =
    "SELECT c.id, c.document FROM service_instances i JOIN secure_components c ON c.id = i.card "
    "WHERE json_extract(i.document, '$.reader') = ? AND json_extract(i.document, '$.atr') = ? AND i.state <> 1 "
    "AND json_extract(c.document, '$.tsmDomain.keys') IS NOT NULL ORDER BY i.rowid DESC LIMIT ?";
static_assert(never_deployed == 1);
/// What an issuer is asked to write for an instance is noted as `onCard` before it has looked at the card. Without a
/// domain of ours it has never accepted one.
constexpr const char* by_claim_alone =
    "SELECT c.id, c.document FROM secure_components c "
    "WHERE json_extract(c.document, '$.tsmDomain') IS NULL AND json_extract(c.document, '$.claimed') < ?1 "
    "AND coalesce(json_extract(c.document, '$.wasProven'), 0) = ?3 "
    "AND NOT EXISTS (SELECT 1 FROM service_instances i WHERE i.card = c.id AND (i.state <> ?2 "
    "OR CASE WHEN json_valid(i.document) THEN (?3 AND json_extract(i.document, '$.onCard')) "
    "OR json_extract(i.document, '$.created') >= ?1 ELSE 1 END)) "
    "AND NOT EXISTS (SELECT 1 FROM tombstones t WHERE t.card = c.id) "
    "AND NOT EXISTS (SELECT 1 FROM processes p WHERE p.card = c.id AND p.ended IS NULL) ORDER BY c.rowid";

} // namespace

std::optional<model::secure_component> sqlite_cards::find(const std::string& id) const {
    return session_.look(
        [&] { return first(session_.rows(), card_in, "SELECT id, document FROM secure_components WHERE id = ?", id); });
}

std::vector<model::secure_component> sqlite_cards::all() const {
    return session_.readable(card_in, "SELECT id, document FROM secure_components ORDER BY id");
}

std::vector<model::secure_component> sqlite_cards::with_identity(const std::string& identity, std::size_t most) const {
    return session_.look([&] { return store::all(session_.rows(), card_in, by_identity, identity, most); });
}

std::optional<model::secure_component> sqlite_cards::with_claims(const std::string& identity,
                                                                 const std::string& claims) const {
    return session_.look([&] { return first(session_.rows(), card_in, by_claims, identity, claims); });
}

std::vector<model::secure_component> sqlite_cards::with_issuers_number(const std::string& cin_iin,
                                                                       std::size_t most) const {
    return session_.look([&] { return store::all(session_.rows(), card_in, by_issuers_number, cin_iin, most); });
}

std::vector<model::secure_component> sqlite_cards::of_issuer(const std::string& name) const {
    return session_.look([&] {
        return store::all(session_.rows(), card_in,
                          "SELECT id, document FROM secure_components WHERE json_extract(document, '$.issuer') = ? "
                          "ORDER BY rowid",
                          name);
    });
}

std::vector<model::secure_component> sqlite_cards::met_in(const std::string& reader, const std::string& atr,
                                                          std::size_t most) const {
    return session_.readable(card_in, by_reader, reader, atr, most);
}

std::vector<model::secure_component> sqlite_cards::only_claimed_before(wall_time limit, bool proven_once) const {
    return session_.readable(card_in, by_claim_alone, iso8601(limit), never_deployed, proven_once ? 1 : 0);
}

/// The column `identity` is unique, and a row beside the first one of its identity may outlive that: it is a name for
/// the row. Who looks for an identity asks the documents.
void sqlite_cards::insert(const model::secure_component& c) {
    session_.write([&] {
        const bool taken = finds(session_.rows(), "SELECT 1 FROM secure_components WHERE identity = ?", c.identity);
        run(session_.rows(), "INSERT INTO secure_components (id, identity, document) VALUES (?, ?, ?)", c.id,
            taken ? c.identity + "/" + c.id : c.identity, encode(c));
    });
}

bool sqlite_cards::update(const model::secure_component& c) {
    return session_.write([&] {
        return run(session_.rows(), "UPDATE secure_components SET document = ? WHERE id = ?", encode(c), c.id) == 1;
    });
}

void sqlite_cards::remove(const std::string& id) {
    session_.write([&] { run(session_.rows(), "DELETE FROM secure_components WHERE id = ?", id); });
}

} // namespace tsms::store
