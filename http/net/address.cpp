#include "http/net/address.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace tsms::net {

std::string numeric_address(const sockaddr_storage& address) {
    const socklen_t size = address.ss_family == AF_INET    ? sizeof(sockaddr_in)
                           : address.ss_family == AF_INET6 ? sizeof(sockaddr_in6)
                                                           : 0;
    char text[NI_MAXHOST] = {};
    if (size)
        ::getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
    return text;
}

std::string peer_network(std::string_view address) {
    const std::string bare(address.substr(0, address.find('%')));
    in6_addr v6{};
    if (::inet_pton(AF_INET6, bare.c_str(), &v6) != 1)
        return bare;
    char text[INET6_ADDRSTRLEN] = {};
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        ::inet_ntop(AF_INET, &v6.s6_addr[12], text, sizeof text);
        return text;
    }
    std::fill(std::begin(v6.s6_addr) + 8, std::end(v6.s6_addr), std::uint8_t{0});
    ::inet_ntop(AF_INET6, &v6, text, sizeof text);
    return std::string(text) + "/64";
}

} // namespace tsms::net
