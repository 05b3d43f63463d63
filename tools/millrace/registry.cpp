#include "tools/millrace/registry.hpp"

#include <cstdio>
#include <iostream>
#include <unistd.h>
#include <utility>

#include <CLI/CLI.hpp>
#include <spdlog/spdlog.h>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/whole_number.hpp"

namespace millrace::tool {
namespace {

Code code_of(const client::Reply& reply) {
  switch (reply.status) {
    case 400:
    case 413:
    case 422:
      return Code::InvalidArgument;
    case 401:
      return Code::Unauthenticated;
    case 403:
      return Code::PermissionDenied;
    case 404:
      return Code::NotFound;
    case 409:
      return Code::Conflict;
    default:
      return reply.status == 0 || reply.status >= 500 ? Code::Unavailable : Code::Internal;
  }
}

}  // namespace

client::LogSink registry_log(const Program& program) {
  return [quiet = program.quiet](client::LogLevel level, const std::string& line) {
    if (level >= client::LogLevel::Error || (level == client::LogLevel::Warning && !quiet))
      return complain(line);
    if (level >= client::LogLevel::Info) return spdlog::info("{}", line);
    spdlog::debug("{}", line);
  };
}

int RegistryCall::run(
    const std::function<int(const std::shared_ptr<client::Config>&)>& work) const {
  const auto fail = [&](Code code, const std::exception& error) {
    return report({code, error.what()}, program->json);
  };
  try {
    client::ConfigOptions options;
    if (!settings.empty()) options.filename = settings;
    options.log = registry_log(*program);
    return work(std::make_shared<client::Config>(std::move(options)));
  } catch (const client::ConfigInitializationError& error) {
    fail(Code::InvalidArgument, error);
    return kUsage;
  } catch (const client::FileError& error) {
    return fail(Code::InvalidArgument, error);
  } catch (const client::Error& error) {
    return fail(Code::Internal, error);
  }
}

int refused(const Program& program, const client::Reply& reply) {
  const auto code = code_of(reply);
  if (program.json) report({code, reply.problem}, true);
  return program.refusals_succeed ? static_cast<int>(kOk) : exit_code(code);
}

bool is_coloured() { return ::isatty(STDOUT_FILENO) == 1; }

int show_objects(const Program& program, std::string_view title, const RegistryKind& kind,
                 const Json& objects, const client::Reply& reply) {
  if (!reply.ok()) return refused(program, reply);
  if (program.json) {
    print_json(objects);
    return kOk;
  }
  if (objects.empty()) {
    if (!program.quiet) complain("there are no " + std::string{kind.group});
    return kOk;
  }
  print(objects_table(title, kind, objects, std::chrono::system_clock::now(), is_coloured()));
  const auto pages = reply.body.find("pagination");
  if (pages != reply.body.end() && pages->is_object() && !program.quiet &&
      pages->value("has_next", false)) {
    complain("there are more: --page " + std::to_string(pages->value("page", 1) + 1));
  }
  return kOk;
}

bool ask_missing(std::initializer_list<Question> questions) {
  for (const auto& question : questions) {
    if (question.command->count(question.option) > 0) continue;
    std::string line;
    while (line.empty()) {
      std::fprintf(stderr, "%s: ", question.text);
      std::fflush(stderr);
      if (!std::getline(std::cin, line)) return false;
      if (line.ends_with('\r')) line.pop_back();
    }
    *question.answer = std::move(line);
  }
  return true;
}

int aborted() {
  std::fputs("\nAborted!\n", stderr);
  return kFailed;
}

void add_settings_option(CLI::App& group, RegistryCall& call) {
  group.add_option("--settings", call.settings,
                   "File with the settings of the client; default: a file .maisie in this folder "
                   "or below it. MAISIE_... of the environment wins");
}

client::ListOptions ListArguments::options() const {
  client::ListOptions options;
  if (!search.empty()) options.query = search;
  if (page > 0) options.page = page;
  if (per_page > 0) options.per_page = per_page;
  return options;
}

void add_list_options(CLI::App& command, ListArguments& arguments) {
  command.add_option("--page", arguments.page, "Page of the list")
      ->check(positive_fault, "POSITIVE");
  command.add_option("--per-page,--per_page", arguments.per_page, "Objects on a page")
      ->check(positive_fault, "POSITIVE");
  command.add_option("--search", arguments.search, "Only objects whose name contains this");
}

void add_registry_ls(CLI::App& group, Program& program, const std::shared_ptr<RegistryCall>& call,
                     const RegistryKind& kind, const std::string& title, MakeResource make) {
  auto* command = group.add_subcommand("ls", "Lists objects, or shows one");
  const auto arguments =
      std::make_shared<ListArguments>();  // shared with the callback, which runs later
  command->add_option("--id", arguments->id, "Number of the only one to show (-id as well)")
      ->check(positive_fault, "POSITIVE");
  add_list_options(*command, *arguments);
  command->callback([&program, &kind, arguments, call, title, make = std::move(make)] {
    program.action = [&program, &kind, arguments, call, title, make] {
      return call->run([&](const std::shared_ptr<client::Config>& config) {
        const auto resource = make(config);
        const auto objects = arguments->id > 0 ? resource->get(arguments->id)
                                               : resource->get_all(arguments->options());
        return show_objects(program, title, kind, objects, resource->last_reply());
      });
    };
  });
}

void add_registry_rm(CLI::App& group, Program& program, const std::shared_ptr<RegistryCall>& call,
                     const RegistryKind& kind, const std::string& title, MakeResource make) {
  auto* command = group.add_subcommand("rm", "Deletes one; shows it as it was");
  const auto id = std::make_shared<std::int64_t>();  // shared with the callback, which runs later
  command->add_option("--id", *id, "Number of the one to delete (-id as well)")
      ->required()
      ->check(positive_fault, "POSITIVE");
  command->callback([&program, &kind, id, call, title, make = std::move(make)] {
    program.action = [&program, &kind, id, call, title, make] {
      return call->run([&](const std::shared_ptr<client::Config>& config) {
        const auto resource = make(config);
        const auto objects = resource->remove(*id);
        return show_objects(program, title, kind, objects, resource->last_reply());
      });
    };
  });
}

}  // namespace millrace::tool
