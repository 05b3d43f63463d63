#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace plugins_list;
using Strings = std::vector<std::string>;
using Numbers = std::vector<std::int64_t>;

namespace {

millrace::testing::OperatorHarness input(std::string_view text, std::string_view more = "",
                                         std::string_view node = "source") {
  auto made = harness("input.list",
                      R"({"file": "qiniu:///z0/in/l.jsonlist")" + std::string{more} + "}", 0, node);
  made.put_object("qiniu:///z0/in/l.jsonlist", text);
  return made;
}

std::string record(std::int64_t number, std::size_t extra = 0) {
  return R"({"url":"u)" + std::to_string(number) + R"(","x":")" + std::string(extra, 'x') + "\"}";
}

// Everything that tells one run from another: the rows, and where batches end.
std::string shown(const millrace::testing::OperatorHarness& of) {
  std::string text;
  for (std::size_t i = 0; i < of.emitted(); ++i) {
    const auto batch = of.batch_at(i);
    const auto identities = batch.column<std::string_view>("identity");
    const auto records = batch.column<std::string_view>("record");
    for (std::int64_t row = 0; row < batch.rows(); ++row) {
      text.append(identities.value(row)).append("=").append(records.value(row)).append("\n");
    }
    text += "--\n";
  }
  return text;
}

}  // namespace

TEST_CASE("the documented list gives six records and one bad line", "[input][list]") {
  auto list = input(kPulp);
  REQUIRE(list.run().ok());
  CHECK(list.has_ended());
  CHECK(list.column<std::string>("url") ==
        Strings{"qiniu:///z0/in/img/a.png", "qiniu:///z0/in/img/b.png", "qiniu:///z0/in/img/c.png",
                "qiniu:///z0/in/img/d.png", "qiniu:///z0/in/img/e.png",
                "qiniu:///z0/in/img/f.png"});
  CHECK(list.column<std::int64_t>("line") == Numbers{1, 2, 3, 4, 6, 7});
  CHECK(list.column<std::int64_t>("@root") == Numbers{1, 2, 3, 4, 6, 7});
  CHECK(list.column<std::string>("identity")[4] == "qiniu:///z0/in/img/e.png#source:6");
  CHECK(list.column<std::string>("record")[5] ==
        R"({"url":"qiniu:///z0/in/img/f.png","type":"image"})");
  CHECK(list.column<std::string>("file")[0] == "qiniu:///z0/in/l.jsonlist");
  CHECK(list.column<std::string>("type")[0] == "image");
  const auto labels = list.optional_column<std::string>("label");
  CHECK(labels[3] == R"({"class":{"pulp":"normal"}})");
  CHECK_FALSE(labels[5]);
  CHECK_FALSE(list.optional_column<std::string>("ops")[0]);
  CHECK(list.counts().at("read") == 6);
  CHECK(list.counts().at("badLines") == 1);
  REQUIRE(list.events().size() == 1);
  CHECK(list.events()[0].code == "bad_line");
  CHECK(list.events()[0].line == 5);
  CHECK(list.events()[0].file == "qiniu:///z0/in/l.jsonlist");
}

TEST_CASE("byte order mark, CRLF, blank lines and a missing last line feed are taken",
          "[input][list]") {
  auto list = input("\xEF\xBB\xBF{\"url\":\"a\"}\r\n\r\n  \t\n{\"url\":\"b\"}\r\n{\"url\":\"c\"}");
  REQUIRE(list.run().ok());
  CHECK(list.column<std::string>("url") == Strings{"a", "b", "c"});
  CHECK(list.column<std::int64_t>("line") == Numbers{1, 4, 5});
  CHECK(list.column<std::string>("record")[1] == R"({"url":"b"})");
  CHECK(list.events().empty());
}

TEST_CASE("an empty list emits nothing and is no error", "[input][list]") {
  for (const std::string_view text : {"", "\xEF\xBB\xBF", "\n\n", "\xEF"}) {
    auto list = input(text);
    REQUIRE(list.run().ok());
    CHECK(list.rows() == 0);
    CHECK(list.has_ended());
  }
}

TEST_CASE("a list of bad lines alone ends well", "[input][list]") {
  auto list = input("no\n[]\n{}\n");
  REQUIRE(list.run().ok());
  CHECK(list.rows() == 0);
  CHECK(list.counts().at("badLines") == 3);
}

TEST_CASE("batches never cross a block of 1024 lines", "[input][list]") {
  std::string text;
  for (std::int64_t line = 1; line <= 2500; ++line) {
    text += (line == 1000 ? "bad" : line == 1030 ? "" : record(line)) + "\n";
  }
  auto list = input(text);
  REQUIRE(list.run().ok());
  REQUIRE(list.emitted() == 3);
  CHECK(list.batch_at(0).rows() == 1023);
  CHECK(list.batch_at(1).rows() == 1023);
  CHECK(list.batch_at(2).rows() == 452);
  CHECK(list.batch_at(1).column<std::int64_t>("line").value(0) == 1025);
}

TEST_CASE("lines are whole where the chunks of reading meet", "[input][list]") {
  std::string text;
  Strings expected;
  for (std::int64_t line = 1; line <= 3000; ++line) {
    expected.push_back(record(line, static_cast<std::size_t>(line * 7919 % 2311)));
    text += expected.back() + (line % 3 == 0 ? "\r\n" : "\n");
  }
  REQUIRE(text.size() > (std::size_t{3} << 20));
  auto list = input(text);
  REQUIRE(list.run().ok());
  CHECK(list.column<std::string>("record") == expected);
}

TEST_CASE("a line that is too long is passed over and the next one read", "[input][list]") {
  const std::size_t limit = std::size_t{4} << 20;
  const std::size_t frame = record(1).size();
  const std::string longest = record(1, limit - frame);
  REQUIRE(longest.size() == limit);
  auto list = input(longest + "\r\n" + record(2, limit - frame + 1) + "\n" + record(3, 3 * limit) +
                    "\n" + record(4) + "\n" + record(5, 2 * limit));
  REQUIRE(list.run().ok());
  CHECK(list.column<std::int64_t>("line") == Numbers{1, 4});
  REQUIRE(list.events().size() == 3);
  CHECK(list.events()[0].line == 2);
  CHECK(list.events()[1].line == 3);
  CHECK(list.events()[2].line == 5);
}

TEST_CASE("long lines make small batches", "[input][list]") {
  std::string text;
  for (std::int64_t line = 1; line <= 12; ++line) text += record(line, std::size_t{1} << 20) + "\n";
  auto list = input(text);
  REQUIRE(list.run().ok());
  CHECK(list.rows() == 12);
  CHECK(list.emitted() == 2);
}

TEST_CASE("a list that is not there is named", "[input][list]") {
  auto list = harness("input.list", R"({"file": "qiniu:///z0/in/none.jsonlist"})");
  const auto status = list.run();
  CHECK(status.code() == MR_NOT_FOUND);
  CHECK_THAT(status.message(), Catch::Contains("qiniu:///z0/in/none.jsonlist"));
}

TEST_CASE("too many bad lines fail the job when there is a limit", "[input][list]") {
  auto enough = input("bad\nbad\n{\"url\":\"a\"}\n", R"(, "max_bad_lines": 2)");
  CHECK(enough.run().ok());
  auto too_many = input("bad\nbad\nbad\n", R"(, "max_bad_lines": 2)");
  const auto status = too_many.run();
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("qiniu:///z0/in/l.jsonlist"));
  CHECK(too_many.events().size() == 3);
}

TEST_CASE("bare addresses are records only when asked for", "[input][list]") {
  const std::string text = "http://h/a\"b\nnot a url\nqiniu:///z0/b/k\nftp://h/x\n";
  auto list = input(text, R"(, "bare_urls": true)");
  REQUIRE(list.run().ok());
  CHECK(list.column<std::string>("url") == Strings{"http://h/a\"b", "qiniu:///z0/b/k"});
  CHECK(list.column<std::string>("record")[0] == R"({"url":"http://h/a\"b","type":"image"})");
  CHECK(list.counts().at("badLines") == 2);
  auto strict = input(text);
  REQUIRE(strict.run().ok());
  CHECK(strict.counts().at("badLines") == 4);
}

TEST_CASE("the array shape of labels can be switched off", "[input][list]") {
  const std::string text = R"({"url":"a","label":[]})";
  auto list = input(text);
  REQUIRE(list.run().ok());
  CHECK(list.rows() == 1);
  auto strict = input(text, R"(, "accept_label_array": false)");
  REQUIRE(strict.run().ok());
  CHECK(strict.rows() == 0);
}

TEST_CASE("a restored input goes on behind its last batch", "[input][list]") {
  std::string text = "\xEF\xBB\xBF";
  for (std::int64_t line = 1; line <= 3000; ++line)
    text += (line % 7 == 0 ? "bad" : record(line)) + "\r\n";
  auto whole = input(text);
  REQUIRE(whole.run().ok());
  for (const std::int64_t before : {0, 1, 2, 3}) {
    auto list = input(text);
    REQUIRE(list.run(before).ok());
    const std::string state = list.snapshot();
    REQUIRE(list.restore(state, before).ok());
    REQUIRE(list.run().ok());
    CHECK(shown(list) == shown(whole));
    CHECK(list.counts().at("badLines") == whole.counts().at("badLines"));
  }
}

TEST_CASE("a list that became shorter is not resumed", "[input][list]") {
  auto list = input(record(1) + "\n" + record(2) + "\n");
  REQUIRE(list.run().ok());
  const std::string state = list.snapshot();
  list.put_object("qiniu:///z0/in/l.jsonlist", "");
  REQUIRE(list.restore(state, 1).ok());
  CHECK(list.run().code() == MR_DATA_INVALID);
  CHECK_FALSE(list.restore("nonsense", 1).ok());
}
