// clean.votes as built: through its plugin.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using millrace::Batch;
using millrace::Builder;
using millrace::testing::batch;
using millrace::testing::null;
using millrace::testing::OperatorHarness;

namespace {

using Words = std::vector<std::string>;

const std::string kCleanVotes = std::string{MR_BINARY_DIR} + "/lib/millrace/plugins/clean_votes.so";
const std::string kCleanConflicts =
    R"("conflicts": [["/male", "/female"], ["/unmarried", "/married"]])";

OperatorHarness cleaning(const std::string& params) {
  millrace::testing::HarnessOptions options;
  options.library = kCleanVotes;
  return OperatorHarness{"clean.votes", params, options};
}

std::string fault_of_cleaning(const std::string& params) {
  const auto harness = cleaning(params);
  return harness.faults().empty()
             ? std::string{}
             : harness.faults()[0].pointer + ": " + harness.faults()[0].message;
}

struct VoteRow {
  std::int64_t window;
  std::string author, panel, table;
  std::int64_t time;
  std::string id;
};

Batch batch_of(const std::vector<VoteRow>& rows) {
  Builder<std::int64_t> window, time;
  Builder<std::string_view> author, panel, table, id;
  for (const VoteRow& row : rows) {
    window.append(row.window);
    author.append(row.author);
    panel.append(row.panel);
    table.append(row.table);
    time.append(row.time);
    id.append(row.id);
  }
  return Batch{}
      .with("window", std::move(window))
      .with("source_author", std::move(author))
      .with("panel", std::move(panel))
      .with("table", std::move(table))
      .with("create_time", std::move(time))
      .with("id", std::move(id));
}

// What the rules of the specification say, written as they are read: one window, by table, time,
// id.
std::vector<std::string> expected_ids(const std::vector<VoteRow>& rows) {
  using Author = std::pair<std::string, std::string>;
  struct Entry {
    std::int64_t votes = 0;
    const VoteRow* row = nullptr;
  };
  std::map<Author, std::map<std::string, Entry>> authors;
  for (const VoteRow& row : rows) {
    Entry& entry = authors[{row.table, row.author}][row.panel];
    ++entry.votes;
    if (entry.row == nullptr ||
        std::tie(row.time, row.id) >= std::tie(entry.row->time, entry.row->id))
      entry.row = &row;
  }
  std::vector<const VoteRow*> kept;
  for (const auto& [author, panels] : authors) {
    for (const auto& [panel, entry] : panels) {
      const bool is_gender = panel == "/male" || panel == "/female";
      const auto rival = panels.find(panel == "/male" ? "/female" : "/male");
      if (is_gender && rival != panels.end() && rival->second.votes >= entry.votes) continue;
      kept.push_back(entry.row);
    }
  }
  std::stable_sort(kept.begin(), kept.end(), [](const VoteRow* one, const VoteRow* other) {
    return std::tie(one->table, one->time, one->id) <
           std::tie(other->table, other->time, other->id);
  });
  std::vector<std::string> ids;
  for (const VoteRow* row : kept) ids.push_back(row->id);
  return ids;
}

std::vector<VoteRow> drawn_rows(std::int64_t count, std::int64_t window, unsigned seed) {
  std::mt19937 drawn{seed};
  const Words panels{"/male", "/female", "/young", "/married"};
  std::vector<VoteRow> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto number = std::to_string(i);
    rows.push_back({window, "author " + std::to_string(drawn() % 700), panels[drawn() % 4],
                    drawn() % 2 == 0 ? "a" : "b", static_cast<std::int64_t>(drawn() % 100),
                    std::string(6 - number.size(), '0') + number});
  }
  return rows;
}

}  // namespace

TEST_CASE("clean.votes conforms", "[conformance]") {
  for (const auto& finding : millrace::testing::check_conformance(kCleanVotes))
    FAIL_CHECK(finding.operator_id << ", " << finding.check << ": " << finding.message);
}

TEST_CASE("a window is cleaned when the next one begins, by group", "[preprocess][clean_votes]") {
  auto harness =
      cleaning(R"({"together": "window", "author": ["s_id", "author"], )" + kCleanConflicts + "}");
  const auto push = [&](Batch rows) { REQUIRE(harness.push(std::move(rows)).ok()); };
  push(batch({{"id", {"b1", "b4", "b2", "b5", "b3"}},
              {"s_id", {"F", "F", "F", "F", "F"}},
              {"author", {"u1", "u2", "u1", "u2", "u1"}},
              {"panel", {"/male", "/male", "/female", "/female", "/male"}},
              {"create_time", {60, 90, 120, 150, 180}},
              {"window", {0, 0, 0, 0, 0}}}));
  CHECK(harness.rows() == 0);
  push(batch({{"id", {"b6", "b7", "b8", "b9", "b9x", "b10", "b11"}},
              {"s_id", {"F", "F", "F", "F", "F", "F", "F"}},
              {"author", {"u2", "u3", "u3", "u3", "u3", "\xE3\x80\x80u4\xE3\x80\x80", "u4 "}},
              {"panel", {"/female", "/female", "/female", "/student", null, "/male", "/male"}},
              {"create_time", {420, 480, 540, 600, 610, 660, 690}},
              {"window", {360, 360, 360, 360, 360, 360, 360}}}));
  CHECK(harness.column<std::string>("id") == Words{"b3"});
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::string>("id") == Words{"b3", "b6", "b8", "b9", "b10", "b11"});
  CHECK(harness.column<std::string>("source_author") ==
        Words{"F_u1", "F_u2", "F_u3", "F_u3", "F_\xE3\x80\x80u4", "F_u4"});
  CHECK(harness.counts() ==
        std::map<std::string, std::int64_t>{{"contradictedPanels", 3}, {"skippedRows", 1}});
}

TEST_CASE("the rule of the first two panels keeps one at a tie", "[preprocess][clean_votes]") {
  auto harness = cleaning(R"({"rule": "first_two", "votes_column": "votes"})");
  REQUIRE(harness
              .push(batch({{"id", {"a", "b", "c", "d", "e"}},
                           {"source_author", {"u", "u", "u", "u", "u"}},
                           {"panel", {"男性", "女性", "青年", "男性", "女性"}},
                           {"create_time", {1, 2, 3, 4, 5}}}))
              .ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::string>("id") == Words{"c", "d"});
  CHECK(harness.column<std::int64_t>("votes") == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("one author at a time gives what all together give", "[preprocess][clean_votes]") {
  auto rows = drawn_rows(5000, 0, 3);
  std::stable_sort(rows.begin(), rows.end(), [](const VoteRow& one, const VoteRow& other) {
    return std::tie(one.table, one.author) < std::tie(other.table, other.author);
  });
  auto harness = cleaning(R"({"together": "author", "table": "table", )" + kCleanConflicts + "}");
  for (std::size_t first = 0; first < rows.size(); first += 700) {
    const auto behind = std::min(first + 700, rows.size());
    REQUIRE(harness
                .push(batch_of({rows.begin() + static_cast<std::ptrdiff_t>(first),
                                rows.begin() + static_cast<std::ptrdiff_t>(behind)}))
                .ok());
  }
  CHECK(harness.rows() > 1000);
  REQUIRE(harness.finish().ok());
  auto ids = harness.column<std::string>("id"), wanted = expected_ids(rows);
  std::sort(ids.begin(), ids.end());
  std::sort(wanted.begin(), wanted.end());
  CHECK(ids == wanted);
}

TEST_CASE("more than memory holds is cleaned the same, window by window",
          "[preprocess][clean_votes]") {
  const auto cleaned = [](const std::string& memory) {
    auto harness = cleaning(R"({"together": "window", "table": "table", "tables": ["a", "b"], )" +
                            kCleanConflicts + R"(, "memory": )" + memory + "}");
    for (std::int64_t window = 0; window < 3; ++window) {
      const auto rows = drawn_rows(4000, window, static_cast<unsigned>(window));
      for (auto part = rows.begin(); part != rows.end(); part += 500)
        REQUIRE(harness.push(batch_of({part, part + 500})).ok());
    }
    REQUIRE(harness.finish().ok());
    return harness.column<std::string>("id");
  };
  Words wanted;
  for (std::int64_t window = 0; window < 3; ++window) {
    const auto ids = expected_ids(drawn_rows(4000, window, static_cast<unsigned>(window)));
    wanted.insert(wanted.end(), ids.begin(), ids.end());
  }
  CHECK(cleaned("67108864") == wanted);
  CHECK(cleaned("65536") == wanted);
}

TEST_CASE("a state holds a window that is not too large", "[preprocess][clean_votes]") {
  auto harness = cleaning(R"({"together": "window", "table": "table", "memory": 65536})");
  const auto rows = drawn_rows(60, 5, 1), more = drawn_rows(60, 5, 2);
  REQUIRE(harness.push(batch_of(rows)).ok());
  const auto state = harness.snapshot();
  REQUIRE(harness.push(batch_of(drawn_rows(4000, 5, 9))).ok());  // goes to the disk
  CHECK_THROWS_WITH(harness.snapshot(), Catch::Contains("too many"));
  REQUIRE(harness.restore(state, 1).ok());
  harness.clear();
  REQUIRE(harness.push(batch_of(more)).ok());
  REQUIRE(harness.finish().ok());
  auto all = rows;
  all.insert(all.end(), more.begin(), more.end());
  CHECK(harness.rows() == static_cast<std::int64_t>(expected_ids(all).size()));
}

TEST_CASE("a job goes on amid a window of many authors", "[preprocess][clean_votes]") {
  const std::string params =
      R"({"together": "window", "table": "table", "conflicts": [["/male", "/female"]]})";
  // As many as stay in memory, each with a row of its own.
  const auto window_of = [](std::int64_t window, int begin, int end) {
    std::vector<VoteRow> rows;
    for (int i = begin; i < end; ++i) {
      const auto number = std::to_string(i);
      rows.push_back({window, "author of a window " + std::to_string(i % 30'000),
                      i % 3 == 0 ? "/male" : "/female", i % 2 == 0 ? "Ptt" : "blog", i % 500,
                      std::string(6 - number.size(), '0') + number});
    }
    return rows;
  };
  const auto first = window_of(0, 0, 25'000), rest = window_of(0, 25'000, 40'000),
             next = window_of(6, 0, 10);
  auto harness = cleaning(params);
  REQUIRE(harness.push(batch_of(first)).ok());
  const auto state = harness.snapshot();
  harness.destroy();
  auto resumed = cleaning(params);
  REQUIRE(resumed.restore(state, 1).ok());
  CHECK(resumed.snapshot() == state);
  auto whole = cleaning(params);
  REQUIRE(whole.push(batch_of(first)).ok());
  for (auto* one : {&resumed, &whole}) {
    REQUIRE(one->push(batch_of(rest)).ok());
    REQUIRE(one->push(batch_of(next)).ok());
    REQUIRE(one->finish().ok());
  }
  CHECK(resumed.rows() > 25'000);
  CHECK(resumed.column<std::string>("id") == whole.column<std::string>("id"));
  CHECK(resumed.counts() == whole.counts());
}

TEST_CASE("a window that is larger than a state may be has none until it is given",
          "[preprocess][clean_votes][limits]") {
  auto harness = cleaning(R"({"together": "window"})");
  const auto wide = [](std::int64_t window, std::size_t bytes) {
    return batch_of({{window, std::string(bytes, 'u'), "/male", "", 1, "a"}});
  };
  // The author stands in the entry and in its row.
  constexpr std::size_t kMost = std::size_t{8} << 20;
  REQUIRE(harness.push(wide(1, kMost / 2 - 1000)).ok());
  CHECK_NOTHROW(harness.snapshot());
  REQUIRE(harness.push(wide(2, kMost / 2)).ok());
  CHECK_THROWS_WITH(harness.snapshot(), Catch::Contains("too many for a state"));
  REQUIRE(harness.push(wide(3, 1)).ok());
  CHECK_NOTHROW(harness.snapshot());
}

TEST_CASE("rows that grow go to the disk too", "[preprocess][clean_votes]") {
  auto harness = cleaning(R"({"memory": 65536})");
  const auto rows_of = [](std::size_t bytes, std::int64_t time) {
    std::vector<VoteRow> rows;
    for (int i = 0; i < 20; ++i)
      rows.push_back({0, "u" + std::to_string(i), "p", std::string(bytes, 't'), time, "x"});
    return batch_of(rows);
  };
  REQUIRE(harness.push(rows_of(1, 1)).ok());
  CHECK_NOTHROW(harness.snapshot());
  REQUIRE(harness.push(rows_of(40'000, 2)).ok());
  CHECK_THROWS_WITH(harness.snapshot(), Catch::Contains("too many"));
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::int64_t>("create_time") == std::vector<std::int64_t>(20, 2));
  CHECK(harness.column<std::string>("table")[19].size() == 40'000);
}

TEST_CASE("an earlier window behind a later one is an error", "[preprocess][clean_votes]") {
  auto harness = cleaning(R"({"together": "window"})");
  REQUIRE(harness.push(batch_of(drawn_rows(3, -6, 1))).ok());
  REQUIRE(harness.push(batch_of(drawn_rows(3, 6, 1))).ok());
  const auto status = harness.push(batch_of(drawn_rows(3, 0, 1)));
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("window"));
}

TEST_CASE("columns that some rows lack are null there", "[preprocess][clean_votes]") {
  auto harness = cleaning("{}");
  REQUIRE(harness
              .push(batch({{"id", {1, 2}},
                           {"source_author", {"u", "v"}},
                           {"panel", {"p", "p"}},
                           {"create_time", {9, 1}},
                           {"text", {"x", "y"}}}))
              .ok());
  REQUIRE(harness
              .push(batch({{"panel", {"p", "q"}},
                           {"id", {10, 9}},
                           {"source_author", {"v", "v"}},
                           {"create_time", {1, 2}}}))
              .ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.column<std::int64_t>("id") == std::vector<std::int64_t>{10, 9, 1});
  CHECK(harness.optional_column<std::string>("text") ==
        std::vector<std::optional<std::string>>{std::nullopt, std::nullopt, "x"});
}

TEST_CASE("wrong parameters of a cleaning are faults", "[preprocess][clean_votes]") {
  CHECK_THAT(fault_of_cleaning(R"({"conflicts": [["a", "b"], ["c", "a"]]})"),
             Catch::StartsWith("/conflicts/1") && Catch::Contains("a"));
  CHECK_THAT(fault_of_cleaning(R"({"conflicts": [["a", "b"]], "rule": "first_two"})"),
             Catch::StartsWith("/conflicts"));
  CHECK_THAT(fault_of_cleaning(R"({"votes_column": "source_author"})"),
             Catch::StartsWith("/votes_column"));
  CHECK_THAT(fault_of_cleaning(R"({"author_column": "@root"})"), Catch::Contains("@root"));
  CHECK(fault_of_cleaning(R"({"author": ["a", "a", "b\"c"]})").empty());
}
