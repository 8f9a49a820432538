#include "store/instance_records.hpp"

#include "store/documents.hpp"

namespace tsms::store {

template <class A> void describe(A& a, model::key_set& k) {
    a("version", k.version);
    a("bits", k.bits);
    a("wrapped", k.wrapped);
    a("issuerKnows", k.issuer_knows);
}

template <class A> void describe(A& a, model::security_domain& d) {
    a("aid", d.aid);
    a("keys", d.keys);
    a("otherKeys", d.other_keys);
    a("scp03Mode", d.scp03_mode);
    a("scp03I", d.scp03_i);
    a("keysInDoubt", d.keys_in_doubt);
    a("clientRegistered", d.arac_registered);
    a("clientInstalled", d.arac_installed);
    a("clientAid", d.arac_aid);
    a("keyForm", d.key_form);
}

template <class A> void describe(A& a, model::card_parameters& c) {
    a("isdAid", c.isd_aid);
    a("sdPackageAid", c.sd_package_aid);
    a("sdModuleAid", c.sd_module_aid);
    a("tsmSdAid", c.tsm_sd_aid);
    a("sdInstallParameters", c.sd_install_parameters);
    a("tsmKeyVersion", c.tsm_key_version);
    a("tsmRotatedVersion", c.tsm_rotated_version);
    a("serviceKeyVersion", c.service_key_version);
    a("keyBits", c.key_bits);
    a("scp03Mode", c.scp03_mode);
    a("minimumLevel", c.minimum_level);
    a("blockSize", c.block_size);
    a("extendedLength", c.extended_length);
    a("extendedCap", c.extended_cap);
    a("lockWithApplications", c.lock_with_applications);
    a("ara", c.ara);
    a("aracPackageAid", c.arac_package_aid);
    a("aracModuleAid", c.arac_module_aid);
    a("aracAid", c.arac_aid);
    if constexpr (A::reads)
        c.rules_read_back = false; // deployed before a profile told it: believed, as then (DIV-064)
    a("rulesReadBack", c.rules_read_back);
    a("privilegeBytes", c.privilege_bytes);
    a("millisecondsPerApdu", c.milliseconds_per_apdu);
    a("orderApdus", c.order_apdus);
    a("orderBytes", c.order_bytes);
    a("orderSeconds", c.order_seconds);
    a("memoryReserve", c.memory_reserve);
    a("ruleHashSha1", c.rule_hash_sha1);
    a("ruleHashSha256", c.rule_hash_sha256);
    a("initializeUpdateCounts", c.initialize_update_counts);
    a("keyForm", c.key_form);
    a("challengeCounter", c.challenge_counter);
}

template <class A> void describe(A& a, model::identification& i) {
    a("cplc", i.cplc);
    a("atr", i.atr);
    a("isd", i.isd);
    a("cardData", i.card_data);
}

template <class A> void describe(A& a, model::target_load_file& f) {
    a("elfId", f.elf_id);
    a("aid", f.aid);
    a("sha256", f.sha256);
    a("size", f.size);
    a("imports", f.imports);
    a("packages", f.packages);
}

template <class A> void describe(A& a, model::script_command& c) {
    a("tag", c.tag);
    a("header", c.header);
    a("data", c.data);
    a("le", c.le);
    a("expect", c.expect);
    a("via", c.via);
    a("encrypt", c.encrypt);
}

template <class A> void describe(A& a, model::personalization_script& s) {
    a("commands", s.commands);
    a("hindrance", s.hindrance);
}

template <class A> void describe(A& a, model::target_application& t) {
    a("elfAid", t.elf_aid);
    a("moduleAid", t.module_aid);
    a("instanceAid", t.instance_aid);
    a("priority", t.priority);
    a("privileges", t.privileges);
    a("installParameters", t.install_parameters);
    a("makeSelectable", t.make_selectable);
    a("accessibleViaApdu", t.accessible_via_apdu);
    a("accessibleViaNfc", t.accessible_via_nfc);
    a("hasPersonalization", t.has_personalization);
    a("parametersDigest", t.parameters_digest);
    a("script", t.script);
    a("personalized", t.personalized);
}

template <class A> void describe(A& a, model::access_rule& r) {
    a("aid", r.aid);
    a("deviceApp", r.device_app);
    a("apdu", r.apdu);
    a("nfc", r.nfc);
}

template <class A> void describe(A& a, model::target_remnants& b) {
    a("loadFiles", b.load_files);
    a("applications", b.applications);
    a("rules", b.rules);
}

template <class A> void describe(A& a, model::spos_target& s) {
    a("url", s.url);
    a("certificate", s.certificate_pem);
}

template <class A> void describe(A& a, model::deployment_target& t) {
    a("serviceProviderId", t.service_provider_id);
    a("serviceId", t.service_id);
    a("serviceName", t.service_name);
    a("sdAid", t.sd_aid);
    a("versionTag", t.version_tag);
    a("flavorId", t.flavor_id);
    a("flavorName", t.flavor_name);
    a("profileId", t.profile_id);
    a("spParameters", t.sp_parameters);
    a("loadFiles", t.load_files);
    a("applications", t.applications);
    a("deviceApps", t.device_apps);
    a("card", t.card);
    a("spos", t.spos);
    a("beside", t.beside);
}

template <class A> void describe(A& a, model::service_instance& i) {
    a("id", i.id);
    a("secureComponent", i.secure_component_id);
    a("reader", i.reader);
    a("atr", i.atr);
    a("state", i.state);
    a("lastStable", i.last_stable);
    a("failedOperation", i.failed_operation);
    a("unprovenOperation", i.unproven_operation);
    a("lastOperation", i.last_operation);
    a("executed", i.executed);
    a("suspendOnFinalize", i.suspend_on_finalize);
    a("target", i.target);
    a("onCard", i.on_card);
    a("halfPersonalized", i.half_personalized);
    a("domain", i.domain);
    a("runningProcess", i.running_process);
    a("created", i.created);
}

template <class A> void describe(A& a, model::secure_component& c) {
    a("id", c.id);
    a("identity", c.identity);
    a("profileId", c.profile_id);
    a("isdAid", c.isd_aid);
    a("cinIin", c.cin_iin);
    a("issuer", c.issuer);
    a("tsmDomain", c.tsm_domain);
    a("strikes", c.strikes);
    a("quarantined", c.quarantined);
    a("doubt", c.doubt);
    a("assigned", c.assigned);
    a("claimed", c.claimed);
    a("claims", c.claims);
    a("wasProven", c.was_proven);
}

std::string encode(const model::service_instance& instance) {
    return encode_document(instance);
}
std::string encode(const model::secure_component& card) {
    return encode_document(card);
}
std::string encode(const model::identification& cards) {
    return encode_document(cards);
}
std::string encode(const model::spos_target& spos) {
    return encode_document(spos);
}
model::service_instance decode_instance(std::string_view document) {
    return decode_document<model::service_instance>(document);
}
model::secure_component decode_card(std::string_view document) {
    return decode_document<model::secure_component>(document);
}
model::identification decode_identification(std::string_view document) {
    return decode_document<model::identification>(document);
}
model::spos_target decode_spos(std::string_view document) {
    return decode_document<model::spos_target>(document);
}

} // namespace tsms::store
