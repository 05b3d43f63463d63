#include "api/audience/settings.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

#include "engine/base/ascii.hpp"
#include "engine/base/utf8.hpp"
#include "engine/job/job.hpp"

#include <fmt/format.h>

namespace millrace::audience {

namespace {

// Reads the text of a variable into its place; returns what it must be where it is something else.
using ReadVariable = std::function<std::string_view(const std::string&)>;

struct Variable {
  std::string_view name;
  ReadVariable read;
  bool is_secret = false;  // its value is told to nobody
};

ReadVariable into(std::string& place) {
  return [&place](const std::string& text) -> std::string_view {
    if (has_control_character(text) || !is_utf8(text)) return "a text without control characters";
    place = text;
    return {};
  };
}

ReadVariable into_secret(std::string& place) {
  return [&place](const std::string& text) -> std::string_view {
    if (text.size() > kMostPasswordBytesOfConnection) return "at most 4096 bytes";
    place = text;
    return {};
  };
}

ReadVariable into(std::filesystem::path& place) {
  return [&place](const std::string& text) -> std::string_view {
    place = text;
    return {};
  };
}

ReadVariable into(std::vector<std::string>& place) {
  return [&place](const std::string& text) -> std::string_view {
    place.clear();
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = std::min(rest.find(','), rest.size());
      if (const auto item = trimmed(rest.substr(0, end)); !item.empty()) place.emplace_back(item);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return {};
  };
}

// Of what is not there: it may be turned off.
ReadVariable only_false(std::string_view wanted) {
  return [wanted](const std::string& text) -> std::string_view {
    const auto word = lower_case(text);
    const bool is_false = word == "false" || word == "0" || word == "no" || word == "off";
    return is_false ? std::string_view{} : wanted;
  };
}

// A whole number from `least` to `most`, told as `wanted`, of which the place holds `unit` each.
template <class Place>
ReadVariable into(Place& place, std::int64_t least, std::int64_t most, std::string_view wanted,
                  std::int64_t unit = 1) {
  return [&place, least, most, wanted, unit](const std::string& text) -> std::string_view {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end || number < least || number > most) return wanted;
    place = static_cast<Place>(number * unit);
    return {};
  };
}

ReadVariable into(std::chrono::hours& place) {
  return [&place](const std::string& text) -> std::string_view {
    int hours = 0;
    const auto wrong = into(hours, 1, 24, "a number of hours from 1 to 24")(text);
    if (wrong.empty()) place = std::chrono::hours{hours};
    return wrong;
  };
}

ReadVariable into(Profile& place) {
  return [&place](const std::string& text) -> std::string_view {
    if (text != "doc" && text != "ref") return "doc or ref";
    place = text == "doc" ? Profile::Document : Profile::Reference;
    return {};
  };
}

// "/api" or "api/v2/" as what stands before a path; "" and "/" as nothing.
ReadVariable into_prefix(std::string& place) {
  return [&place](const std::string& text) -> std::string_view {
    std::string_view inner = text;
    while (inner.ends_with('/')) inner.remove_suffix(1);
    while (inner.starts_with('/')) inner.remove_prefix(1);
    constexpr std::string_view kLetters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    const bool is_path = inner.find_first_not_of(kLetters) == std::string_view::npos &&
                         inner.find("//") == std::string_view::npos;
    if (!is_path) return "the begin of a path, such as /api, of letters, digits and -._~/";
    place = inner.empty() ? std::string{} : fmt::format("/{}", inner);
    return {};
  };
}

std::vector<Variable> variables_of(DatabaseServer& server, std::string_view side) {
  static constexpr std::array kNames{
      std::array<std::string_view, 4>{"INPUT_HOST", "INPUT_PORT", "INPUT_USER", "INPUT_PASSWORD"},
      std::array<std::string_view, 4>{"OUTPUT_HOST", "OUTPUT_PORT", "OUTPUT_USER",
                                      "OUTPUT_PASSWORD"}};
  const auto& names = kNames[side == "INPUT" ? 0 : 1];
  return {{names[0], into(server.host)},
          {names[1], into(server.port, 1, 65'535, "a port from 1 to 65535")},
          {names[2], into(server.user)},
          {names[3], into_secret(server.password), true}};
}

std::vector<Variable> variables_of(Settings& settings) {
  constexpr std::int64_t kMiB = 1 << 20;
  std::vector<Variable> variables{
      {"AUDIENCE_PROFILE", into(settings.profile)},
      {"INPUT_SCHEMA", into(settings.input_schema)},
      {"INPUT_TABLE", into(settings.input_table)},
      {"OUTPUT_SCHEMA", into(settings.output_schema)},
      {"DUMP_FROM_SCHEMA", into(settings.dump_from_schema)},
      {"DUMP_TO_SCHEMA", into(settings.dump_to_schema)},
      {"API_TITLE", into(settings.title)},
      {"API_VERSION", into(settings.version)},
      {"API_PREFIX", into_prefix(settings.prefix)},
      {"MAX_BODY_MB",
       into(settings.max_body_bytes, 1, 1'024, "a number of MiB from 1 to 1024", kMiB)},
      {"TIME_INTERVAL_HOURS", into(settings.time_interval)},
      {"WORKER_QUEUES", into(settings.worker_queues)},
      {"MAX_JOBS", into(settings.max_jobs, 0, 1'000'000, "a number from 0 to 1000000")},
      {"REGEX_MATCH_LIMIT", into(settings.regex_match_limit, 1'000, 1'000'000'000,
                                 "a number of steps from 1000 to 1000000000")},
      {"AUTHOR_MEMORY_MB",
       into(settings.author_memory_bytes, 1, 65'536, "a number of MiB from 1 to 65536", kMiB)},
      {"SITE_HOSTS", into(settings.site_hosts)},
      {"DUMP_ZIP", only_false("false, since dumps are not zipped here")},
      {"MODEL_PATH_FIELD_DIRECTORY", into(settings.model_folder)},
      {"RULE_FOLDER", into(settings.rule_folder)}};
  for (auto& variable : variables_of(settings.input, "INPUT")) variables.push_back(variable);
  for (auto& variable : variables_of(settings.output, "OUTPUT")) variables.push_back(variable);
  return variables;
}

// A variable that is empty is as good as none, as in files that are filled in here and there.
const std::string* find(const Environment& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() || found->second.empty() ? nullptr : &found->second;
}

// Tables are read in the schema that a request names; a connection needs one all the same.
Result<void> add_connection(const char* name, const DatabaseServer& server,
                            const std::string& schema, NamedConnections& named) {
  if (server.user.empty() || schema.empty()) return {};
  MR_TRY(auto connection, server.connection(name, schema));
  MR_CHECK(check_connection(name, connection));
  named.insert_or_assign(name, std::move(connection));
  return {};
}

Result<void> read_one(const Variable& variable, const std::string& text) {
  const auto wanted = variable.read(text);
  if (wanted.empty()) return {};
  return Error{Code::InvalidArgument,
               fmt::format("{} must be {}{}", variable.name, wanted,
                           variable.is_secret ? "" : ": " + printable(text, 60))};
}

// A port of its own is asked for by API_HOST or API_PORT; ENV says where it is else: whatever is no
// development is for everybody.
Result<void> read_listener(const Environment& variables, Settings& settings) {
  std::string host;
  if (const auto* text = find(variables, "API_HOST"))
    MR_CHECK(read_one({"API_HOST", into(host)}, *text));
  const auto* port = find(variables, "API_PORT");
  if (port != nullptr) {
    MR_CHECK(read_one({"API_PORT", into(settings.listen_port, 1, 65'535, "a port from 1 to 65535")},
                      *port));
  }
  if (host.empty() && port == nullptr) return {};
  const auto* kind = find(variables, "ENV");
  const bool is_development = kind == nullptr || *kind == "development";
  settings.listen_address = !host.empty() ? host : is_development ? "127.0.0.1" : "0.0.0.0";
  return {};
}

}  // namespace

Result<ConnectionSettings> DatabaseServer::connection(std::string_view name,
                                                      std::string_view schema) const {
  return read_connection(
      name,
      {{"host", host}, {"port", port}, {"user", user}, {"schema", schema}, {"password", password}});
}

Result<Settings> read_settings(const Environment& variables) {
  Settings settings;
  for (const auto& variable : variables_of(settings)) {
    if (const auto* text = find(variables, variable.name)) MR_CHECK(read_one(variable, *text));
  }
  for (const auto& queue : settings.worker_queues) {
    if (auto checked = check_queue_name(queue); !checked.ok())
      return std::move(checked).error().within("WORKER_QUEUES");
  }
  settings.model_folder = std::filesystem::absolute(settings.model_folder);
  MR_CHECK(read_listener(variables, settings));
  const auto& input_schema =
      settings.input_schema.empty() ? settings.output_schema : settings.input_schema;
  MR_CHECK(add_connection(kInputConnection, settings.input, input_schema, settings.connections));
  MR_CHECK(add_connection(kOutputConnection, settings.output, settings.output_schema,
                          settings.connections));
  return settings;
}

Result<Settings> load_settings(const std::filesystem::path& file, const Environment& process) {
  MR_TRY(auto variables, read_environment_file(file));
  for (const auto& [name, text] : process) variables.insert_or_assign(name, text);
  auto read = read_settings(variables);
  if (!read.ok()) return std::move(read).error().within("audience settings");
  return read;
}

std::shared_ptr<const Settings> SharedSettings::get() const {
  const std::lock_guard lock{mutex_};
  return settings_;
}

void SharedSettings::exchange(Settings settings) {
  const std::lock_guard lock{mutex_};
  settings.profile = settings_->profile;
  settings.title = settings_->title;
  settings.version = settings_->version;
  settings.prefix = settings_->prefix;
  settings.max_body_bytes = settings_->max_body_bytes;
  settings_ = std::make_shared<const Settings>(std::move(settings));
}

}  // namespace millrace::audience
