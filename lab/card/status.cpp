// GET STATUS (GPCS 11.4) and SET STATUS (GPCS 11.10).

#include "gp/tlv.hpp"
#include "lab/card/commands.hpp"

#include <algorithm>

namespace tsms::lab {

namespace {

constexpr std::uint8_t subset_isd = 0x80;
constexpr std::uint8_t subset_applications = 0x40;
constexpr std::uint8_t subset_load_files = 0x20;
constexpr std::uint8_t subset_load_files_and_modules = 0x10;

constexpr std::uint8_t next_occurrence = 0x01;
constexpr std::uint8_t tlv_format = 0x02;

bytes privileges_of(const application& a) {
    return {static_cast<std::uint8_t>(a.privileges >> 16), static_cast<std::uint8_t>(a.privileges >> 8),
            static_cast<std::uint8_t>(a.privileges)};
}

/// Collects the data objects of one entry, only those that the tag list asks for.
class entry_writer {
public:
    explicit entry_writer(const std::optional<std::vector<std::uint32_t>>& wanted) : wanted_(wanted) {}
    void add(std::uint32_t tag, bytes_view value) {
        if (!wanted_ || std::find(wanted_->begin(), wanted_->end(), tag) != wanted_->end())
            gp::append_tlv(content_, tag, value);
    }
    bytes take() { return gp::encode_tlv(0xE3, content_); }

private:
    const std::optional<std::vector<std::uint32_t>>& wanted_;
    bytes content_;
};

using tag_list = std::optional<std::vector<std::uint32_t>>;

bytes application_entry(const application& a, const registry& r, const tag_list& tags) {
    entry_writer entry(tags);
    entry.add(0x4F, a.aid);
    entry.add(0x9F70, bytes{a.state});
    entry.add(0xC5, privileges_of(a));
    entry.add(0xC4, a.load_file);
    if (const auto* file = r.find_load_file(a.load_file))
        entry.add(0xCE, bytes{file->package.major, file->package.minor});
    entry.add(0x84, a.module);
    entry.add(0xCC, a.domain);
    return entry.take();
}

bytes load_file_entry(const load_file& f, const tag_list& tags, bool modules) {
    entry_writer entry(tags);
    entry.add(0x4F, f.package.aid);
    entry.add(0x9F70, bytes{life_cycle::load_file_loaded});
    entry.add(0xCE, bytes{f.package.major, f.package.minor});
    if (modules)
        for (const auto& module : f.modules)
            entry.add(0x84, module);
    entry.add(0xCC, f.domain);
    return entry.take();
}

/// The format of before GPCS 2.2 (P2 without bit 2): lengths and values without tags.
bytes old_application_entry(const application& a) {
    bytes entry;
    gp::append_lv(entry, a.aid);
    append(entry, bytes{a.state, privileges_of(a)[0]});
    return entry;
}

bytes old_load_file_entry(const load_file& f, bool modules) {
    bytes entry;
    gp::append_lv(entry, f.package.aid);
    append(entry, bytes{life_cycle::load_file_loaded, 0x00});
    if (modules) {
        entry.push_back(static_cast<std::uint8_t>(f.modules.size()));
        for (const auto& module : f.modules)
            gp::append_lv(entry, module);
    }
    return entry;
}

/// Tags of the tag list 5C.
tag_list parse_tag_list(std::optional<bytes_view> value) {
    if (!value)
        return std::nullopt;
    std::vector<std::uint32_t> tags;
    for (std::size_t i = 0; i < value->size(); ++i) {
        std::uint32_t tag = (*value)[i];
        if ((tag & 0x1F) == 0x1F && i + 1 < value->size())
            tag = tag << 8 | (*value)[++i];
        tags.push_back(tag);
    }
    return tags;
}

std::deque<bytes> matching_entries(const context& c, std::uint8_t p1, bytes_view criteria, bool tlv) {
    const auto objects = gp::parse_tlvs(criteria);
    require(objects.has_value(), sw::wrong_data);
    const auto name = gp::find(*objects, 0x4F);
    require(name.has_value(), sw::wrong_data);
    auto tags = parse_tag_list(gp::find(*objects, 0x5C));
    if (tags && !c.personality().tells_association)
        std::erase(*tags, 0xCCu);
    const auto& r = c.registry();
    const auto named = [&](bytes_view aid) {
        return p1 == subset_isd || (aid.size() >= name->size() && same(aid.first(name->size()), *name));
    };

    std::deque<bytes> entries;
    if (p1 == subset_isd || p1 == subset_applications) {
        for (const auto& a : r.applications()) {
            const bool is_isd = same(a.aid, r.isd().aid);
            const bool visible = same(a.aid, c.channel.selected) || c.in_reach(a.domain, privilege::global_registry);
            if (is_isd == (p1 == subset_isd) && visible && named(a.aid))
                entries.push_back(tlv ? application_entry(a, r, tags) : old_application_entry(a));
        }
        return entries;
    }
    const bool modules = p1 == subset_load_files_and_modules;
    for (const auto& f : r.load_files())
        if (f.listed && c.in_reach(f.domain, privilege::global_registry) && named(f.package.aid))
            entries.push_back(tlv ? load_file_entry(f, tags, modules) : old_load_file_entry(f, modules));
    return entries;
}

} // namespace

gp::response_apdu get_status(context& c, const gp::command_apdu& command) {
    constexpr std::uint8_t subsets[] = {subset_isd, subset_applications, subset_load_files,
                                        subset_load_files_and_modules};
    require(std::find(std::begin(subsets), std::end(subsets), command.p1) != std::end(subsets), sw::wrong_p1p2);
    require((command.p2 & ~(next_occurrence | tlv_format)) == 0, sw::wrong_p1p2);
    bytes question{command.p1, static_cast<std::uint8_t>(command.p2 & tlv_format)};
    append(question, command.data);
    auto& listing = c.channel.listing;
    if ((command.p2 & next_occurrence) == 0)
        listing =
            pending_listing{question, matching_entries(c, command.p1, command.data, (command.p2 & tlv_format) != 0)};
    require(listing && listing->command == question, sw::conditions);
    require(!listing->entries.empty(), sw::reference_not_found);

    const auto room = c.channel.session->response_room();
    bytes answer;
    auto& entries = listing->entries;
    const bool one_by_one = c.personality().one_entry_an_answer;
    while (!entries.empty() && answer.size() + entries.front().size() <= room && !(one_by_one && !answer.empty())) {
        append(answer, entries.front());
        entries.pop_front();
    }
    if (!entries.empty()) {
        // An entry that no answer can hold is split over two.
        if (answer.empty() || c.personality().splits_entries) {
            auto& entry = entries.front();
            const auto part = static_cast<std::ptrdiff_t>(room - answer.size());
            answer.insert(answer.end(), entry.begin(), entry.begin() + part);
            entry.erase(entry.begin(), entry.begin() + part);
        }
        return {std::move(answer), sw::more_data};
    }
    listing.reset();
    return {std::move(answer), sw::ok};
}

namespace {

void set_card_state(context& c, std::uint8_t state) {
    auto& isd = c.registry().isd();
    require(same(c.channel.selected, isd.aid), sw::conditions);
    const bool lock = isd.state == life_cycle::card_secured && state == life_cycle::card_locked;
    const bool unlock = isd.state == life_cycle::card_locked && state == life_cycle::card_secured;
    require(lock || unlock || state == isd.state || state == life_cycle::card_terminated, sw::conditions);
    isd.state = state;
}

/// Whether the transition may be made from another Security Domain: lock, unlock, and SELECTABLE to PERSONALIZED of a
/// Security Domain that has keys (GPCS 5.3).
std::uint8_t next_state(const application& a, std::uint8_t wanted) {
    if ((wanted & life_cycle::locked) != 0)
        return static_cast<std::uint8_t>(a.state | life_cycle::locked);
    if (a.locked())
        return static_cast<std::uint8_t>(a.state & ~life_cycle::locked);
    const bool personalizes =
        a.sd && wanted == life_cycle::personalized && a.state == life_cycle::selectable && !a.sd->key_sets.empty();
    require(personalizes || wanted == a.state, sw::conditions);
    return wanted;
}

} // namespace

gp::response_apdu set_status(context& c, const gp::command_apdu& command) {
    if (command.p1 == subset_isd) {
        set_card_state(c, command.p2);
        return {{}, sw::ok};
    }
    const bool with_content = command.p1 == 0x60;
    require(command.p1 == subset_applications || with_content, sw::wrong_p1p2);
    auto* a = c.registry().find_application(command.data);
    require(a, sw::reference_not_found);
    const bool reach = same(a->aid, c.channel.selected) || c.in_reach(a->domain, privilege::global_lock);
    require(reach && !same(a->aid, c.registry().isd().aid), sw::conditions);
    if (!with_content) {
        a->state = next_state(*a, command.p2);
        return {{}, sw::ok};
    }
    require(a->sd.has_value(), sw::conditions);
    std::vector<application*> all;
    for (const auto& member : c.registry().applications())
        if (same(member.aid, a->aid) || c.registry().within(member.domain, a->aid))
            all.push_back(c.registry().find_application(member.aid));
    const bool lock = (command.p2 & life_cycle::locked) != 0;
    for (auto* member : all)
        member->state = lock ? static_cast<std::uint8_t>(member->state | life_cycle::locked)
                             : static_cast<std::uint8_t>(member->state & ~life_cycle::locked);
    return {{}, sw::ok};
}

} // namespace tsms::lab
