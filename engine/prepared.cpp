#include "engine/prepared.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/plugin/operator_instance.hpp"

namespace millrace {

namespace {

bool has_parameter(const Json& value) {
  if (value.is_object() && value.contains("$param")) return true;
  return value.is_structured() && std::any_of(value.begin(), value.end(), has_parameter);
}

// A value that a declaration allows, to see the shape of a pipeline before anybody has given one.
Json sample(const Json& declaration) {
  if (const auto choices = declaration.find("enum"); choices != declaration.end() && !choices->empty()) {
    return choices->front();
  }
  const auto type = declaration.value("type", std::string{});
  if (type == "integer" || type == "number") return declaration.value("minimum", Json(1));
  if (type == "boolean") return false;
  if (type == "array") return Json::array();
  if (type == "object") return Json::object();
  return "sample";
}

Json sample_values(const Json& document) {
  Json values = Json::object();
  const auto declared = document.find("params");
  if (declared == document.end() || !declared->is_object()) return values;
  for (const auto& [name, declaration] : declared->items()) {
    if (declaration.is_object() && !declaration.contains("default")) values[name] = sample(declaration);
  }
  return values;
}

Error wrong(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults) text += (text.empty() ? "" : "; ") + fault.pointer + ": " + fault.message;
  return {Code::InvalidArgument, text};
}

// The op that a fault's pointer names: "/ops/3/params/x" is 3.
std::optional<std::size_t> op_of(const std::string& pointer) {
  constexpr std::string_view kStart = "/ops/";
  if (pointer.compare(0, kStart.size(), kStart) != 0) return std::nullopt;
  return std::strtoul(pointer.c_str() + kStart.size(), nullptr, 10);
}

}  // namespace

Result<std::shared_ptr<const Engine::Prepared>> Engine::Prepared::make(const Json& document, Registry& registry,
                                                                       Services& services) {
  auto prepared = std::make_shared<Prepared>();
  prepared->document_ = document;
  const auto ops = document.find("ops");
  if (ops == document.end() || !ops->is_array()) {
    if (ops != document.end() && has_parameter(*ops)) return std::shared_ptr<const Prepared>{std::move(prepared)};
    return Error{Code::InvalidArgument, "pipeline has no array \"ops\""};
  }
  const auto validation = validate_document(document, sample_values(document), registry, services);
  if (!validation.graph) {
    // Faults of parameters that only a request will give are no faults of the pipeline.
    std::vector<Fault> real;
    for (const Fault& fault : validation.faults) {
      const auto op = op_of(fault.pointer);
      const bool is_open = op && *op < ops->size() && has_parameter((*ops)[*op]);
      if (!is_open) real.push_back(fault);
    }
    if (!real.empty()) return wrong(real);
    return std::shared_ptr<const Prepared>{std::move(prepared)};
  }
  MR_TRY(auto plan, make_plan(*validation.graph, registry));
  for (std::size_t op = 0; op < ops->size(); ++op) {
    if (!has_parameter((*ops)[op])) continue;
    const auto name = (*ops)[op].value("name", std::string{});
    const auto checked = std::find_if(validation.graph->nodes.begin(), validation.graph->nodes.end(),
                                      [&](const Node& node) { return node.name == name; });
    bool is_found = false;
    for (std::size_t node = 0; node < plan->nodes.size(); ++node) {
      const auto& chain = plan->nodes[node].chain;
      for (std::size_t place = 0; place < chain.size(); ++place) {
        // A planner that changed the parameters would have to change those of every request.
        if (chain[place].name != name || *chain[place].params != *checked->params) continue;
        prepared->open_.push_back({node, place, op});
        is_found = true;
      }
    }
    if (!is_found) return std::shared_ptr<const Prepared>{std::move(prepared)};
  }
  bool opens_more = false;
  for (const auto& [key, member] : document.items()) {
    opens_more = opens_more || (key != "params" && key != "ops" && has_parameter(member));
  }
  if (!opens_more) prepared->plan_ = std::move(plan);
  return std::shared_ptr<const Prepared>{std::move(prepared)};
}

Result<std::shared_ptr<const Plan>> Engine::Prepared::bind(const Json& values, Registry& registry,
                                                           Services& services) const {
  if (!plan_) {
    const auto validation = validate_document(document_, values, registry, services);
    if (!validation.graph) return wrong(validation.faults);
    return make_plan(*validation.graph, registry);
  }
  std::vector<Fault> faults;
  const Json bound = bind_parameters(document_, values, faults);
  if (!faults.empty()) return wrong(faults);
  if (open_.empty()) return plan_;
  auto plan = std::make_shared<Plan>(*plan_);
  for (const Open& open : open_) {
    Node& node = plan->nodes[open.node].chain[open.place];
    auto checked = check_parameters(*node.info, node.table, bound["ops"][open.op].value("params", Json::object()), services);
    if (!checked.faults.empty()) return wrong(checked.faults);
    node.params = std::make_shared<const Json>(std::move(checked.params));
  }
  return std::shared_ptr<const Plan>{std::move(plan)};
}

}  // namespace millrace
