#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/base/result.hpp"
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

/// What the dialect can be told, from one JSON file.
struct Settings {
  int accepted_status = 202;
  std::string log_bucket;           // defaults.logBucket
  bool mix_relaxed = false;
  bool stats_aliases = true;
  std::int64_t max_records = kMaxRecords;  // limits.maxRecords
  Json node_defaults = Json::object();     // operator id -> parameters: limits, records, labels, fetch, zones
  bool auth_enabled = true;
  bool require_signed_body = true;
  bool require_date = false;
  std::chrono::seconds date_window{900};
  bool replay_guard = false;
  bool accept_qbox = false;
  std::vector<std::string> trusted_hosts;
  std::map<std::string, AccessKey, std::less<>> keys;  // by access key
};

/// Reads settings such as {"auth": {"requireDate": true}, "keys": [{"accessKey": "…", "secretKey": "…"}]}. Unknown members,
/// wrong types and doubled keys are errors that name the member.
Result<Settings> read_settings(const Json& document);
/// The same from a file, which nobody but its owner may read: it holds secrets. A missing file gives the defaults.
Result<Settings> load_settings(const std::filesystem::path& file);

}  // namespace millrace::atflow
