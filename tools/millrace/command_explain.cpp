#include <memory>

#include <CLI/CLI.hpp>

#include "engine/graph/graph.hpp"
#include "engine/graph/plan.hpp"
#include "engine/plugin/registry.hpp"
#include "tools/millrace/check_services.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/pipeline_file.hpp"
#include "tools/millrace/program.hpp"

namespace millrace::tool {
namespace {

int explain_file(const Program& program, const PipelineArguments& arguments) {
  auto loaded = load_pipeline(arguments);
  if (!loaded.ok()) return report(loaded.error(), program.json);
  const auto registry = program.open_registry();
  if (!registry.ok()) return report(registry.error(), program.json);
  resolve_addresses(*loaded, **registry);
  CheckServices services;
  const auto validation = validate_document(loaded->document, loaded->values, **registry, services);
  if (!validation.graph) return report(validation.faults, arguments.file, program.json);
  const auto plan = make_plan(*validation.graph, **registry);
  if (!plan.ok()) return report(plan.error(), program.json);
  if (program.json) {
    print_json(explain_json(**plan));
  } else {
    print(explain(**plan));
  }
  return kOk;
}

}  // namespace

void add_explain(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("explain", "Shows what the planner makes of a pipeline");
  const auto arguments =
      std::make_shared<PipelineArguments>();  // shared with the callback, which runs later
  add_pipeline_arguments(*command, *arguments);
  command->footer(
      "Examples:\n"
      "  millrace explain pipeline.json\n"
      "  millrace explain pipeline.json --json | jq '.nodes[].chain[].operator'\n"
      "Exit code: 0, 3 when the pipeline is not valid, 4 no such file.");
  command->callback([&program, arguments] {
    program.action = [&program, arguments] { return explain_file(program, *arguments); };
  });
}

}  // namespace millrace::tool
