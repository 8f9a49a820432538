#include "store/script_document.hpp"

#include "gp/domain_data.hpp"
#include "json/known.hpp"

#include <algorithm>

namespace tsms::store {

namespace {

using model::script_command;
using model::script_way;

constexpr std::size_t longest_tag = 64;
constexpr std::size_t most_status_words = 16;
/// In a short APDU, plain, and within secure messaging in S8 (AMB-231); the card may take less.
constexpr std::size_t longest_data = 255;
constexpr std::size_t longest_stored_data = 239;
constexpr std::size_t cipher_block = 16;
constexpr std::uint8_t last_block = 0x80; // P1 of STORE DATA (GPCS 11.11.2.1)

bool has_only(const json::object& o, std::initializer_list<std::string_view> names) {
    return std::ranges::all_of(o,
                               [&](const json::member& m) { return std::ranges::find(names, m.key) != names.end(); });
}

/// In upper case; nothing if it is no text of that many octets in hexadecimal.
std::optional<std::string> hex_text(const json::value* v, std::size_t octets) {
    const auto* text = v ? v->as_string() : nullptr;
    const auto data = text ? from_hex(*text) : std::nullopt;
    return data && data->size() == octets ? std::optional(to_hex(*data)) : std::nullopt;
}

void require(bool good, const char* fault) {
    if (!good)
        throw script_fault(fault);
}

std::vector<std::string> status_words(const json::value* v) {
    if (!v)
        return {"9000"};
    const auto* list = v->as_array();
    require(list && !list->empty() && list->size() <= most_status_words &&
                std::ranges::all_of(*list, [](const auto& sw) { return hex_text(&sw, 2).has_value(); }),
            "has an ‘expect’ that is no list of at most 16 status words in hexadecimal");
    std::vector<std::string> words;
    for (const auto& sw : *list)
        words.push_back(*hex_text(&sw, 2));
    return words;
}

script_way way_named(const json::value* v) {
    if (!v)
        return script_way::by_state;
    const bool stores = *v == json::value("store-data");
    require(stores || *v == json::value("select"), "has a ‘via’ other than store-data and select");
    return stores ? script_way::store_data : script_way::select;
}

/// Its syntax alone.
script_command read_command(const json::value& v) {
    const auto* o = v.as_object();
    require(o != nullptr, "is no object");
    require(has_only(*o, {"tag", "header", "data", "le", "expect", "via", "encrypt"}),
            "has another member than tag, header, data, le, expect, via and encrypt");
    script_command command;
    const auto* tag = o->find("tag");
    require(tag && tag->as_string(), "has no text ‘tag’");
    require(tag->as_string()->size() <= longest_tag, "has a ‘tag’ of more than 64 octets");
    command.tag = *tag->as_string();
    const auto header = hex_text(o->find("header"), 4);
    require(header.has_value(), "has no ‘header’ of four octets in hexadecimal");
    command.header = *header;
    if (const auto* data = o->find("data")) {
        require(data->as_string() && model::is_data_template(*data->as_string()),
                "has ‘data’ that is not hexadecimal with ${key} between octets");
        command.data = *data->as_string();
    }
    if (const auto* le = o->find("le")) {
        const auto octet = hex_text(le, 1);
        require(octet.has_value(), "has an ‘le’ that is not one octet in hexadecimal");
        command.le = *octet;
    }
    command.via = way_named(o->find("via"));
    if (const auto* encrypt = o->find("encrypt")) {
        require(*encrypt == json::value("dek"), "has an ‘encrypt’ other than dek");
        command.encrypt = true;
    }
    command.expect = status_words(o->find("expect"));
    return command;
}

bool is_store_data(const script_command& command) {
    return command.header.starts_with("80E2");
}

std::size_t known_size(const script_command& command) {
    return model::known_octets(command.data);
}

bool is_whole(const script_command& command) {
    return model::placeholders_of(command.data).empty();
}

/// STORE DATA is the one command that a domain hands on: every other one it executes itself (GPCS 7.3.3).
void check_stored(const script_command& command) {
    require(is_store_data(command), "goes via store-data and is no STORE DATA (‘header’ 80E2…)");
    const auto p1 = hex(command.header)[2];
    require((p1 & 0x18) != 0x18, "has a P1 that is reserved: DGI and BER-TLV at once");
    require(known_size(command) <= longest_stored_data, "has more than 239 octets of data");
    require(!command.encrypt || !is_whole(command) || known_size(command) % cipher_block == 0,
            "is to be encrypted, and its data are no multiple of 16 octets");
    require(!command.encrypt || !command.data.empty(), "is to be encrypted, and has no data");
}

/// Behind a SELECT that has failed, it reaches whoever was selected before.
void check_selected(const script_command& command) {
    const auto header = hex(command.header);
    const auto cla = header[0], ins = header[1];
    require(!command.encrypt, "is to be encrypted, and goes via select");
    require(cla != 0xFF && (cla & 0x43) == 0, "names a logical channel in its class; the phone chooses it");
    require((cla & 0x0C) == 0, "has secure messaging in its class, whose keys no script has");
    require(ins != 0xA4 && ins != 0x70, "selects an application, or opens a channel; the TSM does that");
    require(ins != 0x50 && ins != 0x82, "opens a secure channel, or authenticates; no script can");
    require((ins & 0xF0) != 0x60 && (ins & 0xF0) != 0x90, "has an instruction that is none (ISO/IEC 7816-4 5.4.2)");
    require(known_size(command) <= longest_data, "has more than 255 octets of data");
}

/// What can be said before placeholders have values.
class content_check {
public:
    void add(const script_command& command) {
        const bool only_stored =
            command.via == script_way::store_data || (command.encrypt && command.via == script_way::by_state);
        require(!only_stored || !selects_, "goes via store-data behind one that goes, or may go, via select");
        if (only_stored)
            check_stored(command);
        else
            check_selected(command);
        selects_ = selects_ || !only_stored;
        if (command.via == script_way::select || !is_store_data(command))
            return;
        const auto header = hex(command.header);
        const auto fault = stored_.add(header[2], header[3], model::fixed_octets(command.data), is_whole(command));
        require(!fault, fault.value_or("").c_str());
        require(
            (header[2] & last_block) != 0 || command.expect == std::vector<std::string>{"9000"},
            "is no last block (P1, bit 80), and may only be answered 9000: what refuses it may end the chain there");
    }
    void end() const {
        const auto fault = stored_.end();
        require(!fault, fault.value_or("").c_str());
    }

private:
    bool selects_ = false;
    gp::domain_data_check stored_;
};

model::personalization_script read_commands(const json::value& v) {
    const auto* list = v.as_array();
    require(list != nullptr, "‘commands’ is no list");
    require(list->size() <= model::most_script_commands, "‘commands’ has more than 256 entries");
    model::personalization_script script;
    content_check check;
    for (std::size_t i = 0; i < list->size(); ++i)
        try {
            check.add(script.commands.emplace_back(read_command((*list)[i])));
            if (i + 1 == list->size())
                check.end();
        } catch (const script_fault& fault) {
            throw script_fault("commands[" + std::to_string(i) + "] " + fault.what());
        }
    return script;
}

remote_script read_remote(const json::value& v) {
    const auto* o = v.as_object();
    const auto* url = o ? o->find("url") : nullptr;
    constexpr std::size_t most = 500; // as of a SposConfig
    require(url && o->size() == 1 && url->as_string() && url->as_string()->size() <= most,
            "‘remote’ is no object with an https ‘url’ alone");
    return {*url->as_string()};
}

} // namespace

script_document parse_script(std::string_view text) try {
    const auto document = json::parse(text, {.bytes = text.size()}); // its own limit is rest.script_kib
    const auto* o = document.as_object();
    const auto* version = o ? o->find("version") : nullptr;
    require(version && *version == json::value(1), "it has no ‘version’ 1");
    const auto* remote = o->find("remote");
    const auto* commands = o->find("commands");
    require(o->size() == 2 && (remote || commands),
            "beside ‘version’ it has either ‘commands’ or ‘remote’ and nothing else");
    if (remote)
        return read_remote(*remote);
    return read_commands(*commands);
} catch (const json::parse_error& e) {
    throw script_fault("it is no JSON document: " + std::string(e.what()));
}

model::personalization_script executable_script(std::string_view document) try {
    auto read = parse_script(document);
    if (auto* script = std::get_if<model::personalization_script>(&read))
        return std::move(*script);
    return {{}, "scripts of the remote kind are not supported yet"};
} catch (const script_fault& fault) { // of a version before, which has accepted more
    return {{}, fault.what()};
}

} // namespace tsms::store
