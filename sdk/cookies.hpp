#pragma once
// The cookies of one host (RFC 6265), as far as a session needs them: name, value, Path, Max-Age. A Domain is not
// honoured: every cookie goes back to its own host only.

#include <string>
#include <string_view>
#include <vector>

namespace tsms::sdk {

class cookie_jar {
public:
    /// Takes a Set-Cookie field in. What is malformed or too large is ignored (RFC 6265 5.2).
    void take(std::string_view set_cookie, std::string_view request_path);
    /// The Cookie field for a request to this path; empty if there is nothing to send.
    std::string header(std::string_view request_path) const;

private:
    struct cookie {
        std::string name;
        std::string value;
        std::string path;
    };
    std::vector<cookie> cookies_;
};

} // namespace tsms::sdk
