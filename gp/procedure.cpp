#include "gp/procedure.hpp"

#include <algorithm>
#include <iterator>

namespace tsms::gp {

std::string_view to_string(step s) {
    switch (s) {
    case step::select:
        return "SELECT";
    case step::get_data:
        return "GET DATA";
    case step::get_status:
        return "GET STATUS";
    case step::initialize_update:
        return "INITIALIZE UPDATE";
    case step::external_authenticate:
        return "EXTERNAL AUTHENTICATE";
    case step::install_security_domain:
        return "INSTALL [for install] of a security domain";
    case step::install_for_personalization:
        return "INSTALL [for personalization]";
    case step::store_data:
        return "STORE DATA";
    case step::put_key:
        return "PUT KEY";
    case step::delete_key:
        return "DELETE [key]";
    case step::set_status:
        return "SET STATUS";
    case step::unlock:
        return "SET STATUS (unlock)";
    case step::lock:
        return "SET STATUS (lock)";
    case step::install_for_load:
        return "INSTALL [for load]";
    case step::load:
        return "LOAD";
    case step::install_for_install:
        return "INSTALL [for install]";
    case step::make_selectable:
        return "INSTALL [for make selectable]";
    case step::extradite:
        return "INSTALL [for extradition]";
    case step::access_rule:
        return "STORE DATA of an access rule";
    case step::access_rule_removal:
        return "STORE DATA that deletes an access rule";
    case step::access_rule_reading:
        return "STORE DATA that reads access rules";
    case step::delete_object:
        return "DELETE [card content]";
    case step::relayed:
        return "command of the issuer";
    }
    return "command";
}

void batch::append(batch part) {
    std::move(part.commands.begin(), part.commands.end(), std::back_inserter(commands));
}

batch_answer part_of(const batch_answer& all, std::size_t from, std::size_t count) {
    batch_answer answer;
    for (std::size_t i = from; i < from + count && i < all.responses.size(); ++i)
        answer.responses.push_back(all.responses[i]);
    if (answer.responses.size() < count) {
        answer.end = all.end == transmission::complete ? transmission::failed : all.end;
        answer.detail = all.detail;
        if (all.responses.size() < from && answer.end == transmission::unavailable)
            answer.end = transmission::failed;
    }
    return answer;
}

} // namespace tsms::gp
