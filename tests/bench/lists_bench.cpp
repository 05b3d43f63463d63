// How fast list records pass a filter, and what memory that takes: input.list -> filter.label ->
// output.list over a made-up list, beside a hand-written loop that does the same a line at a time
// with nlohmann/json. Prints records/s of both, the ratio, and the peak resident memory of ours,
// which runs first. Usage: lists_bench [records] [workers] [plugin folder]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>

#include "engine/base/clock.hpp"
#include "engine/graph/planning_services.hpp"
#include "engine/plugin/registry.hpp"
#include "engine/run/run.hpp"
#include "engine/run/scheduler.hpp"

#include <fmt/format.h>
#include <sys/resource.h>

using namespace millrace;

namespace {

class FileReader final : public ObjectReader {
 public:
  explicit FileReader(const std::string& path) : file_{std::fopen(path.c_str(), "rb")} {}
  Result<std::size_t> read(std::span<char> buffer) override {
    return std::fread(buffer.data(), 1, buffer.size(), file_.get());
  }
  Result<void> seek(std::uint64_t offset) override {
    std::fseek(file_.get(), static_cast<long>(offset), SEEK_SET);
    return {};
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::unique_ptr<std::FILE, Close> file_;
};

class FileWriter final : public ObjectWriter {
 public:
  explicit FileWriter(const std::string& path) : file_{path, std::ios::binary} {}
  Result<void> write(std::string_view bytes) override {
    file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    size_ += bytes.size();
    if (!file_) return Error{Code::Io, "cannot write"};
    return {};
  }
  Result<void> truncate(std::uint64_t) override { return {}; }  // a new file is empty
  [[nodiscard]] std::uint64_t size() const override { return size_; }

 private:
  std::ofstream file_;
  std::uint64_t size_ = 0;
};

// Objects are files of this machine, without the checks of the store.
class FileServices final : public PlanningServices {
 public:
  FileServices() : PlanningServices{0} {}
  Result<void> set_result(std::string_view, std::string_view) override { return {}; }
  Result<ObjectStat> stat(std::string_view uri) override {
    return ObjectStat{std::filesystem::file_size(path(uri)), false, 0};
  }
  Result<std::unique_ptr<ObjectReader>> open(std::string_view uri) override {
    return std::unique_ptr<ObjectReader>{std::make_unique<FileReader>(path(uri))};
  }
  Result<ObjectWriter*> stage(std::string_view uri) override {
    if (!writer_) writer_ = std::make_unique<FileWriter>(path(uri));
    return writer_.get();
  }

 private:
  static std::string path(std::string_view uri) {
    return std::string{uri.substr(std::string_view{"file://"}.size())};
  }
  std::unique_ptr<FileWriter> writer_;
};

void make_list(const std::string& path, long records) {
  std::ofstream file{path, std::ios::binary};
  for (long i = 0; i < records; ++i) {
    file << fmt::format(
        R"({{"url":"qiniu:///z0/photos/{:02}/{:08}.jpg","type":"image","taken":"2026-08-{:02}","label":{{"class":{{"pulp":"{}","scene":"street"}},)"
        R"("detect":{{"general_d":{{"bbox":[{{"class":"dog","pts":[[{},20],[30,20],[30,40],[10,40]]}}]}}}}}}}})"
        "\n",
        i % 100, i, i % 28 + 1, i % 2 == 0 ? "normal" : "sexy", i % 10);
  }
}

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void run_ours(Registry& registry, Scheduler& scheduler, const std::string& from,
              const std::string& to) {
  const Json document{
      {"ops",
       Json::array({{{"name", "in"},
                     {"type", "input.list"},
                     {"postOps", {"keep"}},
                     {"params", {{"file", "file://" + from}}}},
                    {{"name", "keep"},
                     {"type", "filter.label"},
                     {"preOps", {"in"}},
                     {"postOps", {"out"}},
                     {"params", {{"label", "class.pulp"}, {"values", {"normal"}}}}},
                    {{"name", "out"},
                     {"type", "output.list"},
                     {"preOps", {"keep"}},
                     {"params", {{"prefix", "file:///nowhere"}, {"file", "file://" + to}}}}})}};
  FileServices services;
  const auto checked = validate_document(document, Json::object(), registry, services);
  for (const auto& fault : checked.faults)
    fmt::print(stderr, "{}: {}\n", fault.pointer, fault.message);
  if (!checked.graph) std::exit(1);
  auto plan = make_plan(*checked.graph, registry);
  if (!plan.ok()) std::exit(1);
  Cancel cancel;
  std::promise<Outcome> done;
  run_plan(*plan, scheduler, services, cancel, {},
           [&](Outcome outcome) { done.set_value(std::move(outcome)); });
  const Outcome outcome = done.get_future().get();
  if (outcome.error) {
    fmt::print(stderr, "{}\n", outcome.error->message);
    std::exit(1);
  }
}

void run_peer(const std::string& from, const std::string& to) {
  std::ifstream in{from, std::ios::binary};
  std::ofstream out{to, std::ios::binary};
  for (std::string line; std::getline(in, line);) {
    const auto record = nlohmann::json::parse(line, nullptr, false);
    if (record.is_discarded() || !record.is_object() || !record.contains("url")) continue;
    if (record["label"]["class"].value("pulp", "") == "normal") out << line << '\n';
  }
}

}  // namespace

int main(int count, char** words) {
  const long records = count > 1 ? std::atol(words[1]) : 1'000'000;
  const auto workers = static_cast<std::size_t>(count > 2 ? std::atol(words[2]) : 2);
  const std::filesystem::path plugins =
      count > 3
          ? std::filesystem::path{words[3]}
          : std::filesystem::canonical("/proc/self/exe").parent_path() / "../lib/millrace/plugins";
  const std::string folder =
      std::filesystem::temp_directory_path() / fmt::format("lists_bench.{}", getpid());
  std::filesystem::create_directories(folder);
  const std::string list = folder + "/in.jsonlist", ours = folder + "/ours.jsonlist",
                    peers = folder + "/peer.jsonlist";
  make_list(list, records);
  auto registry = Registry::open({plugins});
  if (!registry.ok()) {
    fmt::print(stderr, "{}\n", registry.error().message);
    return 1;
  }
  auto scheduler = make_worker_pools({.compute = workers}, system_clock());
  const double our_seconds = seconds_of([&] { run_ours(**registry, *scheduler, list, ours); });
  const long peak = peak_kib();
  const double peer_seconds = seconds_of([&] { run_peer(list, peers); });
  const bool equal = std::filesystem::file_size(ours) == std::filesystem::file_size(peers);
  const auto bytes = static_cast<double>(std::filesystem::file_size(list));
  fmt::print("records={} bytes={:.0f} workers={}\n", records, bytes, workers);
  fmt::print("millrace  {:>10.0f} records/s  {:>6.0f} MB/s  peak {:.0f} MB\n",
             static_cast<double>(records) / our_seconds, bytes / our_seconds / 1e6,
             static_cast<double>(peak) * 1024 / 1e6);
  fmt::print("nlohmann  {:>10.0f} records/s  {:>6.0f} MB/s\n",
             static_cast<double>(records) / peer_seconds, bytes / peer_seconds / 1e6);
  fmt::print("ratio     {:.2f}   same output: {}\n", peer_seconds / our_seconds,
             equal ? "yes" : "NO");
  std::filesystem::remove_all(folder);
  return equal ? 0 : 1;
}
