#include <functional>
#include <memory>

#include <CLI/CLI.hpp>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/interrupt.hpp"
#include "tools/millrace/job_access.hpp"
#include "tools/millrace/job_view.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/whole_number.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

// Runs `work` on the jobs of the data folder.
int with_jobs(const Program& program, const std::function<int(JobAccess&)>& work) {
  const auto jobs = open_jobs(program);
  return jobs.ok() ? work(**jobs) : report(jobs.error(), program.json);
}

std::string word(const Json& job, const char* name) {
  const auto found = job.find(name);
  return found != job.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::string done_text(const Json& job) {
  const auto progress = job.find("progress");
  if (progress == job.end() || !progress->is_object()) return {};
  const auto done = progress->value("done", std::int64_t{0});
  const auto total = progress->value("total", std::int64_t{0});
  return total > 0 ? fmt::format("{}/{}", grouped(done), grouped(total)) : grouped(done);
}

int list_jobs(const Program& program, const JobQuery& query) {
  return with_jobs(program, [&](JobAccess& jobs) -> int {
    const auto list = jobs.list(query);
    if (!list.ok()) return report(list.error(), program.json);
    if (program.json) {
      print_json(*list);
      return kOk;
    }
    std::vector<std::vector<std::string>> rows{{"ID", "STATE", "QUEUE", "CREATED", "DONE", "NAME"}};
    for (const auto& job : list->at("items")) {
      rows.push_back({std::to_string(job.value("id", std::int64_t{0})), word(job, "state"),
                      word(job, "queue"), word(job, "created"), done_text(job), word(job, "name")});
    }
    print(table(rows));
    if (const auto next = list->find("next");
        next != list->end() && next->is_number() && !program.quiet) {
      complain(fmt::format("there are more: --before {}", next->get<std::int64_t>()));
    }
    return kOk;
  });
}

int show_job(const Program& program, std::int64_t id) {
  return with_jobs(program, [&](JobAccess& jobs) -> int {
    const auto job = jobs.get(id);
    if (!job.ok()) return report(job.error(), program.json);
    if (program.json) {
      print_json(*job);
    } else {
      print(details_text(*job));
    }
    return kOk;
  });
}

int show_logs(const Program& program, std::int64_t id, bool follow) {
  return with_jobs(program, [&](JobAccess& jobs) -> int {
    if (follow) catch_interrupts();
    std::int64_t after = 0;
    while (true) {
      // The state first: when it is final now, all lines are there.
      const auto job = follow ? jobs.get(id) : Result<Json>{Json{}};
      if (!job.ok()) return report(job.error(), program.json);
      const auto events = jobs.events(id, after);
      if (!events.ok()) return report(events.error(), program.json);
      for (const auto& event : *events) {
        if (program.json) {
          print_json(event, -1);
        } else {
          print(event_text(event));
        }
        after = event.value("sequence", after);
      }
      if (!follow || is_final(*job)) return kOk;
      if (is_interrupted()) return kInterrupted;
      jobs.pause(id);
    }
  });
}

int abort_job(const Program& program, std::int64_t id) {
  return with_jobs(program, [&](JobAccess& jobs) -> int {
    if (const auto aborted = jobs.abort(id); !aborted.ok())
      return report(aborted.error(), program.json);
    const auto job = jobs.get(id);
    if (!job.ok()) return report(job.error(), program.json);
    if (program.json) {
      print_json(*job);
    } else if (!program.quiet) {
      print(fmt::format("job {} {}\n", id, word(*job, "state")));
    }
    return kOk;
  });
}

int wait_and_report(const Program& program, JobAccess& jobs, std::int64_t id, bool aborts) {
  const auto job = wait_for(jobs, id, program.quiet, aborts);
  return job.ok() ? report_ended(*job, program.json, program.quiet)
                  : report(job.error(), program.json);
}

int wait_job(const Program& program, std::int64_t id) {
  return with_jobs(program, [&](JobAccess& jobs) -> int {
    if (const auto started = jobs.start(); !started.ok())
      return report(started.error(), program.json);
    return wait_and_report(program, jobs, id, false);
  });
}

// Runs a job again, the same one or a new one, and waits for it unless told not to.
int run_again(const Program& program, std::int64_t id, bool is_new, bool waits) {
  return with_jobs(program, [&](JobAccess& jobs) -> int {
    if (const auto started = jobs.start(); !started.ok())
      return report(started.error(), program.json);
    auto again = id;
    if (is_new) {
      const auto made = jobs.rerun(id);
      if (!made.ok()) return report(made.error(), program.json);
      again = *made;
    } else if (const auto queued = jobs.retry(id); !queued.ok()) {
      return report(queued.error(), program.json);
    }
    if (waits) return wait_and_report(program, jobs, again, true);
    if (program.json) {
      print_json({{"id", again}});
    } else {
      print(fmt::format("job {} queued\n", again));
    }
    return kOk;
  });
}

struct JobArguments {
  std::int64_t id = 0;
  bool flag = false;
  JobQuery query;
};

using Work = std::function<int(const Program&, const JobArguments&)>;

// Adds a subcommand that takes the number of a job.
CLI::App* add_job_command(CLI::App& jobs, Program& program, const std::string& name,
                          const std::string& doc, const std::shared_ptr<JobArguments>& arguments,
                          Work work) {
  auto* command = jobs.add_subcommand(name, doc);
  command->add_option("ID", arguments->id, "Number of the job")
      ->required()
      ->check(positive_fault, "POSITIVE");
  command->footer(fmt::format("Example:\n  millrace jobs {} 12", name));
  command->callback([&program, arguments, work = std::move(work)] {
    program.action = [&program, arguments, work] { return work(program, *arguments); };
  });
  return command;
}

void add_list(CLI::App& jobs, Program& program) {
  auto* command = jobs.add_subcommand("list", "Lists jobs, the newest first");
  const auto arguments =
      std::make_shared<JobArguments>();  // shared with the callback, which runs later
  auto& query = arguments->query;
  command->add_option("--state", query.state, "Only jobs in this state")
      ->check(CLI::IsMember({"waiting", "queued", "running", "publishing", "aborting", "finished",
                             "failed", "aborted"}));
  command->add_option("--queue", query.queue, "Only jobs of this queue");
  command->add_option("--dialect", query.dialect, "Only jobs that came through this API");
  command->add_option("--before", query.before, "Only jobs with a smaller number")
      ->check(positive_fault, "POSITIVE");
  command->add_option("--limit", query.limit, "Jobs at the most")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->footer(
      "Examples:\n  millrace jobs list --state failed\n  millrace jobs list --limit 100 --json");
  command->callback([&program, arguments] {
    program.action = [&program, arguments] { return list_jobs(program, arguments->query); };
  });
}

}  // namespace

void add_jobs(CLI::App& app, Program& program) {
  auto* jobs = app.add_subcommand(
      "jobs", "Shows and changes the jobs of a data folder, or of the server that holds it");
  jobs->require_subcommand(1);
  jobs->fallthrough();
  add_list(*jobs, program);
  add_jobs_submit(*jobs, program);
  const auto arguments =
      std::make_shared<JobArguments>();  // shared with the callbacks, of which one runs later
  add_job_command(*jobs, program, "show", "Shows one job", arguments,
                  [](const Program& p, const JobArguments& a) { return show_job(p, a.id); });
  add_job_command(
      *jobs, program, "logs", "Shows the journal of a job", arguments,
      [](const Program& p, const JobArguments& a) { return show_logs(p, a.id, a.flag); })
      ->add_flag("--follow,-f", arguments->flag, "Go on until the job has ended");
  add_job_command(*jobs, program, "abort", "Stops a job within one batch", arguments,
                  [](const Program& p, const JobArguments& a) { return abort_job(p, a.id); });
  add_job_command(*jobs, program, "wait", "Waits until a job has ended; its end is the exit code",
                  arguments,
                  [](const Program& p, const JobArguments& a) { return wait_job(p, a.id); });
  add_job_command(
      *jobs, program, "retry", "Runs a failed or aborted job again", arguments,
      [](const Program& p, const JobArguments& a) { return run_again(p, a.id, false, !a.flag); })
      ->add_flag("--no-wait", arguments->flag,
                 "Only queue it; without a server it runs when the folder is next used");
  add_job_command(
      *jobs, program, "rerun",
      "Runs the pipeline of a job as a new job: the same seed, the same bytes", arguments,
      [](const Program& p, const JobArguments& a) { return run_again(p, a.id, true, !a.flag); })
      ->add_flag("--no-wait", arguments->flag,
                 "Only queue it; without a server it runs when the folder is next used");
}

}  // namespace millrace::tool
