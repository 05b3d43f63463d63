#include <algorithm>
#include <cstdio>
#include <future>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "engine/engine.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/interrupt.hpp"
#include "tools/millrace/job_access.hpp"
#include "tools/millrace/job_view.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/pipeline_file.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/reply_rows.hpp"
#include "tools/millrace/whole_number.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

struct RunArguments {
  PipelineArguments pipeline;
  int priority = 0;
  int max_attempts = 3;
  std::int64_t deadline_seconds = 0;
  bool allow_private = false;
};

Result<JobId> submit(Engine& engine, JobRequest request, const StoreRights& rights) {
  std::promise<Result<JobStore::Submission>> submitted;
  auto outcome = submitted.get_future();
  engine.submit(std::move(request), rights,
                [&](Result<JobStore::Submission> made) { submitted.set_value(std::move(made)); });
  MR_TRY(const auto made, outcome.get());
  return made.id;
}

Result<std::unique_ptr<Engine>> open_engine(const Program& program, const RunArguments& arguments,
                                            ReplyRows& rows) {
  auto settings = program.engine_settings();
  MR_TRY(settings.connections, program.read_connections());
  settings.store.fetch.allow_private = arguments.allow_private;
  settings.jobs.logs_failures = false;
  settings.jobs.take_rows = [&rows](JobId job, std::vector<NodeRows> given) {
    rows.take(job, std::move(given));
  };
  auto engine = Engine::open(std::move(settings));
  // Another process has the folder: not the caller's mistake, and over when that one ends.
  if (!engine.ok() && engine.error().code == Code::Conflict) {
    auto error = std::move(engine).error();
    error.code = Code::Unavailable;
    return error;
  }
  return engine;
}

// The files that a pipeline names, as they are spelled there.
void collect_addresses(const Json& value, std::set<std::string>& found) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.starts_with("file:") || text.starts_with("qiniu:")) found.insert(text);
  }
  if (!value.is_structured()) return;
  for (const auto& one : value) collect_addresses(one, found);
}

// Says which jobs an earlier run has left, which go on beside this one; returns their numbers. Said
// in any case of those that are about the same files.
std::vector<JobId> tell_of_others(Engine& engine, const Json& pipeline, const Program& program) {
  std::vector<JobId> others;
  std::set<std::string> own;
  collect_addresses(pipeline, own);
  for (const auto state :
       {JobState::Waiting, JobState::Queued, JobState::Running, JobState::Publishing}) {
    const auto jobs = engine.job_store().list({.state = std::string{to_string(state)}});
    if (!jobs.ok()) continue;
    for (const auto& job : *jobs) {
      others.push_back(job.id);
      std::set<std::string> named;
      std::vector<std::string> shared;
      collect_addresses(*job.pipeline, named);
      std::set_intersection(own.begin(), own.end(), named.begin(), named.end(),
                            std::back_inserter(shared));
      if (shared.empty() && program.quiet) continue;
      complain(fmt::format(
          "job {} of an earlier run goes on beside this one{}; Ctrl-C and \"millrace jobs wait "
          "{}\" "
          "let it end first",
          job.id.value,
          shared.empty() ? "" : fmt::format(", on the same files: {}", fmt::join(shared, ", ")),
          job.id.value));
    }
  }
  return others;
}

// The log leaves it to the shell to tell of jobs that failed.
void tell_of_failed(Engine& engine, const std::vector<JobId>& jobs) {
  for (const auto id : jobs) {
    const auto job = engine.job_store().get(id);
    if (!job.ok() || job->state != JobState::Failed) continue;
    complain(fmt::format("job {} failed: {}", id.value, error_text(job_json(*job))));
  }
}

// Tells how the job ended, and shows the rows that it gave back: then they are the data, and how it
// ended is talk.
int report_with_rows(Json job, const std::vector<NodeRows>& given, const Program& program) {
  if (given.empty() || ended_code(job) != kOk)
    return report_ended(job, program.json, program.quiet);
  if (program.json) job["rows"] = Json::array();
  for (const auto& [node, batch] : given) {
    std::string lines;
    for (auto& row : rows_json(batch)) {
      if (program.json) {
        job["rows"].push_back(std::move(row));
      } else {
        lines += row.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
      }
    }
    print(lines);
  }
  if (program.json) {
    print_json(job);
  } else if (!program.quiet) {
    std::fputs(summary_text(job).c_str(), stderr);
  }
  return kOk;
}

int run_file(const Program& program, const RunArguments& arguments) {
  auto loaded = load_pipeline(arguments.pipeline);
  if (!loaded.ok()) return report(loaded.error(), program.json);
  catch_interrupts();
  ReplyRows rows;
  const auto opened = open_engine(program, arguments, rows);
  if (!opened.ok()) return report(opened.error(), program.json);
  auto& engine = **opened;
  resolve_addresses(*loaded, engine.registry());
  StoreRights rights;
  rights.any_file = true;  // a person at the shell
  rights.databases = true;
  auto checked = engine.validate(loaded->document, loaded->values, rights);
  if (!checked.graph) return report(checked.faults, arguments.pipeline.file, program.json);

  JobRequest request;
  request.pipeline = std::move(checked.document);
  request.sealed = std::move(checked.sealed);
  request.priority = arguments.priority;
  request.max_attempts = arguments.max_attempts;
  if (arguments.deadline_seconds > 0)
    request.deadline = std::chrono::seconds{arguments.deadline_seconds};
  const auto others = tell_of_others(engine, *request.pipeline, program);
  if (auto started = engine.start(); !started.ok()) return report(started.error(), program.json);
  const auto id = submit(engine, std::move(request), rights);
  if (!id.ok()) return report(id.error(), program.json);

  const auto jobs = jobs_of(engine);
  const auto job = wait_for(*jobs, id->value, program.quiet, true);
  tell_of_failed(engine, others);
  if (!job.ok()) return report(job.error(), program.json);
  return report_with_rows(*job, rows.give(), program);
}

}  // namespace

void add_run(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("run", "Runs a pipeline here, to its end");
  const auto arguments =
      std::make_shared<RunArguments>();  // shared with the callback, which runs later
  add_pipeline_arguments(*command, arguments->pipeline);
  command->add_option("--priority", arguments->priority,
                      "Among queued jobs of the same folder, the higher runs first");
  command->add_option("--max-attempts", arguments->max_attempts, "How often the whole job is tried")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  command->add_option("--deadline", arguments->deadline_seconds, "Abort after so many seconds")
      ->check(non_negative_fault, "NONNEGATIVE");
  command->add_flag("--allow-private", arguments->allow_private,
                    "Fetch from loopback, link-local and private addresses too");
  command->footer(
      "Names of files in parameters become file: addresses, relative ones below the current "
      "folder.\n"
      "Examples:\n"
      "  millrace run augment.json --set list=photos.jsonlist --set out=augmented.jsonlist\n"
      "  millrace run augment.json --params values.json --json --quiet > job.json\n"
      "Rows that reach an output.reply come as lines of JSON on the standard output, the summary "
      "then "
      "on the\n"
      "standard error; with --json they are the member \"rows\" of the job.\n"
      "Exit code: 0 finished, 1 failed, 2 wrong command line, 3 pipeline not valid, 4 no such "
      "file, 5 the data\n"
      "folder is in use, 130 interrupted.");
  command->callback([&program, arguments] {
    program.action = [&program, arguments] { return run_file(program, *arguments); };
  });
}

}  // namespace millrace::tool
