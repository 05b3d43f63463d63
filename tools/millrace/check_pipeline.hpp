#pragma once

#include <memory>

#include "engine/graph/graph.hpp"
#include "engine/plugin/registry.hpp"
#include "tools/millrace/pipeline_file.hpp"
#include "tools/millrace/program.hpp"

namespace millrace::tool {

/// What validate and explain look at.
struct CheckedPipeline {
  std::unique_ptr<Registry> registry;  // outlives the graph, whose operators are in its plugins
  Validation validation;
};

/// Reads a pipeline with its values and validates it without a data folder: addresses are checked
/// for their form alone.
Result<CheckedPipeline> check_pipeline(const Program& program, const PipelineArguments& arguments);

}  // namespace millrace::tool
