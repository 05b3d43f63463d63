#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>

#include "engine/plugin/registry.hpp"
#include "tools/millrace/columns.hpp"
#include "tools/millrace/exit_code.hpp"
#include "tools/millrace/output.hpp"
#include "tools/millrace/program.hpp"
#include "tools/millrace/server_module.hpp"

#include <fmt/format.h>

namespace millrace::tool {
namespace {

Json to_json(const Limit& limit) {
  Json shown{{"name", limit.name}, {"value", limit.value}, {"unit", limit.unit}};
  shown["setting"] = limit.setting.empty() ? Json(nullptr) : Json(limit.setting);
  shown["doc"] = limit.doc;
  return shown;
}

// Adds what operators declare; those that share a bound declare it alike. The views live as long as
// the registry.
void add_limits_of(const Registry& registry, Limits& limits) {
  for (const auto* info : registry.all()) {
    for (const auto& item : info->limits.items()) {
      const std::string_view name = item.key();
      const auto& limit = item.value();
      if (std::any_of(limits.begin(), limits.end(),
                      [&](const Limit& known) { return known.name == name; }))
        continue;
      limits.push_back({name, limit.at("value").get<std::uint64_t>(),
                        limit.at("unit").get_ref<const std::string&>(),
                        limit.at("doc").get_ref<const std::string&>()});
    }
  }
  std::sort(limits.begin(), limits.end(),
            [](const Limit& a, const Limit& b) { return a.name < b.name; });
}

int show_limits(const Program& program) {
  const auto module = load_server_module();
  if (!module.ok()) return report(module.error(), program.json);
  const auto registry = program.open_registry();
  if (!registry.ok()) return report(registry.error(), program.json);
  Limits limits;
  module->limits(limits);
  add_limits_of(**registry, limits);
  if (program.json) {
    Json items = Json::array();
    for (const auto& limit : limits) items.push_back(to_json(limit));
    print_json({{"limits", std::move(items)}});
    return kOk;
  }
  std::string text;
  for (const auto& limit : limits) {
    text +=
        fmt::format("{}  {} {}{}\n", limit.name, grouped(static_cast<std::int64_t>(limit.value)),
                    limit.unit, limit.setting.empty() ? "" : fmt::format("  ({})", limit.setting));
    for (const auto& line : wrapped(limit.doc, 76)) text += fmt::format("    {}\n", line);
  }
  print(text);
  return kOk;
}

}  // namespace

void add_limits(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand(
      "limits", "Shows what server and operators bound: its name, its default, its setting");
  command->footer("Examples:\n  millrace limits\n  millrace limits --json");
  command->callback([&program] { program.action = [&program] { return show_limits(program); }; });
}

}  // namespace millrace::tool
