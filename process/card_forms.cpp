#include "process/card_forms.hpp"

#include "gp/status_words.hpp"

namespace tsms::process {

namespace {

std::string name_of(gp::key_form form) {
    return form == gp::key_form::bare ? "bare" : "length";
}

void tell_key_form(work& w, gp::key_form taken) {
    w.tell_operator("the secure component refused keys in one form (6A80); keyForm of its profile should be " +
                    name_of(taken));
}

/// Keys are all that an installation stores as data of a security domain.
bool other_key_form(work& w) {
    if (w.link.key_form_changed)
        return false;
    w.link.key_form_changed = true;
    w.link.key_form = gp::other(w.link.key_form);
    return true;
}

/// Of a command that had extended length fields; a short one was refused for another reason.
bool shorter_commands(work& w, const gp::card_failure& failure) {
    if (!takes_extended_length(w) || failure.sent <= gp::short_data_field)
        return false;
    w.link.short_commands = true;
    w.tell_operator("the secure component refused a command of more than 255 octets; extendedLength of its profile "
                    "should be false");
    return true;
}

} // namespace

bool takes_another_form(work& w, const gp::card_failure& failure) {
    if (failure.why != gp::card_failure::kind::status)
        return false;
    if (failure.what == gp::step::store_data && failure.sw == gp::wrong_data)
        return other_key_form(w);
    return failure.sw == gp::wrong_length && gp::changes_card(failure.what) && shorter_commands(w, failure);
}

void note_key_form(work& w) {
    if (w.link.key_form_changed)
        tell_key_form(w, w.link.key_form);
    w.card.tsm_domain->key_form = name_of(w.link.key_form);
}

void note_rotation_form(work& w, gp::key_form form) {
    auto& known = w.card.tsm_domain->key_form;
    if (!known.empty())
        return;
    if (form != w.link.key_form)
        tell_key_form(w, form);
    w.link.key_form = form;
    known = name_of(form);
}

} // namespace tsms::process
