#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <millrace/client/json.hpp>
#include <millrace/client/log.hpp>

namespace millrace::client {

/// Where settings are read from. With neither file nor dictionary, a file `.maisie` is looked for
/// in the current folder and those below it.
struct FetchOptions {
  std::optional<std::filesystem::path> filename{};  // INI; one that does not exist is empty
  std::optional<Json> dictionary{};  // an object; keys that are no setting are skipped
  bool disable_env = false;
};

/// The 13 settings of the client and where each came from. From weak to strong: defaults, file,
/// dictionary, environment (MAISIE_ and the name in capitals; an empty variable counts as unset).
/// Nothing here opens a connection. [one thread at a time]
class Settings {
 public:
  /// Holds the defaults alone.
  explicit Settings(std::shared_ptr<Log> log = std::make_shared<Log>());

  /// Lays what the sources say over what is there. Throws ConfigInitializationError for a file
  /// that cannot be read as INI, and for a dictionary that is no object; nothing has changed then.
  void fetch(const FetchOptions& options = {});

  /// Returns a setting, or null after an error in the log when it is unset or no setting at all.
  [[nodiscard]] Json get(std::string_view name) const;
  /// Returns a setting, or nullptr when it is unset. Logs nothing.
  [[nodiscard]] const Json* find(std::string_view name) const;
  /// Returns a setting as text, empty when it is unset or null.
  [[nodiscard]] std::string text(std::string_view name) const;
  /// Returns "dictionary" (of defaults too), "environment", the name of the file, or nothing.
  [[nodiscard]] std::optional<std::string> getsource(std::string_view name) const;

  /// The names, in the order of the documentation.
  static const std::array<std::string_view, 13>& names();
  /// Returns the variable of a setting: "MAISIE_API_URL".
  static std::string environment_name(std::string_view setting);

  [[nodiscard]] const std::shared_ptr<Log>& log() const { return log_; }

 private:
  struct Value {
    Json value;
    std::string source;
  };
  using Values = std::map<std::string, Value, std::less<>>;

  static void lay_file(Values& values, const std::filesystem::path& file);
  static void lay_dictionary(Values& values, const Json& dictionary);
  static void lay_environment(Values& values);
  void apply_logging();

  std::shared_ptr<Log> log_;  // shared with the session and the resources
  Values values_;
};

/// Returns the first file `.maisie` in `folder` or below it, nearer folders first, those of one
/// depth by name; empty when there is none. Links to folders are not followed, and after 100,000
/// entries the search ends, with a warning.
std::filesystem::path find_settings_file(const std::filesystem::path& folder, Log& log);

/// Returns JSON as the text of a form field: text as it stands, null as "", the rest dumped.
std::string text_of(const Json& value);

}  // namespace millrace::client
