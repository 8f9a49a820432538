#include "gp/status_words.hpp"

namespace tsms::gp {

namespace {

// TR 4.2.4.4
constexpr int internal_error = 2;
constexpr int content_related = 7;
constexpr int inaccessible = 9;
constexpr int no_channel = 10;
constexpr int unspecified = 100;

struct row {
    std::optional<step> what; ///< nothing: at every step that has no row of its own
    std::uint16_t sw;
    status_meaning meaning;
};

constexpr bool retry = true;
constexpr bool no_retry = false;
constexpr bool accept = true;

// GPCS 11 (tables of error conditions), Amendment D 7, GPD_SPE_013 and what cards do in the field (field lessons 7 and
// 10).
constexpr row rows[] = {
    {step::select, 0x6A82, {"application is not on the secure component", content_related, no_retry}},
    {step::select, 0x6283, {"application or card is locked", inaccessible, no_retry}},
    {step::select, 0x6A81, {"card is locked", inaccessible, no_retry}},
    {step::select, 0x6985, {"application cannot be selected now", inaccessible, retry}},
    {step::select, 0x6999, {"application refused its selection", inaccessible, no_retry}},

    {step::get_data, 0x6A88, {"card does not have this data", content_related, no_retry, accept}},

    {step::get_status, 0x6310, {"more entries follow", 0, no_retry, accept}},
    {step::get_status, 0x6A88, {"no such entry in the card's registry", 0, no_retry, accept}},

    {step::initialize_update, 0x6A88, {"security domain has no keys of this version", inaccessible, no_retry}},
    {step::initialize_update, 0x6700, {"security domain wants another length of challenge", inaccessible, no_retry}},
    {step::initialize_update, 0x6983, {"authentication to the security domain is blocked", inaccessible, no_retry}},
    {step::initialize_update, 0x6982, {"security domain refuses authentication", inaccessible, no_retry}},
    {step::initialize_update, 0x6985, {"security domain refuses authentication now", inaccessible, no_retry}},
    {step::initialize_update, 0x6A86, {"security domain has no such key set", inaccessible, no_retry}},
    {step::initialize_update, 0x6D00, {"selected application is no security domain", inaccessible, no_retry}},

    {step::external_authenticate, 0x6300, {"security domain rejected our authentication", inaccessible, no_retry}},
    {step::external_authenticate, 0x6982, {"security domain rejected our authentication", inaccessible, no_retry}},
    {step::external_authenticate, 0x6983, {"authentication to the security domain is blocked", inaccessible, no_retry}},
    {step::external_authenticate, 0x6985, {"authentication was not started", inaccessible, no_retry}},
    {step::external_authenticate, 0x6A86, {"security domain refused the security level", inaccessible, no_retry}},
    {step::external_authenticate,
     0x6700,
     {"security domain wants another length of cryptogram", inaccessible, no_retry}},
    {step::external_authenticate, 0x6A80, {"security domain rejected our authentication", inaccessible, no_retry}},

    {step::install_security_domain, 0x6985, {"card refused the security domain", content_related, no_retry}},
    {step::install_security_domain,
     0x6A80,
     {"card refused AID or parameters of the security domain", content_related, no_retry}},
    {step::install_security_domain, 0x6A84, {"not enough memory", content_related, no_retry}},
    {step::install_security_domain, 0x6A88, {"security domain package is not on the card", content_related, no_retry}},

    {step::install_for_personalization, 0x6985, {"application cannot be personalized", content_related, no_retry}},
    {step::install_for_personalization, 0x6A80, {"application cannot be personalized", content_related, no_retry}},
    {step::install_for_personalization,
     0x6A88,
     {"application to personalize is not on the card", content_related, no_retry}},

    {step::store_data, 0x6985, {"application refused the data in its state", content_related, no_retry}},
    {step::store_data, 0x6A80, {"application refused the data", content_related, no_retry}},
    {step::store_data, 0x6A84, {"not enough memory", content_related, no_retry}},
    {step::store_data, 0x6A88, {"application does not know the data", content_related, no_retry}},

    {step::put_key, 0x6A80, {"card refused the keys", content_related, no_retry}},
    {step::put_key, 0x6A84, {"not enough memory", content_related, no_retry}},
    {step::put_key, 0x6985, {"card refused the keys in its state", content_related, no_retry}},
    {step::put_key, 0x6A88, {"key set to be replaced is not on the card", content_related, no_retry}},
    {step::put_key, 0x9484, {"card does not support this kind of key", content_related, no_retry}},
    {step::put_key, 0x9485, {"card found another key check value", content_related, no_retry}},

    {step::delete_key, 0x6A88, {"key set is not on the card", 0, no_retry, accept}},
    {step::delete_key, 0x6985, {"key set cannot be deleted while it is needed", content_related, no_retry}},

    {step::set_status, 0x6985, {"life cycle state cannot be changed so", content_related, no_retry}},
    {step::set_status, 0x6A80, {"life cycle state cannot be changed so", content_related, no_retry}},
    {step::set_status, 0x6A88, {"application is not on the card", content_related, no_retry}},
    {step::lock, 0x6985, {"life cycle state cannot be changed so", content_related, no_retry}},
    {step::lock, 0x6A80, {"life cycle state cannot be changed so", content_related, no_retry}},
    {step::lock, 0x6A88, {"application is not on the card", content_related, no_retry}},

    {step::install_for_load, 0x6985, {"package already present", content_related, no_retry}},
    {step::install_for_load,
     0x6A80,
     {"card refused the load parameters; the package may be present", content_related, no_retry}},
    {step::install_for_load, 0x6A84, {"not enough memory", content_related, no_retry}},
    {step::install_for_load, 0x6A88, {"security domain to load for is not on the card", content_related, no_retry}},

    {step::load, 0x6438, {"missing import: a package it needs is not on the card", content_related, no_retry}},
    {step::load, 0x6A80, {"missing import, wrong Java Card version or wrong hash", content_related, no_retry}},
    {step::load, 0x6985, {"missing import or wrong Java Card version", content_related, no_retry}},
    {step::load, 0x6A84, {"not enough memory", content_related, no_retry}},
    {step::load, 0x6581, {"not enough memory, or the memory of the card failed", content_related, no_retry}},
    {step::load, 0x6A86, {"card expected another block", internal_error, retry}},
    {step::load, 0x6A88, {"loading was not prepared on the card", internal_error, retry}},

    {step::install_for_install,
     0x6985,
     {"applet refused its installation, or its AID is taken", content_related, no_retry}},
    {step::install_for_install, 0x6A80, {"applet refused its install parameters", content_related, no_retry}},
    {step::install_for_install, 0x6A84, {"not enough memory", content_related, no_retry}},
    {step::install_for_install, 0x6A88, {"load file or module is not on the card", content_related, no_retry}},
    {step::install_for_install, 0x6F00, {"applet failed during its installation", content_related, no_retry}},

    {step::make_selectable, 0x6985, {"application cannot be made selectable in its state", content_related, no_retry}},
    {step::make_selectable, 0x6A80, {"application cannot be made selectable so", content_related, no_retry}},
    {step::make_selectable, 0x6A88, {"application is not on the card", content_related, no_retry}},

    // Some cards associate a new instance with the load file's domain, then there is nothing to extradite (procedures,
    // privileges).
    {step::extradite, 0x6985, {"application is associated with this security domain already", 0, no_retry, accept}},
    {step::extradite, 0x6A80, {"security domain does not accept extradition", content_related, no_retry}},
    {step::extradite, 0x6A88, {"application or security domain is not on the card", content_related, no_retry}},

    {step::access_rule, 0x6381, {"rule is stored; the card restricts it further", 0, no_retry, accept}},
    {step::access_rule, 0x6A84, {"not enough memory for access rules", content_related, no_retry}},
    {step::access_rule, 0x6A89, {"rule conflicts with one on the card", content_related, no_retry}},
    {step::access_rule, 0x6A80, {"card refused the access rule", content_related, no_retry}},
    {step::access_rule, 0x6A88, {"store of access rules does not know the command", content_related, no_retry}},
    {step::access_rule, 0x6985, {"store of access rules refused the rule in its state", content_related, no_retry}},
    {step::access_rule_removal, 0x6A88, {"rule is not on the card", 0, no_retry, accept}},
    {step::access_rule_removal, 0x6A80, {"card refused to delete the access rule", content_related, no_retry}},
    {step::access_rule_removal, 0x6985, {"store of access rules refused in its state", content_related, no_retry}},

    // Counts as done only after an authenticated GET STATUS (procedures, terminate).
    {step::delete_object, 0x6200, {"object is deleted logically", 0, no_retry, accept}}, // GPCS 11.2.3.2
    {step::delete_object, 0x6A88, {"object is not on the card", 0, no_retry, accept}},
    {step::delete_object, 0x6A82, {"object is not on the card", 0, no_retry, accept}},
    {step::delete_object,
     0x6985,
     {"object is in use: selected, not empty, or others depend on it", content_related, retry}},
    {step::delete_object, 0x6A81, {"object cannot be deleted: it is in the card's mask", content_related, no_retry}},
    {step::delete_object, 0x6A80, {"card refused to delete the object", content_related, no_retry}},

    {{}, 0x6400, {"card gives no diagnosis", unspecified, retry}},
    {{}, 0x6581, {"memory of the card failed", inaccessible, retry}},
    {{}, 0x6700, {"card refused the length of a command", internal_error, no_retry}},
    {{}, 0x6881, {"card does not support the logical channel", no_channel, retry}},
    {{}, 0x6882, {"card does not support secure messaging", inaccessible, no_retry}},
    {{}, 0x6883, {"card expected the end of a chain of commands", internal_error, retry}},
    {{}, 0x6884, {"card does not support chaining of commands", inaccessible, no_retry}},
    {{}, 0x6982, {"secure channel was lost or does not permit this", inaccessible, retry}},
    {{}, 0x6983, {"authentication is blocked", inaccessible, no_retry}},
    {{}, 0x6984, {"card refused the data in its state", content_related, no_retry}},
    {{}, 0x6985, {"card refused the command in its state", content_related, no_retry}},
    {{}, 0x6986, {"card allows no such command now", content_related, no_retry}},
    {{}, 0x6987, {"secure channel was lost", inaccessible, retry}},
    {{}, 0x6988, {"secure channel was lost", inaccessible, retry}},
    {{}, 0x6A80, {"card refused the data of a command", internal_error, no_retry}},
    {{}, 0x6A81, {"card does not support this, or is locked", inaccessible, no_retry}},
    {{}, 0x6A82, {"object is not on the card", content_related, no_retry}},
    {{}, 0x6A84, {"not enough memory", content_related, no_retry}},
    {{}, 0x6A86, {"card refused the parameters of a command", internal_error, no_retry}},
    {{}, 0x6A87, {"card refused the length for these parameters", internal_error, no_retry}},
    {{}, 0x6A88, {"object is not on the card", content_related, no_retry}},
    {{}, 0x6B00, {"card refused the parameters of a command", internal_error, no_retry}},
    {{}, 0x6D00, {"card does not know the command", inaccessible, no_retry}},
    {{}, 0x6E00, {"card does not know the class of the command", inaccessible, no_retry}},
    {{}, 0x6F00, {"card failed without diagnosis", unspecified, retry}},
};

} // namespace

status_meaning explain(step what, std::uint16_t sw) {
    if (sw == 0x9000)
        return {"done", 0, no_retry, accept};
    const row* general = nullptr;
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
        return {"transport did not finish the response", internal_error, retry};
    return {"unexpected status word", unspecified, no_retry};
}

} // namespace tsms::gp
