// The table of the REST data model against the norm's own: TR-03165 4.1.4 in V1.0 and 1.0.4, each attribute with its
// columns "Mand." and "Ed.". Written down from the norm, not from the program.

#include "http/rest/entity_document.hpp"
#include "model/entities.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace tsms;
using namespace tsms::model;
using enum entity_kind;

namespace {

struct norm_row {
    std::string_view entity;
    std::string_view attribute;
    std::string_view v1_0; ///< "M Yes": mandatory, editable; "-": there is none
    std::string_view v1_0_4;
};
constexpr norm_row norm[] = {
    // 4.1.4.1
    {"ServiceProvider", "id", "A No", "A No"},
    {"ServiceProvider", "name", "M Yes", "M Yes"},
    // 4.1.4.2
    {"Service", "id", "A No", "A No"},
    {"Service", "name", "M Yes", "M Yes"},
    {"Service", "creationDate", "A No", "A No"},
    {"Service", "sdAid", "A No", "A No"},
    {"Service", "accessAuthorizedDeviceApps", "O Yes", "O Yes"},
    {"Service", "sposConfigId", "O Yes", "O Yes"},
    {"Service", "spParameters", "O Yes", "O Yes"},
    {"Service", "spId", "-", "A No"},
    // 4.1.4.3
    {"Version", "tag", "M No", "M No"},
    {"Version", "allowedDeployments", "M Yes", "M Yes"},
    {"Version", "serviceId", "-", "A No"},
    // 4.1.4.4
    {"Flavor", "id", "A No", "A No"},
    {"Flavor", "name", "O Yes", "O Yes"},
    {"Flavor", "description", "O Yes", "O Yes"},
    {"Flavor", "creationDate", "A No", "A No"},
    {"Flavor", "published", "A No", "A No"},
    {"Flavor", "executableLoadFileIds", "O C", "O C"},
    {"Flavor", "applicationInstantiationConfigs", "O C", "O C"},
    {"Flavor", "spParameters", "O Yes", "O Yes"},
    {"Flavor", "featureConfig", "O Yes", "O Yes"},
    {"Flavor", "contextSpecificAttributes", "O Yes", "O Yes"},
    {"Flavor", "serviceId", "-", "A No"},
    // 4.1.4.5
    {"SecureComponentProfile", "id", "A No", "A No"},
    {"SecureComponentProfile", "name", "M No", "M No"},
    {"SecureComponentProfile", "scType", "M No", "M No"},
    {"SecureComponentProfile", "hardwarePlatform", "M No", "M No"},
    {"SecureComponentProfile", "os", "M No", "M No"},
    {"SecureComponentProfile", "osVersion", "M No", "M No"},
    {"SecureComponentProfile", "javaCardVersion", "M No", "M No"},
    {"SecureComponentProfile", "javaCardFeatures", "M No", "M No"},
    {"SecureComponentProfile", "gpSpecVersions", "M No", "M No"},
    {"SecureComponentProfile", "gpApiVersions", "M No", "M No"},
    {"SecureComponentProfile", "csp", "M No", "M No"},
    {"SecureComponentProfile", "certifications", "M No", "M No"},
    // 4.1.4.6
    {"FeatureConfig", "cspFull", "O Yes", "-"},
    {"FeatureConfig", "useCspFull", "-", "O Yes"},
    {"FeatureConfig", "genericOptions", "O Yes", "O Yes"},
    {"FeatureConfig", "keyProvisioningMode", "-", "O Yes"}, // C: a condition of its own (AMB-171)
    {"FeatureConfig", "keyIndex", "-", "O Yes"},            // C: a condition of its own (AMB-171)
    // 4.1.4.7
    {"ApplicationInstantiationConfig", "priority", "A Yes", "A C"},
    {"ApplicationInstantiationConfig", "executableModuleId", "M Yes", "M C"},
    {"ApplicationInstantiationConfig", "applicationConfigId", "M Yes", "M C"},
    // 4.1.4.8
    {"ExecutableLoadFile", "id", "A No", "A No"},
    {"ExecutableLoadFile", "aid", "A No", "A No"},
    {"ExecutableLoadFile", "fileName", "A Yes", "A Yes"},
    {"ExecutableLoadFile", "type", "A No", "A No"},
    {"ExecutableLoadFile", "creationDate", "A No", "A No"},
    {"ExecutableLoadFile", "uploadDate", "A No", "A No"},
    {"ExecutableLoadFile", "spId", "-", "A No"},
    {"ExecutableLoadFile", "packageName", "A No", "A No"},
    {"ExecutableLoadFile", "importedPackages", "A No", "A No"},
    {"ExecutableLoadFile", "packageVersion", "A No", "A No"},
    {"ExecutableLoadFile", "technicalRequirements", "O No", "O No"}, // "Yes" in the TR, but no request carries it
    // 4.1.4.10
    {"TechnicalRequirements", "javaCardVersion", "A No", "A No"},
    {"TechnicalRequirements", "gpApiVersion", "A No", "A No"},
    // 4.1.4.11
    {"ExecutableModule", "id", "A No", "A No"},
    {"ExecutableModule", "aid", "A No", "A No"},
    {"ExecutableModule", "elfId", "-", "A No"},
    // 4.1.4.12
    {"ApplicationConfig", "id", "A No", "A No"},
    {"ApplicationConfig", "instanceAid", "M Yes", "M C"},
    {"ApplicationConfig", "name", "O Yes", "O Yes"},
    {"ApplicationConfig", "description", "O Yes", "O Yes"},
    {"ApplicationConfig", "installConfig", "M Yes", "O C"},
    {"ApplicationConfig", "activationConfig", "O Yes", "O C"},
    {"ApplicationConfig", "personalizationConfig", "O Yes", "O C"},
    {"ApplicationConfig", "spId", "-", "A No"},
    // 4.1.4.13
    {"InstallConfig", "applicationSpecificInstallParameter", "O Yes", "O C"},
    {"InstallConfig", "privileges", "O Yes", "O C"},
    // 4.1.4.14
    {"ActivationConfig", "makeSelectable", "O Yes", "O C"},
    {"ActivationConfig", "accessibleViaApdu", "O Yes", "O C"},
    {"ActivationConfig", "accessibleViaNfc", "O Yes", "O C"},
    // 4.1.4.15
    {"PersonalizationConfig", "certificateId", "O Yes", "O Yes"},
    {"PersonalizationConfig", "personalizationScriptId", "O Yes", "O C"},
    {"PersonalizationConfig", "provideAttestationToken", "O Yes", "O C"},
    {"PersonalizationConfig", "includeKeyDiversificationData", "O Yes", "-"},
    {"PersonalizationConfig", "includeSecurityDomainDiversificationData", "-", "O C"},
    // 4.1.4.16
    {"PersonalizationScript", "id", "A No", "A No"},
    {"PersonalizationScript", "fileName", "A Yes", "A Yes"},
    {"PersonalizationScript", "creationDate", "A No", "A No"},
    {"PersonalizationScript", "uploadDate", "A No", "A No"},
    {"PersonalizationScript", "spId", "-", "A No"},
    // 4.1.4.17
    {"Certificate", "id", "A No", "A No"},
    {"Certificate", "fileName", "A Yes", "A Yes"},
    {"Certificate", "creationDate", "A No", "A No"},
    {"Certificate", "uploadDate", "A No", "A No"},
    {"Certificate", "spId", "-", "A No"},
    // 4.1.4.18
    {"SposConfig", "id", "A No", "A No"},
    {"SposConfig", "url", "M Yes", "M Yes"},
    {"SposConfig", "certificateId", "M Yes", "M Yes"},
    {"SposConfig", "spId", "-", "A No"},
    // 4.1.4.19
    {"GeneralError", "errorCategory", "M No", "M No"},
    {"GeneralError", "errorMessage", "M No", "M No"},
};

std::string columns(const attribute& a, dialect d) {
    if (!contains(a.in, d))
        return "-";
    const std::string mandatory = a.mandatory == presence::automatic ? "A" : a.is_mandatory(d) ? "M" : "O";
    return mandatory + (contains(a.frozen_in, d) ? " C" : a.editable ? " Yes" : " No");
}

const entity& named(std::string_view name) {
    for (const auto& e : entities())
        if (e.name == name)
            return e;
    throw std::runtime_error("no entity " + std::string(name));
}

/// A value of the attribute's type that is not its default.
json::value some_value(const attribute& a) {
    switch (a.type) {
    case value_type::boolean:
        return a.fallback == 0;
    case value_type::integer:
        return a.fallback == a.minimum ? a.maximum : a.minimum;
    case value_type::strings:
        return json::array{"x"};
    case value_type::string_map:
    case value_type::boolean_map:
    case value_type::strings_map:
        return json::object{{"k", "v"}};
    case value_type::objects:
        return json::array{json::object()};
    case value_type::object:
        return json::object();
    default:
        return "x";
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(data_model)

BOOST_AUTO_TEST_CASE(every_attribute_is_what_the_norm_says) {
    std::set<std::string> seen;
    for (const auto& [entity_name, name, v1_0, v1_0_4] : norm) {
        const auto full = std::string(entity_name) + "." + std::string(name);
        BOOST_TEST_CONTEXT(full) {
            const auto& e = named(entity_name);
            seen.insert(full);
            for (const auto& [d, wanted] : {std::pair{dialect::v1_0, v1_0}, {dialect::v1_0_4, v1_0_4}}) {
                const auto* a = find_attribute(e, name, d);
                BOOST_TEST((a ? columns(*a, d) : "-") == wanted);
            }
        }
    }
    for (const auto& e : entities())
        for (const auto& a : e.attributes)
            BOOST_TEST(seen.contains(std::string(e.name) + "." + std::string(a.name)), e.name << "." << a.name);
}

BOOST_AUTO_TEST_CASE(numbers_and_defaults) {
    struct row {
        std::string_view attribute;
        std::int64_t minimum, maximum, fallback;
    };
    constexpr row special[] = {
        {"SecureComponentProfile.scType", 1, 4, 0},
        {"ApplicationInstantiationConfig.priority", 1, 255, 255},
        {"FeatureConfig.keyProvisioningMode", 0, 3, 0},
        {"ActivationConfig.makeSelectable", 0, 255, 1},
        {"SposConfig.url", 0, 500, 0},
        {"GeneralError.errorCategory", 1000, 9999, 0},
    };
    std::size_t found = 0;
    for (const auto& e : entities())
        for (const auto& a : e.attributes) {
            const auto full = std::string(e.name) + "." + std::string(a.name);
            const auto* wanted = std::ranges::find(special, full, &row::attribute);
            found += wanted != std::end(special);
            const auto expected = wanted != std::end(special) ? *wanted : row{full, 0, 255, 0};
            BOOST_TEST_CONTEXT(full) {
                BOOST_TEST(a.minimum == expected.minimum);
                BOOST_TEST(a.maximum == expected.maximum);
                BOOST_TEST(a.fallback == expected.fallback);
            }
        }
    BOOST_TEST(found == std::size(special));
}

BOOST_AUTO_TEST_CASE(references_and_formats) {
    struct row {
        std::string_view attribute;
        text_format format;
        entity_kind target;
    };
    using enum text_format;
    constexpr row special[] = {
        {"Service.sdAid", aid, none},
        {"Service.accessAuthorizedDeviceApps", device_app, none},
        {"Service.sposConfigId", uuid, spos_config},
        {"Version.tag", tag, none},
        {"Version.allowedDeployments", deployments, none},
        {"Flavor.executableLoadFileIds", uuid, executable_load_file},
        {"SecureComponentProfile.javaCardVersion", java_card, none},
        {"ApplicationInstantiationConfig.executableModuleId", uuid, executable_module},
        {"ApplicationInstantiationConfig.applicationConfigId", uuid, application_config},
        {"ExecutableLoadFile.aid", aid, none},
        {"ExecutableLoadFile.importedPackages", aid, none},
        {"ExecutableLoadFile.packageVersion", platform, none},
        {"TechnicalRequirements.javaCardVersion", java_card, none},
        {"TechnicalRequirements.gpApiVersion", platform, none},
        {"ExecutableModule.aid", aid, none},
        {"ExecutableModule.elfId", uuid, none},
        {"ApplicationConfig.instanceAid", aid, none},
        {"InstallConfig.applicationSpecificInstallParameter", tlv, none},
        {"InstallConfig.privileges", privilege, none},
        {"PersonalizationConfig.certificateId", uuid, certificate},
        {"PersonalizationConfig.personalizationScriptId", uuid, personalization_script},
        {"SposConfig.url", https_url, none},
        {"SposConfig.certificateId", uuid, certificate},
    };
    std::size_t found = 0;
    for (const auto& e : entities())
        for (const auto& a : e.attributes) {
            const auto full = std::string(e.name) + "." + std::string(a.name);
            const auto* wanted = std::ranges::find(special, full, &row::attribute);
            found += wanted != std::end(special);
            auto expected = wanted != std::end(special) ? *wanted : row{full, any, none};
            if (a.name == "id" || a.name == "spId" || a.name == "serviceId")
                expected.format = uuid;
            if (a.name.ends_with("Date"))
                expected.format = date_time;
            BOOST_TEST_CONTEXT(full) {
                BOOST_CHECK(a.format == expected.format);
                BOOST_CHECK(a.target == expected.target);
            }
        }
    BOOST_TEST(found == std::size(special));
}

BOOST_AUTO_TEST_CASE(what_may_be_empty) {
    const std::set<std::string_view> empty{"javaCardFeatures", "gpSpecVersions", "gpApiVersions", "csp",
                                           "certifications"};
    for (const auto& e : entities())
        for (const auto& a : e.attributes)
            BOOST_TEST(a.may_be_empty == (e.kind == secure_component_profile && empty.contains(a.name)),
                       e.name << "." << a.name);
    // One value with two names (AMB-047).
    BOOST_TEST(find_attribute(describe(feature_config), "useCspFull", dialect::v1_0_4)->key() == "cspFull");
    BOOST_TEST(
        find_attribute(describe(personalization_config), "includeSecurityDomainDiversificationData", dialect::v1_0_4)
            ->key() == "includeKeyDiversificationData");
}

BOOST_AUTO_TEST_CASE(the_numbers_of_the_kinds_are_stored) {
    const std::pair<std::string_view, int> numbers[] = {{"ServiceProvider", 1},
                                                        {"Service", 2},
                                                        {"Version", 3},
                                                        {"Flavor", 4},
                                                        {"SecureComponentProfile", 5},
                                                        {"ExecutableLoadFile", 6},
                                                        {"ExecutableModule", 7},
                                                        {"ApplicationConfig", 8},
                                                        {"PersonalizationScript", 9},
                                                        {"Certificate", 10},
                                                        {"SposConfig", 11}};
    for (const auto& [name, number] : numbers) {
        BOOST_TEST(static_cast<int>(named(name).kind) == number);
        BOOST_TEST(describe(static_cast<entity_kind>(number)).name == name);
    }
    BOOST_CHECK_THROW(describe(none), std::out_of_range);
}

// AMB-057: what is "C" in the norm's table, and nothing else, differs where a change of it would be refused.
BOOST_AUTO_TEST_CASE(a_change_of_what_is_frozen_is_seen) {
    for (const auto& [entity_name, name, v1_0, v1_0_4] : norm) {
        const auto& e = named(entity_name);
        for (const auto& [d, wanted] : {std::pair{dialect::v1_0, v1_0}, {dialect::v1_0_4, v1_0_4}}) {
            const auto* a = find_attribute(e, name, d);
            if (!a || a->type == value_type::object)
                continue;
            BOOST_TEST_CONTEXT(entity_name << "." << name << (d == dialect::v1_0 ? " 1.0" : " 1.0.4")) {
                const json::object before, after{{std::string(a->key()), some_value(*a)}};
                BOOST_TEST(rest::frozen_differs(e.kind, d, before, after) == wanted.ends_with("C"));
                BOOST_TEST(rest::frozen_differs(e.kind, d, after, before) == wanted.ends_with("C"));
                BOOST_TEST(!rest::frozen_differs(e.kind, d, after, after));
            }
        }
    }
    // Parts of an ApplicationConfig are walked through.
    for (const auto* part : {"installConfig", "activationConfig", "personalizationConfig"}) {
        const auto& a = *find_attribute(describe(application_config), part, dialect::v1_0_4);
        for (const auto& inner : describe(a.part).attributes) {
            if (!contains(inner.in, dialect::v1_0_4))
                continue;
            const json::object after{{part, json::object{{std::string(inner.key()), some_value(inner)}}}};
            BOOST_TEST(rest::frozen_differs(application_config, dialect::v1_0_4, {}, after) ==
                           (inner.name != "certificateId"),
                       part << "." << inner.name);
            BOOST_TEST(!rest::frozen_differs(application_config, dialect::v1_0, {}, after));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
