#pragma once

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.hpp"
#include "tests/api_audience/audience_server.hpp"

namespace millrace::test {

/// A server with a table of posts that tasks read.
class TaskPlace : public AudienceServer {
 public:
  enum class Index { None, OnTime };

  /// `more` as AudienceServer has it.
  explicit TaskPlace(audience::Profile profile = audience::Profile::Document,
                     const Environment& more = {}, Index index = Index::OnTime);

  /// Adds posts: id, s_id, author, content, post_time, the last of them as "2020-01-01 06:00:00".
  struct Post {
    std::string id, s_id;
    Json author;  // a text, or null
    std::string post_time;
    Json content = nullptr;
  };
  void add_posts(const std::vector<Post>& posts);

  /// Adds a post in each of so many windows from 2020-01-01 on, all by other authors of Ptt, and
  /// returns a task for them that takes some milliseconds for each: what its pattern looks for
  /// comes behind none of the letters that it tries.
  Json add_slow_posts(int windows);

  /// Posts a task and returns its id. What is left out is COUNTDOWN 0.
  std::string create(Json body);
  /// The state of a task when nothing more happens to it.
  Json end_of(const std::string& task, std::chrono::seconds patience = std::chrono::seconds{90});
  /// The same of a new task.
  Json run(Json body);

  /// Rows of a task in a table of the output schema, as "id panel".
  using Rows = std::multiset<std::string>;
  Rows stored(const std::string& table, const std::string& task);
  Rows produced(const std::string& table, const std::string& task) {
    return stored("wh_panel_mapping_" + table, task);
  }
  /// Jobs by their external ids, which begin with the task's, and their states.
  std::vector<Job> jobs();
  std::string jobs_of(const std::string& task);
};

/// The members of a state that tell of its rows, one behind the other.
std::string figures(const Json& state);

}  // namespace millrace::test
