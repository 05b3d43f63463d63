#include "engine/catalog/model_hooks.hpp"

#include "engine/catalog/catalog.hpp"
#include "engine/catalog/model_facets.hpp"
#include "engine/catalog/model_versions.hpp"
#include "engine/catalog/promotions.hpp"

namespace millrace {

Result<RowValues> complete_model(Connection&, const Asker& asker, const RowValues& asked) {
  RowValues more;
  const auto& origin = asker.origin;
  if (origin.job != 0 && !asked.contains("job_id")) more["job_id"] = origin.job;
  if (!origin.pipeline_sha256.empty() && !asked.contains("pipeline_name") &&
      !asked.contains("pipeline_sha256")) {
    more["pipeline_name"] = origin.pipeline;
    more["pipeline_sha256"] = origin.pipeline_sha256;
  }
  return more;
}

Result<void> derive_from_model(Connection& connection, std::int64_t model) {
  MR_CHECK(derive_model_facets(connection, model));
  MR_CHECK(number_model(connection, model));
  return follow_privacy(connection, model);
}

}  // namespace millrace
