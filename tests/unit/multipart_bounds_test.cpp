// A form at its borders: how many parts, how long a head, a preamble or a boundary may be (RFC 2046 5.1.1, RFC 7578),
// in pieces of every size.

#include "http/rest/multipart.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;

namespace {

struct read_form {
    bool whole = false;
    std::vector<std::string> names;
    std::vector<std::string> contents;
};

/// As it comes in pieces of so many octets.
read_form read(std::string_view body, std::size_t piece, std::string_view boundary = "b") {
    read_form out;
    rest::form_reader reader(boundary, {[&](rest::part_head head) {
                                            out.names.push_back(head.name);
                                            out.contents.emplace_back();
                                        },
                                        [&](std::string_view octets) { out.contents.back() += octets; }});
    bool good = true;
    while (good && !body.empty()) {
        good = reader.feed(body.substr(0, piece));
        body.remove_prefix(std::min(piece, body.size()));
    }
    out.whole = good && reader.complete();
    return out;
}

/// The same whatever the pieces.
bool whole(const std::string& body, std::string_view boundary = "b") {
    const bool at_once = read(body, body.size() + 1, boundary).whole;
    for (const std::size_t piece : {1u, 2u, 7u, 4096u})
        BOOST_TEST(read(body, piece, boundary).whole == at_once);
    return at_once;
}

std::string part(const std::string& name, const std::string& content, const std::string& more_head = {}) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n" + more_head + "\r\n" + content + "\r\n";
}

} // namespace

BOOST_AUTO_TEST_SUITE(multipart_bounds)

BOOST_AUTO_TEST_CASE(sixteen_parts_and_no_more) {
    std::string body;
    for (int k = 0; k < 16; ++k)
        body += part("p" + std::to_string(k), "x");
    BOOST_TEST(whole(body + "--b--\r\n"));
    BOOST_TEST(read(body + "--b--\r\n", 1).names.size() == 16u);
    BOOST_TEST(!whole(body + part("p16", "x") + "--b--\r\n"));
    BOOST_TEST(whole("--b--\r\n")); // none at all
    BOOST_TEST(!whole(""));         // not even the end of one
}

BOOST_AUTO_TEST_CASE(a_head_has_at_most_16384_octets) {
    const auto with_head = [](std::size_t octets) { // with the empty line behind it
        const std::string fixed = "Content-Disposition: form-data; name=\"a\"\r\nX: \r\n\r\n";
        return part("a", "x", "X: " + std::string(octets - fixed.size(), 'y') + "\r\n") + "--b--\r\n";
    };
    BOOST_TEST(whole(with_head(16384)));
    BOOST_TEST(!whole(with_head(16385)));
    BOOST_TEST(whole(part("a", "x", "X: " + std::string(9000, 'y') + "\r\n") +
                     part("c", "x", "X: " + std::string(9000, 'y') + "\r\n") + "--b--\r\n")); // each for itself
}

BOOST_AUTO_TEST_CASE(a_head_without_end_is_refused_by_its_last_octet) {
    const std::string head = "Content-Disposition: form-data; name=a\r\nX: ";
    for (const auto& [octets, good] : {std::pair{16383u, true}, {16384u, false}}) {
        rest::form_reader reader("b", {[](rest::part_head) {}, [](std::string_view) {}});
        BOOST_TEST(reader.feed("--b\r\n"));
        BOOST_TEST(reader.feed(head + std::string(octets - head.size(), 'y')) == good);
    }
}

BOOST_AUTO_TEST_CASE(a_preamble_has_at_most_16384_octets) {
    const auto behind = [](std::size_t octets) {
        return std::string(octets, 'p') + "\r\n" + part("a", "x") + "--b--\r\n";
    };
    BOOST_TEST(whole(behind(1)));
    BOOST_TEST(whole(behind(16384)));
    BOOST_TEST(!whole(behind(16385)));
    BOOST_TEST(!whole("p\r\n--b--\r\n")); // a preamble and no part: no form that somebody made
}

BOOST_AUTO_TEST_CASE(a_boundary_has_1_to_70_characters) {
    const auto of = [](const std::string& parameter) {
        return rest::multipart_boundary("multipart/form-data; boundary=" + parameter);
    };
    BOOST_TEST(!of("").has_value());
    BOOST_TEST(!of("\"\"").has_value());
    BOOST_TEST(of("b").value() == "b");
    BOOST_TEST(of(std::string(70, 'b')).value() == std::string(70, 'b'));
    BOOST_TEST(!of(std::string(71, 'b')).has_value());
    const std::string longest(70, 'b');
    BOOST_TEST(whole("--" + longest + "\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--" + longest + "--\r\n",
                     longest));
    BOOST_TEST(!rest::multipart_boundary("multipart/form-data").has_value());
    BOOST_TEST(!rest::multipart_boundary("multipart/mixed; boundary=b").has_value());
    BOOST_TEST(!rest::multipart_boundary("multipart/form-data; boundary=b; boundary=b").has_value());
}

BOOST_AUTO_TEST_CASE(content_that_nearly_is_a_delimiter_is_content) {
    for (const std::string content :
         {"", "\r", "\r\n", "\r\n-", "\r\n--", "\r\n--a", "--b", "\n--b", "\r\n\r\n--", "\r\r\n--", "-", "b"}) {
        for (const std::size_t piece : {1u, 2u, 3u, 5u, 1000u}) {
            const auto form = read(part("a", content) + part("c", content) + "--b--\r\n", piece);
            BOOST_TEST(form.whole);
            BOOST_TEST(form.contents == (std::vector{content, content}), boost::test_tools::per_element());
        }
    }
    // What begins with a delimiter is one.
    BOOST_TEST(!whole(part("a", "x\r\n--bb") + "--b--\r\n"));
    BOOST_TEST(!whole(part("a", "x") + "--b-\r\n"));
}

BOOST_AUTO_TEST_CASE(a_part_without_a_name_is_none) {
    BOOST_TEST(!whole("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"));
    BOOST_TEST(!whole("--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n"));
    BOOST_TEST(!whole("--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--\r\n"));
    BOOST_TEST(!whole("--b\r\nContent-Disposition: form-data; name=a; name=c\r\n\r\nx\r\n--b--\r\n"));
    BOOST_TEST(!whole("--b\r\nContent-Disposition: form-data; name=a\r\nno field\r\n\r\nx\r\n--b--\r\n"));
    BOOST_TEST(whole("--b\r\ncontent-disposition: FORM-DATA, name=a\r\n\r\nx\r\n--b--\r\n")); // as the TR prints it
}

BOOST_AUTO_TEST_SUITE_END()
