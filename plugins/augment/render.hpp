#pragma once

#include <millrace/operator.hpp>

namespace millrace::augment {

/// augment.render: makes recipes real.
OperatorDefinition define_render();

}  // namespace millrace::augment
