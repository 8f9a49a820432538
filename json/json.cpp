#include "json/json.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <simdjson.h>

namespace tsms::json {

object::object() = default;
object::object(std::initializer_list<member> members) : members_(members) {}
object::object(const object&) = default;
object::object(object&&) noexcept = default;
object& object::operator=(const object&) = default;
object& object::operator=(object&&) noexcept = default;
object::~object() = default;

const member* object::begin() const {
    return members_.data();
}
const member* object::end() const {
    return members_.data() + members_.size();
}
std::size_t object::size() const {
    return members_.size();
}

const value* object::find(std::string_view key) const {
    for (const auto& m : members_)
        if (m.key == key)
            return &m.v;
    return nullptr;
}

value* object::find(std::string_view key) {
    return const_cast<value*>(std::as_const(*this).find(key));
}

object& object::set(std::string key, value v) {
    if (auto* present = find(key))
        *present = std::move(v);
    else
        members_.push_back({std::move(key), std::move(v)});
    return *this;
}

void object::append(std::string key, value v) {
    members_.push_back({std::move(key), std::move(v)});
}

void object::reserve(std::size_t members) {
    members_.reserve(members);
}

bool object::erase(std::string_view key) {
    return std::erase_if(members_, [&](const member& m) { return m.key == key; }) > 0;
}

bool operator==(const object& a, const object& b) {
    return a.members_ == b.members_;
}

namespace {

class builder {
public:
    explicit builder(const limits& bounds) : bounds_(bounds) {}

    value build(const simdjson::dom::element& e, std::size_t depth) {
        if (++values_ > bounds_.values)
            throw parse_error("too many values");
        if (depth > bounds_.depth)
            throw parse_error("nested too deeply");
        using type = simdjson::dom::element_type;
        switch (e.type()) {
        case type::NULL_VALUE:
            return nullptr;
        case type::BOOL:
            return bool(e);
        case type::INT64:
            return std::int64_t(e);
        case type::UINT64:
            return static_cast<double>(std::uint64_t(e));
        case type::DOUBLE:
            return double(e);
        case type::STRING:
            return std::string_view(e);
        case type::ARRAY: {
            array list;
            const simdjson::dom::array items(e);
            list.reserve(items.size());
            for (auto item : items)
                list.push_back(build(item, depth + 1));
            return list;
        }
        case type::OBJECT: {
            object o;
            std::vector<std::string_view> keys;
            const simdjson::dom::object members(e);
            keys.reserve(members.size());
            o.reserve(members.size());
            for (auto m : members)
                keys.push_back(m.key);
            std::sort(keys.begin(), keys.end());
            if (const auto twice = std::adjacent_find(keys.begin(), keys.end()); twice != keys.end())
                throw parse_error("duplicate key '" + std::string(twice->substr(0, 64)) + "'");
            for (auto m : members)
                o.append(std::string(std::string_view(m.key)), build(m.value, depth + 1));
            return o;
        }
        }
        throw parse_error("unknown kind of value");
    }

private:
    const limits& bounds_;
    std::size_t values_ = 0;
};

/// The number at the start of the text by the grammar of RFC 8259, empty if there is none.
std::string_view number_at(std::string_view text) {
    std::size_t at = 0;
    const auto is = [&](std::string_view any) {
        return at < text.size() && any.find(text[at]) != std::string_view::npos;
    };
    const auto digits = [&] {
        const auto from = at;
        while (is("0123456789"))
            ++at;
        return at > from;
    };
    if (is("-"))
        ++at;
    if (is("0"))
        ++at;
    else if (!digits())
        return {};
    if (is(".") && (++at, !digits()))
        return {};
    if (is("eE")) {
        ++at;
        if (is("+-"))
            ++at;
        if (!digits())
            return {};
    }
    return text.substr(0, at);
}

/// The document with every number that the library refuses as out of range replaced by one that is merely large.
std::string with_tame_numbers(std::string_view text) {
    std::string out;
    simdjson::dom::parser judge;
    bool in_string = false;
    while (!text.empty()) {
        const char c = text.front();
        const auto number = in_string ? std::string_view() : number_at(text);
        if (number.size() > 4 && judge.parse(number.data(), number.size(), true).error() == simdjson::NUMBER_ERROR) {
            out += number.front() == '-' ? "-1e308" : "1e308";
        } else if (!number.empty()) {
            out += number;
        } else {
            out += c;
            if (in_string && c == '\\' && text.size() > 1)
                out += (text.remove_prefix(1), text.front());
            else if (c == '"')
                in_string = !in_string;
        }
        text.remove_prefix(std::max<std::size_t>(number.size(), 1));
    }
    return out;
}

} // namespace

value parse(std::string_view text, const limits& bounds) {
    if (text.size() > bounds.bytes)
        throw parse_error("document too large");
    if (text.empty()) // simdjson copies from where the text begins, and an empty one may be nowhere
        throw parse_error(simdjson::error_message(simdjson::EMPTY));
    // A parser keeps room for the largest document it has seen: the one that stays with the thread sees small ones
    // only.
    constexpr std::size_t small = 16384;
    thread_local simdjson::dom::parser kept;
    simdjson::dom::parser once;
    auto& parser = text.size() <= small ? kept : once;
    // One level more than allowed, so that the refusal is ours and says why.
    const auto depth = bounds.depth + 2;
    if ((parser.capacity() < text.size() || parser.max_depth() != depth) &&
        parser.allocate(std::max(text.size(), small), depth) != simdjson::SUCCESS)
        throw parse_error("no memory for the document");
    simdjson::dom::element root;
    auto failure = parser.parse(text.data(), text.size(), true).get(root);
    if (failure == simdjson::NUMBER_ERROR)
        failure = parser.parse(with_tame_numbers(text)).get(root);
    if (failure)
        throw parse_error(simdjson::error_message(failure));
    return builder(bounds).build(root, 0);
}

namespace {

/// RapidJSON's memory out of new and delete instead of malloc(): a program that overwrites what it deletes, because
/// text may hold a token, reaches this too.
struct plain_heap {
    [[maybe_unused]] static constexpr bool kNeedFree = true;
    void* Malloc(std::size_t octets) { return octets ? ::operator new(octets) : nullptr; }
    void* Realloc(void* former, std::size_t had, std::size_t octets) {
        auto* const grown = Malloc(octets);
        if (former && grown)
            std::memcpy(grown, former, std::min(had, octets));
        Free(former);
        return grown;
    }
    static void Free(void* p) { ::operator delete(p); }
};
using text_buffer = rapidjson::GenericStringBuffer<rapidjson::UTF8<>, plain_heap>;

template <class Writer> void write(Writer& out, const value& v) {
    switch (v.kind()) {
    case kind::null:
        out.Null();
        break;
    case kind::boolean:
        out.Bool(*v.as_boolean());
        break;
    case kind::integer:
        out.Int64(*v.as_integer());
        break;
    case kind::number:
        out.Double(*v.as_number());
        break;
    case kind::string:
        out.String(v.as_string()->data(), static_cast<rapidjson::SizeType>(v.as_string()->size()));
        break;
    case kind::array:
        out.StartArray();
        for (const auto& item : *v.as_array())
            write(out, item);
        out.EndArray();
        break;
    case kind::object:
        out.StartObject();
        for (const auto& [key, item] : *v.as_object()) {
            out.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
            write(out, item);
        }
        out.EndObject();
        break;
    }
}

} // namespace

std::string dump(const value& v) {
    text_buffer buffer;
    rapidjson::Writer<text_buffer> out(buffer);
    write(out, v);
    return {buffer.GetString(), buffer.GetSize()};
}

struct printer::state {
    text_buffer buffer;
    rapidjson::Writer<text_buffer> out{buffer};
};

printer::printer() : state_(std::make_unique<state>()) {}
printer::~printer() = default;

void printer::begin_object() {
    state_->out.StartObject();
}
void printer::key(std::string_view name) {
    state_->out.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
}
void printer::end_object() {
    state_->out.EndObject();
}
void printer::begin_array() {
    state_->out.StartArray();
}
void printer::end_array() {
    state_->out.EndArray();
}
void printer::put(const value& v) {
    write(state_->out, v);
}
std::string printer::text() const {
    return {state_->buffer.GetString(), state_->buffer.GetSize()};
}

std::string pretty(const value& v) {
    text_buffer buffer;
    rapidjson::PrettyWriter<text_buffer> out(buffer);
    out.SetIndent(' ', 2);
    write(out, v);
    return std::string(buffer.GetString(), buffer.GetSize()) + "\n";
}

const value* reader::get(std::string_view key) const {
    const auto* v = object_.find(key);
    return v && !v->is_null() ? v : nullptr;
}

void reader::refuse(std::string_view key, const char* expected) const {
    throw parse_error("'" + path_ + std::string(key) + "' must be " + expected);
}

bool reader::has(std::string_view key) const {
    return get(key) != nullptr;
}

std::string reader::string(std::string_view key) const {
    const auto* v = get(key);
    if (!v || !v->as_string())
        refuse(key, "a string");
    return *v->as_string();
}

std::string reader::string_or(std::string_view key, std::string_view otherwise) const {
    return has(key) ? string(key) : std::string(otherwise);
}

std::int64_t reader::integer(std::string_view key) const {
    const auto* v = get(key);
    if (!v || !v->as_integer())
        refuse(key, "an integer");
    return *v->as_integer();
}

std::int64_t reader::integer_or(std::string_view key, std::int64_t otherwise) const {
    return has(key) ? integer(key) : otherwise;
}

bool reader::boolean(std::string_view key) const {
    const auto* v = get(key);
    if (!v || !v->as_boolean())
        refuse(key, "true or false");
    return *v->as_boolean();
}

bool reader::boolean_or(std::string_view key, bool otherwise) const {
    return has(key) ? boolean(key) : otherwise;
}

reader reader::object(std::string_view key) const {
    const auto* v = get(key);
    if (!v || !v->as_object())
        refuse(key, "an object");
    return {*v->as_object(), path_ + std::string(key) + "."};
}

const array& reader::array(std::string_view key) const {
    const auto* v = get(key);
    if (!v || !v->as_array())
        refuse(key, "an array");
    return *v->as_array();
}

const array& reader::array_or_empty(std::string_view key) const {
    static const json::array empty;
    return has(key) ? array(key) : empty;
}

std::vector<std::string> reader::strings(std::string_view key) const {
    std::vector<std::string> list;
    for (const auto& item : array_or_empty(key)) {
        if (!item.as_string())
            refuse(key, "an array of strings");
        list.push_back(*item.as_string());
    }
    return list;
}

std::vector<std::pair<std::string, std::string>> reader::string_map(std::string_view key) const {
    std::vector<std::pair<std::string, std::string>> map;
    if (!has(key))
        return map;
    for (const auto& [name, item] : object(key).raw()) {
        if (!item.as_string())
            refuse(key, "an object of strings");
        map.emplace_back(name, *item.as_string());
    }
    return map;
}

const object& root_object(const value& v) {
    if (!v.as_object())
        throw parse_error("the document must be an object");
    return *v.as_object();
}

} // namespace tsms::json
