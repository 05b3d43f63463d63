// Mirrors top and bottom, as -flip of GraphicsMagick does.
#include "plugins/augment/turn_op.hpp"

namespace millrace::augment::ops {

extern constinit const OpSpec flip =
    turn_op<Turn::Flip>("flip", "Mirrors the picture top to bottom.");

}  // namespace millrace::augment::ops
