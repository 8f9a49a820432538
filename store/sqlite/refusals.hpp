#pragma once

#include "store/access_rules.hpp"
#include "store/ports/refusals.hpp"
#include "store/sqlite/access_session.hpp"

namespace tsms::store {

class sqlite_refusals : public virtual refusal_list {
public:
    explicit sqlite_refusals(access_session& session) : session_(session) {}

    void note_refusal(const std::string& provider, refused_upload refusal, wall_time now) override {
        noted_.add(provider, std::move(refusal), now);
    }
    void write_refusals() override;
    std::vector<refused_upload> refusals(const std::string& provider) const override;

private:
    void write(const std::string& provider, const std::deque<noted_refusal>& list);

    access_session& session_;
    refusal_notes noted_;
};

} // namespace tsms::store
