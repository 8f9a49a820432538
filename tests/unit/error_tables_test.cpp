// Every error of the REST API and of the TSM-API against the norm's tables (TR 4.1.5.1, 4.1.5.2, 4.2.4.4), and their
// texts at the length where they are cut.

#include "base/utf8.hpp"
#include "model/device.hpp"
#include "model/rest_error.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using namespace tsms::model;

namespace {

struct norm_row {
    int category;
    int status;
    std::string_view text; ///< with the parameters A and B
};
constexpr norm_row norm[] = {
    {1000, 401, "Not authenticated."},
    {1001, 401, "Authentication failed."},
    {1002, 400, "Invalid request: A."}, // AMB-010
    {1003, 400, "Create failed: attribute A not allowed for POST. It is automatically assigned when created."},
    {1004, 400, "Create failed: attribute A is missing, but it is mandatory for B."},
    {1005, 400, "Modify failed: attribute A not allowed for PUT. Attribute cannot be modified after creation."},
    {1006, 400, "Modify failed: attribute A is missing, but it is mandatory for B."},
    {1007, 400, "Unknown: ‘A’ is not a valid attribute."},
    {1008, 400, "Invalid format ‘A’ for B. Supported format is C."},
    {1009, 400, "Not existing: A with id ‘B’ does not exist."},
    {1010, 400, "Delete failed: A is referenced in B."},
    {1011, 400, "Upload failed: missing file."},
    {1012, 400, "Upload failed: too many files provided. Method supports uploading one file."},
    {1013, 400, "Upload failed: invalid file type. Supported file types are A."},
    {1014, 400, "Upload failed: AMB exceeds maximum upload file size of BMB."},
    {1015, 400, "Already Published: A cannot be modified. It is already published via Flavor identifier ‘B’."},
    {1016, 400, "Technical constraints failed: minimal A version not supported by SecureComponentProfile."},
    {2000, 500, "Internal server error: A."},
};

struct device_row {
    int category;
    int in_v1_0;           ///< AMB-139
    std::string_view v1_0; ///< message with the details "x"
    std::string_view v1_0_4;
};
constexpr std::string_view later = "The system is currently not available, please try again later.";
constexpr device_row device_norm[] = {
    {0, 0, "", ""},
    {1, 1, "TSM not available: x", "TSM not available: x"},
    {2, 2, "Internal error: x", "Internal error: x"},
    {3, 3, "Network connection error: x", "Network connection error: x"},
    {4, 4, "Invalid request: x", "Invalid argument: x"},
    {5, 5, "Not authenticated: x", "Not authenticated: x"},
    {6, 6, "Execution interrupted: x", "Execution interrupted: x"},
    {7, 7, "Content related error: x", "Secure component error: x"},
    {8, 8, "No eligible SC: x", "No eligible SC: x"},
    {9, 9, "SC inaccessible: x", "SC inaccessible: x"},
    {10, 10, "SC channel not available: x", "SC channel not available: x"},
    {11, 11, "NFC not activated: x", "NFC not activated: x"},
    {12, 12, "Orphaned Service Instance: x", "Orphaned service instance: x"},
    {13, 13, "Invalid state: x", "Not allowed: x"},
    {14, 8, "No eligible SC: x", "Already exists: x"},
    {15, 5, "Not authenticated: x", "Unauthorized: x"},
    {16, 100, "Unspecified: x", "Issuer error: x"},
    {17, 4, "Invalid request: x", "Not found: x"},
    {18, 1, "TSM not available: x", later},
    {19, 1, "TSM not available: x", later},
    {20, 5, "Not authenticated: x", "Device integrity check failed: x"},
    {100, 100, "Unspecified: x", "Unspecified: x"},
};

std::string message(std::string_view parameter) {
    return rest_error(rest_category::invalid_request, {parameter}).what();
}

} // namespace

BOOST_AUTO_TEST_SUITE(error_tables)

BOOST_AUTO_TEST_CASE(every_category_of_the_rest_api) {
    for (const auto& [category, status, text] : norm) {
        const rest_error e(static_cast<rest_category>(category), {"A", "B", "C"});
        BOOST_TEST(static_cast<int>(e.category()) == category);
        BOOST_TEST(e.status() == status, category);
        BOOST_TEST(std::string_view(e.what()) == text);
        BOOST_TEST(e.retry_after == 0);
    }
    BOOST_TEST(std::string_view(body_not_allowed(dialect::v1_0).what()) == "Invalid: request body not allowed.");
    BOOST_TEST(std::string_view(body_not_allowed(dialect::v1_0_4).what()) ==
               "Invalid request: request body not allowed.");
    BOOST_TEST(body_not_allowed(dialect::v1_0).status() == 400);
}

// In both versions of the guideline (AMB-139, DIV-119).
BOOST_AUTO_TEST_CASE(every_category_of_the_tsm_api) {
    for (const auto& row : device_norm) {
        const auto category = static_cast<error_category>(row.category);
        BOOST_TEST(error_message(dialect::v1_0, category, "x") == row.v1_0, row.category);
        BOOST_TEST(error_message(dialect::v1_0_4, category, "x") == row.v1_0_4, row.category);
        BOOST_TEST(static_cast<int>(spoken(dialect::v1_0, category)) == row.in_v1_0, row.category);
        BOOST_TEST(static_cast<int>(spoken(dialect::v1_0_4, category)) == row.category, row.category);
    }
}

BOOST_AUTO_TEST_CASE(each_version_knows_its_own_categories) {
    for (int number = -1; number <= 101; ++number) {
        const bool in_v1_0 = (number >= 0 && number <= 13) || number == 100;
        const bool in_v1_0_4 = in_v1_0 || (number >= 14 && number <= 20);
        BOOST_TEST(category_of(dialect::v1_0, number).has_value() == in_v1_0, number);
        BOOST_TEST(category_of(dialect::v1_0_4, number).has_value() == in_v1_0_4, number);
        BOOST_TEST(category_of(number).has_value() == in_v1_0_4, number);
        if (in_v1_0_4)
            BOOST_TEST(static_cast<int>(category_of(number).value()) == number);
    }
}

BOOST_AUTO_TEST_CASE(a_message_has_at_most_255_characters) { // AMB-014
    const std::size_t fixed = message("").size();
    const auto of = [&](std::size_t characters) { return message(std::string(characters - fixed, 'x')); };
    BOOST_TEST(of(254).size() == 254u);
    BOOST_TEST(of(255).size() == 255u);
    BOOST_TEST(text::characters(of(256)) == 255u);
    BOOST_TEST(of(256).ends_with("x….")); // what was cut is marked
    BOOST_TEST(!of(255).ends_with("…."));
    std::string wide; // characters count, not octets
    for (std::size_t k = fixed; k < 255; ++k)
        wide += "€";
    BOOST_TEST(message(wide).ends_with("€."));
    BOOST_TEST(text::characters(message(wide + "€")) == 255u);
    BOOST_TEST(text::is_utf8(message(wide + "€")));
}

BOOST_AUTO_TEST_CASE(details_of_the_tsm_api_have_at_most_400_octets) {
    const auto of = [](const std::string& details) {
        return error_message(dialect::v1_0, error_category::unspecified, details);
    };
    const std::string prefix = "Unspecified: ";
    BOOST_TEST(of(std::string(400, 'x')) == prefix + std::string(400, 'x'));
    BOOST_TEST(of(std::string(401, 'x')) == prefix + std::string(400, 'x') + "…");
    BOOST_TEST(of(std::string(399, 'x') + "é") == prefix + std::string(399, 'x') + "…"); // never half a character
    BOOST_TEST(of(std::string(398, 'x') + "é") == prefix + std::string(398, 'x') + "é");
}

BOOST_AUTO_TEST_CASE(megabytes_are_rounded_up_to_tenths) { // AMB-015, AMB-205
    constexpr std::size_t mega = 1 << 20;
    for (const auto& [octets, text] : {std::pair<std::size_t, const char*>{0, "0"},
                                       {1, "0,1"},
                                       {mega / 10, "0,1"},
                                       {mega / 10 + 1, "0,2"},
                                       {mega - 1, "1"},
                                       {mega, "1"},
                                       {mega + 1, "1,1"},
                                       {2 * mega, "2"},
                                       {2 * mega + mega / 2, "2,5"},
                                       {10 * mega, "10"}})
        BOOST_TEST(megabytes(octets) == text);
}

BOOST_AUTO_TEST_SUITE_END()
