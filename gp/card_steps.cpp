#include "gp/card_steps.hpp"

#include <stdexcept>

namespace tsms::gp {

namespace {

constexpr bool confidential = true;
constexpr bool of_keys = true;

} // namespace

step_facts facts_of(step what) {
    switch (what) { // exhaustive, so that the compiler asks for the row of a new step
    case step::select:
        return {"SELECT"};
    case step::get_data:
        return {"GET DATA"};
    case step::get_status:
        return {"GET STATUS"};
    case step::initialize_update:
        return {"INITIALIZE UPDATE"};
    case step::external_authenticate:
        return {"EXTERNAL AUTHENTICATE"};
    case step::install_security_domain:
        return {"INSTALL [for install] of a security domain", owner::service};
    case step::install_for_personalization:
        return {"INSTALL [for personalization]", owner::service, !confidential, of_keys};
    case step::store_data:
        return {"STORE DATA", owner::service, confidential};
    case step::put_key:
        return {"PUT KEY", owner::tsm, confidential, of_keys};
    case step::delete_key:
        return {"DELETE [key]", owner::tsm, !confidential, of_keys};
    case step::set_status:
        return {"SET STATUS", owner::service};
    case step::lock:
        return {"SET STATUS (lock)", owner::service};
    case step::unlock:
        return {"SET STATUS (unlock)", owner::service};
    case step::install_for_load:
        return {"INSTALL [for load]", owner::service};
    case step::load:
        return {"LOAD", owner::service};
    case step::install_for_install:
        return {"INSTALL [for install]", owner::service};
    case step::make_selectable:
        return {"INSTALL [for make selectable]", owner::service};
    case step::extradite:
        return {"INSTALL [for extradition]", owner::service};
    case step::access_rule:
        return {"STORE DATA of an access rule", owner::service};
    case step::access_rule_removal:
        return {"STORE DATA that deletes an access rule", owner::service};
    case step::access_rule_reading:
        return {"STORE DATA that reads access rules"};
    case step::delete_object:
        return {"DELETE [card content]", owner::service};
    case step::script_receiver:
        return {"INSTALL [for personalization] of an application", owner::service};
    case step::script_data:
        return {"STORE DATA of a personalization script", owner::service, confidential};
    case step::script_command:
        return {"command of a personalization script", owner::service, confidential};
    case step::relayed: // an issuer's APDUs may be anything (AMB-233)
        return {"command of the issuer", owner::issuer, confidential};
    }
    throw std::logic_error("no step of a card");
}

std::optional<step> step_named(std::string_view name) {
    for (int k = 0; k <= static_cast<int>(step::relayed); ++k) // the last one
        if (to_string(static_cast<step>(k)) == name)
            return static_cast<step>(k);
    return std::nullopt;
}

} // namespace tsms::gp
