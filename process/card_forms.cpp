#include "process/card_forms.hpp"

namespace tsms::process {

namespace {

constexpr std::uint16_t wrong_length = 0x6700;
constexpr std::uint16_t wrong_data = 0x6A80;

std::string name_of(gp::key_form form) {
    return form == gp::key_form::bare ? "bare" : "length";
}

void tell_key_form(work& w, gp::key_form taken) {
    w.tell_operator("the secure component refused keys in one form (6A80); keyForm of its profile should be " +
                    name_of(taken));
}

/// Keys are all that an installation stores as data of a security domain.
bool other_key_form(work& w) {
    if (w.key_form_changed)
        return false;
    w.key_form_changed = true;
    w.key_form = gp::other(w.key_form);
    return true;
}

/// LOAD and STORE DATA come in blocks, other commands as long as they are.
bool shorter_commands(work& w, gp::step what) {
    if (!takes_extended_length(w) || !w.channel)
        return false;
    const bool in_blocks = what == gp::step::load || what == gp::step::store_data;
    const auto short_size = gp::max_plain_data(gp::short_data_field, w.channel->mode_length(), w.channel->level());
    if ((in_blocks ? w.block_size : w.command_size) <= short_size)
        return false;
    w.short_commands = true;
    w.tell_operator("the secure component refused a command of more than 255 octets; extendedLength of its profile "
                    "should be false");
    return true;
}

} // namespace

bool takes_another_form(work& w, const gp::card_failure& failure) {
    if (failure.why != gp::card_failure::kind::status)
        return false;
    if (failure.what == gp::step::store_data && failure.sw == wrong_data)
        return other_key_form(w);
    return failure.sw == wrong_length && gp::changes_card(failure.what) && shorter_commands(w, failure.what);
}

void note_key_form(work& w) {
    if (w.key_form_changed)
        tell_key_form(w, w.key_form);
    w.card.tsm_domain->key_form = name_of(w.key_form);
}

void note_rotation_form(work& w, gp::key_form form) {
    auto& known = w.card.tsm_domain->key_form;
    if (!known.empty())
        return;
    if (form != w.key_form)
        tell_key_form(w, form);
    w.key_form = form;
    known = name_of(form);
}

void note_command_length(work& w) {
    w.card.tsm_domain->short_commands = w.short_commands;
}

} // namespace tsms::process
