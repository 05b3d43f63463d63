#include <memory>

#include <CLI/CLI.hpp>

#include "engine/graph/graph.hpp"
#include "engine/plugin/registry.hpp"
#include "tools/millrace/check_services.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/pipeline_file.hpp"
#include "tools/millrace/program.hpp"

namespace millrace::tool {
namespace {

int validate_file(const Program& program, const PipelineArguments& arguments) {
  auto loaded = load_pipeline(arguments);
  if (!loaded.ok()) return report(loaded.error(), program.json);
  const auto registry = program.open_registry();
  if (!registry.ok()) return report(registry.error(), program.json);
  resolve_addresses(*loaded, **registry);
  CheckServices services;
  const auto validation = validate_document(loaded->document, loaded->values, **registry, services);
  const auto code = report(validation.faults, arguments.file, program.json);
  if (code == kOk && !program.json && !program.quiet) {
    print(arguments.file + ": valid, " +
          grouped(static_cast<std::int64_t>(validation.graph->nodes.size())) + " nodes\n");
  }
  return code;
}

}  // namespace

void add_validate(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "validate", "Checks a pipeline without running it, and tells every fault at once");
  const auto arguments =
      std::make_shared<PipelineArguments>();  // shared with the callback, which runs later
  add_pipeline_arguments(*command, *arguments);
  command->footer(
      "Examples:\n"
      "  millrace validate pipeline.json\n"
      "  millrace validate pipeline.json --set list=photos.jsonlist --json\n"
      "Exit code: 0 valid, 3 not valid, 4 no such file.");
  command->callback([&program, arguments] {
    program.action = [&program, arguments] { return validate_file(program, *arguments); };
  });
}

}  // namespace millrace::tool
