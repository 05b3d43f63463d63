// Files of forms that a route declares.
#include <memory>

#include "api/http/form_upload.hpp"
#include "tests/api_route/read_parameters.hpp"

using namespace millrace;
using namespace millrace::test;

namespace {

using Faults = std::vector<std::string>;

class DroppedFile final : public http::FileWriter {
 public:
  Result<void> write(std::string_view) override { return {}; }
  Result<void> finish() override { return {}; }
};

std::string file_part(std::string_view name) {
  return fmt::format(
      "--b\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"net.bin\"\r\n\r\nx\r\n",
      name);
}

// A form that was taken apart while it came.
http::Request uploaded(const std::string& parts) {
  auto request = multipart(parts);
  auto form = http::FormUpload::accept(
      request,
      [](const http::PartHead&,
         const http::FormUpload&) -> Result<std::unique_ptr<http::FileWriter>> {
        return std::unique_ptr<http::FileWriter>{std::make_unique<DroppedFile>()};
      });
  REQUIRE(form != nullptr);
  REQUIRE(form->write(request.body).ok());
  REQUIRE(form->finish().ok());
  request.body.clear();
  request.upload = std::move(form);
  return request;
}

}  // namespace

TEST_CASE("a file that must be there is missed like a field, and told with them",
          "[route][schema]") {
  const auto declared = schema(R"({"fields": {"count": {"type": "integer", "mandatory": true}},
                                   "file": {"model": {"mandatory": true}}})");
  CHECK(read(declared, uploaded(part("count", "1") + file_part("model"))).values ==
        Json{{"count", 1}});
  CHECK(read(declared, uploaded(file_part("model"))).faults ==
        Faults{"body/count parameter_missing"});
  const auto other = read(declared, uploaded(part("count", "1") + file_part("other")));
  CHECK(other.faults == Faults{"file/model parameter_missing"});
  CHECK(other.texts == Faults{R"("model" is missing; it must be a file of a form)"});
  // A field of that name is none, and neither is a member of JSON.
  CHECK(read(declared, uploaded(part("count", "1") + part("model", "x"))).faults ==
        Faults{"file/model parameter_missing"});
  CHECK(read(declared, json_body(R"({"count": "x", "model": "x"})")).faults ==
        Faults{"body/count parameter_type", "file/model parameter_missing"});
}

TEST_CASE("a field may stand in the place of a file", "[route][schema]") {
  const auto declared = schema(R"({"fields": {"upload": {"type": "string"}},
    "file": {"model": {"mandatory": true, "missing": "no file", "instead": "upload"}}})");
  CHECK(read(declared, json_body(R"({"upload": "17"})")).values == Json{{"upload", "17"}});
  CHECK(read(declared, uploaded(part("upload", "17"))).values == Json{{"upload", "17"}});
  CHECK(read(declared, uploaded(file_part("model"))).faults.empty());
  for (const char* body : {R"({"upload": ""})", R"({"upload": null})", "{}"})
    CHECK(read(declared, json_body(body)).texts == Faults{"no file"});
}

TEST_CASE("a file may be left out, and what stands in its place is declared", "[route][schema]") {
  CHECK(read(R"({"file": {"model": {"doc": "a model"}}})", http::Request{}).faults.empty());
  CHECK_FALSE(
      api::RequestSchema::read(R"({"file": {"model": {"mandatory": true, "instead": "upload"}}})")
          .ok());
  CHECK_FALSE(api::RequestSchema::read(R"({"file": {"model": true}})").ok());
}
