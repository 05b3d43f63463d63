#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "engine/base/private_files.hpp"
#include "engine/plugin/connection_settings.hpp"
#include "tools/millrace/program.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

struct Pair {
  std::string name, value;
};

Result<Pair> read_pair(const std::string& text, std::string_view option, std::string_view value) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    return Error{Code::InvalidArgument, fmt::format("{} takes NAME={}: {}", option, value, text)};
  return Pair{text.substr(0, equals), text.substr(equals + 1)};
}

Result<std::string> first_line(const std::string& file) {
  MR_TRY(std::string text, read_private_file(file, kMostPasswordBytesOfConnection + 2));
  text.resize(std::min(text.find('\n'), text.size()));
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace

std::string connection_password_variable(std::string_view name) {
  std::string variable = "MILLRACE_PASSWORD_OF_";
  for (const char letter : name) {
    const auto upper = std::toupper(static_cast<unsigned char>(letter));
    variable += std::isalnum(upper) != 0 ? static_cast<char>(upper) : '_';
  }
  return variable;
}

Result<NamedConnections> Program::read_connections() const {
  NamedConnections named;
  for (const auto& text : connections) {
    MR_TRY(auto pair, read_pair(text, "--connection", "ADDRESS"));
    ConnectionSettings settings{pair.value};
    MR_CHECK(check_connection(pair.name, settings));
    const char* given = std::getenv(connection_password_variable(pair.name).c_str());
    if (given != nullptr) settings.password = given;
    if (!named.emplace(pair.name, std::move(settings)).second) {
      return Error{Code::InvalidArgument,
                   fmt::format("--connection names one twice: {}", pair.name)};
    }
  }
  for (const auto& text : connection_password_files) {
    MR_TRY(auto pair, read_pair(text, "--connection-password-file", "FILE"));
    const auto found = named.find(pair.name);
    if (found == named.end()) {
      return Error{Code::InvalidArgument,
                   fmt::format("--connection-password-file is for a connection that --connection "
                               "names: {}",
                               pair.name)};
    }
    MR_TRY(found->second.password, first_line(pair.value));
    MR_CHECK(check_connection(pair.name, found->second));
  }
  return named;
}

}  // namespace millrace::tool
