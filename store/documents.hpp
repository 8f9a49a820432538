#pragma once
// Values of model/ as JSON documents: one description of each type serves both directions. Names are stable: a document
// written by this version is read by the next one, which knows absent members as their defaults. Only for store/.
//
//     template <class A> void describe(A& a, model::something& s) {
//         a("name", s.name);
//     }

#include "base/bytes.hpp"
#include "model/numbers.hpp"
#include "store/error.hpp"
#include "json/json.hpp"

#include <concepts>
#include <map>
#include <utility>

namespace tsms::store {

class document_writer {
public:
    static constexpr bool reads = false;
    template <class T> void operator()(const char* name, T& member) { out_.append(name, value_of(member)); }
    json::value result() && { return json::value(std::move(out_)); }

    static json::value value_of(std::string& s) { return json::value(s); }
    static json::value value_of(bytes& b) { return json::value(to_hex(b)); }
    static json::value value_of(std::map<std::string, std::string>& map) {
        json::object o;
        for (const auto& [key, text] : map)
            o.append(key, json::value(text));
        return json::value(std::move(o));
    }
    template <class T> static json::value value_of(std::vector<T>& list) {
        json::array a;
        for (auto& element : list)
            a.push_back(value_of(element));
        return json::value(std::move(a));
    }
    template <class T> static json::value value_of(std::optional<T>& o) { return o ? value_of(*o) : json::value(); }
    template <class T> static json::value value_of(T& t) {
        if constexpr (std::same_as<T, bool>) {
            return json::value(t);
        } else if constexpr (std::is_enum_v<T> || std::integral<T>) {
            return json::value(static_cast<std::int64_t>(t));
        } else {
            document_writer inner;
            describe(inner, t);
            return std::move(inner).result();
        }
    }

private:
    json::object out_;
};

[[noreturn]] inline void damaged(const std::string& what) {
    throw damaged_document("a document is damaged (" + what + ")");
}

inline const auto& all_of(model::instance_state) {
    return model::all_states;
}
inline const auto& all_of(model::operation) {
    return model::all_operations;
}
inline const auto& all_of(model::service_command) {
    return model::all_commands;
}
inline const auto& all_of(model::dialect) {
    return model::all_dialects;
}
inline const auto& all_of(model::command_status) {
    return model::all_command_statuses;
}
inline const auto& all_of(model::script_way) {
    return model::all_script_ways;
}
template <class E> std::optional<E> known(E kind, std::int64_t number) {
    return model::of_number(all_of(kind), number);
}
inline std::optional<model::error_category> known(model::error_category, std::int64_t number) {
    return model::category_of(number);
}

class document_reader {
public:
    static constexpr bool reads = true;
    explicit document_reader(const json::object& in) : in_(in) {}
    template <class T> void operator()(const char* name, T& member) {
        const auto* v = in_.find(name);
        if (!v || v->is_null())
            return; // written before the member existed, or an empty optional
        if (!read(*v, member))
            damaged(name);
    }

    static bool read(const json::value& v, std::string& s) {
        const auto* text = v.as_string();
        return text && (s = *text, true);
    }
    static bool read(const json::value& v, bytes& b) {
        const auto octets = v.as_string() ? from_hex(*v.as_string()) : std::nullopt;
        return octets && (b = *octets, true);
    }
    static bool read(const json::value& v, std::map<std::string, std::string>& map) {
        if (!v.is_object())
            return false;
        for (const auto& [key, entry] : *v.as_object())
            if (!read(entry, map[key]))
                return false;
        return true;
    }
    template <class T> static bool read(const json::value& v, std::vector<T>& list) {
        if (!v.is_array())
            return false;
        for (const auto& entry : *v.as_array())
            if (!read(entry, list.emplace_back()))
                return false;
        return true;
    }
    template <class T> static bool read(const json::value& v, std::optional<T>& o) { return read(v, o.emplace()); }
    template <class T> static bool read(const json::value& v, T& t) {
        if constexpr (std::same_as<T, bool>) {
            return v.as_boolean() && (t = *v.as_boolean(), true);
        } else if constexpr (std::is_enum_v<T>) {
            const auto found = v.as_integer() ? known(t, *v.as_integer()) : std::nullopt;
            return found && (t = *found, true);
        } else if constexpr (std::integral<T>) {
            return v.as_integer() && std::in_range<T>(*v.as_integer()) && (t = static_cast<T>(*v.as_integer()), true);
        } else {
            if (!v.is_object())
                return false;
            document_reader inner(*v.as_object());
            describe(inner, t);
            return true;
        }
    }

private:
    const json::object& in_;
};

template <class T> std::string encode_document(T copy) {
    return json::dump(document_writer::value_of(copy));
}

template <class T> T decode_document(std::string_view document) {
    T t;
    json::value v;
    try {
        v = json::parse(document, {.bytes = document.size(), .values = document.size()}); // what was written is read
    } catch (const json::parse_error& e) {
        damaged(e.what());
    }
    if (!document_reader::read(v, t))
        damaged("not an object");
    return t;
}

} // namespace tsms::store
