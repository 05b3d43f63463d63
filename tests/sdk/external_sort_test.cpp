#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <millrace/detail/plugin.hpp>
#include <millrace/external_sort.hpp>

#include "fake_host.hpp"

using namespace millrace;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A job of the fake host, whose scratch is mr_context::staged.
struct Job {
  Job() { detail::current_host = &sdk_test::fake_host(); }
  mr_context call{};
  Context context{&call};
};

Pairs rest_of(ExternalSort& sort, Context& context) {
  Pairs all;
  for (ExternalSort::Item item; sort.next(context, item);)
    all.emplace_back(std::string{item.key}, std::string{item.record});
  return all;
}

// Keys repeat, some are part of others, and the first eight bytes of many are the same.
Pairs some_pairs(int count) {
  Pairs pairs;
  std::uint64_t draw = 1;
  for (int i = 0; i < count; ++i) {
    draw = draw * 6364136223846793005u + 1442695040888963407u;
    std::string key = draw >> 63 != 0 ? "a common beginning" : "";
    key.append((draw >> 50) % 4, '\0').append(std::to_string((draw >> 40) % 100));
    pairs.emplace_back(std::move(key), std::to_string(i) + std::string((draw >> 33) % 50, 'x'));
  }
  return pairs;
}

Pairs sorted(Pairs pairs) {
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return pairs;
}

// A file of three runs, and the state that names them.
std::string three_runs(Job& job) {
  ExternalSort sort{"rows", {.memory_bytes = 100, .fan_in = 8}};
  for (const auto& [key, record] :
       Pairs{{"b", "1"}, {"a", "2"}, {"c", "3"}, {"a", "4"}, {"d", "5"}})
    sort.add(job.context, key, record);
  return sort.snapshot(job.context);
}

}  // namespace

TEST_CASE("records come out by key, equal keys as they came, with any memory and fan-in",
          "[sdk][external_sort]") {
  const Pairs given = some_pairs(3000);
  const Pairs expected = sorted(given);
  const auto memory = GENERATE(std::size_t{1} << 26, std::size_t{1} << 16, std::size_t{1000});
  const auto fan_in = GENERATE(std::size_t{2}, std::size_t{3}, std::size_t{64});
  Job job;
  {
    ExternalSort sort{"rows", {.memory_bytes = memory, .fan_in = fan_in}};
    for (const auto& [key, record] : given) sort.add(job.context, key, record);
    CHECK(sort.size() == given.size());
    CHECK((rest_of(sort, job.context) == expected));
    ExternalSort::Item item;
    CHECK_FALSE(sort.next(job.context, item));
    CHECK(job.call.staged.empty() == (memory > 1'000'000));
  }
  CHECK(job.call.counts["open readers"] == 0);
}

TEST_CASE("a record larger than memory and an empty one survive the disk", "[sdk][external_sort]") {
  Job job;
  ExternalSort sort{"rows", {.memory_bytes = 100, .fan_in = 2}};
  const std::string longest(300'000, 'y');
  sort.add(job.context, "2", longest);
  sort.add(job.context, "", "");
  sort.add(job.context, "3", "z");
  CHECK((rest_of(sort, job.context) == Pairs{{"", ""}, {"2", longest}, {"3", "z"}}));
}

TEST_CASE("a sort of nothing gives nothing", "[sdk][external_sort]") {
  Job job;
  ExternalSort sort{"rows"};
  CHECK(rest_of(sort, job.context).empty());
  ExternalSort again{"rows"};
  again.restore(job.context, sort.snapshot(job.context));
  CHECK(rest_of(again, job.context).empty());
}

TEST_CASE("a sort goes on from its snapshot, over a file that went further",
          "[sdk][external_sort]") {
  const Pairs given = some_pairs(500);
  const Pairs expected = sorted(given);
  const auto at = GENERATE(0u, 1u, 250u, 500u);
  const auto memory = GENERATE(std::size_t{500}, std::size_t{1} << 20);
  const ExternalSort::Limits limits{.memory_bytes = memory, .fan_in = 4};
  Job job;
  std::string state;
  {
    ExternalSort sort{"rows", limits};
    for (std::size_t i = 0; i < at; ++i) sort.add(job.context, given[i].first, given[i].second);
    state = sort.snapshot(job.context);
    CHECK(sort.snapshot(job.context) == state);
    for (int i = 0; i < 50; ++i) sort.add(job.context, "lost", "lost");
    static_cast<void>(sort.snapshot(job.context));
    static_cast<void>(rest_of(sort, job.context));
  }
  ExternalSort sort{"rows", limits};
  sort.restore(job.context, state);
  CHECK(sort.size() == at);
  for (std::size_t i = at; i < given.size(); ++i)
    sort.add(job.context, given[i].first, given[i].second);
  CHECK((rest_of(sort, job.context) == expected));
}

TEST_CASE("a snapshot among what is given leaves out what was given before",
          "[sdk][external_sort]") {
  const Pairs given = some_pairs(300);
  const Pairs expected = sorted(given);
  const auto memory = GENERATE(std::size_t{500}, std::size_t{1} << 20);
  const ExternalSort::Limits limits{.memory_bytes = memory, .fan_in = 4};
  Job job;
  ExternalSort first{"rows", limits};
  for (const auto& [key, record] : given) first.add(job.context, key, record);
  ExternalSort::Item item;
  for (int i = 0; i < 100; ++i) REQUIRE(first.next(job.context, item));
  const auto state = first.snapshot(job.context);
  const Pairs wanted{expected.begin() + 100, expected.end()};
  CHECK((rest_of(first, job.context) == wanted));
  ExternalSort second{"rows", limits};
  second.restore(job.context, state);
  CHECK((rest_of(second, job.context) == wanted));
}

TEST_CASE("whatever byte of a run is changed, it is an error and no other record",
          "[sdk][external_sort]") {
  Job job;
  const auto state = three_runs(job);
  REQUIRE(job.call.staged.size() == 1);
  std::string& file = job.call.staged.begin()->second;
  const std::string whole = file;
  const auto read = [&] {
    ExternalSort sort{"rows", {.memory_bytes = 100, .fan_in = 8}};
    sort.restore(job.context, state);
    return rest_of(sort, job.context);
  };
  CHECK((read() == Pairs{{"a", "2"}, {"a", "4"}, {"b", "1"}, {"c", "3"}, {"d", "5"}}));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    file = whole;
    file[i] = static_cast<char>(file[i] ^ 0x40);
    INFO(i);
    CHECK_THROWS_WITH(read(), Catch::Contains("not whole"));
  }
  file = whole.substr(0, whole.size() - 1);
  CHECK_THROWS_WITH(read(), Catch::Contains("less than at the checkpoint"));
  // Another run of the same length at that place, as after a mistake of a file system.
  file = whole;
  const auto half = whole.size() / 2;
  std::rotate(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(half), file.end());
  CHECK_THROWS_WITH(read(), Catch::Contains("not whole"));
}

TEST_CASE("a state that is none is refused", "[sdk][external_sort]") {
  Job job;
  const auto state = three_runs(job);
  std::vector<std::string> wrong{
      "",          "2 0 0 0",   "1 0 0",       "1 1 0 0",
      "1 0 1 0",   "1 -1 0 0",  "1 1 0 1 0 5", "x",
      "1 0 0 0 0", state + "0", state + " 1",  "1 5 0 99999999999999999999"};
  for (const std::string& text : wrong) {
    INFO(text);
    ExternalSort sort{"rows"};
    CHECK_THROWS_AS(sort.restore(job.context, text), Failure);
  }
}

TEST_CASE("told to stop, a merge ends", "[sdk][external_sort]") {
  Job job;
  ExternalSort sort{"rows", {.memory_bytes = 1000, .fan_in = 2}};
  for (int i = 0; i < 20'000; ++i) sort.add(job.context, std::to_string(i % 7), "x");
  job.call.is_stopping = true;
  ExternalSort::Item item;
  CHECK_THROWS_WITH(sort.next(job.context, item), Catch::Contains("stopped"));
  job.call.is_stopping = false;
  CHECK(rest_of(sort, job.context).size() == 20'000);
}

TEST_CASE("nodes have scratch of their own, under names that are allowed", "[sdk][external_sort]") {
  Job job;
  std::set<std::string> names;
  const std::vector<std::string> nodes{"sort",
                                       "sort.2e",
                                       "sort.",
                                       "sort..",
                                       "Größe / 5",
                                       "a/b",
                                       "a_b",
                                       std::string(128, 'x'),
                                       std::string(128, '/'),
                                       std::string(127, '/') + "x"};
  for (const auto& node : nodes) {
    job.call.node = node;
    const auto uri = scratch_uri(job.context, "rows-0");
    INFO(uri);
    CHECK(names.insert(uri).second);
    CHECK(uri.starts_with("work:///n-"));
    CHECK(uri.size() <= std::string{"work:///"}.size() + 200);
    CHECK(std::all_of(uri.begin() + 8, uri.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '_' || c == '-';
    }));
  }
}
