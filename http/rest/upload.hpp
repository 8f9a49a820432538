#pragma once
// Uploaded files: what the form must hold, and what the file must be (AMB-062, AMB-063, AMB-202).

#include "gp/cap.hpp"
#include "http/net/message.hpp"
#include "http/rest/budget.hpp"
#include "http/rest/multipart.hpp"
#include "http/rest/spool.hpp"
#include "model/entities.hpp"

#include <exception>

namespace tsms::rest {

/// Largest uploads in octets (AMB-063, AMB-205).
struct upload_limits {
    std::size_t load_file = 2u << 20;
    std::size_t script = 1u << 20;
    std::size_t certificate = 64u << 10;

    std::size_t of(model::entity_kind kind) const;
};

struct upload {
    std::optional<std::string> name;         ///< the file-name part, else the file's own name; never empty
    std::optional<std::string_view> content; ///< as long as its reader
    std::optional<gp::cap_file> cap;         ///< of an ExecutableLoadFile
};

/// Octets that a form may have beside its file: heads of the parts, the name.
inline constexpr std::size_t form_overhead = 8192;

/// Reads one form as it arrives. Of the file only what its limit allows is kept, on disk; the parts are judged when all
/// is there, or as much of it as was wanted.
class upload_reader final : public net::body_sink {
public:
    /// `folder`: for the file while it arrives. `room`: what all uploads together may occupy there.
    upload_reader(model::entity_kind kind, std::string_view content_type, const upload_limits& limits,
                  std::filesystem::path folder, std::shared_ptr<budget> room);

    bool take(std::string_view octets) override;

    /// Checks 1002, 1007, 1008, 1012, 1011, 1014, 1013 in this order; throws rest_error, and what keeping the file has
    /// thrown. `replacing`: a name without a file is enough (AMB-061). `announced`: length of a body that was not read
    /// to its end, which is the only thing that is then said about it (1014) if nothing else is wrong so far.
    upload finish(bool replacing, std::optional<std::size_t> announced = {});

    /// What the file is called, as far as it is known by now; for messages, may be empty.
    std::string file_name() const;

private:
    void begin(part_head head);
    void add(std::string_view octets);
    void keep(std::string_view octets);

    model::entity_kind kind_;
    upload_limits limits_;
    share room_;
    spool file_;
    std::optional<form_reader> form_; ///< none: the Content-Type is not multipart/form-data
    bool well_formed_ = true;
    bool no_room_ = false;
    std::exception_ptr failure_;

    enum class part { none, name, file, other };
    part current_ = part::none;
    std::optional<std::string> unknown_; ///< the first part that is none of the form's
    std::optional<part_head> file_part_;
    std::optional<std::string> name_part_;
    std::string given_name_;
    std::size_t names_ = 0;
    std::size_t files_ = 0;
    std::size_t file_size_ = 0; ///< also of what was not kept
};

/// ".cap", ".json", ".cer": for a file that was uploaded without a name.
std::string_view extension_of(model::entity_kind kind);

/// AMB-211, AMB-242: what is wrong with a personalization script; nothing: it is one. What is quoted of the
/// content is for text::quotable.
std::optional<std::string> fault_of_script(std::string_view content);

} // namespace tsms::rest
