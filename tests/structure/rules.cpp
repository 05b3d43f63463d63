#include "tests/structure/rules.hpp"

#include <algorithm>
#include <array>
#include <regex>
#include <string>
#include <utility>

namespace millrace::test {
namespace {

// A folder may include these and no other of ours, of "millrace/" all but "millrace/sql/". The
// first rule whose folder fits counts.
struct FolderRule {
  std::string_view folder;
  std::vector<std::string_view> allowed;
};

const std::vector<FolderRule>& folder_rules() {
  static const std::vector<FolderRule> rules{
      {"sdk/", {"sdk/", "millrace/"}},
      {"sql/", {"millrace/sql/"}},
      {"plugins/", {"plugins/", "millrace/", "millrace/sql/"}},
      {"client/", {"client/", "millrace/"}},
      {"engine/base/", {"engine/base/", "millrace/"}},
      {"engine/plugin/", {"engine/base/", "engine/plugin/", "millrace/", "millrace/sql/"}},
      {"engine/graph/", {"engine/base/", "engine/plugin/", "engine/graph/", "millrace/"}},
      {"engine/run/",
       {"engine/base/", "engine/plugin/", "engine/graph/", "engine/run/", "millrace/"}},
      {"engine/store/", {"engine/base/", "engine/plugin/", "engine/store/", "millrace/"}},
      {"engine/catalog/", {"engine/base/", "engine/catalog/", "millrace/", "millrace/sql/"}},
      {"engine/", {"engine/", "millrace/", "millrace/sql/"}},
      {"api/http/", {"api/http/", "engine/", "millrace/"}},
      {"api/", {"api/", "engine/", "millrace/"}},
      {"tools/", {"tools/", "api/", "client/", "engine/", "millrace/"}},
  };
  return rules;
}

// A library that is heavy, or whose exceptions and types must not spread, lives in these folders
// only.
struct LibraryRule {
  std::string_view header;
  std::vector<std::string_view> folders;
};

const std::vector<LibraryRule>& library_rules() {
  static const std::vector<LibraryRule> rules{
      {"opencv2/", {"plugins/"}},
      {"turbojpeg", {"plugins/"}},
      {"jpeglib", {"plugins/"}},
      {"torch/", {"plugins/"}},
      {"sqlite3", {"sql/"}},
      {"mysql", {"sql/"}},
      {"cppconn/", {"sql/src/mysql/"}},
      {"curl/", {"engine/store/", "client/", "tools/"}},
      {"boost/beast", {"api/http/", "tools/"}},
      {"boost/asio", {"api/http/", "engine/run/", "engine/base/", "tools/"}},
      {"boost/graph", {"engine/graph/"}},
      {"boost/dll", {"engine/", "tools/"}},
      {"CLI/", {"tools/"}},
      {"sodium", {"engine/base/", "api/auth/"}},
      {"xxhash", {"plugins/"}},
  };
  return rules;
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

bool begins_with_one(std::string_view text, const std::vector<std::string_view>& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return begins_with(text, prefix); });
}

// Returns what a line includes, empty when it includes nothing.
std::string_view included(std::string_view line) {
  const auto skip_blanks = [&] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  skip_blanks();
  if (!begins_with(line, "#")) return {};
  line.remove_prefix(1);
  skip_blanks();
  if (!begins_with(line, "include")) return {};
  const auto open = line.find_first_of("\"<");
  if (open == std::string_view::npos) return {};
  const auto close = line.find_first_of("\">", open + 1);
  return close == std::string_view::npos ? std::string_view{}
                                         : line.substr(open + 1, close - open - 1);
}

bool is_ours(std::string_view header) {
  constexpr std::array<std::string_view, 9> kOurs{
      "sdk/", "sql/", "engine/", "plugins/", "api/", "client/", "tools/", "tests/", "millrace/"};
  return std::any_of(kOurs.begin(), kOurs.end(),
                     [&](std::string_view folder) { return begins_with(header, folder); });
}

// The room of databases is beside the SDK, though its headers lie beside the SDK's too.
bool is_allowed(std::string_view header, const std::vector<std::string_view>& allowed) {
  constexpr std::string_view kSql = "millrace/sql/";
  if (begins_with(header, kSql))
    return std::find(allowed.begin(), allowed.end(), kSql) != allowed.end();
  return begins_with_one(header, allowed);
}

}  // namespace

std::vector<std::string> include_violations(std::string_view path, std::string_view text) {
  std::vector<std::string> found;
  const auto& rules = folder_rules();
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const FolderRule& one) {
    return begins_with(path, one.folder);
  });
  if (rule == rules.end()) return found;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    const auto header = included(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (header.empty()) continue;
    const auto report = [&](std::string_view why) {
      found.push_back(std::string{path} + ":" + std::to_string(number) + " includes " +
                      std::string{header} + ": " + std::string{why});
    };
    if (is_ours(header) && !is_allowed(header, rule->allowed))
      report("the arrow runs the wrong way");
    for (const auto& library : library_rules()) {
      if (begins_with(header, library.header) && !begins_with_one(path, library.folders)) {
        report("that library belongs to another folder");
      }
    }
  }
  return found;
}

std::vector<std::string> heavy_header_violations(std::string_view path, std::string_view text) {
  // Of api/http the headers of a connection's own parts; what others include of it has no Asio.
  static const std::vector<LibraryRule> kHeavy{
      {"nlohmann/json.hpp", {"engine/base/json.hpp", "engine/base/compiled_once.hpp"}},
      {"fmt/format.h", {"engine/base/compiled_once.hpp"}},
      {"spdlog/spdlog.h", {}},
      {"boost/asio",
       {"api/http/connection.hpp", "api/http/io_thread.hpp", "api/http/listener.hpp"}},
      {"boost/beast", {}},
      {"boost/graph", {}},
      {"boost/dll", {}},
      {"CLI/", {}},
      {"simdjson", {}},
      {"regex", {}},
      {"api/http/connection.hpp", {"api/http/"}},
      {"api/http/io_thread.hpp", {"api/http/"}},
      {"api/http/listener.hpp", {"api/http/"}},
      {"engine/base/compiled_once.hpp", {}},
  };
  std::vector<std::string> found;
  const bool is_header = path.ends_with(".hpp") || path.ends_with(".h");
  if (!is_header || (!begins_with(path, "api/") && !begins_with(path, "engine/"))) return found;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    const auto header = included(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    for (const auto& library : kHeavy) {
      if (begins_with(header, library.header) && !begins_with_one(path, library.folders)) {
        found.push_back(std::string{path} + ":" + std::to_string(number) + " includes " +
                        std::string{header} + ": include it in the source file");
      }
    }
  }
  return found;
}

std::vector<std::string> json_violations(std::string_view path, std::string_view text) {
  std::vector<std::string> found;
  if (!begins_with(path, "api/")) return found;
  // Tokens are read with limits of their own, before anybody is known.
  constexpr std::array<std::string_view, 2> kReaders{"api/route/json_text.cpp",
                                                     "api/auth/token_verifier.cpp"};
  const bool may_parse = std::find(kReaders.begin(), kReaders.end(), path) != kReaders.end();
  // The OpenAPI documents are made of what we have declared ourselves, before anybody asks.
  const bool reads_requests = !begins_with(path, "api/route/openapi") &&
                              (text.find("http::Request") != std::string_view::npos ||
                               text.find("Fields") != std::string_view::npos);
  // A name, what stands in brackets and is no text, number or constant, and one "=".
  static const std::regex kGrows{R"(\b\w+\[(?!k[A-Z])[^\]"0-9][^=]*\] = )"};
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    const std::string line{text.substr(0, std::min(text.find("//"), end))};
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto report = [&](std::string_view why) {
      found.push_back(std::string{path} + ":" + std::to_string(number) + ": " + std::string{why});
    };
    if (line.find("Json::parse(") != std::string::npos)
      report("Json::parse has no limits: use api/route/json_text.hpp");
    if (!may_parse && line.find("parse_json(") != std::string::npos)
      report("JSON is read by api/route/json_text.hpp");
    if (reads_requests && std::regex_search(line, kGrows))
      report("an object grows by operator[]: use append_member()");
  }
  return found;
}

std::vector<std::string> type_violations(std::string_view path, std::string_view text) {
  struct Rule {
    std::regex pattern;
    std::string_view why;
  };
  static const std::vector<Rule> kRules{
      {std::regex{R"(\bdynamic_cast\b)"}, "a type is found out again: hold it as what it is"},
      {std::regex{R"(\bstatic_cast<[^>]*\*>)"}, "a pointer is cast: hold it as what it is"},
      // Nobody looks at a parameter without a name, as the end of a hold has one.
      {std::regex{R"(\bvoid ?\*(?!\)))"}, "void* has no type"},
      {std::regex{R"(\bget_if<[\w:]*Refusal>|\bvariant<(?:[^<>]|<[^<>]*>)*\bRefusal>)"},
       "a Refusal is the error of a Result: use MR_TRY"},
      {std::regex{R"(\bstatic std::deque\b)"}, "a route owns its texts"},
      {std::regex{R"(\bchecks_schema\b)"}, "declared parameters are always checked"}};
  std::vector<std::string> found;
  if (!begins_with(path, "api/")) return found;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    const std::string line{text.substr(0, std::min(text.find("//"), end))};
    text.remove_prefix(std::min(end + 1, text.size()));
    for (const auto& rule : kRules) {
      if (std::regex_search(line, rule.pattern))
        found.push_back(std::string{path} + ":" + std::to_string(number) + ": " +
                        std::string{rule.why});
    }
  }
  return found;
}

bool makes_files(std::string_view text) {
  constexpr std::array<std::string_view, 9> kMakers{"O_CREAT",         "O_TMPFILE", "ofstream",
                                                    "create_director", "mkdir",     "mkstemp",
                                                    "mkdtemp",         "mknod",     "fopen"};
  return std::any_of(kMakers.begin(), kMakers.end(), [text](std::string_view maker) {
    return text.find(maker) != std::string_view::npos;
  });
}

int line_limit(std::string_view path) {
  if (path == "sdk/include/millrace/abi.h") return 300;
  constexpr std::array<std::string_view, 6> kSources{".cpp", ".hpp", ".h", ".c", ".cmake", ".py"};
  const bool is_source =
      std::any_of(kSources.begin(), kSources.end(), [&](std::string_view ending) {
        return path.size() > ending.size() && path.substr(path.size() - ending.size()) == ending;
      });
  return is_source ? 600 : 0;
}

}  // namespace millrace::test
