#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>

#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/interrupt.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/progress_line.hpp"
#include "tools/millrace/registry.hpp"
#include "tools/millrace/whole_number.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

namespace fs = std::filesystem;

using Call = std::shared_ptr<RegistryCall>;  // shared with the callbacks, of which one runs later
using Config = std::shared_ptr<client::Config>;

// Shows how far a transfer is. Ctrl-C ends it; what was downloaded so far is kept.
client::Progress transfer_progress(bool quiet) {
  catch_interrupts();
  return [line = std::make_shared<ProgressLine>(ProgressLine::style(quiet)),
          began = std::chrono::steady_clock::now(), first = std::uint64_t{0},
          is_first = true](std::uint64_t done, std::uint64_t total) mutable {
    if (is_first) first = done;  // what lay there before this transfer is not its speed
    is_first = false;
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const auto rate = took.count() > 0 ? static_cast<double>(done - first) / took.count() : 0;
    Json progress{{"done", done}, {"total", total}, {"unit", "bytes"}, {"per_second", rate}};
    if (rate > 0 && total > done)
      progress["seconds_left"] = static_cast<double>(total - done) / rate;
    line->show(progress);
    return !is_interrupted();
  };
}

struct UploadArguments {
  std::string name, file, hyperparameters, parameters, metrics, dataset_name;
  std::string dataset_description, dataset_uri, dataset_sha256, pipeline, file_sha256;
  std::int64_t job_id = 0;
  std::vector<std::string> tags;
  bool is_private = false;
};

client::Dictionary dictionary_of(const std::string& file) {
  return file.empty() ? client::Dictionary{nullptr} : client::Dictionary{file};
}

int upload(const Program& program, const RegistryCall& call, const CLI::App& command,
           UploadArguments& given) {
  if (!ask_missing(
          {{&command, "--name", "Model name", &given.name},
           {&command, "--file", "Model (file)", &given.file},
           {&command, "--hyperparameters", "Hyperparameters (file)", &given.hyperparameters},
           {&command, "--parameters", "Parameters (file)", &given.parameters},
           {&command, "--metrics", "Metrics (file)", &given.metrics},
           {&command, "--dataset-name", "Dataset name", &given.dataset_name}})) {
    return aborted();
  }
  return call.run([&](const Config& config) {
    client::Models models{config};
    const auto made = models.upload(given.name, given.file, dictionary_of(given.hyperparameters),
                                    dictionary_of(given.parameters), dictionary_of(given.metrics),
                                    {.is_private = given.is_private,
                                     .dataset_name = given.dataset_name,
                                     .dataset_description = given.dataset_description,
                                     .dataset_uri = given.dataset_uri,
                                     .dataset_sha256 = given.dataset_sha256,
                                     .pipeline = given.pipeline,
                                     .job_id = given.job_id,
                                     .tags = given.tags,
                                     .file_sha256 = given.file_sha256,
                                     .progress = transfer_progress(program.quiet)});
    if (is_interrupted()) return static_cast<int>(kInterrupted);
    return show_objects(program, "Uploaded model", models_kind(), made, models.last_reply());
  });
}

void add_upload(CLI::App& group, Program& program, const Call& call) {
  auto* command = group.add_subcommand("upload", "Uploads a model to the selected project");
  const auto given =
      std::make_shared<UploadArguments>();  // shared with the callback, which runs later
  command->add_option("--name,-n", given->name, "Name of the model");
  command->add_option("--file,-f", given->file, "File of the model");
  command->add_option("--hyperparameters,--hyperparameter,--hp", given->hyperparameters,
                      "JSON file with them (-hp as well); \"\": none");
  command->add_option("--parameters,--parameter,-p", given->parameters,
                      "JSON file with them; \"\": none");
  command->add_option("--metrics,-m", given->metrics, "JSON file with them; \"\": none");
  command->add_option("--dataset-name,--dataset_name,-d", given->dataset_name,
                      "Name of the data set; \"\": none");
  command->add_option("--dataset-description,--dataset_description", given->dataset_description,
                      "What the data set is");
  command->add_option("--dataset-uri,--dataset_uri", given->dataset_uri, "Where the data set is");
  command->add_option("--dataset-sha256,--dataset_sha256", given->dataset_sha256,
                      "SHA-256 of the data set");
  command->add_option("--pipeline", given->pipeline, "Name of the pipeline that made the model");
  command->add_option("--job-id,--job_id", given->job_id, "Number of the job that made the model")
      ->check(positive_fault, "POSITIVE");
  command->add_option("--tags", given->tags, "Tags, with commas between")->delimiter(',');
  command->add_option("--file-sha256", given->file_sha256,
                      "SHA-256 that the file must have on arrival, in hexadecimal digits");
  command->add_flag("--private", given->is_private, "Marks the model as private");
  command->footer(
      "A large file goes on where an earlier, broken upload of it came to.\n"
      "The first six are asked for when they are absent. Branch and commit of the git repository "
      "around are sent along.\nExample:\n"
      "  millrace models upload -n lenet -f net.bin -hp hyper.json -p \"\" -m metrics.json -d "
      "mnist");
  command->callback([&program, command, given, call] {
    program.action = [&program, command, given, call] {
      return upload(program, *call, *command, *given);
    };
  });
}

struct ModelList : ListArguments {
  std::vector<std::string> hyperparameters, parameters, metrics, tags, conditions;
  std::string sort;
};

// Sorts by one key of the objects; those without it come last, users by their login.
void sort_objects(Json& objects, const std::string& order) {
  const auto key = order.substr(0, order.find(':'));
  const bool descends = order.ends_with(":desc");
  const auto value = [&](const Json& object) {
    const auto found = object.find(key);
    if (found == object.end()) return Json{};
    return key == "user" && found->is_object() ? found->value("login", Json{}) : *found;
  };
  std::stable_sort(objects.begin(), objects.end(), [&](const Json& a, const Json& b) {
    const auto first = value(a), second = value(b);
    if (first.is_null() || second.is_null()) return !first.is_null() && second.is_null();
    return descends ? second < first : first < second;
  });
}

// A page of models, counted from the newest one.
struct NewestModels {
  Json models = Json::array();
  client::Reply reply{};  // of the registry; without its pages, which are counted from the oldest
  std::int64_t page = 1;
  bool has_older = false;
};

// The registry lists models in the order in which they came, so the newest stand at the end: on one
// page or two of its own. One that tells of no pages is taken as it is.
NewestModels newest_models(client::Models& models, const client::ListOptions& options) {
  NewestModels newest;
  newest.models = models.get_all(options);
  newest.reply = models.last_reply();
  const auto pages = newest.reply.body.find("pagination");
  if (!newest.reply.ok() || pages == newest.reply.body.end() || !pages->is_object()) return newest;
  const auto number = [&](const char* name) {
    const auto found = pages->find(name);
    return found != pages->end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
  };
  const auto total = number("total_items"), size = number("per_page");
  const auto asked_page = number("page");
  if (total <= 0 || size <= 0 || asked_page <= 0) return newest;
  newest.page = asked_page;
  newest.reply.body.erase("pagination");
  const auto end = std::max<std::int64_t>(0, total - (newest.page - 1) * size);
  const auto begin = std::max<std::int64_t>(0, end - size);
  Json both = Json::array();
  for (auto page = begin / size; page * size < end; ++page) {
    auto asked = options;
    asked.page = static_cast<int>(page) + 1;
    const bool is_there = asked.page == asked_page;
    const auto found = is_there ? newest.models : models.get_all(asked);
    if (!is_there && !models.last_reply().ok()) {
      newest.reply = models.last_reply();
      return newest;
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      const auto place = page * size + static_cast<std::int64_t>(i);
      if (place >= begin && place < end) both.push_back(found[i]);
    }
  }
  std::reverse(both.begin(), both.end());
  newest.models = std::move(both);
  newest.has_older = begin > 0;
  return newest;
}

int list_models(const Program& program, const RegistryCall& call, const ModelList& given) {
  return call.run([&](const Config& config) {
    client::Models models{config};
    auto options = given.options();
    const auto add = [&](const char* name, const std::vector<std::string>& values) {
      for (const auto& value : values) options.filters.emplace_back(name, value);
    };
    add("hyperparam", given.hyperparameters);
    add("param", given.parameters);
    add("metric", given.metrics);
    add("tag", given.tags);
    // As in an address: "metric.acc>=0.9" is a parameter "metric.acc>" with the value "0.9".
    for (const auto& condition : given.conditions) {
      const auto name = condition.substr(0, condition.find('='));
      options.filters.emplace_back(
          name, name.size() == condition.size() ? "" : condition.substr(name.size() + 1));
    }
    auto newest = given.id > 0 ? NewestModels{.models = models.get(given.id)}
                               : newest_models(models, options);
    if (given.id > 0) newest.reply = models.last_reply();
    if (!given.sort.empty()) sort_objects(newest.models, given.sort);
    const auto code = show_objects(program, "Most recently uploaded models", models_kind(),
                                   newest.models, newest.reply);
    if (newest.has_older && !program.quiet && !program.json)
      complain(fmt::format("there are more: --page {}", newest.page + 1));
    return code;
  });
}

void add_ls(CLI::App& group, Program& program, const Call& call) {
  auto* command = group.add_subcommand("ls", "Lists models, or shows one");
  const auto given = std::make_shared<ModelList>();  // shared with the callback, which runs later
  command
      ->add_option("--id,--model-id,--model_id", given->id,
                   "Number of the only one to show (-id as well)")
      ->check(positive_fault, "POSITIVE");
  command->add_option("--hyperparameter,--hp", given->hyperparameters,
                      "Only models with this hyperparameter (-hp as well); several: all of them");
  command->add_option("--parameter,-p", given->parameters, "Only models with this parameter");
  command->add_option("--metric,-m", given->metrics, "Only models with this metric");
  command->add_option("--tag", given->tags, "Only models with this tag");
  command->add_option(
      "--where", given->conditions,
      "Only models of which this is true, such as \"metric.acc>0.9\"; several: all");
  command->add_option("--sort,-s", given->sort, "Sorts the page: KEY:asc or KEY:desc")
      ->check([](const std::string& text) {
        const auto key = text.find(':');
        const bool is_order =
            key == std::string::npos || text.substr(key) == ":asc" || text.substr(key) == ":desc";
        return is_order && key != 0 ? std::string{} : "\"" + text + "\" is no KEY:asc or KEY:desc";
      });
  add_list_options(*command, *given);
  command->footer(
      "Examples:\n  millrace models ls -hp lr -s name:asc\n  millrace models ls -id 7\n"
      "  millrace models ls --where \"metric.acc>0.9\" --where \"hyperparam.lr<=0.01\"");
  command->callback([&program, given, call] {
    program.action = [&program, given, call] { return list_models(program, *call, *given); };
  });
}

struct DownloadArguments {
  std::string id, path;
  bool is_forced = false;
};

int download(const Program& program, const RegistryCall& call, const CLI::App& command,
             DownloadArguments& given) {
  if (!ask_missing({{&command, "--id", "Id of model", &given.id}})) return aborted();
  const auto number = CLI::PositiveNumber(given.id);
  std::int64_t id = 0;
  if (!number.empty() || !CLI::detail::lexical_cast(given.id, id)) {
    complain("the id of a model is a number");
    return kUsage;
  }
  return call.run([&](const Config& config) {
    client::Models models{config};
    fs::path path;
    try {
      path = models.download(id, {.path = given.path,
                                  .keeps_existing = !given.is_forced,
                                  .progress = transfer_progress(program.quiet)});
    } catch (const client::FileExistsError& error) {
      return report({Code::Conflict, std::string{error.what()} + "; --force overwrites it"},
                    program.json);
    }
    if (is_interrupted()) return static_cast<int>(kInterrupted);
    if (path.empty()) return refused(program, models.last_reply());
    if (program.json) {
      print_json({{"path", path.string()}});
    } else {
      print("Model downloaded successfully\n" + path.string() + "\n");
    }
    return static_cast<int>(kOk);
  });
}

void add_download(CLI::App& group, Program& program, const Call& call) {
  auto* command = group.add_subcommand(
      "download", "Writes the file of a model under the model's name; goes on where it stopped");
  const auto given =
      std::make_shared<DownloadArguments>();  // shared with the callback, which runs later
  command->add_option("--id,--model-id,--model_id", given->id, "Number of the model (-id as well)");
  command->add_option("--path,-p", given->path,
                      "Folder, made when it is missing; default: this one");
  command->add_flag("--force", given->is_forced, "Overwrites a file of the model's name");
  command->footer("Example:\n  millrace models download -id 7 -p models");
  command->callback([&program, command, given, call] {
    program.action = [&program, command, given, call] {
      return download(program, *call, *command, *given);
    };
  });
}

}  // namespace

void add_models(CLI::App& app, Program& program) {
  auto* group = app.add_subcommand(
      "models", "Models of a registry: upload, list, download, compare, promote");
  group->require_subcommand(1);
  group->fallthrough();
  const auto call = std::make_shared<RegistryCall>();
  call->program = &program;
  add_settings_option(*group, *call);
  add_upload(*group, program, call);
  add_ls(*group, program, call);
  add_download(*group, program, call);
  add_models_compare(*group, program, call);
  add_model_stages(*group, program, call);
  add_registry_rm(*group, program, call, models_kind(), "Deleted model",
                  [](const Config& config) { return std::make_shared<client::Models>(config); });
  add_models_gc(*group, program);
}

}  // namespace millrace::tool
