#include <memory>

#include <CLI/CLI.hpp>

#include "engine/engine.hpp"
#include "engine/job/content_collector.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

int collect(const Program& program, const CollectOptions& options) {
  if (const auto found = program.find_data_folder(); !found.ok())
    return report(found.error(), program.json);
  const auto engine = Engine::open(program.engine_settings());
  if (!engine.ok()) {
    const int code = report(engine.error(), program.json);
    return engine.error().code == Code::Conflict ? kUnavailable : code;  // the folder is in use
  }
  Json removed = Json::array();
  std::vector<std::vector<std::string>> lines{{"SHA-256", "BYTES"}};
  const auto check = collect_contents(
      *(*engine)->store().blobs(), (*engine)->catalog(), options,
      [&](const BlobName& name) {
        removed.push_back({{"sha256", name.sha256}, {"bytes", name.size_bytes}});
        lines.push_back({name.sha256, grouped(static_cast<std::int64_t>(name.size_bytes))});
      },
      [](const BlobName& name) {
        complain("the bytes are not those of the name: " + name.sha256);
      });
  if (!check.ok()) return report(check.error(), program.json);
  if (program.json) {
    print_json({{"dryRun", options.is_dry_run},
                {"contents", check->contents},
                {"bytes", check->bytes},
                {"unreferred", check->unreferred},
                {"unreferredBytes", check->unreferred_bytes},
                {"missing", check->missing},
                {"damaged", check->damaged},
                {"removed", std::move(removed)}});
  } else {
    if (lines.size() > 1) print(table(lines));
    print(fmt::format("{} files, {} bytes; {} that nothing refers to, {} bytes: {}\n",
                      grouped(check->contents), grouped(static_cast<std::int64_t>(check->bytes)),
                      grouped(check->unreferred),
                      grouped(static_cast<std::int64_t>(check->unreferred_bytes)),
                      options.is_dry_run ? "would be removed" : "removed"));
  }
  if (check->missing > 0)
    complain(
        fmt::format("{} models have a file that is not in the store", grouped(check->missing)));
  return check->missing > 0 || check->damaged > 0 ? kFailed : kOk;
}

}  // namespace

void add_models_gc(CLI::App& models, Program& program) {
  auto* command = models.add_subcommand("gc",
                                        "Removes files of the store that no model and no job under "
                                        "way refers to; the server must not run");
  const auto options =
      std::make_shared<CollectOptions>();  // shared with the callback, which runs later
  command->add_flag("--dry-run", options->is_dry_run, "Only tell what would be removed");
  command->add_flag("--verify", options->verify,
                    "Read the files that stay, and tell which are damaged");
  command->footer(
      "Example:\n"
      "  millrace models gc --dry-run --data /var/lib/millrace\n"
      "Exit code: 0 done, 1 a model's file is missing or damaged, 4 no such data folder, 5 it is "
      "in use.");
  command->callback([&program, options] {
    program.action = [&program, options] { return collect(program, *options); };
  });
}

}  // namespace millrace::tool
