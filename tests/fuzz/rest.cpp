// Bodies of the REST API: entity documents of both dialects, link lists and personalization scripts. The first line
// says which: a letter is the entity's kind, "a" the first of model::entity_kind; "/4" behind it the dialect 1.0.4.

#include "http/rest/entity_document.hpp"
#include "http/rest/upload.hpp"
#include "model/rest_error.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace tsms::fuzz {

namespace {

void entity(model::entity_kind kind, model::dialect d, const json::value& body) {
    const auto stored = attempt<model::rest_error>([&] { return rest::created(kind, d, body); });
    if (!stored)
        return;
    json::printer printed;
    rest::print(kind, d, *stored, printed);
    require(printed.text() == json::dump(rest::presented(kind, d, *stored)), "two ways to show it are one");
    rest::references(kind, *stored);
    require(!rest::frozen_differs(kind, d, *stored, *stored), "a document does not differ from itself");
    // What is stored is canonical: the same change made again changes nothing.
    const auto once = attempt<model::rest_error>([&] { return rest::modified(kind, d, body, *stored); });
    if (once)
        require(rest::modified(kind, d, body, *once) == *once, "the same change twice is one change");
}

} // namespace

void run(input in) {
    const auto what = in.line();
    if (what == "script") {
        rest::fault_of_script(in.text());
        return;
    }
    const auto body = attempt<json::parse_error>([&] { return json::parse(in.text()); });
    if (!body || what.empty())
        return;
    if (what == "deployments")
        attempt<model::rest_error>([&] { return rest::deployment_map(*body); });
    else if (what == "ids")
        attempt<model::rest_error>([&] { return rest::id_list(*body, "ids"); });
    else
        entity(model::entity_kind{1 + static_cast<unsigned char>(what[0] - 'a') % 11},
               what.ends_with("/4") ? model::dialect::v1_0_4 : model::dialect::v1_0, *body);
}

} // namespace tsms::fuzz
