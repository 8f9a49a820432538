#pragma once
// What a command passes over because it is damaged (DIV-103) is named beside what it prints.

#include "store/device_store.hpp"

#include <iostream>

namespace tsms::app {

inline void name_damage(store::device_store& db) {
    db.damage().listen([](const std::string& text) { std::cerr << "tsms: " << text << std::endl; });
}

} // namespace tsms::app
