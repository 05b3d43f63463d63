#include "tests/plugins_sql/reading.hpp"

#include <algorithm>
#include <random>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "plugins/sql/wall_time.hpp"

namespace millrace::test {

namespace {

using sql_operators::kHour;

std::int64_t micros(const std::string& time) {
  return sql_operators::parse_wall_time(time).value();
}

testing::OperatorHarness harness_of(std::string_view id, const Json& params,
                                    const SqlPlace& place) {
  testing::HarnessOptions options;
  options.library = MR_BINARY_DIR "/lib/millrace/plugins/sql.so";
  testing::OperatorHarness harness{id, params.dump(), options};
  harness.add_connection("data", place.settings.address.describe(), place.settings.password);
  return harness;
}

}  // namespace

Reading::Reading(const SqlPlace& place, const Json& params)
    : input_{harness_of("input.sql", params, place)},
      reader_{harness_of("read.sql", params, place)} {}

testing::Status Reading::run(std::int64_t most) {
  const auto status = input_.run(most);
  for (; seen_ < input_.emitted(); ++seen_) {
    Batch batch = input_.batch_at(seen_);
    if (!batch.has("@from")) {
      batches_.emplace_back(&input_, seen_);
      continue;
    }
    ranges_ += static_cast<std::size_t>(batch.rows());
    const std::size_t before = reader_.emitted();
    if (auto read = reader_.push(std::move(batch)); !read.ok()) return read;
    for (std::size_t made = before; made < reader_.emitted(); ++made)
      batches_.emplace_back(&reader_, made);
  }
  return status;
}

std::optional<std::string> Reading::place() {
  try {
    return input_.snapshot();
  } catch (const std::runtime_error&) {
    return std::nullopt;
  }
}

Batch Reading::rows() const {
  std::vector<Batch> parts;
  for (const auto& [harness, place] : batches_) parts.push_back(harness->batch_at(place));
  return Batch::concat(std::move(parts));
}

std::vector<Post> Reading::posts() const {
  std::vector<Post> posts;
  if (batches_.empty()) return posts;
  const Batch all = rows();
  const auto id = all.column<std::string_view>("id"),
             author = all.column<std::string_view>("author");
  const auto time = all.column<std::int64_t>("post_time"),
             window = all.column<std::int64_t>("window");
  for (std::int64_t row = 0; row < all.rows(); ++row) {
    const auto name = author[row];
    posts.push_back({std::string{id.value(row)},
                     name ? std::optional{std::string{*name}} : std::nullopt,
                     sql_operators::spell_wall_time(time.value(row)), window.value(row)});
  }
  return posts;
}

std::int64_t Reading::count(const std::string& counter) const {
  std::int64_t sum = 0;
  for (const auto* harness : {&input_, &reader_}) {
    const auto found = harness->counts().find(counter);
    if (found != harness->counts().end()) sum += found->second;
  }
  return sum;
}

Json by_time(const std::string& from, const std::string& to, Json more) {
  Json params{{"connection", "data"},
              {"table", "posts"},
              {"id", "id"},
              {"columns", {"id", "author", "post_time"}},
              {"attempt_wait_s", 0.05},
              {"time", {{"column", "post_time"}, {"from", from}, {"to", to}, {"window_hours", 6}}}};
  params.merge_patch(more);
  return params;
}

void make_posts(const SqlPlace& place, const std::vector<Post>& posts, bool has_index) {
  const auto connection = place.connect();
  connection->run(
      "CREATE TABLE posts (id VARCHAR(64) NOT NULL, author VARCHAR(200), post_time DATETIME)");
  if (has_index) connection->run("CREATE INDEX by_time ON posts (post_time)");
  sql::Block block;
  for (const auto* name : {"id", "author", "post_time"})
    block.columns.push_back(column(name, sql::Type::Text));
  for (const Post& post : posts) {
    block.columns[0].append(std::string_view{post.id});
    post.author ? block.columns[1].append(std::string_view{*post.author})
                : block.columns[1].append_null();
    block.columns[2].append(std::string_view{post.time});
  }
  if (!posts.empty())
    connection->insert_rows({{"", "posts"}, {"id", "author", "post_time"}}, block);
}

std::vector<Post> some_posts(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  const std::vector<std::string> beginnings{"a", "B", "b", "A", "\xC3\xA4", "z", "Z", "_"};
  std::vector<Post> posts;
  for (std::size_t i = 0; i < count; ++i) {
    // A time has some posts, a few have many.
    const std::uint64_t minute = random() % 3 == 0 ? random() % 8 * 360 : random() % (5 * 1440);
    Post post;
    post.id = beginnings[random() % beginnings.size()] + std::to_string(i);
    if (i % 10 != 0) post.author = "author " + std::to_string(random() % 50);
    post.time = sql_operators::spell_wall_time(
        micros("2021-01-01") + static_cast<std::int64_t>(minute) * 60 * sql_operators::kSecond);
    posts.push_back(std::move(post));
  }
  return posts;
}

std::vector<Post> expected(std::vector<Post> posts, const std::string& from, const std::string& to,
                           std::int64_t window_hours, bool is_closed) {
  const std::int64_t first = micros(from), step = window_hours * kHour;
  const std::int64_t last = micros(to);
  std::vector<Post> found;
  for (const Post& post : posts) {
    const std::int64_t time = micros(post.time);
    for (std::int64_t window = first; window < last; window += step) {
      const std::int64_t end = is_closed ? window + step : std::min(window + step, last);
      if (end > last) continue;
      if (time < window || time > end || (time == end && !is_closed)) continue;
      found.push_back(post);
      found.back().window = window;
    }
  }
  std::sort(found.begin(), found.end(), [](const Post& left, const Post& right) {
    return std::tie(left.window, left.time, left.id) < std::tie(right.window, right.time, right.id);
  });
  return found;
}

}  // namespace millrace::test
