#include "engine/job/job_origin.hpp"

#include "engine/base/sha1.hpp"

#include <fmt/format.h>

namespace millrace {

Origin origin_of(const Job& job) {
  const nlohmann::json sorted = *job.pipeline;  // unlike Json it keeps its members sorted
  const auto text = sorted.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return {job.id.value, job.name, to_hex(sha256(text))};
}

Asker asker_of(const Job& job) {
  return {.owner = job.owner, .name = fmt::format("job {}", job.id.value)};
}

}  // namespace millrace
