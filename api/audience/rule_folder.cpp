#include "api/audience/rule_folder.hpp"

#include <algorithm>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/utf8.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

namespace fs = std::filesystem;

std::string file_name(const std::string& predict_type) {
  const std::string column{predicted_column(predict_type).value_or(predict_type)};
  return (column == "author" ? "author_name" : column) + ".txt";
}

Result<Json> read_rules(const fs::path& file, ModelKind kind) {
  std::ifstream stream{file, std::ios::binary};
  Json rules = Json::array();
  std::size_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    const auto tab = line.find('\t');
    if (!is_utf8(line) || (kind == ModelKind::Keyword && tab == std::string::npos)) {
      return Error{Code::DataInvalid,
                   fmt::format("rules: a line is UTF-8{}: {}, line {}",
                               kind == ModelKind::Keyword ? ", a keyword, a tab and its type" : "",
                               file.string(), number)};
    }
    if (kind == ModelKind::Keyword) {
      rules.push_back({line.substr(0, tab), line.substr(tab + 1)});
    } else {
      rules.push_back(line);
    }
  }
  if (stream.bad() || !stream.eof())
    return Error{Code::Io, "rules: file cannot be read: " + file.string()};
  return rules;
}

}  // namespace

Result<Json> read_rule_folder(const fs::path& folder, ModelKind kind,
                              const std::string& predict_type) {
  const auto place = folder / (kind == ModelKind::Keyword ? "keyword_model" : "rule_model");
  std::vector<fs::path> files;
  std::error_code error;
  std::uintmax_t bytes = 0;
  for (fs::directory_iterator label{place, error}, end; !error && label != end;
       label.increment(error)) {
    const auto file = label->path() / file_name(predict_type);
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored)) continue;
    bytes += fs::file_size(file, ignored);
    files.push_back(file);
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return Error{Code::Io, fmt::format("rules: {}: {}", error.message(), place.string())};
  if (bytes > kMostRuleBytes) {
    return Error{Code::Exhausted, fmt::format("rules: the files of {} have more than {} MiB",
                                              place.string(), kMostRuleBytes >> 20)};
  }
  std::sort(files.begin(), files.end());
  Json rules = Json::object();
  for (const auto& file : files) {
    MR_TRY(rules[file.parent_path().filename().string()], read_rules(file, kind));
  }
  return rules;
}

}  // namespace millrace::audience
