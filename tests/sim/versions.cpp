#include "tests/sim/versions.hpp"

namespace tsms::sim {

namespace {

/// What an applet has stored (DIV-091).
const std::map<std::uint8_t, bytes> stored{{0x00, hex("C0FFEE")}};

const std::pair<const char*, bytes> names[] = {{"P1", package},  {"P2", package_2},          {"P3", package_3},
                                               {"a1", applet_1}, {"a2", applet_2},           {"a3", applet_3},
                                               {"a4", applet_4}, {"SD", hex(service_domain)}};

/// The first of these AIDs, with its length in front, that stands in a command.
std::string named_in(const bytes& apdu, bool domain_too) {
    const auto text = to_hex(apdu);
    std::string found;
    std::size_t at = std::string::npos;
    for (const auto& [name, aid] : names) {
        const auto octets = static_cast<std::uint8_t>(aid.size());
        const auto here = text.rfind(to_hex({&octets, 1}) + to_hex(aid));
        if (here == std::string::npos || (std::string_view(name) == "SD" && !domain_too))
            continue;
        if (at == std::string::npos || here > at) {
            at = here;
            found = name;
        }
    }
    return found;
}

/// SET STATUS has the AID alone.
std::string locked_by(const bytes& apdu) {
    for (const auto& [name, aid] : names)
        if (aid.size() > package.size() && to_hex(apdu).find(to_hex(aid)) != std::string::npos)
            return name;
    return "";
}

/// The commands of a process that change the card or name an application, in words.
std::string in_words(const gp::card_command& command) {
    switch (command.what) {
    case gp::step::unlock:
        return "unlock " + locked_by(command.apdu);
    case gp::step::lock:
        return "lock " + locked_by(command.apdu);
    case gp::step::install_for_load:
        return "load " + named_in(command.apdu, false);
    case gp::step::install_for_install:
        return "install " + named_in(command.apdu, false);
    case gp::step::make_selectable:
        return "selectable " + named_in(command.apdu, false);
    case gp::step::extradite:
        return "extradite " + named_in(command.apdu, false);
    case gp::step::access_rule:
        return "rule " + named_in(command.apdu, false);
    case gp::step::access_rule_removal:
        return "no rule " + named_in(command.apdu, false);
    case gp::step::delete_object:
        return "delete " + named_in(command.apdu, true);
    default:
        return command.changes_card && command.what != gp::step::load && !named_in(command.apdu, false).empty()
                   ? "names " + named_in(command.apdu, false)
                   : "";
    }
}

} // namespace

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const auto& word : words)
        all += (all.empty() ? "" : ", ") + word;
    return all;
}

void listen(world& w, std::vector<std::string>& words) {
    w.on_the_way = [&words](const gp::card_command& command, const auto&) -> std::optional<bytes> {
        if (auto word = in_words(command); !word.empty() && word != "extradite " && word != "install ")
            words.push_back(std::move(word));
        return std::nullopt;
    };
}

void store_data(world& w) {
    auto state = w.card.state();
    for (const auto& aid : {applet_1, applet_2, applet_3})
        if (auto* app = state.registry.find_application(aid))
            app->kept.objects = stored;
    w.card = lab::card(state, w.random);
}
bool has_data(const world& w, const bytes& aid) {
    const auto* app = w.card.state().registry.find_application(aid);
    return app && app->kept.objects == stored;
}

world operational_service(const char* rules, std::size_t load_size) {
    auto w = ready_with_two_load_files(rules, load_size);
    BOOST_TEST_REQUIRE(w.deploy({I, A}, true).details == "");
    store_data(w);
    return w;
}

void check_card(world& w) {
    auto expected = contents_of(w.instance.target);
    if (w.card.state().registry.find_application(hex(w.instance.target.card.arac_aid)))
        expected.insert(w.instance.target.card.arac_aid);
    BOOST_TEST(w.on_card() == expected, boost::test_tools::per_element());
    for (const auto& app : w.instance.target.applications) {
        const auto* there = w.card.state().registry.find_application(hex(app.instance_aid));
        BOOST_TEST_REQUIRE(there, app.instance_aid);
        BOOST_TEST(to_hex(there->domain) == service_domain);
        BOOST_TEST(to_hex(there->load_file) == app.elf_aid);
        BOOST_TEST((use(w, hex(app.instance_aid)) == 0x9000) == app.make_selectable, app.instance_aid);
    }
    for (const auto& file : w.instance.target.load_files)
        BOOST_TEST(to_hex(w.card.state().registry.find_load_file(hex(file.aid))->domain) == service_domain);
    BOOST_TEST(w.instance.target.beside.empty());
    BOOST_TEST(!w.component.doubt);
}

model::deployment_target& other_content(world& w, model::deployment_target& t, std::size_t file) {
    auto& old = t.load_files[file];
    old = load_file_of(w, hex(old.aid),
                       file == 0 ? std::vector<bytes>{applet_1, applet_2} : std::vector<bytes>{applet_3}, 900);
    return t;
}

} // namespace tsms::sim
