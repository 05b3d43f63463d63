#include "client/src/ini_file.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include <millrace/client/error.hpp>

namespace millrace::client::detail {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxLine = std::size_t{8} << 10;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string out{text};
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_utf8(std::string_view text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

// Reads one line after another.
class Reader {
 public:
  explicit Reader(const std::string& name) : name_{name} {}

  void take(std::string_view line) {
    ++number_;
    if (line.size() > kMaxLine) fail("a line is longer than 8 KiB");
    line = trimmed(line);
    if (line.empty() || line.front() == '#' || line.front() == ';') return;
    if (std::any_of(line.begin(), line.end(), [](char c) {
          const auto byte = static_cast<unsigned char>(c);
          return (byte < 0x20 && c != '\t') || byte == 0x7f;
        })) {
      fail("a control character");
    }
    if (!is_utf8(line)) fail("text that is not UTF-8");
    line.front() == '[' ? take_section(line) : take_entry(line);
  }

  std::vector<IniEntry> entries;

 private:
  [[noreturn]] void fail(const std::string& why) const {
    throw ConfigInitializationError{name_ + ":" + std::to_string(number_) + ": " + why};
  }

  void take_section(std::string_view line) {
    if (line.back() != ']') fail("a section has no \"]\" at its end");
    section_ = lower(trimmed(line.substr(1, line.size() - 2)));
    if (section_.empty()) fail("a section has no name");
  }

  void take_entry(std::string_view line) {
    const auto middle = line.find_first_of("=:");
    if (middle == std::string_view::npos)
      fail("neither a section nor \"key = value\"; a value is one line");
    if (section_.empty()) fail("a key stands before the first section");
    auto key = lower(trimmed(line.substr(0, middle)));
    if (key.empty()) fail("a value has no key");
    if (!seen_.insert(section_ + '\n' + key).second)
      fail("the key \"" + key + "\" comes twice in [" + section_ + "]");
    entries.push_back({section_, std::move(key), std::string{trimmed(line.substr(middle + 1))}});
  }

  std::string name_, section_;
  std::size_t number_ = 0;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<IniEntry> parse_ini(std::string_view text, const std::string& name) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Reader reader{name};
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    reader.take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(reader.entries);
}

std::vector<IniEntry> read_ini(const std::filesystem::path& file) {
  const auto name = file.string();
  std::error_code failed;
  const auto status = std::filesystem::status(file, failed);
  if (status.type() == std::filesystem::file_type::not_found) return {};
  if (status.type() != std::filesystem::file_type::regular)
    throw ConfigInitializationError{"the configuration file is no file that can be read: " + name};
  std::ifstream stream{file, std::ios::binary};
  if (!stream) throw ConfigInitializationError{"the configuration file cannot be read: " + name};
  std::string text(kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (stream.bad())
    throw ConfigInitializationError{"the configuration file cannot be read: " + name};
  if (text.size() > kMaxBytes)
    throw ConfigInitializationError{"the configuration file is larger than 64 KiB: " + name};
  return parse_ini(text, name);
}

}  // namespace millrace::client::detail
