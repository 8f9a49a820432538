// A personalization script as it is uploaded (AMB-211, AMB-234, AMB-242), and what may not be stored.

#include "gp/domain_data.hpp"
#include "store/script_document.hpp"

#include <boost/test/unit_test.hpp>

using namespace tsms;
using model::script_way;

namespace {

std::string script_of(const std::string& commands) {
    return "{\"version\":1,\"commands\":[" + commands + "]}";
}

/// "" where the upload is accepted.
std::string fault_of(const std::string& commands) {
    try {
        store::parse_script(script_of(commands));
        return "";
    } catch (const store::script_fault& fault) {
        return fault.what();
    }
}

/// Of one command with these members beside its tag.
std::string fault_of_command(const std::string& members) {
    return fault_of(R"({"tag":"t",)" + members + "}");
}

const std::string stored = R"("via":"store-data",)";

std::string repeated(const std::string& what, std::size_t times) {
    std::string out;
    while (times-- > 0)
        out += what;
    return out;
}

model::personalization_script parsed(const std::string& commands) {
    return std::get<model::personalization_script>(store::parse_script(script_of(commands)));
}

} // namespace

BOOST_AUTO_TEST_SUITE(personalization_script)

BOOST_AUTO_TEST_CASE(what_is_left_out_has_its_default) {
    const auto script = parsed(R"({"tag":"x","header":"80E29000","data":"${key}","via":"store-data","encrypt":"dek"},
        {"tag":"pin","header":"80e29000","data":"0102${pin}"},
        {"tag":"","header":"00DA0101","data":"","le":"00","expect":["9000","6a88"],"via":"select"})");
    BOOST_REQUIRE_EQUAL(script.commands.size(), 3u);
    const auto& encrypted = script.commands[0];
    BOOST_TEST(encrypted.encrypt);
    BOOST_TEST((encrypted.via == script_way::store_data));
    const auto& pin = script.commands[1];
    BOOST_TEST(pin.header == "80E29000");
    BOOST_TEST((pin.expect == std::vector<std::string>{"9000"}));
    BOOST_TEST(pin.le == "");
    BOOST_TEST((model::way_of(pin, true) == script_way::select));
    BOOST_TEST((model::way_of(pin, false) == script_way::store_data));
    const auto& put = script.commands[2];
    BOOST_TEST((put.expect == std::vector<std::string>{"9000", "6A88"}));
    BOOST_TEST(put.le == "00");
    BOOST_TEST((model::way_of(put, false) == script_way::select));
    BOOST_TEST((model::way_of({.encrypt = true}, true) == script_way::store_data)); // a domain has the key
    BOOST_TEST(script.hindrance == "");
}

BOOST_AUTO_TEST_CASE(each_fault_names_its_command) {
    const std::pair<const char*, const char*> faults[] = {
        {R"("header":"80E2900")", "has no ‘header’ of four octets in hexadecimal"},
        {R"("header":"80E29000","data":"0102${pin")", "has ‘data’ that is not hexadecimal with ${key} between octets"},
        {R"("header":"80E29000","data":"0102${}")", "has ‘data’ that is not hexadecimal with ${key} between octets"},
        {R"("header":"80E29000","data":"0${a}1")", "has ‘data’ that is not hexadecimal with ${key} between octets"},
        {R"("header":"80E29000","le":"0100")", "has an ‘le’ that is not one octet in hexadecimal"},
        {R"("header":"80E29000","via":"select ")", "has a ‘via’ other than store-data and select"},
        {R"("header":"80E29000","encrypt":"kek")", "has an ‘encrypt’ other than dek"},
        {R"("header":"80E29000","expect":[])",
         "has an ‘expect’ that is no list of at most 16 status words in hexadecimal"},
        {R"("header":"80E29000","x":1)", "has another member than tag, header, data, le, expect, via and encrypt"},
        {R"("header":"80E69000","via":"store-data")", "goes via store-data and is no STORE DATA (‘header’ 80E2…)"},
        {R"("header":"84E29000","via":"store-data")", "goes via store-data and is no STORE DATA (‘header’ 80E2…)"},
        {R"("header":"00E29000","encrypt":"dek","data":"00")",
         "goes via store-data and is no STORE DATA (‘header’ 80E2…)"},
        {R"("header":"80E29800","via":"store-data")", "has a P1 that is reserved: DGI and BER-TLV at once"},
        {R"("header":"80E29000","encrypt":"dek","data":"00")",
         "is to be encrypted, and its data are no multiple of 16 octets"},
        {R"("header":"80E29000","encrypt":"dek")", "is to be encrypted, and has no data"},
        {R"("header":"80E29000","encrypt":"dek","via":"select","data":"00")",
         "is to be encrypted, and goes via select"},
        {R"("header":"00A40400","via":"select","data":"A000000151000000")",
         "selects an application, or opens a channel; the TSM does that"},
        {R"("header":"80A40400")", "selects an application, or opens a channel; the TSM does that"},
        {R"("header":"00700000")", "selects an application, or opens a channel; the TSM does that"},
        {R"("header":"80503000")", "opens a secure channel, or authenticates; no script can"},
        {R"("header":"84823300")", "has secure messaging in its class, whose keys no script has"},
        {R"("header":"80823300")", "opens a secure channel, or authenticates; no script can"},
        {R"("header":"01DA0101")", "names a logical channel in its class; the phone chooses it"},
        {R"("header":"40DA0101")", "names a logical channel in its class; the phone chooses it"},
        {R"("header":"FFDA0101")", "names a logical channel in its class; the phone chooses it"},
        {R"("header":"00620101")", "has an instruction that is none (ISO/IEC 7816-4 5.4.2)"},
    };
    for (const auto& [members, why] : faults) {
        BOOST_TEST(fault_of_command(members) == std::string("commands[0] ") + why, members);
        const std::string good = R"({"tag":"t","header":"80E28800","data":"010100","via":"store-data"},)";
        BOOST_TEST(fault_of(good + R"({"tag":"t",)" + members + "}") == std::string("commands[1] ") + why, members);
    }
    BOOST_TEST(fault_of(R"({"header":"80E29000"})") == "commands[0] has no text ‘tag’");
    BOOST_TEST(fault_of("1") == "commands[0] is no object");
}

BOOST_AUTO_TEST_CASE(bounds) {
    const auto data = [](std::size_t octets) { return "\"data\":\"" + repeated("01", octets) + "\""; };
    const std::string selected = R"("header":"00DA0101","via":"select",)", store = R"("header":"80E28800",)" + stored;
    BOOST_TEST(fault_of_command(selected + data(255)) == "");
    BOOST_TEST(fault_of_command(selected + data(256)) == "commands[0] has more than 255 octets of data");
    BOOST_TEST(fault_of_command(store + data(239)) == "");
    BOOST_TEST(fault_of_command(store + data(240)) == "commands[0] has more than 239 octets of data");
    BOOST_TEST(fault_of(R"({"tag":")" + repeated("t", 64) + R"(","header":"00DA0101"})") == "");
    BOOST_TEST(fault_of(R"({"tag":")" + repeated("t", 65) + R"(","header":"00DA0101"})") ==
               "commands[0] has a ‘tag’ of more than 64 octets");
    const std::string one = R"({"tag":"t","header":"00DA0101"})";
    BOOST_TEST(fault_of(one + repeated("," + one, 255)) == "");
    BOOST_TEST(fault_of(one + repeated("," + one, 256)) == "‘commands’ has more than 256 entries");
    const auto expect = [](std::size_t count) {
        return R"("header":"00DA0101","expect":["9000")" + repeated(",\"6A88\"", count - 1) + "]";
    };
    BOOST_TEST(fault_of_command(expect(16)) == "");
    BOOST_TEST(fault_of_command(expect(17)) != "");
}

// A script's store-data commands go out in one channel, before its application is selected.
BOOST_AUTO_TEST_CASE(what_is_stored_comes_first) {
    const std::string store = R"({"tag":"t","header":"80E28800","via":"store-data"})",
                      either = R"({"tag":"t","header":"80E28800"})",
                      select = R"({"tag":"t","header":"80E28800","via":"select"})";
    const std::string why = "commands[1] goes via store-data behind one that goes, or may go, via select";
    BOOST_TEST(fault_of(store + "," + either + "," + select) == "");
    BOOST_TEST(fault_of(select + "," + either) == "");
    BOOST_TEST(fault_of(select + "," + store) == why);
    BOOST_TEST(fault_of(either + "," + store) == why);
}

BOOST_AUTO_TEST_CASE(what_means_something_to_a_domain_is_refused) {
    const auto why = [](const std::string& header, const std::string& data, const std::string& via = "store-data") {
        return fault_of_command("\"header\":\"" + header + "\",\"data\":\"" + data + "\",\"via\":\"" + via + "\"");
    };
    const auto means = [](const std::string& what) {
        return "commands[0] stores " + what + ", which means something to a security domain";
    };
    for (const auto* tag : {"42", "45",   "4F",   "66",   "67",   "70",   "73",   "B9",   "A6",   "CF",   "E0",  "C1",
                            "D3", "5F20", "5F50", "7F21", "7F49", "9F66", "9F67", "9F6E", "9F7F", "BF30", "FF21"}) {
        const auto object = std::string(tag) + "0101";
        BOOST_TEST(why("80E29000", object) == means("tag " + std::string(tag)), tag);
        BOOST_TEST(why("80E29000", "010100" + object) == means("tag " + std::string(tag)), tag);
        BOOST_TEST(why("80E29000", "00" + object) == means("tag " + std::string(tag)), tag); // padding
        BOOST_TEST(why("80E28000", object) == means("tag " + std::string(tag)), tag);        // without a format
        BOOST_TEST(why("80E29000", std::string(tag) + "${iin}") == means("tag " + std::string(tag)), tag);
        BOOST_TEST(why("80E29000", "810103" + object + "${iin}") == means("tag " + std::string(tag)), tag);
        BOOST_TEST(why("80E29000", object, "select") == "", tag);
        BOOST_TEST(why("80E29000", "C0030101" + object.substr(0, 2)) == "", tag); // within another one
    }
    for (const auto* group : {"00B9", "8113", "8110", "811F", "0070", "0042", "00CF", "7F21", "5F20", "FF21"}) {
        BOOST_TEST(why("80E28800", std::string(group) + "0100") == means("data group " + std::string(group)), group);
        BOOST_TEST(why("80E2E800", "0101FF000101" + std::string(group) + "0100") ==
                   means("data group " + std::string(group)));
        BOOST_TEST(why("80E28000", std::string(group) + "0100") != "", group);
    }
    for (const auto* group : {"0101", "8000", "8010", "8101", "8120", "9102", "7F20", "4201"})
        BOOST_TEST(why("80E28800", std::string(group) + "0100") == "", group);
    // By default a command goes either way.
    BOOST_TEST(fault_of_command(R"("header":"80E29000","data":"420101")") == means("tag 42"));
    BOOST_TEST(fault_of_command(R"("header":"00DA0101","data":"420101")") == "");
}

// A card that puts blocks together reads something else than one that does not.
BOOST_AUTO_TEST_CASE(a_chain_is_looked_at_as_a_whole_and_block_by_block) {
    const auto check = [](std::vector<std::pair<std::uint8_t, const char*>> blocks) {
        gp::domain_data_check check;
        std::size_t at = 0;
        std::uint8_t p2 = 0;
        for (const auto& [p1, data] : blocks) {
            if (auto fault = check.add(p1, p2, hex(data)))
                return std::to_string(at) + " " + *fault;
            ++at;
            p2 = (p1 & 0x80) != 0 ? 0 : static_cast<std::uint8_t>(p2 + 1);
        }
        return std::string();
    };
    const std::string tag = "1 stores tag 42, which means something to a security domain";
    BOOST_TEST(check({{0x10, "0103AA"}, {0x90, "AABB420101"}}) == tag); // behind what the first one has begun
    BOOST_TEST(check({{0x10, "C003"}, {0x90, "420101"}}) == tag);       // within it, unless blocks are read alone
    BOOST_TEST(check({{0x10, "0101AA"}, {0x90, "410101"}}) == "");
    BOOST_TEST(check({{0x90, "C003"}, {0x90, "410101"}}) == "");
    // Which block's P1 counts nobody knows: here DGI 4101 with two octets, or a tag 41 with one and then 42.
    BOOST_TEST(check({{0x08, "41010242"}, {0x88, "01"}}) == "");
    BOOST_TEST(check({{0x08, "41010242"}, {0x90, "01"}}) != "");
    // A value fills in what was not known.
    gp::domain_data_check placeholders;
    BOOST_TEST(!placeholders.add(0x10, 0, hex("0101"), false));
    BOOST_TEST(!placeholders.add(0x90, 1, hex("0101"), false));
    BOOST_TEST(placeholders.add(0x90, 0, hex("42"), false).has_value());
}

// The application may end its personalization at any block (GPCS 7.3.3): to the domain the rest is a chain of its own.
BOOST_AUTO_TEST_CASE(what_follows_a_block_that_was_refused_is_looked_at_too) {
    gp::domain_data_check keys; // from the third block on: data group 00B9 and a key set
    BOOST_TEST(!keys.add(0x08, 0, hex("C000FF0400")));
    BOOST_TEST(!keys.add(0x08, 1, hex("C10000")));
    BOOST_TEST(!keys.add(0x08, 2, hex("00")));
    BOOST_TEST(keys.add(0x88, 3, hex("B911B90F950110")).value_or("") ==
               "stores data group 00B9, which means something to a security domain");
    gp::domain_data_check aid; // 5F20 begins with the last octet of a block
    BOOST_TEST(!aid.add(0x10, 0, hex("DF01820400")));
    BOOST_TEST(!aid.add(0x10, 1, hex("5F")));
    BOOST_TEST(aid.add(0x90, 2, hex("2003AABBCC")).value_or("") ==
               "stores tag 5F20, which means something to a security domain");
    gp::domain_data_check endless; // a number that wraps would begin the chain anew, and end it unread
    for (unsigned block = 0; block < 256; ++block)
        BOOST_TEST(!endless.add(0x08, static_cast<std::uint8_t>(block), hex("C10000")));
    BOOST_TEST(endless.end().has_value());
    BOOST_TEST(endless.add(0x08, 0, hex("C10000")).has_value());
    BOOST_TEST(fault_of_command(R"("header":"80E20807","data":"C10000","via":"store-data")") ==
               "commands[0] has block number 07 (P2) where 00 is next");
    BOOST_TEST(fault_of_command(R"("header":"80E20800","data":"C10000","via":"store-data")") ==
               "commands[0] is the end of the script, and no last block (P1, bit 80)");
    BOOST_TEST(fault_of_command(R"("header":"80E20800","data":"C10000","via":"store-data","expect":["6A86"])") ==
               "commands[0] is no last block (P1, bit 80), and may only be answered 9000: what refuses it may end the "
               "chain there");
}

BOOST_AUTO_TEST_CASE(placeholders_get_their_values) {
    const std::map<std::string, std::string> call{{"pin", "31323334"}, {"odd", "123"}, {"text", "x1"}},
        flavor{{"pin", "00"}, {"key.a-1", "aabb"}, {"empty", ""}};
    const model::script_values values{call, flavor};
    BOOST_TEST(to_hex(model::fill("0102${pin}03${key.a-1}${empty}", values)) == "01023132333403AABB");
    BOOST_TEST(to_hex(model::fixed_octets("0102${pin}03")) == "0102");
    BOOST_TEST(model::known_octets("0102${pin}03") == 3u);
    BOOST_TEST((model::placeholders_of("${a}00${b}") == std::vector<std::string>{"a", "b"}));
    const auto why = [&](const char* text) {
        try {
            model::fill(text, values);
            return std::string();
        } catch (const model::script_error& e) {
            return std::string(e.what());
        }
    };
    BOOST_TEST(why("00${nothing}") == "no value for placeholder ${nothing}");
    BOOST_TEST(why("${odd}") == "the value of placeholder ${odd} is not an even number of hexadecimal digits");
    BOOST_TEST(why("${text}") == "the value of placeholder ${text} is not an even number of hexadecimal digits");
}

// What a version before has accepted stays in the catalog, and is not executed.
BOOST_AUTO_TEST_CASE(what_cannot_be_executed_says_why) {
    const auto hindrance = [](const std::string& text) { return store::executable_script(text).hindrance; };
    BOOST_TEST(hindrance(script_of(R"({"tag":"t","header":"80E29000","data":"420101","via":"store-data"})")) ==
               "commands[0] stores tag 42, which means something to a security domain");
    BOOST_TEST(hindrance(R"({"version":1,"remote":{"url":"https://a"}})") ==
               "scripts of the remote kind are not supported yet");
    BOOST_TEST(hindrance("") != "");
    BOOST_TEST(hindrance(script_of("")) == "");
}

BOOST_AUTO_TEST_SUITE_END()
