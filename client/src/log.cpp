#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <utility>

#include <millrace/client/log.hpp>

namespace millrace::client {
namespace {

constexpr std::array kLevels{LogLevel::Debug, LogLevel::Info, LogLevel::Warning, LogLevel::Error,
                             LogLevel::Critical};

// Texts of the server must not steer the terminal of the reader.
std::string without_controls(std::string_view text) {
  std::string line{text};
  std::replace_if(
      line.begin(), line.end(),
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
      },
      ' ');
  return line;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "DEBUG";
    case LogLevel::Info:
      return "INFO";
    case LogLevel::Warning:
      return "WARNING";
    case LogLevel::Error:
      return "ERROR";
    case LogLevel::Critical:
      return "CRITICAL";
  }
  return "ERROR";
}

std::optional<LogLevel> read_log_level(std::string_view word) {
  std::string upper;
  std::transform(word.begin(), word.end(), std::back_inserter(upper),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (upper == "WARN") return LogLevel::Warning;
  if (upper == "FATAL") return LogLevel::Critical;
  for (const auto level : kLevels) {
    if (upper == to_string(level) || upper == std::to_string(static_cast<int>(level))) return level;
  }
  return std::nullopt;
}

Log::Log(LogSink sink) : sink_{std::move(sink)} {
  if (const char* word = std::getenv("MAISIE_LOGGING_LEVEL"); word != nullptr)
    threshold_ = read_log_level(word).value_or(LogLevel::Error);
}

void Log::configure(bool is_enabled, LogLevel threshold, std::filesystem::path file) {
  const std::lock_guard lock{mutex_};
  is_enabled_ = is_enabled;
  threshold_ = threshold;
  file_ = std::move(file);
}

void Log::write(LogLevel level, std::string_view text) {
  LogSink sink;
  std::filesystem::path file;
  {
    const std::lock_guard lock{mutex_};
    if (!is_enabled_ || level < threshold_) return;
    sink = sink_;
    file = file_;
  }
  const auto line = without_controls(text);
  if (sink) sink(level, line);
  if (sink && file.empty()) return;
  const auto full = utc_now() + " " + std::string{to_string(level)} + " " + line + "\n";
  if (!file.empty()) {
    std::ofstream stream{file, std::ios::app | std::ios::binary};
    if (stream << full << std::flush || sink) return;
  }
  std::fputs(full.c_str(), stderr);
}

}  // namespace millrace::client
