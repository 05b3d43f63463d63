#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

#include <millrace/client/error.hpp>
#include <millrace/client/settings.hpp>

#include "client/src/ini_file.hpp"

namespace millrace::client {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileName = ".maisie";
constexpr std::size_t kMaxEntries = 100'000;
constexpr auto kDictionary = "dictionary";

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_setting(std::string_view name) {
  const auto& names = Settings::names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_true(const std::string& text) {
  const auto word = lower(text);
  return !(word.empty() || word == "false" || word == "0" || word == "no" || word == "off" ||
           word == "none" || word == "null");
}

}  // namespace

const std::array<std::string_view, 13>& Settings::names() {
  static constexpr std::array<std::string_view, 13> kNames{
      "api_url",           "api_page",           "api_per_page",   "git_local_repo",
      "auth_user_login",   "auth_user_password", "auth_app_token", "auth_ssh_key",
      "logging_enable",    "logging_level",      "logging_file",   "selected_project",
      "selected_workspace"};
  return kNames;
}

std::string Settings::environment_name(std::string_view setting) {
  std::string name = "MAISIE_";
  for (const char c : setting)
    name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

Settings::Settings(std::shared_ptr<Log> log) : log_{std::move(log)} {
  lay_dictionary(values_, {{"api_page", 1},
                           {"api_per_page", 10},
                           {"auth_user_password", nullptr},
                           {"auth_app_token", nullptr},
                           {"auth_ssh_key", nullptr},
                           {"logging_enable", true},
                           {"logging_level", "INFO"},
                           {"logging_file", nullptr}});
}

void Settings::lay_file(Values& values, const fs::path& file) {
  for (auto& entry : detail::read_ini(file)) {
    const auto name = entry.section + "_" + entry.key;
    if (is_setting(name)) values[name] = {std::move(entry.value), file.string()};
  }
}

void Settings::lay_dictionary(Values& values, const Json& dictionary) {
  if (!dictionary.is_object())
    throw ConfigInitializationError{"the dictionary of settings is no JSON object"};
  for (const auto& [key, value] : dictionary.items()) {
    const auto name = lower(key);
    if (is_setting(name)) values[name] = {value, kDictionary};
  }
}

void Settings::lay_environment(Values& values) {
  for (const auto name : names()) {
    const char* text = std::getenv(environment_name(name).c_str());
    if (text != nullptr && *text != '\0')
      values[std::string{name}] = {std::string{text}, "environment"};
  }
}

void Settings::fetch(const FetchOptions& options) {
  auto values = values_;
  auto file = options.filename;
  if (!file && !options.dictionary) {
    std::error_code failed;
    const auto folder = fs::current_path(failed);
    if (!failed) file = find_settings_file(folder, *log_);
  }
  if (file && !file->empty()) lay_file(values, *file);
  if (options.dictionary) lay_dictionary(values, *options.dictionary);
  if (!options.disable_env) lay_environment(values);
  values_ = std::move(values);
  apply_logging();
}

void Settings::apply_logging() {
  const auto level = read_log_level(text("logging_level"));
  log_->configure(is_true(text("logging_enable")), level.value_or(LogLevel::Info),
                  text("logging_file"));
  if (!level) log_->write(LogLevel::Warning, "logging_level is no level: " + text("logging_level"));
}

const Json* Settings::find(std::string_view name) const {
  const auto found = values_.find(lower(name));
  return found == values_.end() ? nullptr : &found->second.value;
}

Json Settings::get(std::string_view name) const {
  if (const auto* value = find(name)) return *value;
  log_->write(LogLevel::Error, "Configuration attribute `" + std::string{name} +
                                   "` was requested but could not be found");
  return nullptr;
}

std::string Settings::text(std::string_view name) const {
  const auto* value = find(name);
  return value == nullptr ? std::string{} : text_of(*value);
}

std::optional<std::string> Settings::getsource(std::string_view name) const {
  const auto found = values_.find(lower(name));
  if (found == values_.end()) return std::nullopt;
  return found->second.source;
}

fs::path find_settings_file(const fs::path& folder, Log& log) {
  std::vector<fs::path> level{folder};
  std::size_t entries = 0;
  while (!level.empty()) {
    std::vector<fs::path> below;
    std::sort(level.begin(), level.end());
    for (const auto& one : level) {
      std::error_code failed;
      auto file = one / kFileName;
      if (fs::is_regular_file(file, failed)) return file;
      // Folders that may not be read, or go away meanwhile, are passed over.
      for (fs::directory_iterator entry{one, failed}; !failed && entry != fs::directory_iterator{};
           entry.increment(failed)) {
        if (++entries > kMaxEntries) {
          log.write(LogLevel::Warning, "the search for a file .maisie ended after 100,000 entries");
          return {};
        }
        std::error_code unknown;
        if (entry->symlink_status(unknown).type() == fs::file_type::directory)
          below.push_back(entry->path());
      }
    }
    level = std::move(below);
  }
  return {};
}

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return {};
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace millrace::client
