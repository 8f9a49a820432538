#include "http/rest/page.hpp"

#include <algorithm>

namespace tsms::rest {

std::optional<net::response> answer_page(const net::request& request) {
    const auto files = page_files();
    const auto file = std::ranges::find(files, std::string_view(request.path), &page_file::path);
    if (file == files.end())
        return std::nullopt;
    if (!request.is_get())
        return net::response{405, {{"Allow", net::allow_get}}, {}};
    return net::response{
        200,
        {{"Content-Type", std::string(file->type)},
         {"Content-Encoding", "gzip"}, // every browser reads it
         {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                                     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
         {"X-Content-Type-Options", "nosniff"},
         {"Referrer-Policy", "no-referrer"},
         {"Cache-Control", "no-cache"}},
        std::string(file->gzip)};
}

} // namespace tsms::rest
