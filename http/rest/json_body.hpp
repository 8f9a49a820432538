#pragma once

#include "http/net/message.hpp"
#include "http/rest/budget.hpp"

namespace tsms::rest {

/// A JSON body as it arrives, within what all of them together may hold.
class json_reader final : public net::body_sink {
public:
    explicit json_reader(std::shared_ptr<budget> memory) : memory_(std::move(memory)) {}

    bool take(std::string_view octets) override {
        no_room_ = !memory_.grow(octets.size());
        if (!no_room_)
            text_ += octets;
        return !no_room_;
    }
    const std::string& text() const { return text_; }
    bool no_room() const { return no_room_; }

private:
    share memory_;
    std::string text_;
    bool no_room_ = false;
};

} // namespace tsms::rest
