#pragma once

#include <array>
#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <millrace/operator_definition.hpp>

namespace millrace::detail {

/// The engine's services, set when the engine asks for the table; one variable for each plugin.
[[gnu::visibility("hidden")]] inline const mr_host* current_host = nullptr;

/// Keeps the host and returns the table of a plugin, made of the definitions on the first call.
/// Returns null when there is no memory for it. Whether host and plugin fit together is for the
/// host's loader to judge: it reads abi_version.
const mr_plugin* describe_table(const mr_host* host, std::string_view name,
                                std::string_view version,
                                std::span<const OperatorDefinition> operators) noexcept;

template <class Base, class Class>
std::unique_ptr<Base> make(Context& context, const Params& params, const void*) {
  if constexpr (std::constructible_from<Class, Context&, const Params&>) {
    return std::make_unique<Class>(context, params);
  } else if constexpr (std::constructible_from<Class, const Params&>) {
    return std::make_unique<Class>(params);
  } else {
    static_assert(
        std::default_initializable<Class>,
        "an operator is made from (const Params&), from (Context&, const Params&) or from nothing");
    return std::make_unique<Class>();
  }
}

template <class Class>
OperatorDefinition define() {
  static_assert(
      requires { std::string_view{Class::kName}; }, "an operator declares kName, its id");
  static_assert(
      requires { std::string_view{Class::kParams}; },
      "an operator declares kParams, a JSON object");
  static_assert(std::same_as<std::remove_cv_t<decltype(Class::kRole)>, Role>,
                "an operator declares kRole, a Role");
  constexpr bool kIsSource = Class::kRole == Role::Input;
  static_assert(std::derived_from<Class, std::conditional_t<kIsSource, Source, Operator>>,
                "an input is a Source, every other role an Operator");

  std::string_view doc;
  std::string_view traits;
  if constexpr (requires { Class::kDoc; }) doc = Class::kDoc;
  if constexpr (requires { Class::kTraits; }) traits = Class::kTraits;
  OperatorDefinition definition;
  definition.id = Class::kName;
  definition.role = Class::kRole;
  definition.declaration = declaration(doc, Class::kParams, traits);
  definition.is_checkpointed = std::derived_from<Class, Checkpointed>;
  if constexpr (requires(Context & context, const Params& params) {
                  Class::plan(context, params);
                }) {
    definition.plan = [](Context& context, const Params& params, const void*) {
      Class::plan(context, params);
    };
  }
  if constexpr (kIsSource) {
    definition.make_source = make<Source, Class>;
  } else {
    definition.make_operator = make<Operator, Class>;
  }
  return definition;
}

/// Calls describe_table() with what `function` returns; null when it throws.
template <class Function>
const mr_plugin* describe(const mr_host* host, std::string_view name, std::string_view version,
                          Function function) noexcept {
  try {
    return describe_table(host, name, version, function());
  } catch (...) {
    return nullptr;
  }
}

template <class... Classes>
std::span<const OperatorDefinition> define_all() {
  static const std::array<OperatorDefinition, sizeof...(Classes)> definitions{define<Classes>()...};
  return definitions;
}

}  // namespace millrace::detail
