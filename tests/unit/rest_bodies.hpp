#pragma once
// A body for every entity that is written as JSON, with something at every place that can hold something.

#include "crypto/pki.hpp"
#include "model/entities.hpp"
#include "rest_fixture.hpp"

#include <span>

namespace tsms::rest_test {

/// Nobody's id.
inline const std::string nobody = "00000000-0000-4000-8000-000000000000";

/// An entity that can be made and modified, and a body with something at every place that can hold something.
struct subject {
    model::entity_kind kind;
    std::string collection;
    std::string one;
    json::object body; ///< of a POST; a PUT of `one` takes it, too
};

/// An attribute in such a body.
struct place {
    std::vector<std::string> steps; ///< names of members, and an index behind one that is a list
    const model::attribute* what;
    std::string_view entity;

    std::string path() const { ///< as messages name it
        std::string out;
        for (const auto& step : steps)
            out += std::isdigit(static_cast<unsigned char>(step.front())) ? "[" + step + "]"
                                                                          : (out.empty() ? "" : ".") + step;
        return out;
    }
    bool is_assigned() const { return what->mandatory == model::presence::automatic && !what->editable; }
};

inline void collect(model::entity_kind kind, model::dialect d, const json::object& body,
                    const std::vector<std::string>& above, std::vector<place>& out) {
    const auto& e = model::describe(kind);
    for (const auto& a : e.attributes) {
        if (!contains(a.in, d))
            continue;
        auto steps = above;
        steps.emplace_back(a.name);
        out.push_back({steps, &a, e.name});
        const auto* v = body.find(a.name);
        if (v && a.type == model::value_type::object)
            collect(a.part, d, *v->as_object(), steps, out);
        if (v && a.type == model::value_type::objects) {
            steps.emplace_back("0");
            collect(a.part, d, *v->as_array()->front().as_object(), steps, out);
        }
    }
}

/// The body with another value at this place, or with none.
inline json::value changed(const json::value& at, std::span<const std::string> steps,
                           const std::optional<json::value>& v) {
    if (const auto* list = at.as_array()) {
        auto out = *list;
        auto& item = out.at(std::stoul(steps.front()));
        item = changed(item, steps.subspan(1), v);
        return out;
    }
    auto out = *at.as_object();
    if (steps.size() > 1)
        out.set(steps.front(), changed(*out.find(steps.front()), steps.subspan(1), v));
    else if (v)
        out.set(steps.front(), *v);
    else
        out.erase(steps.front());
    return out;
}

struct bodies : fixture {
    using fixture::fixture;

    /// Calls visit(subject, place) for every place of every body in the dialect of `base`.
    template <class Visit> void walk(Visit visit) {
        for (const auto* dialect : {"/sptsm/1.0", "/sptsm/1.0.4"}) {
            base = dialect;
            const bool newer = base.ends_with("4");
            for (const auto& s : subjects(newer)) {
                std::vector<place> places;
                collect(s.kind, newer ? model::dialect::v1_0_4 : model::dialect::v1_0, s.body, {}, places);
                for (const auto& p : places)
                    BOOST_TEST_CONTEXT(base << " " << s.collection << " " << p.path())
                visit(s, p);
            }
        }
    }

    std::vector<subject> subjects(bool newer) {
        const auto pem = crypto::make_ca("X").certificate_pem;
        const auto certificate = text(parsed(upload("POST", "/certificates", {{"cert-file", "c.pem", pem}})), "id");
        const auto script = text(parsed(upload("POST", "/personalization-scripts",
                                               {{"script-file", "s", R"({"version": 1, "commands": []})"}})),
                                 "id");
        const auto elf = load_file();
        std::vector<subject> out;
        const auto add = [&](model::entity_kind kind, const std::string& collection, json::object body) {
            const auto made = parsed(post(collection, body));
            const auto name = kind == model::entity_kind::version ? "tag" : "id";
            out.push_back({kind, collection, collection + "/" + text(made, name), std::move(body)});
            return text(made, name);
        };
        const auto spos = add(model::entity_kind::spos_config, "/spos-configs",
                              {{"url", "https://spos.example/x"}, {"certificateId", certificate}});
        const char* const diversification =
            newer ? "includeSecurityDomainDiversificationData" : "includeKeyDiversificationData";
        const auto app =
            add(model::entity_kind::application_config, "/application-configs",
                {{"instanceAid", "D27600016354450101"},
                 {"name", "n"},
                 {"description", "d"},
                 {"installConfig", json::object{{"applicationSpecificInstallParameter", "C9020102"},
                                                {"privileges", json::array{"GlobalService"}}}},
                 {"activationConfig",
                  json::object{{"makeSelectable", true}, {"accessibleViaApdu", true}, {"accessibleViaNfc", false}}},
                 {"personalizationConfig", json::object{{"certificateId", certificate},
                                                        {"personalizationScriptId", script},
                                                        {"provideAttestationToken", false},
                                                        {diversification, false}}}});
        const auto sv = "/services/" + add(model::entity_kind::service, "/services",
                                           {{"name", "n"},
                                            {"accessAuthorizedDeviceApps", json::array{std::string(40, 'A')}},
                                            {"sposConfigId", spos},
                                            {"spParameters", json::object{{"k", "v"}}}});
        auto one = instantiation(module(elf), app);
        one.set("priority", 7);
        const auto flavor = add(model::entity_kind::flavor, sv + "/flavors",
                                {{"name", "n"},
                                 {"description", "d"},
                                 {"executableLoadFileIds", json::array{elf}},
                                 {"applicationInstantiationConfigs", json::array{one}},
                                 {"spParameters", json::object{{"k", "v"}}},
                                 {"featureConfig", json::object{{newer ? "useCspFull" : "cspFull", false},
                                                                {"genericOptions", json::object{{"k", true}}}}},
                                 {"contextSpecificAttributes", json::object{{"k", "v"}}}});
        add(model::entity_kind::version, sv + "/versions",
            {{"tag", "1.0.0"}, {"allowedDeployments", json::object{{flavor, json::array{profile()}}}}});
        for (const auto& s : out)
            BOOST_TEST(put(s.one, s.body).status == 200, problem(put(s.one, s.body)));
        return out;
    }
};

} // namespace tsms::rest_test
