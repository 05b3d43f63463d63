#include <filesystem>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

using namespace millrace;
using namespace millrace::testing;

namespace {

HarnessOptions sample() {
  HarnessOptions options;
  options.library = MR_TEST_PLUGINS "/sample/sample.so";
  return options;
}

}  // namespace

TEST_CASE("the harness feeds an operator and shows what came out", "[testing][harness]") {
  OperatorHarness harness{"filter.sample_min", R"({"min": 4})", sample()};
  REQUIRE(harness.push(batch({{"value", {1.0, 4.0, null, 9.0}}})).ok());
  REQUIRE(harness.push(batch({{"value", {10.0}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.rows() == 3);
  CHECK(harness.emitted() == 2);
  CHECK(harness.column<double>("value") == std::vector{4.0, 9.0, 10.0});
  CHECK(harness.params() == R"({"min":4})");
  CHECK(harness.faults().empty());
  harness.clear();
  CHECK(harness.rows() == 0);
  CHECK(harness.column<double>("value").empty());
}

TEST_CASE("batches are written as they look", "[testing][batch]") {
  const auto rows = batch({{"i", {1, null}},
                           {"d", {1, 2.5}},
                           {"b", {true, null}},
                           {"s", {"a", null}},
                           {"t", Type::Timestamp, {5, null}},
                           {"f", Type::Float32, {null, 1}},
                           {"x", Type::Binary, {"\1", null}},
                           {"small", Type::Int32, {7, 8}},
                           {"n", Type::Float64, {null, null}}});
  CHECK(rows.rows() == 2);
  std::string types;
  for (const auto& field : rows.schema()) types += std::string{to_string(field.type)} + " ";
  CHECK(types == "int64 float64 bool utf8 timestamp float32 binary int32 float64 ");
  CHECK_FALSE(rows.column<std::int64_t>("i")[1].has_value());
  CHECK(rows.column<double>("d").value(0) == 1.0);
  CHECK(rows.column<std::string_view>("s").value(0) == "a");
}

TEST_CASE("an operator that asks for more is called until it is done", "[testing][harness]") {
  OperatorHarness harness{"preprocess.sample_split", "{}", sample()};
  REQUIRE(harness.push(batch({{"value", {1, 2, 3}}})).ok());
  CHECK(harness.emitted() == 3);
  REQUIRE(harness.finish().ok());
  CHECK(harness.counts().at("finished") == 3);
  harness.stop();
  CHECK(harness.push(batch({{"value", {4, 5}}})).code() == MR_CANCELLED);
  CHECK(harness.emitted() == 4);
}

TEST_CASE("the harness shows curves, and gives parallel work its threads", "[testing][harness]") {
  HarnessOptions options;
  options.library = MR_TEST_PLUGINS "/faulty/faulty.so";
  OperatorHarness teller{"filter.tells_twice", "{}", options};
  REQUIRE(teller.push(batch({{"value", {1.5}}})).ok());
  REQUIRE(teller.metrics().size() == 1);
  CHECK(teller.metrics()[0].name == "loss");
  CHECK(teller.metrics()[0].step == 0);
  CHECK(teller.metrics()[0].value == 1.0);

  OperatorHarness alone{"filter.counts_threads", "{}", options};
  REQUIRE(alone.push(batch({{"value", {1.5}}})).ok());
  CHECK(alone.results().at("helped") == "false");
  options.threads = 4;
  OperatorHarness helped{"filter.counts_threads", "{}", options};
  REQUIRE(helped.push(batch({{"value", {1.5}}})).ok());
  CHECK(helped.results().at("helped") == "true");
}

TEST_CASE("wrong parameters are faults, and nothing runs then", "[testing][harness]") {
  OperatorHarness harness{"filter.sample_min", R"({"min": -1, "mim": 2})", sample()};
  REQUIRE(harness.faults().size() == 2);
  CHECK(harness.faults()[0].kind == "parameter_range");
  CHECK(harness.faults()[0].pointer == "/min");
  CHECK(harness.faults()[1].kind == "parameter_unknown");
  const auto status = harness.push(batch({{"value", {1.0}}}));
  CHECK(status.code() == MR_INVALID_ARGUMENT);
  CHECK_THAT(status.message(), Catch::Contains("min"));
}

TEST_CASE("an operator that is not there is told with the nearest name", "[testing][harness]") {
  CHECK_THROWS_WITH((OperatorHarness{"filter.sample_mim", "{}", sample()}),
                    Catch::Contains("filter.sample_min"));
  CHECK_THROWS_WITH((OperatorHarness{"filter.sample_min", "{", sample()}),
                    Catch::Contains("no JSON"));
}

TEST_CASE("a failure of the operator is a status with its code and text", "[testing][harness]") {
  OperatorHarness harness{"filter.sample_min", "{}", sample()};
  const auto status = harness.push(batch({{"other", {1.0}}}));
  CHECK(status.code() == MR_DATA_INVALID);
  CHECK_THAT(status.message(), Catch::Contains("value"));
}

TEST_CASE("an input runs to its end, and goes on from a snapshot", "[testing][harness]") {
  OperatorHarness harness{"input.sample_numbers", R"({"count": 8})", sample()};
  REQUIRE(harness.run(1).ok());
  CHECK_FALSE(harness.has_ended());
  const auto state = harness.snapshot();
  REQUIRE(harness.run().ok());
  CHECK(harness.has_ended());
  CHECK(harness.rows() == 8);
  harness.clear();
  REQUIRE(harness.restore(state, 1).ok());
  REQUIRE(harness.run().ok());
  CHECK(harness.column<std::int64_t>("value") == std::vector<std::int64_t>{3, 4, 5, 6, 7});
}

TEST_CASE("told to stop, an operator says Cancelled", "[testing][harness]") {
  OperatorHarness harness{"input.sample_numbers", R"({"count": 8})", sample()};
  harness.stop();
  CHECK(harness.run().code() == MR_CANCELLED);
}

TEST_CASE("ports are kept apart", "[testing][harness]") {
  OperatorHarness harness{"augment.sample_plan", R"({"ops": "pure"})", sample()};
  CHECK(harness.traits() == R"({"replicable":true})");
  REQUIRE(harness.push(batch({{"x", {1}}})).ok());
  REQUIRE(harness.push(batch({{"x", {1, 2}}})).ok());
  CHECK(harness.rows("odd") == 1);
  CHECK(harness.rows() == 2);
  CHECK(harness.column<std::int64_t>("x", "odd") == std::vector<std::int64_t>{1});
}

TEST_CASE("what an operator tells and writes can be looked at", "[testing][harness]") {
  OperatorHarness harness{"output.sample_teller", R"({"target": "qiniu:///z0/b/out.txt"})",
                          sample()};
  REQUIRE(harness.push(batch({{"x", {1, 2}}})).ok());
  REQUIRE(harness.finish().ok());
  CHECK(harness.staged("qiniu:///z0/b/out.txt") == "2\n");
  CHECK(harness.staged_uris() == std::vector<std::string>{"qiniu:///z0/b/out.txt"});
  CHECK_FALSE(harness.object("qiniu:///z0/b/out.txt").has_value());
  CHECK(harness.counts().at("rows") == 2);
  CHECK(harness.results().at("bytes") == "2");
  REQUIRE(harness.events().size() == 1);
  CHECK(harness.events()[0].code == "seen");
  CHECK(harness.events()[0].line == 7);
  CHECK(harness.logs() == std::vector<std::string>{"warn: batch 0 of job-1 at node"});
}

TEST_CASE("an address of an unknown scheme is a fault of its parameter", "[testing][harness]") {
  const OperatorHarness harness{"output.sample_teller", R"({"target": "ftp://h/x"})", sample()};
  REQUIRE(harness.faults().size() == 1);
  CHECK(harness.faults()[0].kind == "uri_syntax");
  CHECK(OperatorHarness{"output.sample_teller", R"({"target": "http://h/x"})", sample()}
            .faults()
            .at(0)
            .kind == "uri_scheme");
}

TEST_CASE("a null in a column is an exception for column(), and nothing in optional_column()",
          "[testing][harness]") {
  OperatorHarness harness{"augment.sample_plan", "{}", sample()};
  REQUIRE(harness.push(batch({{"x", {1, null}}, {"s", {"a", "b"}}})).ok());
  CHECK_THROWS_WITH(harness.column<std::int64_t>("x"), Catch::Contains("null"));
  CHECK(harness.optional_column<std::int64_t>("x") ==
        std::vector<std::optional<std::int64_t>>{1, std::nullopt});
  CHECK(harness.column<std::string>("s") == std::vector<std::string>{"a", "b"});
}
