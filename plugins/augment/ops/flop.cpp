// Mirrors left and right, as -flop of GraphicsMagick does.
#include "plugins/augment/turn_op.hpp"

namespace millrace::augment::ops {

extern constinit const OpSpec flop =
    turn_op<Turn::Flop>("flop", "Mirrors the picture left to right.");

}  // namespace millrace::augment::ops
