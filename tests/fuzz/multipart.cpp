// Uploads: the first line is the Content-Type, the rest the body.

#include "http/rest/upload.hpp"
#include "model/rest_error.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <vector>

namespace tsms::fuzz {

namespace {

/// What a form is read as, in pieces of that size.
struct reading {
    std::vector<rest::part_head> heads;
    std::vector<std::string> contents;
    bool good = false;

    reading(std::string_view boundary, std::string_view body, std::size_t piece) {
        rest::form_reader form(boundary, {[this](rest::part_head head) {
                                              heads.push_back(std::move(head));
                                              contents.emplace_back();
                                          },
                                          [this](std::string_view octets) { contents.back() += octets; }});
        bool well_formed = true;
        for (std::size_t at = 0; at < body.size() && well_formed; at += piece)
            well_formed = form.feed(body.substr(at, piece));
        good = well_formed && form.complete();
    }
};

} // namespace

void run(input in) {
    const std::string type(in.line());
    const auto body = in.text();
    for (auto kind : {model::entity_kind::executable_load_file, model::entity_kind::personalization_script,
                      model::entity_kind::certificate})
        attempt<model::rest_error>([&] {
            rest::upload_reader reader(kind, type, {}, "/nowhere", std::make_shared<rest::budget>(16000));
            reader.take(body);
            return reader.finish(false).name.has_value();
        });
    const auto boundary = rest::multipart_boundary(type);
    if (!boundary)
        return;
    const reading whole(*boundary, body, body.size() + 1);
    const reading pieces(*boundary, body, 1 + body.size() % 7);
    require(whole.good == pieces.good, "a form is whole in whatever pieces it comes");
    require(!whole.good || whole.contents == pieces.contents, "and holds the same");
    require(whole.heads.size() <= 16, "at most 16 parts");
    for (const auto& head : whole.heads)
        require(!head.file_name || head.file_name->find('/') == std::string::npos, "a file name has no directory");
}

} // namespace tsms::fuzz
