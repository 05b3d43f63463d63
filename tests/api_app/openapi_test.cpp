// The OpenAPI documents of the whole server, judged by tools of others, called as they say, and
// used in the page that shows them.
#include <fstream>
#include <set>

#include <catch2/catch.hpp>

#include "engine/base/json.hpp"
#include "engine/base/spawn.hpp"
#include "tests/api_http/client.hpp"
#include "tests/fixtures/node_packages.hpp"
#include "tests/fixtures/server_process.hpp"
#include "tests/fixtures/temporary_folder.hpp"

#include <fmt/format.h>

using namespace millrace;
using namespace millrace::test;

namespace {

void write(const std::filesystem::path& file, std::string_view text) {
  std::ofstream{file} << text;
  std::filesystem::permissions(
      file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

std::string read(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

Finished run(std::string program, std::vector<std::string> arguments) {
  Command command;
  command.program = std::move(program);
  command.arguments = std::move(arguments);
  command.timeout = std::chrono::minutes{2};
  auto finished = system_spawn().run(command);
  REQUIRE(finished.ok());
  return *std::move(finished);
}

/// A server with the user admin/admin and a key of atflow.
class Documented {
 public:
  Documented() {
    const std::string program = MR_BINARY_DIR "/bin/millrace";
    write(folder_ / "password", "admin");
    const auto added = run(program, {"users", "add", "admin", "--data", folder_ / "data",
                                     "--password-file", folder_ / "password"});
    INFO(added.errors);
    REQUIRE(added.exit_code == 0);
    write(
        folder_ / "atflow.json",
        R"({"keys": [{"accessKey": "ak-test", "secretKey": "sk-test", "logBucket": "qiniu:///z0/logs"}]})");
    server_ = std::make_unique<ServerProcess>(
        folder_ / "data", std::vector<std::string>{"--atflow-settings", folder_ / "atflow.json"});
  }

  [[nodiscard]] std::string base() const {
    return fmt::format("http://127.0.0.1:{}", server_->port());
  }
  [[nodiscard]] std::string token() const {
    const auto text = read(folder_ / "data/token");
    return text.substr(0, text.find('\n'));
  }
  /// Puts an object into the store.
  void store(const std::string& name, std::string_view text) const {
    const auto file = folder_ / "data/store" / name;
    std::filesystem::create_directories(file.parent_path());
    write(file, text);
  }
  /// Fetches a document into a file.
  [[nodiscard]] std::string document(const std::string& path) const {
    Client client{server_->port()};
    client.send(
        fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n\r\n", path, server_->port()));
    const auto reply = client.read_reply();
    REQUIRE(reply.status == 200);
    write(folder_ / "openapi.json", reply.body);
    return folder_ / "openapi.json";
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<ServerProcess> server_;
};

constexpr const char* kHere = MR_SOURCE_DIR "/tests/api_app/";

}  // namespace

TEST_CASE("swagger-parser and redocly find nothing wrong with the documents", "[npm][openapi]") {
  if (is_offline()) {
    WARN("left out: MILLRACE_OFFLINE is set");
    return;
  }
  const Documented server;
  for (const auto* path : {"/openapi.json", "/atflow/openapi.json", "/maisie/openapi.json"}) {
    const auto judged =
        run("node", {fmt::format("{}judge_openapi.mjs", kHere),
                     fmt::format("{}redocly.yaml", kHere), server.document(path),
                     node_package("@apidevtools/swagger-parser"), node_package("@redocly/cli")});
    INFO(path << "\n" << judged.output << judged.errors);
    CHECK(judged.exit_code == 0);
  }
}

TEST_CASE("every operation, called as the document says, answers as the document says",
          "[npm][openapi]") {
  if (is_offline()) {
    WARN("left out: MILLRACE_OFFLINE is set");
    return;
  }
  const Documented server;
  const auto called = run("node", {fmt::format("{}call_operations.mjs", kHere), server.base(),
                                   server.token(), node_package("@apidevtools/swagger-parser"),
                                   node_package("ajv"), node_package("qiniu")});
  INFO(called.errors);
  REQUIRE(called.exit_code == 0);
  const auto answers = parse_json(called.output);
  REQUIRE(answers.ok());
  CHECK(answers->size() > 50);
  // What examples alone cannot bring to a good end.
  const std::set<std::string> refused{"engine_abort",
                                      "engine_retry",
                                      "atflow_mix",
                                      "atflow_get",
                                      "atflow_abort",
                                      "maisie_compare_models",
                                      "maisie_delete_user",
                                      "maisie_roll_back_stage",
                                      "maisie_look_at_upload",
                                      "maisie_delete_upload",
                                      "maisie_append_to_upload",
                                      "maisie_override_upload"};
  for (const auto& answer : *answers) {
    const auto name = answer["operation"].get<std::string>();
    INFO(answer.dump());
    CHECK(answer["problem"] == "");
    if (!refused.contains(name)) CHECK(answer["status"] < 300);
  }
}

TEST_CASE("the page at /docs sends what its documents say, and signs by keys", "[npm][openapi]") {
  if (is_offline()) {
    WARN("left out: MILLRACE_OFFLINE is set");
    return;
  }
  const Documented server;
  server.store("z0/in/pulp.jsonlist", R"({"url": "qiniu:///z0/in/pulp.jpg", "label": []})");
  const auto used =
      run("node", {fmt::format("{}use_page.mjs", kHere), server.base(), node_package("jsdom")});
  INFO(used.errors);
  REQUIRE(used.exit_code == 0);
  const auto read = parse_json(used.output);
  REQUIRE(read.ok());
  const auto& results = *read;
  INFO(results.dump(2));
  // Fields of a form begin with their examples; those without are left out.
  CHECK(results["maisie_create_workspace"]["status"] == 200);
  CHECK(results["maisie_create_workspace"]["sent"] ==
        "name=Vision&description=All%20vision%20work");
  CHECK(results["maisie_create_project"]["status"] == 200);
  const auto& upload = results["maisie_create_model"];
  CHECK(upload["status"] == 200);
  CHECK(upload["type"] == "multipart/form-data");
  const auto names = upload["sent"].get<std::set<std::string>>();
  CHECK(names == std::set<std::string>{"project_id", "name", "dataset_name", "hyperparameters",
                                       "parameters", "metrics", "tags", "file"});
  CHECK(results["atflow_list"]["status"] == 200);
  CHECK(results["atflow_mix"]["status"] == 202);
}
