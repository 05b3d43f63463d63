#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "engine/plugin/registry.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/job_access.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/pipeline_file.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/whole_number.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

struct SubmitArguments {
  PipelineArguments pipeline;
  JobSubmission job;
  std::int64_t after = 0, delay_s = 0;
  std::string when{to_string(After::When::Finished)};
};

int submit_file(const Program& program, const SubmitArguments& arguments) {
  auto loaded = load_pipeline(arguments.pipeline);
  if (!loaded.ok()) return report(loaded.error(), program.json);
  const auto registry = program.open_registry();
  if (!registry.ok()) return report(registry.error(), program.json);
  resolve_addresses(*loaded, **registry);
  auto submission = arguments.job;
  submission.pipeline = std::move(loaded->document);
  submission.values = std::move(loaded->values);
  submission.after = {JobId{arguments.after}, std::chrono::seconds{arguments.delay_s},
                      read_after_when(arguments.when).value_or(After::When::Finished)};
  const auto jobs = open_jobs(program, MissingFolder::Made);
  if (!jobs.ok()) return report(jobs.error(), program.json);
  const auto id = (*jobs)->submit(submission);
  if (!id.ok()) return report(id.error(), program.json);
  const auto job = (*jobs)->get(*id);
  if (!job.ok()) return report(job.error(), program.json);
  if (program.json) {
    print_json(*job);
  } else {
    print(fmt::format("job {} {}\n", *id, job->value("state", std::string{})));
  }
  return kOk;
}

}  // namespace

void add_jobs_submit(CLI::App& jobs, Program& program) {
  auto* command = jobs.add_subcommand("submit", "Queues a pipeline as a job, and does not wait");
  const auto arguments =
      std::make_shared<SubmitArguments>();  // shared with the callback, which runs later
  add_pipeline_arguments(*command, arguments->pipeline);
  auto& job = arguments->job;
  command->add_option("--queue", job.queue, "The queue that the job waits in");
  command->add_option("--priority", job.priority, "Within the queue, the higher runs first")
      ->check(CLI::Range(-1'000'000, 1'000'000));
  command->add_option("--max-attempts", job.max_attempts, "How often the whole job is tried")
      ->capture_default_str()
      ->check(CLI::Range(1, 100));
  auto* after =
      command->add_option("--after", arguments->after, "Begin behind the job of this number")
          ->check(positive_fault, "POSITIVE");
  command
      ->add_option("--when", arguments->when,
                   "The end of that job that this one is for; where it ends otherwise, this one is "
                   "aborted")
      ->capture_default_str()
      ->check(CLI::IsMember({"finished", "failed", "ended"}))
      ->needs(after);
  command->add_option("--delay", arguments->delay_s, "Begin so many seconds behind its end")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{kLongestDelay.count()}))
      ->needs(after);
  command->footer(
      "Names of files become file: addresses, as with millrace run. Without a server the job runs "
      "when\n"
      "the folder is next used.\n"
      "Examples:\n"
      "  millrace jobs submit label.json --set table=posts\n"
      "  millrace jobs submit tell.json --after 12 --when failed");
  command->callback([&program, arguments] {
    program.action = [&program, arguments] { return submit_file(program, *arguments); };
  });
}

}  // namespace millrace::tool
