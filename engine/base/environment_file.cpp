#include "engine/base/environment_file.hpp"

#include <algorithm>
#include <optional>
#include <unistd.h>

#include "engine/base/private_files.hpp"

#include <fmt/format.h>

namespace millrace {

namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view stripped(std::string_view text) {
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_name(std::string_view name) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// What may follow a value in quotes.
bool is_end(std::string_view rest) {
  rest = stripped(rest);
  return rest.empty() || rest.front() == '#';
}

// Nothing where the quotes do not end, or something stands behind them.
std::optional<std::string> in_single_quotes(std::string_view text) {
  const auto end = text.find('\'', 1);
  if (end == std::string_view::npos || !is_end(text.substr(end + 1))) return std::nullopt;
  return std::string{text.substr(1, end - 1)};
}

std::optional<std::string> in_double_quotes(std::string_view text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') return is_end(text.substr(i + 1)) ? std::optional{value} : std::nullopt;
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == 'n') {
      value += '\n';
    } else {
      if (text[i] != '"' && text[i] != '\\' && text[i] != '$') value += '\\';
      value += text[i];
    }
  }
  return std::nullopt;
}

std::string without_quotes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_first = i == 0 || kBlanks.find(text[i - 1]) != std::string_view::npos;
    if (text[i] == '#' && is_first) return std::string{stripped(text.substr(0, i))};
  }
  return std::string{text};
}

std::optional<std::string> value_of(std::string_view text) {
  text = stripped(text);
  if (text.starts_with('\'')) return in_single_quotes(text);
  if (text.starts_with('"')) return in_double_quotes(text);
  return without_quotes(text);
}

}  // namespace

Result<Environment> parse_environment(std::string_view text) {
  Environment read;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = stripped(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    constexpr std::string_view kExport = "export ";
    if (line.starts_with(kExport)) line = stripped(line.substr(kExport.size()));
    const auto equals = line.find('=');
    const auto name = stripped(line.substr(0, equals));
    auto value =
        equals == std::string_view::npos ? std::nullopt : value_of(line.substr(equals + 1));
    if (!is_name(name) || !value || value->find('\0') != std::string::npos) {
      return Error{Code::InvalidArgument,
                   fmt::format("settings: a line is NAME=VALUE, with the value's quotes closed: "
                               "line {}",
                               number)};
    }
    read.insert_or_assign(std::string{name}, *std::move(value));
  }
  return read;
}

Environment process_environment() {
  Environment read;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    read.insert_or_assign(std::string{text.substr(0, equals)},
                          std::string{text.substr(equals + 1)});
  }
  return read;
}

Result<Environment> read_environment_file(const std::filesystem::path& file) {
  auto text = read_private_file(file, kMostEnvironmentFileBytes);
  if (!text.ok() && text.error().code == Code::NotFound) return Environment{};
  MR_CHECK(text);
  auto read = parse_environment(*text);
  if (!read.ok()) return std::move(read).error().within(file.string());
  return read;
}

}  // namespace millrace
