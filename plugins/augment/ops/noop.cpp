// Does nothing: a node of it passes records on as they are, and inside a chain it changes nothing.
#include "plugins/augment/op.hpp"

namespace millrace::augment::ops {

extern constinit const OpSpec noop{.name = "noop",
                                   .doc =
                                       "Changes nothing. As the only operation of a node it passes "
                                       "the records on as they came: an original stays an "
                                       "original."};

}  // namespace millrace::augment::ops
