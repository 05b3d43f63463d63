#pragma once

#include "engine/catalog/catalog.hpp"
#include "engine/job/job.hpp"

namespace millrace {

/// Says by what the rows are made that a job writes. Two jobs of the same pipeline, however its
/// text is laid out and its members are ordered, have the same pipeline_sha256.
Origin origin_of(const Job& job);
/// Who asks on behalf of a job: its owner, under the job's name. Without origin, which takes a look
/// at the whole pipeline.
Asker asker_of(const Job& job);

}  // namespace millrace
