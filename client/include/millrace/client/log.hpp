#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace millrace::client {

enum class LogLevel { Debug = 10, Info = 20, Warning = 30, Error = 40, Critical = 50 };

/// "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL".
std::string_view to_string(LogLevel level);
/// Reads such a word, in any case, or one of the numbers 10 to 50.
std::optional<LogLevel> read_log_level(std::string_view word);

/// Takes one line of the log, without a line feed.
using LogSink = std::function<void(LogLevel level, const std::string& line)>;

/// The log of the library: where its lines go and from which level on. They go to the sink and to
/// the end of the file `logging_file`; with neither, to the standard error. [any thread]
class Log {
 public:
  /// The threshold is that of MAISIE_LOGGING_LEVEL, else ERROR, until configure() is called.
  explicit Log(LogSink sink = {});

  void configure(bool is_enabled, LogLevel threshold, std::filesystem::path file);
  /// Writes a line when `level` reaches the threshold; control characters become blanks.
  void write(LogLevel level, std::string_view text);

 private:
  std::mutex mutex_;  // guards the rest
  LogSink sink_;
  LogLevel threshold_ = LogLevel::Error;
  bool is_enabled_ = true;
  std::filesystem::path file_;  // empty: standard error
};

}  // namespace millrace::client
