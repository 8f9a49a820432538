#pragma once
// JSON values: read strictly by simdjson, written by RapidJSON. One owned tree for every format; the wire formats
// themselves are in http/wire/.

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace tsms::json {

class value;
using array = std::vector<value>;
struct member;

/// Members in document order. A key occurs once: the reader refuses duplicates.
class object {
public:
    object();
    object(std::initializer_list<member> members);
    object(const object&);
    object(object&&) noexcept;
    object& operator=(const object&);
    object& operator=(object&&) noexcept;
    ~object();

    const value* find(std::string_view key) const;
    value* find(std::string_view key);
    /// Replaces or appends; returns the object for chaining.
    object& set(std::string key, value v);
    /// Appends without looking for the key: for a caller who knows that it is new.
    void append(std::string key, value v);
    /// Room for that many members, so that none moves while they are appended.
    void reserve(std::size_t members);
    bool erase(std::string_view key);

    const member* begin() const;
    const member* end() const;
    std::size_t size() const;
    bool empty() const { return size() == 0; }

    friend bool operator==(const object&, const object&);

private:
    std::vector<member> members_;
};

enum class kind { null, boolean, integer, number, string, array, object };

class value {
public:
    value() = default;
    value(std::nullptr_t) {}
    value(bool b) : data_(b) {}
    value(int i) : data_(std::int64_t{i}) {}
    value(unsigned i) : data_(std::int64_t{i}) {}
    value(std::int64_t i) : data_(i) {}
    value(double d) : data_(d) {}
    value(const char* s) : data_(std::string(s)) {}
    value(std::string_view s) : data_(std::string(s)) {}
    value(std::string s) : data_(std::move(s)) {}
    value(json::array a) : data_(std::move(a)) {}
    value(json::object o) : data_(std::move(o)) {}

    json::kind kind() const { return static_cast<json::kind>(data_.index()); }
    bool is_null() const { return kind() == kind::null; }
    bool is_string() const { return kind() == kind::string; }
    bool is_object() const { return kind() == kind::object; }
    bool is_array() const { return kind() == kind::array; }

    /// Null where the value is of another kind.
    const bool* as_boolean() const { return std::get_if<bool>(&data_); }
    const std::int64_t* as_integer() const { return std::get_if<std::int64_t>(&data_); }
    const double* as_number() const { return std::get_if<double>(&data_); }
    const std::string* as_string() const { return std::get_if<std::string>(&data_); }
    const json::array* as_array() const { return std::get_if<json::array>(&data_); }
    const json::object* as_object() const { return std::get_if<json::object>(&data_); }
    json::array* as_array() { return std::get_if<json::array>(&data_); }
    json::object* as_object() { return std::get_if<json::object>(&data_); }

    friend bool operator==(const value&, const value&) = default;

private:
    std::variant<std::monostate, bool, std::int64_t, double, std::string, json::array, json::object> data_;
};

struct member {
    std::string key;
    value v;
    friend bool operator==(const member&, const member&) = default;
};

/// Why a text is no acceptable JSON document. The text of the exception is fit for an answer to the sender.
class parse_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

struct limits {
    std::size_t bytes = 1 << 20; ///< of the whole text
    std::size_t depth = 32;      ///< nested arrays and objects
    std::size_t values = 100000; ///< of the whole document
};

/// Whole document: valid UTF-8, no duplicate keys, nothing behind it. Integers outside 64 bits become numbers; what
/// simdjson holds in no type becomes ±1e308, because that it is out of range is for the attribute's rule to say.
/// Throws parse_error.
value parse(std::string_view text, const limits& bounds = {});

/// Compact text, UTF-8, control characters escaped.
std::string dump(const value& v);
/// Indented text for people.
std::string pretty(const value& v);

/// Compact text made piece by piece, for what is not there as one tree. The pieces must make one value.
class printer {
public:
    printer();
    ~printer();
    printer(const printer&) = delete;
    printer& operator=(const printer&) = delete;

    void begin_object();
    void key(std::string_view name);
    void end_object();
    void begin_array();
    void end_array();
    void put(const value& v);
    std::string text() const;

private:
    struct state;
    std::unique_ptr<state> state_;
};

// Readers for documents whose shape is known: a missing member or one of another kind is a parse_error that names the
// path.
class reader {
public:
    reader(const json::object& o, std::string path = {}) : object_(o), path_(std::move(path)) {}

    const json::object& raw() const { return object_; }
    bool has(std::string_view key) const; ///< present and not null
    std::string string(std::string_view key) const;
    std::string string_or(std::string_view key, std::string_view otherwise) const;
    std::int64_t integer(std::string_view key) const;
    std::int64_t integer_or(std::string_view key, std::int64_t otherwise) const;
    bool boolean(std::string_view key) const;
    bool boolean_or(std::string_view key, bool otherwise) const;
    reader object(std::string_view key) const;
    const json::array& array(std::string_view key) const;          ///< must be present
    const json::array& array_or_empty(std::string_view key) const; ///< empty where absent or null
    std::vector<std::string> strings(std::string_view key) const;  ///< empty where absent or null
    std::vector<std::pair<std::string, std::string>> string_map(std::string_view key) const; ///< empty where absent

private:
    [[noreturn]] void refuse(std::string_view key, const char* expected) const;
    const value* get(std::string_view key) const;
    const json::object& object_;
    std::string path_;
};

/// The root of a document as an object. Throws parse_error if it is something else.
const object& root_object(const value& v);

} // namespace tsms::json
