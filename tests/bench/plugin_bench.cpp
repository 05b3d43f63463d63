// What plugins cost: opening the registry from manifests, loading each library, checking
// parameters, and one call through the C border. Usage: plugin_bench [plugin folder, default
// ../lib/millrace/plugins beside the program]. Prints the best of several rounds; a library loads
// once, so each load is a single measurement.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <string>

#include "engine/plugin/operator_info.hpp"
#include "engine/plugin/operator_instance.hpp"
#include "engine/plugin/registry.hpp"

#include <fmt/format.h>

namespace {

using namespace millrace;
using Clock = std::chrono::steady_clock;

double nanoseconds(Clock::duration time) {
  return std::chrono::duration<double, std::nano>(time).count();
}

// Returns the best time of one call, over rounds of many calls.
template <class Function>
double best_of(int rounds, int calls, Function function) {
  double best = 1e300;
  for (int round = 0; round < rounds; ++round) {
    const auto start = Clock::now();
    for (int i = 0; i < calls; ++i) function();
    best = std::min(best, nanoseconds(Clock::now() - start) / calls);
  }
  return best;
}

// Services of a job that does nothing but exist.
class NoServices final : public Services {
 public:
  std::string_view job() const override { return "job"; }
  std::uint64_t seed() const override { return 1; }
  bool stopping() const override { return false; }
  void log(std::string_view, int, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t, std::string_view) override {}
  void count(std::string_view, std::string_view, std::int64_t) override {}
  void record_event(std::string_view, const RecordLogEvent&) override {}
  Result<void> set_result(std::string_view, std::string_view) override { return {}; }
  Result<void> check_uri(std::string_view, bool) override { return {}; }
  Result<ObjectStat> stat(std::string_view) override { return none(); }
  Result<void> list(std::string_view, const EachListed&) override { return none(); }
  Result<std::unique_ptr<ObjectReader>> open(std::string_view) override { return none(); }
  Result<void> put(std::string_view, std::string_view) override { return none(); }
  Result<ObjectWriter*> stage(std::string_view) override { return none(); }
  Result<Batch> catalog_query(const Json&) override { return none(); }
  Result<Batch> catalog_change(const Json&) override { return none(); }

 private:
  static Error none() { return Error{Code::Unavailable, "nothing here"}; }
};

// An operator in C that does nothing with what it gets.
std::int32_t create(const mr_operator*, mr_context*, const mr_value*, void** self) {
  static int state = 0;
  *self = &state;
  return MR_OK;
}
void destroy(void*) {}
std::int32_t process(void*, mr_context*, ArrowArray* array, ArrowSchema* schema) {
  if (array->release != nullptr) array->release(array);
  if (schema->release != nullptr) schema->release(schema);
  return MR_OK;
}

mr_operator empty_operator() {
  mr_operator table{};
  table.struct_size = sizeof(table);
  table.create = create;
  table.destroy = destroy;
  table.process = process;
  return table;
}

void measure_calls() {
  NoServices services;
  OperatorInfo info = *read_declaration("filter.empty", "filter", "{}");
  const Json nothing = Json::object();
  fmt::print("check_parameters, none declared, none given   {:8.1f} ns\n", best_of(5, 200'000, [&] {
               (void)check_parameters(info, nullptr, nothing, services);
             }));
  info = *read_declaration("filter.some", "filter",
                           R"({"params": {"sigma": {"type": "number", "default": 1.5},
      "mode": {"type": "string", "default": "fast", "enum": ["fast", "best"]}}})");
  const Json given = Json::parse(R"({"sigma": 2.5})");
  fmt::print("check_parameters, two declared, one given     {:8.1f} ns\n",
             best_of(5, 200'000, [&] { (void)check_parameters(info, nullptr, given, services); }));

  const auto table = empty_operator();
  const Call call{services, "node"};
  auto instance = *OperatorInstance::create(table, nothing, call);
  fmt::print("process() of an empty operator                {:8.1f} ns\n",
             best_of(5, 1'000'000, [&] { (void)instance.process(call, Batch{}); }));
}

void measure_registry(const std::filesystem::path& folder) {
  const auto open_ns = best_of(5, 1, [&] { (void)Registry::open({folder}); });
  auto opened = Registry::open({folder});
  if (!opened.ok()) {
    fmt::print(stderr, "{}\n", opened.error().message);
    return;
  }
  fmt::print("Registry::open, {:3} operators                 {:8.3f} ms\n", (*opened)->all().size(),
             open_ns / 1e6);
  std::map<std::string, const OperatorInfo*> first;  // of each plugin
  for (const auto* info : (*opened)->all()) first.emplace(info->plugin, info);
  for (const auto& [plugin, info] : first) {
    const auto start = Clock::now();
    const auto table = (*opened)->table(*info);
    const auto time = nanoseconds(Clock::now() - start);
    fmt::print("load {:40} {:8.3f} ms{}\n", plugin, time / 1e6,
               table.ok() ? "" : "  (" + table.error().message + ")");
  }
}

}  // namespace

int main(int count, char** arguments) {
  measure_calls();
  const auto program = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  measure_registry(count > 1 ? std::filesystem::path{arguments[1]}
                             : program / "../lib/millrace/plugins");
  return 0;
}
