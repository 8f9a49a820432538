// Uploads as they arrive: forms in pieces, files that are kept on disk, and what all of them together may take.

#include "rest_fixture.hpp"

#include "crypto/pki.hpp"
#include "http/net/budget.hpp"

using namespace tsms;
using namespace tsms::rest_test;

namespace {

std::string form(const std::vector<fixture::part>& parts) {
    std::string body;
    for (const auto& p : parts) {
        body += "--b\r\nContent-Disposition: form-data; name=\"" + p.name + "\"";
        if (!p.file_name.empty())
            body += "; filename=\"" + p.file_name + "\"";
        body += "\r\n\r\n" + p.content + "\r\n";
    }
    return body + "--b--\r\n";
}

struct upload_fixture : fixture {
    std::shared_ptr<rest::budget> room = std::make_shared<rest::budget>(10u << 20);
    rest::upload_limits limits;

    rest::upload_reader reader(model::entity_kind kind = model::entity_kind::certificate) {
        return {kind, "multipart/form-data; boundary=b", limits, directory.path(), room};
    }
    /// What is refused of a certificate's form that comes in pieces of that size.
    std::string refusal(const std::string& body, std::size_t piece, std::optional<std::size_t> announced = {}) {
        auto r = reader();
        for (std::size_t at = 0; at < body.size(); at += piece)
            if (!r.take(std::string_view(body).substr(at, piece)))
                break;
        try {
            r.finish(false, announced);
            return "";
        } catch (const model::rest_error& e) {
            return std::to_string(static_cast<int>(e.category()));
        }
    }
    net::request head(std::string method, const std::string& path, std::string_view type) {
        net::request r;
        r.method = std::move(method);
        r.path = base + path;
        r.target = r.path;
        r.headers.add("Authorization", "Bearer " + token);
        r.headers.add("Content-Type", std::string(type));
        return r;
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(rest_api)

BOOST_FIXTURE_TEST_CASE(forms_are_the_same_in_whatever_pieces_they_come, upload_fixture) {
    for (const std::size_t size : {1, 2, 3, 5, 7, 64, 1000, 100000}) {
        const auto certificate = crypto::make_ca("X").certificate_pem;
        // Octets that look like the delimiter until the last one.
        const std::string nearly = "\r\n--\r\n--a\r\n-\r\r\n--\r";
        BOOST_TEST(refusal(form({{"cert-file", "a", certificate}, {"cert-filename", "", "n"}}), size) == "");
        BOOST_TEST(refusal(form({{"cert-file", "a", nearly}}), size) == "1013");
        BOOST_TEST(refusal(form({{"cert-file", "a", ""}}), size) == "1011");
        BOOST_TEST(refusal(form({{"cert-file", "a", "x"}, {"certFile", "b", "y"}}), size) == "1012");
        BOOST_TEST(refusal(form({{"cert-file", "a", "x"}, {"certFile", "b", "y"}, {"z", "", ""}}), size) == "1007");
        BOOST_TEST(refusal(form({{"cert-file", std::string(256, 'x'), "x"}, {"certFile", "b", "y"}}), size) == "1008");
        BOOST_TEST(refusal(form({{"cert-filename", "", "a"}, {"certFilename", "", "b"}, {"cert-file", "x", "x"}}),
                           size) == "1002");
        const auto whole = form({{"cert-file", "a", "x"}});
        for (std::size_t end = 0; end < whole.size() - 2; ++end)
            BOOST_TEST(refusal(whole.substr(0, end), size) == "1002");
        BOOST_TEST(refusal(whole + "x", size) == "1013"); // an epilogue
        BOOST_TEST(refusal(whole.substr(0, whole.size() - 2) + "x", size) == "1002");
        BOOST_TEST(refusal(whole + std::string(16384, 'x'), size) == "1013");
        BOOST_TEST(refusal(whole + std::string(16385, 'x'), size) == "1002");
        BOOST_TEST(refusal("x" + whole, size) == "1002");
        // RFC 2046 5.1.1: a preamble says nothing. What begins no line is no delimiter.
        BOOST_TEST(refusal("a preamble --b\r\n--c\r\n" + form({{"cert-file", "a", certificate}}), size) == "");
        BOOST_TEST(refusal("\r\n" + form({{"cert-file", "a", ""}}), size) == "1011");
        BOOST_TEST(refusal(std::string(16382, 'p') + "\r\n" + whole, size) == "1013");
        BOOST_TEST(refusal(std::string(16385, 'p') + "\r\n" + whole, size) == "1002");
        BOOST_TEST(refusal("--b--\r\n", size) == "1011");
        BOOST_TEST(refusal("x\r\n--b--\r\n", size) == "1002");
        BOOST_TEST(refusal(form({{"cert-file", std::string(5000, 'x'), "x"}}), size) == "1008");
        BOOST_TEST(refusal(form({{"cert-file", std::string(17000, 'x'), "x"}}), size) == "1002");

        std::string content;
        rest::form_reader raw("b", {[](const rest::part_head&) {}, [&](std::string_view o) { content += o; }});
        const auto body = form({{"f", "a", nearly}});
        for (std::size_t at = 0; at < body.size(); at += size)
            BOOST_REQUIRE(raw.feed(std::string_view(body).substr(at, size)));
        BOOST_TEST(raw.complete());
        BOOST_TEST(content == nearly);
    }
}

BOOST_FIXTURE_TEST_CASE(of_a_file_over_its_limit_nothing_more_is_kept, upload_fixture) {
    auto r = reader();
    const auto before = room->left();
    const std::string block(65536, 'x');
    r.take("--b\r\nContent-Disposition: form-data; name=\"cert-file\"; filename=\"x\"\r\n\r\n");
    for (int i = 0; i < 100; ++i)
        r.take(block);
    BOOST_TEST(before - room->left() <= limits.certificate);
    // Said is what is known: an announced length, or that it was too much.
    BOOST_CHECK_EXCEPTION(r.finish(false, 7u << 20), model::rest_error, [](const model::rest_error& e) {
        return std::string(e.what()) == "Upload failed: 7MB exceeds maximum upload file size of 0,1MB.";
    });
    BOOST_TEST(refusal("", 1, 5u << 20) == "1014"); // announced, and not read at all
    BOOST_TEST(std::filesystem::is_empty(directory.path()) == false);
    for (const auto& file : std::filesystem::directory_iterator(directory.path()))
        BOOST_TEST(file.path().filename().string().find(".db") != std::string::npos); // no name is left behind
}

BOOST_FIXTURE_TEST_CASE(all_uploads_share_their_room, upload_fixture) {
    const auto start = [](rest::upload_reader& r) {
        return r.take("--b\r\nContent-Disposition: form-data; name=\"elf-file\"; filename=\"x\"\r\n\r\n");
    };
    room = std::make_shared<rest::budget>(3u << 20);
    std::string content(2u << 20, 'y');
    {
        auto first = reader(model::entity_kind::executable_load_file);
        auto second = reader(model::entity_kind::executable_load_file);
        BOOST_TEST(start(first));
        BOOST_TEST(start(second));
        BOOST_TEST(first.take(content));
        BOOST_TEST(!second.take(content));
        BOOST_CHECK_EXCEPTION(second.finish(false), model::rest_error, [](const model::rest_error& e) {
            return e.category() == model::rest_category::internal && e.retry_after == 1;
        });
    }
    BOOST_TEST(room->left() == 3u << 20);
}

BOOST_FIXTURE_TEST_CASE(a_disk_that_is_full_is_our_error, upload_fixture) {
    rest::upload_reader r(model::entity_kind::executable_load_file, "multipart/form-data; boundary=b", limits,
                          directory.path() / "nowhere", room);
    BOOST_TEST(r.take("--b\r\nContent-Disposition: form-data; name=\"elf-file\"; filename=\"x\"\r\n\r\n"));
    BOOST_TEST(!r.take(std::string(100000, 'x')));
    BOOST_CHECK_THROW(r.finish(false), std::system_error);
}

BOOST_FIXTURE_TEST_CASE(a_spool_gives_back_what_it_got, upload_fixture) {
    for (const std::size_t size : {0, 1, 16384, 16385, 100000}) {
        rest::spool s(directory.path());
        std::string expected;
        for (std::size_t at = 0; at < size; at += 1000) {
            const std::string piece(std::min<std::size_t>(1000, size - at), static_cast<char>('a' + at / 1000 % 26));
            s.append(piece);
            expected += piece;
        }
        BOOST_TEST(s.size() == size);
        BOOST_TEST(s.content() == expected);
    }
}

BOOST_FIXTURE_TEST_CASE(bodies_of_strangers_are_not_read, upload_fixture) {
    const auto limit = [&](std::string method, const std::string& path) {
        return api.plan_body(head(std::move(method), path, "multipart/form-data; boundary=b")).limit;
    };
    const auto elf = load_file();
    const std::size_t whole = limits.load_file + rest::form_overhead;
    BOOST_TEST(limit("POST", "/executable-load-files") == whole);
    BOOST_TEST(limit("PUT", "/executable-load-files/" + elf) == whole);
    BOOST_TEST(limit("PUT", "/executable-load-files/00000000-0000-4000-8000-000000000000") == 0U);
    BOOST_TEST(limit("POST", "/services") == 1u << 20);
    BOOST_TEST(limit("GET", "/services") == 0U);
    BOOST_TEST(limit("POST", "/auth") == 0U);
    BOOST_TEST(limit("POST", "/nothing") == 0U);
    token = stranger();
    BOOST_TEST(limit("PUT", "/executable-load-files/" + elf) == 0U);
    token = "nobody";
    BOOST_TEST(limit("POST", "/executable-load-files") == 0U);

    // What was not read is refused for the reason that comes first (AMB-011, AMB-202).
    auto unread = head("POST", "/executable-load-files", "text/plain");
    unread.body_too_large = true;
    unread.headers.add("Content-Length", "3000000");
    BOOST_TEST(problem(api.handle(unread)) == "1000 Not authenticated.");
    unread.headers.set("Authorization", "Bearer " + login(long_term));
    BOOST_TEST(problem(api.handle(unread)) == "1002 Invalid request: unsupported content type.");
    unread.headers.set("Content-Type", "multipart/form-data; boundary=b");
    BOOST_TEST(problem(api.handle(unread)) == "1014 Upload failed: 2,9MB exceeds maximum upload file size of 2MB.");
}

BOOST_FIXTURE_TEST_CASE(json_bodies_share_their_memory, upload_fixture) {
    const auto memory = std::make_shared<rest::budget>(1000);
    net::counted_body first(memory, 0);
    BOOST_TEST(first.take(std::string(600, 'x')));
    auto second = std::make_shared<net::counted_body>(memory, 0);
    BOOST_TEST(!second->take(std::string(600, 'x')));
    auto r = head("POST", "/services", "application/json");
    r.sink = second;
    r.body_too_large = true;
    const auto answer = api.handle(r);
    BOOST_TEST(problem(answer) == "2000 Internal server error: too many requests at once, please try again later.");
    BOOST_TEST(answer.headers.get("Retry-After") == "1");
    BOOST_TEST(first.take(std::string(400, 'x')));
}

BOOST_FIXTURE_TEST_CASE(a_file_name_is_assigned_where_none_is_given, upload_fixture) { // TR 4.1.4, AMB-034, AMB-201
    const auto pem = crypto::make_ca("X").certificate_pem;
    const auto name_of = [](const net::response& r) { return text(parsed(r), "fileName"); };
    const auto made = parsed(upload("POST", "/certificates", {{"cert-file", "", pem}}));
    const auto id = text(made, "id");
    BOOST_TEST(text(made, "fileName") == id + ".cer");
    const auto path = "/certificates/" + id;
    BOOST_TEST(name_of(upload("PUT", path, {{"certFilename", "", "kept.pem"}})) == "kept.pem");
    BOOST_TEST(name_of(upload("PUT", path, {{"cert-file", "", pem}})) == "kept.pem");
    BOOST_TEST(name_of(upload("PUT", path, {{"cert-filename", "", ""}})) == "kept.pem");
    BOOST_TEST(name_of(upload("PUT", path, {{"cert-file", "new.pem", pem}})) == "new.pem");
    BOOST_TEST(name_of(upload("PUT", path, {{"cert-filename", "", ""}, {"cert-file", "own.pem", pem}})) == "own.pem");
    BOOST_TEST(
        name_of(upload("POST", "/personalization-scripts", {{"scriptFile", "", R"({"version":1,"commands":[]})"}}))
            .ends_with(".json"));
}

BOOST_AUTO_TEST_SUITE_END()
