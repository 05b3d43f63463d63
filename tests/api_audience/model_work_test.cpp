// Models that are prepared and tested, from the request to the registry, over a real MariaDB.
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "engine/engine.hpp"
#include "tests/api_audience/task_place.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;
using audience::Profile;

namespace {

// A server with a data set of a labeling job.
class ModelPlace : public TaskPlace {
 public:
  enum class Labels { ById, ByName, ByLink, None };

  explicit ModelPlace(Profile profile = Profile::Document, Labels labels = Labels::ById)
      : TaskPlace{profile}, labels_{labels}, dataset_{another_schema()} {
    const auto column = labels == Labels::ById     ? "label_id INT, "
                        : labels == Labels::ByName ? "label VARCHAR(100), "
                                                   : "";
    run(
        fmt::format("CREATE TABLE labeling_jobs_document (id INT PRIMARY KEY, title VARCHAR(200), "
                    "author VARCHAR(200), s_area_id VARCHAR(100), content LONGTEXT, post_time "
                    "DATETIME, document_type VARCHAR(10), {}labeling_job_id INT) "
                    "DEFAULT CHARSET=utf8mb4",
                    column));
    run("CREATE TABLE labeling_jobs_label (id INT PRIMARY KEY, name VARCHAR(100), "
        "labeling_job_id INT) DEFAULT CHARSET=utf8mb4");
    run("INSERT INTO labeling_jobs_label VALUES (7, 'male', 1), (8, 'prize', 1), (9, 'male', 2)");
    if (labels == Labels::ByLink)
      run("CREATE TABLE labeling_jobs_document_labels (document_id INT, label_id INT)");
  }

  /// Adds so many documents of each label.
  void add_documents(const std::string& type, int count) {
    for (int i = 0; i < count; ++i) {
      add(type, "male", fmt::format("loan rate of the bank number{}", i % 7));
      add(type, "prize", fmt::format("win a prize and share number{}", i % 5));
    }
  }

  [[nodiscard]] Json request(const std::string& model_type, int job,
                             const Json& more = Json::object()) const {
    Json body{
        {"DATASET_DB", dataset_},   {"DATASET_NO", 1},
        {"MODEL_JOB_ID", job},      {"PREDICT_TYPE", "CONTENT"},
        {"MODEL_TYPE", model_type}, {"MODEL_INFO", {{"model_path", fmt::format("{}_model", job)}}}};
    for (const auto& [name, value] : more.items()) body[name] = value;
    return body;
  }

  /// Posts a request whose answer is no refusal, and returns that.
  Json ask(const char* target, const Json& body) const {
    const auto answer = post(target, body);
    INFO(answer.text);
    REQUIRE(answer.body.is_object());
    return answer.body;
  }
  /// The model's row when its work has ended.
  Json status_when(int job, const std::function<bool(const Json&)>& is_wanted) {
    Json status;
    for (int i = 0; i < 1'200; ++i) {
      status = get(fmt::format("/models/{}", job)).body;
      if (status.is_object() && is_wanted(status)) return status;
      std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    FAIL("the work has not ended: " << status.dump());
    return {};
  }
  Json trained(int job) {
    return status_when(job, [](const Json& status) {
      return status["training_status"] != "pending" && status["training_status"] != "started";
    });
  }
  Json tested(int job) {
    return status_when(job, [](const Json& status) {
      return status["ext_status"] == "finished" || status["ext_status"] == "failed";
    });
  }

  [[nodiscard]] const std::string& dataset() const { return dataset_; }
  [[nodiscard]] std::filesystem::path models() const {
    return data().parent_path() / "model_files";
  }

 private:
  void run(const std::string& statement) {
    output().run(fmt::format("USE {}", output().quote(dataset_)));
    output().run(statement);
    output().run(fmt::format("USE {}", output().quote(output_schema())));
  }
  void add(const std::string& type, const std::string& label, const std::string& text) {
    const int label_id = label == "male" ? 7 : 8;
    const int id = ++documents_;
    std::string extra_column, extra_value;
    if (labels_ == Labels::ById) {
      extra_column = ", label_id";
      extra_value = fmt::format(", {}", label_id);
    } else if (labels_ == Labels::ByName) {
      extra_column = ", label";
      extra_value = fmt::format(", '{}'", label);
    }
    run(
        fmt::format("INSERT INTO labeling_jobs_document (id, title, author, content, "
                    "document_type, labeling_job_id{}) VALUES ({}, '{}', 'ab', '{}', '{}', 1{})",
                    extra_column, id, text, text, type, extra_value));
    if (labels_ == Labels::ByLink)
      run(fmt::format("INSERT INTO labeling_jobs_document_labels VALUES ({}, {})", id, label_id));
  }

  const Labels labels_;
  const std::string dataset_;
  int documents_ = 0;
};

// Texts of rows of the catalog, by column.
Json catalog_rows(Engine& engine, const std::string& entity,
                  const std::vector<std::string>& columns) {
  const auto found = engine.catalog().query({{"entity", entity}, {"columns", columns}});
  INFO((found.ok() ? std::string{} : found.error().message));
  REQUIRE(found.ok());
  Json rows = Json::array();
  for (std::int64_t row = 0; row < found->rows(); ++row) {
    Json texts = Json::array();
    for (const auto& column : columns)
      texts.push_back(std::string{found->column<std::string_view>(column).value(row)});
    rows.push_back(std::move(texts));
  }
  return rows;
}

Json registered_models(Engine& engine) {
  return catalog_rows(engine, "models", {"name", "file_name", "user_login"});
}

}  // namespace

TEST_CASE("E8: a rule model is there and cannot be trained, and not be evaluated",
          "[audience][models][acceptance]") {
  AudienceServer server;
  const Json asked{{"DATASET_NO", 1},
                   {"MODEL_JOB_ID", 24},
                   {"PREDICT_TYPE", "AUTHOR"},
                   {"MODEL_TYPE", "RULE_MODEL"},
                   {"MODEL_INFO", {{"model_path", "24_rule_model"}}}};
  const auto prepared = server.post("/models/prepare/", asked);
  INFO(prepared.text);
  REQUIRE(prepared.body.is_object());
  CHECK(names(prepared.body) ==
        "QUEUE,DATASET_DB,DATASET_NO,MODEL_JOB_ID,PREDICT_TYPE,MODEL_TYPE,MODEL_INFO,task_id");
  CHECK(prepared.body["QUEUE"] == "queue2");
  CHECK(prepared.body["DATASET_DB"] == "audience-toolkit-django");
  CHECK(prepared.body["MODEL_INFO"] == asked["MODEL_INFO"]);
  const auto task = prepared.body["task_id"].get<std::string>();
  CHECK(task.size() == 32);
  const auto status = server.get("/models/24").body;
  CHECK(status["task_id"] == task);
  CHECK(status["model_name"] == "RULE_MODEL");
  CHECK(status["training_status"] == "untrainable");
  CHECK(status["ext_status"].is_null());
  CHECK(status["feature"] == "AUTHOR");
  CHECK(status["model_path"] == "24_rule_model");
  CHECK(status["error_message"] == "RuleModel is not trainable");
  CHECK(status["job_id"] == 24);
  CHECK(server.get("/models/24/report/").text == "[]");

  const auto tested = server.post("/models/test/", asked);
  CHECK(tested.body["task_id"] == task);
  const auto after = server.get("/models/24").body;
  CHECK(after["ext_status"] == "failed");
  CHECK(after["training_status"] == "untrainable");
  CHECK(after["error_message"] == "RuleModel cannot be evaluated");
  CHECK(server.get("/models/24/report/").text == "[]");
}

TEST_CASE("E11: a model of no known kind fails, and what it failed by is told",
          "[audience][models][acceptance]") {
  AudienceServer server;
  const auto failure = [&](const Json& more) {
    Json asked{{"MODEL_JOB_ID", 5}, {"MODEL_TYPE", "TERM_WEIGHT_MODEL"}};
    for (const auto& [name, value] : more.items()) asked[name] = value;
    const auto answer = server.post("/models/prepare/", asked);
    INFO(answer.text);
    REQUIRE(answer.body.is_object());
    const auto status = server.get("/models/5").body;
    CHECK(status["training_status"] == "failed");
    const auto begin = fmt::format("modeling task: {} is failed since ",
                                   answer.body["task_id"].get<std::string>());
    const auto text = status["error_message"].get<std::string>();
    CHECK(text.starts_with(begin));
    return text.substr(std::min(begin.size(), text.size()));
  };
  CHECK(failure({{"MODEL_TYPE", "FOO_MODEL"}}) == "FOO_MODEL is not a available model");
  CHECK(failure({{"PREDICT_TYPE", "S_AREA_ID"}}) == "Unavailable feature type S_AREA_ID");
  CHECK(failure({{"PREDICT_TYPE", "x' OR 1=1"}}) == "Unavailable feature type x' OR 1=1");
  CHECK(failure({{"MODEL_INFO", {{"model_path", "m"}, {"feature_model", "SVC"}}}}) ==
        "SVC is not in default TWFeatureModel");
  for (const std::string path : {"../../x", "/etc/x", "", "a/../b", "a//b", "a\\b", "."})
    CHECK(failure({{"MODEL_INFO", {{"model_path", path}}}}) == "model_path is not allowed");
  CHECK(failure({{"MODEL_INFO", {{"model_path", std::string{"a\0b", 3}}}}}) ==
        "model_path is not allowed");
  CHECK(failure({{"MODEL_INFO", {{"feature_model", "SGD"}}}}) == "model_path is not allowed");
}

TEST_CASE("E12: of two preparations of a job the second one's row is left",
          "[audience][models][acceptance]") {
  AudienceServer server;
  server.make_model_tables();
  const Json asked{{"MODEL_JOB_ID", 24}, {"MODEL_TYPE", "KEYWORD_MODEL"}};
  const auto first = server.post("/models/prepare/", asked).body["task_id"];
  server.insert("model_report", {{"task_id", first},
                                 {"dataset_type", "dev"},
                                 {"accuracy", 1},
                                 {"report", "{}"},
                                 {"create_time", "2022-01-12 12:00:00"}});
  const auto second = server.post("/models/prepare/", asked).body["task_id"];
  CHECK(first != second);
  CHECK(server.rows("SELECT task_id FROM model_status") == Json::array({Json::array({second})}));
  CHECK(server.rows("SELECT task_id FROM model_report").empty());
}

TEST_CASE("a model is trained and evaluated, in the registry, and tested",
          "[audience][models][acceptance]") {
  using Labels = ModelPlace::Labels;
  const auto labels = GENERATE(Labels::ById, Labels::ByName, Labels::ByLink);
  const std::string kind = GENERATE("TERM_WEIGHT_MODEL", "RANDOM_FOREST_MODEL");
  if (labels != Labels::ById && kind == "RANDOM_FOREST_MODEL") return;  // labels are found alike
  ModelPlace place{Profile::Document, labels};
  place.add_documents("train", 60);
  for (const char* type : {"dev", "test", "ext_test"}) place.add_documents(type, 5);
  const auto prepared = place.post("/models/prepare/", place.request(kind, 24));
  INFO(prepared.text);
  REQUIRE(prepared.body.is_object());
  const auto status = place.trained(24);
  INFO(status.dump());
  REQUIRE(status["training_status"] == "finished");
  CHECK(status["ext_status"].is_null());
  CHECK(status["error_message"].is_null());

  const auto reports = place.get("/models/24/report/").body;
  REQUIRE(reports.size() == 2);
  CHECK(reports[0]["dataset_type"] == "dev");
  CHECK(reports[1]["dataset_type"] == "test");
  for (const auto& report : reports) {
    CHECK(report["accuracy"] == 1.0);
    CHECK(report["task_id"] == prepared.body["task_id"]);
    const auto text = report["report"].get<std::string>();
    CHECK(text.starts_with(
        R"({"male": {"precision": 1.0, "recall": 1.0, "f1-score": 1.0, "support": 5})"));
    CHECK(Json::parse(text)["accuracy"] == 1.0);
  }
  const bool is_forest = kind == "RANDOM_FOREST_MODEL";
  const std::string file = is_forest ? "model.forest" : "term_dict.csv";
  CHECK(std::filesystem::exists(place.models() / "24_model" / file));
  CHECK(registered_models(place.engine()) ==
        Json::array({Json::array({"24_model", file, "audience"})}));
  CHECK(catalog_rows(place.engine(), "projects", {"name"}) ==
        Json::array({Json::array({"audience"})}));
  if (!is_forest) {
    const auto weights = place.rows(
        "SELECT label, COUNT(*), MAX(weight), MIN(weight) FROM term_weights GROUP BY label");
    REQUIRE(weights.size() == 2);
    CHECK(weights[0][0] == "male");
    CHECK(weights[0][1] == weights[1][1]);
    CHECK(weights[0][2] == 1.0);
    CHECK(weights[0][3] == 0.0);
  }

  const auto asked = place.post("/models/test/", place.request(kind, 24));
  CHECK(asked.body["task_id"] == prepared.body["task_id"]);
  CHECK(place.tested(24)["ext_status"] == "finished");
  CHECK(place.get("/models/24").body["training_status"] == "finished");
  const auto after = place.get("/models/24/report/").body;
  REQUIRE(after.size() == 3);
  CHECK(after[2]["dataset_type"] == "ext_test");
  CHECK(after[2]["accuracy"] == 1.0);

  // What is deleted takes its reports and weights along.
  CHECK(place.remove("/models/delete/", {{"MODEL_JOB_ID", 24}}).status == 200);
  CHECK(place.rows("SELECT id FROM model_report").empty());
  if (!is_forest) CHECK(place.rows("SELECT id FROM term_weights").empty());
}

TEST_CASE("trained models label the rows of a task", "[audience][models][task][acceptance]") {
  ModelPlace place;
  for (const char* type : {"train", "dev", "test"}) place.add_documents(type, 60);
  for (const auto& [kind, job] :
       {std::pair{"TERM_WEIGHT_MODEL", 24}, {"RANDOM_FOREST_MODEL", 25}}) {
    place.ask("/models/prepare/", place.request(kind, job));
    REQUIRE(place.trained(job)["training_status"] == "finished");
  }
  place.add_posts({{"p1", "WH_F0001", "u1", "2021-03-01 01:00:00", "loan rate bank"},
                   {"p2", "WH_F0001", "u2", "2021-03-01 02:00:00", "win a prize, share it"},
                   {"p3", "WH_F0001", "u3", "2021-03-01 03:00:00", "the weather"}});
  const auto rows_of = [&](const Json& models) {
    const auto task = place.create({{"PREDICT_TYPE", "content"},
                                    {"START_TIME", "2021-03-01"},
                                    {"END_TIME", "2021-03-02"},
                                    {"MODEL_JOB_LIST", models}});
    const auto state = place.end_of(task);
    INFO(state.dump());
    REQUIRE(state["stat"] == "SUCCESS");
    CHECK(place.produced("Ptt", task) == place.stored("Ptt", task));
    return place.stored("Ptt", task);
  };
  CHECK(rows_of({24}) == TaskPlace::Rows{"p1 /male", "p2 /prize"});
  // Each model has a vote, and the forest has a label for every text.
  const auto both = rows_of({24, 25});
  CHECK(both.count("p1 /male") == 1);
  CHECK(both.count("p2 /prize") == 1);
  CHECK(both.size() == 3);
}

TEST_CASE("data sets that are not whole fail the training", "[audience][models]") {
  using Labels = ModelPlace::Labels;
  const auto failure = [](ModelPlace& place) {
    const auto answer = place.post("/models/prepare/", place.request("RANDOM_FOREST_MODEL", 3));
    const auto status = place.trained(3);
    CHECK(status["training_status"] == "failed");
    CHECK(place.get("/models/3/report/").text == "[]");
    CHECK_FALSE(std::filesystem::exists(place.models() / "3_model" / "model.forest"));
    CHECK(registered_models(place.engine()).empty());
    const auto begin = fmt::format("modeling task: {} is failed since ",
                                   answer.body["task_id"].get<std::string>());
    const auto text = status["error_message"].get<std::string>();
    CHECK(text.starts_with(begin));
    return text.substr(std::min(begin.size(), text.size()));
  };
  {
    ModelPlace place;
    place.add_documents("train", 3);
    place.add_documents("dev", 3);
    CHECK(failure(place) == "There are missing data from database");
  }
  ModelPlace place{Profile::Document, Labels::None};
  for (const char* type : {"train", "dev", "test"}) place.add_documents(type, 3);
  CHECK(failure(place) == "no labels are recorded for the documents of dataset 1");
}

TEST_CASE("the original pairs each document with every label", "[audience][models]") {
  ModelPlace place{Profile::Reference, ModelPlace::Labels::None};
  for (const char* type : {"train", "dev", "test"}) place.add_documents(type, 30);
  place.ask("/models/prepare/", place.request("RANDOM_FOREST_MODEL", 3));
  const auto status = place.trained(3);
  INFO(status.dump());
  REQUIRE(status["training_status"] == "finished");
  const auto reports = place.get("/models/3/report/").body;
  REQUIRE(reports.size() == 2);
  const auto report = Json::parse(reports[0]["report"].get<std::string>());
  CHECK(report["male"]["support"] == 60);
  CHECK(report["prize"]["support"] == 60);
  CHECK_FALSE(place.post("/models/test/", place.request("RANDOM_FOREST_MODEL", 3))
                  .body.contains("task_id"));
}

TEST_CASE("authors have no terms to learn from", "[audience][models]") {
  ModelPlace place;
  for (const char* type : {"train", "dev", "test"}) place.add_documents(type, 5);
  place.ask("/models/prepare/",
            place.request("TERM_WEIGHT_MODEL", 4, {{"PREDICT_TYPE", "AUTHOR"}}));
  const auto status = place.trained(4);
  CHECK(status["training_status"] == "failed");
  CHECK_THAT(status["error_message"].get<std::string>(),
             Catch::Contains("empty vocabulary; perhaps the documents only contain stop words"));
}

TEST_CASE("a test of a model that was never prepared records nothing", "[audience][models]") {
  AudienceServer server;
  const auto answer =
      server.post("/models/test/", {{"MODEL_JOB_ID", 99}, {"MODEL_TYPE", "TERM_WEIGHT_MODEL"}});
  CHECK(answer.status == 200);
  CHECK(names(answer.body) ==
        "QUEUE,DATASET_DB,DATASET_NO,MODEL_JOB_ID,PREDICT_TYPE,MODEL_TYPE,MODEL_INFO");
  CHECK(answer.body["MODEL_INFO"] ==
        Json::parse(R"({"model_path": "model_path", "patterns": null})"));
  CHECK(server.get("/models/99").text == R"("model_job task: 99 is not exists")");
}

TEST_CASE("a test of a model without its file fails, and the training stays as it is",
          "[audience][models]") {
  ModelPlace place;
  place.add_documents("ext_test", 5);
  place.make_model_tables();
  place.insert("model_status", {{"task_id", std::string(32, '1')},
                                {"training_status", "finished"},
                                {"feature", "CONTENT"},
                                {"create_time", "2022-01-12 11:09:21"},
                                {"job_id", 6}});
  place.ask("/models/test/", place.request("TERM_WEIGHT_MODEL", 6));
  const auto status = place.tested(6);
  CHECK(status["ext_status"] == "failed");
  CHECK(status["training_status"] == "finished");
  CHECK(status["error_message"] ==
        fmt::format("modeling task: {} is failed since 6_model/term_dict.csv not found. Please "
                    "train your model first.",
                    std::string(32, '1')));
  CHECK(place.get("/models/6/report/").text == "[]");
}

TEST_CASE("a break is the last word about a model", "[audience][models]") {
  ModelPlace place;
  for (const char* type : {"train", "dev", "test"}) place.add_documents(type, 5);
  // The documents are held back until the break has been written.
  place.input().run(
      fmt::format("LOCK TABLES {} WRITE",
                  place.input().quote(sql::TableName{place.dataset(), "labeling_jobs_document"})));
  place.ask("/models/prepare/", place.request("RANDOM_FOREST_MODEL", 8));
  place.status_when(8, [](const Json& status) { return status["training_status"] == "started"; });
  CHECK(place.post("/models/abort/", {{"MODEL_JOB_ID", 8}}).text ==
        R"("8 is successfully aborted, additional message: 8 break by the external user")");
  place.input().run("UNLOCK TABLES");
  std::this_thread::sleep_for(std::chrono::seconds{2});
  const auto status = place.get("/models/8").body;
  CHECK(status["training_status"] == "break");
  CHECK(status["error_message"] == "8 break by the external user");
  CHECK(place.get("/models/8/report/").text == "[]");
  CHECK(registered_models(place.engine()).empty());
}

TEST_CASE("the first two models may be trained side by side", "[audience][models][race]") {
  ModelPlace place;
  for (const char* type : {"train", "dev", "test"}) place.add_documents(type, 5);
  for (const int job : {1, 2})
    place.ask("/models/prepare/", place.request("RANDOM_FOREST_MODEL", job));
  for (const int job : {1, 2}) {
    const auto status = place.trained(job);
    INFO(status.dump());
    CHECK(status["training_status"] == "finished");
  }
  CHECK(registered_models(place.engine()).size() == 2);
}
