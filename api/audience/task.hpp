#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/audience/settings.hpp"
#include "api/route/values.hpp"
#include "engine/base/json.hpp"

namespace millrace::audience {

/// A task as it was asked for, with the settings in the place of what the request leaves out.
struct Task {
  std::string id;                         // 32 hexadecimal digits
  std::string model_type, predict_type;   // as sent
  std::string start, end;                 // "2021-01-31": the first day, that behind the last
  std::string input_schema, input_table;  // what the state says that it reads
  std::string output_schema;              // of its results
  std::int64_t countdown_s = 0;           // between label and production stage
  std::string queue;
  std::vector<std::int64_t> model_jobs{};  // prepared models, in order; empty: MODEL_TYPE
  std::string pattern{};                   // JSON, a rule set or a list of them; empty: none
  std::optional<Json> site{};              // SITE_CONFIG, an object

  /// What the answer and the state call its column: "author" for author_name.
  [[nodiscard]] std::string predicted() const;
  [[nodiscard]] std::string date_range() const { return start + " - " + end; }
};

/// Reads a request for a task; its id is filled in by the caller.
Task read_task(const api::Values& values, const Settings& settings);

/// The column that a PREDICT_TYPE means: author (also author_name), content, s_area_id or title,
/// each in lower or in upper case. Nothing: it is none of these.
std::optional<std::string_view> predicted_column(std::string_view predict_type);

}  // namespace millrace::audience
