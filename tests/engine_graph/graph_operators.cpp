// The operators of the graph tests: declarations of every kind, and work that passes batches on.
#include <array>
#include <memory>
#include <span>
#include <string>

#include <millrace/operator.hpp>
#include <millrace/operator_definition.hpp>

namespace {

using millrace::Batch;
using millrace::Context;
using millrace::Operator;
using millrace::OperatorDefinition;
using millrace::Params;
using millrace::Role;
using millrace::Source;

class Passing final : public Operator {
 public:
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
};

class Kept final : public Operator, public millrace::Checkpointed {
 public:
  void process(Context& context, Batch batch) override { context.emit(std::move(batch)); }
  std::string snapshot(Context&) override { return {}; }
  void restore(Context&, std::string_view) override {}
};

class Empty final : public Source {
 public:
  bool produce(Context&) override { return false; }
};

std::unique_ptr<Operator> make_passing(Context&, const Params&, const void*) {
  return std::make_unique<Passing>();
}

std::unique_ptr<Operator> make_kept(Context&, const Params&, const void*) {
  return std::make_unique<Kept>();
}

std::unique_ptr<Source> make_empty(Context&, const Params&, const void*) {
  return std::make_unique<Empty>();
}

// filter.where tells the planner its condition.
void plan_where(Context& context, const Params& params, const void*) {
  context.trait("hints", R"({"where": [{"column": ")" + params.string("column") +
                             R"(", "op": ">=", "value": )" +
                             std::to_string(params.integer("least")) + "}]}");
}

// augment.apply knows the words flip (a turn) and blur, and a column of its own for "tag".
void plan_apply(Context& context, const Params& params, const void*) {
  const auto ops = params.string("ops");
  if (ops == "flip") {
    context.trait("hints", R"({"turns": true})");
  } else if (ops == "tag") {
    context.trait("adds", R"({"tag": "utf8"})");
  } else if (ops != "blur") {
    context.fault("ops_unknown", "/ops", "unknown operation: " + ops);
  }
}

// preprocess.read works at as many places at once as it has connections.
void plan_read(Context& context, const Params& params, const void*) {
  context.trait("instances", std::to_string(params.integer("connections")));
}

struct Row {
  const char* id;
  Role role;
  const char* params;
  const char* traits;
  void (*plan)(Context&, const Params&, const void*) = nullptr;
  bool is_checkpointed = false;
};

constexpr std::array kRows{
    Row{"input.list", Role::Input,
        R"({"file": {"type": "uri", "mandatory": true}, "where": {"type": "array", "default": []},
            "columns": {"type": "array", "default": []}})",
        R"({"blocking": true, "emits": {"url": "utf8", "label": "utf8", "size": "int64"},
            "hints": {"accepts": ["where", "columns"]}})"},
    Row{"input.plain", Role::Input, "{}", "{}"},
    Row{"input.words", Role::Input, "{}", R"({"emits": {"url": "utf8", "size": "utf8"}})"},
    Row{"input.made", Role::Input, "{}", R"({"emits": {"url": "utf8"}})"},
    Row{"input.boxed", Role::Input, "{}", R"({"emits": {"url": "utf8", "boxed": "bool"}})"},
    Row{"input.places", Role::Input,
        R"({"table": {"type": "string", "default": "t"}, "own": {"type": "integer", "default": 1},
            "connections": {"type": "integer", "default": 2}})",
        R"({"read_by": "preprocess.read"})"},
    Row{"input.unread", Role::Input, "{}", R"({"read_by": "preprocess.missing"})"},
    Row{"preprocess.read", Role::Preprocess,
        R"({"table": {"type": "string", "default": "u"}, "connections": {"type": "integer", "default": 1},
            "most": {"type": "integer", "default": 5}})",
        R"({"replicable": true, "blocking": true})", plan_read},
    Row{"filter.label", Role::Filter,
        R"({"label": {"type": "string", "mandatory": true}, "values": {"type": "array", "mandatory": true}})",
        R"({"replicable": true, "passes_lazy": true, "reads": {"label": "utf8"}})"},
    Row{"filter.where", Role::Filter,
        R"({"column": {"type": "string", "default": "size"}, "least": {"type": "integer", "minimum": 0}})",
        R"({"replicable": true, "reads": {"size": "int64"}})", plan_where},
    Row{"filter.keep", Role::Filter, "{}", R"({"replicable": true})"},
    Row{"filter.grain", Role::Filter, "{}", R"({"replicable": true, "grain": 4})"},
    Row{"filter.disk", Role::Filter, "{}", R"({"replicable": true, "blocking": true})"},
    Row{"filter.serial", Role::Filter, "{}", R"({"stateless": true})"},
    Row{"filter.state", Role::Filter, "{}", "{}"},
    Row{"filter.busy", Role::Filter, "{}",
        R"({"resources": {"threads": 4, "memory_bytes": 1000, "class": "train"}})"},
    Row{"filter.kept", Role::Filter, "{}", "{}", nullptr, true},
    Row{"filter.split", Role::Filter, "{}", R"({"replicable": true, "ports": ["test", "train"]})"},
    Row{"filter.number", Role::Filter, "{}",
        R"({"replicable": true, "reads": {"size": "number"}})"},
    Row{"filter.text", Role::Filter, "{}", R"({"replicable": true, "reads": {"size": "utf8"}})"},
    Row{"preprocess.gather", Role::Preprocess, "{}",
        R"({"may_read": {"size": "int64|bool", "boxed": "bool"}, "emits": {"total": "int64"}})"},
    Row{"augment.apply", Role::Augment,
        R"({"ops": {"type": "string", "mandatory": true}, "condition": {"type": "array", "mandatory": true}})",
        R"({"stateless": true, "lazy": "augment.render", "passes_lazy": true, "reads": {"url": "utf8"}})",
        plan_apply},
    Row{"augment.render", Role::Augment,
        R"({"turns": {"type": "string", "enum": ["auto", "lossless"], "default": "auto"},
            "prefix": {"type": "uri", "form": "prefix", "access": "write"},
            "least": {"type": "integer", "minimum": 1}, "most": {"type": "integer"}})",
        R"({"replicable": true, "grain": 8})"},
    Row{"augment.orphan", Role::Augment, "{}", R"({"lazy": "augment.missing"})"},
    Row{"augment.boxes", Role::Augment, "{}",
        R"({"reads": {"boxes": "list"}, "adds": {"boxed": "bool"}})"},
    Row{"train.model", Role::Train,
        R"({"rate": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}})", "{}"},
    Row{"output.list", Role::Output,
        R"({"file": {"type": "uri", "access": "write", "mandatory": true},
            "prefix": {"type": "uri", "form": "prefix", "access": "write"}, "most": {"type": "integer"}})",
        R"({"reads": {"url": "utf8"}})", nullptr, true},
    Row{"output.any", Role::Output, "{}", "{}"},
    Row{"output.telling", Role::Output, "{}",
        R"({"reads": {"url": "utf8"}, "adds": {"rows": "int64"}})"},
};

std::span<const OperatorDefinition> operators() {
  static const auto definitions = [] {
    std::array<OperatorDefinition, kRows.size()> made;
    for (std::size_t i = 0; i < kRows.size(); ++i) {
      const auto& row = kRows[i];
      made[i].id = row.id;
      made[i].role = row.role;
      made[i].declaration = millrace::declaration("Does nothing.", row.params, row.traits);
      made[i].plan = row.plan;
      if (row.role == Role::Input) {
        made[i].make_source = make_empty;
      } else {
        made[i].is_checkpointed = row.is_checkpointed;
        made[i].make_operator = row.is_checkpointed ? make_kept : make_passing;
      }
    }
    return made;
  }();
  return definitions;
}

}  // namespace

MR_PLUGIN_TABLE("test.graph", "1.0.0", operators)
