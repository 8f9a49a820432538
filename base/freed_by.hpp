#pragma once
// The deleter of what a C library has made: std::unique_ptr<X509, freed_by<X509_free>>.

namespace tsms {

template <auto Function> struct freed_by {
    template <class T> void operator()(T* p) const { Function(p); }
};

} // namespace tsms
