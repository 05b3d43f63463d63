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

TEST_CASE("rows of other sets come out labelled by the model", "[train]") {
  const auto rows = [] {
    return batch(
        {{"text",
          {"cheap loan", "loan rate", "win prize", "prize draw", "a loan", "the prize", "nothing",
           "loan", "loan"}},
         {"label", {"A", "A", "B", "B", "A", "B", "B", null, "A"}},
         {"set", {"train", "train", "train", "train", "dev", "test", "dev", "dev", null}}});
  };
  for (const std::string id : {"train.term_weight", "train.forest"}) {
    INFO(id);
    auto harness = operator_of(
        id,
        R"({"words": "spaces", "min_documents": 1, "set_column": "set", "predicted_column": "said"})");
    REQUIRE(harness.faults().empty());
    REQUIRE(harness.push(rows()).ok());
    const auto status = harness.finish();
    INFO(status.message());
    REQUIRE(status.ok());
    CHECK(harness.column<std::int64_t>("rows") == std::vector<std::int64_t>{4});
    CHECK(harness.counts().at("skippedRows") == 2);
    const std::string port = "labelled";
    CHECK(harness.column<std::string>("set", port) ==
          std::vector<std::string>{"dev", "test", "dev"});
    CHECK(harness.column<std::string>("label", port) == std::vector<std::string>{"A", "B", "B"});
    CHECK(harness.column<std::string>("text", port) ==
          std::vector<std::string>{"a loan", "the prize", "nothing"});
    const auto said = harness.column<std::string>("said", port);
    REQUIRE(said.size() == 3);
    CHECK(said[0] == "A");
    CHECK(said[1] == "B");
    if (id == "train.forest") continue;
    CHECK(said[2] == "一般");
  }
}

TEST_CASE("term weights come out as the rows of their file", "[train]") {
  auto harness =
      operator_of("train.term_weight", R"({"min_documents": 1, "file": "file:///models/m"})");
  REQUIRE(harness.push(questions()).ok());
  REQUIRE(harness.finish().ok());
  std::string file = "label,term,weight\r\n";
  const auto labels = harness.column<std::string>("label", "weights"),
             terms = harness.column<std::string>("term", "weights");
  const auto weights = harness.column<double>("weight", "weights");
  REQUIRE(labels.size() == weights.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    auto weight = fmt::format("{}", weights[i]);
    if (weight.find('.') == std::string::npos) weight += ".0";
    file += fmt::format("{},{},{}\r\n", labels[i], terms[i], weight);
  }
  CHECK(file == harness.staged(kModel));
}

TEST_CASE("many rows of other sets wait on the disk, and come out in their order", "[train]") {
  auto harness =
      operator_of("train.forest",
                  R"({"words": "spaces", "min_documents": 1, "trees": 1, "set_column": "set"})");
  REQUIRE(harness
              .push(batch({{"text", {"cheap loan", "win prize"}},
                           {"label", {"A", "B"}},
                           {"set", {"train", "train"}}}))
              .ok());
  constexpr std::int64_t kBatches = 40, kRows = 100;
  for (std::int64_t i = 0; i < kBatches; ++i) {
    Builder<std::string_view> texts, labels, sets;
    for (std::int64_t row = 0; row < kRows; ++row) {
      texts.append(std::to_string(i * kRows + row) + std::string(10'000, ' ') + "loan");
      labels.append("A");
      sets.append("test");
    }
    REQUIRE(harness
                .push(Batch{}
                          .with("text", std::move(texts))
                          .with("label", std::move(labels))
                          .with("set", std::move(sets)))
                .ok());
  }
  REQUIRE(harness.finish().ok());
  CHECK(harness.rows("labelled") == kBatches * kRows);
  CHECK(harness.emitted("labelled") > 4);  // a few MiB each
  const auto texts = harness.column<std::string>("text", "labelled");
  for (std::size_t i = 0; i < texts.size(); ++i)
    if (!texts[i].starts_with(std::to_string(i) + " ")) FAIL_CHECK("row " << i);
}

TEST_CASE("a model is put below a folder, by a plain path", "[train]") {
  const auto put = [](const std::string& params) {
    auto harness = operator_of(
        "train.term_weight",
        R"({"words": "spaces", "min_documents": 1, "folder": "qiniu:///z0/models")" + params + "}");
    if (!harness.faults().empty()) return "fault: " + harness.faults()[0].message;
    const auto status =
        harness.push(batch({{"text", {"cheap loan", "win prize"}}, {"label", {"A", "B"}}}));
    if (!status.ok()) return status.message();
    REQUIRE(harness.finish().ok());
    return harness.staged_uris().at(0);
  };
  CHECK(put(R"(, "path": "jobs/24")") == "qiniu:///z0/models/jobs/24/term_dict.csv");
  CHECK_THAT(put(R"(, "path": "../x")"), Catch::Contains("path is not allowed"));
  CHECK_THAT(put(""), Catch::Contains("together"));
  CHECK_THAT(put(R"(, "path": "a", "file": "file:///m")"), Catch::Contains("either"));

  auto label =
      operator_of("label.term_weight", R"({"folder": "qiniu:///z0/models", "path": "jobs/24"})");
  label.put_object("qiniu:///z0/models/jobs/24/term_dict.csv",
                   "label,term,weight\r\nA,loan,1.0\r\n");
  REQUIRE(label.push(batch({{"text", {"a loan"}}})).ok());
  CHECK(label.column<std::string>("label") == std::vector<std::string>{"A"});
  CHECK(operator_of("label.forest", R"({"folder": "qiniu:///z0/models"})").faults().size() == 1);
  CHECK(operator_of("label.forest", "{}").faults().size() == 1);
  auto outside = operator_of("label.forest", R"({"folder": "qiniu:///z0/models", "path": "../x"})");
  CHECK(outside.push(batch({{"text", {"x"}}})).code() == MR_INVALID_ARGUMENT);
}

TEST_CASE("a model learns a thousand labels at the most", "[train][limits]") {
  auto harness = operator_of("train.forest", R"({"words": "spaces", "min_documents": 1})");
  const auto labels = [](int first, int count) {
    Builder<std::string_view> texts, names;
    for (int i = first; i < first + count; ++i) {
      texts.append("loan");
      names.append(std::to_string(i));
    }
    return Batch{}.with("text", std::move(texts)).with("label", std::move(names));
  };
  REQUIRE(harness.push(labels(0, 1000)).ok());
  const auto status = harness.push(labels(1000, 1));
  CHECK(status.code() == MR_EXHAUSTED);
  CHECK_THAT(status.message(), Catch::Contains("label_column"));
}

TEST_CASE("training tells its loss pass by pass, and stops when it is told to", "[train]") {
  auto harness = operator_of("train.term_weight", R"({"min_documents": 1})");
  REQUIRE(harness.push(questions()).ok());
  REQUIRE(harness.finish().ok());
  std::vector<double> losses;
  for (const auto& metric : harness.metrics()) {
    if (metric.name != "loss") continue;
    CHECK(metric.step == static_cast<std::int64_t>(losses.size()));
    losses.push_back(metric.value);
  }
  REQUIRE(losses.size() > 10);
  CHECK(losses.back() < losses.front());
  for (const std::string id : {"train.term_weight", "train.forest"}) {
    auto stopped = operator_of(id, R"({"min_documents": 1})");
    REQUIRE(stopped.push(questions()).ok());
    stopped.stop();
    CHECK(stopped.finish().code() == MR_CANCELLED);
  }
}

TEST_CASE("a pickle is refused by its name, and by its first bytes", "[train]") {
  for (const std::string id : {"label.term_weight", "label.forest"}) {
    for (const char* name : {"model.pkl", "MODEL.PKL", "m.pickle", "m.joblib", "m.pkl?x"}) {
      auto named = operator_of(id, R"({"model": "qiniu:///z0/in/)" + std::string{name} + "\"}");
      REQUIRE(named.faults().size() == 1);
      CHECK_THAT(named.faults()[0].message, Catch::Contains("pickle"));
    }
    auto hidden = operator_of(id, R"({"model": "file:///models/m"})");
    hidden.put_object(kModel, "\x80\x04\x95 a pickle");
    const auto status = hidden.push(batch({{"text", {"x"}}}));
    CHECK(status.code() == MR_DATA_INVALID);
    CHECK_THAT(status.message(), Catch::Contains("a pickle can run code"));
  }
}

TEST_CASE("a model that is not there is called by its place", "[train]") {
  for (const auto& [id, file] : {std::pair{"label.term_weight", "term_dict.csv"},
                                 std::pair{"label.forest", "model.forest"}}) {
    const auto failure = [&](const std::string& params) {
      auto harness = operator_of(id, params);
      const auto status = harness.push(batch({{"text", {"a"}}}));
      CHECK(status.code() == MR_NOT_FOUND);
      return status.message();
    };
    CHECK(failure(R"({"folder": "file:///models", "path": "jobs/24"})") ==
          fmt::format("jobs/24/{} not found. Please train your model first.", file));
    CHECK(failure(R"({"model": "file:///models/m"})") ==
          "file:///models/m not found. Please train your model first.");
  }
}

TEST_CASE("a model that is none is refused when it is opened", "[train]") {
  for (const std::string id : {"label.term_weight", "label.forest"}) {
    auto harness = operator_of(id, R"({"model": "file:///models/m"})");
    harness.put_object(kModel, "a sheet of paper");
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
