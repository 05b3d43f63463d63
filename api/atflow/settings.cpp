#include "api/atflow/settings.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <functional>
#include <iterator>
#include <type_traits>

#include "api/route/json_text.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace millrace::atflow {

namespace {

// Reads one member of an object into a place; returns what type was wanted when the value is of
// another.
using ReadMember = std::function<std::string_view(const Json&)>;

ReadMember into(bool& place) {
  return [&place](const Json& value) -> std::string_view {
    if (!value.is_boolean()) return "true or false";
    place = value.get<bool>();
    return {};
  };
}

ReadMember into(std::string& place) {
  return [&place](const Json& value) -> std::string_view {
    if (!value.is_string()) return "a string";
    place = value.get<std::string>();
    return {};
  };
}

// A number within a range, which the file says so or so.
template <class Place>
ReadMember into(Place& place, std::int64_t least, std::int64_t most, std::string_view wanted) {
  return [&place, least, most, wanted](const Json& value) -> std::string_view {
    if (!value.is_number_integer() || value < least || value > most) return wanted;
    place = value.get<std::int64_t>();
    return {};
  };
}

ReadMember into(std::optional<bool>& place) {
  return [&place](const Json& value) -> std::string_view {
    if (!value.is_boolean()) return "true or false";
    place = value.get<bool>();
    return {};
  };
}

// Reads "127.0.0.1:8080".
ReadMember into_listen(ServerWishes& server) {
  return [&server](const Json& value) -> std::string_view {
    constexpr std::string_view kWanted = "host:port, such as 127.0.0.1:8080";
    if (!value.is_string()) return kWanted;
    const auto& text = value.get_ref<const std::string&>();
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return kWanted;
    const auto* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data() + colon + 1, end, server.listen_port);
    if (read.ec != std::errc{} || read.ptr != end) return kWanted;
    server.listen_address = text.substr(0, colon);
    return {};
  };
}

ReadMember into(std::vector<std::string>& place) {
  return [&place](const Json& value) -> std::string_view {
    if (!value.is_array()) return "an array of strings";
    for (const Json& element : value) {
      if (!element.is_string()) return "an array of strings";
      place.push_back(element.get<std::string>());
    }
    return {};
  };
}

// The same for what becomes a parameter of an operator, wherever that stands in a mix.
class NodeDefaults {
 public:
  explicit NodeDefaults(Json& defaults) : defaults_{defaults} {}

  ReadMember integer(std::string id, std::string name, std::int64_t least, std::int64_t most) {
    return [=, this](const Json& value) -> std::string_view {
      if (!value.is_number_integer() || value < least || value > most)
        return "an integer within its range";
      defaults_[id][name] = value;
      return {};
    };
  }
  ReadMember share(std::string id, std::string name) {
    return [=, this](const Json& value) -> std::string_view {
      if (!value.is_number() || value < 0 || value > 1) return "a number from 0 to 1";
      defaults_[id][name] = value;
      return {};
    };
  }
  ReadMember boolean(std::string id, std::string name) {
    return [=, this](const Json& value) -> std::string_view {
      if (!value.is_boolean()) return "true or false";
      defaults_[id][name] = value;
      return {};
    };
  }
  // `wanted` says which texts: "polygon or aabb".
  ReadMember one_of(std::string id, std::string name, std::string_view wanted,
                    std::vector<std::string> values) {
    return [=, this](const Json& value) -> std::string_view {
      if (std::find(values.begin(), values.end(), value) == values.end()) return wanted;
      defaults_[id][name] = value;
      return {};
    };
  }

 private:
  Json& defaults_;
};

Result<void> read_members(const Json& object, const std::string& where,
                          const std::map<std::string, ReadMember, std::less<>>& members) {
  if (!object.is_object()) {
    return Error{Code::InvalidArgument,
                 fmt::format("atflow settings: {} must be an object", where)};
  }
  for (const auto& [name, value] : object.items()) {
    const auto member = members.find(name);
    if (member == members.end()) {
      std::string known;
      for (const auto& [each, ignored] : members) known += (known.empty() ? "" : ", ") + each;
      return Error{
          Code::InvalidArgument,
          fmt::format("atflow settings: unknown member: {}.{} (known: {})", where, name, known)};
    }
    if (const auto wanted = member->second(value); !wanted.empty()) {
      return Error{Code::InvalidArgument,
                   fmt::format("atflow settings: must be {}: {}.{}", wanted, where, name)};
    }
  }
  return {};
}

Result<AccessKey> read_key(const Json& entry, std::size_t index) {
  AccessKey key;
  const std::string where = fmt::format("keys[{}]", index);
  MR_CHECK(read_members(entry, where,
                        {{"accessKey", into(key.access_key)},
                         {"secretKey", into(key.secret_key)},
                         {"enabled", into(key.is_enabled)},
                         {"admin", into(key.is_admin)},
                         {"logBucket", into(key.log_bucket)},
                         {"grants", into(key.grants)}}));
  if (key.access_key.empty() || key.secret_key.empty()) {
    return Error{
        Code::InvalidArgument,
        fmt::format("atflow settings: accessKey and secretKey must not be empty: {}", where)};
  }
  if (key.access_key.find(':') != std::string::npos) {
    return Error{Code::InvalidArgument,
                 fmt::format("atflow settings: accessKey must not hold a colon: {}", where)};
  }
  return key;
}

}  // namespace

Result<Settings> read_settings(const Json& document) {
  Settings settings;
  NodeDefaults node{settings.node_defaults};
  std::vector<AccessKey> keys;
  Result<void> nested;
  // Members that are objects themselves keep their own first error in `nested`.
  const auto object = [&](std::string name,
                          std::map<std::string, ReadMember, std::less<>> members) {
    return [&nested, name = std::move(name),
            members = std::move(members)](const Json& value) -> std::string_view {
      if (nested.ok()) nested = read_members(value, name, members);
      return {};
    };
  };
  MR_CHECK(read_members(
      document, "settings",
      {{"http", object("http", {{"acceptedStatus",
                                 [&](const Json& value) -> std::string_view {
                                   if (value != 200 && value != 202) return "200 or 202";
                                   settings.accepted_status = value.get<int>();
                                   return {};
                                 }}})},
       {"listen", into_listen(settings.server)},
       {"workers", into(settings.server.workers, 1, 1024, "threads, 1 to 1024")},
       {"queue", object("queue", {{"max", into(settings.server.max_queued, 1, 100'000'000,
                                               "jobs, 1 to 100000000")}})},
       {"store",
        [&](const Json& value) -> std::string_view {
          if (!value.is_string() || !value.get_ref<const std::string&>().starts_with('/'))
            return "an absolute path";
          settings.server.store = value.get<std::string>();
          return {};
        }},
       {"local", object("local", {{"createBuckets", into(settings.server.create_buckets)}})},
       {"defaults", object("defaults", {{"logBucket", into(settings.log_bucket)},
                                        {"targetBase",
                                         [](const Json& value) -> std::string_view {
                                           return value == "source"
                                                      ? ""
                                                      : "source: prefix belongs to endpoints that "
                                                        "are not served yet";
                                         }}})},
       {"limits",
        object(
            "limits",
            {{"maxRecords",
              [&](const Json& value) -> std::string_view {
                if (!value.is_number_integer() || value < 1 || value > kMaxRecords) {
                  return "records, 1 to 100000000";
                }
                settings.max_records = value.get<std::int64_t>();
                return {};
              }},
             {"maxBody",
              into(settings.max_body_bytes, 1, std::int64_t{64} << 20, "bytes, 1 to 67108864")},
             {"maxLine", node.integer("input.list", "max_line_bytes", 1, std::int64_t{64} << 20)},
             {"maxBadLines", node.integer("input.list", "max_bad_lines", 0, kMaxRecords)},
             {"maxSide", node.integer("augment.render", "max_side", 1, 65'500)},
             {"maxPixels", node.integer("augment.render", "max_pixels", 1, 1'000'000'000)}})},
       {"records",
        object("records", {{"acceptLabelArray", node.boolean("input.list", "accept_label_array")},
                           {"urlStyle", node.one_of("augment.render", "url_style", "qiniu or http",
                                                    {"qiniu", "http"})}})},
       {"zones",
        [&](const Json& value)
            -> std::
                string_view {
                  if (!value.is_object()) return "an object of zones";
                  for (const auto& [zone, entry] : value.items()) {
                    std::string base;
                    const auto driver = [](const Json& given) -> std::string_view {
                      return given == "local" ? "" : "local: kodo and s3 are not served yet";
                    };
                    if (nested.ok()) {
                      nested = read_members(entry, "zones." + zone,
                                            {{"driver", driver}, {"publicBase", into(base)}});
                    }
                    if (!nested.ok()) return {};
                    settings.server.zones.push_back(zone);
                    if (base.empty()) continue;
                    if (!base.starts_with("https://") && !base.starts_with("http://")) {
                      nested = Error{Code::InvalidArgument,
                                     fmt::format("atflow settings: must begin with http:// or "
                                                 "https://: zones.{}.publicBase",
                                                 zone)};
                      return {};
                    }
                    settings.node_defaults["augment.render"]["public_bases"][zone] = base;
                  }
                  return {};
                }},
       {"labels",
        object("labels", {{"minVisibility", node.share("augment.render", "min_visibility")},
                          {"boxMode", node.one_of("augment.render", "box_mode", "polygon or aabb",
                                                  {"polygon", "aabb"})}})},
       {"fetch",
        object("fetch", {{"maxBytes",
                          [&](const Json& value) -> std::
                                                     string_view {
                                                       settings.server.fetch_bytes =
                                                           value.is_number_integer()
                                                               ? value.get<std::int64_t>()
                                                               : 0;
                                                       return node.integer("augment.render",
                                                                           "max_bytes", 1,
                                                                           2'147'483'647)(value);
                                                     }},
                         {"allowPrivate", into(settings.server.allow_private)},
                         {"tries", into(settings.server.fetch_tries, 1, 100, "tries, 1 to 100")},
                         {"connectSeconds",
                          into(settings.server.connect_seconds, 1, 3600, "seconds, 1 to 3600")},
                         {"totalSeconds",
                          into(settings.server.total_seconds, 1, 86'400, "seconds, 1 to 86400")},
                         {"maxRedirects",
                          into(settings.server.max_redirects, 0, 100, "redirects, 0 to 100")}})},
       {"mix", object("mix", {{"relaxed", into(settings.mix_relaxed)}})},
       {"stats", object("stats", {{"aliases", into(settings.stats_aliases)}})},
       {"auth", object("auth", {{"enabled", into(settings.auth_enabled)},
                                {"requireSignedBody", into(settings.require_signed_body)},
                                {"requireDate", into(settings.require_date)},
                                {"dateWindow",
                                 [&](const Json& value) -> std::
                                                            string_view {
                                                              if (!value.is_number_integer() ||
                                                                  value < 1 || value > 86'400) {
                                                                return "seconds, 1 to 86400";
                                                              }
                                                              settings.date_window =
                                                                  std::chrono::seconds{
                                                                      value.get<int>()};
                                                              return {};
                                                            }},
                                {"replayGuard", into(settings.replay_guard)},
                                {"acceptQBox", into(settings.accept_qbox)},
                                {"trustedHosts", into(settings.trusted_hosts)}})},
       {"keys", [&](const Json& value) -> std::string_view {
          if (!value.is_array()) return "an array of objects";
          for (const Json& entry : value) {
            auto key = read_key(entry, keys.size());
            if (!key.ok()) {
              if (nested.ok()) nested = std::move(key).error();
              return {};
            }
            keys.push_back(*std::move(key));
          }
          return {};
        }}}));
  MR_CHECK(std::move(nested));
  const Json& render = settings.node_defaults.value("augment.render", Json::object());
  if (render.value("url_style", "qiniu") == "http" && !render.contains("public_bases")) {
    return Error{Code::InvalidArgument,
                 "atflow settings: records.urlStyle http needs the publicBase of a zone, such as "
                 R"({"zones": {"z0": {"publicBase": "https://pictures.example.com"}}})"};
  }
  for (AccessKey& key : keys) {
    const std::string name = key.access_key;
    if (!settings.keys.emplace(name, std::move(key)).second) {
      return Error{Code::InvalidArgument, "atflow settings: accessKey is there twice: " + name};
    }
  }
  return settings;
}

void ServerWishes::apply(EngineSettings& engine) const {
  const auto set = [](const auto& wish, auto& place) {
    if (wish) place = static_cast<std::remove_reference_t<decltype(place)>>(*wish);
  };
  set(workers, engine.workers);
  set(max_queued, engine.jobs.max_queued);
  if (!store.empty()) engine.store.folder = store;
  if (!zones.empty()) engine.store.zones = zones;
  set(create_buckets, engine.store.create_buckets);
  set(allow_private, engine.store.fetch.allow_private);
  set(fetch_tries, engine.store.fetch.tries);
  set(fetch_bytes, engine.store.fetch.max_bytes);
  set(max_redirects, engine.store.fetch.max_redirects);
  if (connect_seconds) engine.store.fetch.connect = std::chrono::seconds{*connect_seconds};
  if (total_seconds) engine.store.fetch.total = std::chrono::seconds{*total_seconds};
}

Result<Settings> load_settings(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    if (errno == ENOENT) return Settings{};
    return system_error("atflow settings: cannot read", file.string(), errno);
  }
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Code::PermissionDenied,
                 "atflow settings: the file holds secrets and others may read it: " +
                     file.string() + " (run: chmod 600 " + file.string() + ")"};
  }
  std::ifstream stream{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{stream}, {}};
  auto document = api::read_own(text);
  if (!document.ok()) return std::move(document).error().within("atflow settings " + file.string());
  return read_settings(*document);
}

}  // namespace millrace::atflow
