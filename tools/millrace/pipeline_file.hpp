#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/json.hpp"
#include "engine/plugin/services.hpp"

namespace CLI {
class App;
}

namespace millrace {
class Registry;
}

namespace millrace::tool {

/// What run, validate and explain take: a pipeline and the values of its parameters.
struct PipelineArguments {
  std::string file;              // "-": standard input
  std::vector<std::string> set;  // "NAME=VALUE"
  std::string params_file;       // JSON object with values; --set wins
};

void add_pipeline_arguments(CLI::App& command, PipelineArguments& arguments);

/// A pipeline as read, with values for its parameters of the types that it declares.
struct LoadedPipeline {
  Json document;
  Json values = Json::object();
};

/// Reads the pipeline and the values. In --set, VALUE is text where the parameter is declared
/// string or uri, else JSON (text that is none is taken as a string, and validation tells what is
/// wrong with it).
Result<LoadedPipeline> load_pipeline(const PipelineArguments& arguments);

/// Turns names of files, in the log and in parameters that operators declare as addresses, into
/// file: URIs; relative ones lie below the current folder.
void resolve_addresses(LoadedPipeline& loaded, Registry& registry);

/// Returns the address of what a person calls by a file name; what has a scheme already stays.
std::string address_of(const std::string& name, const std::filesystem::path& current_folder);

/// Reads a whole file, or the standard input for "-"; at most 64 MiB.
Result<std::string> read_text(const std::string& file);

}  // namespace millrace::tool
