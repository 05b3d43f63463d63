#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <opencv2/imgcodecs.hpp>

#include <chrono>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <thread>

#include "engine/base/json.hpp"
#include "engine/base/sha1.hpp"
#include "tests/api_http/client.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr int kJobs = 200, kKills = 20, kRecords = 24;

std::string read_file(const std::filesystem::path& file) {
  std::ifstream stream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

std::string with_replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

// What a put() leaves that was killed between its file and the rename: no address names it, and no list shows it.
bool is_cut_short(const std::filesystem::path& file) {
  return file.extension() == ".partial" && file.filename().string().find(".put-") != std::string::npos;
}

// The server with its data folder, killed and started again by the test.
class Mill {
 public:
  Mill() : data_{folder_ / "data"} {
    const auto store = data_ / "store/z0/in";
    std::filesystem::create_directories(store);
    std::ofstream list{store / "list.jsonlist"};
    for (int i = 0; i < kRecords; ++i) {
      cv::Mat picture(48, 64, CV_8UC3, cv::Scalar(10 * i, 255 - 9 * i, 5 * i));
      for (int x = 0; x < picture.cols; ++x) picture.at<cv::Vec3b>(i, x) = {255, 255, static_cast<uchar>(x)};
      REQUIRE(cv::imwrite((store / fmt::format("{}.png", i)).string(), picture));
      list << Json{{"url", fmt::format("qiniu:///z0/in/{}.png", i)}, {"type", "image"}}.dump() << "\n";
    }
    list.close();
    start();
  }

  void start() { server_ = std::make_unique<ServerProcess>(data_); }
  void kill() { server_->kill(); }

  // Nothing when the server could not be asked.
  std::optional<Json> ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    std::string token = read_file(data_ / "token");
    while (!token.empty() && token.back() == '\n') token.pop_back();
    try {
      Client client{server_->port()};
      client.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n"
                              "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                              method, target, token, body.size(), body));
      const Reply reply = client.read_reply();
      last_status = reply.status;
      return Json::parse(reply.body);
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

  // The number of the job, whether this or an earlier attempt submitted it.
  std::optional<std::int64_t> submit(int number) {
    const Json augment{{"name", "turn"}, {"type", "augment"}, {"preOps", {"in"}}, {"postOps", {"out"}},
                       {"params", {{"condition", Json::array()}, {"ops", "rotate/[5,80]"}}}};
    const Json pipeline{
        {"seed", 11},
        {"ops",
         {{{"name", "in"}, {"type", "input"}, {"postOps", {"turn"}}, {"params", {{"file", "qiniu:///z0/in/list.jsonlist"}}}},
          augment,
          {{"name", "out"}, {"type", "output"}, {"preOps", {"turn"}},
           {"params", {{"prefix", fmt::format("qiniu:///z0/out/{}", number)},
                       {"file", fmt::format("qiniu:///z0/out/{}.jsonlist", number)}}}}}}};
    const Json body{{"pipeline", pipeline}, {"idempotencyKey", fmt::format("job-{}", number)}};
    const auto answer = ask("POST", "/jobs", body.dump());
    if (!answer || last_status / 100 != 2) return std::nullopt;
    return answer->at("id").get<std::int64_t>();
  }

  // A hash of all that a job published, the same for all jobs of this test.
  [[nodiscard]] std::string output_hash(int number) const {
    const auto out = data_ / "store/z0/out";
    const std::string list = read_file(out / fmt::format("{}.jsonlist", number));
    std::string all = with_replaced(list, fmt::format("/out/{}/", number), "/out/N/");
    std::set<std::string> pictures;
    if (std::filesystem::exists(out / std::to_string(number))) {
      for (const auto& entry : std::filesystem::directory_iterator{out / std::to_string(number)}) {
        if (is_cut_short(entry.path())) continue;
        pictures.insert(entry.path().filename().string() + to_hex(sha1(read_file(entry.path()))));
      }
    }
    for (const std::string& picture : pictures) all += picture;
    return to_hex(sha1(all));
  }

  [[nodiscard]] std::filesystem::path out() const { return data_ / "store/z0/out"; }

  int last_status = 0;

 private:
  TemporaryFolder folder_;
  std::filesystem::path data_;
  std::unique_ptr<ServerProcess> server_;
};

}  // namespace

TEST_CASE("SIGKILL at random moments loses no job, doubles none, and leaves none stuck", "[fault][kill]") {
  const auto seed = static_cast<unsigned>(std::chrono::steady_clock::now().time_since_epoch().count());
  WARN("seed " << seed);
  std::mt19937 random{seed};
  std::uniform_int_distribution<int> moment{20, 600};  // ms
  Mill mill;

  std::map<int, std::int64_t> ledger;  // what we asked for -> the job we were promised
  int kills = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{10};
  int next = 0;
  while (kills < kKills || next < kJobs) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{moment(random)};
    // Each life of the server takes its share of the submissions, so that all kinds of moments are hit.
    const int share = next + kJobs / kKills;
    std::thread killer;
    if (kills < kKills) {
      killer = std::thread{[&] {
        std::this_thread::sleep_until(until);
        mill.kill();
      }};
    }
    while (next < kJobs && (next < share || kills >= kKills)) {
      const auto id = mill.submit(next);
      if (!id) break;  // killed: the same key is sent again to the next life
      ledger[next] = *id;
      ++next;
    }
    if (killer.joinable()) {
      killer.join();
      ++kills;
      mill.start();
    }
  }
  REQUIRE(ledger.size() == kJobs);
  CHECK(kills == kKills);

  // Not lost, not stuck: every promised job ends, and well.
  for (const auto& [number, id] : ledger) {
    std::string state;
    while (state != "finished") {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      const auto job = mill.ask("GET", fmt::format("/jobs/{}", id));
      REQUIRE(job);
      state = job->at("state").get<std::string>();
      INFO(job->dump());
      REQUIRE((state == "queued" || state == "running" || state == "publishing" || state == "finished"));
      if (state != "finished") std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
  }

  // Not doubled: one job for each key, and no others.
  std::set<std::int64_t> promised, known;
  for (const auto& [number, id] : ledger) promised.insert(id);
  CHECK(promised.size() == kJobs);
  const auto listed = mill.ask("GET", "/jobs?limit=500");
  REQUIRE(listed);
  for (const Json& job : listed->at("items")) known.insert(job.at("id").get<std::int64_t>());
  CHECK(known == promised);

  // Published once and whole: all outputs are those of a run that nobody disturbed.
  mill.submit(kJobs);
  const std::string wanted = [&] {
    while (!std::filesystem::exists(mill.out() / fmt::format("{}.jsonlist", kJobs))) {
      REQUIRE(std::chrono::steady_clock::now() < deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    return mill.output_hash(kJobs);
  }();
  for (int number = 0; number < kJobs; ++number) {
    INFO("job " << number);
    CHECK(mill.output_hash(number) == wanted);
  }
  for (const auto& entry : std::filesystem::recursive_directory_iterator{mill.out()}) {
    INFO(entry.path());
    CHECK((entry.path().extension() != ".partial" || is_cut_short(entry.path())));
  }
}
