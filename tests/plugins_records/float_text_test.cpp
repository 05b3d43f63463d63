#include "plugins/records/float_text.hpp"

#include <string>

#include <catch2/catch.hpp>

using millrace::records::append_float;

TEST_CASE("numbers are written as Python's repr() writes them", "[records][float_text]") {
  const auto text = [](double value) {
    std::string out;
    append_float(out, value);
    return out;
  };
  CHECK(text(0) == "0.0");
  CHECK(text(100) == "100.0");
  CHECK(text(0.41666666666666663) == "0.41666666666666663");
  CHECK(text(2.0 / 3) == "0.6666666666666666");
  CHECK(text(0.0001) == "0.0001");
  CHECK(text(0.00001) == "1e-05");
  CHECK(text(-1.5e-7) == "-1.5e-07");
  CHECK(text(1e15) == "1000000000000000.0");
  CHECK(text(1e16) == "1e+16");
  CHECK(text(5e-324) == "5e-324");
  CHECK(text(1.7976931348623157e308) == "1.7976931348623157e+308");
}
