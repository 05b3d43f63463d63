#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <millrace/context.hpp>
#include <millrace/operator.hpp>
#include <millrace/params.hpp>

namespace millrace {

/// One operator as data. MR_PLUGIN makes one of each class; a plugin whose operators are rows of a
/// table makes them itself and names them with MR_PLUGIN_TABLE. The functions receive `data`, which
/// tells them which row they serve.
struct OperatorDefinition {
  std::string id;
  Role role = Role::Filter;
  std::string declaration;     // see declaration()
  const void* data = nullptr;  // lives as long as the program

  /// Optional: checks parameters further, through Context::fault() and trait(). [any thread]
  void (*plan)(Context& context, const Params& params, const void* data) = nullptr;
  /// Makes an instance; exactly one of the two is set, make_source for inputs. [worker]
  std::unique_ptr<Operator> (*make_operator)(Context& context, const Params& params,
                                             const void* data) = nullptr;
  std::unique_ptr<Source> (*make_source)(Context& context, const Params& params,
                                         const void* data) = nullptr;
  /// Whether the instances are Checkpointed.
  bool is_checkpointed = false;
};

/// Joins the parts of a declaration to its JSON text: {"doc": ..., "params": params, the members of
/// traits}. `params` and `traits` are JSON objects; empty texts stand for empty ones.
[[nodiscard]] std::string declaration(std::string_view doc, std::string_view params,
                                      std::string_view traits = {});

/// The word of a role: "filter".
[[nodiscard]] std::string_view to_string(Role role);

}  // namespace millrace
