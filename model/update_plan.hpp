#pragma once
// What an update does to a Service on its card: two targets compared, application by application and load file by load
// file (TR 4.2.5.4, AMB-111). What is the same in both keeps its data, and no command names it. Pure functions.

#include "model/device.hpp"

namespace tsms::model {

struct update_plan {
    std::vector<target_application> kept;      ///< as they are wanted
    std::vector<target_application> removed;   ///< in order of instantiation; deleted in reverse
    std::vector<target_application> installed; ///< in order of instantiation
    std::vector<target_load_file> kept_files;
    std::vector<target_load_file> removed_files; ///< in load order; deleted in reverse
    std::vector<target_load_file> added_files;   ///< in load order
};

/// `there`: what the card has, or may have; of what stands in its `beside` nobody knows in which form it is there, so
/// nothing with such an AID is kept. A load file is kept only with all that it imports, an application only with its
/// load file: a card deletes nothing that something else needs.
update_plan plan_update(const deployment_target& there, const deployment_target& wanted);

/// Is it the same application, installed in the same way? What access rules say of it is not asked: they change without
/// it (AMB-124).
bool is_same(const target_application& former, const target_application& wanted);

/// New load files that can be loaded before anything is deleted (AMB-225): the card has nothing of their AID, and they
/// import nothing that has to be replaced first. In load order.
std::vector<target_load_file> loadable_beforehand(const update_plan& plan, const deployment_target& there);

/// The target with everything that may be on the card beside it, in an order that can be deleted in reverse.
deployment_target with_remnants(const deployment_target& target);

/// The access rules of a target: one for each selectable application and listed app (AMB-044, AMB-220, AMB-222). None
/// where its card has no rules (`ara`).
std::vector<access_rule> access_rules_of(const deployment_target& target);
/// Every one that may be on the card: those beside, too.
std::vector<access_rule> rules_on_card(const deployment_target& target);

/// Notes what an update is about to put on the card: it may be there from now on, whatever becomes of the update.
void remember_attempt(target_remnants& beside, const update_plan& plan, const std::vector<access_rule>& written);

/// Adds what is not there yet, compared as a whole.
void add_missing(std::vector<access_rule>& rules, const std::vector<access_rule>& more);

std::size_t octets_of(const std::vector<target_load_file>& files);

} // namespace tsms::model
