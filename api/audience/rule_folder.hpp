#pragma once

#include <filesystem>
#include <string>

#include "api/audience/task_models.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace::audience {

/// Bytes of all files of a rule set together.
inline constexpr std::uintmax_t kMostRuleBytes = 64u << 20;

/// Reads the rule set that lies in a folder, keyword_model/LABEL/PREDICT_TYPE.txt below it: a
/// keyword, a tab and its type on each line; below rule_model a pattern on each line. Labels come
/// by their code points; one without such a file has no rules. For the author the file is
/// author_name.txt. Empty where there is no folder of that kind. Io, DataInvalid: a file cannot be
/// read, or a line has no type.
Result<Json> read_rule_folder(const std::filesystem::path& folder, ModelKind kind,
                              const std::string& predict_type);

}  // namespace millrace::audience
