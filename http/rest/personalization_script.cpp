#include "http/rest/text_formats.hpp"
#include "http/rest/upload.hpp"
#include "store/script_document.hpp"

namespace tsms::rest {

std::optional<std::string> fault_of_script(std::string_view content) try {
    const auto document = store::parse_script(content);
    const auto* remote = std::get_if<store::remote_script>(&document);
    if (remote && !is_https_url(remote->url, true))
        return "‘remote’ is no object with an https ‘url’ alone";
    return std::nullopt;
} catch (const store::script_fault& fault) {
    return fault.what();
}

} // namespace tsms::rest
