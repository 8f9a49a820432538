#pragma once
// What STORE DATA must not bring where it may reach a security domain. Behind an INSTALL [for personalization] that has
// failed, the selected domain itself processes STORE DATA (GPCS 7.3.3): data that somebody else has written would key
// or rename it. So data objects and data groups that mean something to a domain are refused in every reading that a
// card may have of them (AMB-242, DIV-116).

#include "base/bytes.hpp"

#include <optional>
#include <string>
#include <vector>

namespace tsms::gp {

/// Looks at the STORE DATA commands of one script, in their order.
class domain_data_check {
public:
    /// What is wrong with the next command; nothing: nothing. `data`: its octets, or as many of them from the first on
    /// as are known (`whole` is false then).
    std::optional<std::string> add(std::uint8_t p1, std::uint8_t p2, bytes_view data, bool whole = true);
    /// What is wrong where no other command follows.
    std::optional<std::string> end() const;

private:
    bytes chain_;                     ///< blocks up to the last one (P1, bit 80) are one piece of data
    std::vector<std::size_t> starts_; ///< of its blocks, in it
    std::uint32_t next_ = 0;          ///< number of the next block; 256 is none, so that no chain counts anew
    bool known_ = true;               ///< all of the chain so far is
    unsigned formats_ = 0;            ///< in which a card may read the chain
};

} // namespace tsms::gp
