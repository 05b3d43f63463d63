#include "engine/data_lock.hpp"
#include "engine/engine.hpp"
#include "tools/millrace/job_access.hpp"
#include "tools/millrace/pipeline_file.hpp"
#include "tools/millrace/program.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

// A server on this machine that listens everywhere is reached on loopback.
std::string reachable(std::string address) {
  for (const std::string_view any : {"//0.0.0.0:", "//[::]:"}) {
    if (const auto place = address.find(any); place != std::string::npos) {
      address.replace(place, any.size(), "//127.0.0.1:");
    }
  }
  return address;
}

Result<std::unique_ptr<JobAccess>> of_server(const Program& program, const std::string& address) {
  auto token = read_text((program.data / "token").string());
  if (!token.ok()) return std::move(token).error().within("cannot read the token of the server");
  token->erase(token->find_last_not_of(" \r\n") + 1);
  return jobs_of(reachable(address), *token);
}

}  // namespace

Result<std::unique_ptr<JobAccess>> open_jobs(const Program& program, MissingFolder missing) {
  if (missing == MissingFolder::Refused) MR_CHECK(program.find_data_folder());
  if (const auto holder = DataLock::holder(program.data)) {
    if (!holder->address.empty()) return of_server(program, holder->address);
    return Error{Code::Unavailable,
                 fmt::format("the data folder is in use by process {}, which serves nobody: {}",
                             holder->process, program.data.string())};
  }
  auto settings = program.engine_settings();
  settings.jobs.logs_failures = false;  // the command that waits for a job tells how it ended
  MR_TRY(auto engine, Engine::open(std::move(settings)));
  return jobs_of(std::move(engine));
}

}  // namespace millrace::tool
