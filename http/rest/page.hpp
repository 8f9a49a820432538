#pragma once
// The documentation page at / of the REST port. Its files are part of the program (page/bundle.py).

#include "http/net/message.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace tsms::rest {

struct page_file {
    std::string_view path;
    std::string_view type;
    std::string_view gzip; ///< the content, compressed
};
std::span<const page_file> page_files();

/// The answer if the path is a file of the page.
std::optional<net::response> answer_page(const net::request& request);

} // namespace tsms::rest
