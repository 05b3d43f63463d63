#pragma once

// Everything a test of an operator needs: link millrace::testing and millrace::sdk.
#include <millrace/testing/batch.hpp>
#include <millrace/testing/conformance.hpp>
#include <millrace/testing/harness.hpp>
