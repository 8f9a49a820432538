#pragma once
// The errors of the REST API (TR 4.1.5.2): one table of categories, statuses and texts.

#include "model/entities.hpp"

#include <initializer_list>
#include <stdexcept>
#include <string>
#include <utility>

namespace tsms::model {

/// In comments: the parameters in the order in which rest_error takes them.
enum class rest_category : int {
    not_authenticated = 1000,
    authentication_failed = 1001,
    invalid_request = 1002,      ///< reason, e.g. "request body missing"
    not_allowed_for_post = 1003, ///< attributeName
    missing_in_post = 1004,      ///< attributeName, entityName
    not_allowed_for_put = 1005,  ///< attributeName
    missing_in_put = 1006,       ///< attributeName, entityName
    unknown_attribute = 1007,    ///< attributeName
    invalid_format = 1008,       ///< attributeValue, attributeName, formatDefinition
    not_existing = 1009,         ///< entityName, attributeValue
    still_referenced = 1010,     ///< entityName, entityNameWhereUsed
    missing_file = 1011,
    too_many_files = 1012,
    invalid_file_type = 1013,  ///< fileTypeList
    file_too_large = 1014,     ///< fileSize, maxUploadFileSize
    already_published = 1015,  ///< entityName, attributeValue (FlavorId)
    constraints_failed = 1016, ///< attributeName
    internal = 2000,           ///< reason
};

/// An answer other than success. what() is the errorMessage, at most 255 characters (AMB-014).
class rest_error : public std::runtime_error {
public:
    explicit rest_error(rest_category category, std::initializer_list<std::string_view> parameters = {});
    rest_category category() const { return category_; }
    int status() const; ///< TR 4.1.5.1

    /// Seconds for Retry-After; 0: no such field (AMB-004).
    int retry_after = 0;

    /// What the TR's message has no place for: told in a header field of its own and to the operator (DIV-067).
    std::string reason = {};
    rest_error because(std::string why) && {
        reason = std::move(why);
        return std::move(*this);
    }

private:
    friend rest_error body_not_allowed(dialect);
    rest_error(const std::string& message, rest_category category) : std::runtime_error(message), category_(category) {}
    rest_category category_;
};

/// 1002 where a body was sent and none is allowed: the one message that the dialects word differently (AMB-010).
rest_error body_not_allowed(dialect d);

/// Size in units of 2^20 octets with one decimal, comma, no trailing ",0" (AMB-015, AMB-205), rounded up.
std::string megabytes(std::size_t octets);

} // namespace tsms::model
