#include <catch2/catch.hpp>

#include <millrace/client.hpp>

#include "tests/client/registry.hpp"

using namespace millrace;
using namespace millrace::client;
using namespace millrace::test;

using Fields = std::map<std::string, std::string>;
constexpr auto kUpload = "POST /api/v1/models/";

TEST_CASE("an upload is a multipart form with the documented fields", "[client][upload]") {
  const Surroundings here;
  Registry registry;
  registry.on(kUpload, 200, R"({"data": {"id": 4, "name": "lenet"}})");
  Models models{registry.config({{"selected_project", "1"}})};
  here.write("sub/net.bin", "WEIGHTS\r\n--x\r\n");
  here.write("parameters.json", "{\"layers\": 5}\n");
  const auto made = models.upload("lenet", "sub/net.bin", Json{{"lr", 0.01}, {"epochs", 10}},
                                  "parameters.json", Json::object(),
                                  {.is_private = true,
                                   .dataset_name = "mnist",
                                   .dataset_description = "digits",
                                   .tags = {"baseline", "prod"}});
  CHECK(made == Json{{{"id", 4}, {"name", "lenet"}}});
  const auto arrived = registry.last();
  CHECK(arrived.line == kUpload);
  CHECK(arrived.content_type.starts_with("multipart/form-data; boundary="));
  CHECK(arrived.file_name == "net.bin");
  CHECK(arrived.fields == Fields{{"name", "lenet"},
                                 {"hyperparameters", R"({"lr":0.01,"epochs":10})"},
                                 {"parameters", "{\"layers\": 5}\n"},
                                 {"metrics", "{}"},
                                 {"dataset_name", "mnist"},
                                 {"dataset_description", "digits"},
                                 {"tags", "baseline,prod"},
                                 {"private", "true"},
                                 {"user_id", "1"},
                                 {"project_id", "1"},
                                 {"file", "WEIGHTS\r\n--x\r\n"}});
}

TEST_CASE("what is null or unset is left out of an upload", "[client][upload]") {
  const Surroundings here;
  Registry registry;
  registry.on(kUpload, 200, R"({"data": {"id": 4}})");
  Models models{registry.config()};
  models.upload(std::nullopt, here.write("net.bin", ""), nullptr);
  CHECK(registry.last().fields == Fields{{"private", "false"}, {"user_id", "1"}, {"file", ""}});
}

TEST_CASE("branch and commit come from the configured repository, else from that around",
          "[client][upload]") {
  const Surroundings here;
  Registry registry;
  registry.on(kUpload, 200, R"({"data": {"id": 4}})");
  const auto git = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"-C", here.path("r").string(), "-c", "user.name=T", "-c",
                                         "user.email=t@example.com"});
    const auto output = here.run("git", arguments);
    return output.substr(0, output.find('\n'));
  };
  const auto file = here.write("r/in/net.bin", "x");
  git({"init", "--quiet", "--initial-branch=develop"});
  git({"commit", "--quiet", "--allow-empty", "--message=one"});
  const auto commit = git({"rev-parse", "HEAD"});

  Models configured{registry.config({{"git_local_repo", here.path("r").string()}})};
  configured.upload("a", file);
  CHECK(registry.last().fields["git_active_branch"] == "develop");
  CHECK(registry.last().fields["git_commit_hash"] == commit);

  Models plain{registry.config()};
  here.enter("r/in");
  git({"checkout", "--quiet", "--detach"});
  plain.upload("a", file);
  CHECK(registry.last().fields.count("git_active_branch") == 0);
  CHECK(registry.last().fields["git_commit_hash"] == commit);

  here.enter("outside");
  plain.upload("a", file);
  CHECK(registry.last().fields.count("git_commit_hash") == 0);
  CHECK(registry.log().back().starts_with("INFO The model is uploaded without git data: "));
  Models wrong{registry.config({{"git_local_repo", "/nowhere"}})};
  CHECK(wrong.upload("a", file).size() == 1);
  CHECK(registry.log().back() ==
        "WARNING The model is uploaded without git data: no such folder: /nowhere");
}

TEST_CASE("a missing model file is logged, and the request goes out without it",
          "[client][upload]") {
  const Surroundings here;
  Registry registry;
  registry.on(kUpload, 400,
              R"({"message": {"file": "Missing required parameter in an uploaded file"}})");
  Models models{registry.config({{"logging_level", "ERROR"}})};
  CHECK(models.upload("a", "nowhere.bin") == Json::array());
  CHECK_FALSE(registry.last().has_file);
  CHECK(registry.log() ==
        LogLines{"ERROR Model `nowhere.bin` could not be found.",
                 "ERROR POST models/: file: Missing required parameter in an uploaded file"});
}

TEST_CASE("a JSON file that is missing or holds none is logged and thrown", "[client][upload]") {
  const Surroundings here;
  Registry registry;
  Models models{registry.config({{"logging_level", "ERROR"}})};
  const auto file = here.write("net.bin", "x");
  CHECK_THROWS_AS(models.upload("a", file, "nowhere.json"), FileError);
  here.write("bad.json", "{lr: 1}");
  CHECK_THROWS_AS(models.upload("a", file, nullptr, "bad.json"), FileError);
  CHECK(registry.log() == LogLines{"ERROR the JSON file cannot be read: nowhere.json",
                                   "ERROR the file holds no JSON: bad.json"});
  CHECK(registry.lines().size() == 1);  // signing in
}

TEST_CASE("the progress of an upload reaches its end, and can stop it", "[client][upload]") {
  const Surroundings here;
  Registry registry;
  registry.on(kUpload, 200, R"({"data": {"id": 4}})");
  Models models{registry.config({{"logging_enable", false}})};
  const std::string bytes(5'000'000, 'w');
  const auto file = here.write("net.bin", bytes);
  std::uint64_t last = 0, total = 0;
  bool goes_up = true;
  UploadOptions options;
  options.progress = [&](std::uint64_t done, std::uint64_t all) {
    goes_up = goes_up && done >= last;
    last = done;
    total = all;
    return true;
  };
  CHECK(models.upload("a", file, nullptr, nullptr, nullptr, options).size() == 1);
  CHECK(goes_up);
  CHECK(last == total);
  CHECK(total > bytes.size());
  CHECK(registry.last().fields["file"] == bytes);
  options.progress = [](std::uint64_t done, std::uint64_t) { return done < 1'000'000; };
  CHECK(models.upload("a", file, nullptr, nullptr, nullptr, options) == Json::array());
  CHECK(models.last_reply().problem == "stopped");
}

TEST_CASE("a refusal that comes before the whole file has gone out is seen", "[client][upload]") {
  const Surroundings here;
  Registry registry;
  Models models{registry.config({{"logging_enable", false}})};
  const auto file = here.write("net.bin", std::string(20'000'000, 'w'));
  CHECK(models.upload("a", file) == Json::array());
  CHECK(models.last_reply().status == 413);
  CHECK(models.last_reply().problem != "");
}
