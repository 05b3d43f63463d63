#include "tests/api_audience/task_place.hpp"

#include <algorithm>
#include <utility>

#include <catch2/catch.hpp>

#include "engine/engine.hpp"

#include <fmt/format.h>

namespace millrace::test {

namespace {

sql::Value text_or_null(const Json& given) {
  if (given.is_null()) return nullptr;
  return given.get<std::string>();
}

}  // namespace

TaskPlace::TaskPlace(audience::Profile profile, const Environment& more, Index index)
    : AudienceServer{profile, more} {
  input().run(fmt::format(R"(CREATE TABLE ts_page_content (
    id VARCHAR(32) PRIMARY KEY, s_id VARCHAR(20), s_area_id VARCHAR(100), author VARCHAR(200),
    title TEXT, content LONGTEXT, post_time DATETIME{})
    ENGINE=InnoDB DEFAULT CHARSET=utf8mb4)",
                          index == Index::OnTime ? ", INDEX (post_time)" : ""));
}

void TaskPlace::add_posts(const std::vector<Post>& posts) {
  input().begin();
  for (const auto& post : posts) {
    input().execute(
        "INSERT INTO ts_page_content (id, s_id, author, content, post_time) VALUES (?, ?, ?, ?, ?)",
        {post.id, post.s_id, text_or_null(post.author), text_or_null(post.content),
         post.post_time});
  }
  input().commit();
}

Json TaskPlace::add_slow_posts(int windows) {
  constexpr int kInMonth = 28 * 4;
  const std::string text = "d" + std::string(400, 'a') + "d";
  std::vector<Post> posts;
  for (int i = 0; i < windows; ++i) {
    posts.push_back({fmt::format("p{}", i), "WH_F0001", fmt::format("u{}", i),
                     fmt::format("2020-{:02}-{:02} {:02}:00:00", 1 + i / kInMonth,
                                 1 + i % kInMonth / 4, i % 4 * 6),
                     text});
  }
  add_posts(posts);
  return {{"MODEL_TYPE", "rule_model"},
          {"PREDICT_TYPE", "content"},
          {"PATTERN", Json::parse(R"({"男性":["^d","(?:a|b)*(?=c)d"]})")}};
}

std::string TaskPlace::create(Json body) {
  if (!body.contains("COUNTDOWN")) body["COUNTDOWN"] = 0;
  const auto answer = post("/tasks/", body);
  INFO(answer.status << " " << answer.text);
  REQUIRE(answer.status == 200);
  REQUIRE(answer.body.value("error_code", 0) == 200);
  const auto& told = answer.body.at("error_message");
  return told.is_string() ? told.get<std::string>() : told.at("task_id").get<std::string>();
}

Json TaskPlace::end_of(const std::string& task, std::chrono::seconds patience) {
  return wait_for(
      task,
      [](const Json& state) {
        return !state.at("prod_stat").is_null() || state.at("stat") == "FAILURE" ||
               state.at("stat") == "BREAK" || !state.at("error_message").is_null();
      },
      patience);
}

Json TaskPlace::run(Json body) { return end_of(create(std::move(body))); }

TaskPlace::Rows TaskPlace::stored(const std::string& table, const std::string& task) {
  Rows found;
  for (const auto& row :
       output()
           .query(fmt::format("SELECT id, panel FROM {} WHERE task_id = ?", output().quote(table)),
                  {task})
           .rows)
    found.insert(std::get<std::string>(row[0]) + " " + std::get<std::string>(row[1]));
  return found;
}

std::vector<Job> TaskPlace::jobs() {
  return engine().job_store().list({.limit = 1'000}).value_or({});
}

std::string TaskPlace::jobs_of(const std::string& task) {
  std::set<std::string> told;
  for (const auto& job : jobs()) {
    if (job.external_id.starts_with(task))
      told.insert(fmt::format("{} {}", job.external_id.substr(task.size()), to_string(job.state)));
  }
  std::string text;
  for (const auto& each : told) text += (text.empty() ? "" : ", ") + each;
  return text;
}

std::string figures(const Json& state) {
  std::string text;
  for (const auto* member : {"stat", "prod_stat", "length_receive_table", "length_output_table",
                             "result", "uniq_source_author", "length_prod_table", "rate_of_label"})
    text += (text.empty() ? "" : " ") + state.at(member).dump();
  return text;
}

}  // namespace millrace::test
