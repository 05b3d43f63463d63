// What an operator declares: its texts, its parameters, the columns it reads, adds and emits.
#include <algorithm>
#include <memory>
#include <utility>

#include "engine/plugin/parameter_rules.hpp"
#include "engine/testing/batch_json.hpp"
#include "engine/testing/checks.hpp"

namespace millrace::testing {
namespace {

void check_docs(const Subject& subject) {
  if (subject.info().doc.empty()) subject.add("the operator has no doc (kDoc)");
  for (const auto& [name, declaration] : subject.info().params.items()) {
    if (declaration.value("doc", "").empty()) subject.add("parameter \"" + name + "\" has no doc");
  }
}

// The faults of the example's parameters with one of them replaced.
std::vector<Fault> faults_with(const Subject& subject, const std::string& name, const Json& value) {
  Json params = subject.example.params;
  params[name] = value;
  const auto services = subject.example.make_services();
  return check_parameters(*subject.found.info, subject.found.table, params, *services).faults;
}

void must_refuse(const Subject& subject, const std::string& name, const Json& value) {
  const auto faults = faults_with(subject, name, value);
  const auto is_named = [&](const Fault& fault) { return fault.pointer.starts_with("/" + name); };
  if (std::none_of(faults.begin(), faults.end(), is_named)) {
    subject.add("parameter \"" + name + "\" accepts what its declaration forbids: " + value.dump());
  }
}

void check_wrong_types(const Subject& subject, const ParameterRule& rule) {
  using Kind = ParameterRule::Type;
  const auto accepts = [&](const Json& value) {
    switch (rule.type) {
      case Kind::Any:
        return true;
      case Kind::Boolean:
        return value.is_boolean();
      case Kind::Integer:
        return value.is_number_integer();
      case Kind::Number:
        return value.is_number();
      case Kind::String:
      case Kind::Uri:
        return value.is_string();
      case Kind::Array:
        return value.is_array();
      case Kind::Object:
        return value.is_object();
    }
    return true;
  };
  for (const auto& value :
       {Json(true), Json(7), Json(1.5), Json("text"), Json::array({1}), Json::object({{"x", 1}})}) {
    if (!accepts(value)) must_refuse(subject, rule.name, value);
  }
}

void check_wrong_values(const Subject& subject, const ParameterRule& rule) {
  if (rule.minimum) must_refuse(subject, rule.name, Json(*rule.minimum - 1));
  if (rule.maximum) must_refuse(subject, rule.name, Json(*rule.maximum + 1));
  if (rule.exclusive_minimum) must_refuse(subject, rule.name, Json(*rule.exclusive_minimum));
  if (rule.exclusive_maximum) must_refuse(subject, rule.name, Json(*rule.exclusive_maximum));
  if (!rule.choices.empty()) must_refuse(subject, rule.name, Json("none of the choices"));
  if (rule.min_length && *rule.min_length > 0)
    must_refuse(subject, rule.name, Json(std::string(*rule.min_length - 1, 'x')));
  if (rule.max_length && *rule.max_length < 1'000'000) {
    must_refuse(subject, rule.name, Json(std::string(*rule.max_length + 1, 'x')));
  }
  if (rule.min_items && *rule.min_items > 0) must_refuse(subject, rule.name, Json::array());
  if (rule.type == ParameterRule::Type::Uri) must_refuse(subject, rule.name, Json("no address"));
}

// Values at the very end of what is allowed: the operator may still refuse them in plan(),
// politely, but not break.
void check_bounds(const Subject& subject, const ParameterRule& rule) {
  std::vector<Json> values = rule.choices;
  for (const auto& bound : {rule.minimum, rule.maximum}) {
    if (!bound) continue;
    values.push_back(rule.type == ParameterRule::Type::Integer
                         ? Json(static_cast<std::int64_t>(*bound))
                         : Json(*bound));
  }
  for (const auto& value : values) {
    Json params = subject.example.params;
    params[rule.name] = value;
    const auto services = subject.example.make_services();
    const auto checked =
        check_parameters(*subject.found.info, subject.found.table, params, *services);
    for (const auto& fault : checked.faults) {
      if (fault.kind == "operator_failed")
        subject.add("plan() breaks for " + rule.name + " = " + value.dump() + ": " + fault.message);
    }
    if (!checked.faults.empty()) continue;
    const auto made =
        OperatorInstance::create(*subject.found.table, checked.params, Call{*services, "node"});
    if (!made.ok() && made.error().code == Code::Internal) {
      subject.add("create() breaks for " + rule.name + " = " + value.dump() + ": " +
                  made.error().message);
    }
  }
}

void check_parameters_of(const Subject& subject) {
  const auto rules = ParameterRules::read(subject.info().params);
  if (!rules.ok()) return subject.add(rules.error().message);
  for (const auto& rule : (*rules)->all()) {
    check_wrong_types(subject, rule);
    check_wrong_values(subject, rule);
    check_bounds(subject, rule);
    if (rule.is_mandatory) must_refuse(subject, rule.name, Json{});
  }
  must_refuse(subject, "no_such_parameter", Json(1));
}

void check_example(const Subject& subject) {
  Trial trial{subject.found, subject.example};
  const auto transcript = run_whole(trial, subject.example).transcript();
  if (!transcript.is_ok) subject.add("the example fails: " + failure_text(transcript));
  if (!trial.flaw().empty()) subject.add(trial.flaw());
  if (!trial.odd_port().empty()) {
    subject.add("emits on a port that it does not declare: " + trial.odd_port());
  }
}

// Reads the word of a column's type out of what schema_to_json() wrote.
std::string type_in(const Json& schema, const std::string& column) {
  for (const auto& entry : schema) {
    if (entry.at(0) == column) return entry.at(1).get<std::string>();
  }
  return {};
}

bool fits(const std::string& type, const std::string& word) {
  if (word == "any" || word == type) return true;
  return word == "number" &&
         (type == "int32" || type == "int64" || type == "float32" || type == "float64");
}

void check_columns(const Subject& subject) {
  Trial trial{subject.found, subject.example};
  const auto transcript = run_whole(trial, subject.example).transcript();
  const auto main = transcript.schemas.find("");
  if (main == transcript.schemas.end()) return;
  const Json& declared = subject.example.is_source() ? subject.info().emits : subject.info().adds;
  const std::string member = subject.example.is_source() ? "emits" : "adds";
  for (const auto& [column, word] : declared.items()) {
    const auto type = type_in(main->second, column);
    if (type.empty()) {
      subject.add("declares in \"" + member + "\" a column that it does not make: " + column);
    } else if (!fits(type, word.get<std::string>())) {
      subject.add("declares in \"" + member + "\" that " + column + " is " +
                  word.get<std::string>() + ", but makes it " + type);
    }
  }
}

// With no other columns than those it declares to read, an operator must do the same.
void check_reads(const Subject& subject) {
  if (subject.info().reads.empty()) return;
  Example bare = subject.example;
  for (const auto& [column, values] : subject.example.rows.items()) {
    if (!subject.info().reads.contains(column) && column != kRootColumn) bare.rows.erase(column);
  }
  for (const auto& [column, word] : subject.info().reads.items()) {
    if (!bare.rows.contains(column))
      subject.add("declares to read a column that its example lacks: " + column);
  }
  Trial with_all{subject.found, subject.example};
  Trial with_few{subject.found, bare};
  const auto all = run_whole(with_all, subject.example).transcript();
  const auto few = run_whole(with_few, bare).transcript();
  if (all.is_ok && !few.is_ok) {
    subject.add("needs more columns than \"reads\" declares: " + failure_text(few));
  }
}

bool is_address(const ParameterRule& rule) {
  const auto& inner = rule.properties;
  return rule.type == ParameterRule::Type::Uri || (rule.items && is_address(*rule.items)) ||
         (rule.additional && is_address(*rule.additional)) ||
         std::any_of(inner.begin(), inner.end(), is_address);
}

// A disk or a server that hangs takes the threads of those who ask it, which must not be the ones
// that all others compute on.
void check_blocking(const Subject& subject) {
  const auto kind = subject.info().resources.kind;
  if (kind ? *kind != Resources::Kind::Compute : subject.info().blocking) return;
  const std::string undeclared = R"(, but is not declared "blocking")";
  if (const auto rules = ParameterRules::read(subject.info().params); rules.ok()) {
    for (const auto& rule : (*rules)->all()) {
      if (is_address(rule)) subject.add("takes an address, \"" + rule.name + '"' + undeclared);
    }
  }
  Trial whole{subject.found, subject.example};
  const auto waited_for = run_whole(whole, subject.example).services()->waited_for;
  if (!waited_for.empty())
    return subject.add("waits for others (" + std::string{waited_for} + ')' + undeclared);
  // Its state is told between batches, by the same threads, and then those rows may be written
  // that an example is too small to have written before.
  Trial midway{subject.found, subject.example};
  if (!midway.has_checkpoint()) return;
  subject.example.is_source() ? midway.produce(1) : midway.push(subject.example.make_rows());
  midway.snapshot();
  if (const auto waited = midway.services()->waited_for; !waited.empty()) {
    subject.add("waits for others (" + std::string{waited} + ") when it tells its state" +
                undeclared);
  }
}

}  // namespace

std::vector<Check> declaration_checks() {
  return {
      {{"docs", "The operator and each of its parameters have a doc."},
       false,
       to_every,
       check_docs},
      {{"parameters",
        "Wrong types, values out of range and unknown names are faults; values at the bounds break "
        "nothing."},
       false,
       to_every,
       check_parameters_of},
      {{"example",
        "The example runs without a failure; what is emitted is well-formed and on declared "
        "ports."},
       true,
       to_every,
       check_example},
      {{"columns", "The columns of \"emits\" and \"adds\" are made, with the declared types."},
       true,
       to_every,
       check_columns},
      {{"reads", "No other columns are needed than those of \"reads\"."},
       true,
       to_sinks,
       check_reads},
      {{"blocking",
        "Whoever takes or opens addresses, to tell its state too, or asks the catalog, is declared "
        "to wait for them."},
       true,
       to_every,
       check_blocking},
  };
}

}  // namespace millrace::testing
