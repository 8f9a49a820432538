#include "crypto/error.hpp"
#include "crypto/pki.hpp"
#include "http/rest/call.hpp"
#include "http/rest/notice.hpp"

#include <algorithm>

namespace tsms::rest {

namespace {

using model::entity_kind;
using store::catalog_view;

net::response answer_list(const catalog_view& view, const call& c, const std::vector<store::entity_row>& rows) {
    json::printer out;
    out.begin_array();
    for (const auto& row : rows)
        print(row.kind, c.dialect, row.document, out);
    out.end_array();
    auto shown = net::json_response(200, out.text());
    add_notices(shown, view, rows);
    return shown;
}

std::vector<store::entity_row> listed(const catalog_view& view, const call& c, const path_entities& path) {
    const auto kind = c.operation.entity;
    const auto owner = kind == entity_kind::secure_component_profile ? std::string() : c.provider; // AMB-020: global
    return view.list(kind, owner, path.empty() ? std::string() : path.last().id);
}

/// AMB-077; the name holds no control characters (upload_reader).
std::string content_disposition(const std::string& name) {
    std::string plain;
    bool ascii = true;
    for (const char ch : name) {
        ascii = ascii && static_cast<unsigned char>(ch) < 0x80;
        if (ch == '"' || ch == '\\')
            plain += '\\';
        plain += static_cast<unsigned char>(ch) < 0x80 ? ch : '_';
    }
    auto out = "attachment; filename=\"" + plain + "\"";
    if (!ascii)
        out += "; filename*=UTF-8''" + net::percent_encode(name);
    return out;
}

/// An older version stored certificates beside other things, a private key among them: these never leave (DIV-068).
std::string only_certificates(std::string file) {
    try {
        crypto::parse_only_certificates(as_bytes(file));
        return file;
    } catch (const crypto::error&) {
        return crypto::pem_of(crypto::parse_certificates(file));
    }
}

net::response download(const catalog_view& view, const call& c, const store::entity_row& row) {
    net::response out;
    auto held = std::make_shared<share>(c.memory); // before it is read: a file can be large
    if (!held->grow(view.file_size(row.id)))
        throw busy();
    out.kept = std::move(held);
    out.headers.add("Content-Type", "application/octet-stream");
    out.headers.add("Content-Disposition", content_disposition(json::reader(row.document).string_or("fileName", "")));
    out.body = view.file(row.id).value_or("");
    if (row.kind == entity_kind::certificate)
        out.body = only_certificates(std::move(out.body));
    return out;
}

} // namespace

net::response read_operation(const catalog_view& view, const call& c) {
    const path_entities path(view, c);
    switch (c.operation.what) {
    case model::action::read:
        return answer(view, c, path.last());
    case model::action::related:
        return answer_list(view, c, view.related(c.operation.walk, c.operation.entity, path.start()));
    case model::action::download:
        return download(view, c, path.last());
    default:
        return answer_list(view, c, listed(view, c, path));
    }
}

} // namespace tsms::rest
