#include "tools/millrace/progress_line.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <unistd.h>

#include "tools/millrace/output.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

namespace millrace::tool {
namespace {

constexpr std::chrono::milliseconds kBarEvery{100};
constexpr std::chrono::seconds kLineEvery{5};
constexpr std::size_t kPlainWidth = 100;

std::size_t terminal_width() {
  struct winsize size {};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

double number(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_number() ? found->get<double>() : 0;
}

// The node that holds the others up, where that is known of at least two.
std::string slowest_node(const Json& progress) {
  const auto nodes = progress.find("nodes");
  if (nodes == progress.end() || !nodes->is_array()) return {};
  const Json* slowest = nullptr;
  std::size_t known = 0;
  for (const Json& node : *nodes) {
    if (!node.is_object() || !node.contains("done")) continue;
    ++known;
    if (slowest == nullptr || number(node, "done") < number(*slowest, "done")) slowest = &node;
  }
  return known > 1 ? slowest->value("node", std::string{}) : std::string{};
}

}  // namespace

std::string progress_text(const Json& progress, std::size_t width) {
  if (!progress.is_object()) return {};
  const auto done = number(progress, "done");
  const auto total = number(progress, "total");
  const auto unit = progress.value("unit", std::string{});
  auto text = grouped(std::llround(done));
  if (total > 0) text += "/" + grouped(std::llround(total));
  if (!unit.empty()) text += " " + unit;
  if (const auto rate = number(progress, "per_second"); rate > 0) {
    text += rate < 10 ? fmt::format("  {:.1f}/s", rate)
                      : fmt::format("  {}/s", grouped(std::llround(rate)));
  }
  if (progress.contains("seconds_left"))
    text += fmt::format("  {} left", clock_text(std::max(1.0, number(progress, "seconds_left"))));
  if (const auto node = slowest_node(progress); !node.empty() && done < total)
    text += "  at " + node;
  if (total > 0) {
    const auto part = std::clamp(done / total, 0.0, 1.0);
    text = fmt::format("{:3.0f}%  {}", std::floor(part * 100), text);
    constexpr std::size_t kLeast = 10;
    constexpr std::size_t kMost = 40;
    if (width >= text.size() + kLeast + 4) {
      const auto length = std::min(kMost, width - text.size() - 4);
      const auto filled = static_cast<std::size_t>(part * static_cast<double>(length));
      std::string bar(filled, '=');
      if (filled < length) bar += '>';
      bar.resize(length, ' ');
      text = "[" + bar + "] " + text;
    }
  }
  if (text.size() > width) text.resize(width);
  return text;
}

ProgressLine::Style ProgressLine::style(bool quiet) {
  if (quiet) return Style::None;
  return ::isatty(STDERR_FILENO) == 1 ? Style::Bar : Style::Plain;
}

void ProgressLine::show(const Json& progress) {
  if (style_ == Style::None || !progress.is_object()) return;
  const auto now = std::chrono::steady_clock::now();
  const auto wait = style_ == Style::Bar ? std::chrono::steady_clock::duration{kBarEvery}
                                         : std::chrono::steady_clock::duration{kLineEvery};
  if (shown_ != std::chrono::steady_clock::time_point{} && now - shown_ < wait) return;
  // The first plain line comes after a while too: a short job says nothing on its way.
  const bool is_first = shown_ == std::chrono::steady_clock::time_point{};
  shown_ = now;
  if (style_ == Style::Plain) {
    if (!is_first) std::fprintf(stderr, "%s\n", progress_text(progress, kPlainWidth).c_str());
    return;
  }
  std::fprintf(stderr, "\r\033[K%s", progress_text(progress, terminal_width() - 1).c_str());
  std::fflush(stderr);
  is_drawn_ = true;
}

void ProgressLine::clear() {
  if (!is_drawn_) return;
  std::fprintf(stderr, "\r\033[K");
  std::fflush(stderr);
  is_drawn_ = false;
}

}  // namespace millrace::tool
