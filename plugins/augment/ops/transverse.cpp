// Mirrors at the diagonal from the top right to the bottom left corner.
#include "plugins/augment/turn_op.hpp"

namespace millrace::augment::ops {

extern constinit const OpSpec transverse =
    turn_op<Turn::Transverse>("transverse",
                              "Mirrors the picture at the diagonal from the top right corner; "
                              "width and height change places.");

}  // namespace millrace::augment::ops
