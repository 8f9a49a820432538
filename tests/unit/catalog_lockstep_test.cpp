// The catalog in its file and the one in memory answer alike, whatever is written into them.

#include "least_document.hpp"
#include "lockstep.hpp"
#include "rest_fixture.hpp"
#include "store/memory/catalog.hpp"

using namespace tsms;
using lockstep::dice;
using lockstep::difference;
using lockstep::outcome;
using model::entity_kind;
using store::catalog_edit;
using store::catalog_view;
using store::entity_row;

namespace {

const std::vector<std::string> tenants{"one", "two"};
const std::vector<std::string> tags{"1.0.0", "1.00.0", "2.0.0", "10.0.0", "1.x"};
const std::vector<std::string> hashes{"AA", "BB", "CC"};

// Few ids, three of each kind, so that what is done meets what is there.
constexpr std::size_t kinds = 10;
const std::vector<std::string> ids = [] {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < 3 * kinds; ++i)
        out.push_back("id-" + std::to_string(10 + (i * 7) % 30)); // in another order than that of their kinds
    return out;
}();
entity_kind kind_of(std::size_t index) {
    return static_cast<entity_kind>(2 + index % kinds);
}
std::string an_id(dice& d, entity_kind kind) {
    return ids[d.roll(3) * kinds + static_cast<std::size_t>(kind) - 2];
}

json::value some_value(dice& d) {
    switch (d.roll(6)) {
    case 0:
        return nullptr;
    case 1:
        return "täxt\n\"\x01" + std::to_string(d.roll(9));
    case 2:
        return static_cast<std::int64_t>(d.roll(3)) - 1;
    case 3:
        return 0.5;
    case 4:
        return json::array{true, json::object{{"a", "b"}}, json::array{}};
    default:
        return json::object{};
    }
}

json::object some_document(dice& d, entity_kind kind) {
    auto out = unit::least_document(kind, {{"any", some_value(d)}});
    if (kind == entity_kind::service && !d.once_in(3))
        out.set("sdAid", "AID" + std::to_string(d.roll(3)));
    if (kind == entity_kind::flavor && !d.once_in(3))
        out.set("published", d.once_in(2));
    if (kind == entity_kind::version)
        out.set("tag", d.one_of(tags));
    return out;
}

bool is_there(const catalog_view& view, const std::string& id) {
    const auto index = static_cast<std::size_t>(std::ranges::find(ids, id) - ids.begin());
    return view.find_any(kind_of(index), id).has_value();
}

/// One that is there, if a few tries find one. Rarely, one that may not be there.
template <class Draw> std::optional<std::string> one_there(const catalog_view& view, dice& d, Draw draw) {
    for (int tries = 0; tries < 12; ++tries)
        if (auto id = draw(); is_there(view, id) || d.once_in(250))
            return id;
    return std::nullopt;
}
std::optional<std::string> one_there(const catalog_view& view, dice& d) {
    return one_there(view, d, [&] { return d.one_of(ids); });
}

entity_row some_row(const catalog_view& view, dice& d) {
    const auto index = d.roll(ids.size());
    entity_row row;
    row.id = ids[index];
    row.kind = kind_of(index);
    row.provider = row.kind == entity_kind::secure_component_profile ? "" : tenants[index % 3 == 0];
    if (row.kind == entity_kind::version || row.kind == entity_kind::flavor)
        row.parent = one_there(view, d, [&] { return an_id(d, entity_kind::service); }).value_or("");
    if (row.kind == entity_kind::executable_module)
        row.parent = one_there(view, d, [&] { return an_id(d, entity_kind::executable_load_file); }).value_or("");
    if (d.once_in(60))
        row.parent = d.one_of(ids);
    row.position = "00" + std::to_string(d.roll(3)) + ".000.000";
    row.document = some_document(d, row.kind);
    return row;
}

/// As the REST API makes them, or any.
std::vector<store::entity_reference> some_references(const catalog_view& view, dice& d, entity_kind of) {
    std::vector<store::entity_reference> out;
    const auto add = [&](entity_kind kind, const std::string& via = {}) {
        const auto target = one_there(view, d, [&] { return an_id(d, kind); });
        if (target)
            out.push_back({*target, via});
        return target.value_or("");
    };
    if (of == entity_kind::version)
        add(entity_kind::secure_component_profile, add(entity_kind::flavor));
    if (of == entity_kind::flavor) {
        add(entity_kind::executable_load_file);
        add(entity_kind::application_config, add(entity_kind::executable_module));
    }
    if (of == entity_kind::application_config)
        add(entity_kind::personalization_script);
    if (of == entity_kind::application_config || of == entity_kind::spos_config)
        add(entity_kind::certificate);
    if (of == entity_kind::service)
        add(entity_kind::spos_config);
    for (auto left = d.roll(3); left > 0; --left)
        if (const auto target = one_there(view, d))
            out.push_back({*target, d.once_in(3) ? "" : d.one_of(ids)});
    return out;
}

// -- what a view tells, as text

std::string told(const entity_row& row) {
    return row.id + " " + std::to_string(static_cast<int>(row.kind)) + " '" + row.provider + "' '" + row.parent + "' " +
           row.position + " " + json::dump(row.document);
}
std::string told(const std::optional<entity_row>& row) {
    return row ? told(*row) : "none";
}
std::string told(const std::vector<entity_row>& rows) {
    std::string out = "[";
    for (const auto& row : rows)
        out += told(row) + "; ";
    return out + "]";
}

std::string related(const catalog_view& view, model::relation walk, entity_kind kind, dice& d) {
    store::walk_start start(d.one_of(tenants));
    for (std::size_t i = 0; i < kinds; ++i)
        if (!d.once_in(12))
            start.set(kind_of(i), an_id(d, kind_of(i)));
    return told(view.related(walk, kind, start));
}

constexpr auto last_relation = static_cast<std::size_t>(model::relation::spos_config_services);

std::string about(const catalog_view& view, const std::string& id) {
    const auto referrer = view.first_referrer(id);
    return "\n" + id + ": referrer " + (referrer ? std::to_string(static_cast<int>(*referrer)) : "none") +
           ", published " + view.published_flavor_of(id).value_or("none") + ", flavors " +
           told(view.flavors_for_profile(id)) + ", versions " + told(view.versions_for_profile(id)) + ", file " +
           std::to_string(view.file_size(id)) + " " + view.file(id).value_or("none") + ", internals " +
           json::dump(view.profile_internals(id));
}

/// Every row, with what belongs to it and who refers to it.
std::string rows(const catalog_view& view) {
    std::string out;
    for (std::size_t i = 0; i < ids.size(); ++i)
        out += "\n" + told(view.find_any(kind_of(i), ids[i])) + about(view, ids[i]);
    return out;
}

/// Everything that the port can be asked. The walks begin where `d` says.
std::string everything(const catalog_view& view, dice d) {
    auto out = rows(view);
    for (std::size_t i = 0; i < ids.size(); ++i)
        for (const auto& provider : tenants)
            out += "\n" + told(view.find(kind_of(i), provider, ids[i])) + " " +
                   told(view.find_any(kind_of(i + 1), ids[i]));
    for (std::size_t k = 0; k < kinds; ++k)
        for (const auto& provider : {"", "one", "two", "three"}) {
            out += "\n" + told(view.list(kind_of(k), provider, ""));
            for (const auto& parent : ids)
                out += told(view.list(kind_of(k), provider, parent));
        }
    for (const auto& id : ids)
        for (const auto& tag : tags)
            out += " " + told(view.find_version("one", id, tag)) + told(view.find_version("two", id, tag));
    for (const auto& hash : hashes)
        out += "\n" + to_hex(view.load_image(hash).value_or(bytes{}));
    for (std::size_t walk = 1; walk <= last_relation; ++walk)
        for (std::size_t k = 0; k < kinds; ++k)
            for (int i = 0; i < 4; ++i)
                out += "\n" + std::to_string(walk) + ": " +
                       related(view, static_cast<model::relation>(walk), kind_of(k), d);
    return out;
}

/// One change, and what is seen of it before the transaction ends.
std::string edit_something(catalog_edit& edit, dice& d) {
    const auto what = d.roll(40);
    const auto there = one_there(edit, d);
    const auto row = some_row(edit, d);
    const auto references = some_references(edit, d, row.kind);
    if (what == 0)
        edit.update(row, references); // it may be that it is not there
    else if (what == 1)
        edit.remove(d.one_of(ids));
    else if (what < 6 && there)
        edit.put_file(*there, std::string(d.roll(5), 'x') + '\0');
    else if (what < 10 && there)
        edit.put_load_image(*there, hashes[what % 3], as_bytes(hashes[what % 3])); // the same hash, the same image
    else if (what < 14 && there)
        edit.put_profile_internals(*there, json::object{{"n", some_value(d)}});
    else if (is_there(edit, row.id) && !d.once_in(30))
        edit.update(row, references);
    else
        edit.insert(row, references);
    return about(edit, d.one_of(ids));
}

/// A transaction of a few changes; some end by an exception of their own.
std::string write_something(store::catalog& catalog, dice& d) {
    return outcome([&] {
        return catalog.write([&](catalog_edit& edit) {
            std::string out;
            for (auto left = 1 + d.roll(3); left > 0; --left)
                out += edit_something(edit, d);
            if (d.once_in(6))
                throw lockstep::own_error{};
            return out;
        });
    });
}

std::string rows_of(const store::catalog& catalog) {
    return catalog.read(rows);
}
std::string all_of(const store::catalog& catalog, unsigned seed) {
    return catalog.read([&](const catalog_view& view) { return everything(view, dice(seed)); });
}

/// Plays the same steps on both. `ends`: how many had which end.
void play(store::catalog& left, store::catalog& right, unsigned seed, std::map<std::string, int>& ends) {
    auto before = rows_of(left);
    for (unsigned step = 0; step < 80; ++step)
        BOOST_TEST_CONTEXT("seed " << seed << ", step " << step) {
            dice of_left(seed * 1000 + step), of_right(seed * 1000 + step);
            const auto answer = write_something(left, of_left);
            BOOST_REQUIRE_EQUAL(difference(answer, write_something(right, of_right)), "");
            const bool undone = answer == "refused" || answer == "own error";
            ++ends[undone ? answer : "done"];
            const auto now = rows_of(left);
            BOOST_REQUIRE_EQUAL(difference(now, rows_of(right)), "");
            if (undone)
                BOOST_REQUIRE_EQUAL(difference(now, before), "");
            before = now;
            if (step % 16 == 15)
                BOOST_REQUIRE_EQUAL(difference(all_of(left, step), all_of(right, step)), "");
        }
}

struct both : rest_test::rest_databases {
    std::unique_ptr<store::catalog> left = store::open_catalog(path() / "catalog.db");
    std::unique_ptr<store::catalog> right = store::catalog_in_memory();
};

} // namespace

BOOST_AUTO_TEST_SUITE(catalog_lockstep)

BOOST_AUTO_TEST_CASE(two_catalogs_answer_alike) {
    std::map<std::string, int> ends;
    for (unsigned seed = 1; seed <= 6; ++seed) {
        const both b;
        play(*b.left, *b.right, seed, ends);
    }
    for (const auto* end : {"done", "refused", "own error"})
        BOOST_TEST(ends[end] > 40, end << " is hardly tried: " << ends[end]);
}

BOOST_AUTO_TEST_CASE(a_reader_keeps_its_state_while_others_write) {
    const both b;
    for (auto* catalog : {b.left.get(), b.right.get()}) {
        dice d(1);
        for (int i = 0; i < 20; ++i)
            write_something(*catalog, d);
        const auto first = all_of(*catalog, 1);
        catalog->read([&](const catalog_view& view) {
            BOOST_TEST((everything(view, dice(1)) == first));
            for (int i = 0; i < 20; ++i)
                write_something(*catalog, d);
            BOOST_TEST((everything(view, dice(1)) == first));
            return true;
        });
        BOOST_TEST((all_of(*catalog, 1) != first));
    }
    BOOST_TEST((all_of(*b.left, 1) == all_of(*b.right, 1)));
}

BOOST_AUTO_TEST_CASE(every_walk_finds_something_and_none_is_no_walk) {
    const both b;
    for (auto* catalog : {b.left.get(), b.right.get()}) {
        std::set<std::size_t> found;
        for (unsigned seed = 1; seed < 1000 && found.size() < last_relation; ++seed) {
            dice d(seed);
            write_something(*catalog, d);
            catalog->read([&](const catalog_view& view) {
                for (std::size_t walk = 1; walk <= last_relation; ++walk)
                    for (std::size_t k = 0; k < kinds; ++k)
                        if (related(view, static_cast<model::relation>(walk), kind_of(k), d) != "[]")
                            found.insert(walk);
                return true;
            });
        }
        for (std::size_t walk = 1; walk <= last_relation; ++walk)
            BOOST_TEST(found.contains(walk), "walk " << walk << " finds nothing");
        BOOST_TEST(outcome([&] {
                       return catalog->read([](const catalog_view& view) {
                           return told(
                               view.related(model::relation::none, entity_kind::service, store::walk_start("one")));
                       });
                   }) == "out of range");
    }
}

BOOST_AUTO_TEST_SUITE_END()
