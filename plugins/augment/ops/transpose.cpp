// Mirrors at the diagonal from the top left to the bottom right corner.
#include "plugins/augment/turn_op.hpp"

namespace millrace::augment::ops {

extern constinit const OpSpec transpose =
    turn_op<Turn::Transpose>("transpose",
                             "Mirrors the picture at the diagonal from the top left corner; width "
                             "and height change places.");

}  // namespace millrace::augment::ops
