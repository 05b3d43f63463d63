#include "tools/millrace/output.hpp"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>
#include <utility>

#include "engine/base/utf8.hpp"
#include "tools/millrace/columns.hpp"
#include "tools/millrace/exit_code.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>

namespace millrace::tool {

void print(std::string_view text) {
  const bool is_written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (is_written) return;
  if (errno != EPIPE) complain("cannot write to the standard output");
  std::_Exit(errno == EPIPE ? kOk : kUnavailable);
}

void print_json(const Json& json, int indent) {
  print(json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n");
}

void complain(std::string_view text) {
  std::fprintf(stderr, "millrace: %.*s\n", static_cast<int>(text.size()), text.data());
}

int report(const Error& error, bool json) {
  if (json) {
    print_json({{"error", {{"code", to_string(error.code)}, {"message", error.message}}}});
  } else {
    complain(error.message);
  }
  return exit_code(error.code);
}

int report(const std::vector<Fault>& faults, std::string_view file, bool json) {
  if (json) {
    Json list = Json::array();
    for (const auto& fault : faults) {
      list.push_back(
          {{"kind", fault.kind}, {"pointer", fault.pointer}, {"message", fault.message}});
    }
    print_json({{"valid", faults.empty()}, {"faults", std::move(list)}});
  } else {
    for (const auto& fault : faults) {
      complain(fmt::format("{}{}{}: {} [{}]", file, fault.pointer.empty() ? "" : "#", fault.pointer,
                           fault.message, fault.kind));
    }
    if (!faults.empty()) {
      complain(
          fmt::format("{}: {} {}", file, faults.size(), faults.size() == 1 ? "fault" : "faults"));
    }
  }
  return faults.empty() ? kOk : kBadInput;
}

std::size_t output_width() {
  struct winsize size {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

std::string table(const std::vector<std::vector<std::string>>& rows, std::size_t width) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t column = 0; column < row.size(); ++column) {
      widths[column] = std::max(widths[column], code_points(row[column]));
    }
  }
  constexpr std::size_t kGap = 2;
  const auto gaps = widths.empty() ? 0 : kGap * (widths.size() - 1);
  widths = fitted_widths(std::move(widths), width > gaps ? width - gaps : 0);
  std::string text;
  for (const auto& row : rows) {
    std::vector<std::vector<std::string>> cells;
    std::size_t height = 1;
    for (std::size_t column = 0; column < row.size(); ++column) {
      cells.push_back(wrapped(row[column], widths[column]));
      height = std::max(height, cells.back().size());
    }
    for (std::size_t i = 0; i < height; ++i) {
      std::string line;
      for (std::size_t column = 0; column < cells.size(); ++column) {
        const auto piece = i < cells[column].size() ? cells[column][i] : std::string{};
        line += piece;
        line.append(widths[column] - code_points(piece) + kGap, ' ');
      }
      line.erase(line.find_last_not_of(' ') + 1);
      text += line + "\n";
    }
  }
  return text;
}

std::string grouped(std::int64_t number) {
  auto digits = std::to_string(std::abs(number));
  for (auto place = static_cast<std::ptrdiff_t>(digits.size()) - 3; place > 0; place -= 3) {
    digits.insert(static_cast<std::size_t>(place), ",");
  }
  return (number < 0 ? "-" : "") + digits;
}

std::string clock_text(double seconds) {
  const auto whole = std::llround(std::clamp(seconds, 0.0, 1e9));
  const auto minutes = whole / 60 % 60;
  if (whole < 3600) return fmt::format("{}:{:02}", minutes, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, minutes, whole % 60);
}

}  // namespace millrace::tool
