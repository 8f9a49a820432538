#include "store/call_records.hpp"

#include "store/documents.hpp"

namespace tsms::store {

template <class A> void describe(A& a, model::session_proof& p) {
    a("secret", p.secret_hash);
    a("call", p.call_hash);
    a("digest", p.call_digest);
    a("address", p.address);
    a("provider", p.provider);
}

template <class A> void describe(A& a, model::announced_card& c) {
    a("reader", c.reader);
    a("type", c.se_type);
    a("id", c.se_id);
    a("atr", c.atr);
}

template <class A> void describe(A& a, model::command_request& c) {
    a("command", c.what);
    a("data", c.data);
    a("suspensionControl", c.suspension_control);
}

template <class A> void describe(A& a, model::deploy_service& f) {
    a("instance", f.service_instance_id);
    a("commands", f.commands);
    a("finalize", f.finalize);
}

template <class A> void describe(A& a, model::update_service& f) {
    a("instance", f.service_instance_id);
    a("version", f.new_version);
    a("commands", f.commands);
    a("finalize", f.finalize);
}

template <class A> void describe(A& a, model::suspend_or_resume_service& f) {
    a("instance", f.service_instance_id);
    a("suspensionControl", f.suspension_control);
}

template <class A> void describe(A& a, model::terminate_service& f) {
    a("instance", f.service_instance_id);
}

template <class A> void describe(A& a, model::process_info& p) {
    a("id", p.process_id);
    a("status", p.outcome.status);
    a("message", p.outcome.message);
    a("start", p.start_date);
    a("end", p.end_date);
}

template <class A> void describe(A& a, model::technical_information& t) {
    a("spParameters", t.sp_parameters);
    a("service", t.service_id);
    a("version", t.service_version_tag);
    a("flavor", t.flavor_id);
    a("flavorName", t.flavor_name);
    a("profile", t.profile_id);
}

template <class A> void describe(A& a, model::command_response_pair& p) {
    a("tag", p.tag);
    a("command", p.command);
    a("response", p.response);
}

template <class A> void describe(A& a, model::personalization_result& p) {
    a("aid", p.application_instance_aid);
    a("results", p.results);
}

template <class A> void describe(A& a, model::service_command_result& c) {
    a("status", c.status);
    a("personalization", c.personalization_results);
}

template <class A> void describe(A& a, model::execution& e) {
    a("status", e.status);
    a("message", e.message);
}

template <class A> void describe(A& a, model::service_instance_info& i) {
    a("id", i.id);
    a("state", i.state);
    a("technical", i.technical);
    a("lastOperation", i.last_operation);
    a("reader", i.reader);
}

template <class A> void describe(A& a, model::create_service_instance_result& r) {
    a("instance", r.service_instance);
    a("outcome", r.outcome);
}

template <class A> void describe(A& a, model::deploy_service_result& r) {
    a("process", r.process);
    a("state", r.state);
    a("technical", r.technical);
    a("commands", r.commands);
    a("reader", r.reader);
}

template <class A> void describe(A& a, model::update_service_result& r) {
    describe(a, static_cast<model::deploy_service_result&>(r));
}

template <class A> void describe(A& a, model::suspend_or_resume_result& r) {
    a("process", r.process);
}

template <class A> void describe(A& a, model::terminate_service_result& r) {
    a("process", r.process);
}

/// One member, which has the name of the function.
template <class A, class Kinds, std::size_t... I> void describe_one(A& a, Kinds& kinds, std::index_sequence<I...>) {
    const auto describe_this = [&]<std::size_t Index>() {
        const auto* name = std::variant_alternative_t<Index, model::life_cycle_function>::name.data();
        if constexpr (A::reads) {
            std::optional<std::variant_alternative_t<Index, Kinds>> one;
            a(name, one);
            if (one)
                kinds.template emplace<Index>(*std::move(one));
            return one.has_value();
        } else {
            if (auto* one = std::get_if<Index>(&kinds))
                a(name, *one);
            return kinds.index() == Index;
        }
    };
    if (!(describe_this.template operator()<I>() || ...))
        damaged("of no function");
}

template <class A> void describe(A& a, model::life_cycle_function& f) {
    describe_one(a, f, std::make_index_sequence<std::variant_size_v<model::life_cycle_function>>());
}

template <class A> void describe(A& a, model::life_cycle_result& r) {
    describe_one(a, r, std::make_index_sequence<std::variant_size_v<model::life_cycle_function>>());
}

template <class A> void describe(A& a, model::asked_call& c) {
    a("what", c.what);
    a("cards", c.cards);
    a("dialect", c.dialect); // absent in documents of before: V1.0
}

std::string encode(const model::session_proof& proof) {
    return encode_document(proof);
}
std::string encode(const model::asked_call& asked) {
    return encode_document(asked);
}
std::string encode(const model::life_cycle_result& result) {
    return encode_document(result);
}
std::string encode(const model::create_service_instance_result& result) {
    return encode_document(result);
}
model::session_proof decode_proof(std::string_view document) {
    auto proof = decode_document<model::session_proof>(document);
    if (!from_hex(proof.call_hash) || !from_hex(proof.call_digest) ||
        proof.call_hash.empty() != proof.call_digest.empty())
        throw damaged_document("the hashes of its call are none");
    return proof;
}
model::asked_call decode_asked(std::string_view document) {
    return decode_document<model::asked_call>(document);
}
model::life_cycle_result decode_result(std::string_view document) {
    return decode_document<model::life_cycle_result>(document);
}
model::create_service_instance_result decode_creation(std::string_view document) {
    return decode_document<model::create_service_instance_result>(document);
}

} // namespace tsms::store
