#include "tools/millrace/registry_table.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "engine/base/utf8.hpp"
#include "tools/millrace/columns.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

std::string_view colour_code(Colour colour) {
  switch (colour) {
    case Colour::None:
      return "";
    case Colour::Red:
      return "\033[31m";
    case Colour::Green:
      return "\033[32m";
    case Colour::Yellow:
      return "\033[33m";
    case Colour::Magenta:
      return "\033[35m";
  }
  return "";
}

std::string repeated(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

std::string border(std::string_view left, std::string_view middle, std::string_view right,
                   const std::vector<std::size_t>& widths) {
  std::string line{left};
  for (std::size_t i = 0; i < widths.size(); ++i) {
    line += repeated("─", widths[i] + 2);
    line += i + 1 < widths.size() ? middle : right;
  }
  return line;
}

// Returns the first `count` characters of a text without its first `skip` ones.
std::string from_character(const std::string& text, std::size_t skip) {
  std::size_t at = 0;
  for (; at < text.size() && skip > 0; --skip) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  }
  return text.substr(at);
}

std::vector<std::size_t> widths_of(const std::vector<std::vector<Cell>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) {
      for (const auto& line : row[i].lines) widths[i] = std::max(widths[i], code_points(line));
    }
  }
  return widths;
}

void wrap(Cell& cell, std::size_t width) {
  std::vector<std::string> lines;
  for (const auto& line : cell.lines) {
    for (auto& piece : wrapped(line, width)) lines.push_back(std::move(piece));
  }
  cell.lines = std::move(lines);
}

std::string drawn_row(const std::vector<Cell>& row, const std::vector<std::size_t>& widths,
                      bool is_coloured) {
  std::size_t height = 1;
  for (const auto& cell : row) height = std::max(height, cell.lines.size());
  std::string text;
  for (std::size_t i = 0; i < height; ++i) {
    text += "│";
    for (std::size_t column = 0; column < widths.size(); ++column) {
      static const Cell kEmpty;
      const auto& cell = column < row.size() ? row[column] : kEmpty;
      const auto line = i < cell.lines.size() ? cell.lines[i] : std::string{};
      const bool has_colour = is_coloured && cell.colour != Colour::None && !line.empty();
      text += " ";
      if (has_colour) text += colour_code(cell.colour);
      text += line;
      if (has_colour) text += "\033[0m";
      text.append(widths[column] - code_points(line) + 1, ' ');
      text += "│";
    }
    text += "\n";
  }
  return text;
}

// A user as "login (full name)", another dictionary as a line for each entry.
std::string dictionary_text(std::string_view key, const Json& value) {
  if (key == "user") {
    auto text = value.contains("login") ? value_text(value["login"]) : std::string{"None"};
    const auto name = value.find("full_name");
    if (name != value.end() && name->is_string() && !name->get<std::string>().empty())
      text += " (" + name->get<std::string>() + ")";
    return text;
  }
  std::string text;
  for (const auto& [name, one] : value.items())
    text += (text.empty() ? "" : "\n") + name + ": " + value_text(one);
  return text;
}

std::string shown_text(std::string_view key, const Json& value, Microseconds now) {
  if (value.is_object()) return dictionary_text(key, value);
  if (key == "stages" && value.is_array()) {
    std::string stages;
    for (const auto& stage : value) stages += (stages.empty() ? "" : "\n") + value_text(stage);
    return stages;
  }
  if ((key == "created" || key == "updated" || key == "since") && value.is_string()) {
    if (const auto time = read_time(value.get<std::string>())) return age_text(now - *time);
  }
  return value_text(value);
}

}  // namespace

const RegistryKind& models_kind() {
  static const RegistryKind kKind{
      "models",
      {"id", "user", "project_id", "name", "created", "metrics", "visibility"},
      {Colour::None, Colour::Magenta, Colour::None, Colour::Yellow, Colour::None, Colour::None,
       Colour::Green}};
  return kKind;
}

const RegistryKind& projects_kind() {
  static const RegistryKind kKind{
      "projects",
      {"id", "name", "description", "git_url", "created"},
      {Colour::None, Colour::Yellow, Colour::None, Colour::None, Colour::Green}};
  return kKind;
}

const RegistryKind& users_kind() {
  static const RegistryKind kKind{"users", {"id", "login", "name", "email"}, {}};
  return kKind;
}

const RegistryKind& workspaces_kind() {
  static const RegistryKind kKind{"workspaces", {"id", "name", "description", "created"}, {}};
  return kKind;
}

const RegistryKind& versions_kind() {
  static const RegistryKind kKind{
      "versions",
      {"version", "model_id", "name", "user", "visibility", "stages", "created"},
      {Colour::None, Colour::None, Colour::Yellow, Colour::Magenta, Colour::None, Colour::Green}};
  return kKind;
}

const RegistryKind& stages_kind() {
  static const RegistryKind kKind{
      "stages",
      {"name", "stage", "model_id", "version", "user", "comment", "since"},
      {Colour::Yellow, Colour::Green, Colour::None, Colour::None, Colour::Magenta}};
  return kKind;
}

const RegistryKind& promotions_kind() {
  static const RegistryKind kKind{
      "promotions",
      {"id", "name", "stage", "action", "model_id", "version", "user", "comment", "created"},
      {Colour::None, Colour::Yellow, Colour::Green, Colour::None, Colour::None, Colour::None,
       Colour::Magenta}};
  return kKind;
}

std::vector<std::vector<Cell>> lineage_rows(const Json& lineage) {
  std::vector<std::vector<Cell>> rows;
  rows.push_back({text_cell("fact"), text_cell("value")});
  for (const auto& [key, value] : lineage.items()) {
    if (key == "_links") continue;
    if (!value.is_object() || key == "user") {
      const auto shown =
          key == "user" && value.is_object() ? dictionary_text(key, value) : value_text(value);
      rows.push_back({text_cell(key), text_cell(shown)});
      continue;
    }
    for (const auto& [name, one] : value.items())
      rows.push_back({text_cell(key + "." + name), text_cell(value_text(one))});
  }
  return rows;
}

Cell text_cell(std::string_view text, Colour colour) {
  Cell cell{.colour = colour};
  while (true) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string line{text.substr(0, end)};
    std::replace_if(
        line.begin(), line.end(),
        [](char c) {
          const auto byte = static_cast<unsigned char>(c);
          return byte < 0x20 || byte == 0x7f;
        },
        ' ');
    cell.lines.push_back(std::move(line));
    if (end == text.size()) return cell;
    text.remove_prefix(end + 1);
  }
}

std::string box_table(std::string_view title, const std::vector<std::vector<Cell>>& given,
                      bool is_coloured, std::size_t width) {
  auto widths = widths_of(given);
  if (widths.empty()) return {};
  const auto lines = 3 * widths.size() + 1;
  widths = fitted_widths(std::move(widths), width > lines ? width - lines : 0);
  auto rows = given;
  for (auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) wrap(row[i], widths[i]);
  }
  // The title takes the place of as much of the border; the last column grows when it is short.
  std::size_t inside = widths.size() - 1;
  for (const auto each : widths) inside += each + 2;
  const auto title_width = code_points(title);
  if (title_width > inside) widths.back() += title_width - inside;
  const auto top = border("", "┬", "┐", widths);
  std::string text = "┌" + std::string{title} + from_character(top, title_width) + "\n";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) text += border("├", "┼", "┤", widths) + "\n";
    text += drawn_row(rows[i], widths, is_coloured);
  }
  return text + border("└", "┴", "┘", widths) + "\n";
}

std::string objects_table(std::string_view title, const RegistryKind& kind, const Json& objects,
                          std::chrono::system_clock::time_point now, bool is_coloured,
                          std::size_t width) {
  if (objects.empty() || !objects[0].is_object()) return {};
  const auto time = std::chrono::time_point_cast<std::chrono::microseconds>(now);
  std::vector<std::string> keys;
  std::vector<std::vector<Cell>> rows(1);
  for (const auto& [key, value] : objects[0].items()) {
    if (std::find(kind.shown.begin(), kind.shown.end(), key) == kind.shown.end()) continue;
    keys.push_back(key);
    rows[0].push_back(text_cell(key));
  }
  for (const auto& object : objects) {
    auto& row = rows.emplace_back();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto found = object.find(keys[i]);
      const auto colour = i < kind.colours.size() ? kind.colours[i] : Colour::None;
      row.push_back(
          text_cell(found == object.end() ? "None" : shown_text(keys[i], *found, time), colour));
    }
  }
  return box_table(title, rows, is_coloured, width);
}

std::string value_text(const Json& value) {
  if (value.is_null()) return "None";
  if (value.is_string()) return value.get<std::string>();
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Microseconds> read_time(std::string_view text) {
  using namespace std::chrono;
  const std::string whole{text};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, end = 0;
  if (std::sscanf(whole.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute,
                  &second, &end) != 6) {
    return std::nullopt;
  }
  auto rest = text.substr(static_cast<std::size_t>(end));
  std::int64_t fraction = 0;
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    std::int64_t unit = 100'000;
    while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
      fraction += (rest[0] - '0') * unit;
      unit /= 10;
      rest.remove_prefix(1);
    }
  }
  minutes offset{0};
  if (rest != "Z") {
    int hours_off = 0, minutes_off = 0, used = 0;
    const std::string tail{rest};
    if (tail.size() != 6 || (tail[0] != '+' && tail[0] != '-') ||
        std::sscanf(tail.c_str() + 1, "%2d:%2d%n", &hours_off, &minutes_off, &used) != 2 ||
        used != 5) {
      return std::nullopt;
    }
    offset = hours{hours_off} + minutes{minutes_off};
    if (tail[0] == '-') offset = -offset;
  }
  const year_month_day date{std::chrono::year{year},
                            std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date} + hours{hour} + minutes{minute} + seconds{second} + microseconds{fraction} -
         offset;
}

std::string age_text(std::chrono::microseconds age) {
  constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> kUnits{
      {{"year", 365LL * 86'400'000'000},
       {"day", 86'400'000'000},
       {"hour", 3'600'000'000},
       {"minute", 60'000'000},
       {"second", 1'000'000},
       {"millisecond", 1'000},
       {"microsecond", 1}}};
  auto left = age.count();
  std::string text;
  int shown = 0;
  for (const auto& [name, size] : kUnits) {
    if (left < size || shown == 2) continue;
    const auto count = left / size;
    left %= size;
    text += fmt::format("{}{} {}{}", shown == 0 ? "" : ", ", count, name, count == 1 ? "" : "s");
    ++shown;
  }
  return shown == 0 ? "now" : text + " ago";
}

}  // namespace millrace::tool
