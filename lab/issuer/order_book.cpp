#include "lab/issuer/order_book.hpp"

#include "http/wire/issuer.hpp"
#include "lab/json_file.hpp"

namespace tsms::lab {

namespace {

crypto::secret secret_of(const json::reader& r, std::string_view key) {
    auto octets = from_hex(r.string(key));
    if (!octets || octets->empty())
        throw json::parse_error(std::string(key) + ": hexadecimal is expected");
    return crypto::secret(std::move(*octets));
}

json::value keys_json(const domain_keys& keys) {
    return json::object{{"version", static_cast<int>(keys.version)},
                        {"enc", to_hex(keys.keys.enc.view())},
                        {"mac", to_hex(keys.keys.mac.view())},
                        {"dek", to_hex(keys.keys.dek.view())}};
}

domain_keys parse_keys(const json::reader& r) {
    return {static_cast<std::uint8_t>(r.integer("version")),
            {secret_of(r, "enc"), secret_of(r, "mac"), secret_of(r, "dek")}};
}

json::value record_json(const order_record& record) {
    json::object o{{"request", wire::to_json(record.order)},
                   {"carriedOut", record.carried_out},
                   {"i", static_cast<int>(record.scp_i)}};
    if (record.keys)
        o.append("keys", keys_json(*record.keys));
    return o;
}

order_record parse_record(const json::reader& r) {
    order_record record;
    record.order = wire::parse_issuer_order(r.object("request").raw());
    record.carried_out = r.boolean("carriedOut");
    record.scp_i = static_cast<std::uint8_t>(r.integer("i"));
    if (r.has("keys"))
        record.keys = parse_keys(r.object("keys"));
    return record;
}

} // namespace

order_book::order_book(std::filesystem::path file, options o, crypto::random_source& random)
    : file_(std::move(file)), options_(std::move(o)), random_(random) {
    load();
    if (options_.transport_key)
        transport_key_ = *options_.transport_key;
    else if (transport_key_.empty())
        transport_key_ = random_.take_secret(32);
    if (transport_key_.size() != 16 && transport_key_.size() != 32)
        throw std::runtime_error("the transport key must have 16 or 32 octets");
    rewrite();
}

const order_record* order_book::find(const std::string& order_id) const {
    const auto found = orders_.find(order_id);
    return found == orders_.end() ? nullptr : &found->second;
}

const order_record& order_book::accept(const model::issuer_order& order) {
    order_record record;
    record.order = order;
    if (order.domain == model::issuer_order::domain_change::create) {
        const auto fresh = [this] { return random_.take_secret(options_.key_octets); };
        record.keys = domain_keys{options_.key_version, {fresh(), fresh(), fresh()}};
    }
    write(record);
    return orders_[order.id] = std::move(record);
}

void order_book::carried_out(const std::string& order_id, const authenticated_card& card) {
    auto record = orders_.at(order_id);
    record.carried_out = true;
    record.scp_i = card.scp_i;
    if (record.keys && card.key_version)
        record.keys->version = *card.key_version;
    write(record);
    orders_[order_id] = std::move(record);
}

void order_book::load() {
    if (file_.empty() || !std::filesystem::exists(file_))
        return;
    if (is_single_document(file_)) {
        const auto document = load_json(file_).value();
        const json::reader r(json::root_object(document));
        transport_key_ = secret_of(r, "transportKey");
        for (const auto& element : r.array("orders"))
            remember(element);
        return;
    }
    const auto lines = load_journal(file_).value();
    for (const auto& line : lines) {
        const json::reader r(json::root_object(line));
        if (r.has("transportKey"))
            transport_key_ = secret_of(r, "transportKey");
        else
            remember(line);
    }
}

void order_book::remember(const json::value& line) {
    auto record = parse_record(json::reader(json::root_object(line)));
    orders_[record.order.id] = std::move(record);
}

/// Once, at the start: one line for each order.
void order_book::rewrite() const {
    if (file_.empty())
        return;
    std::vector<json::value> lines{json::object{{"transportKey", to_hex(transport_key_.view())}}};
    for (const auto& [id, record] : orders_)
        lines.push_back(record_json(record));
    save_journal(file_, lines);
}

void order_book::write(const order_record& record) const {
    if (!file_.empty())
        append_to_journal(file_, record_json(record));
}

} // namespace tsms::lab
