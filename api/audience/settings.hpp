#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/environment_file.hpp"
#include "engine/base/result.hpp"
#include "engine/plugin/connection_settings.hpp"

namespace millrace::audience {

/// How the dialect behaves where its document and the program that it replaces differ.
enum class Profile {
  Document,  // "doc": keeps what the document promises
  Reference  // "ref": does what the original did, with its defects
};

/// A MySQL or MariaDB server, as the variables INPUT_HOST and so on, or OUTPUT_HOST, name it.
struct DatabaseServer {
  std::string host = "localhost";
  std::uint16_t port = 3306;
  std::string user{}, password{};

  /// How to reach a schema there. InvalidArgument: no address is made of these.
  [[nodiscard]] Result<ConnectionSettings> connection(std::string_view name,
                                                      std::string_view schema) const;
};

/// Names under which pipelines speak of the two servers.
inline constexpr const char* kInputConnection = "audience.input";
inline constexpr const char* kOutputConnection = "audience.output";

/// What the dialect can be told, each by the variable behind it.
struct Settings {
  Profile profile = Profile::Document;           // AUDIENCE_PROFILE, doc or ref
  DatabaseServer input{}, output{};              // INPUT_HOST, _PORT, _USER, _PASSWORD; OUTPUT_...
  std::string input_schema{};                    // INPUT_SCHEMA
  std::string input_table{"ts_page_content"};    // INPUT_TABLE
  std::string output_schema{};                   // OUTPUT_SCHEMA
  std::string dump_from_schema{};                // DUMP_FROM_SCHEMA
  std::string dump_to_schema{};                  // DUMP_TO_SCHEMA
  std::string title{"Audience API"};             // API_TITLE
  std::string version{"2.1"};                    // API_VERSION
  std::string prefix{};                          // API_PREFIX, "/api": before every path
  std::string listen_address{};                  // API_HOST and ENV; empty: no port of its own
  std::uint16_t listen_port = 8000;              // API_PORT
  std::size_t max_body_bytes = 64u << 20;        // MAX_BODY_MB
  std::chrono::hours time_interval{6};           // TIME_INTERVAL_HOURS, 1 to 24
  std::vector<std::string> worker_queues{};      // WORKER_QUEUES, with commas; empty: every queue
  int max_jobs = 0;                              // MAX_JOBS; 0: as many as there are cores
  std::uint32_t regex_match_limit = 10'000'000;  // REGEX_MATCH_LIMIT, steps of a search
  std::size_t author_memory_bytes = 64u << 20;   // AUTHOR_MEMORY_MB
  std::vector<std::string> site_hosts{};  // SITE_HOSTS, with commas: that a request may name;
                                          // empty: any
  std::filesystem::path model_folder{
      "model_files"};                   // MODEL_PATH_FIELD_DIRECTORY; absolute when read
  std::filesystem::path rule_folder{};  // RULE_FOLDER; empty: none
  /// What pipelines of the dialect use, by its names: made of the above. A server whose user or
  /// schema is not told is not among them.
  NamedConnections connections{};
};

/// Reads settings out of variables; the others there are not looked at. InvalidArgument names the
/// variable and what it must be, and the value only where it is no password.
Result<Settings> read_settings(const Environment& variables);

/// Reads the settings of a file (read_environment_file), before which those of the process's
/// environment go.
Result<Settings> load_settings(const std::filesystem::path& file, const Environment& process);

/// The settings of a dialect that serves. What stands in its routes stays as it was at the start:
/// profile, title, version, prefix and the size of bodies. [any thread]
class SharedSettings {
 public:
  explicit SharedSettings(Settings settings)
      : settings_{std::make_shared<const Settings>(std::move(settings))} {}

  [[nodiscard]] std::shared_ptr<const Settings> get() const;
  /// Takes settings that were read anew, but for what stays.
  void exchange(Settings settings);

 private:
  mutable std::mutex mutex_;                  // guards settings_
  std::shared_ptr<const Settings> settings_;  // shared with requests that are being answered
};

}  // namespace millrace::audience
