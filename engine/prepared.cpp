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
  if (const auto choices = declaration.find("enum");
      choices != declaration.end() && !choices->empty()) {
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
    if (declaration.is_object() && !declaration.contains("default"))
      values[name] = sample(declaration);
  }
  return values;
}

Error wrong(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& fault : faults)
    text += (text.empty() ? "" : "; ") + fault.pointer + ": " + fault.message;
  return {Code::InvalidArgument, text};
}

// The op that a fault's pointer names: "/ops/3/params/x" is 3.
std::optional<std::size_t> op_of(const std::string& pointer) {
  constexpr std::string_view kStart = "/ops/";
  if (pointer.compare(0, kStart.size(), kStart) != 0) return std::nullopt;
  return std::strtoul(pointer.c_str() + kStart.size(), nullptr, 10);
}

}  // namespace

Result<std::shared_ptr<const Engine::Prepared>> Engine::Prepared::make(const Json& document,
                                                                       Registry& registry,
                                                                       Services& services) {
  auto prepared = std::make_shared<Prepared>();
  prepared->document_ = document;
  const auto ops = document.find("ops");
  if (ops == document.end() || !ops->is_array()) {
    if (ops != document.end() && has_parameter(*ops))
      return std::shared_ptr<const Prepared>{std::move(prepared)};
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
  MR_TRY(prepared->plan_, make_plan(*validation.graph, registry));
  std::vector<Fault> faults;
  FaultList list{faults};
  prepared->declared_.emplace(document, list);
  bool is_bindable = faults.empty();
  for (const auto& [key, member] : document.items()) {
    if (key == "params" || !has_parameter(member)) continue;
    is_bindable =
        is_bindable && key == "ops" && std::all_of(ops->begin(), ops->end(), [&](const Json& op) {
          return !has_parameter(op) || prepared->add_open(op, *validation.graph, services);
        });
  }
  if (!is_bindable) prepared->plan_.reset();
  return std::shared_ptr<const Prepared>{std::move(prepared)};
}

bool Engine::Prepared::add_open(const Json& op, const Graph& graph, Services& services) {
  Open open{};
  open.members = Json::object();
  for (const auto& [key, member] : op.items()) {
    if (!has_parameter(member)) continue;
    if (key != "params" || !member.is_object() || member.contains("$param")) return false;
    for (const auto& [name, value] : member.items()) {
      if (has_parameter(value)) open.members[name] = value;
    }
  }
  const auto name = op.value("name", std::string{});
  const auto checked = std::find_if(graph.nodes.begin(), graph.nodes.end(),
                                    [&](const Node& node) { return node.name == name; });
  if (checked == graph.nodes.end() || !checked->info->rules) return false;
  // What a request leaves out would have to come from the pipeline's own defaults.
  const auto defaults = document_.find("defaults");
  if (defaults != document_.end() && defaults->contains(checked->info->id)) return false;
  for (const auto& rule : checked->info->rules->all()) {
    if (open.members.contains(rule.name)) open.rules.push_back(rule);
  }
  open.traits = check_parameters(*checked->info, checked->table, *checked->params, services).traits;
  bool is_found = false;
  for (open.node = 0; open.node < plan_->nodes.size(); ++open.node) {
    const auto& chain = plan_->nodes[open.node].chain;
    for (open.place = 0; open.place < chain.size(); ++open.place) {
      // A planner that changed the parameters would have to change those of every request.
      const Node& node = chain[open.place];
      if (node.name != name || *node.params != *checked->params) continue;
      open_.push_back(open);
      is_found = true;
    }
  }
  return is_found;
}

std::shared_ptr<Engine::Prepared::Copy> Engine::Prepared::take_copy() const {
  std::unique_ptr<Copy> copy;
  {
    const std::lock_guard lock{mutex_};
    if (!idle_.empty()) {
      copy = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!copy) {
    copy = std::make_unique<Copy>(Copy{*plan_, {}});
    for (const Open& open : open_) {
      Node& node = copy->plan.nodes[open.node].chain[open.place];
      copy->params.push_back(std::make_shared<Json>(*node.params));
      node.params = copy->params.back();
    }
  }
  // Whoever uses it last gives it back.
  return {copy.release(), [self = shared_from_this()](Copy* used) {
            std::unique_ptr<Copy> idle{used};
            const std::lock_guard lock{self->mutex_};
            self->idle_.push_back(std::move(idle));
          }};
}

Result<std::shared_ptr<const Plan>> Engine::Prepared::validate_anew(const Json& values,
                                                                    Registry& registry,
                                                                    Services& services) const {
  const auto validation = validate_document(document_, values, registry, services);
  if (!validation.graph) return wrong(validation.faults);
  return make_plan(*validation.graph, registry);
}

Result<std::shared_ptr<const Plan>> Engine::Prepared::bind(const Json& values, Registry& registry,
                                                           Services& services) const {
  if (!plan_) return validate_anew(values, registry, services);
  std::vector<Fault> faults;
  FaultList list{faults};
  Binding binding{*declared_, values, list};
  if (!faults.empty()) return wrong(faults);
  if (open_.empty()) return plan_;
  auto copy = take_copy();
  for (std::size_t i = 0; i < open_.size(); ++i) {
    const Open& open = open_[i];
    const Node& node = plan_->nodes[open.node].chain[open.place];
    const auto given = binding.replace(open.members, {});
    Json& params = *copy->params[i];
    auto checked = check_changed_parameters(node.table, open.rules, given.value_or(Json::object()),
                                            std::move(params), services);
    params = std::move(checked.params);
    if (!checked.faults.empty()) return wrong(checked.faults);
    // With other traits the planner might have planned otherwise.
    if (checked.traits != open.traits) return validate_anew(values, registry, services);
  }
  return std::shared_ptr<const Plan>{copy, &copy->plan};
}

}  // namespace millrace
