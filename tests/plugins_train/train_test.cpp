#include <optional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/testing.hpp>

#include <fmt/format.h>

using namespace millrace;
using testing::batch;
using testing::null;
using testing::OperatorHarness;

namespace {

using Labels = std::vector<std::optional<std::string>>;

constexpr auto kModel = "file:///models/m";

OperatorHarness operator_of(std::string_view id, const std::string& params, unsigned threads = 1) {
  testing::HarnessOptions options;
  options.plugin_folders = {MR_BINARY_DIR "/lib/millrace/plugins"};
  options.threads = threads;
  return OperatorHarness{id, params, options};
}

Batch questions() {
  return batch({{"text",
                 {"我要申请贷款", "银行利率很低", "贷款利率是多少", "参加抽奖活动", "分享留言抽奖",
                  "抽奖送礼物", null, "没有标签"}},
                {"label", {"贷款", "贷款", "贷款", "抽奖", "抽奖", "抽奖", "抽奖", null}}});
}

// Trains, and returns the bytes of the model's file.
std::string trained(const std::string& id, const std::string& params, unsigned threads = 1) {
  auto harness =
      operator_of(id, R"({"min_documents": 1, "file": "file:///models/m")" + params + "}", threads);
  REQUIRE(harness.push(questions()).ok());
  const auto status = harness.finish();
  INFO(status.message());
  REQUIRE(status.ok());
  CHECK(harness.column<std::int64_t>("rows") == std::vector<std::int64_t>{6});
  CHECK(harness.column<std::int64_t>("labels") == std::vector<std::int64_t>{2});
  CHECK(harness.counts().at("skippedRows") == 2);
  const auto file = harness.staged(kModel);
  REQUIRE(file);
  CHECK(harness.object(harness.column<std::string>("model").at(0)) == file);
  CHECK(harness.column<std::int64_t>("bytes").at(0) == static_cast<std::int64_t>(file->size()));
  return *file;
}

Labels labelled(std::string_view id, const std::string& model, Batch rows) {
  auto harness = operator_of(id, R"({"model": "file:///models/m"})");
  harness.put_object(kModel, model);
  const auto status = harness.push(std::move(rows));
  INFO(status.message());
  REQUIRE(status.ok());
  return harness.optional_column<std::string>("label");
}

}  // namespace

TEST_CASE("what is trained labels texts as it was taught", "[train]") {
  const auto rows = [] { return batch({{"text", {"贷款的利率", "抽奖的礼物", null}}}); };
  CHECK(labelled("label.term_weight", trained("train.term_weight", ""), rows()) ==
        Labels{"贷款", "抽奖", std::nullopt});
  CHECK(labelled("label.forest", trained("train.forest", ""), rows()) ==
        Labels{"贷款", "抽奖", std::nullopt});
}

TEST_CASE("a model is the same for any number of threads", "[train]") {
  for (const std::string id : {"train.term_weight", "train.forest"})
    CHECK(trained(id, "", 4) == trained(id, ""));
}

TEST_CASE("training says why nothing can be learnt", "[train]") {
  const auto failure_of = [](const std::string& id, const std::string& params, Batch rows) {
    auto harness = operator_of(id, params);
    REQUIRE(harness.push(std::move(rows)).ok());
    return harness.finish().message();
  };
  CHECK_THAT(failure_of("train.forest", "{}", questions().slice(0, 0)),
             Catch::Contains("there is no row to learn from"));
  CHECK_THAT(failure_of("train.term_weight", R"({"words": "characters"})", questions()),
             Catch::Contains("empty vocabulary; perhaps the documents only contain stop words"));
  CHECK_THAT(failure_of("train.term_weight", "{}", questions()), Catch::Contains("50 documents"));
  CHECK_THAT(failure_of("train.term_weight", R"({"min_documents": 1})", questions().slice(0, 3)),
             Catch::Contains("number of classes has to be greater than one"));
}

TEST_CASE("a model that is none is refused when it is opened", "[train]") {
  for (const std::string id : {"label.term_weight", "label.forest"}) {
    auto harness = operator_of(id, R"({"model": "file:///models/m"})");
    harness.put_object(kModel, "\x80\x04\x95 a pickle");
    const auto status = harness.push(batch({{"text", {"x"}}}));
    CHECK(status.code() == MR_DATA_INVALID);
    CHECK_THAT(status.message(), Catch::Contains("line 1"));
    auto absent = operator_of(id, R"({"model": "file:///models/none"})");
    CHECK(absent.push(batch({{"text", {"x"}}})).code() == MR_NOT_FOUND);
  }
}

TEST_CASE("columns that a model adds have names of their own, and none is the engine's",
          "[train][label]") {
  const auto [id, extra] = GENERATE(table<std::string, std::string>(
      {{"label.term_weight", "candidates_column"}, {"label.forest", "share_column"}}));
  const auto fault = [&](const std::string& label, const std::string& other) {
    const auto harness = operator_of(
        id, fmt::format(R"({{"model": "file:///models/m", "label_column": "{}", "{}": "{}"}})",
                        label, extra, other));
    return harness.faults().empty() ? std::string{} : harness.faults()[0].message;
  };
  CHECK(fault("x", "y").empty());
  CHECK(fault("x", "x") == "each column that is added needs a name of its own: x");
  CHECK(fault("@root", "y") == "the engine's own column cannot be added: @root");
  CHECK(fault("x", "@root") == "the engine's own column cannot be added: @root");
}
