#include "model/entities.hpp"

#include <algorithm>
#include <stdexcept>

namespace tsms::model {

namespace {

using enum entity_kind;
using enum text_format;

constexpr attribute text(std::string_view name) {
    return {.name = name};
}
constexpr attribute boolean(std::string_view name) {
    return {.name = name, .type = value_type::boolean};
}
constexpr attribute integer(std::string_view name) {
    return {.name = name, .type = value_type::integer};
}
constexpr attribute list(std::string_view name) {
    return {.name = name, .type = value_type::strings};
}
constexpr attribute map(std::string_view name) {
    return {.name = name, .type = value_type::string_map};
}
constexpr attribute boolean_map(std::string_view name) {
    return {.name = name, .type = value_type::boolean_map};
}
constexpr attribute lists_map(std::string_view name) {
    return {.name = name, .type = value_type::strings_map};
}
constexpr attribute object(std::string_view name, entity_kind part) {
    return {.name = name, .type = value_type::object, .part = part};
}
constexpr attribute objects(std::string_view name, entity_kind part) {
    return {.name = name, .type = value_type::objects, .part = part};
}
/// A/No: assigned by the TSM.
constexpr attribute assigned(std::string_view name, text_format format = any) {
    return text(name).automatic().fixed().as(format);
}

constexpr auto id = assigned("id", uuid);
constexpr auto creation_date = assigned("creationDate", date_time);
constexpr auto upload_date = assigned("uploadDate", date_time);
constexpr auto file_name = text("fileName").automatic();
constexpr auto sp_id = assigned("spId", uuid).only(only_v1_0_4);
constexpr auto service_id = assigned("serviceId", uuid).only(only_v1_0_4);

// TR 4.1.4.1
constexpr attribute service_provider_rows[] = {id, text("name").required()};

// TR 4.1.4.2
constexpr attribute service_rows[] = {
    id,
    text("name").required(),
    creation_date,
    assigned("sdAid", aid),
    list("accessAuthorizedDeviceApps").as(device_app),
    text("sposConfigId").refers(spos_config),
    map("spParameters"),
    sp_id,
};

// TR 4.1.4.3
constexpr attribute version_rows[] = {
    text("tag").required().fixed().as(tag),
    lists_map("allowedDeployments").required().as(deployments),
    service_id,
};

// TR 4.1.4.4
constexpr attribute flavor_rows[] = {
    id,
    text("name"),
    text("description"),
    creation_date,
    boolean("published").automatic().fixed(),
    list("executableLoadFileIds").refers(executable_load_file).frozen(both_dialects),
    objects("applicationInstantiationConfigs", application_instantiation_config).frozen(both_dialects),
    map("spParameters"),
    object("featureConfig", feature_config),
    map("contextSpecificAttributes"),
    service_id,
};

// TR 4.1.4.5; GET only, made by the operator from a profile file. The format of osVersion is the vendor's (1.0.4).
constexpr attribute secure_component_profile_rows[] = {
    id,
    text("name").required().fixed(),
    integer("scType").required().fixed().range(1, 4),
    text("hardwarePlatform").required().fixed(),
    text("os").required().fixed(),
    text("osVersion").required().fixed(),
    text("javaCardVersion").required().fixed().as(java_card),
    lists_map("javaCardFeatures").required().fixed().empty_allowed(),
    map("gpSpecVersions").required().fixed().empty_allowed(),
    map("gpApiVersions").required().fixed().empty_allowed(),
    map("csp").required().fixed().empty_allowed(),
    map("certifications").required().fixed().empty_allowed(),
};

// TR 4.1.4.6
constexpr attribute feature_config_rows[] = {
    boolean("cspFull").only(only_v1_0), boolean("useCspFull").only(only_v1_0_4).stored("cspFull"),
    boolean_map("genericOptions"),      integer("keyProvisioningMode").range(0, 3).only(only_v1_0_4),
    text("keyIndex").only(only_v1_0_4),
};

// TR 4.1.4.7
constexpr attribute application_instantiation_config_rows[] = {
    integer("priority").automatic().range(1, 255).otherwise(255).frozen(only_v1_0_4),
    text("executableModuleId").required().refers(executable_module).frozen(only_v1_0_4),
    text("applicationConfigId").required().refers(application_config).frozen(only_v1_0_4),
};

// TR 4.1.4.8 and 4.1.4.9: CAP is the only type of load file, so one entity holds both (AMB-073).
constexpr attribute executable_load_file_rows[] = {
    id,
    assigned("aid", aid),
    file_name,
    assigned("type"),
    creation_date,
    upload_date,
    assigned("packageName"),
    list("importedPackages").automatic().fixed().as(aid),
    assigned("packageVersion", platform),
    object("technicalRequirements", technical_requirements).fixed(),
    sp_id,
};

// TR 4.1.4.10
constexpr attribute technical_requirements_rows[] = {
    assigned("javaCardVersion", java_card),
    assigned("gpApiVersion", platform),
};

// TR 4.1.4.11
constexpr attribute executable_module_rows[] = {
    id,
    assigned("aid", aid),
    assigned("elfId", uuid).only(only_v1_0_4),
};

// TR 4.1.4.12
constexpr attribute application_config_rows[] = {
    id,
    text("instanceAid").required().as(aid).frozen(only_v1_0_4),
    text("name"),
    text("description"),
    object("installConfig", install_config).required().relaxed(only_v1_0_4).frozen(only_v1_0_4),
    object("activationConfig", activation_config).frozen(only_v1_0_4),
    object("personalizationConfig", personalization_config).frozen(only_v1_0_4),
    sp_id,
};

// TR 4.1.4.13
constexpr attribute install_config_rows[] = {
    text("applicationSpecificInstallParameter").as(tlv).frozen(only_v1_0_4),
    list("privileges").as(privilege).frozen(only_v1_0_4),
};

// TR 4.1.4.14
constexpr attribute activation_config_rows[] = {
    boolean("makeSelectable").otherwise(1).frozen(only_v1_0_4),
    boolean("accessibleViaApdu").frozen(only_v1_0_4),
    boolean("accessibleViaNfc").frozen(only_v1_0_4),
};

// TR 4.1.4.15; one flag with two names (AMB-047)
constexpr attribute personalization_config_rows[] = {
    text("certificateId").refers(certificate),
    text("personalizationScriptId").refers(personalization_script).frozen(only_v1_0_4),
    boolean("provideAttestationToken").frozen(only_v1_0_4),
    boolean("includeKeyDiversificationData").only(only_v1_0),
    boolean("includeSecurityDomainDiversificationData")
        .only(only_v1_0_4)
        .frozen(only_v1_0_4)
        .stored("includeKeyDiversificationData"),
};

// TR 4.1.4.16 and 4.1.4.17
constexpr attribute file_rows[] = {id, file_name, creation_date, upload_date, sp_id};

// TR 4.1.4.18
constexpr attribute spos_config_rows[] = {
    id,
    text("url").required().as(https_url).most(500),
    text("certificateId").required().refers(certificate),
    sp_id,
};

// TR 4.1.4.19
constexpr attribute general_error_rows[] = {
    integer("errorCategory").required().fixed().range(1000, 9999),
    text("errorMessage").required().fixed(),
};

constexpr entity rows[] = {
    {service_provider, "ServiceProvider", service_provider_rows},
    {service, "Service", service_rows},
    {version, "Version", version_rows},
    {flavor, "Flavor", flavor_rows},
    {secure_component_profile, "SecureComponentProfile", secure_component_profile_rows},
    {executable_load_file, "ExecutableLoadFile", executable_load_file_rows},
    {executable_module, "ExecutableModule", executable_module_rows},
    {application_config, "ApplicationConfig", application_config_rows},
    {personalization_script, "PersonalizationScript", file_rows},
    {certificate, "Certificate", file_rows},
    {spos_config, "SposConfig", spos_config_rows},
    {feature_config, "FeatureConfig", feature_config_rows},
    {application_instantiation_config, "ApplicationInstantiationConfig", application_instantiation_config_rows},
    {technical_requirements, "TechnicalRequirements", technical_requirements_rows},
    {install_config, "InstallConfig", install_config_rows},
    {activation_config, "ActivationConfig", activation_config_rows},
    {personalization_config, "PersonalizationConfig", personalization_config_rows},
    {general_error, "GeneralError", general_error_rows},
};

} // namespace

std::string_view format_definition(text_format format) {
    switch (format) {
    case any:
        return "string";
    case uuid:
        return "UUID";
    case aid:
        return "AID: 5 to 16 bytes, hexadecimal";
    case device_app:
        return "DeviceAppID: hash of 20 or 32 bytes, or AID of 5 to 16 bytes, hexadecimal";
    case tag:
        return "<Major>.<Minor>.<Revision>, 1 to 3 digits each, unique in the Service";
    case platform:
        return "<Major>.<Minor> or <Major>.<Minor>.<Revision>, 1 to 3 digits each";
    case java_card:
        return "<Major>.<Minor>.<Patch>, 1 to 3 digits each";
    case date_time:
        return "YYYY-MM-DDTHH:MM:SS.sssZ";
    case tlv:
        return "TLV structures, hexadecimal, at most 255 characters";
    case privilege:
        return "[CVMManagement, ContactlessSelfActivation, GlobalService, PrivacyTrusted]";
    case https_url:
        return "https URL of the form https://host[:port][/path], at most 500 characters";
    case deployments:
        return "Map<FlavorId, SecureComponentProfileId[]>, each SecureComponentProfileId once";
    }
    return "string";
}

std::span<const entity> entities() {
    return rows;
}

const entity& describe(entity_kind kind) {
    const auto row = std::ranges::find(rows, kind, &entity::kind);
    if (row == std::end(rows))
        throw std::out_of_range("no such entity");
    return *row;
}

const attribute* find_attribute(const entity& e, std::string_view name, dialect d) {
    const auto row =
        std::ranges::find_if(e.attributes, [&](const attribute& a) { return a.name == name && contains(a.in, d); });
    return row == e.attributes.end() ? nullptr : &*row;
}

} // namespace tsms::model
