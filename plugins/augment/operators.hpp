#pragma once

#include <span>

#include <millrace/operator.hpp>

#include "plugins/augment/op.hpp"

namespace millrace::augment {

/// augment.apply: copies by conditions, operations by the grammar.
OperatorDefinition define_apply();

/// augment.<name>: one operation with typed parameters.
OperatorDefinition define_op(const OpSpec& spec);

/// All operators of the plugin; they live as long as the program.
std::span<const OperatorDefinition> operators();

}  // namespace millrace::augment
