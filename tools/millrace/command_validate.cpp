#include <memory>

#include <CLI/CLI.hpp>

#include "tools/millrace/check_pipeline.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"

namespace millrace::tool {
namespace {

int validate_file(const Program& program, const PipelineArguments& arguments) {
  const auto checked = check_pipeline(program, arguments);
  if (!checked.ok()) return report(checked.error(), program.json);
  const auto& validation = checked->validation;
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
