#include "tools/millrace/pipeline_file.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "engine/plugin/parameter_rules.hpp"
#include "engine/plugin/registry.hpp"
#include "engine/store/uri.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

bool has_scheme(const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon < 2)
    return false;  // a single letter is no scheme that we know
  return std::all_of(
      text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon),
      [](unsigned char c) { return std::isalnum(c) != 0 || c == '+' || c == '-' || c == '.'; });
}

// Turns names of files into addresses wherever an operator declares that it takes one.
class AddressRewriter {
 public:
  AddressRewriter(LoadedPipeline& loaded, Registry& registry)
      : loaded_{loaded}, registry_{registry}, folder_{std::filesystem::current_path()} {}

  void run() {
    if (!loaded_.document.is_object()) return;
    if (const auto log = loaded_.document.find("logFile"); log != loaded_.document.end())
      rewrite(*log);
    if (const auto ops = loaded_.document.find("ops"); ops != loaded_.document.end())
      visit_ops(*ops);
  }

 private:
  void visit_ops(Json& ops) {
    if (auto* used = value_of(ops)) return visit_ops(*used);
    if (!ops.is_array()) return;
    for (auto& op : ops) {
      if (!op.is_object() || !op.contains("type") || !op["type"].is_string()) continue;
      const auto* info = registry_.find(op["type"].get_ref<const std::string&>());
      const auto params = op.find("params");
      if (info == nullptr || !info->rules || params == op.end()) continue;
      auto* values = value_of(*params);
      if (values == nullptr) values = &*params;
      if (!values->is_object()) continue;
      for (const auto& rule : info->rules->all()) {
        const auto value = values->find(rule.name);
        if (value == values->end()) continue;
        if (rule.type == ParameterRule::Type::Uri) rewrite(*value);
        const bool is_list = rule.type == ParameterRule::Type::Array && rule.items &&
                             rule.items->type == ParameterRule::Type::Uri;
        if (is_list && value->is_array())
          std::for_each(value->begin(), value->end(), [&](Json& one) { rewrite(one); });
      }
    }
  }

  void rewrite(Json& value) {
    if (auto* used = value_of(value)) return rewrite(*used);
    if (value.is_string() && !value.get_ref<const std::string&>().empty()) {
      value = address_of(value.get<std::string>(), folder_);
    }
  }

  // Returns the value behind {"$param": name}: the one given, else the declared default; null when
  // it is no such thing.
  Json* value_of(Json& value) {
    if (!value.is_object() || value.size() != 1 || !value.contains("$param") ||
        !value["$param"].is_string()) {
      return nullptr;
    }
    const auto& name = value["$param"].get_ref<const std::string&>();
    if (const auto given = loaded_.values.find(name); given != loaded_.values.end()) return &*given;
    const auto declared = loaded_.document.find("params");
    if (declared == loaded_.document.end() || !declared->is_object() || !declared->contains(name))
      return nullptr;
    auto& declaration = (*declared)[name];
    return declaration.is_object() && declaration.contains("default") ? &declaration["default"]
                                                                      : nullptr;
  }

  LoadedPipeline& loaded_;
  Registry& registry_;
  std::filesystem::path folder_;
};

// Returns the declared type of a parameter, empty when it is not declared.
std::string declared_type(const Json& document, const std::string& name) {
  const auto params = document.is_object() ? document.find("params") : document.end();
  if (params == document.end() || !params->is_object()) return {};
  const auto declaration = params->find(name);
  if (declaration == params->end() || !declaration->is_object()) return {};
  const auto type = declaration->find("type");
  return type != declaration->end() && type->is_string() ? type->get<std::string>() : std::string{};
}

Json typed_value(const std::string& text, const std::string& type) {
  if (type == "string" || type == "uri" || type.empty()) return text;
  if (auto parsed = parse_json(text); parsed.ok()) return *std::move(parsed);
  return text;
}

bool is_declared_secret(const Json& document, const std::string& name) {
  const auto declared = document.find("params");
  if (declared == document.end() || !declared->is_object()) return false;
  const auto found = declared->find(name);
  return found != declared->end() && found->is_object() && found->contains("secret") &&
         found->at("secret") == true;
}

Result<Json> read_values(const PipelineArguments& arguments, const Json& document) {
  Json values = Json::object();
  if (!arguments.params_file.empty()) {
    MR_TRY(const auto text, read_text(arguments.params_file));
    auto parsed = parse_json(text);
    if (!parsed.ok()) return std::move(parsed).error().within(arguments.params_file);
    if (!parsed->is_object()) {
      return Error{Code::DataInvalid,
                   "values for parameters must be a JSON object: " + arguments.params_file};
    }
    values = *std::move(parsed);
  }
  for (const auto& setting : arguments.set) {
    const auto equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Error{Code::InvalidArgument, "--set takes NAME=VALUE: " + setting};
    }
    const auto name = setting.substr(0, equals);
    if (is_declared_secret(document, name)) {
      return Error{Code::InvalidArgument,
                   fmt::format("--set shows the value to all who list processes, and the parameter "
                               "is secret; give it by --params FILE: {}",
                               name)};
    }
    values[name] = typed_value(setting.substr(equals + 1), declared_type(document, name));
  }
  return values;
}

}  // namespace

void add_pipeline_arguments(CLI::App& command, PipelineArguments& arguments) {
  command.add_option("FILE", arguments.file, "Pipeline file (JSON); - is the standard input")
      ->required();
  command
      .add_option(
          "--set", arguments.set,
          "NAME=VALUE, the value of a parameter of the pipeline; may be given several times")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--params", arguments.params_file,
                     "File with the values of parameters, a JSON object");
}

Result<std::string> read_text(const std::string& file) {
  const bool is_input = file == "-";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened{
      is_input ? stdin : std::fopen(file.c_str(), "rbe"),
      is_input ? [](std::FILE*) { return 0; } : std::fclose};
  if (!opened) return system_error("cannot open", file, errno);
  std::string text;
  std::array<char, 65536> buffer{};
  while (const auto size = std::fread(buffer.data(), 1, buffer.size(), opened.get())) {
    text.append(buffer.data(), size);
    if (text.size() > kMaxBytes) return Error{Code::Exhausted, "more than 64 MiB: " + file};
  }
  if (std::ferror(opened.get()) != 0) return system_error("cannot read", file, errno);
  return text;
}

Result<LoadedPipeline> load_pipeline(const PipelineArguments& arguments) {
  MR_TRY(const auto text, read_text(arguments.file));
  auto document = parse_json(text);
  if (!document.ok()) return std::move(document).error().within(arguments.file);
  LoadedPipeline loaded{*std::move(document)};
  MR_TRY(loaded.values, read_values(arguments, loaded.document));
  return loaded;
}

void resolve_addresses(LoadedPipeline& loaded, Registry& registry) {
  AddressRewriter{loaded, registry}.run();
}

std::string address_of(const std::string& name, const std::filesystem::path& current_folder) {
  if (has_scheme(name)) return name;
  auto address = file_uri((current_folder / name).lexically_normal());
  // A name that ends in "/" says that it is a folder; the address of a folder has none.
  while (address.size() > 1 && address.back() == '/') address.pop_back();
  return address;
}

}  // namespace millrace::tool
