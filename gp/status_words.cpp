#include "gp/status_words.hpp"

namespace tsms::gp {

namespace {

// TR 4.2.4.4
constexpr int none = 0;
constexpr int internal_error = 2;
constexpr int content_related = 7;
constexpr int inaccessible = 9;
constexpr int no_channel = 10;
constexpr int unspecified = 100;

using by = mender;

constexpr bool retry = true;
constexpr bool no_retry = false;
constexpr bool accept = true;

// GPCS 11 (tables of error conditions), Amendment D 7, GPD_SPE_013 and what cards do in the field (field lessons 7 and
// 10). The category follows from who can mend it (DIV-078): 7 for what the provider has made or can make room for, 2
// for what the operator says of the card in its profile, 9 where only issuer, card or app can do something.
constexpr status_row rows[] = {
    {step::select, 0x6A82, {"application is not on the secure component", inaccessible, by::issuer, no_retry}},
    {step::select, 0x6283, {"application or card is locked", inaccessible, by::issuer, no_retry}},
    {step::select, 0x6A81, {"card is locked", inaccessible, by::issuer, no_retry}},
    {step::select, 0x6985, {"application cannot be selected now", inaccessible, by::app, retry}},
    {step::select, 0x6999, {"application refused its selection", inaccessible, by::card, no_retry}},

    {step::get_data, 0x6A88, {"card does not have this data", none, by::nobody, no_retry, accept}},

    {step::get_status, 0x6310, {"more entries follow", none, by::nobody, no_retry, accept}},
    {step::get_status, 0x6A88, {"no such entry in the card's registry", none, by::nobody, no_retry, accept}},

    {step::initialize_update,
     0x6A88,
     {"security domain has no keys of this version", inaccessible, by::issuer, no_retry}},
    {step::initialize_update,
     0x6700,
     {"security domain wants another length of challenge", inaccessible, by::issuer, no_retry}},
    {step::initialize_update,
     0x6983,
     {"authentication to the security domain is blocked", inaccessible, by::issuer, no_retry}},
    {step::initialize_update, 0x6982, {"security domain refuses authentication", inaccessible, by::issuer, no_retry}},
    {step::initialize_update,
     0x6985,
     {"security domain refuses authentication now", inaccessible, by::issuer, no_retry}},
    {step::initialize_update, 0x6A86, {"security domain has no such key set", inaccessible, by::issuer, no_retry}},
    {step::initialize_update,
     0x6D00,
     {"selected application is no security domain", inaccessible, by::issuer, no_retry}},

    {step::external_authenticate,
     0x6300,
     {"security domain rejected our authentication", inaccessible, by::issuer, no_retry}},
    {step::external_authenticate,
     0x6982,
     {"security domain rejected our authentication", inaccessible, by::issuer, no_retry}},
    {step::external_authenticate,
     0x6983,
     {"authentication to the security domain is blocked", inaccessible, by::issuer, no_retry}},
    {step::external_authenticate, 0x6985, {"authentication was not started", inaccessible, by::issuer, no_retry}},
    {step::external_authenticate,
     0x6A86,
     {"security domain refused the security level", inaccessible, by::issuer, no_retry}},
    {step::external_authenticate,
     0x6700,
     {"security domain wants another length of cryptogram", inaccessible, by::issuer, no_retry}},
    {step::external_authenticate,
     0x6A80,
     {"security domain rejected our authentication", inaccessible, by::issuer, no_retry}},

    {step::install_security_domain,
     0x6985,
     {"card refused the security domain (sdPackageAid, sdModuleAid of the profile)", internal_error, by::operator_,
      no_retry}},
    {step::install_security_domain,
     0x6A80,
     {"card refused the parameters of the security domain (sdInstallParameters, privilegeBytes of the profile)",
      internal_error, by::operator_, no_retry}},
    {step::install_security_domain, 0x6A84, {"not enough memory", content_related, by::provider, no_retry}},
    {step::install_security_domain,
     0x6A88,
     {"security domain package is not on the card (sdPackageAid of the profile)", internal_error, by::operator_,
      no_retry}},

    {step::install_for_personalization,
     0x6985,
     {"application cannot be personalized (sdModuleAid, aracModuleAid of the profile)", internal_error, by::operator_,
      no_retry}},
    {step::install_for_personalization,
     0x6A80,
     {"application cannot be personalized (sdModuleAid, aracModuleAid of the profile)", internal_error, by::operator_,
      no_retry}},
    {step::install_for_personalization,
     0x6A88,
     {"application to personalize is not on the card (ara of the profile)", internal_error, by::operator_, no_retry}},

    {step::script_receiver,
     0x6985,
     {"application takes no data of its security domain (it has no personalization interface, or has to be activated "
      "before)",
      content_related, by::provider, no_retry}},
    {step::script_receiver,
     0x6A80,
     {"application takes no data of its security domain (it has no personalization interface, or has to be activated "
      "before)",
      content_related, by::provider, no_retry}},
    {step::script_receiver,
     0x6A88,
     {"application to personalize is not on the card", content_related, by::provider, no_retry}},

    {step::store_data, 0x6985, {"security domain refused its keys in its state", inaccessible, by::card, no_retry}},
    {step::store_data,
     0x6A80,
     {"security domain refused its keys (keyForm, keyBits of the profile)", internal_error, by::operator_, no_retry}},
    {step::store_data, 0x6A84, {"not enough memory", content_related, by::provider, no_retry}},
    {step::store_data,
     0x6A88,
     {"security domain does not know the data of its keys", inaccessible, by::card, no_retry}},

    {step::put_key,
     0x6A80,
     {"card refused the keys (keyForm, keyBits of the profile)", internal_error, by::operator_, no_retry}},
    {step::put_key, 0x6A84, {"not enough memory", content_related, by::provider, no_retry}},
    {step::put_key, 0x6985, {"card refused the keys in its state", inaccessible, by::issuer, no_retry}},
    {step::put_key, 0x6A88, {"key set to be replaced is not on the card", inaccessible, by::card, no_retry}},
    {step::put_key,
     0x9484,
     {"card does not support this kind of key (keyBits of the profile)", internal_error, by::operator_, no_retry}},
    {step::put_key, 0x9485, {"card found another key check value", inaccessible, by::issuer, no_retry}},

    {step::delete_key, 0x6A88, {"key set is not on the card", none, by::nobody, no_retry, accept}},
    {step::delete_key, 0x6985, {"key set cannot be deleted while it is needed", inaccessible, by::card, no_retry}},

    {step::set_status, 0x6985, {"life cycle state cannot be changed so", inaccessible, by::card, no_retry}},
    {step::set_status, 0x6A80, {"life cycle state cannot be changed so", inaccessible, by::card, no_retry}},
    {step::set_status, 0x6A88, {"application is not on the card", inaccessible, by::card, no_retry}},

    {step::lock, 0x6985, {"life cycle state cannot be changed so", content_related, by::provider, no_retry}},
    {step::lock,
     0x6A80,
     {"life cycle state cannot be changed so (lockWithApplications of the profile)", internal_error, by::operator_,
      no_retry}},
    {step::lock, 0x6A88, {"application is not on the card", content_related, by::provider, no_retry}},

    {step::unlock, 0x6985, {"life cycle state cannot be changed so", content_related, by::provider, no_retry}},
    {step::unlock,
     0x6A80,
     {"life cycle state cannot be changed so (lockWithApplications of the profile)", internal_error, by::operator_,
      no_retry}},
    {step::unlock, 0x6A88, {"application is not on the card", content_related, by::provider, no_retry}},

    {step::install_for_load, 0x6985, {"package already present", content_related, by::provider, no_retry}},
    {step::install_for_load,
     0x6A80,
     {"card refused the load parameters; the package may be present", content_related, by::provider, no_retry}},
    {step::install_for_load, 0x6A84, {"not enough memory", content_related, by::provider, no_retry}},
    {step::install_for_load,
     0x6A88,
     {"security domain to load for is not on the card", inaccessible, by::issuer, no_retry}},

    {step::load,
     0x6438,
     {"missing import: a package it needs is not on the card", content_related, by::provider, no_retry}},
    {step::load,
     0x6A80,
     {"missing import, wrong Java Card version or wrong hash", content_related, by::provider, no_retry}},
    {step::load, 0x6985, {"missing import or wrong Java Card version", content_related, by::provider, no_retry}},
    {step::load, 0x6A84, {"not enough memory", content_related, by::provider, no_retry}},
    {step::load,
     0x6581,
     {"not enough memory, or the memory of the card failed", content_related, by::provider, no_retry}},
    // A command was lost or doubled on its way.
    {step::load, 0x6A86, {"card expected another block", inaccessible, by::app, retry}},
    {step::load, 0x6A88, {"loading was not prepared on the card", inaccessible, by::app, retry}},

    {step::install_for_install,
     0x6985,
     {"applet refused its installation, or its AID is taken", content_related, by::provider, no_retry}},
    {step::install_for_install,
     0x6A80,
     {"applet refused its install parameters", content_related, by::provider, no_retry}},
    {step::install_for_install, 0x6A84, {"not enough memory", content_related, by::provider, no_retry}},
    {step::install_for_install,
     0x6A88,
     {"load file or module is not on the card", content_related, by::provider, no_retry}},
    {step::install_for_install,
     0x6F00,
     {"applet failed during its installation", content_related, by::provider, no_retry}},

    {step::make_selectable,
     0x6985,
     {"application cannot be made selectable in its state", content_related, by::provider, no_retry}},
    {step::make_selectable,
     0x6A80,
     {"application cannot be made selectable so", content_related, by::provider, no_retry}},
    {step::make_selectable, 0x6A88, {"application is not on the card", content_related, by::provider, no_retry}},

    // Some cards associate a new instance with the load file's domain, then there is nothing to extradite (procedures,
    // privileges).
    {step::extradite,
     0x6985,
     {"application is associated with this security domain already", none, by::nobody, no_retry, accept}},
    {step::extradite,
     0x6A80,
     {"security domain does not accept extradition (sdInstallParameters of the profile)", internal_error, by::operator_,
      no_retry}},
    {step::extradite, 0x6A88, {"application or security domain is not on the card", inaccessible, by::card, no_retry}},

    {step::access_rule, 0x6381, {"rule is stored; the card restricts it further", none, by::nobody, no_retry, accept}},
    {step::access_rule, 0x6A84, {"not enough memory for access rules", content_related, by::provider, no_retry}},
    {step::access_rule, 0x6A89, {"rule conflicts with one on the card", content_related, by::provider, no_retry}},
    {step::access_rule,
     0x6A80,
     {"card refused the access rule (ruleHashSha1, ruleHashSha256 of the profile)", internal_error, by::operator_,
      no_retry}},
    {step::access_rule,
     0x6A88,
     {"store of access rules does not know the command (ara of the profile)", internal_error, by::operator_, no_retry}},
    {step::access_rule,
     0x6985,
     {"store of access rules refused the rule in its state", inaccessible, by::issuer, no_retry}},

    {step::access_rule_removal, 0x6A88, {"rule is not on the card", none, by::nobody, no_retry, accept}},
    {step::access_rule_removal,
     0x6A80,
     {"card refused to delete the access rule (ruleHashSha1, ruleHashSha256 of the profile)", internal_error,
      by::operator_, no_retry}},
    {step::access_rule_removal,
     0x6985,
     {"store of access rules refused in its state", inaccessible, by::issuer, no_retry}},

    // Counts as done only after an authenticated GET STATUS (procedures, terminate). 6200: GPCS 11.2.3.2
    {step::delete_object, 0x6200, {"object is deleted logically", none, by::nobody, no_retry, accept}},
    {step::delete_object, 0x6A88, {"object is not on the card", none, by::nobody, no_retry, accept}},
    {step::delete_object, 0x6A82, {"object is not on the card", none, by::nobody, no_retry, accept}},
    {step::delete_object,
     0x6985,
     {"object is in use: selected, not empty, or others depend on it", content_related, by::provider, retry}},
    {step::delete_object,
     0x6A81,
     {"object cannot be deleted: it is in the card's mask", inaccessible, by::card, no_retry}},
    {step::delete_object, 0x6A80, {"card refused to delete the object", inaccessible, by::card, no_retry}},

    // At every step that has no row of its own.
    {{}, 0x6400, {"card gives no diagnosis", unspecified, by::card, retry}},
    {{}, 0x6581, {"memory of the card failed", inaccessible, by::card, retry}},
    {{},
     0x6700,
     {"card refused the length of a command (extendedLength, blockSize, privilegeBytes of the profile)", internal_error,
      by::operator_, no_retry}},
    {{}, 0x6881, {"card does not support the logical channel", no_channel, by::app, retry}},
    {{}, 0x6882, {"card does not support secure messaging", inaccessible, by::card, no_retry}},
    {{}, 0x6883, {"card expected the end of a chain of commands", inaccessible, by::app, retry}},
    {{}, 0x6884, {"card does not support chaining of commands", inaccessible, by::card, no_retry}},
    {{}, 0x6982, {"secure channel was lost or does not permit this", inaccessible, by::app, retry}},
    {{}, 0x6983, {"authentication is blocked", inaccessible, by::issuer, no_retry}},
    {{}, 0x6984, {"card refused the data in its state", inaccessible, by::card, no_retry}},
    {{}, 0x6985, {"card refused the command in its state", inaccessible, by::card, no_retry}},
    {{}, 0x6986, {"card allows no such command now", inaccessible, by::card, no_retry}},
    {{}, 0x6987, {"secure channel was lost", inaccessible, by::app, retry}},
    {{}, 0x6988, {"secure channel was lost", inaccessible, by::app, retry}},
    {{}, 0x6A80, {"card refused the data of a command", internal_error, by::operator_, no_retry}},
    {{}, 0x6A81, {"card does not support this, or is locked", inaccessible, by::card, no_retry}},
    {{}, 0x6A82, {"object is not on the card", inaccessible, by::card, no_retry}},
    {{}, 0x6A84, {"not enough memory", content_related, by::provider, no_retry}},
    {{}, 0x6A86, {"card refused the parameters of a command", internal_error, by::operator_, no_retry}},
    {{}, 0x6A87, {"card refused the length for these parameters", internal_error, by::operator_, no_retry}},
    {{}, 0x6A88, {"object is not on the card", inaccessible, by::card, no_retry}},
    {{}, 0x6B00, {"card refused the parameters of a command", internal_error, by::operator_, no_retry}},
    {{}, 0x6D00, {"card does not know the command", inaccessible, by::card, no_retry}},
    {{}, 0x6E00, {"card does not know the class of the command", inaccessible, by::card, no_retry}},
    {{}, 0x6F00, {"card failed without diagnosis", unspecified, by::card, retry}},
};

} // namespace

std::span<const status_row> status_table() {
    return rows;
}

std::string_view to_string(mender who) {
    switch (who) {
    case mender::nobody:
        break;
    case mender::provider:
        return "the service provider, who can change the service, or what else of it is on the secure component";
    case mender::operator_:
        return "the operator of the TSM: the profile of the secure component does not fit it";
    case mender::issuer:
        return "the issuer of the secure component";
    case mender::card:
        return "nobody but the maker of the secure component: it does not do what its kind should";
    case mender::app:
        return "the app: it can close its channels and call again";
    }
    return "nobody";
}

status_meaning explain(step what, std::uint16_t sw) {
    if (sw == 0x9000)
        return {"done", none, by::nobody, no_retry, accept};
    const status_row* general = nullptr;
    for (const auto& candidate : rows) {
        if (candidate.sw != sw)
            continue;
        if (candidate.what == what)
            return candidate.meaning;
        if (!candidate.what)
            general = &candidate;
    }
    if (general)
        return general->meaning;
    if (sw >> 8 == 0x61 || sw >> 8 == 0x6C) // field lesson 7
        return {"transport did not finish the response", internal_error, by::app, retry};
    return {"unexpected status word", unspecified, by::card, no_retry};
}

} // namespace tsms::gp
