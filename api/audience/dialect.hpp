#pragma once

#include <filesystem>
#include <memory>

#include "api/audience/settings.hpp"
#include "api/route/route.hpp"
#include "engine/base/json.hpp"
#include "engine/base/result.hpp"

namespace millrace::audience {

/// The Audience API 2.2 (docs/audience.md): tasks that put labels on the rows of a user's tables,
/// and the models that do it. The settings are shared with whoever reads them anew; `source_tables`
/// has the tables of results, and for each the sources whose rows it takes: "WH_F0001", or
/// "WH_B0002..WH_B0004" for some.
api::Dialect make_dialect(const std::shared_ptr<const SharedSettings>& settings,
                          Json source_tables);

/// Reads these out of a file, pipelines/maps/audience_tables.json. An error names it.
Result<Json> read_source_tables(const std::filesystem::path& file);

}  // namespace millrace::audience
