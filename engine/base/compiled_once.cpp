#include "engine/base/compiled_once.hpp"

MR_COMPILED_ONCE();
