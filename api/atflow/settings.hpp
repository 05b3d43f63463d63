#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
#include "engine/engine.hpp"
#include "engine/graph/pipeline.hpp"

namespace millrace::atflow {

/// One entry of `keys`: who may use the dialect, and for which buckets.
struct AccessKey {
  std::string access_key, secret_key;
  bool is_enabled = true;
  bool is_admin = false;
  std::string log_bucket;           // "qiniu:///z0/logs"; empty: the global one
  std::vector<std::string> grants;  // "zone/bucket" patterns; empty: all
};

/// What the settings say of the server around the dialect, which other dialects share; unset: as it
/// is.
struct ServerWishes {
  std::string listen_address;  // where the dialect stands at the root; empty: nowhere of its own
  std::uint16_t listen_port = 0;
  std::optional<std::int64_t> workers, max_queued;
  std::filesystem::path store;
  std::vector<std::string> zones;
  std::optional<bool> create_buckets, allow_private;
  std::optional<std::int64_t> fetch_tries, connect_seconds, total_seconds, fetch_bytes,
      max_redirects;

  /// Changes what it speaks of.
  void apply(EngineSettings& engine) const;
};

/// What the dialect can be told, from one JSON file.
struct Settings {
  ServerWishes server;  // holds from the start to the end; the rest is read anew with the keys
  std::optional<std::int64_t> max_body_bytes;  // limits.maxBody; unset: kMostMixBytes
  int accepted_status = 202;
  std::string log_bucket;  // defaults.logBucket
  bool mix_relaxed = false;
  bool stats_aliases = true;
  std::int64_t max_records = kMaxRecords;  // limits.maxRecords
  Json node_defaults =
      Json::object();  // operator id -> parameters: limits, records, labels, fetch, zones
  bool auth_enabled = true;
  bool require_signed_body = true;
  bool require_date = false;
  std::chrono::seconds date_window{900};
  bool replay_guard = false;
  bool accept_qbox = false;
  std::vector<std::string> trusted_hosts;
  std::map<std::string, AccessKey, std::less<>> keys;  // by access key
};

/// Reads settings such as {"auth": {"requireDate": true}, "keys": [{"accessKey": "…", "secretKey":
/// "…"}]}. Unknown members, wrong types and doubled keys are errors that name the member.
Result<Settings> read_settings(const Json& document);
/// The same from a file, which nobody but its owner may read: it holds secrets. A missing file
/// gives the defaults.
Result<Settings> load_settings(const std::filesystem::path& file);

}  // namespace millrace::atflow
