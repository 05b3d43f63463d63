#include <catch2/catch.hpp>

#include "fixture.hpp"

using namespace plugins_list;
using millrace::testing::batch;
using millrace::testing::null;

TEST_CASE("input.catalog asks with its parameters and emits what comes", "[input][catalog]") {
  auto input = harness(
      "input.catalog",
      R"({"entity": "jobs", "columns": ["id"], "where": [{"column": "owner", "op": "=", "value": "a\"b"}], "order": ["-id"], "limit": 2})");
  REQUIRE(input.faults().empty());
  std::string asked;
  input.answer_catalog([&asked](std::string_view query) {
    asked = query;
    return batch({{"id", {9, 7}}});
  });
  REQUIRE(input.run().ok());
  CHECK(input.has_ended());
  CHECK(
      asked ==
      R"({"entity":"jobs","columns":["id"],"where":[{"column":"owner","op":"=","value":"a\"b"}],"order":["-id"],"limit":2})");
  CHECK(input.column<std::int64_t>("id") == std::vector<std::int64_t>{9, 7});
}

TEST_CASE("input.catalog passes on why the catalog refused", "[input][catalog]") {
  auto input = harness("input.catalog", R"({"entity": "nothing"})");
  input.answer_catalog([](std::string_view) -> millrace::Batch {
    throw std::runtime_error{"no such entity: nothing"};
  });
  const auto status = input.run();
  CHECK_FALSE(status.ok());
  CHECK_THAT(status.message(), Catch::Contains("no such entity"));
}

TEST_CASE("input.catalog checks the form of conditions before anything runs", "[input][catalog]") {
  CHECK_FALSE(harness("input.catalog", R"({"entity": "jobs", "where": [{"column": "id"}]})")
                  .faults()
                  .empty());
  CHECK_FALSE(harness("input.catalog",
                      R"({"entity": "jobs", "where": [{"column": "id", "op": "~", "value": 1}]})")
                  .faults()
                  .empty());
  CHECK_FALSE(harness("input.catalog", R"({"entity": "jobs", "limit": 0})").faults().empty());
  CHECK_FALSE(harness("input.catalog", "{}").faults().empty());
}

TEST_CASE("output.catalog does its action once for every row", "[output][catalog]") {
  auto output =
      harness("output.catalog", R"({"entity": "jobs", "action": "abort", "reason": "user"})");
  std::vector<std::string> asked;
  output.answer_catalog([&asked](std::string_view change) {
    asked.emplace_back(change);
    return batch({{"id", {static_cast<std::int64_t>(asked.size())}}, {"state", {"aborted"}}});
  });
  REQUIRE(output.push(batch({{"id", {7, null, 9}}})).ok());
  REQUIRE(output.finish().ok());
  CHECK(asked ==
        std::vector<std::string>{R"({"entity":"jobs","action":"abort","reason":"user","id":7})",
                                 R"({"entity":"jobs","action":"abort","reason":"user","id":9})"});
  CHECK(output.column<std::string>("state") == std::vector<std::string>{"aborted", "aborted"});
}

TEST_CASE("output.catalog with an id acts once, and not without a row", "[output][catalog]") {
  auto output = harness("output.catalog", R"({"entity": "jobs", "action": "retry", "id": 5})");
  int calls = 0;
  output.answer_catalog([&calls](std::string_view) {
    ++calls;
    return batch({{"id", {5}}});
  });
  REQUIRE(output.push(batch({{"id", {1}}}).slice(0, 0)).ok());
  CHECK(calls == 0);
  REQUIRE(output.push(batch({{"id", {1, 2}}})).ok());
  REQUIRE(output.push(batch({{"id", {3}}})).ok());
  CHECK(calls == 1);
}

TEST_CASE("output.catalog changes what meets conditions, or inserts many, once",
          "[output][catalog]") {
  const std::string change = GENERATE(
      R"({"entity":"tags","action":"update","where":[{"column":"name","op":"like","value":"a%"}],"set":{"description":"b"}})",
      R"({"entity":"tags","action":"delete","where":[{"column":"id","op":"in","value":[1,2]}],"cascade":true})",
      R"({"entity":"tags","action":"insert","rows":[{"name":"a"},{"name":"b"}]})");
  auto output = harness("output.catalog", change);
  std::vector<std::string> asked;
  output.answer_catalog([&asked](std::string_view text) {
    asked.emplace_back(text);
    return batch({{"id", {1, 2}}});
  });
  REQUIRE(output.push(batch({{"id", {7, 9}}})).ok());
  REQUIRE(output.push(batch({{"id", {8}}})).ok());
  CHECK(asked == std::vector<std::string>{change});
  CHECK(output.column<std::int64_t>("id") == std::vector<std::int64_t>{1, 2});
}

TEST_CASE("output.catalog compares with columns of each row", "[output][catalog]") {
  auto output = harness(
      "output.catalog",
      R"({"entity": "jobs", "action": "abort", "reason": "user", "where": [{"column": "dialect", "op": "=", "value": "audience"},
          {"column": "external_id", "op": ">=", "from": "task"}, {"column": "priority", "op": "=", "from": "number"}]})");
  std::vector<std::string> asked;
  output.answer_catalog([&asked](std::string_view change) {
    asked.emplace_back(change);
    return batch({{"id", {7, 8}}});
  });
  REQUIRE(output.push(batch({{"task", {"a\"]}", "b", null}}, {"number", {1, null, 3}}})).ok());
  REQUIRE(output.finish().ok());
  CHECK(
      asked ==
      std::vector<std::string>{
          R"({"entity":"jobs","action":"abort","reason":"user","where":[{"column":"dialect","op":"=","value":"audience"},)"
          R"({"column":"external_id","op":">=","value":"a\"]}"},{"column":"priority","op":"=","value":1}]})"});
  CHECK(output.column<std::int64_t>("id") == std::vector<std::int64_t>{7, 8});
  auto without = harness(
      "output.catalog",
      R"({"entity": "jobs", "action": "abort", "where": [{"column": "name", "op": "=", "from": "no"}]})");
  CHECK_FALSE(without.push(batch({{"task", {"a"}}})).ok());
  CHECK_FALSE(
      harness(
          "output.catalog",
          R"({"entity": "jobs", "action": "abort", "where": [{"column": "name", "op": "=", "value": "a", "from": "b"}]})")
          .faults()
          .empty());
}

TEST_CASE("output.catalog that goes on behind a checkpoint does not act again",
          "[output][catalog]") {
  auto output = harness("output.catalog", R"({"entity": "jobs", "action": "retry", "id": 5})");
  int calls = 0;
  output.answer_catalog([&calls](std::string_view) {
    ++calls;
    return batch({{"id", {5}}});
  });
  const auto before = output.snapshot();
  REQUIRE(output.push(batch({{"id", {1}}})).ok());
  const auto behind = output.snapshot();
  REQUIRE(output.restore(behind).ok());
  REQUIRE(output.push(batch({{"id", {2}}})).ok());
  CHECK(calls == 1);
  REQUIRE(output.restore(before).ok());
  REQUIRE(output.push(batch({{"id", {1}}})).ok());
  CHECK(calls == 2);
}

TEST_CASE("output.reply hands its rows on unchanged", "[output][reply]") {
  auto reply = harness("output.reply", "{}");
  REQUIRE(reply.push(batch({{"id", {1, null}}, {"name", {"a", "b"}}})).ok());
  REQUIRE(reply.finish().ok());
  CHECK(reply.rows() == 2);
  CHECK(reply.optional_column<std::int64_t>("id")[1] == std::nullopt);
}

TEST_CASE("input.catalog without a small limit asks page by page", "[input][catalog]") {
  const auto limit = GENERATE(0, 4'500);
  auto input = harness("input.catalog",
                       limit == 0 ? R"({"entity": "jobs", "offset": 3, "columns": ["id"]})"
                                  : R"({"entity": "jobs", "columns": ["id"], "limit": 4500})");
  std::vector<std::string> asked;
  input.answer_catalog([&asked](std::string_view query) {
    asked.emplace_back(query);
    if (query.find("count") != std::string_view::npos) return batch({{"count", {9}}});
    if (asked.size() > 2) return batch({{"id", {1, 2}}});
    return batch({{"id", {1, 2}}, {"@after", {null, "[2]"}}});
  });
  // As a job that dies behind each batch.
  for (int batches = 0; batches < 10; ++batches) {
    REQUIRE(input.run(1).ok());
    if (input.has_ended()) break;
    const auto state = input.snapshot();
    REQUIRE(input.restore(state).ok());
  }
  if (limit == 0) {
    CHECK(asked ==
          std::vector<std::string>{R"({"after":[],"offset":3,"entity":"jobs","columns":["id"]})",
                                   R"({"count":true,"entity":"jobs"})",
                                   R"({"after":[2],"entity":"jobs","columns":["id"]})"});
  } else {
    CHECK(asked == std::vector<std::string>{
                       R"({"after":[],"limit":4500,"entity":"jobs","columns":["id"]})",
                       R"({"after":[2],"limit":4498,"entity":"jobs","columns":["id"]})",
                       R"({"after":[2],"limit":4496,"entity":"jobs","columns":["id"]})"});
  }
}

TEST_CASE("input.catalog that asks for a password asks once, and fails when that is too much",
          "[input][catalog]") {
  auto input = harness(
      "input.catalog",
      R"({"entity": "users", "where": [{"column": "password", "op": "verify", "value": "x"}]})");
  std::string asked;
  std::vector<std::int64_t> many(1'000'000);
  input.answer_catalog([&](std::string_view query) {
    asked = query;
    millrace::Builder<std::int64_t> ids;
    for (const auto id : many) ids.append(id);
    return millrace::Batch{}.with("id", std::move(ids));
  });
  const auto status = input.run();
  CHECK(
      asked ==
      R"({"limit":1000000,"entity":"users","where":[{"column":"password","op":"verify","value":"x"}]})");
  CHECK(status.code() == MR_EXHAUSTED);
  CHECK_THAT(status.message(), Catch::Contains("give a limit"));
}
