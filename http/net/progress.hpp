#pragma once
// Which transfers are too slow. One rule for everything that is read or written; no clock and no socket.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tsms::net {

/// What a transfer must achieve. A deadline for a whole message would cut honest peers with slow links, and one for
/// each octet would let a peer hold a connection for ever by one octet now and then.
struct pace {
    std::size_t octets_per_second = 1000; ///< at least, on average over each window
    std::chrono::milliseconds window{15000};
    std::chrono::milliseconds whole{30000}; ///< of a whole message, beside the time that its octets may take

    /// How long so many octets take at the slowest.
    std::chrono::milliseconds time_of(std::uint64_t octets) const {
        return std::chrono::milliseconds(octets * 1000 / octets_per_second);
    }
    /// The longest time for a message with so many octets of content.
    std::chrono::milliseconds time_for(std::uint64_t octets) const { return whole + time_of(octets); }
    /// What must have moved at the end of a window.
    std::uint64_t octets_of_window() const {
        return octets_per_second * static_cast<std::uint64_t>(window.count()) / 1000;
    }
};

/// One transfer in one direction.
class progress {
public:
    using time_point = std::chrono::steady_clock::time_point;

    progress(pace rule, time_point begin) : rule_(rule), begin_(begin), window_(begin) {}
    /// Of what has a fixed deadline, however much moves.
    static progress until(time_point deadline) {
        progress fixed({}, deadline);
        fixed.fixed_ = true;
        return fixed;
    }
    /// Of what has to begin before a deadline: its first record may be on its way then, at the pace.
    static progress begins_until(time_point deadline, pace rule) {
        progress beginning(rule, deadline);
        beginning.begins_ = true;
        return beginning;
    }

    /// So much content there is, or has been seen so far. Framing and encryption are none: a peer that sends only them
    /// gets no more time.
    void content(std::uint64_t octets) { content_ = std::max(content_, octets); }
    /// So many octets of a record have come that is not complete: nobody can see yet how much content they are. They
    /// count as content until it is complete, then it shows. So the most that they can bring is the time for one
    /// record.
    void coming(std::uint64_t octets) { coming_ = std::min(octets, most_of_record); }
    /// So many octets have moved since the last time, whatever they are. A window ends as soon as it has enough.
    void moved(std::uint64_t octets, time_point now) {
        in_window_ += octets;
        if (in_window_ < rule_.octets_of_window())
            return;
        in_window_ = 0;
        window_ = now;
    }
    /// From when on it is too slow, if nothing more moves.
    time_point deadline() const {
        if (fixed_)
            return begin_;
        if (begins_)
            return begin_ + rule_.time_of(coming_);
        return std::min(window_ + rule_.window, begin_ + rule_.time_for(content_ + coming_));
    }
    std::chrono::milliseconds window() const { return rule_.window; }

    static constexpr std::uint64_t most_of_record = 16384; ///< RFC 8446 5.1

private:
    pace rule_;
    time_point begin_;
    time_point window_; ///< its begin
    std::uint64_t in_window_ = 0;
    std::uint64_t content_ = 0;
    std::uint64_t coming_ = 0;
    bool fixed_ = false;
    bool begins_ = false;
};

} // namespace tsms::net
