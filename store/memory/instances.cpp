#include "store/memory/device_rows.hpp"

namespace tsms::store {

namespace {

auto of_card(const std::string& card) {
    return [&card](const auto& i) { return i.secure_component_id == card; };
}

} // namespace

std::optional<model::service_instance> memory_instances::find(const std::string& id) const {
    return row_where(tables_.instances, with_id(id));
}

std::vector<model::service_instance> memory_instances::on_card(const std::string& card) const {
    return sorted_by_id(rows_where(tables_.instances, of_card(card)));
}

std::optional<model::service_instance> memory_instances::of_service(const std::string& service,
                                                                    const std::string& card) const {
    return row_where(tables_.instances,
                     [&](const auto& i) { return i.target.service_id == service && i.secure_component_id == card; });
}

std::size_t memory_instances::count_on(const std::string& card) const {
    return on_card(card).size();
}

std::vector<model::service_instance> memory_instances::naming_a_process() const {
    return sorted_by_id(rows_where(tables_.instances, [](const auto& i) { return !i.running_process.empty(); }));
}

void memory_instances::require_place(const model::service_instance& i) const {
    if (!tables_.has_card(i.secure_component_id))
        throw error("instance " + i.id + " names a card that is not there");
    const auto there = of_service(i.target.service_id, i.secure_component_id);
    if (there && there->id != i.id)
        throw error("the card has an instance of the Service already");
}

void memory_instances::insert(const model::service_instance& i) {
    if (find(i.id))
        throw error("there is an instance " + i.id + " already");
    require_place(i);
    tables_.instances.push_back(i);
}

bool memory_instances::update(const model::service_instance& i) {
    const auto row = std::ranges::find_if(tables_.instances, with_id(i.id));
    if (row == tables_.instances.end())
        return false;
    require_place(i);
    *row = i;
    return true;
}

void memory_instances::remove(const std::string& id) {
    std::erase_if(tables_.instances, with_id(id));
}

void memory_instances::remove_on(const std::string& card) {
    std::erase_if(tables_.instances, of_card(card));
}

std::vector<model::service_instance> memory_instances::tombstones_on(const std::string& card) const {
    return sorted_by_id(rows_where(tables_.tombstones, of_card(card)));
}

void memory_instances::bury(const model::service_instance& i) {
    if (!tables_.has_card(i.secure_component_id))
        throw error("tombstone " + i.id + " names a card that is not there");
    remove_tombstone(i.id);
    tables_.tombstones.push_back(i);
}

void memory_instances::remove_tombstone(const std::string& id) {
    std::erase_if(tables_.tombstones, with_id(id));
}

void memory_instances::remove_tombstones_on(const std::string& card) {
    std::erase_if(tables_.tombstones, of_card(card));
}

} // namespace tsms::store
