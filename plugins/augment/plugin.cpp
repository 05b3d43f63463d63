// Image operations by OpenCV and libjpeg-turbo, copies, and the pictures that come of them.
#include <millrace/operator.hpp>

#include "plugins/augment/operators.hpp"

MR_PLUGIN_TABLE("augment", "1.0.0", millrace::augment::operators)
