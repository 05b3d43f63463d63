#include <memory>

#include <CLI/CLI.hpp>

#include "engine/graph/plan.hpp"
#include "tools/millrace/check_pipeline.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"

namespace millrace::tool {
namespace {

int explain_file(const Program& program, const PipelineArguments& arguments) {
  const auto checked = check_pipeline(program, arguments);
  if (!checked.ok()) return report(checked.error(), program.json);
  const auto& [registry, validation] = *checked;
  if (!validation.graph) return report(validation.faults, arguments.file, program.json);
  const auto plan = make_plan(*validation.graph, *registry);
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
