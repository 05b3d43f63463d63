// Whole jobs against a disk that is full or takes no writes, in a real process.
#include <chrono>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>
#include <opencv2/imgcodecs.hpp>

#include "engine/base/spawn.hpp"
#include "tests/fault/served_pictures.hpp"
#include "tests/fixtures/small_disk.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

constexpr int kPictures = 24;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// No staged file, no file of a put that did not end, and no picture that is not whole.
void check_nothing_half_written(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder)) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{folder}) {
    if (!entry.is_regular_file()) continue;
    INFO(entry.path());
    CHECK(entry.path().extension() != ".partial");
    if (entry.path().extension() == ".png") CHECK_FALSE(cv::imread(entry.path().string()).empty());
  }
}

Json job_of(const ServerProcess& server, const std::filesystem::path& data, std::int64_t id) {
  const auto answer = ask(server, data, "GET", fmt::format("/jobs/{}", id));
  REQUIRE(answer);
  REQUIRE(answer->status == 200);
  return answer->body;
}

Json wait_for_end(const ServerProcess& server, const std::filesystem::path& data, std::int64_t id) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{2};
  while (true) {
    Json job = job_of(server, data, id);
    const auto state = job.at("state").get<std::string>();
    if (state == "finished" || state == "failed" || state == "aborted") return job;
    INFO(job.dump());
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

std::int64_t submit(const ServerProcess& server, const std::filesystem::path& data, int number,
                    int copies) {
  const auto answer = ask(server, data, "POST", "/jobs", turn_pictures(number, copies).dump());
  REQUIRE(answer);
  INFO(answer->body.dump());
  REQUIRE(answer->status == 202);
  return answer->body.at("id").get<std::int64_t>();
}

Finished run_program(const std::vector<std::string>& arguments) {
  Command command;
  command.program = std::string{MR_BINARY_DIR} + "/bin/millrace";
  command.arguments = arguments;
  command.timeout = std::chrono::minutes{2};
  auto finished = system_spawn().run(command);
  REQUIRE(finished.ok());
  return *std::move(finished);
}

bool is_mounted(const SmallDisk& disk) {
  if (disk.problem().empty()) return true;
  WARN("skipped: " << disk.problem());
  return false;
}

}  // namespace

TEST_CASE("millrace run against a full disk fails, says so, and leaves nothing half-written",
          "[fault][disk]") {
  const SmallDisk disk{2};
  if (!is_mounted(disk)) return;
  const TemporaryFolder folder;
  write_pictures(folder / "data/store", kPictures);
  Json pipeline = turn_pictures(1, 4).at("pipeline");
  auto& target = pipeline["ops"][2]["params"];
  target = {{"prefix", "file://" + (disk.path() / "pictures").string()},
            {"file", "file://" + (disk.path() / "out.jsonlist").string()}};
  const auto file = folder / "turn.json";
  std::ofstream{file} << pipeline.dump();
  disk.fill(64);

  const auto data = (folder / "data").string();
  const auto full = run_program({"run", file.string(), "--data", data});
  INFO(full.errors);
  CHECK(full.exit_code == 1);
  CHECK(contains(full.errors, "job 1 failed"));
  CHECK(contains(full.errors, "the disk is full; free some space"));
  CHECK(contains(full.errors, disk.path().string() + "/"));
  CHECK_FALSE(std::filesystem::exists(disk.path() / "out.jsonlist"));
  check_nothing_half_written(disk.path());

  disk.free_space();
  const auto again = run_program({"jobs", "rerun", "1", "--data", data});
  INFO(again.errors);
  CHECK(again.exit_code == 0);
  const auto list = read_file(disk.path() / "out.jsonlist");
  CHECK(std::count(list.begin(), list.end(), '\n') == 4 * kPictures);
  check_nothing_half_written(disk.path());
}

TEST_CASE("a store on a full disk fails the job; the server lives, and the job can be retried",
          "[fault][disk]") {
  const SmallDisk disk{2};
  if (!is_mounted(disk)) return;
  const TemporaryFolder folder;
  const auto data = folder / "data";
  std::filesystem::create_directory(data);
  write_pictures(disk.path(), kPictures);
  ServerProcess server{data, {"--store", disk.path().string()}};
  disk.fill(64);

  const auto id = submit(server, data, 1, 4);
  const Json failed = wait_for_end(server, data, id);
  INFO(failed.dump());
  CHECK(failed.at("state") == "failed");
  CHECK(failed.at("error").at("code") == "exhausted");
  CHECK(contains(failed.at("error").at("message"), "the disk is full; free some space"));
  CHECK(contains(failed.at("error").at("message"), "qiniu:///z0/out/1"));
  CHECK_FALSE(std::filesystem::exists(disk.path() / "z0/out/1.jsonlist"));
  check_nothing_half_written(disk.path());
  CHECK(server.is_running());

  disk.free_space();
  const auto retried = ask(server, data, "POST", fmt::format("/jobs/{}/retry", id));
  REQUIRE(retried);
  CHECK(retried->status / 100 == 2);
  CHECK(wait_for_end(server, data, id).at("state") == "finished");
  check_nothing_half_written(disk.path());
  const auto whole = submit(server, data, 2, 4);
  CHECK(wait_for_end(server, data, whole).at("state") == "finished");
  CHECK(output_hash(disk.path(), 1) == output_hash(disk.path(), 2));
  CHECK(server.terminate() == 0);
}

TEST_CASE("a job whose store takes no writes is tried again, and finishes once it does",
          "[fault][disk]") {
  const SmallDisk disk{2};
  if (!is_mounted(disk)) return;
  const TemporaryFolder folder;
  const auto data = folder / "data";
  std::filesystem::create_directory(data);
  write_pictures(disk.path(), kPictures);
  ServerProcess server{data, {"--store", disk.path().string()}};
  disk.set_read_only(true);
  Json patient = turn_pictures(1);
  patient["maxAttempts"] = 100;
  const auto submitted = ask(server, data, "POST", "/jobs", patient.dump());
  REQUIRE(submitted);
  REQUIRE(submitted->status == 202);
  const auto id = submitted->body.at("id").get<std::int64_t>();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
  Json job = job_of(server, data, id);
  while (job.at("error").is_null()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
    job = job_of(server, data, id);
  }
  INFO(job.dump());
  CHECK((job.at("state") == "queued" || job.at("state") == "running"));
  CHECK(job.at("error").at("code") == "io");
  CHECK(contains(job.at("error").at("message"), "mounted read-only"));
  disk.set_read_only(false);
  CHECK(wait_for_end(server, data, id).at("state") == "finished");
  check_nothing_half_written(disk.path());
  CHECK(server.terminate() == 0);
}

TEST_CASE("a catalog on a full disk refuses submissions, answers reads, and takes them up again",
          "[fault][disk]") {
  const SmallDisk disk{8};
  if (!is_mounted(disk)) return;
  const auto data = disk.path() / "data";
  std::filesystem::create_directory(data);
  write_pictures(data / "store", kPictures);
  ServerProcess server{data};
  const auto before = submit(server, data, 1, 1);
  CHECK(wait_for_end(server, data, before).at("state") == "finished");

  disk.fill();
  std::optional<Answer> refused;
  int accepted = 0;  // what still goes into pages that the write-ahead log has already
  for (int number = 100; number < 400; ++number, ++accepted) {
    refused = ask(server, data, "POST", "/jobs", turn_pictures(number).dump());
    REQUIRE(refused);
    if (refused->status != 202) break;
  }
  INFO(refused->body.dump());
  CHECK(refused->status == 503);
  CHECK(refused->body.at("error").at("code") == "exhausted");
  CHECK(contains(refused->body.at("error").at("message"), "the disk is full; free some space"));
  CHECK(job_of(server, data, before).at("state") == "finished");
  const auto live = ask(server, data, "GET", "/livez");
  REQUIRE(live);
  CHECK(live->status == 200);

  disk.free_space();
  const auto after = submit(server, data, 2, 1);
  CHECK(wait_for_end(server, data, after).at("state") == "finished");
  CHECK(output_hash(data / "store", 1) == output_hash(data / "store", 2));
  // What was refused is not there, and what was accepted has ended: well, or for want of space.
  const auto listed = ask(server, data, "GET", "/jobs?limit=500");
  REQUIRE(listed);
  CHECK(listed->body.at("items").size() == static_cast<std::size_t>(accepted) + 2);
  for (const Json& job : listed->body.at("items"))
    wait_for_end(server, data, job.at("id").get<std::int64_t>());
  check_nothing_half_written(data / "store");
  CHECK(server.terminate() == 0);
}

TEST_CASE("everything on one full disk: a job ends when there is space, and leaves nothing behind",
          "[fault][disk]") {
  const SmallDisk disk{8};
  if (!is_mounted(disk)) return;
  const auto data = disk.path() / "data";
  std::filesystem::create_directory(data);
  write_pictures(data / "store", kPictures);
  ServerProcess server{data};
  disk.fill(160);
  const auto id = submit(server, data, 1, 8);
  // Its pictures take what is left, and the next one fails. Whether its row can still say so
  // depends on the last pages; else the disk is left full for far longer than a picture takes.
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto deadline = now() + std::chrono::minutes{1};
  for (auto full_since = now(); now() - full_since < std::chrono::seconds{3};) {
    if (job_of(server, data, id).at("state") == "failed") break;
    if (std::filesystem::space(disk.path()).available > 0) full_since = now();
    REQUIRE(now() < deadline);
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  CHECK(server.is_running());
  disk.free_space();
  const Json failed = wait_for_end(server, data, id);
  INFO(failed.dump());
  REQUIRE(failed.at("state") == "failed");
  CHECK(contains(failed.at("error").at("message"), "the disk is full; free some space"));
  check_nothing_half_written(data / "store");
  const auto retried = ask(server, data, "POST", fmt::format("/jobs/{}/retry", id));
  REQUIRE(retried);
  CHECK(retried->status / 100 == 2);
  CHECK(wait_for_end(server, data, id).at("state") == "finished");
  check_nothing_half_written(data / "store");
  CHECK(server.terminate() == 0);
}
