// Keeps the shape of the tree: which folder may include which, how long a file may be, and that no
// test is left out.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include <catch2/catch.hpp>

#include "tests/structure/rules.hpp"

using namespace millrace::test;

namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Calls `each` with the path relative to the project and the text of every file below its source
// folders.
void for_each_file(
    const std::function<void(const std::string& path, const std::string& text)>& each) {
  const fs::path root{MR_SOURCE_DIR};
  for (const auto* folder :
       {"sdk", "sql", "engine", "plugins", "api", "client", "tools", "tests", "cmake"}) {
    for (const auto& entry : fs::recursive_directory_iterator{root / folder}) {
      if (!entry.is_regular_file()) continue;
      const auto path = fs::relative(entry.path(), root).string();
      if (line_limit(path) > 0) each(path, read(entry.path()));
    }
  }
}

}  // namespace

TEST_CASE("includes run from tools to api to engine to sdk and sql, and from plugins to those",
          "[structure]") {
  std::vector<std::string> found;
  std::size_t files = 0;
  for_each_file([&](const std::string& path, const std::string& text) {
    ++files;
    const auto violations = include_violations(path, text);
    found.insert(found.end(), violations.begin(), violations.end());
  });
  CHECK(files > 100);
  CHECK(found == std::vector<std::string>{});
}

TEST_CASE("headers of api/ and engine/ include no library whose headers take seconds",
          "[structure]") {
  std::vector<std::string> found;
  for_each_file([&](const std::string& path, const std::string& text) {
    const auto violations = heavy_header_violations(path, text);
    found.insert(found.end(), violations.begin(), violations.end());
  });
  CHECK(found == std::vector<std::string>{});
}

TEST_CASE("api/ reads JSON in one place, and lets no object grow by names that a client sends",
          "[structure]") {
  std::vector<std::string> found;
  for_each_file([&](const std::string& path, const std::string& text) {
    const auto violations = json_violations(path, text);
    found.insert(found.end(), violations.begin(), violations.end());
  });
  CHECK(found == std::vector<std::string>{});
}

TEST_CASE("api/ holds things as what they are", "[structure]") {
  // An upload of the protocol tus takes back the sink that its own route has made. The lane is what
  // each request goes through: its tasks own nothing that would have to be allocated.
  const std::set<std::string> known{"api/maisie/routes_uploads.cpp", "api/route/work_lane.cpp",
                                    "api/route/work_lane.hpp"};
  std::vector<std::string> found;
  std::set<std::string> needed;
  for_each_file([&](const std::string& path, const std::string& text) {
    const auto violations = type_violations(path, text);
    if (known.contains(path) && !violations.empty()) {
      needed.insert(path);
    } else {
      found.insert(found.end(), violations.begin(), violations.end());
    }
  });
  CHECK(found == std::vector<std::string>{});
  CHECK(needed == known);
}

TEST_CASE("no source file is longer than its limit", "[structure]") {
  std::vector<std::string> found;
  for_each_file([&](const std::string& path, const std::string& text) {
    const auto lines = std::count(text.begin(), text.end(), '\n');
    if (lines > line_limit(path)) found.push_back(path + ": " + std::to_string(lines));
  });
  CHECK(found == std::vector<std::string>{});
}

TEST_CASE("who may read a file of the program is said where it is made", "[structure]") {
  const std::set<std::string> known{"api/auth/secret_file.cpp",
                                    "api/http/body_file.cpp",
                                    "engine/base/disk.cpp",
                                    "engine/base/private_files.cpp",
                                    "engine/data_lock.cpp",
                                    "engine/plugin/manifest.cpp",
                                    "engine/store/spool.cpp",
                                    "engine/base/beneath.cpp",
                                    "engine/testing/example_databases.cpp",
                                    "engine/testing/memory_services.cpp"};
  std::set<std::string> found;
  for_each_file([&](const std::string& path, const std::string& text) {
    const bool is_served = path.starts_with("engine/") || path.starts_with("api/");
    if (is_served && makes_files(text)) found.insert(path);
  });
  CHECK(found == known);
}

TEST_CASE("the rules see a file that is made as the umask says", "[structure][rules]") {
  CHECK(makes_files("std::ofstream{path} << text;"));
  CHECK(makes_files("fs::create_directories(folder, failed);"));
  CHECK(makes_files("::open(name, O_RDWR | O_CREAT, 0644)"));
  CHECK_FALSE(makes_files("MR_TRY(auto file, disk->create(name));"));
  CHECK_FALSE(makes_files("std::ifstream{path} >> text;"));
}

TEST_CASE("every fuzz target is in the table of what it links, and has a corpus", "[structure]") {
  const fs::path folder = fs::path{MR_SOURCE_DIR} / "tests/fuzz";
  const auto table = read(folder / "CMakeLists.txt");
  const std::string ending = "_fuzz.cpp";
  for (const auto& entry : fs::directory_iterator{folder}) {
    const auto file = entry.path().filename().string();
    if (file.size() <= ending.size() || file.substr(file.size() - ending.size()) != ending)
      continue;
    const auto name = file.substr(0, file.size() - ending.size());
    INFO(name);
    CHECK(table.find("set(fuzz_link_" + name + " ") != std::string::npos);
    CHECK((fs::is_directory(folder / "corpus" / name) && !fs::is_empty(folder / "corpus" / name)));
  }
}

TEST_CASE("the rules see an include that runs the wrong way", "[structure][rules]") {
  using Words = std::vector<std::string>;
  CHECK(include_violations("engine/run/a.cpp",
                           "#include <vector>\n  # include \"api/http/b.hpp\"\n") ==
        Words{"engine/run/a.cpp:2 includes api/http/b.hpp: the arrow runs the wrong way"});
  CHECK(include_violations("engine/base/a.cpp", "#include \"engine/run/run.hpp\"").size() == 1);
  CHECK(include_violations("plugins/input/a.cpp", "#include \"engine/base/json.hpp\"").size() == 1);
  CHECK(include_violations("sdk/src/a.cpp", "#include \"engine/base/json.hpp\"").size() == 1);
  CHECK(include_violations("client/src/a.cpp", "#include \"engine/base/json.hpp\"").size() == 1);
  for (const auto* path :
       {"plugins/input/a.cpp", "engine/catalog/a.cpp", "engine/limits.cpp", "sql/src/a.cpp"})
    CHECK(include_violations(path, "#include <millrace/sql/block.hpp>").empty());
  for (const auto* path : {"sdk/src/a.cpp", "client/src/a.cpp", "api/http/a.cpp", "tools/a.cpp",
                           "engine/base/a.cpp", "engine/run/a.cpp"})
    CHECK(include_violations(path, "#include <millrace/sql/block.hpp>").size() == 1);
  for (const auto* header : {"<millrace/batch.hpp>", "\"engine/base/json.hpp\"", "\"api/a.hpp\""})
    CHECK(include_violations("sql/src/a.cpp", std::string{"#include "} + header).size() == 1);
  CHECK(include_violations("plugins/output/a.cpp", "#include <cppconn/driver.h>").size() == 1);
  CHECK(include_violations("engine/catalog/a.cpp", "#include <sqlite3.h>").size() == 1);
  CHECK(include_violations("api/http/a.cpp", "#include \"tests/a.hpp\"").size() == 1);
  CHECK(
      include_violations("engine/job/a.cpp", "#include <opencv2/core.hpp>") ==
      Words{
          "engine/job/a.cpp:1 includes opencv2/core.hpp: that library belongs to another folder"});
  CHECK(include_violations("engine/job/a.cpp",
                           "// #include \"api/a.hpp\"\n#include \"engine/run/run.hpp\"\n")
            .empty());
  CHECK(include_violations("tests/a.cpp", "#include \"api/a.hpp\"").empty());
}

TEST_CASE("the rules see a header that is dear to include", "[structure][rules]") {
  using Words = std::vector<std::string>;
  CHECK(heavy_header_violations("api/route/a.hpp",
                                "#include <vector>\n#include <boost/asio.hpp>\n") ==
        Words{"api/route/a.hpp:2 includes boost/asio.hpp: include it in the source file"});
  CHECK(heavy_header_violations("engine/run/a.hpp", "#include <nlohmann/json.hpp>").size() == 1);
  CHECK(heavy_header_violations("engine/run/a.hpp", "#include <spdlog/spdlog.h>").size() == 1);
  CHECK(heavy_header_violations("api/http/a.hpp", "#include <boost/beast/core.hpp>").size() == 1);
  CHECK(heavy_header_violations("api/auth/a.hpp", "#include \"api/http/io_thread.hpp\"").size() ==
        1);
  CHECK(heavy_header_violations("api/http/a.hpp", "#include \"api/http/io_thread.hpp\"").empty());
  CHECK(heavy_header_violations("engine/run/a.hpp", "#include <nlohmann/json_fwd.hpp>").empty());
  CHECK(heavy_header_violations("engine/base/json.hpp", "#include <nlohmann/json.hpp>").empty());
  CHECK(heavy_header_violations("engine/run/a.cpp", "#include <fmt/format.h>").empty());
  CHECK(heavy_header_violations("tests/a.hpp", "#include <nlohmann/json.hpp>").empty());
}

TEST_CASE("the rules see JSON without limits, and objects that grow by unknown names",
          "[structure][rules]") {
  using Words = std::vector<std::string>;
  CHECK(json_violations("api/maisie/a.cpp", "\nauto x = Json::parse(text);") ==
        Words{"api/maisie/a.cpp:2: Json::parse has no limits: use api/route/json_text.hpp"});
  CHECK(json_violations("api/maisie/a.cpp", "parse_json(request.body)").size() == 1);
  CHECK(json_violations("api/route/json_text.cpp", "parse_json(request.body)").empty());
  CHECK(json_violations("api/route/json_text.cpp", "Json::parse(request.body)").size() == 1);
  CHECK(json_violations("engine/a.cpp", "Json::parse(text)").empty());
  const std::string reads = "void f(const http::Request&);\n";
  CHECK(json_violations("api/maisie/a.cpp", reads + "json_[key] = value;") ==
        Words{"api/maisie/a.cpp:2: an object grows by operator[]: use append_member()"});
  CHECK(json_violations("api/maisie/a.cpp", reads + "made[std::string{name}] = 1;").size() == 1);
  CHECK(json_violations("api/maisie/a.cpp", reads + "made[a[b]][c] = 1;").size() == 1);
  CHECK(json_violations("api/maisie/a.cpp", "json_[name] = value;").empty());
  CHECK(json_violations("api/route/openapi_a.cpp", reads + "json_[name] = value;").empty());
  CHECK(json_violations("api/maisie/a.cpp", reads + "made[\"name\"] = 1; a[0] = 2; a[kName] = 3;")
            .empty());
  CHECK(json_violations("api/maisie/a.cpp", reads + "if (text[last] == '=') f();").empty());
  CHECK(json_violations("api/maisie/a.cpp", reads + "// json_[name] = value;").empty());
}

TEST_CASE("the rules see where a type is lost", "[structure][rules]") {
  using Words = std::vector<std::string>;
  CHECK(type_violations("api/a.cpp", "\nauto* form = dynamic_cast<Form*>(upload);") ==
        Words{"api/a.cpp:2: a type is found out again: hold it as what it is"});
  for (const auto* line :
       {"auto* held = static_cast<const Held*>(answered.held);", "void* held = nullptr;",
        "const void *held;", "if (const auto* refused = std::get_if<api::Refusal>(&read)) f();",
        "std::get_if<Refusal>(&read)", "std::variant<Bound, Refusal> translate();",
        "std::variant<std::vector<Row>, api::Refusal> rows;",
        "static std::deque<std::string> texts;", "route.checks_schema = false;"}) {
    INFO(line);
    CHECK(type_violations("api/a.cpp", line).size() == 1);
    CHECK(type_violations("engine/a.cpp", line).empty());
  }
  for (const auto* line :
       {"void f(int* a);", "static_cast<void>(f());", "static_cast<std::size_t>(a * b)",
        "Result<std::variant<http::Response, StoredBody>, Refusal> made;",
        "Result<Bound, Refusal> translate();", "std::shared_ptr<const void> hold;",
        "return {this, [this](const void*) { end(); }};", "std::get_if<StoredBody>(&*made)",
        "// was void* once"}) {
    INFO(line);
    CHECK(type_violations("api/a.cpp", line).empty());
  }
}

TEST_CASE("the ABI header has a limit of its own", "[structure][rules]") {
  CHECK(line_limit("sdk/include/millrace/abi.h") == 300);
  CHECK(line_limit("engine/a.cpp") == 600);
  CHECK(line_limit("docs/a.md") == 0);
}
