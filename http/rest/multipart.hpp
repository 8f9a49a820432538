#pragma once
// multipart/form-data (RFC 7578) as it arrives, strictly: what could be read in two ways is refused.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tsms::rest {

struct part_head {
    std::string name;
    std::optional<std::string> file_name; ///< present: the part is a file. Base name only (AMB-062).
};

/// The boundary of a Content-Type, or nothing if it is not multipart/form-data with a valid one.
std::optional<std::string> multipart_boundary(std::string_view content_type);

/// Reads a form in pieces of any size and keeps no more of it than one head and one piece.
class form_reader {
public:
    /// What becomes of the parts, in order: `content` is called any number of times after each `begin`.
    struct receiver {
        std::function<void(part_head)> begin;
        std::function<void(std::string_view)> content;
    };

    form_reader(std::string_view boundary, receiver to);

    /// False from the first octet on that makes the form malformed: more than 16 parts; more than 16384 octets of a
    /// head, a preamble or an epilogue (RFC 2046 5.1.1: both are dropped); more than blanks in the line of a
    /// delimiter. Parameters of Content-Disposition may be separated by ';' or, as the TR prints them, by ','.
    bool feed(std::string_view octets);
    /// Whether the form is whole.
    bool complete() const;
    /// Why it is malformed, or not whole.
    const char* fault() const { return fault_; }

private:
    enum class place { start, behind_delimiter, head, content, behind_end, epilogue, malformed };

    /// One step in `ahead`, which it consumes. False where more octets are needed.
    bool step(std::string_view& ahead);
    bool skip_preamble(std::string_view& ahead);
    bool choose(std::string_view& ahead);
    bool end_line(std::string_view& ahead);
    bool skip_padding(std::string_view& ahead);
    bool skip_epilogue(std::string_view& ahead);
    bool read_head(std::string_view& ahead);
    bool read_content(std::string_view& ahead);
    /// Octets before the next delimiter, as far as they are sure to be; the delimiter is consumed too.
    template <class Sink> std::size_t up_to_delimiter(std::string_view& ahead, const Sink& sink);
    bool refuse(const char* why);

    std::string delimiter_; ///< with the line break in front
    receiver to_;
    place place_ = place::start;
    std::size_t parts_ = 0;
    std::size_t preamble_ = 0; ///< its octets so far
    std::size_t padding_ = 0;  ///< blanks behind all delimiters so far
    bool padded_ = false;      ///< behind this one
    std::size_t epilogue_ = 0;
    std::string pending_;
    const char* fault_ = "the form ends before its last delimiter, which is the boundary between two pairs of hyphens";
};

} // namespace tsms::rest
