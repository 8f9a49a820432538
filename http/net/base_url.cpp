#include "http/net/base_url.hpp"

#include "base/number.hpp"
#include "http/net/message.hpp"

#include <algorithm>

namespace tsms::net {

std::optional<base_url> parse_base_url(std::string_view url) {
    const auto rest = behind_https(url);
    if (!rest || rest->find_first_of(" \t\r\n?#@") != rest->npos)
        return std::nullopt;
    base_url base;
    const auto path = std::min(rest->find('/'), rest->size());
    base.authority = rest->substr(0, path);
    base.prefix = rest->substr(path);
    while (base.prefix.ends_with('/'))
        base.prefix.pop_back();
    std::string port;
    if (base.authority.starts_with('[')) {
        const auto end = base.authority.find(']');
        if (end == std::string::npos)
            return std::nullopt;
        base.host = base.authority.substr(1, end - 1);
        port = base.authority.substr(end + 1);
    } else {
        const auto colon = std::min(base.authority.find(':'), base.authority.size());
        base.host = base.authority.substr(0, colon);
        port = base.authority.substr(colon);
    }
    if (base.host.empty())
        return std::nullopt;
    if (!port.empty()) {
        const auto number = text::number<std::uint16_t>(std::string_view(port).substr(1));
        if (port[0] != ':' || !number || *number == 0)
            return std::nullopt;
        base.port = *number;
    }
    return base;
}

} // namespace tsms::net
