// The registry's commands for versions, lineage, stages and promotions.
#include <charconv>
#include <memory>

#include <CLI/CLI.hpp>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/registry.hpp"
#include "tools/millrace/whole_number.hpp"

namespace millrace::tool {
namespace {

using Call = std::shared_ptr<RegistryCall>;  // shared with the callbacks, of which one runs later
using Config = std::shared_ptr<client::Config>;

// What the commands are given; each uses some of it.
struct StageArguments : ListArguments {
  std::string name, stage, comment;

  [[nodiscard]] client::ListOptions list() const {
    auto made = options();
    if (!name.empty()) made.filters.emplace_back("name", name);
    if (!stage.empty()) made.filters.emplace_back("stage", stage);
    return made;
  }
  [[nodiscard]] std::optional<std::string> said() const {
    return comment.empty() ? std::nullopt : std::optional{comment};
  }
};
using Arguments = std::shared_ptr<StageArguments>;  // shared with the callback, which runs later

using Work = std::function<int(const Config&, StageArguments&)>;

CLI::App* add_command(CLI::App& group, Program& program, const Call& call, const char* name,
                      const char* doc, const Arguments& given, Work work) {
  auto* command = group.add_subcommand(name, doc);
  command->callback([&program, call, given, work = std::move(work)] {
    program.action = [call, given, work] {
      return call->run([&](const Config& config) { return work(config, *given); });
    };
  });
  return command;
}

void add_pages(CLI::App& command, StageArguments& given) {
  command.add_option("--page", given.page, "Page of the list")->check(positive_fault, "POSITIVE");
  command.add_option("--per-page,--per_page", given.per_page, "Rows on a page")
      ->check(positive_fault, "POSITIVE");
}

void add_model_id(CLI::App& command, StageArguments& given) {
  command.add_option("--id,--model-id,--model_id", given.id, "Number of the model (-id as well)")
      ->required()
      ->check(positive_fault, "POSITIVE");
}

void add_project_id(CLI::App& command, StageArguments& given) {
  command
      .add_option("--id,--project-id,--project_id", given.id,
                  "Number of the project (-id as well); default: the selected one")
      ->check(positive_fault, "POSITIVE");
}

// The project that is named, else the selected one; 0 when there is none, which is told.
std::int64_t project_of(const Config& config, const StageArguments& given) {
  if (given.id > 0) return given.id;
  const auto text = config->settings().text("selected_project");
  std::int64_t id = 0;
  const auto [stop, failed] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (failed == std::errc{} && stop == text.data() + text.size() && id > 0) return id;
  complain("no project is named (--id), and none is selected in the settings");
  return 0;
}

// Calls `ask` with the project, and shows what comes.
template <class Ask>
Work of_project(const Program& program, const RegistryKind& kind, const char* title, Ask ask) {
  return [&program, &kind, title, ask](const Config& config, StageArguments& given) {
    const auto id = project_of(config, given);
    if (id == 0) return static_cast<int>(kUsage);
    client::Projects projects{config};
    const auto found = ask(projects, id, given);
    return show_objects(program, title, kind, found, projects.last_reply());
  };
}

template <class Ask>
Work of_model(const Program& program, const RegistryKind& kind, const char* title, Ask ask) {
  return [&program, &kind, title, ask](const Config& config, StageArguments& given) {
    client::Models models{config};
    const auto found = ask(models, given);
    return show_objects(program, title, kind, found, models.last_reply());
  };
}

int show_lineage(const Program& program, const Config& config, const StageArguments& given) {
  client::Models models{config};
  const auto found = models.lineage(given.id);
  if (!models.last_reply().ok() || found.empty()) return refused(program, models.last_reply());
  if (program.json) {
    print_json(found);
  } else {
    print(box_table("Lineage", lineage_rows(found[0]), is_coloured()));
  }
  return kOk;
}

}  // namespace

void add_model_stages(CLI::App& group, Program& program, const Call& call) {
  auto given = std::make_shared<StageArguments>();
  auto* versions = add_command(group, program, call, "versions",
                               "Lists the versions of the name that a model has", given,
                               of_model(program, versions_kind(), "Versions",
                                        [](client::Models& models, const StageArguments& asked) {
                                          return models.versions(asked.id, asked.list());
                                        }));
  add_model_id(*versions, *given);
  add_pages(*versions, *given);

  given = std::make_shared<StageArguments>();
  auto* lineage = add_command(group, program, call, "lineage",
                              "Tells by which job, pipeline and data set a model was made", given,
                              [&program](const Config& config, StageArguments& asked) {
                                return show_lineage(program, config, asked);
                              });
  add_model_id(*lineage, *given);

  given = std::make_shared<StageArguments>();
  auto* promote =
      add_command(group, program, call, "promote", "Puts a model in force in a stage", given,
                  of_model(program, promotions_kind(), "Promoted",
                           [](client::Models& models, const StageArguments& asked) {
                             return models.promote(asked.id, asked.stage, asked.said());
                           }));
  add_model_id(*promote, *given);
  promote->add_option("--stage,-s", given->stage, "Stage, such as production")->required();
  promote->add_option("--comment,-c", given->comment, "Why");
  promote->footer(
      "Example:\n  millrace models promote -id 7 -s production -c \"better on night pictures\"");

  given = std::make_shared<StageArguments>();
  auto* promotions = add_command(group, program, call, "promotions",
                                 "Lists the promotions of a model, the newest first", given,
                                 of_model(program, promotions_kind(), "Promotions",
                                          [](client::Models& models, const StageArguments& asked) {
                                            return models.promotions(asked.id, asked.list());
                                          }));
  add_model_id(*promotions, *given);
  promotions->add_option("--stage,-s", given->stage, "Only those of this stage");
  add_pages(*promotions, *given);
}

void add_project_stages(CLI::App& group, Program& program, const Call& call) {
  const auto add_list = [&](const char* name, const char* doc, Work work, const Arguments& given) {
    auto* command = add_command(group, program, call, name, doc, given, std::move(work));
    add_project_id(*command, *given);
    command->add_option("--name,-n", given->name, "Only those of models with this name");
    command->add_option("--stage,-s", given->stage, "Only those of this stage");
    add_pages(*command, *given);
  };
  add_list("stages", "Lists the stages of a project with the models in force there",
           of_project(program, stages_kind(), "Stages",
                      [](client::Projects& projects, std::int64_t id, const StageArguments& asked) {
                        return projects.stages(id, asked.list());
                      }),
           std::make_shared<StageArguments>());
  add_list("promotions", "Lists the promotions of a project, the newest first",
           of_project(program, promotions_kind(), "Promotions",
                      [](client::Projects& projects, std::int64_t id, const StageArguments& asked) {
                        return projects.promotions(id, asked.list());
                      }),
           std::make_shared<StageArguments>());

  const auto add_change = [&](const char* name, const char* doc, Work work) {
    const auto given = std::make_shared<StageArguments>();
    auto* command = add_command(group, program, call, name, doc, given, std::move(work));
    add_project_id(*command, *given);
    command->add_option("--name,-n", given->name, "Name of the models")->required();
    command->add_option("--stage,-s", given->stage, "Stage, such as production")->required();
    command->add_option("--comment,-c", given->comment, "Why");
    command->footer(std::string{"Example:\n  millrace projects "} + name +
                    " -n lenet -s production -c \"too slow\"");
  };
  add_change(
      "roll-back", "Puts the model that was in force before in force again",
      of_project(program, promotions_kind(), "Rolled back",
                 [](client::Projects& projects, std::int64_t id, const StageArguments& asked) {
                   return projects.roll_back(id, asked.name, asked.stage, asked.said());
                 }));
  add_change(
      "retire", "Leaves a stage without a model",
      of_project(program, promotions_kind(), "Retired",
                 [](client::Projects& projects, std::int64_t id, const StageArguments& asked) {
                   return projects.retire(id, asked.name, asked.stage, asked.said());
                 }));
}

}  // namespace millrace::tool
